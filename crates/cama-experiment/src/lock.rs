//! Locks as files that show whether their holder is alive.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use cama::{Error, Result};

/// How often a holder shows that it is still alive.
const BEAT: Duration = Duration::from_secs(5);
/// After how long without that somebody else takes over.
pub const DEAD: Duration = Duration::from_secs(60);

/// A lock that is held until this is dropped, or until others find that its holder has not moved for long.
#[derive(Debug)]
pub struct Lock {
    mine: Mine,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Lock {
    /// Takes the lock `path`; nothing if somebody holds it who is alive.
    ///
    /// Of several that find its holder dead at once, two may think that they took over.
    ///
    /// # Errors
    ///
    /// If its folder cannot be written to.
    pub fn take(path: &Path) -> Result<Option<Self>> {
        let create = || OpenOptions::new().write(true).create_new(true).open(path);
        let mut file = create();
        if matches!(&file, Err(error) if error.kind() == ErrorKind::AlreadyExists) {
            if is_alive(path)? {
                return Ok(None);
            }
            // Whoever is first moves it out of the way.
            let away = path.with_extension(format!("dead-{}", token()));
            if fs::rename(path, &away).is_ok() {
                let _ = fs::remove_file(&away);
            }
            file = create();
        }
        match file {
            Ok(mut file) => {
                let mine = Mine { path: path.to_path_buf(), token: token() };
                file.write_all(mine.token.as_bytes()).map_err(Error::io("write", path))?;
                Ok(Some(Self::held(mine)))
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(Error::io("create", path)(error)),
        }
    }

    fn held(mine: Mine) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let (beating, end) = (mine.clone(), ended.clone());
        let thread = std::thread::spawn(move || {
            let mut last = SystemTime::now();
            while !end.load(Ordering::SeqCst) {
                std::thread::park_timeout(BEAT);
                if last.elapsed().unwrap_or(BEAT) >= BEAT && beating.is_there() {
                    // A beat that is missed is made up for by the next.
                    let _ = fs::write(&beating.path, &beating.token);
                    last = SystemTime::now();
                }
            }
        });
        Self { mine, ended, thread: Some(thread) }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
        if self.mine.is_there() {
            let _ = fs::remove_file(&self.mine.path);
        }
    }
}

/// A lock's file with what only its holder wrote into it.
#[derive(Clone, Debug)]
struct Mine {
    path: PathBuf,
    token: String,
}

impl Mine {
    /// Whether the file is still this holder's: who slept for long may have lost it.
    fn is_there(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|text| text == self.token)
    }
}

/// What no other holder writes.
fn token() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}", std::process::id(), now.as_nanos())
}

/// Whether who holds a lock has shown it lately, by the clock of the disk that it is on.
fn is_alive(lock: &Path) -> Result<bool> {
    let Ok(beat) = lock.metadata().and_then(|file| file.modified()) else { return Ok(false) };
    let folder = lock.parent().unwrap_or(Path::new("."));
    let now = tempfile::NamedTempFile::new_in(folder).map_err(Error::io("write to", folder))?;
    let now: std::io::Result<SystemTime> = File::metadata(now.as_file()).and_then(|file| file.modified());
    let now = now.unwrap_or_else(|_| SystemTime::now());
    Ok(now.duration_since(beat).unwrap_or_default() < DEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_a_lock_and_the_dead_lose_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let first = Lock::take(&path).unwrap().unwrap();
        assert!(Lock::take(&path).unwrap().is_none());
        let long_ago = SystemTime::now() - 2 * DEAD;
        File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
        let second = Lock::take(&path).unwrap().unwrap();
        // Who lost it leaves the other's alone.
        drop(first);
        assert!(path.exists() && Lock::take(&path).unwrap().is_none());
        drop(second);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
