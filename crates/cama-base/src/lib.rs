//! What all crates of cama share: one error type, which crosses them unchanged, configurations that are checked before
//! they are used, files written whole or not at all, and locks.

mod config;
mod error;
pub mod files;
mod lock;
mod setting;

pub use config::{Checked, Config, check_sizes};
pub use error::{Error, Result, nearest, suggestion};
pub use lock::Lock;
pub use setting::Setting;
