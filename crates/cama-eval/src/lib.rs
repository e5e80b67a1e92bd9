//! Evaluation of deep CAMA classifiers: metrics under manipulations and attacks, baselines to compare with, and pictures
//! of what a model infers.

pub mod attack;
pub mod baseline;
mod evaluate;
mod metrics;
pub mod pictures;

pub use baseline::{Baseline, BaselineConfig};
pub use evaluate::{
    AttackPlan, Attacked, Evaluated, Row, Shares, Surrogate, WORST, attack_and_evaluate, evaluate,
    signs_of_masking,
};
pub use metrics::{CALIBRATION_BINS, Score, wilson};
