//! Locks as files that show whether their holder is alive.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use cama::{Error, Result};

/// How often who computes a cell shows that it is still alive.
const BEAT: Duration = Duration::from_secs(5);
/// After how long without that somebody else takes over.
pub const DEAD: Duration = Duration::from_secs(60);

/// Whether who holds a lock has shown it lately, by the clock of the disk that it is on.
pub fn is_alive(lock: &Path, folder: &Path) -> Result<bool> {
    let Ok(beat) = lock.metadata().and_then(|file| file.modified()) else { return Ok(false) };
    let now = tempfile::NamedTempFile::new_in(folder).map_err(Error::io("write to", folder))?;
    let now = now.as_file().metadata().and_then(|file| file.modified()).unwrap_or_else(|_| SystemTime::now());
    Ok(now.duration_since(beat).unwrap_or_default() < DEAD)
}

/// Shows that a lock's holder is alive, and removes the lock in the end.
#[derive(Debug)]
pub struct Pulse {
    lock: PathBuf,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Pulse {
    /// From now on.
    pub fn begin(lock: PathBuf) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let (path, end) = (lock.clone(), ended.clone());
        let thread = std::thread::spawn(move || {
            let mut last = SystemTime::now();
            while !end.load(Ordering::SeqCst) {
                std::thread::park_timeout(BEAT);
                if last.elapsed().unwrap_or(BEAT) >= BEAT {
                    // A beat that is missed is made up for by the next.
                    let _ = File::options().write(true).open(&path).and_then(|mut file| file.write_all(b" "));
                    last = SystemTime::now();
                }
            }
        });
        Self { lock, ended, thread: Some(thread) }
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
        let _ = fs::remove_file(&self.lock);
    }
}
