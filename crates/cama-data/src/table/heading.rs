//! What is known of a table before its cells are read.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::cells::{listed, listed_as, shown};
use crate::range::Span;
use crate::{Error, Result};
use cama_base::{nearest, suggestion};

/// A table's name, its columns, and which of its rows are meant.
pub(super) struct Heading {
    spec: String,
    path: PathBuf,
    span: Span,
    columns: Vec<String>,
    rows: Range<usize>,
}

impl Heading {
    /// Checks the names and the range; `len` is the number of rows, where that is known already.
    pub(super) fn new(
        spec: &str,
        span: Span,
        path: &Path,
        columns: Vec<String>,
        len: Option<usize>,
    ) -> Result<Heading> {
        check_names(path, &columns)?;
        let (start, end) = span.bounds();
        let rows = start..end.unwrap_or(usize::MAX);
        let (spec, path) = (spec.to_string(), path.to_path_buf());
        let mut heading = Heading { spec, path, span, columns, rows };
        if let Some(len) = len {
            heading.rows = heading.rows_of(len)?;
        }
        let rows = &heading.rows;
        if rows.is_empty() {
            let problem =
                format!("the range {start}..{} holds no row; it must start before it ends", rows.end);
            return Err(Error::spec("data", &heading.spec, problem));
        }
        Ok(heading)
    }

    /// The heading of a table in memory, of which all `len` rows are meant.
    pub(super) fn of_memory(name: &str, columns: Vec<String>, len: usize) -> Result<Heading> {
        Heading::new(name, Span::ALL, Path::new(name), columns, Some(len))
    }

    /// The specification of a file with its range; the name of a table in memory.
    pub(super) fn spec(&self) -> &str {
        &self.spec
    }

    /// The file; for a table in memory, its name. For messages.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The names of all columns, in the order of the table.
    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The rows meant, of which the table may have fewer if its length was not known.
    pub(super) fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// Where columns stand in the table. All that are absent are told at once.
    pub(super) fn places_of(&self, columns: &[&str]) -> Result<Vec<usize>> {
        let place = |column: &&str| self.columns.iter().position(|name| name == column);
        let absent: Vec<&str> = columns.iter().filter(|column| place(column).is_none()).copied().collect();
        if absent.is_empty() {
            return Ok(columns.iter().filter_map(place).collect());
        }
        let known: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        let told = |column: &&str| format!("`{column}`{}", suggestion(&nearest(column, &known)));
        let noun = if absent.len() == 1 { "column" } else { "columns" };
        let problem = format!("has no {noun} {}", listed_as(&absent, told));
        let remedy = match known[..] {
            // Its fields stand apart by spaces alone, it seems.
            [only] if only.contains(char::is_whitespace) => format!(
                "its only column is {}; commas, semicolons, tabs or bars must stand between the fields",
                shown(only)
            ),
            [only] => format!("its only column is {}", shown(only)),
            _ => format!("its columns are {}", names(&known)),
        };
        Err(Error::data(&self.path, problem, remedy))
    }

    /// The rows meant, of a table of `len` rows.
    pub(super) fn rows_of(&self, len: usize) -> Result<Range<usize>> {
        if len == 0 {
            return Err(Error::data(&self.path, "the table has a header but no rows", "give one with rows"));
        }
        self.span.resolve_of(&self.spec, len, ["row", "rows"])
    }
}

/// Names of columns for messages; those of columns without one are counted.
pub(super) fn names<S: AsRef<str>>(all: &[S]) -> String {
    let named: Vec<&str> = all.iter().map(AsRef::as_ref).filter(|name| !name.is_empty()).collect();
    let without = match all.len() - named.len() {
        0 => None,
        1 => Some("one without a name".to_string()),
        n => Some(format!("{n} without names")),
    };
    let listed = (!named.is_empty()).then(|| listed(&named));
    listed.into_iter().chain(without).collect::<Vec<_>>().join(", ")
}

/// Errors if two columns have the same name; those without one cannot be read, and disturb nobody.
pub(super) fn check_names(path: &Path, columns: &[String]) -> Result<()> {
    let mut sorted: Vec<&String> = columns.iter().filter(|name| !name.is_empty()).collect();
    sorted.sort();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(twice) => {
            let problem = format!("more than one column is called `{}`", twice[0]);
            Err(Error::data(path, problem, "give every column a name of its own"))
        }
        None => Ok(()),
    }
}
