//! Where the restored data and the report go.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use cama::data::Names;
use cama::data::table::TableFormat;
use cama::{Cama, Error, Result};

use super::report;
use crate::flags::RestoreFlags;
use crate::output::Output;
use crate::source::reads_images;
use crate::writing::ending;

/// Extensions of files that a folder of images is not called by mistake.
const FILES: [&str; 12] =
    ["csv", "tsv", "parquet", "jsonl", "json", "npy", "png", "jpg", "jpeg", "txt", "zip", "gz"];

/// The paths that results are written to.
pub struct Paths {
    /// The restored data.
    pub out: Output,
    /// The report; in the folder of the restored images, or elsewhere.
    pub report: PathBuf,
}

impl Paths {
    /// Claims what the flags name, or what follows from it.
    ///
    /// # Errors
    ///
    /// If `--out` is of no format that such data can be written in, or a path cannot be written to.
    pub fn claim(flags: &RestoreFlags, cama: &Cama) -> Result<Self> {
        let folder = match reads_images(cama) {
            false => TableFormat::of(&flags.out).map(|_| false)?,
            true => is_folder(&flags.out)?,
        };
        let beside = || match folder {
            true => flags.out.join("restored.csv"),
            false => {
                let stem = flags.out.file_stem().unwrap_or_default().to_string_lossy();
                flags.out.with_file_name(format!("{stem}-m.csv"))
            }
        };
        let report = flags.report.clone().unwrap_or_else(beside);
        report::Format::of(&report)?;
        if plain(&report) == plain(&flags.out) {
            return Err(Error::data(&report, "is to be both --out and --report", "give another --report"));
        }
        let out = match folder {
            true => Output::folder(&flags.out, flags.force)?,
            false => Output::file(&flags.out, flags.force)?,
        };
        let paths = Self { out, report };
        if !paths.report_is_inside() {
            Output::file(&paths.report, flags.force)?;
        }
        for path in [paths.out.path(), &paths.report] {
            if holds_data(path, &flags.data) {
                let problem = "is the data itself, or holds it, and would be replaced";
                return Err(Error::data(path, problem, "give another --out or --report"));
            }
        }
        if folder && paths.out.path().exists() && !holds_only_images(paths.out.path(), &paths.report) {
            let problem = "holds other files than those of `cama restore`";
            return Err(Error::data(paths.out.path(), problem, "give another --out, or empty the folder"));
        }
        Ok(paths)
    }

    /// Whether the report stands in the folder of the restored images.
    pub fn report_is_inside(&self) -> bool {
        plain(&self.report).parent() == Some(&plain(self.out.path()))
    }
}

/// The same path from the root, without `.`: two ways to write one path are then the same.
fn plain(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.into())
}

/// Whether images are written to a folder, and not to an `.npz` file.
pub fn is_folder(out: &Path) -> Result<bool> {
    let extension = ending(out);
    match extension.as_str() {
        "npz" => Ok(false),
        other if FILES.contains(&other) => {
            let problem = format!("images are not written as .{other}");
            Err(Error::data(out, problem, "give a folder, for PNG files, or a file that ends in .npz"))
        }
        _ => Ok(true),
    }
}

/// Whether the data is at `path` or below it.
fn holds_data(path: &Path, data: &str) -> bool {
    // The range of a specification is no part of its path.
    let without_range = data.rsplit_once('[').map_or(data, |(source, _)| source);
    let path = fs::canonicalize(path);
    let held = |data: &str| {
        let data = fs::canonicalize(data);
        matches!((&path, data), (Ok(path), Ok(data)) if data.starts_with(path))
    };
    held(data) || held(without_range)
}

/// Whether a folder holds nothing but a report and images, in sub-folders or not, that are called by numbers or that a
/// report which is there lists.
fn holds_only_images(folder: &Path, report: &Path) -> bool {
    let reports = [folder.join("restored.csv"), report.to_path_buf()];
    let listed: HashSet<PathBuf> = reports.iter().flat_map(|report| listed(report)).collect();
    let ours = |path: &Path| {
        if path.strip_prefix(folder).is_ok_and(|name| listed.contains(name)) {
            return true;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let number = |name: &str| name.len() >= 6 && name.bytes().all(|byte| byte.is_ascii_digit());
        name.strip_suffix(".png").is_some_and(number)
    };
    let all = |folder: &Path, each: &dyn Fn(&Path) -> bool| {
        fs::read_dir(folder)
            .is_ok_and(|mut entries| entries.all(|entry| entry.is_ok_and(|entry| each(&entry.path()))))
    };
    all(folder, &|path| {
        let is_report = ["restored.csv", "restored.parquet"].iter().any(|name| path.ends_with(name));
        match path.is_dir() {
            true => all(path, &|path| ours(path) && !path.is_dir()),
            false => ours(path) || is_report || path.file_name() == report.file_name(),
        }
    })
}

/// The files that a report in CSV lists; none if it cannot be read.
fn listed(report: &Path) -> Vec<PathBuf> {
    let Ok(mut reader) = csv::Reader::from_path(report) else { return Vec::new() };
    let column = reader.headers().ok().and_then(|header| header.iter().position(|name| name == Names::FILE));
    let Some(column) = column else { return Vec::new() };
    reader.records().flatten().filter_map(|record| Some(record.get(column)?.into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_distinguished_from_files() {
        for (name, folder) in
            [("a", true), ("a.npz", false), ("a.NPZ", false), ("photos.v2", true), ("b/..", true)]
        {
            assert_eq!(is_folder(Path::new(name)).unwrap(), folder, "{name}");
        }
        for name in ["a.csv", "a.PNG", "a.parquet"] {
            assert!(is_folder(Path::new(name)).unwrap_err().to_string().contains("ends in .npz"), "{name}");
        }
    }

    #[test]
    fn only_what_is_ours_can_be_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let put = |name: &str| {
            fs::create_dir_all(path.join(name).parent().unwrap()).unwrap();
            fs::write(path.join(name), "").unwrap();
        };
        let ours = || holds_only_images(path, Path::new("elsewhere/r.csv"));
        ["000000.png", "a/000001.png", "restored.csv"].into_iter().for_each(put);
        assert!(ours());
        for name in ["IMG_1.png", "1.png", "a/b/000001.png", "notes.txt", "a/000001.jpg"] {
            put(name);
            assert!(!ours(), "{name}");
            fs::remove_file(path.join(name)).unwrap();
            let _ = fs::remove_dir(path.join("a/b"));
        }
        assert!(ours());
        put("a/IMG_1.jpg");
        assert!(!ours());
        fs::write(path.join("restored.csv"), "index,file,verdict\n0,a/IMG_1.jpg,restored\n").unwrap();
        assert!(ours());
        put("a/IMG_2.jpg");
        assert!(!ours());
        let data = |name: &str| path.join(name).display().to_string();
        assert!(holds_data(path, &data("a")) && holds_data(&path.join("a"), &format!("{}[..5]", data("a"))));
        assert!(!holds_data(&path.join("a"), &data("")) && !holds_data(&path.join("gone"), &data("a")));
    }
}
