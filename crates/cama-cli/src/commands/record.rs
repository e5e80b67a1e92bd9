//! What is kept of a training run besides the model: a line an epoch, and what makes it this run.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use cama::data::Dataset;
use cama::{Epoch, Error, Result};
use serde_json::{Value, json};

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

    /// Writes all epochs once more, so that no line is lost to an interruption.
    ///
    /// # Errors
    ///
    /// The first that there was.
    pub fn finish(self, history: &[Epoch]) -> Result<()> {
        self.failed.map_or(Ok(()), Err)?;
        let text: String = history.iter().map(line).collect();
        cama::files::write_atomic(&self.path, |out| out.write_all(text.as_bytes()))
    }
}

fn line(epoch: &Epoch) -> String {
    serde_json::to_string(epoch).unwrap_or_default() + "\n"
}

/// What makes data this data: its name, number and a checksum.
pub fn identity(data: &impl Dataset) -> Value {
    json!({ "data": data.name(), "examples": data.len(), "checksum": format!("{:016x}", checksum(data)) })
}

/// FNV-1a over the bits of X, A, C and labels.
fn checksum(data: &impl Dataset) -> u64 {
    let rows = (0..data.len()).flat_map(|i| [data.x(i), data.a(i), data.c(i)]);
    let numbers = rows.flatten().map(|number| u64::from(number.to_bits()));
    let labels = data.labels().unwrap_or_default().iter().map(|label| *label as u64);
    numbers
        .chain(labels)
        .fold(0xcbf2_9ce4_8422_2325, |hash, word| (hash ^ word).wrapping_mul(0x0100_0000_01b3))
}
