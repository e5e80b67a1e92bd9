//! Experiments as data: what a file declares, the cells it is cut into, and what came out.

mod outcome;
mod report;

pub use outcome::{Axis, Claim, Holds, Outcome, Panel, Point, Reach, Series};
pub use report::{Heading, read_results, write_report};
