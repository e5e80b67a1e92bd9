//! NPY, one NumPy array: a magic number, a header in Python's syntax, then the elements.
//!
//! Format: NumPy Enhancement Proposal 1, <https://numpy.org/neps/nep-0001-npy-format.html>.

use std::io::{BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use npyz::{DType, Deserialize, NpyFile, NpyHeader, Order, TypeChar};

use crate::damage;
use crate::{Error, Result};

/// An array whose header has been read and whose elements have not.
pub(super) struct Npy<'a> {
    path: PathBuf,
    /// What the array is in messages: `array x`.
    what: String,
    header: NpyHeader,
    shape: Vec<usize>,
    /// Whether its elements are floats of 16 bits, which are read as their bits: see [`half`](crate::half::half).
    is_half: bool,
    reader: &'a mut dyn Read,
}

/// What an array is in messages.
pub(super) struct Described {
    path: PathBuf,
    what: String,
}

impl Described {
    /// An error about this array.
    pub(super) fn error(&self, problem: impl std::fmt::Display, remedy: &str) -> Error {
        Error::data(&self.path, format!("{} {problem}", self.what), remedy)
    }
}

impl<'a> Npy<'a> {
    /// Reads the header; `path` and `what` (`array x`) are for messages.
    pub(super) fn new(path: &Path, what: &str, reader: &'a mut dyn Read) -> Result<Self> {
        let (header, is_half) = header(path, what, reader)?;
        let shape: Option<Vec<usize>> = header.shape().iter().map(|n| usize::try_from(*n).ok()).collect();
        let shape = shape.ok_or_else(|| {
            Error::data(path, format!("{what} has the impossible shape {:?}", header.shape()), AGAIN)
        })?;
        Ok(Npy { path: path.to_path_buf(), what: what.to_string(), header, shape, is_half, reader })
    }

    /// The sizes of the axes.
    pub(super) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Kind and bytes of an element, or `None` if it is a record or another compound.
    pub(super) fn element(&self) -> Option<(TypeChar, u64)> {
        match self.header.dtype() {
            DType::Plain(plain) if self.is_half => Some((TypeChar::Float, plain.size_field())),
            DType::Plain(plain) => Some((plain.type_char(), plain.size_field())),
            _ => None,
        }
    }

    /// What it is in messages, where the array itself is used up.
    pub(super) fn describe(&self) -> Described {
        Described { path: self.path.clone(), what: self.what.clone() }
    }

    /// Elements that were handed over as they are stored, last axis fastest.
    pub(super) fn in_c_order<T: Clone>(&self, stored: &[T]) -> Vec<T> {
        if self.last_axis_fastest() { stored.to_vec() } else { reordered(stored, &self.shape) }
    }

    /// The type of its elements as NumPy writes it.
    pub(super) fn type_name(&self) -> String {
        let name = self.header.dtype().descr();
        if self.is_half { name.replace('u', "f") } else { name }
    }

    /// An error about this array.
    pub(super) fn error(&self, problem: impl std::fmt::Display, remedy: &str) -> Error {
        Error::data(&self.path, format!("{} {problem}", self.what), remedy)
    }

    /// An error about the type of its elements.
    pub(super) fn wrong_type(&self, allowed: &str) -> Error {
        self.error(format!("has elements of type {}", self.header.dtype().descr()), allowed)
    }

    /// Whether the elements are stored with the last axis fastest, as C has them and not Fortran.
    pub(super) fn last_axis_fastest(&self) -> bool {
        self.header.order() == Order::C
    }

    /// The elements, last axis fastest. They can be read once.
    pub(super) fn elements<T: Deserialize + Clone>(&mut self) -> Result<Vec<T>> {
        // Grows with what is there: the header may promise more than there is memory.
        let mut stored = Vec::with_capacity(self.header.len().min(1 << 20) as usize);
        self.each(|element| {
            stored.push(element);
            ControlFlow::Continue(())
        })?;
        Ok(if self.last_axis_fastest() { stored } else { reordered(&stored, &self.shape) })
    }

    /// Hands over the elements as they are stored; `each` can end it, and then what comes behind is not looked at. They
    /// can be read once.
    pub(super) fn each<T: Deserialize>(&mut self, mut each: impl FnMut(T) -> ControlFlow<()>) -> Result<()> {
        let Npy { path, what, header, reader, .. } = self;
        let failed = |at: usize, error| damage::error(path, format!("element {at} of {what}"), error);
        let mut reader = BufReader::with_capacity(1 << 16, reader);
        let elements = NpyFile::with_header(header.clone(), &mut reader)
            .data::<T>()
            .map_err(|error| Error::data(&path, format!("{what}: {error}"), AGAIN))?;
        let mut read = 0;
        for element in elements {
            if each(element.map_err(|error| failed(read, error))?).is_break() {
                return Ok(());
            }
            read += 1;
        }
        // The checksum of an array in an archive is compared when its end is seen.
        match reader.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(Error::data(&path, format!("{what} goes on after its last element"), AGAIN)),
            Err(error) => Err(failed(read, error)),
        }
    }
}

const AGAIN: &str = "save the array again with numpy";

/// Parses a header after looking at it with suspicion: the parser multiplies the axes unchecked and follows
/// brackets to any depth, so a damaged or hostile header could end the program instead of being an error.
///
/// Says also whether elements are floats of 16 bits: the parser's own are another crate's, so it is told that they are
/// unsigned integers.
fn header(path: &Path, what: &str, reader: &mut dyn Read) -> Result<(NpyHeader, bool)> {
    let bad = |problem: &str| Error::data(path, format!("{what}: {problem}"), AGAIN);
    let failed = |error| damage::error(path, format!("the header of {what}"), error);
    let mut bytes = vec![0; 10];
    reader.read_exact(&mut bytes).map_err(failed)?;
    if !bytes.starts_with(b"\x93NUMPY") {
        return Err(bad("not in NumPy's NPY format"));
    }
    let mut length = u64::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    // From version 2 on, the length has four bytes.
    if bytes[6] > 1 {
        let mut high = [0; 2];
        reader.read_exact(&mut high).map_err(failed)?;
        bytes.extend(high);
        length |= u64::from(u16::from_le_bytes(high)) << 16;
    }
    // The parser reserves all that is promised; NumPy's own headers have a hundred bytes.
    if length > 1 << 16 {
        return Err(bad("its header is not that of an array of numbers"));
    }
    let start = bytes.len();
    reader.take(length).read_to_end(&mut bytes).map_err(failed)?;
    let text = &bytes[start..];
    let brackets = text.iter().filter(|byte| b"([{".contains(byte)).count();
    let numbers = text.split(|byte| !byte.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let product = numbers.into_iter().try_fold(1u64, |product, digits| {
        let number: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
        product.checked_mul(number.max(1))
    });
    if !text.is_ascii() || brackets > 32 || product.is_none() {
        return Err(bad("its header is not that of an array of numbers"));
    }
    let half = bytes[start..]
        .windows(3)
        .position(|three| [b"<f2", b">f2", b"=f2"].contains(&three.try_into().unwrap_or(b"...")));
    if let Some(at) = half {
        bytes[start + at + 1] = b'u';
    }
    Ok((NpyHeader::from_reader(&bytes[..]).map_err(failed)?, half.is_some()))
}

/// Reorders elements that are stored with the first axis fastest.
fn reordered<T: Clone>(stored: &[T], shape: &[usize]) -> Vec<T> {
    let mut index = vec![0; shape.len()];
    let mut elements = Vec::with_capacity(stored.len());
    for _ in 0..stored.len() {
        let at = index.iter().zip(shape).rev().fold(0, |at, (i, size)| at * size + i);
        elements.push(stored[at].clone());
        for (i, size) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < *size {
                break;
            }
            *i = 0;
        }
    }
    elements
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::half::half;

    /// An array as NumPy would save it.
    fn npy(header: &str, elements: &[u8]) -> Vec<u8> {
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend((header.len() as u16).to_le_bytes());
        file.extend(header.as_bytes());
        file.extend(elements);
        file
    }

    fn read<T: Deserialize + Clone>(mut file: &[u8]) -> Result<Vec<T>> {
        Npy::new(Path::new("a.npy"), "the array", &mut file)?.elements()
    }

    #[test]
    fn both_orders_and_byte_orders_are_read() {
        let c = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }\n";
        let fortran = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }\n";
        assert_eq!(read::<u8>(&npy(c, &[1, 2, 3, 4, 5, 6])).unwrap(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(read::<u8>(&npy(fortran, &[1, 4, 2, 5, 3, 6])).unwrap(), [1, 2, 3, 4, 5, 6]);
        let big = "{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }\n";
        assert_eq!(read::<i16>(&npy(big, &[1, 0, 255, 255])).unwrap(), [256, -1]);
    }

    #[test]
    fn floats_of_16_bits_are_known_numbers() {
        for (bits, number) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333251953125),
            (0x7bff, 65504.0),
            (0x0001, 5.960464477539063e-8),
            (0x7c00, f64::INFINITY),
            (0x8000, 0.0),
        ] {
            assert_eq!(half(bits), number, "{bits:x}");
        }
        assert!(half(0x7e00).is_nan());
        let file = npy("{'descr': '<f2', 'fortran_order': False, 'shape': (2,), }\n", &[0, 0x3c, 0, 0x40]);
        let mut reader = &file[..];
        let mut array = Npy::new(Path::new("a.npy"), "the array", &mut reader).unwrap();
        assert_eq!((array.element(), array.type_name().contains("f2")), (Some((TypeChar::Float, 2)), true));
        assert_eq!(array.elements::<u16>().unwrap().into_iter().map(half).collect::<Vec<_>>(), [1.0, 2.0]);
    }

    #[test]
    fn damage_is_an_error_with_the_place() {
        let message = |file: &[u8]| read::<u8>(file).unwrap_err().to_string();
        let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }\n";
        let good = npy(header, &[0; 6]);
        assert!(message(&good[..good.len() - 1]).contains("truncated: ends near element 5 of the array"));
        assert!(message(&good[..30]).contains("header of the array"), "{}", message(&good[..30]));
        assert!(message(&good[..4]).contains("truncated: ends near the header of the array"));
        assert!(message(&[&good[..], &[0]].concat()).contains("goes on after its last element"));
        assert!(message(b"PK and so forth").contains("not in NumPy's NPY format"));
        for bad in [
            "{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296, 9), }",
            "{'descr': '\u{e9}', 'fortran_order': False, 'shape': (2,), }",
            &"(".repeat(60_000),
        ] {
            assert!(message(&npy(bad, &[])).contains("not that of an array of numbers"));
        }
        // Version 2, whose four bytes promise a header of four gigabytes.
        let mut long = npy(header, &[0; 6]);
        long[6] = 2;
        long[8..12].fill(255);
        assert!(message(&long).contains("not that of an array of numbers"));
        let huge = "{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 1000), }";
        assert!(message(&npy(huge, &[0; 3])).contains("truncated: ends near element 3"));
    }

    proptest! {
        #[test]
        fn arbitrary_headers_never_panic(header in "[{}()\\[\\]',: <>|a-z0-9\\-.]{0,80}", version in 1u8..5) {
            let mut file = npy(&header, &[0; 8]);
            file[6] = version;
            let _ = read::<u8>(&file);
        }

        #[test]
        fn damaged_headers_never_panic(at in 0usize..70, byte: u8) {
            let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }\n";
            let mut file = npy(header, &[0; 6]);
            let at = at % file.len();
            file[at] = byte;
            let _ = read::<u8>(&file);
        }
    }
}
