//! Locks as files that the operating system frees when their holder ends, however it ends.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// A lock that is held until this is dropped or the program ends.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    /// As long as it is open, it is locked.
    _file: File,
}

impl Lock {
    /// Takes the lock `path`; nothing if somebody holds it. A file that a killed program has left is nobody's.
    ///
    /// # Errors
    ///
    /// If its folder cannot be written to, or its disk has no locks.
    pub fn take(path: &Path) -> Result<Option<Self>> {
        let file = File::options().write(true).create(true).truncate(false).open(path);
        let file = file.map_err(Error::io("create", path))?;
        match file.try_lock() {
            Ok(()) => {
                let mine = is_at(&file, path).map_err(Error::io("read", path))?;
                Ok(mine.then(|| Self { path: path.to_path_buf(), _file: file }))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(Error::io("lock", path)(error)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Before it is unlocked: nobody else's is removed.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether the file is the one at `path`: its holder may have removed it after it was opened here and before it was
/// locked, and somebody else made and locked the next.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let there = match path.metadata() {
        Ok(there) => there,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let opened = file.metadata()?;
        Ok((opened.dev(), opened.ino()) == (there.dev(), there.ino()))
    }
    // Elsewhere two may hold the lock in that rare case; what they compute is the same.
    #[cfg(not(unix))]
    {
        let _ = (file, there);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn one_holds_a_lock_and_the_dead_lose_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let first = Lock::take(&path).unwrap().unwrap();
        assert!(Lock::take(&path).unwrap().is_none());
        drop(first);
        assert!(!path.exists());
        // What is left of a program that was killed.
        fs::write(&path, "").unwrap();
        let second = Lock::take(&path).unwrap().unwrap();
        assert!(Lock::take(&path).unwrap().is_none());
        drop(second);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn of_many_that_want_a_lock_one_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let holders = AtomicUsize::new(0);
        let taken = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2000 {
                        let Some(lock) = Lock::take(&path).unwrap() else { continue };
                        assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                        taken.fetch_add(1, Ordering::SeqCst);
                        std::thread::yield_now();
                        holders.fetch_sub(1, Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
        assert!(taken.load(Ordering::SeqCst) > 0);
    }

    #[test]
    fn a_lock_that_cannot_be_made_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let text = Lock::take(&folder.path().join("none/a.lock")).unwrap_err().to_string();
        assert!(text.contains("cannot create") && text.contains("a.lock"), "{text}");
    }
}
