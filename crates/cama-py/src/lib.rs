//! The compiled part of the Python package `cama`, as its module `cama._cama`.
//!
//! It holds what the estimators in `python/cama` stand on: data in memory ([`data`]) and in parts ([`reading`]), a model with what
//! can be asked of it ([`model`]), evaluation ([`evaluating`]), settings by name ([`settings`]). Whatever takes time runs on threads of its own ([`run`]), so that other
//! threads of Python go on and Ctrl-C is heard.

mod array;
mod data;
mod deciding;
mod decisions;
mod error;
mod evaluating;
mod fitting;
mod model;
mod reading;
mod run;
mod settings;

use pyo3::prelude::*;

/// The compiled part of `cama`; use the estimators of the package.
#[pymodule]
mod _cama {
    #[pymodule_export]
    use super::data::{Data, Table};
    #[pymodule_export]
    use super::data::{learn, roles};
    #[pymodule_export]
    use super::evaluating::{evaluate, evaluation_page};
    #[pymodule_export]
    use super::model::Model;
    #[pymodule_export]
    use super::reading::{Gathering, Reader};

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
