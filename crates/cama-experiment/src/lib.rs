//! Experiments as data: what a file declares, the cells it is cut into, and what came out.

mod outcome;

pub use outcome::{Axis, Claim, Holds, Outcome, Panel, Point, Reach, Series};
