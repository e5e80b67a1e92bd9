//! Runs the program, and keeps one tiny trained model for all tests.

pub mod table;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// Sizes at which everything takes moments.
pub const TINY: &[&str] = &[
    "--z",
    "8",
    "--hidden",
    "32",
    "--channels",
    "4",
    "--warm-up",
    "5",
    "--dream-steps",
    "5",
    "--direct-epochs",
    "3",
];

/// The program, to be run in `folder`.
pub fn cama(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cama"));
    command.current_dir(folder).args(args);
    command
}

/// What a run said, and its exit code.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

pub fn run(folder: &Path, args: &[&str]) -> Ran {
    ran(cama(folder, args).output().unwrap())
}

pub fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs what must succeed; its standard output.
pub fn done(folder: &Path, args: &[&str]) -> String {
    let Ran { code, out, err } = run(folder, args);
    assert_eq!(code, 0, "{args:?}\n{out}\n{err}");
    out
}

/// Runs what must be refused as bad input, saying all of `parts`, and must not leave `absent` behind.
pub fn refused(folder: &Path, args: &[&str], parts: &[&str], absent: &str) {
    let Ran { code, out, err } = run(folder, args);
    assert_eq!(code, 2, "{args:?}\n{out}\n{err}");
    assert!(err.lines().any(|line| line.starts_with("error: ")), "{args:?}\n{err}");
    assert!(!err.contains("panicked"), "{args:?}\n{err}");
    for part in parts {
        assert!(err.contains(part), "{args:?} does not say `{part}`:\n{err}");
    }
    assert!(absent.is_empty() || !folder.join(absent).exists(), "{args:?} left {absent} behind");
}

/// Arguments of `cama train` with tiny sizes.
pub fn train_args<'a>(data: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["train", "--data", data, "--out", out], TINY, more].concat()
}

/// A trained model, the same for all tests.
pub fn model() -> &'static str {
    static MODEL: OnceLock<(tempfile::TempDir, String)> = OnceLock::new();
    let (_, path) = MODEL.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        done(folder.path(), &train_args("mnist:train[..300]", "model", &["--epochs", "1", "-q"]));
        let path = folder.path().join("model").display().to_string();
        (folder, path)
    });
    path
}

/// All files below `folder`, in order.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_path_buf()];
    while let Some(next) = left.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path)
            } else {
                found.push(path.strip_prefix(folder).unwrap().into())
            }
        }
    }
    found.sort();
    found
}

/// The array `name` of an `.npz` file: its shape and its values.
pub fn npz_array<T: npyz::Deserialize>(path: impl AsRef<Path>, name: &str) -> (Vec<u64>, Vec<T>) {
    let mut archive = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
    let mut bytes = Vec::new();
    archive.by_name(&format!("{name}.npy")).unwrap().read_to_end(&mut bytes).unwrap();
    let array = npyz::NpyFile::new(&bytes[..]).unwrap();
    (array.shape().to_vec(), array.into_vec().unwrap())
}
