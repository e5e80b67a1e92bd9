//! The weights of networks as files, and how damage to them is found out.

use std::io::ErrorKind;
use std::path::Path;

use burn::store::{ModuleSnapshot, SafetensorsStore, SafetensorsStoreError};

use crate::files::read_together;
use crate::{Error, Result};

/// The weights of a module as a safetensors file, whose one metadata entry `format` says whose it is.
///
/// # Errors
///
/// If burn cannot write them.
pub fn to_bytes(
    module: &impl ModuleSnapshot,
    format: &str,
) -> std::result::Result<Vec<u8>, SafetensorsStoreError> {
    // Burn's own three metadata entries are written in random order: one entry keeps the bytes the same.
    let mut store = SafetensorsStore::from_bytes(None).clear_metadata().metadata("format", format);
    module.save_into(&mut store)?;
    store.get_bytes()
}

/// `module` at rest with the weights of the file `name` in `folder`, which must have the checksum that the file
/// `config` beside it tells.
///
/// # Errors
///
/// [`Error::Model`] if the file is missing, has another checksum, is damaged, or is not of such a module.
pub fn read<M: ModuleSnapshot>(
    module: M,
    folder: &Path,
    name: &str,
    checksum: u32,
    config: &str,
) -> Result<M> {
    let bytes = read_checked(folder, name, checksum, config)?;
    apply(module, bytes, folder, name, config)
}

/// `module` at rest with the weights of `bytes`, which are those of the file `name` in `place`, beside `config`.
///
/// # Errors
///
/// [`Error::Model`] if they are damaged or not of such a module.
pub fn apply<M: ModuleSnapshot>(
    mut module: M,
    bytes: Vec<u8>,
    place: &Path,
    name: &str,
    config: &str,
) -> Result<M> {
    let problem = |problem: String| Error::Model { path: place.into(), problem };
    let applied = module
        .load_from(&mut SafetensorsStore::from_bytes(Some(bytes)))
        .map_err(|e| problem(format!("{name} cannot be read: {e}")))?;
    match applied.unused.first() {
        Some(tensor) => Err(problem(format!("{name} has a tensor {tensor} that {config} knows nothing of"))),
        None => Ok(module.valid()),
    }
}

/// The bytes of the file `name` in `folder`, which must have the checksum that the file `config` beside it tells.
///
/// # Errors
///
/// [`Error::Model`] if the file is missing or has another checksum.
pub fn read_checked(folder: &Path, name: &str, checksum: u32, config: &str) -> Result<Vec<u8>> {
    let problem = |problem: String| Error::Model { path: folder.into(), problem };
    let bytes = read_together(folder, name).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            problem(format!("{name} is missing; copy the whole folder again, or train anew"))
        }
        _ => Error::io("read", &folder.join(name))(error),
    })?;
    check(bytes, folder, name, checksum, config)
}

/// `bytes`, if they have the checksum that `config` tells of the file `name` in `place`.
///
/// # Errors
///
/// [`Error::Model`] if they have another.
pub fn check(bytes: Vec<u8>, place: &Path, name: &str, checksum: u32, config: &str) -> Result<Vec<u8>> {
    let problem = |problem: String| Error::Model { path: place.into(), problem };
    if crc32(&bytes) != checksum {
        return Err(problem(format!(
            "{name} is not the file that {config} was written with: damaged, or of another model, or \
             saving was cut off; copy the whole folder again, or train anew"
        )));
    }
    Ok(bytes)
}

/// The checksum of ZIP and PNG.
pub fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}
