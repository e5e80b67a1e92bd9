//! The check of modules and crates.

mod check;
