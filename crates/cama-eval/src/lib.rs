//! Judging a deep CAMA classifier: metrics under manipulation, and pictures of what it believes.

mod evaluate;
mod metrics;
pub mod pictures;

pub use evaluate::{Row, evaluate};
pub use metrics::{CALIBRATION_BINS, Score};
