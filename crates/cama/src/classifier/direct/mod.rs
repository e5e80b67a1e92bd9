//! The direct classifier: a small discriminative network with a backbone of its own, beside the generative model.
//!
//! It learns from clean, labelled examples, half of which the model's mechanisms have transformed and restored again,
//! so that what restoration leaves behind (blurred edges, parts that left the canvas) does not surprise it; beside a field, also
//! what that leaves of damage that it has dreamt of. It knows
//! nothing of manipulations: restored inputs make it robust.

mod config;
mod fit;
mod network;

pub use config::DirectConfig;
pub use fit::fit_direct;
pub use network::DirectClassifier;
