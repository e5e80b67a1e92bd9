//! Classifiers to compare a deep CAMA model with: they ignore causes and read A, C and X concatenated.
//!
//! - `mlp`, a fully connected network: the discriminative network that the paper compares with on tables. Its
//!   architecture is not published; [`MlpConfig`] has defaults that are strong on tables and small images.
//! - `mlp-paper`, the fully connected network that the paper compares with on digits.
//! - `cnn`, a convolutional network for images of any size, and `cnn-bn`, the same with batch normalisation.
//! - `cnn-adversarial`, a `cnn` that trains on adversarial examples of itself ([`AdversaryConfig`]).
//! - `tent`, a `cnn-bn` that adapts by entropy minimisation to the data that it predicts ([`TentConfig`]);
//!   [`Baseline::tent`] adapts one to other data.
//! - `trees`, gradient-boosted decision trees: the usual first choice on a table.
//!
//! All split off a tenth of their data for validation, to stop before they overfit; the trees are then boosted again on
//! all of it.
//! Networks can be trained on data half of which is manipulated ([`Baseline::fit_manipulated`], [`BaselineSpec`]), and
//! every baseline can be saved ([`Baseline::save`]).

mod adapt;
mod adversary;
mod augment;
mod classifier;
mod cnn;
mod config;
mod conv;
mod dense;
mod features;
mod fit;
mod grower;
mod learn;
mod mlp;
mod network;
mod norm;
mod predict;
mod report;
mod scale;
mod spec;
mod store;
mod tent;
mod tent_config;
mod trained;
mod trees;
mod trees_config;

pub use adversary::{AdversarialConfig, AdversaryConfig};
pub use cnn::CnnConfig;
pub use config::{BASELINES, BaselineConfig, OnlineConfig};
pub use mlp::{Dropout, MlpConfig};
pub use spec::BaselineSpec;
pub use tent_config::TentConfig;
pub use trained::{Baseline, Origin, Tented};
pub use trees::Trees;
pub use trees_config::TreesConfig;

#[cfg(test)]
mod tests;
