//! Numbers that are computed in 32 bits, written with the digits that mean something.

use std::fmt::{Display, LowerExp};

use super::schema::Cell;

/// A number with the fewest digits that are read back as the same: `value`, which is `size` large.
pub(super) fn text(size: f64, value: impl Display + LowerExp) -> String {
    let size = size.abs();
    match size == 0.0 || (1e-5..1e16).contains(&size) || !size.is_finite() {
        true => format!("{value}"),
        false => format!("{value:e}"),
    }
}

/// A number for messages, to four digits.
pub(super) fn short(value: f64) -> String {
    match format!("{value:.3e}").parse::<f64>() {
        Ok(rounded) if value.is_finite() => text(rounded, rounded),
        _ => value.to_string(),
    }
}

/// A cell as text.
pub(super) fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Number(number) => text(*number, *number),
        Cell::Name(name) => name.clone(),
    }
}

/// `value` to the last decimal that is not below `resolution`.
pub(super) fn rounded(value: f64, resolution: f64) -> f64 {
    let decimals = -resolution.log10().ceil();
    if !value.is_finite() || !decimals.is_finite() {
        return value;
    }
    match decimals > 0.0 {
        true => format!("{value:.*}", decimals.min(340.0) as usize).parse().unwrap_or(value),
        false => value.round(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_mean_something() {
        assert_eq!(rounded(37.100_000_381, 1e-6), 37.1);
        assert_eq!(rounded(37.123_456_789, 2e-3), 37.12);
        assert_eq!(rounded(-1.5, 3.0), -2.0);
        assert_eq!(rounded(1_234_567.8, 500.0), 1_234_568.0);
        assert_eq!(rounded(1e-300, 1e-310), 1e-300);
        assert_eq!(rounded(2.5, 0.0), 2.5);
        assert!(rounded(f64::INFINITY, 1.0).is_infinite());
    }

    #[test]
    fn messages_have_four_digits() {
        let shown =
            [0.466_730_620_141, 149.607, -0.39999999999999997, 37.1, 0.0, 1.5e-9, 20_261_112.1].map(short);
        assert_eq!(shown, ["0.4667", "149.6", "-0.4", "37.1", "0", "1.5e-9", "20260000"]);
        assert_eq!(short(f64::NAN), "NaN");
    }

    #[test]
    fn texts_are_short_and_read_back_as_the_same_number() {
        for (number, wanted) in [
            (37.0, "37"),
            (0.1, "0.1"),
            (-0.0, "-0"),
            (1e-7, "1e-7"),
            (-2.5e20, "-2.5e20"),
            (123_456.75, "123456.75"),
            (f64::NAN, "NaN"),
        ] {
            let found = text(number, number);
            assert_eq!(found, wanted);
            assert_eq!(found.parse::<f64>().unwrap().to_bits(), number.to_bits());
        }
        assert_eq!(text(f64::from(0.1f32), 0.1f32), "0.1");
    }
}
