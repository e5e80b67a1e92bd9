//! `log.jsonl`: a line for each epoch of training.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use cama::{Epoch, Error, Result};

/// The file's name.
pub const LOG: &str = "log.jsonl";

/// `log.jsonl` in the model folder: one JSON object an epoch.
pub struct Log {
    path: PathBuf,
    failed: Option<Error>,
}

impl Log {
    /// The log of the model folder `folder`; lines are added to those that are there.
    pub fn new(folder: &Path) -> Self {
        Self { path: folder.join(LOG), failed: None }
    }

    /// Forgets what is there.
    pub fn remove(&self) -> Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io("remove", &self.path)(error))
            }
            _ => Ok(()),
        }
    }

    /// Adds an epoch; the first failure is kept for [`finish`](Self::finish).
    pub fn add(&mut self, epoch: &Epoch) {
        let append = || {
            let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
            file.write_all(line(epoch).as_bytes())
        };
        if let Err(error) = append() {
            self.failed.get_or_insert(Error::io("write", &self.path)(error));
        }
    }

    /// Writes all epochs once more, so that no line is lost to an interruption, or to a folder that was not there yet.
    ///
    /// # Errors
    ///
    /// The first that there was, if they cannot be written now either.
    pub fn finish(self, history: &[Epoch]) -> Result<()> {
        let text: String = history.iter().map(line).collect();
        let written = cama::files::write_atomic(&self.path, |out| out.write_all(text.as_bytes()));
        written.map_err(|error| self.failed.unwrap_or(error))
    }
}

fn line(epoch: &Epoch) -> String {
    serde_json::to_string(epoch).unwrap_or_default() + "\n"
}
