//! What is in the files that a cell reads and that no cell made.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use cama::data::path_and_range;
use cama::{Error, Result};
use toml::{Table, Value};

/// Flags that name data.
const DATA: [&str; 14] = [
    "against",
    "baseline",
    "classifier",
    "classifier-labels",
    "clean",
    "config",
    "data",
    "from",
    "graph",
    "manipulated-data",
    "model",
    "tent-from",
    "test",
    "unlabelled",
];

/// Flags whose values may also be names of something else.
const OR_NAMES: [&str; 1] = ["against"];

/// Data that comes with the program.
const BUNDLED: [&str; 2] = ["mnist:", "shapes:"];

/// What was found out already, by path.
pub type Known = HashMap<PathBuf, Vec<String>>;

/// One line for each file that `flags` name, in order: its path, length and checksum.
///
/// # Errors
///
/// If a file is not there or cannot be read.
pub fn of(flags: &Table, known: &mut Known) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for (key, value) in flags.iter().filter(|(key, _)| DATA.contains(&key.as_str())) {
        let texts: Vec<&str> = match value {
            Value::String(text) => vec![text],
            Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        for text in texts {
            if let Some(path) = file_of(text) {
                if OR_NAMES.contains(&key.as_str()) && !path.exists() {
                    continue;
                }
                if let Some(known) = known.get(&path) {
                    all.extend_from_slice(known);
                    continue;
                }
                let mut files = Vec::new();
                add(&path, "", &mut files).map_err(|error| match error {
                    Error::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Error::data(
                        &path,
                        format!("there is no such file or folder, which {key} = \"{text}\" names"),
                        "put it there; paths begin in the folder that the program is run in, or in one that the experiment's file \
                         is in",
                    ),
                    error => error,
                })?;
                all.extend_from_slice(&files);
                known.insert(path, files);
            }
        }
    }
    Ok(all)
}

/// Puts files that are not where the program is run, but below a folder that `declared`, the file of the experiment, is in, in their
/// places there: experiments run from anywhere.
pub fn find(flags: &mut Table, declared: &Path) {
    let Ok(declared) = declared.canonicalize() else { return };
    let found = |text: &mut String| {
        let path =
            file_of(text).filter(|path| path.is_relative() && text.starts_with(&*path.to_string_lossy()))?;
        if path.as_os_str().is_empty() || path.exists() {
            return None;
        }
        let above = declared.ancestors().skip(1).find(|above| above.join(&path).exists())?;
        text.insert_str(0, &format!("{}/", above.to_str()?));
        Some(())
    };
    for (_, value) in flags.iter_mut().filter(|(key, _)| DATA.contains(&key.as_str())) {
        let values = match value {
            Value::Array(values) => &mut values[..],
            value => std::slice::from_mut(value),
        };
        for value in values {
            if let Value::String(text) = value {
                found(text);
            }
        }
    }
}

/// The file or folder that a specification of data names, if it is not bundled and no cell's.
fn file_of(spec: &str) -> Option<PathBuf> {
    if BUNDLED.iter().any(|prefix| spec.starts_with(prefix)) || spec.starts_with('\u{1}') {
        return None;
    }
    let (path, _) = path_and_range(spec);
    match path.strip_prefix("cifar10:") {
        // What comes after the folder has no path in it: `train:airplane,frog`.
        Some(rest) => {
            let parts = ["train", "test"].iter().filter_map(|part| rest.rfind(&format!(":{part}")));
            Some(PathBuf::from(&rest[..parts.max().unwrap_or(rest.len())]))
        }
        None => Some(PathBuf::from(path)),
    }
}

fn add(path: &Path, below: &str, all: &mut Vec<String>) -> Result<()> {
    let kind = path.metadata().map_err(Error::io("read", path))?;
    if kind.is_dir() {
        let entries = std::fs::read_dir(path).map_err(Error::io("read", path))?;
        let mut inside = Vec::new();
        for entry in entries {
            inside.push(entry.map_err(Error::io("read", path))?.path());
        }
        inside.sort();
        return inside.iter().try_for_each(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            add(path, &format!("{below}/{name}"), all)
        });
    }
    let crc = checksum(path)?;
    // Where it is below what was named: folders of images are named after their classes. What was named itself goes by its
    // name only, as the same files elsewhere are the same data.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = if below.is_empty() { name.as_ref() } else { below };
    all.push(format!("{name} {} {crc:08x}", kind.len()));
    Ok(())
}

/// CRC-32 of a file.
///
/// # Errors
///
/// If it cannot be read.
pub fn checksum(path: &Path) -> Result<u32> {
    let mut file = File::open(path).map_err(Error::io("read", path))?;
    let mut hasher = crc32fast::Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n = file.read(&mut buffer).map_err(Error::io("read", path))?;
        if n == 0 {
            return Ok(hasher.finalize());
        }
        hasher.update(&buffer[..n]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(flags: &Table) -> Result<Vec<String>> {
        super::of(flags, &mut Known::new())
    }

    #[test]
    fn files_are_found_from_anywhere() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("data")).unwrap();
        std::fs::create_dir_all(root.join("experiments")).unwrap();
        std::fs::write(root.join("data/x.csv"), "y,x\n").unwrap();
        let text = "data = \"data/x.csv[..3]\"\nclean = [\"mnist:train\", \"data/absent.csv\"]\nout = \"data/x.csv\"";
        let mut flags: Table = text.parse().unwrap();
        let declared = root.join("experiments/e.toml");
        std::fs::write(&declared, text).unwrap();
        find(&mut flags, &declared);
        assert_eq!(flags["data"].as_str().unwrap(), format!("{}/data/x.csv[..3]", root.display()));
        assert_eq!(flags["clean"].as_array().unwrap()[0].as_str(), Some("mnist:train"));
        assert_eq!(flags["clean"].as_array().unwrap()[1].as_str(), Some("data/absent.csv"));
        assert_eq!(flags["out"].as_str(), Some("data/x.csv"), "no data");
    }

    #[test]
    fn files_are_distinguished_by_their_contents() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        let flags = |path: &Path| format!("data = \"{}[..3]\"\nsteps = 3", path.display()).parse().unwrap();
        let text = of(&flags(&path)).unwrap_err().to_string();
        assert!(text.contains("no such file") && text.contains("table.csv"), "{text}");
        std::fs::write(&path, "a").unwrap();
        let first = of(&flags(&path)).unwrap();
        std::fs::write(&path, "b").unwrap();
        assert_ne!(first, of(&flags(&path)).unwrap());
        assert_eq!(of(&flags(folder.path())).unwrap().len(), 1);
        let bundled: Table = "data = \"mnist:test[..3]\"\ntest = \"shapes:3\"".parse().unwrap();
        assert_eq!(of(&bundled).unwrap(), Vec::<String>::new());
        let class = |name: &str| folder.path().join(name);
        std::fs::create_dir(class("cat")).unwrap();
        std::fs::write(class("cat").join("a.png"), "a").unwrap();
        let cats = of(&flags(folder.path())).unwrap();
        std::fs::rename(class("cat"), class("dog")).unwrap();
        assert_ne!(cats, of(&flags(folder.path())).unwrap());
        std::fs::remove_dir_all(class("dog")).unwrap();
        let against: Table = "against = \"transfer:cnn\"".parse().unwrap();
        assert_eq!(of(&against).unwrap(), Vec::<String>::new());
        let cifar = format!("data = \"cifar10:{}:train:frog\"", folder.path().display());
        assert_eq!(of(&cifar.parse().unwrap()).unwrap().len(), 1);
    }
}
