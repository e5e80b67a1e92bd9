//! Dates, which are neither numbers nor categories.

/// Whether a text is a date: `2026-11-29`, `29.11.2026`, `11/29/26`, each perhaps with a time behind it.
pub(super) fn is_date(text: &str) -> bool {
    let date = text.trim().split(['T', ' ']).next().unwrap_or_default();
    let Some(mark) = date.chars().find(|c| !c.is_ascii_digit()).filter(|c| "-./".contains(*c)) else {
        return false;
    };
    let parts: Vec<&str> = date.split(mark).collect();
    let [a, b, c] = parts[..] else { return false };
    let number = |part: &str| part.parse::<u32>().ok().filter(|_| part.bytes().all(|b| b.is_ascii_digit()));
    let (Some(first), Some(second), Some(third)) = (number(a), number(b), number(c)) else { return false };
    let day_and_month = |one: u32, other: u32| {
        (1..=31).contains(&one) && (1..=31).contains(&other) && (one <= 12 || other <= 12)
    };
    match (a.len(), c.len()) {
        (4, 1 | 2) => day_and_month(second, third),
        (1 | 2, 2 | 4) => day_and_month(first, second),
        _ => false,
    }
}

/// Whether a number is a date, such as `20261129`.
pub(super) fn is_compact_date(number: f64) -> bool {
    if !((19_000_101.0..21_000_000.0).contains(&number) && number.fract() == 0.0) {
        return false;
    }
    let number = number as u32;
    (1..=12).contains(&(number / 100 % 100)) && (1..=31).contains(&(number % 100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_known_by_their_parts() {
        for date in
            ["2026-11-29", "29.11.2026", "11/29/26", "1/2/2026", "2026-11-29T10:00:00", "2026/1/2 10:00"]
        {
            assert!(is_date(date), "{date}");
        }
        for other in [
            "2026",
            "1.5",
            "1.2.3",
            "10-20",
            "2026-13-32",
            "32.13.2026",
            "a-b-c",
            "192.168.0.1",
            "12-34-5678",
            "",
        ] {
            assert!(!is_date(other), "{other}");
        }
        assert!(
            is_compact_date(20_261_129.0) && !is_compact_date(20_261_329.0) && !is_compact_date(20_261_129.5)
        );
    }
}
