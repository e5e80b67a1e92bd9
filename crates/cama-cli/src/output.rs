//! Where results go: nothing is overwritten unasked, nothing is left half-written.

use std::fs;
use std::path::{Path, PathBuf};

use cama::{Error, Result, StoredModel};

/// A path that results may be written to.
#[derive(Clone, Debug)]
pub struct Output {
    path: PathBuf,
}

impl Output {
    /// Claims `path` for a folder: it must not exist, unless `force`d, and its place must be writable.
    ///
    /// Nothing is created yet.
    ///
    /// # Errors
    ///
    /// If it exists, is a file, or cannot be written to.
    pub fn folder(path: &Path, force: bool) -> Result<Self> {
        refuse_existing(path, force)?;
        if path.exists() && !path.is_dir() {
            return Err(Error::data(
                path,
                "is a file, where a folder is to be written",
                "give another --out",
            ));
        }
        check_writable(nearest_folder(path))?;
        Ok(Self { path: path.into() })
    }

    /// Claims `path` for a file in a folder that exists.
    ///
    /// # Errors
    ///
    /// If it exists and is not `force`d, or its folder is missing or cannot be written to.
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
        Ok(Self { path: path.into() })
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a model folder; one that cannot be written is not left behind.
    ///
    /// # Errors
    ///
    /// If anything cannot be written; a model that was there before survives.
    pub fn save(&self, stored: &StoredModel) -> Result<()> {
        let existed = self.path.exists();
        stored.save(&self.path).inspect_err(|_| {
            if !existed {
                // The first error is the one to report; a folder with anything in it stays.
                let _ = fs::remove_dir(&self.path);
            }
        })
    }
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
}
