//! What a module defines, imports and names.

use std::collections::BTreeSet;

use crate::import::Import;

/// What stands in a module.
#[derive(Default)]
pub struct Text {
    /// The names of items that it defines.
    pub defined: BTreeSet<String>,
    /// Those of them that are macros.
    pub macros: BTreeSet<String>,
    pub imports: Vec<Import>,
    /// The paths of two names or more that its code has, beside imports.
    pub paths: BTreeSet<Vec<String>>,
    /// The names that its code mentions, beside imports, and those that paths begin with.
    pub mentioned: BTreeSet<String>,
    /// The macros that its code calls by one name.
    pub called: BTreeSet<String>,
    /// `mod name;`.
    pub declared: Vec<String>,
    /// `mod name { ... }`.
    pub inline: Vec<(String, Text)>,
}
