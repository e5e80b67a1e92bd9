//! Evaluation of deep CAMA classifiers: metrics under manipulations and attacks, baselines to compare with, pictures
//! of what a model infers, and pages for people.

pub mod attack;
pub mod baseline;
mod evaluate;
mod metrics;
pub mod page;
pub mod pictures;

pub use baseline::{Baseline, BaselineConfig};
pub use evaluate::{
    Answers, AttackPlan, Attacked, Evaluated, Row, Shares, Surrogate, WORST, attack_and_evaluate, evaluate,
    manipulated, manipulations, signs_of_masking,
};
pub use metrics::{CALIBRATION_BINS, Score, wilson};
