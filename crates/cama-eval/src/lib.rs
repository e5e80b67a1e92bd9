//! Judging a deep CAMA classifier: metrics under manipulation, baselines to compare with, and pictures of what
//! it believes.

pub mod baseline;
mod evaluate;
mod metrics;
pub mod pictures;

pub use baseline::{Baseline, BaselineConfig};
pub use evaluate::{Row, evaluate, evaluate_baseline};
pub use metrics::{CALIBRATION_BINS, Score};
