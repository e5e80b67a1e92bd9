//! Writing files so that a reader never finds half of one.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::{Error, Result};

/// Writes the file `path` whole or not at all.
///
/// `write` is given a buffered, seekable writer of a temporary file in the same folder, which takes the
/// place of `path` only once everything is on the disk. On any failure, also of `write`, the former file is
/// as it was and the temporary one is gone.
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
    let put = || -> std::io::Result<()> {
        let temporary = builder().tempfile_in(folder)?;
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

/// Writes several files into `folder`, which is made if needed, and the last of them last: without it the others are
/// nothing.
///
/// Everything is written beside and then renamed, so that a full disk costs no former file. Several files cannot be
/// replaced at one stroke: who is killed in the moment in which they are renamed can leave new ones beside a former last
/// one, which should therefore hold checksums of the others.
///
/// # Errors
///
/// If anything cannot be written: then files that were there before survive.
pub fn write_together(folder: &Path, files: &[(&str, &[u8])]) -> Result<()> {
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let partial = tempfile::Builder::new().prefix(".partial-").tempdir_in(folder);
    let partial = partial.map_err(Error::io("write to", folder))?;
    for (name, bytes) in files {
        write_atomic(partial.path().join(name), |out| out.write_all(bytes))?;
    }
    files.iter().try_for_each(|(name, _)| {
        let path = folder.join(name);
        fs::rename(partial.path().join(name), &path).map_err(Error::io("write", &path))
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

fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".").suffix(".partial");
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
