//! What the commands share that write files.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;

/// The ending of a file's name, in small letters; empty if it has none.
pub fn ending(path: &Path) -> String {
    path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// Writes `path` whole or not at all; what went wrong with the model or the data is not the file's fault.
///
/// # Errors
///
/// As `write`, and if the file cannot be written.
pub fn write_whole<T>(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let mut done = Err(anyhow::anyhow!("nothing was written"));
    let written = cama::files::write_atomic(path, |file| {
        done = write(file);
        match &mut done {
            Ok(_) => Ok(()),
            Err(error) => match error.downcast_mut::<io::Error>() {
                Some(error) => Err(std::mem::replace(error, io::Error::other("told already"))),
                None => Err(io::Error::other("there is nothing to write")),
            },
        }
    });
    match (done, written) {
        (Err(error), written) if error.downcast_ref::<io::Error>().is_some() => {
            written?;
            Err(error)
        }
        (Err(error), _) => Err(error),
        (Ok(done), written) => {
            written?;
            Ok(done)
        }
    }
}

/// The operating system's error itself, so that a closed pipe can be told from others.
pub fn unwrapped(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
