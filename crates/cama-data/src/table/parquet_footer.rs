//! Refuses schemas with which Parquet's decoder would end the program; `catch_unwind` does not catch these.
//!
//! The decoder reports other damage as errors, but (version 60.1) it follows groups within groups with the stack, which
//! 2000 levels overflow without optimisation, and reserves memory for as many fields as a group says it has: for 2³¹,
//! in a file of 42 bytes, 16 GiB.
//!
//! The footer is a `FileMetaData` in Thrift's compact protocol: first the version, then the schema's elements depth
//! first, whose field 5 says how many children they have (Apache Parquet format, `parquet.thrift`). What is behind the
//! schema is left to the decoder, which reads no second one.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// More levels of groups within groups than any table has.
const MOST_LEVELS: usize = 64;

/// Types of fields.
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// What is wrong with the schema, in words, if anything; what is no footer at all is left to the decoder.
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
    Ok(match (Compact { bytes: &footer }).schema() {
        None => Some("its footer does not begin with a schema".to_string()),
        Some(children) => nesting(&children),
    })
}

/// What is wrong with these numbers of children, depth first.
fn nesting(children: &[u64]) -> Option<String> {
    // How many elements each open group still waits for.
    let mut open: Vec<u64> = Vec::new();
    for &count in children {
        if let Some(waiting) = open.last_mut() {
            *waiting -= 1;
        }
        if count > children.len() as u64 {
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

/// Thrift's compact protocol, as much of it as schemas have; everything is `None` where the bytes end or are something
/// else.
struct Compact<'a> {
    bytes: &'a [u8],
}

impl Compact<'_> {
    /// How many children each element of the schema has.
    fn schema(&mut self) -> Option<Vec<u64>> {
        // The version and the schema, each with a number that is one more than that of the field before it.
        self.byte().filter(|head| matches!(head, 0x14..=0x16))?;
        self.number()?;
        self.byte().filter(|head| *head == 0x10 | LIST)?;
        let head = self.byte().filter(|head| head & 0x0f == STRUCT)?;
        let size = if head >> 4 == 15 { self.number()? } else { u64::from(head >> 4) };
        (0..size).map(|_| self.element()).collect()
    }

    fn element(&mut self) -> Option<u64> {
        let mut children = 0;
        self.fields(|reader, id, kind| match (id, kind) {
            (5, 4..=6) => {
                let zigzag = reader.number()?;
                children = zigzag / 2;
                (zigzag % 2 == 0).then_some(())
            }
            (4, BINARY) | (1..=3 | 6..=9, 4..=6) | (10, STRUCT) => reader.skip(kind, MOST_LEVELS),
            // The decoder reads the fields that it knows as what they should be, whatever type they give.
            (1..=10, _) => None,
            _ => reader.skip(kind, MOST_LEVELS),
        })?;
        Some(children)
    }

    /// Hands over every field of a struct with its number and type, to be read or skipped.
    fn fields(&mut self, mut each: impl FnMut(&mut Self, i16, u8) -> Option<()>) -> Option<()> {
        let mut id = 0i16;
        loop {
            let head = self.byte()?;
            if head & 0x0f == 0 {
                return Some(());
            }
            // Numbers that are not behind the one before, no writer has.
            id = id.checked_add(i16::from(head >> 4)).filter(|_| head >> 4 > 0)?;
            each(self, id, head & 0x0f)?;
        }
    }

    /// Goes past the value of a field.
    fn skip(&mut self, kind: u8, levels: usize) -> Option<()> {
        let levels = levels.checked_sub(1)?;
        match kind {
            // Truth values are in their types.
            1 | 2 => Some(()),
            3 => self.advance(1),
            4..=6 => self.number().map(drop),
            7 => self.advance(8),
            BINARY => {
                let len = self.number()?;
                self.advance(len)
            }
            STRUCT => self.fields(|reader, _, kind| reader.skip(kind, levels)),
            _ => None,
        }
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

    /// A whole number, of the types 4 to 6; these write one that may be negative as 0, -1, 1, -2, …
    fn number(&mut self) -> Option<u64> {
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
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::parquet_file::ParquetFile;

    fn varint(mut n: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while n >= 0x80 {
            bytes.push(n as u8 | 0x80);
            n >>= 7;
        }
        bytes.push(n as u8);
        bytes
    }

    /// A footer whose schema says to have so many elements, and has these numbers of children.
    fn footer(said: usize, children: &[i32]) -> Vec<u8> {
        // version = 1, then the list: both one field on.
        let mut bytes = vec![0x15, 2, 0x19, 0xfc];
        bytes.extend(varint(said as u64));
        for &count in children {
            // type = INT32, repetition_type = REQUIRED, name = x, num_children.
            bytes.extend([0x15, 2, 0x25, 0, 0x18, 1, b'x', 0x15]);
            bytes.extend(varint(((count << 1) ^ (count >> 31)) as u32 as u64));
            bytes.push(0);
        }
        // num_rows = 0, no row groups.
        bytes.extend([0x16, 0, 0x19, 0x0c, 0]);
        bytes
    }

    /// What is said of a file with this footer; nothing if it can be read.
    fn opened(path: &Path, footer: &[u8]) -> Option<String> {
        let size = u32::try_from(footer.len()).unwrap().to_le_bytes();
        std::fs::write(path, [b"PAR1", footer, &size, b"PAR1"].concat()).unwrap();
        ParquetFile::open(path).err().map(|error| error.to_string())
    }

    #[test]
    fn schemas_that_would_end_the_program_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        let said = |children: &[i32]| opened(&path, &footer(children.len(), children));
        let deep = |levels| said(&[&vec![1; levels][..], &[0]].concat());
        assert_eq!(said(&[2, 0, 1, 0]), None);
        // Wide is not deep.
        assert_eq!(said(&[&[3000][..], &[0; 3000]].concat()), None);
        assert_eq!(deep(64), None);
        for levels in [65, 500_000] {
            let text = deep(levels).unwrap();
            assert!(
                text.contains("t.parquet: damaged (its schema has more than 64 levels); fetch"),
                "{text}"
            );
        }
        let text = said(&[i32::MAX, 0]).unwrap();
        assert!(text.contains("damaged (a group of its schema has 2147483647 fields); fetch"), "{text}");
        // A number of children that says to be a truth value, which takes no byte: the decoder does not mind.
        let mut disguised = footer(2, &[i32::MAX, 0]);
        let at = disguised.windows(2).position(|two| two == [b'x', 0x15]).unwrap() + 1;
        disguised[at] = 0x11;
        let text = opened(&path, &disguised).unwrap();
        assert!(text.contains("damaged (its footer does not begin with a schema); fetch"), "{text}");
    }

    #[test]
    fn other_damage_of_footers_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.parquet");
        let good = footer(2, &[1, 0]);
        assert_eq!(opened(&path, &good), None);
        let cut = (0..good.len()).map(|len| good[..len].to_vec());
        let lists = [0, 1, 3, 1 << 28, usize::MAX].map(|said| footer(said, &[1, 0]));
        let groups =
            [&[-1][..], &[1, -1], &[2, 0], &[1, 0, 0]].map(|children| footer(children.len(), children));
        for bad in cut.chain(lists).chain(groups) {
            let text = opened(&path, &bad).unwrap();
            assert!(text.contains("t.parquet: damaged (") && text.contains("); fetch"), "{bad:?}: {text}");
        }
    }
}
