//! Bayes' rule by importance sampling (Eqs. 6, 11).

mod ascent;
mod config;
mod infer;
mod optimise;
mod race;
mod refine;
mod run;
mod sampling;
mod scores;

pub use config::PredictConfig;
pub(crate) use config::check_negligible;
pub(crate) use infer::{Inferred, infer_m, m_of};
pub use optimise::{Bank, BankConfig, Inference, OptimiseConfig};
pub(crate) use optimise::{Optimised, Unrolled, Warm, latents, suspicion};
pub(crate) use race::Product;
pub use run::{Prediction, predict, predict_each};
pub(crate) use run::{chunks, not_finite};
pub(crate) use sampling::{Sampling, class_scores};
pub(crate) use scores::{highest, normalised};

#[cfg(test)]
mod tests;
