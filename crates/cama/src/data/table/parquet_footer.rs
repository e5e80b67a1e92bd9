//! A look at a Parquet footer before it is decoded: the decoder follows the nesting of the columns with the stack,
//! and believes how many fields a group says to have.
//!
//! The footer is a `FileMetaData` in Thrift's compact protocol, whose field 2 lists the schema's elements depth
//! first; field 5 of an element says how many children it has (Apache Parquet format, `parquet.thrift`).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// More levels of groups within groups than any table has.
const MOST_LEVELS: usize = 64;

const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;

/// What is wrong with the footer's schema, in words, if anything; what is no footer at all is left to the decoder.
pub(super) fn problem(file: &mut File) -> std::io::Result<Option<String>> {
    let len = file.seek(SeekFrom::End(0))?;
    let mut tail = [0; 8];
    if len < 12 {
        return Ok(None);
    }
    file.seek(SeekFrom::End(-8))?;
    file.read_exact(&mut tail)?;
    let [a, b, c, d, magic @ ..] = tail;
    let size = u64::from(u32::from_le_bytes([a, b, c, d]));
    if magic != *b"PAR1" || size > len - 8 {
        return Ok(None);
    }
    let mut footer = Vec::new();
    file.seek(SeekFrom::Start(len - 8 - size))?;
    file.take(size).read_to_end(&mut footer)?;
    Ok(in_footer(&footer))
}

fn in_footer(footer: &[u8]) -> Option<String> {
    let mut reader = Compact { bytes: footer };
    let mut children = Vec::new();
    let walked = reader.fields(|reader, id, kind| {
        if id != 2 || kind != LIST {
            return reader.skip(kind, MOST_LEVELS);
        }
        let (size, element) = reader.list()?;
        if element != STRUCT {
            return None;
        }
        // A list that came before is not the one that counts.
        children.clear();
        for _ in 0..size {
            let mut count = 0;
            reader.fields(|reader, id, kind| match (id, kind) {
                (5, 4..=6) => {
                    count = reader.signed()?;
                    Some(())
                }
                _ => reader.skip(kind, MOST_LEVELS),
            })?;
            children.push(count);
        }
        Some(())
    });
    match walked {
        None => Some("its footer does not end where it says".to_string()),
        Some(()) => nesting(&children),
    }
}

/// What is wrong with these numbers of children, depth first.
fn nesting(children: &[i64]) -> Option<String> {
    // How many elements each open group still waits for.
    let mut open: Vec<i64> = Vec::new();
    for &count in children {
        if let Some(waiting) = open.last_mut() {
            *waiting -= 1;
        }
        if count < 0 || count as u64 > children.len() as u64 {
            return Some(format!("a group of its schema has {count} fields"));
        }
        open.push(count);
        while open.last() == Some(&0) {
            open.pop();
        }
        if open.len() > MOST_LEVELS {
            return Some(format!("its schema has more than {MOST_LEVELS} levels"));
        }
    }
    None
}

/// Thrift's compact protocol; everything is `None` where the bytes end early or cannot be.
struct Compact<'a> {
    bytes: &'a [u8],
}

impl Compact<'_> {
    /// Hands over every field of a struct with its number and type, to be read or skipped.
    fn fields(&mut self, mut each: impl FnMut(&mut Self, i64, u8) -> Option<()>) -> Option<()> {
        let mut id = 0i64;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            id = match head >> 4 {
                0 => self.signed()?,
                more => id.checked_add(i64::from(more))?,
            };
            each(self, id, head & 0x0f)?;
        }
    }

    /// How many elements a list has, and their type.
    fn list(&mut self) -> Option<(u64, u8)> {
        let head = self.byte()?;
        let size = if head >> 4 == 15 { self.unsigned()? } else { u64::from(head >> 4) };
        Some((size, head & 0x0f))
    }

    /// Goes past the value of a field.
    fn skip(&mut self, kind: u8, levels: usize) -> Option<()> {
        let levels = levels.checked_sub(1)?;
        match kind {
            // Truth values of fields are their types.
            1 | 2 => Some(()),
            3 => self.advance(1),
            4..=6 => self.unsigned().map(drop),
            7 => self.advance(8),
            BINARY => {
                let len = self.unsigned()?;
                self.advance(len)
            }
            LIST | SET => {
                let (size, element) = self.list()?;
                (0..size).try_for_each(|_| self.skip_element(element, levels))
            }
            MAP => {
                let size = self.unsigned()?;
                let kinds = if size > 0 { self.byte()? } else { 0 };
                (0..size).try_for_each(|_| {
                    self.skip_element(kinds >> 4, levels)?;
                    self.skip_element(kinds & 0x0f, levels)
                })
            }
            STRUCT => self.fields(|reader, _, kind| reader.skip(kind, levels)),
            _ => None,
        }
    }

    fn skip_element(&mut self, kind: u8, levels: usize) -> Option<()> {
        if matches!(kind, 1 | 2) { self.advance(1) } else { self.skip(kind, levels) }
    }

    fn advance(&mut self, n: u64) -> Option<()> {
        self.bytes = self.bytes.get(usize::try_from(n).ok()?..)?;
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.first()?;
        self.advance(1)?;
        Some(byte)
    }

    fn unsigned(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// A number in zigzag order: 0, -1, 1, -2, …
    fn signed(&mut self) -> Option<i64> {
        let number = self.unsigned()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A footer of nothing but these numbers of children.
    fn footer(children: &[i32]) -> Vec<u8> {
        let varint = |mut n: u64, out: &mut Vec<u8>| {
            while n >= 0x80 {
                out.push(n as u8 | 0x80);
                n >>= 7;
            }
            out.push(n as u8);
        };
        // version = 1, then the list: both one field on.
        let mut bytes = vec![0x15, 2, 0x19, 0xfc];
        varint(children.len() as u64, &mut bytes);
        for &count in children {
            // repetition_type = REQUIRED, name = x, num_children.
            bytes.extend([0x35, 0, 0x18, 1, b'x', 0x15]);
            varint(((count << 1) ^ (count >> 31)) as u32 as u64, &mut bytes);
            bytes.push(0);
        }
        // num_rows = 0, no row groups.
        bytes.extend([0x16, 0, 0x19, 0x0c, 0]);
        bytes
    }

    #[test]
    fn deep_schemas_and_impossible_groups_are_found() {
        assert_eq!(in_footer(&footer(&[2, 0, 1, 0])), None);
        assert_eq!(in_footer(&footer(&[])), None);
        let deep = |levels| in_footer(&footer(&[&vec![1; levels][..], &[0]].concat()));
        assert_eq!(deep(MOST_LEVELS), None);
        assert_eq!(deep(MOST_LEVELS + 1).unwrap(), "its schema has more than 64 levels");
        assert!(deep(1_000_000).is_some());
        // Wide is not deep.
        assert_eq!(in_footer(&footer(&[&[3000][..], &[0; 3000]].concat())), None);
        assert_eq!(
            in_footer(&footer(&[i32::MAX, 0])).unwrap(),
            "a group of its schema has 2147483647 fields"
        );
        assert_eq!(in_footer(&footer(&[-1])).unwrap(), "a group of its schema has -1 fields");
        let good = footer(&[1, 0]);
        for cut in 0..good.len() {
            assert!(in_footer(&good[..cut]).is_some(), "{cut}");
        }
    }

    #[test]
    fn deep_files_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        let footer = footer(&[&vec![1; 500_000][..], &[0]].concat());
        let size = u32::try_from(footer.len()).unwrap().to_le_bytes();
        std::fs::write(&path, [b"PAR1", &footer[..], &size, b"PAR1"].concat()).unwrap();
        let text = super::super::parquet_file::ParquetFile::open(&path).err().unwrap().to_string();
        assert!(text.contains("t.parquet: damaged (its schema has more than 64 levels); fetch"), "{text}");
    }
}
