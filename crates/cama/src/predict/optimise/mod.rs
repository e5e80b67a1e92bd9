//! Bayes' rule by optimisation: z is searched for every class, in place of being drawn from q1.
//!
//! The score of a class is max_z \[log p(x|y,z,m) + log p(z)\] + log p(y|a). A search has a start for each class from q1's mean
//! and further ones from the [`Bank`], latents of clean training examples: what is far from an example in X cannot lead q1
//! astray and all other starts too. Each value of X may be an outlier, so that no few of them decide.

mod bank;
mod climb;
mod config;
mod follow;
mod scores;
mod suspicion;
mod unroll;

pub use bank::{Bank, BankConfig};
pub use config::{Inference, OptimiseConfig};
pub(crate) use follow::Warm;
pub(crate) use scores::{Optimised, latents};
pub(crate) use suspicion::suspicion;
pub(crate) use unroll::Unrolled;
