//! Pictures of experiments, which come as PNG files.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use cama::{Error, Result};
use image::{ImageFormat, ImageReader};

use crate::outcome::Outcome;

/// The folder of figures within that of a report.
pub(super) const FIGURES: &str = "figures";

/// Where the folder of a report has an experiment's picture.
pub(super) fn picture_of(outcome: &Outcome) -> PathBuf {
    Path::new(FIGURES).join(format!("{}.png", outcome.name))
}

/// A PNG with its size.
pub(super) struct Picture {
    pub(super) bytes: Vec<u8>,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Picture {
    /// The picture of an experiment, if it has one.
    pub(super) fn read(outcome: &Outcome) -> Result<Option<Self>> {
        let Some(path) = &outcome.picture else { return Ok(None) };
        let bytes = fs::read(path).map_err(Error::io("read", path))?;
        let size = ImageReader::with_format(Cursor::new(&bytes), ImageFormat::Png).into_dimensions();
        let (width, height) = size.map_err(|error| {
            let problem = format!("the picture of {} is no PNG: {error}", outcome.name);
            Error::data(path, problem, "make the picture again")
        })?;
        Ok(Some(Picture { bytes, width, height }))
    }
}
