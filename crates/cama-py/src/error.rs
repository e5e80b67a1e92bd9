//! Errors of the library as exceptions.

use cama::Error;
use pyo3::PyErr;
use pyo3::exceptions::{PyKeyboardInterrupt, PyOSError, PyRuntimeError, PyValueError};

/// Flags of the program that messages name, and what they are called in Python.
const WORDS: [(&str, &str); 3] = [
    ("--missing impute", "missing=\"impute\""),
    ("--missing drop", "missing=\"drop\""),
    ("see --missing", "see the parameter `missing`"),
];

/// The exception of an error: what is wrong with input is a `ValueError`, as scikit-learn has it.
pub fn exception(error: Error) -> PyErr {
    let text = WORDS.iter().fold(error.to_string(), |text, (flag, word)| text.replace(flag, word));
    match error {
        Error::Io { source, .. } => PyOSError::new_err((source.raw_os_error(), text)),
        Error::Interrupted(_) => PyKeyboardInterrupt::new_err(text),
        Error::Device { .. } => PyRuntimeError::new_err(text),
        _ => PyValueError::new_err(text),
    }
}
