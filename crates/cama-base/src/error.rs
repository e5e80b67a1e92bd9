//! What can go wrong, with where it went wrong and what to do about it.

use std::path::{Path, PathBuf};

/// The result of every fallible function of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong in this crate; each message says what, where, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused a file operation.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done, as a verb: `read`, `write`, `create`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// A data file or folder is there, but its content cannot be used.
    #[error("{}: {problem}; {remedy}", path.display())]
    Data {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong, with the place inside the file.
        problem: String,
        /// What the user can do.
        remedy: String,
    },
    /// A written specification (of data, a manipulation, a mechanism) does not parse.
    #[error("{kind} `{spec}`: {problem}")]
    Spec {
        /// What it specifies: `data`, `manipulation`.
        kind: &'static str,
        /// The text as given.
        spec: String,
        /// What is wrong and what is allowed.
        problem: String,
    },
    /// A name that is not one of the known ones.
    #[error("unknown {kind} `{name}`{}; known: {known}", suggestion(.nearest))]
    UnknownName {
        /// What is named: `manipulation`, `preset`, `mechanism`.
        kind: &'static str,
        /// The name as given.
        name: String,
        /// The known name that looks most like it, if any does.
        nearest: Option<String>,
        /// The known names, separated by commas.
        known: String,
    },
    /// A field of a configuration has a value that is not allowed.
    #[error("{field} = {value}: must be {allowed}")]
    Config {
        /// The field, with its path: `train.learning_rate`.
        field: String,
        /// The value as given.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// A model folder cannot be used.
    #[error("model {}: {problem}", path.display())]
    Model {
        /// The model folder.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The data does not fit the model: other image size, other classes.
    #[error("the data does not fit the model: {0}")]
    Mismatch(String),
    /// The loss or a parameter is no longer a finite number.
    #[error("{0}")]
    Diverged(String),
    /// The device asked for is not there.
    #[error("device `{name}` is not available: {problem}")]
    Device {
        /// The device as asked for.
        name: String,
        /// Why, and which devices there are.
        problem: String,
    },
    /// The user asked to stop.
    #[error("stopped on request; {0}")]
    Interrupted(String),
}

impl Error {
    /// For `map_err`: an operating-system error while `doing` something with `path`.
    pub fn io(doing: &'static str, path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Error::Io { doing, path, source }
    }

    /// Content of `path` that cannot be used.
    pub fn data(path: impl AsRef<Path>, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Error::Data { path: path.as_ref().to_path_buf(), problem: problem.into(), remedy: remedy.into() }
    }

    /// A specification that does not parse.
    pub fn spec(kind: &'static str, spec: impl Into<String>, problem: impl Into<String>) -> Self {
        Error::Spec { kind, spec: spec.into(), problem: problem.into() }
    }

    /// A configuration field with a value that is not allowed.
    pub fn config(field: impl Into<String>, value: impl ToString, allowed: impl Into<String>) -> Self {
        Error::Config { field: field.into(), value: value.to_string(), allowed: allowed.into() }
    }

    /// A name that is not among `known`, with the nearest one suggested.
    pub fn unknown_name(kind: &'static str, name: &str, known: &[&str]) -> Self {
        let nearest = nearest(name, known);
        Error::UnknownName { kind, name: name.to_string(), nearest, known: known.join(", ") }
    }
}

/// The known name that looks most like `name`, if any does.
pub fn nearest(name: &str, known: &[&str]) -> Option<String> {
    if let Some(same) = known.iter().find(|k| k.to_lowercase() == name.to_lowercase()) {
        return Some(same.to_string());
    }
    known
        .iter()
        .map(|k| (strsim::damerau_levenshtein(name, k), *k))
        .filter(|(distance, k)| *distance <= 2.max(k.len() / 2))
        .min()
        .map(|(_, k)| k.to_string())
}

/// ` (did you mean ...?)`, or nothing.
pub fn suggestion(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|n| format!(" (did you mean `{n}`?)")).unwrap_or_default()
}
