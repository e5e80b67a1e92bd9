//! The causal graph of a table: which columns are parents, children and co-parents of the target.

mod attribute;
mod blanket;
mod cursor;
mod dot;
mod draw;
mod gml;
mod graph;
mod layout;
mod listed;
mod order;
mod read;
mod roles;
pub mod structural;

pub use draw::svg;
pub use graph::CausalGraph;
pub use roles::{Role, Roles};

pub use cama_base::{Error, Result, files};
