//! Finished cells in a folder: kept by the hash of what determines them, never trusted half-written, and shared by as many
//! programs as see the folder.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use cama::files::write_atomic;
use cama::{Error, Lock, Result};
use serde::{Deserialize, Serialize};

use crate::cell::Cell;
use crate::fingerprint::checksum;

const RECORD: &str = "cell.json";

/// What is known of a finished cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The command line.
    pub command: String,
    /// How long it took.
    pub seconds: f64,
    /// The machine, in words.
    pub machine: String,
    /// The day, `YYYY-MM-DD`.
    pub date: String,
    /// The program and its version.
    pub program: String,
    /// What was warned of.
    pub warnings: Vec<String>,
    /// Every file of the result, below the cell's folder, with its length and CRC-32.
    files: BTreeMap<String, (u64, u32)>,
}

/// What a runner reports of a cell that it computed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Computed {
    /// The command line.
    pub command: String,
    /// What was warned of.
    pub warnings: Vec<String>,
}

/// A folder of finished cells.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    /// Cells whose files were looked through already.
    sound: Mutex<HashSet<String>>,
}

impl Store {
    /// The cells in `folder`, which is made if need be.
    ///
    /// # Errors
    ///
    /// If it cannot be made or written to.
    pub fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        tempfile::tempfile_in(folder).map_err(Error::io("write to", folder))?;
        Ok(Self { folder: folder.to_path_buf(), sound: Mutex::default() })
    }

    /// Where the cells are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The record of a finished cell; nothing of one that is not there, not whole, or changed.
    pub fn finished(&self, cell: &Cell) -> Option<Record> {
        let folder = self.folder.join(&cell.id);
        let record: Record = serde_json::from_slice(&fs::read(folder.join(RECORD)).ok()?).ok()?;
        if !self.sound.lock().expect("no thread panicked").contains(&cell.id) {
            let whole = |(name, (length, crc)): (&String, &(u64, u32))| {
                let path = folder.join(name);
                path.metadata().is_ok_and(|file| file.len() == *length)
                    && checksum(&path).is_ok_and(|sum| sum == *crc)
            };
            if record.files.is_empty() || !record.files.iter().all(whole) {
                return None;
            }
            self.sound.lock().expect("no thread panicked").insert(cell.id.clone());
        }
        Some(record)
    }

    /// Takes a cell to compute it; nothing if somebody else is at it.
    ///
    /// # Errors
    ///
    /// If the folder cannot be written to.
    pub fn claim(&self, cell: &Cell) -> Result<Option<Claim>> {
        let Some(lock) = Lock::take(&self.folder.join(format!("{}.lock", cell.id)))? else { return Ok(None) };
        let claim = Claim { folder: self.folder.clone(), id: cell.id.clone(), _lock: lock };
        claim.clear()?;
        Ok(Some(claim))
    }
}

/// A cell that is being computed; others leave it alone until this is dropped.
#[derive(Debug)]
pub struct Claim {
    folder: PathBuf,
    id: String,
    /// As long as this lives, so does the claim.
    _lock: Lock,
}

impl Claim {
    /// What the name of an unfinished result begins with.
    fn partial(&self) -> String {
        format!(".partial-{}-", self.id)
    }

    /// Removes what others, who are dead, have left unfinished.
    fn clear(&self) -> Result<()> {
        let partial = self.partial();
        for entry in fs::read_dir(&self.folder).map_err(Error::io("read", &self.folder))? {
            let entry = entry.map_err(Error::io("read", &self.folder))?;
            if entry.file_name().to_string_lossy().starts_with(&partial) {
                fs::remove_dir_all(entry.path()).map_err(Error::io("remove", entry.path()))?;
            }
        }
        Ok(())
    }

    /// Computes the cell: `run` writes into a folder beside, which takes its place once its record is in it.
    ///
    /// # Errors
    ///
    /// As `run`, and if files cannot be written; then the cell is as it was before.
    pub fn compute<E: From<Error>>(
        self,
        program: &str,
        run: impl FnOnce(&Path) -> std::result::Result<Computed, E>,
    ) -> std::result::Result<Record, E> {
        let folder = &self.folder;
        let beside = tempfile::Builder::new().prefix(&self.partial()).tempdir_in(folder);
        let beside = beside.map_err(Error::io("write to", folder))?;
        let began = std::time::Instant::now();
        let computed = run(beside.path())?;
        let mut files = BTreeMap::new();
        list(beside.path(), "", &mut files)?;
        let record = Record {
            command: computed.command,
            seconds: began.elapsed().as_secs_f64(),
            machine: crate::machine::words(),
            date: crate::machine::today(),
            program: program.into(),
            warnings: computed.warnings,
            files,
        };
        let text = serde_json::to_string_pretty(&record).expect("a record is JSON");
        write_atomic(beside.path().join(RECORD), |out| out.write_all(text.as_bytes()))?;
        let place = folder.join(&self.id);
        // What is there is no whole cell, or it would not be computed.
        if place.exists() {
            fs::remove_dir_all(&place).map_err(Error::io("replace", &place))?;
        }
        let moved = fs::rename(beside.path(), &place).map_err(Error::io("write", &place));
        // Who took over at the same time has written the same.
        moved.or_else(|error| if place.join(RECORD).exists() { Ok(()) } else { Err(error) })?;
        Ok(record)
    }
}

/// Every file below `folder`.
fn list(folder: &Path, below: &str, files: &mut BTreeMap<String, (u64, u32)>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let path = entry.map_err(Error::io("read", folder))?.path();
        let name = format!("{below}{}", path.file_name().unwrap_or_default().to_string_lossy());
        let kind = path.metadata().map_err(Error::io("read", &path))?;
        match kind.is_dir() {
            true => list(&path, &format!("{name}/"), files)?,
            false => {
                files.insert(name, (kind.len(), checksum(&path)?));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell() -> Cell {
        Cell::new("evaluate", "a = 1".parse().unwrap(), 1, vec![], &[])
    }

    fn compute(store: &Store, text: &str) -> Record {
        let write = |folder: &Path| -> Result<Computed> {
            fs::create_dir(folder.join("out")).unwrap();
            fs::write(folder.join("out/a"), text).unwrap();
            Ok(Computed::default())
        };
        store.claim(&cell()).unwrap().unwrap().compute("test", write).unwrap()
    }

    #[test]
    fn a_finished_cell_is_found_again_and_a_changed_one_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Store::open(folder.path()).unwrap();
        assert_eq!(open().finished(&cell()), None);
        let record = compute(&open(), "whole");
        assert_eq!(open().finished(&cell()), Some(record));
        let file = folder.path().join(cell().id).join("out/a");
        for half in ["who", "WHOLE"] {
            fs::write(&file, half).unwrap();
            assert_eq!(open().finished(&cell()), None, "{half}");
        }
        fs::remove_file(&file).unwrap();
        assert_eq!(open().finished(&cell()), None);
        // It is computed anew over what is left of it.
        compute(&open(), "whole");
        assert!(open().finished(&cell()).is_some());
        fs::write(folder.path().join(cell().id).join(RECORD), "{\"command\":").unwrap();
        assert_eq!(open().finished(&cell()), None);
    }

    #[test]
    fn a_failure_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let fail = |beside: &Path| -> Result<Computed> {
            fs::write(beside.join("half"), "").unwrap();
            Err(Error::Interrupted("now".into()))
        };
        store.claim(&cell()).unwrap().unwrap().compute("test", fail).unwrap_err();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        // A program that is killed leaves its unfinished result to whoever comes next.
        let left = folder.path().join(format!(".partial-{}-x", cell().id));
        fs::create_dir(&left).unwrap();
        fs::write(left.join("half"), "").unwrap();
        compute(&store, "whole");
        assert!(!left.exists() && store.finished(&cell()).is_some());
    }

    #[test]
    fn one_at_a_time_computes_a_cell_and_the_dead_are_taken_over_from() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let claim = store.claim(&cell()).unwrap();
        assert!(claim.is_some());
        assert!(Store::open(folder.path()).unwrap().claim(&cell()).unwrap().is_none());
        drop(claim);
        let lock = folder.path().join(format!("{}.lock", cell().id));
        assert!(!lock.exists());
        // What a program that was killed has left is in nobody's way.
        fs::write(&lock, "").unwrap();
        assert!(store.claim(&cell()).unwrap().is_some());
    }

    #[test]
    fn a_folder_that_cannot_be_written_to_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let text = Store::open(&file.join("below")).unwrap_err().to_string();
        assert!(text.contains("cannot create"), "{text}");
    }
}
