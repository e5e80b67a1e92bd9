//! A model as bytes: for databases, for pickles, for the network.
//!
//! `cama-model bytes\n`, then for each file the length of its name (2 bytes, little-endian), its name, the length of its
//! content (8 bytes) and its content.

use std::path::Path;

use burn::tensor::Device;

use super::files::{CONFIG, files_of, model_of};
use crate::cama::Cama;
use crate::{Error, Result, weights};

const MAGIC: &[u8] = b"cama-model bytes\n";

/// What stands in messages where a folder's path would.
const PLACE: &str = "(bytes)";

impl Cama {
    /// The files of a model folder in one piece, verdicts excepted.
    ///
    /// # Errors
    ///
    /// If the weights cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = MAGIC.to_vec();
        for (name, content) in files_of(self, Path::new(PLACE))? {
            bytes.extend((name.len() as u16).to_le_bytes());
            bytes.extend(name.as_bytes());
            bytes.extend((content.len() as u64).to_le_bytes());
            bytes.extend(content);
        }
        Ok(bytes)
    }

    /// The model of what [`to_bytes`](Self::to_bytes) gave, on the CPU.
    ///
    /// # Errors
    ///
    /// As [`from_bytes_to`](Self::from_bytes_to).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::from_bytes_to(bytes, &Device::flex())
    }

    /// The model of what [`to_bytes`](Self::to_bytes) gave, on a [device](crate::device()).
    ///
    /// # Errors
    ///
    /// If they are cut off, damaged, foreign or of another version.
    pub fn from_bytes_to(bytes: &[u8], device: &Device) -> Result<Self> {
        let files = files(bytes).ok_or_else(|| {
            problem(
                "these are not the bytes of a model, or they were cut off; take them again from `to_bytes`",
            )
        })?;
        let find = |name: &str| {
            let found = files.iter().find(|(known, _)| *known == name.as_bytes());
            found.map(|(_, content)| *content).ok_or_else(|| problem(&format!("{name} is missing")))
        };
        let read = |name: &str, checksum| {
            weights::check(find(name)?.to_vec(), Path::new(PLACE), name, checksum, CONFIG)
        };
        model_of(find(CONFIG)?, read, Path::new(PLACE), device)
    }
}

fn problem(what: &str) -> Error {
    Error::Model { path: PLACE.into(), problem: what.into() }
}

/// Names and contents; nothing if they do not end where they should.
fn files(bytes: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let mut files = Vec::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<2>()?;
        let (name, after) = after.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
        let (length, after) = after.split_first_chunk::<8>()?;
        let (content, after) = after.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
        files.push((name, content));
        rest = after;
    }
    Some(files)
}
