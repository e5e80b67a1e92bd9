//! Deep CAMA: a causal, generative classifier that adapts to manipulations nobody saw in training.
#![warn(missing_docs)]

pub mod data;
mod error;
pub mod files;
pub mod manipulation;

pub use error::{Error, Result};
