//! Telling a damaged file from one that the operating system will not give.

use std::io::ErrorKind;
use std::path::Path;

use crate::Error;

/// The error for reading `path` at `place` (`byte 4`): what a decoder says of the content is about the data,
/// what the operating system says is about the file.
pub(super) fn error(path: &Path, place: impl std::fmt::Display, source: std::io::Error) -> Error {
    let problem = match source.kind() {
        ErrorKind::UnexpectedEof => format!("truncated: ends near {place}"),
        _ if source.raw_os_error().is_some() => return Error::io("read", path)(source),
        _ => format!("damaged near {place} ({source})"),
    };
    Error::data(path, problem, "fetch or make the file again")
}
