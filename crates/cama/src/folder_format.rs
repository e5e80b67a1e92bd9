//! Folders that say what they hold: a marker file with a format's name and version, and weights beside it.

use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::files::{open_together, read_together};
use crate::{Error, Result};

/// A kind of folder.
#[derive(Clone, Copy, Debug)]
pub struct FolderFormat {
    /// What the marker file says under `format`.
    pub name: &'static str,
    /// What it says under `version`.
    pub version: u32,
    /// The marker file, which is JSON and is written last.
    pub marker: &'static str,
    /// The file with weights, which names the format at its beginning, too.
    pub weights: &'static str,
    /// What a folder without a marker is not, and what to do: `no model folder; give one that `cama train` wrote`.
    pub without: &'static str,
}

impl FolderFormat {
    /// Whether `folder` is of this kind, or what is left of one.
    pub fn is_in(&self, folder: &Path) -> bool {
        let ours = |name| {
            let mut head = Vec::new();
            let read = open_together(folder, name).and_then(|file| file.take(4096).read_to_end(&mut head));
            read.is_ok() && head.windows(self.name.len()).any(|part| part == self.name.as_bytes())
        };
        ours(self.marker) || ours(self.weights)
    }

    /// That the file `name` of `folder` cannot be written.
    pub fn unwritten(&self, folder: &Path, name: &str, what: &dyn std::fmt::Display) -> Error {
        Error::Model { path: folder.into(), problem: format!("cannot write {name}: {what}") }
    }

    /// What the marker file says.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] if there is none, it is of another format or version, or damaged.
    pub fn read<T: DeserializeOwned>(&self, folder: &Path) -> Result<T> {
        self.parse(&self.read_marker(folder)?, folder)
    }

    /// The marker file, as it is.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] if there is none.
    pub fn read_marker(&self, folder: &Path) -> Result<Vec<u8>> {
        let marker = self.marker;
        let path = folder.join(marker);
        read_together(folder, marker).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => Error::Model {
                path: folder.into(),
                problem: format!("there is no {marker}, so this is {}", self.without),
            },
            _ => Error::io("read", &path)(e),
        })
    }

    /// What a marker file of `place` says that has this content.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] if it is of another format or version, or damaged.
    pub fn parse<T: DeserializeOwned>(&self, json: &[u8], place: &Path) -> Result<T> {
        let marker = self.marker;
        let problem = |problem: String| Error::Model { path: place.into(), problem };
        #[derive(Deserialize)]
        struct Header {
            format: String,
            version: u32,
        }
        let header: Header = serde_json::from_slice(json)
            .map_err(|e| problem(format!("{marker} is damaged or not of this program: {e}")))?;
        if header.format != self.name {
            return Err(problem(format!("{marker} says `{}`, not `{}`", header.format, self.name)));
        }
        if header.version != self.version {
            return Err(problem(format!(
                "the folder's version is {}, this program reads version {}; train anew, or use the program that wrote it",
                header.version, self.version
            )));
        }
        serde_json::from_slice(json).map_err(|e| problem(format!("{marker} is damaged: {e}")))
    }
}
