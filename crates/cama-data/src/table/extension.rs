//! What a table is, by the ending of its file's name.

use std::path::Path;

use super::bytes::STANDARD_INPUT;

/// The extensions that tell a table.
const EXTENSIONS: [&str; 3] = ["csv", "tsv", "parquet"];

/// Extensions that compressed text has besides its own.
const COMPRESSED: [&str; 2] = ["gz", "zst"];

/// The extension that tells a table: of compressed text its own; of standard input, that of CSV.
pub(super) fn extension(path: &Path) -> Option<&'static str> {
    if path.as_os_str() == STANDARD_INPUT {
        return Some("csv");
    }
    let extension = path.extension()?;
    if COMPRESSED.iter().any(|known| extension.eq_ignore_ascii_case(known)) {
        let inner = Path::new(path.file_stem()?).extension()?;
        return ["csv", "tsv"].into_iter().find(|known| inner.eq_ignore_ascii_case(known));
    }
    EXTENSIONS.into_iter().find(|known| extension.eq_ignore_ascii_case(known))
}
