//! Experiments as data: what a file declares, the cells it is cut into, and what came out.
//!
//! A [`Declaration`] is read from a TOML file and says what is made (models, baselines, tables), what is judged, and what
//! is claimed. A [`Plan`] cuts declarations into cells: commands of the program `cama` with their flags, each known by
//! the hash of what determines its result. [`run`] computes the cells that a [`Store`] does not have yet, by a [`Runner`].
//! [`gather`] reads the cells back and judges the claims.

mod agreement;
mod cell;
mod claims;
mod declaration;
mod difference;
mod fingerprint;
mod gather;
mod machine;
mod outcome;
mod plan;
mod report;
mod rows;
mod run;
mod store;
mod template;

pub use cell::{Cell, CellId};
pub use claims::judge;
pub use declaration::{
    ClaimDeclaration, Declaration, Level, Measure, PanelDeclaration, Scale, SeriesDeclaration, XDeclaration,
    YDeclaration,
};
pub use gather::gather;
pub use machine::{today, words as machine_in_words};
pub use outcome::{Answers, Axis, Block, Claim, Holds, Outcome, Panel, Point, Reach, Series};
pub use plan::{Plan, Planned, PlannedPanel};
pub use report::{Heading, read_results, write_report};
pub use rows::{read_rows, write_rows};
pub use run::{Progress, Runner, Shard, run};
pub use store::{Claim as CellClaim, Computed, Record, Store};
