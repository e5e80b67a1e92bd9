//! Tables that come in parts, as a model reads them, and what is kept of them.

use std::sync::{Mutex, PoisonError};

use cama::data::table::{Rows, TableParts};
use cama::data::{Images, Reservoir};
use pyo3::prelude::*;

use crate::data::{Data, Kind, Table};
use crate::error::{exception, in_words};

/// Reads tables that are parts of one, one after another.
#[pyclass(frozen, module = "cama._cama")]
pub struct Reader(Mutex<TableParts>);

impl Reader {
    pub fn new(parts: TableParts) -> Self {
        Self(Mutex::new(parts))
    }
}

#[pymethods]
impl Reader {
    /// The rows of the next part.
    fn read(&self, py: Python<'_>, part: &Table) -> PyResult<Data> {
        let read = || self.0.lock().unwrap_or_else(PoisonError::into_inner).read(&part.0);
        py.detach(read).map(Data::rows).map_err(exception)
    }

    /// What is worth knowing of all parts so far, in words.
    fn notices(&self) -> Vec<String> {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        parts.notices().iter().map(|notice| in_words(notice)).collect()
    }
}

/// Gathers examples that come in parts: all, or a random subsample where they are too many.
#[pyclass(frozen, module = "cama._cama")]
pub struct Gathering {
    most: usize,
    seed: u64,
    kept: Mutex<Option<Kept>>,
}

/// What is kept, of either kind.
enum Kept {
    Images(Reservoir<Images>),
    Rows(Reservoir<Rows>),
}

#[pymethods]
impl Gathering {
    /// Of at most so many bytes.
    #[new]
    fn new(most: usize, seed: u64) -> Self {
        Self { most, seed, kept: Mutex::new(None) }
    }

    /// Adds a part.
    fn add(&self, part: &Data) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (most, seed) = (self.most, self.seed);
        let kept = kept.get_or_insert_with(|| match &*part.0 {
            Kind::Images(_) => Kept::Images(Reservoir::new(most, seed)),
            Kind::Rows(_) => Kept::Rows(Reservoir::new(most, seed)),
        });
        match (kept, &*part.0) {
            (Kept::Images(kept), Kind::Images(part)) => kept.add(part),
            (Kept::Rows(kept), Kind::Rows(part)) => kept.add(part),
            _ => unreachable!("one model reads all parts"),
        }
    }

    /// What was kept, if anything was there, and of how many.
    fn finish(&self) -> (Option<Data>, usize) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).take();
        match kept {
            None => (None, 0),
            Some(Kept::Images(kept)) => {
                let (images, total) = kept.finish();
                (images.map(Data::from), total)
            }
            Some(Kept::Rows(kept)) => {
                let (rows, total) = kept.finish();
                (rows.map(Data::from), total)
            }
        }
    }
}
