//! Checks how the workspace is built:
//!
//! - A crate depends only on crates that stand before it in [`ORDER`].
//! - The modules of a crate form no circle.
//!
//! A module is a file here. A file knows another if its code names something that the other defines: by a `use`, by a path
//! such as `crate::a::f()`, or as a macro. A name that is re-exported on the way is followed to the file that defines it, so
//! `use super::Name` leads to a sibling if the parent only re-exports `Name` from there, and to the parent if the parent
//! defines it. `mod child;` and `pub use child::Name;` alone are no such knowledge: a parent and its child form a circle only if
//! the child uses what the parent defines *and* the parent's own code uses what the child defines.
//!
//! Code under `#[cfg(test)]` does not count, nor do comments and strings. Methods do not count either: calling one names
//! no module.

mod crates;
mod graph;
mod import;
mod module;
mod resolve;
mod scan;
mod text;
mod token;

use std::io;
use std::path::Path;

pub use crates::ORDER;
pub use graph::Circle;

/// What is wrong with the workspace in this folder, in words; nothing if all is well.
///
/// # Errors
///
/// If a file of the workspace cannot be read.
pub fn problems(workspace: &Path) -> io::Result<Vec<String>> {
    let crates = crates::members(workspace)?;
    let mut problems = crates::out_of_order(&crates);
    for member in &crates {
        let circles = circles(&workspace.join(&member.folder))?;
        problems.extend(circles.iter().map(|circle| format!("{}: {circle}", member.name)));
    }
    Ok(problems)
}

/// The circles among the modules of the crate in this folder.
///
/// # Errors
///
/// If a file of the crate cannot be read.
pub fn circles(folder: &Path) -> io::Result<Vec<Circle>> {
    let mut uses = Vec::new();
    for root in crates::roots(folder)? {
        uses.extend(resolve::uses(&module::Tree::read(folder, &root)?));
    }
    Ok(graph::circles(&uses))
}
