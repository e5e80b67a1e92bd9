//! Where results go: nothing is overwritten unasked, nothing is left half-written.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cama::files::{clear, replace_folder, write_atomic};
use cama::{Cama, Checkpoints, Error, Lock, Result, is_model_folder};
use cama_eval::Baseline;

/// Where a model folder keeps the checkpoints of its training.
pub const CHECKPOINTS: &str = "checkpoints";

/// Where the model folder of a stream of adaptations keeps all of its states, each a model folder.
pub const STATES: &str = "states";

/// A path that results may be written to.
#[derive(Clone, Debug)]
pub struct Output {
    path: PathBuf,
    /// No other program writes to it as long as this is there.
    _lock: Option<Arc<Lock>>,
}

impl Output {
    /// Claims `path` for a folder: it must not exist, unless `force`d, its place must be writable, and no other program may have
    /// claimed it.
    ///
    /// Nothing is created yet but a hidden file that locks it, beside it, as long as it is claimed.
    ///
    /// # Errors
    ///
    /// If it exists, is a file, cannot be written to, or is written by another program.
    pub fn folder(path: &Path, force: bool) -> Result<Self> {
        Ok(Self { _lock: lock(path)?.map(Arc::new), ..Self::shared_folder(path, force)? })
    }

    /// Claims `path` for a folder that several programs may write to at a time.
    ///
    /// # Errors
    ///
    /// If it exists, unless `force`d, is a file, or cannot be written to.
    pub fn shared_folder(path: &Path, force: bool) -> Result<Self> {
        refuse_existing(path, force)?;
        if path.exists() && !path.is_dir() {
            return Err(Error::data(
                path,
                "is a file, where a folder is to be written",
                "give another --out",
            ));
        }
        check_writable(nearest_folder(path))?;
        Ok(Self { path: path.into(), _lock: None })
    }

    /// Claims `path` for a model folder: as [`folder`](Self::folder), but `force` replaces nothing else than a
    /// model or a training run that has not ended.
    ///
    /// # Errors
    ///
    /// As [`folder`](Self::folder), and if a folder with anything else in it is to be replaced.
    pub fn model_folder(path: &Path, force: bool) -> Result<Self> {
        let checkpoints = Checkpoints::new(path.join(CHECKPOINTS), "");
        let broken_off = !is_model_folder(path) && (checkpoints.exist() || checkpoints.begun());
        if broken_off && !force {
            let problem = "exists already, with a training that was broken off";
            let remedy =
                "go on with it by `cama train --resume`, give another --out, or replace it by --force";
            return Err(Error::data(path, problem, remedy));
        }
        let ours = is_model_folder(path) || broken_off;
        Self::folder_of(path, force, ours, "neither a model nor a training run, but other files")
    }

    /// Claims `path` for a baseline: as [`folder`](Self::folder), but `force` replaces nothing else than a baseline.
    ///
    /// # Errors
    ///
    /// As [`folder`](Self::folder), and if a folder with anything else in it is to be replaced.
    pub fn baseline_folder(path: &Path, force: bool) -> Result<Self> {
        Self::folder_of(path, force, Baseline::is_in(path), "no baseline, but other files")
    }

    /// Claims `path` for a folder of a kind of which the one that is there may be (`ours`); otherwise it `holds` what
    /// must not be replaced.
    fn folder_of(path: &Path, force: bool, ours: bool, holds: &str) -> Result<Self> {
        let out = Self::folder(path, force)?;
        if path.exists() && !ours && !holds_only(path, &[]) {
            let problem = format!("holds {holds}");
            return Err(Error::data(path, problem, "give another --out, or empty the folder"));
        }
        Ok(out)
    }

    /// Claims `path` for a file in a folder that exists, as [`folder`](Self::folder) does for a folder.
    ///
    /// # Errors
    ///
    /// If it exists and is not `force`d, its folder is missing or cannot be written to, or it is written by another program.
    pub fn file(path: &Path, force: bool) -> Result<Self> {
        refuse_existing(path, force)?;
        if path.is_dir() {
            return Err(Error::data(
                path,
                "is a folder, where a file is to be written",
                "give a file's name",
            ));
        }
        let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            return Err(Error::data(folder, "there is no such folder", "make it, or give another --out"));
        }
        check_writable(folder)?;
        Ok(Self { path: path.into(), _lock: lock(path)?.map(Arc::new) })
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file of text.
    ///
    /// # Errors
    ///
    /// If it cannot be written; one that was there before survives.
    pub fn write_text(&self, text: &str) -> Result<()> {
        write_atomic(&self.path, |file| file.write_all(text.as_bytes()))
    }

    /// Writes a model folder; one that cannot be written is not left behind. The states of a stream that was there before
    /// are removed.
    ///
    /// # Errors
    ///
    /// If anything cannot be written; a model that was there before survives.
    pub fn save(&self, cama: &Cama) -> Result<()> {
        self.save_last(cama)?;
        self.remove_states()
    }

    /// Writes a model folder as [`save`](Self::save) does, and keeps the states of the stream that it is of.
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save).
    pub fn save_last(&self, cama: &Cama) -> Result<()> {
        let existed = self.path.exists();
        cama.save(&self.path).inspect_err(|_| {
            if !existed {
                // The first error is the one to report; a folder with anything in it stays.
                let _ = fs::remove_dir(&self.path);
            }
        })
    }

    /// Removes the states of a stream that is there.
    ///
    /// # Errors
    ///
    /// If they cannot be removed.
    pub fn remove_states(&self) -> Result<()> {
        let states = self.path.join(STATES);
        match states.is_dir() {
            true => fs::remove_dir_all(&states).map_err(Error::io("remove", &states)),
            false => Ok(()),
        }
    }
}

impl Output {
    /// Writes a folder beside, by `write`, and puts it in the place of the path when it is complete; a folder that was
    /// there before is then gone. What a program has left that was killed while it wrote the same folder is removed.
    ///
    /// # Errors
    ///
    /// As `write`, and if the folder cannot be put in its place: then what was there before survives.
    pub fn write_folder<T>(&self, write: impl FnOnce(&Path) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let place = match self.path.parent() {
            Some(place) if !place.as_os_str().is_empty() => place,
            _ => Path::new("."),
        };
        fs::create_dir_all(place).map_err(Error::io("create", place))?;
        // Of this path alone: others may be written beside it.
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let prefix = format!(".{name}.partial-");
        if self._lock.is_some() {
            clear(place, &prefix)?;
        }
        let partial = tempfile::Builder::new().prefix(&prefix).tempdir_in(place);
        let partial = partial.map_err(Error::io("write to", place))?;
        let [new, former] = ["new", "former"].map(|name| partial.path().join(name));
        fs::create_dir(&new).map_err(Error::io("create", &new))?;
        let written = write(&new)?;
        let moved = match self.path.exists() {
            true => replace_folder(&new, &self.path, &former),
            false => fs::rename(&new, &self.path),
        };
        moved.map_err(Error::io("write", &self.path))?;
        Ok(written)
    }
}

/// Locks a file or a folder, which need not exist, by a hidden file in the nearest folder above it that does. Where such a file cannot be
/// there is no lock: the folder can be written to, its place perhaps not.
fn lock(path: &Path) -> Result<Option<Lock>> {
    let absolute =
        path.canonicalize().or_else(|_| std::path::absolute(path)).map_err(Error::io("find", path))?;
    let mut found = None;
    // Who came first may have locked it in a folder farther above, before there were those between.
    for place in absolute.ancestors().skip(1).filter(|place| place.is_dir()) {
        let below = absolute.strip_prefix(place).unwrap_or(&absolute).components();
        let name = below.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("-");
        let file = place.join(format!(".{name}.lock"));
        if found.is_some() && !file.exists() {
            continue;
        }
        match Lock::take(&file) {
            Ok(Some(lock)) => found = found.or(Some(lock)),
            Ok(None) => {
                let problem = "is being written by another program";
                return Err(Error::data(path, problem, "wait until that has ended, or give another --out"));
            }
            // Such as a folder that is not ours.
            Err(_) => {}
        }
    }
    Ok(found)
}

fn refuse_existing(path: &Path, force: bool) -> Result<()> {
    if path.as_os_str().is_empty() {
        return Err(Error::config("out", "``", "a path"));
    }
    if !force && path.symlink_metadata().is_ok() {
        return Err(Error::data(path, "exists already", "give another --out, or --force to replace it"));
    }
    Ok(())
}

/// Whether there are no files below `folder` but those called `names` in the folder itself.
pub fn holds_only(folder: &Path, names: &[&str]) -> bool {
    let Ok(mut entries) = fs::read_dir(folder) else { return false };
    entries.all(|entry| {
        entry.is_ok_and(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => holds_only(&entry.path(), &[]),
            _ => names.iter().any(|name| *name == entry.file_name()),
        })
    })
}

/// The folder itself, or the nearest one above it that exists.
fn nearest_folder(path: &Path) -> &Path {
    path.ancestors().find(|p| p.exists()).unwrap_or(Path::new("."))
}

/// Tries to write, with a file that has no name and so leaves no trace.
fn check_writable(folder: &Path) -> Result<()> {
    tempfile::tempfile_in(folder).map(drop).map_err(Error::io("write to", folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_exists_is_refused_unless_forced() {
        let folder = tempfile::tempdir().unwrap();
        let (there, absent) = (folder.path().join("there"), folder.path().join("a/b/absent"));
        fs::write(&there, "x").unwrap();
        let text = Output::file(&there, false).unwrap_err().to_string();
        assert!(text.contains("exists already") && text.contains("--force"), "{text}");
        assert!(Output::file(&there, true).is_ok());
        assert!(Output::folder(&there, true).unwrap_err().to_string().contains("is a file"));
        assert!(Output::folder(folder.path(), false).is_err());
        assert!(Output::folder(folder.path(), true).is_ok());
        assert!(Output::file(folder.path(), true).unwrap_err().to_string().contains("is a folder"));
        assert!(Output::folder(&absent, false).is_ok());
        assert!(Output::file(&absent, false).unwrap_err().to_string().contains("no such folder"));
        assert!(Output::folder(&there.join("below"), false).is_err());
        assert!(Output::file(Path::new(""), false).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_has_one_writer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        let first = Output::folder(&path, false).unwrap();
        let refused = || {
            let text = Output::folder(&path, true).unwrap_err().to_string();
            assert!(text.contains("another program") && text.contains("another --out"), "{text}");
        };
        refused();
        // Once what is written is there.
        fs::create_dir_all(&path).unwrap();
        refused();
        fs::remove_dir_all(folder.path().join("a")).unwrap();
        // Another one beside it, and of the same name in another place.
        assert!(Output::folder(&folder.path().join("a/c"), false).is_ok());
        let clone = first.clone();
        drop(first);
        assert!(Output::folder(&path, false).is_err());
        drop(clone);
        assert!(Output::folder(&path, false).is_ok());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "locks are gone");
    }

    #[test]
    fn a_file_has_one_writer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.csv");
        let first = Output::file(&path, false).unwrap();
        let text = Output::file(&path, true).unwrap_err().to_string();
        assert!(text.contains("another program"), "{text}");
        assert!(Output::file(&folder.path().join("q.csv"), false).is_ok());
        drop(first);
        assert!(Output::file(&path, false).is_ok());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "locks are gone");
    }

    #[test]
    fn folders_are_written_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let out = Output::folder(&folder.path().join("a/b"), false).unwrap();
        let put = |text: &'static str| {
            move |beside: &Path| -> anyhow::Result<()> { Ok(fs::write(beside.join(text), text)?) }
        };
        let failed = |beside: &Path| -> anyhow::Result<()> {
            put("half")(beside)?;
            anyhow::bail!("no more")
        };
        assert_eq!(out.write_folder(failed).unwrap_err().to_string(), "no more");
        assert_eq!(fs::read_dir(folder.path().join("a")).unwrap().count(), 0);
        out.write_folder(put("first")).unwrap();
        out.write_folder(failed).unwrap_err();
        assert!(holds_only(out.path(), &["first"]));
        // What a program that was killed has left; of another folder it is not ours.
        for name in [".b.partial-x", ".c.partial-x"] {
            fs::create_dir(folder.path().join("a").join(name)).unwrap();
        }
        out.write_folder(put("second")).unwrap();
        fs::remove_dir(folder.path().join("a/.c.partial-x")).unwrap();
        assert!(holds_only(out.path(), &["second"]) && !holds_only(out.path(), &[]));
        assert_eq!(fs::read_dir(folder.path().join("a")).unwrap().count(), 1);
    }

    #[test]
    fn only_what_is_ours_can_be_replaced_by_a_model() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m");
        let claim = |force| Output::model_folder(&path, force);
        assert!(claim(false).is_ok());
        fs::create_dir_all(path.join("checkpoints/partial")).unwrap();
        assert!(claim(false).is_err() && claim(true).is_ok() && holds_only(&path, &[]));
        fs::write(path.join("log.jsonl"), "").unwrap();
        assert!(claim(true).is_ok() && holds_only(&path, &["log.jsonl"]) && !holds_only(&path, &[]));
        fs::remove_dir(path.join("checkpoints/partial")).unwrap();
        let text = claim(true).unwrap_err().to_string();
        assert!(text.contains("neither a model nor a training run"), "{text}");
        fs::write(path.join("config.json"), "{}").unwrap();
        assert!(claim(true).is_err());
        fs::write(path.join("config.json"), "{\n \"format\": \"cama-model\"}").unwrap();
        assert!(claim(true).is_ok());
    }
}
