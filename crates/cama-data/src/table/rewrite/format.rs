//! The formats in which tables are written.

use std::path::Path;

use crate::{Error, Result};

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// Texts between commas, or between what a CSV file was read with.
    Csv,
    /// Texts between tabs.
    Tsv,
    /// Apache Parquet, compressed with snappy.
    Parquet,
}

impl TableFormat {
    /// By a file's extension.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] if it is none of `.csv`, `.tsv` and `.parquet`.
    pub fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
        match extension.as_str() {
            "csv" => Ok(Self::Csv),
            "tsv" => Ok(Self::Tsv),
            "parquet" => Ok(Self::Parquet),
            other => Err(Error::unknown_name("table format", other, &["csv", "tsv", "parquet"])),
        }
    }
}
