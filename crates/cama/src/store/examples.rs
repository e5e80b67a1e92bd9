//! The clean examples of a model folder as bytes.
//!
//! `cama-examples\n`; the numbers of examples and of values each (4 bytes each, little-endian, as all that follows); one byte for
//! how values are written, one for whether some are filled in; the class of each example (4 bytes); the values, as bytes that
//! are 255ths or as 32-bit floats; and, where some are filled in, a byte for each value, 1 where it was observed.

use crate::data::KeptExamples;

const MAGIC: &[u8] = b"cama-examples\n";

/// The pixels of most images.
const AS_BYTES: u8 = 0;
const AS_FLOATS: u8 = 1;

pub(super) fn to_bytes(examples: &KeptExamples) -> Vec<u8> {
    let KeptExamples { values, known, labels } = examples;
    let as_bytes = values.iter().all(|value| byte(*value).is_some());
    let mut bytes = MAGIC.to_vec();
    for number in [examples.len(), examples.width()] {
        bytes.extend((number as u32).to_le_bytes());
    }
    bytes.extend([if as_bytes { AS_BYTES } else { AS_FLOATS }, u8::from(!known.is_empty())]);
    labels.iter().for_each(|label| bytes.extend((*label as u32).to_le_bytes()));
    match as_bytes {
        true => bytes.extend(values.iter().filter_map(|value| byte(*value))),
        false => values.iter().for_each(|value| bytes.extend(value.to_le_bytes())),
    }
    bytes.extend(known.iter().map(|known| u8::from(*known)));
    bytes
}

/// The examples; nothing if the bytes are not those of examples.
pub(super) fn of_bytes(bytes: &[u8]) -> Option<KeptExamples> {
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let mut take = |length: usize| {
        let (taken, after) = rest.split_at_checked(length)?;
        rest = after;
        Some(taken)
    };
    let words = |bytes: &[u8]| {
        bytes.chunks_exact(4).map(|word| word.try_into().map(u32::from_le_bytes).ok()).collect()
    };
    let sizes: Option<Vec<u32>> = words(take(8)?);
    let [n, width] = sizes?.try_into().ok()?;
    let (n, total) = (n as usize, (n as usize).checked_mul(width as usize)?);
    let [written, filled_in] = take(2)?.try_into().ok()?;
    let labels: Option<Vec<u32>> = words(take(n.checked_mul(4)?)?);
    let values = match written {
        AS_BYTES => take(total)?.iter().map(|byte| f32::from(*byte) / 255.0).collect(),
        AS_FLOATS => {
            let floats: Option<Vec<u32>> = words(take(total.checked_mul(4)?)?);
            floats?.into_iter().map(f32::from_bits).collect()
        }
        _ => return None,
    };
    let known = match filled_in {
        0 => Vec::new(),
        1 => take(total)?.iter().map(|known| *known == 1).collect(),
        _ => return None,
    };
    let labels = labels?.into_iter().map(|label| label as usize).collect();
    rest.is_empty().then_some(KeptExamples { values, known, labels })
}

/// The byte of which a value is so many 255ths, exactly.
fn byte(value: f32) -> Option<u8> {
    let byte = (value * 255.0).round() as u8;
    (f32::from(byte) / 255.0 == value).then_some(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples(values: Vec<f32>, known: Vec<bool>) -> KeptExamples {
        KeptExamples { values, known, labels: vec![2, 0] }
    }

    #[test]
    fn bytes_hold_the_same_examples() {
        let pixels = examples((0..=255u8).map(|byte| f32::from(byte) / 255.0).collect(), Vec::new());
        assert_eq!(to_bytes(&pixels).len(), MAGIC.len() + 10 + 8 + 256);
        let numbers = examples(vec![-1.5, 0.1, 1e30, 7.0], Vec::new());
        let incomplete = examples(vec![0.0, 0.3, 1.0, 1.0], vec![true, false, true, true]);
        let none = KeptExamples { values: Vec::new(), known: Vec::new(), labels: Vec::new() };
        for kept in [pixels, numbers, incomplete, none] {
            let bytes = to_bytes(&kept);
            assert_eq!(of_bytes(&bytes), Some(kept));
            assert_eq!(of_bytes(&bytes[..bytes.len() - 1]), None);
            assert_eq!(of_bytes(&[&bytes[..], b"x"].concat()), None);
        }
        // More than any memory, of which nothing is there.
        let huge = [MAGIC, &[255; 8], &[1, 0]].concat();
        assert_eq!(of_bytes(&huge), None);
    }
}
