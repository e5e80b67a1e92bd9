//! What all crates of cama share: one error type, which crosses them unchanged, configurations that are checked before
//! they are used, files written whole or not at all, locks, and panics that become errors.

mod config;
mod error;
pub mod files;
mod lock;
pub mod panics;
mod setting;

pub use config::{Checked, Config, check_sizes};
pub use error::{Error, Result, nearest, suggestion};
pub use lock::Lock;
pub use setting::Setting;
