//! Numbers of Parquet that are stored as something else: decimals, which are integers of a scale, and half floats.

use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::schema::types::ColumnDescriptor;

use crate::half::half;

/// How a number is stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stored {
    /// An integer, of so many decimals.
    Decimal(i32),
    /// A floating-point number of 16 bits.
    Half,
}

/// How the numbers of a column are stored; nothing if they are plain ones, or none.
pub(super) fn stored(column: &ColumnDescriptor) -> Option<Stored> {
    match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::Decimal(decimal)), _) => Some(Stored::Decimal(decimal.scale)),
        (None, ConvertedType::DECIMAL) => Some(Stored::Decimal(column.type_scale())),
        (Some(LogicalType::Float16), _) if column.physical_type() == Physical::FIXED_LEN_BYTE_ARRAY => {
            Some(Stored::Half)
        }
        _ => None,
    }
}

impl Stored {
    /// The number that an integer says.
    pub(super) fn of_integer(self, integer: i64) -> f64 {
        match self {
            Stored::Decimal(scale) => scaled(integer as f64, scale),
            Stored::Half => integer as f64,
        }
    }

    /// The number that bytes say; nothing if they are not as many as it takes.
    pub(super) fn of_bytes(self, bytes: &[u8]) -> Option<f64> {
        match self {
            Stored::Decimal(scale) => decimal(bytes).map(|integer| scaled(integer, scale)),
            Stored::Half => bytes.try_into().ok().map(|bytes| half(u16::from_le_bytes(bytes))),
        }
    }
}

/// Exact division: the quotient is the nearest number to the decimal, as its text would be.
fn scaled(integer: f64, scale: i32) -> f64 {
    match scale {
        0..=22 => integer / 10f64.powi(scale),
        // Ten to no other power is a number exactly.
        _ => format!("{integer:e}")
            .split_once('e')
            .and_then(|(digits, power)| {
                format!("{digits}e{}", i64::from(power.parse::<i32>().ok()?) - i64::from(scale)).parse().ok()
            })
            .unwrap_or(f64::NAN),
    }
}

/// An integer in two's complement, the first byte the highest; nothing of no bytes.
fn decimal(bytes: &[u8]) -> Option<f64> {
    let (first, rest) = bytes.split_first()?;
    if bytes.len() <= 16 {
        let start = i128::from(*first as i8);
        return Some(rest.iter().fold(start, |sum, byte| (sum << 8) | i128::from(*byte)) as f64);
    }
    Some(rest.iter().fold(f64::from(*first as i8), |sum, byte| sum * 256.0 + f64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_the_numbers_that_their_texts_are() {
        let two = Stored::Decimal(2);
        for (integer, number) in [(40, 0.4), (-1, -0.01), (123_456, 1234.56), (0, 0.0)] {
            assert_eq!(two.of_integer(integer), number);
            assert_eq!(two.of_bytes(&integer.to_be_bytes()), Some(number));
            assert_eq!(two.of_bytes(&i128::from(integer).to_be_bytes()), Some(number));
        }
        assert_eq!(two.of_bytes(&[0xff]), Some(-0.01));
        assert_eq!(two.of_bytes(&[&[0xff; 20][..], &[0x9c]].concat()), Some(-1.0));
        assert_eq!(two.of_bytes(&[]), None);
        assert_eq!(Stored::Decimal(30).of_integer(5), 5e-30);
        assert_eq!(Stored::Decimal(-3).of_integer(5), 5e3);
    }

    #[test]
    fn halves_are_two_bytes_the_lower_first() {
        assert_eq!(Stored::Half.of_bytes(&[0x00, 0x3c]), Some(1.0));
        assert_eq!(Stored::Half.of_bytes(&[0]), None);
    }
}
