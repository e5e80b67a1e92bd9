//! Reading a causal graph from a file, or from text in one of its formats.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{CausalGraph, dot, gml};
use crate::{Error, Result};

/// The largest file that is read, in bytes.
const MOST_BYTES: u64 = 16 << 20;

impl CausalGraph {
    /// Reads a graph from a file: `.dot` and `.gv` are DOT (dagitty's `dag { … }` too), `.gml` is GML; of any other
    /// file, its content tells.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is larger than 16 MiB, or as [`parse_dot`](Self::parse_dot) and
    /// [`parse_gml`](Self::parse_gml).
    pub fn read(path: &Path) -> Result<Self> {
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(Error::io("read", path))?;
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(Error::io("read", path))?;
        if bytes.len() as u64 > MOST_BYTES {
            let problem = format!("is larger than {} MiB", MOST_BYTES >> 20);
            return Err(Error::data(path, problem, "give a graph as DOT or GML, not the table"));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..valid].iter().filter(|b| **b == b'\n').count() + 1;
            Error::data(path, format!("line {line}: not UTF-8 text"), "save the graph as UTF-8 text")
        })?;
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
        match extension.as_str() {
            "dot" | "gv" => dot::parse(&text, path),
            "gml" => gml::parse(&text, path),
            _ => {
                // DOT's graphs begin with a brace, GML's with a bracket; either may open with comments.
                let comment =
                    |line: &&str| ["#", "//"].iter().any(|mark| line.trim_start().starts_with(mark));
                let first = text
                    .lines()
                    .filter(|line| !comment(line))
                    .find_map(|line| line.find(['{', '[']).map(|at| &line[at..]));
                match first {
                    Some(rest) if rest.starts_with('[') => gml::parse(&text, path),
                    Some(_) => dot::parse(&text, path),
                    None => Err(Error::data(
                        path,
                        "is neither DOT (`digraph { a -> b; }`) nor GML (`graph [ directed 1 … ]`)",
                        "give the graph in one of them",
                    )),
                }
            }
        }
    }

    /// Reads DOT, as Graphviz, networkx, DoWhy and pgmpy write it, or dagitty's `dag { … }`; `name` is what messages
    /// call it.
    ///
    /// A variable is unobserved if it has the attribute `observed="no"` (or `0`, `false`), dagitty's `latent`, or
    /// the label `Unobserved Confounders` that DoWhy gives.
    ///
    /// # Errors
    ///
    /// With line and column, if it is not DOT or has an edge that is not directed; as [`new`](Self::new) otherwise.
    pub fn parse_dot(text: &str, name: &str) -> Result<Self> {
        dot::parse(text, Path::new(name))
    }

    /// Reads GML, as networkx and DoWhy write it; `name` is what messages call it. Variables are unobserved as in
    /// [`parse_dot`](Self::parse_dot).
    ///
    /// # Errors
    ///
    /// With line and column, if it is not GML or undirected; as [`new`](Self::new) otherwise.
    pub fn parse_gml(text: &str, name: &str) -> Result<Self> {
        gml::parse(text, Path::new(name))
    }
}
