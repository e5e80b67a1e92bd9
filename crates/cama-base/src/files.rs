//! Writing files so that a reader never finds half of one.

use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind, Read, Write};
use std::path::Path;
use std::time::Duration;

use crate::{Error, Result};

/// Writes the file `path` whole or not at all.
///
/// `write` is given a buffered, seekable writer of a temporary file in the same folder, which takes the
/// place of `path` only once everything is on the disk. On any failure, also of `write`, the former file is
/// as it was and the temporary one is gone; if the program is killed, the next that writes `path` removes it.
///
/// # Errors
///
/// [`Error::Io`] naming `path` if its folder is missing or cannot be written to, or `write` fails.
///
/// ```
/// use std::io::Write;
///
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("answer.txt");
/// cama_base::files::write_atomic(&path, |out| writeln!(out, "42"))?;
/// assert_eq!(std::fs::read_to_string(&path).unwrap(), "42\n");
/// # Ok::<(), cama_base::Error>(())
/// ```
pub fn write_atomic(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut BufWriter<&File>) -> std::io::Result<()>,
) -> Result<()> {
    let path = path.as_ref();
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let prefix = format!(".{}-", path.file_name().unwrap_or_default().to_string_lossy());
    clear_files(folder, &prefix);
    let put = || -> std::io::Result<()> {
        let temporary = builder(&prefix).tempfile_in(folder)?;
        // Held as long as this program writes it; where a disk has no locks, what it leaves if it is killed stays.
        let _ = temporary.as_file().try_lock();
        let mut out = BufWriter::new(temporary.as_file());
        write(&mut out)?;
        out.flush()?;
        drop(out);
        temporary.as_file().sync_all()?;
        temporary.persist(path).map_err(|failed| failed.error)?;
        Ok(())
    };
    put().map_err(Error::io("write", path))
}

/// Where files that belong together are once all of them are written, until each is in its place.
const COMPLETE: &str = ".complete";

/// How the folder begins that they are written into.
const PARTIAL: &str = ".partial-";

/// Writes several files into `folder`, which is made if needed, at one stroke: whoever reads them by [`read_together`] finds
/// all of the former ones or all of the new ones, whenever the writer is killed. What killed writers have left is removed; a
/// folder has one writer at a time.
///
/// # Errors
///
/// If anything cannot be written: then files that were there before survive.
pub fn write_together(folder: &Path, files: &[(&str, &[u8])]) -> Result<()> {
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    put_in_place(folder)?;
    clear(folder, PARTIAL)?;
    if let Some((name, _)) = files.iter().find(|(name, _)| folder.join(name).is_dir()) {
        return Err(Error::data(
            folder.join(name),
            "is a folder, where a file is to be written",
            "remove it",
        ));
    }
    let partial = tempfile::Builder::new().prefix(PARTIAL).tempdir_in(folder);
    let partial = partial.map_err(Error::io("write to", folder))?;
    for (name, bytes) in files {
        write_atomic(partial.path().join(name), |out| out.write_all(bytes))?;
    }
    // From here on the new files are those of the folder.
    fs::rename(partial.path(), folder.join(COMPLETE)).map_err(Error::io("write", folder))?;
    put_in_place(folder)
}

/// The file `name` of a folder that [`write_together`] writes.
///
/// # Errors
///
/// If there is none, or it cannot be read.
pub fn read_together(folder: &Path, name: &str) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_together(folder, name)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The same, to be read.
///
/// # Errors
///
/// If there is none, or it cannot be opened.
pub fn open_together(folder: &Path, name: &str) -> std::io::Result<File> {
    match File::open(folder.join(COMPLETE).join(name)) {
        Err(error) if error.kind() == ErrorKind::NotFound => File::open(folder.join(name)),
        opened => opened,
    }
}

/// Moves files that are complete to where they belong.
fn put_in_place(folder: &Path) -> Result<()> {
    let complete = folder.join(COMPLETE);
    let entries = match fs::read_dir(&complete) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(Error::io("read", &complete))?,
    };
    for entry in entries {
        let entry = entry.map_err(Error::io("read", &complete))?;
        let path = folder.join(entry.file_name());
        fs::rename(entry.path(), &path).map_err(Error::io("write", &path))?;
    }
    fs::remove_dir(&complete).map_err(Error::io("remove", &complete))
}

/// Removes the folders in `place` whose names begin so: what writers that were killed have left.
///
/// # Errors
///
/// If one cannot be removed.
pub fn clear(place: &Path, prefix: &str) -> Result<()> {
    for entry in fs::read_dir(place).map_err(Error::io("read", place))?.flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(prefix) && path.is_dir() {
            fs::remove_dir_all(&path).map_err(Error::io("remove", &path))?;
        }
    }
    Ok(())
}

/// Puts the folder `new` into the place of the folder `path` beside it, at one stroke where the system can exchange two names
/// (Linux and macOS, on most file systems). Elsewhere `path` is moved to `former` first, and for a moment there is none.
///
/// # Errors
///
/// If they cannot be moved: then what was there before is there still.
pub fn replace_folder(new: &Path, path: &Path, former: &Path) -> std::io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, new, CWD, path, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    fs::rename(path, former)?;
    fs::rename(new, path).inspect_err(|_| {
        // The first error is the one to report.
        let _ = fs::rename(former, path);
    })
}

/// Waits until the files of `folder`, and their names, are on the disk.
pub fn sync_folder(folder: &Path) -> Result<()> {
    let sync = || -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_file() {
                // Some systems sync only what is open for writing.
                File::options().write(true).open(path)?.sync_all()?;
            }
        }
        // Not every system opens folders, and not every file system syncs them.
        File::open(folder).and_then(|folder| folder.sync_all()).or(Ok(()))
    };
    sync().map_err(Error::io("write", folder))
}

/// How the names of temporary files end.
const SUFFIX: &str = ".partial";

/// A temporary file that is younger may not be locked yet.
const YOUNG: Duration = Duration::from_secs(1);

/// Removes temporary files of this prefix that no program writes any more, as far as that goes.
fn clear_files(folder: &Path, prefix: &str) {
    let left = |name: &str| name.starts_with(prefix) && name.ends_with(SUFFIX);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.filter(|entry| left(&entry.file_name().to_string_lossy())).map(|entry| entry.path()) {
        let old = |file: &File| {
            let modified = file.metadata().and_then(|data| data.modified()).ok();
            modified.and_then(|modified| modified.elapsed().ok()).is_some_and(|age| age >= YOUNG)
        };
        let dead = File::open(&path).is_ok_and(|file| old(&file) && file.try_lock().is_ok());
        if dead {
            let _ = fs::remove_file(&path);
        }
    }
}

fn builder(prefix: &str) -> tempfile::Builder<'_, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix).suffix(SUFFIX);
    // Temporary files are private to the user by default; what takes the place of an ordinary file gets
    // the permissions of one, less what the umask takes away.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

#[cfg(test)]
mod tests {
    use std::io::Error as IoError;

    use super::*;

    fn entries(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn replaces_the_former_file_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_atomic(&path, |out| out.write_all(b"a longer former content")).unwrap();
        write_atomic(&path, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(entries(folder.path()), ["file"]);
    }

    #[test]
    fn what_a_killed_writer_has_left_is_removed_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let left = |name: &str| {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_modified(std::time::SystemTime::now() - 2 * YOUNG).unwrap();
            file
        };
        for name in [".file-x.partial", ".other-x.partial", ".file-x"] {
            drop(left(name));
        }
        let written_now = left(".file-y.partial");
        written_now.try_lock().unwrap();
        write_atomic(&path, |out| out.write_all(b"new")).unwrap();
        let mut there = entries(folder.path());
        there.sort();
        assert_eq!(there, [".file-x", ".file-y.partial", ".other-x.partial", "file"]);
    }

    #[test]
    fn files_that_belong_together_are_replaced_at_one_stroke() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("m");
        let write = |text: &str| write_together(&folder, &[("a", text.as_bytes()), ("b", text.as_bytes())]);
        let read = || ["a", "b"].map(|name| read_together(&folder, name).unwrap());
        write("one").unwrap();
        assert_eq!((read(), entries(&folder).len()), ([b"one".to_vec(), b"one".to_vec()], 2));
        // What is left of one that was killed while it wrote, and of one that was killed behind its first rename.
        fs::create_dir(folder.join(".partial-x")).unwrap();
        fs::write(folder.join(".partial-x/a"), "tw").unwrap();
        fs::create_dir(folder.join(COMPLETE)).unwrap();
        fs::write(folder.join("a"), "two").unwrap();
        fs::write(folder.join(COMPLETE).join("b"), "two").unwrap();
        assert_eq!(read(), [b"two".to_vec(), b"two".to_vec()]);
        write_together(&folder, &[("c", b"three")]).unwrap();
        assert_eq!((read(), entries(&folder).len()), ([b"two".to_vec(), b"two".to_vec()], 3));
        fs::create_dir(folder.join("d")).unwrap();
        let text = write_together(&folder, &[("a", b"four"), ("d", b"four")]).unwrap_err().to_string();
        assert!(text.contains("is a folder"), "{text}");
        assert_eq!(read(), [b"two".to_vec(), b"two".to_vec()]);
        assert!(read_together(&folder, "none").is_err());
    }

    #[test]
    fn a_folder_takes_the_place_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let [new, path, former] = ["new", "path", "former"].map(|name| folder.path().join(name));
        for (place, name) in [(&new, "n"), (&path, "p")] {
            fs::create_dir(place).unwrap();
            fs::write(place.join(name), "").unwrap();
        }
        replace_folder(&new, &path, &former).unwrap();
        assert_eq!(entries(&path), ["n"]);
        assert!(replace_folder(&folder.path().join("none"), &path, &former).is_err());
        assert_eq!(entries(&path), ["n"]);
    }

    #[test]
    fn a_failure_keeps_the_former_file_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "former").unwrap();
        let failed = write_atomic(&path, |out| {
            out.write_all(&[0; 100_000])?;
            Err(IoError::other("the disk is full"))
        });
        assert_eq!(
            failed.unwrap_err().to_string(),
            format!("cannot write {}: the disk is full", path.display())
        );
        assert_eq!(fs::read(&path).unwrap(), b"former");
        assert_eq!(entries(folder.path()), ["file"]);
    }

    #[test]
    fn an_unusable_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing/file");
        let text = write_atomic(&missing, |_| Ok(())).unwrap_err().to_string();
        assert!(text.starts_with(&format!("cannot write {}", missing.display())), "{text}");
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(write_atomic(file.join("below"), |_| Ok(())).is_err());
        fs::create_dir(folder.path().join("folder")).unwrap();
        assert!(write_atomic(folder.path().join("folder"), |_| Ok(())).is_err());
        assert_eq!(entries(folder.path()).len(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_what_was_written_where_the_umask_lets_them() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
        write_atomic(&ours, |_| Ok(())).unwrap();
        fs::write(&plain, "").unwrap();
        assert_eq!(mode(&ours), mode(&plain));
    }
}
