//! Judging a deep CAMA classifier: metrics under manipulation, baselines to compare with, and pictures of what
//! it believes.

pub mod attack;
pub mod baseline;
mod evaluate;
mod metrics;
pub mod pictures;

pub use baseline::{Baseline, BaselineConfig};
pub use evaluate::{Beside, Judged, Row, Shares, evaluate};
pub use metrics::{CALIBRATION_BINS, Score, wilson};
