//! The bytes of a table that is text: of a file or of standard input, as they are or compressed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::{Arc, Mutex};

use encoding_rs_io::DecodeReaderBytes;
use flate2::bufread::MultiGzDecoder;

use crate::damage;
use crate::{Error, Result};

/// What standard input is written as in a specification.
pub(super) const STANDARD_INPUT: &str = "-";

/// Bytes that are read at a time.
const BUFFER: usize = 1 << 16;

/// Compressions by the bytes that they begin with; those that are not read by their names.
const GZIP: &[u8] = b"\x1f\x8b";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
const OTHERS: [(&[u8], &str); 9] = [
    (b"\xfd7zXZ", "is compressed with xz"),
    (b"BZh", "is compressed with bzip2"),
    (b"PK\x03\x04", "is a ZIP archive, or an Excel workbook"),
    (b"PAR1", "is a Parquet file"),
    (b"<html", "is a page in HTML"),
    (b"<!DOCTYPE", "is a page in HTML"),
    (b"<?xml", "is XML"),
    (b"{\"", "is JSON"),
    (b"[{", "is JSON"),
];

/// How UTF-16 begins, in either order of its bytes, as Excel writes its `Unicode text`.
const UTF16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// Opens the text of a table, decompressed, whatever its name says.
pub(super) fn open(path: &Path) -> Result<Box<dyn BufRead + Send>> {
    if path.as_os_str() == STANDARD_INPUT {
        let spooled = Spooled::standard_input().map_err(Error::io("read", path))?;
        return decompressed(path, BufReader::with_capacity(BUFFER, spooled));
    }
    let file = File::open(path).map_err(Error::io("read", path))?;
    decompressed(path, BufReader::with_capacity(BUFFER, file))
}

fn decompressed(path: &Path, mut source: impl BufRead + Send + 'static) -> Result<Box<dyn BufRead + Send>> {
    let failed = |error| damage::error(path, "byte 0", error);
    let start = source.fill_buf().map_err(failed)?;
    if let Some((_, what)) = OTHERS.iter().find(|(magic, _)| start.starts_with(magic)) {
        let remedy =
            "give CSV, as it is or compressed by gzip or zstd, or Parquet in a file that ends in .parquet";
        return Err(Error::data(path, *what, remedy));
    }
    let mut text: Box<dyn BufRead + Send> = match () {
        () if start.starts_with(GZIP) => {
            Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(source)))
        }
        () if start.starts_with(ZSTD) => {
            let decoder = zstd::stream::read::Decoder::with_buffer(source).map_err(failed)?;
            Box::new(BufReader::with_capacity(BUFFER, decoder))
        }
        () => Box::new(source),
    };
    let start = text.fill_buf().map_err(failed)?;
    Ok(match UTF16.iter().any(|mark| start.starts_with(mark)) {
        true => Box::new(BufReader::with_capacity(BUFFER, DecodeReaderBytes::new(text))),
        false => text,
    })
}

/// What came through standard input, in a file without a name: tables are gone through more than once.
#[derive(Clone)]
struct Spooled {
    file: Arc<File>,
    at: u64,
}

impl Spooled {
    /// All of standard input, which is read when it is first asked for.
    fn standard_input() -> io::Result<Self> {
        static SPOOLED: Mutex<Option<Arc<File>>> = Mutex::new(None);
        let mut spooled = SPOOLED.lock().map_err(|_| io::Error::other("reading it has failed before"))?;
        let file = match &*spooled {
            Some(file) => file.clone(),
            None => {
                let mut file = tempfile::tempfile()?;
                io::copy(&mut io::stdin().lock(), &mut file)?;
                spooled.insert(Arc::new(file)).clone()
            }
        };
        Ok(Self { file, at: 0 })
    }
}

impl Read for Spooled {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Others read the same file from other places.
        #[cfg(unix)]
        let n = std::os::unix::fs::FileExt::read_at(&*self.file, buffer, self.at)?;
        #[cfg(windows)]
        let n = std::os::windows::fs::FileExt::seek_read(&*self.file, buffer, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::file::columns;
    use super::super::schema::Schema;
    use super::super::schema::tests::example_schema;

    const TABLE: &str = "c1,x3,x1,b1,x2,a1\n2,b,12,5,yes,1\n-1,a,7,6,no,-2\n";

    fn gzipped(text: &[u8]) -> Vec<u8> {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        out.write_all(text).unwrap();
        out.finish().unwrap()
    }

    #[test]
    fn compressed_tables_are_read_as_they_would_be_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path.to_str().unwrap().to_string()
        };
        let schema: Schema = example_schema();
        let expected = schema.read(&put("t.csv", TABLE.as_bytes()), false).unwrap().0;
        let (gzip, zstd) = (gzipped(TABLE.as_bytes()), zstd::encode_all(TABLE.as_bytes(), 3).unwrap());
        // Also in several members, as by `cat`, and under a name that does not say so.
        let members = [gzipped(&TABLE.as_bytes()[..20]), gzipped(&TABLE.as_bytes()[20..])].concat();
        for (name, bytes) in [
            ("a.csv.gz", &gzip),
            ("b.CSV.ZST", &zstd),
            ("c.csv.gz", &members),
            ("d.csv", &zstd),
            ("e.csv", &gzip),
        ] {
            let path = put(name, bytes);
            let (rows, _) = schema.read(&path, false).unwrap();
            assert_eq!(rows.values(), expected.values(), "{name}");
            let (rows, _) = schema.read(&format!("{path}[1..]"), false).unwrap();
            assert_eq!((rows.len(), rows.row_index(0)), (1, 1));
        }
        let wide = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            std::iter::once(0xfeff).chain(TABLE.encode_utf16()).flat_map(order).collect()
        };
        for (name, bytes) in [
            ("u.csv", wide(u16::to_le_bytes)),
            ("v.csv", wide(u16::to_be_bytes)),
            ("w.csv.gz", gzipped(&wide(u16::to_le_bytes))),
        ] {
            assert_eq!(
                schema.read(&put(name, &bytes), false).unwrap().0.values(),
                expected.values(),
                "{name}"
            );
        }
        let tabs = put("t.tsv.gz", &gzipped(TABLE.replace(',', "\t").as_bytes()));
        assert_eq!(columns(&tabs).unwrap().len(), 6);
        for (name, bytes, part) in [
            ("f.csv.gz", &gzip[..gzip.len() - 9], "truncated"),
            ("g.csv.zst", &zstd[..zstd.len() - 3], "f"),
            ("h.csv", b"PK\x03\x04...", "is a ZIP archive, or an Excel workbook; give CSV"),
            ("i.csv.xz", b"\xfd7zXZ...", "its extension is not that of a table"),
            ("i.csv", b"PAR1...", "is a Parquet file"),
            ("k.csv", b"[{\"x1\": 1}]", "is JSON; give CSV"),
        ] {
            let text = schema.read(&put(name, bytes), false).unwrap_err().to_string();
            assert!(text.contains(part), "{name}: {text}");
        }
        for at in 0..zstd.len() {
            for good in [&gzip, &zstd] {
                let mut bad = good.clone();
                bad[at.min(good.len() - 1)] ^= 0x41;
                // Damage is an error or goes unseen; it is no panic.
                let _ = schema.read(&put("j.csv.gz", &bad), false);
            }
        }
    }
}
