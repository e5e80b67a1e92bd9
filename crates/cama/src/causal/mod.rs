//! The causal graph of a table: which columns are parents, children and co-parents of the target.

mod roles;
pub mod structural;

pub use roles::{Role, Roles};
