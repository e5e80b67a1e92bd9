//! Errors of the library as exceptions.

use cama::Error;
use pyo3::PyErr;
use pyo3::exceptions::{PyKeyboardInterrupt, PyOSError, PyRuntimeError, PyValueError};

/// What messages say to users of the program, and what users of Python are told.
const WORDS: [(&str, &str); 13] = [
    ("--missing impute", "missing=\"impute\""),
    ("--missing drop", "missing=\"drop\""),
    (
        "empty the cell and see --missing, or give --unseen missing",
        "or make the cell missing and see the parameter `missing`",
    ),
    (
        "empty the cell and see --missing and --missing-values",
        "make the cell missing and see the parameter `missing`",
    ),
    ("see --missing", "see the parameter `missing`"),
    ("write all of them alike", "make numbers of the texts, as by pandas.to_numeric"),
    ("give --decimal comma", "make numbers of the texts"),
    ("give --decimal point", "make numbers of the texts"),
    ("give --type ", "give types={…}: "),
    ("`cama bank` or `Cama::with_bank` makes one", "`build_bank()` makes one"),
    ("(--against transfer:NAME)", "(transfer=…)"),
    ("--attack-range", "attack_ranges"),
    ("(--epochs)", "(settings={\"train.epochs\": …})"),
];

/// A message in words for users of Python.
pub fn in_words(text: &str) -> String {
    WORDS.iter().fold(text.to_string(), |text, (said, word)| text.replace(said, word))
}

/// The exception of an error: what is wrong with input is a `ValueError`, as scikit-learn has it.
pub fn exception(error: Error) -> PyErr {
    let text = in_words(&error.to_string());
    match error {
        Error::Io { source, .. } => PyOSError::new_err((source.raw_os_error(), text)),
        Error::Interrupted(_) => PyKeyboardInterrupt::new_err(text),
        Error::Device { .. } => PyRuntimeError::new_err(text),
        _ => PyValueError::new_err(text),
    }
}
