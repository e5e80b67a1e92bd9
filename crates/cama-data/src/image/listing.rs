//! What is in a folder of images: sub-folders, images, and files that may be meant to be some.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::Path;

use crate::{Error, Result};

/// Names of files or folders.
pub(super) type Names = Vec<Box<OsStr>>;

/// Endings of the formats that are read.
const ENDINGS: [&str; 7] = ["png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff"];

/// Endings of pictures that are not read: they are told, where other files are passed over in silence.
const OTHERS: [&str; 14] =
    ["heic", "heif", "avif", "gif", "jp2", "dcm", "svg", "psd", "raw", "dng", "cr2", "nef", "arw", "ico"];

/// Endings of files that may hold the labels of pictures: they are told, as they are not read.
const TABLES: [&str; 5] = ["csv", "tsv", "xlsx", "json", "parquet"];

/// Folders that other programs leave behind.
const LEFT_BEHIND: [&str; 3] = ["__MACOSX", "@eaDir", "$RECYCLE.BIN"];

/// Whether a file is an image by its name.
pub(super) fn is_image(path: &Path) -> bool {
    ends_in(path, &ENDINGS)
}

/// Whether a file is an image by its name, of a format that is not read.
pub(super) fn is_other_image(path: &Path) -> bool {
    ends_in(path, &OTHERS)
}

/// Whether a file is a picture by its first bytes: of a format that is read, or DICOM.
fn is_picture(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(132).read_to_end(&mut start));
    read.is_ok() && (image::guess_format(&start).is_ok() || start.ends_with(b"DICM"))
}

fn ends_in(path: &Path, endings: &[&str]) -> bool {
    path.extension()
        .is_some_and(|extension| endings.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

/// What is in a folder, the hidden left out.
pub(super) struct Children {
    /// The names of the sub-folders and of the images, sorted.
    pub(super) folders: Names,
    pub(super) images: Names,
    /// Pictures that cannot be read: how many and the first, in words.
    pub(super) other: Option<String>,
    /// A file that may hold their labels.
    pub(super) table: Option<Box<OsStr>>,
}

/// Two notes as one.
pub(super) fn joined(one: String, other: String) -> String {
    format!("{one}; {other}")
}

/// Looks what is in a folder.
pub(super) fn children(folder: &Path) -> Result<Children> {
    let entries = fs::read_dir(folder).map_err(Error::io("read", folder))?;
    let (mut folders, mut images, mut others) = (Names::new(), Names::new(), Names::new());
    let mut tables = Names::new();
    for entry in entries {
        let name = entry.map_err(Error::io("read", folder))?.file_name();
        if name.as_encoded_bytes().starts_with(b".") || LEFT_BEHIND.iter().any(|left| name == *left) {
            continue;
        }
        let path = Path::new(&name);
        match folder.join(&name).is_dir() {
            true => folders.push(name.into_boxed_os_str()),
            false if is_image(path) => images.push(name.into_boxed_os_str()),
            false if path.extension().is_none() && is_picture(&folder.join(path)) => {
                others.push(name.into_boxed_os_str());
            }
            false if ends_in(path, &OTHERS) => others.push(name.into_boxed_os_str()),
            // The report that `cama restore` writes beside its images.
            false if path.file_stem().is_some_and(|stem| stem == "restored") => {}
            false if ends_in(path, &TABLES) => tables.push(name.into_boxed_os_str()),
            false => {}
        }
    }
    [&mut folders, &mut images, &mut others, &mut tables].into_iter().for_each(|names| names.sort_unstable());
    let other = others.first().map(|first| {
        let first = folder.join(&**first);
        let why = match first.extension() {
            Some(_) => "",
            None => ", as its name has no ending",
        };
        match others.len() {
            1 => format!("{} is of a format that is not read{why}", first.display()),
            n => format!("{n} files of formats that are not read, as {}{why}", first.display()),
        }
    });
    Ok(Children { folders, images, other, table: tables.into_iter().next() })
}
