//! Text and numbers in figures: how wide they are, where they are broken, how they are written.

/// The letters of figures on screens; pictures have the bundled one.
pub(super) const FONTS: &str =
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', Helvetica, Arial, sans-serif";

/// What a text takes up, from above: its letters may be of any common font, and one of these is wider than this by a few
/// per cent at most.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let em = |letter: char| match letter {
        'i' | 'j' | 'l' | '|' | '\'' | '.' | ',' | ':' | ';' | '!' | 'I' | ' ' => 0.34,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '/' => 0.42,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '—' | '→' => 0.96,
        'A'..='Z' => 0.72,
        // Letters of East Asia, and pictures.
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' => 1.0,
        '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ff60}' | '\u{1f000}'.. => 1.1,
        _ => 0.62,
    };
    text.chars().map(em).sum::<f64>() * size
}

/// Breaks a text into at most `lines` lines that are at most `room` wide; what is left over becomes an ellipsis.
pub(super) fn wrap(text: &str, size: f64, room: f64, lines: usize) -> Vec<String> {
    let mut broken: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match broken.last_mut() {
            Some(line) if width(line, size) + width(" ", size) + width(word, size) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => broken.push(word.to_string()),
        }
    }
    let over = broken.len() > lines;
    broken.truncate(lines);
    if let (true, Some(last)) = (over, broken.last_mut()) {
        last.push('…');
    }
    broken.iter().map(|line| cut(line, size, room)).collect()
}

/// The text, with an ellipsis in place of what has no room.
pub(super) fn cut(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_string();
    }
    let mut kept = String::new();
    let mut taken = width("…", size);
    for letter in text.trim_end_matches('…').chars() {
        taken += width(letter.encode_utf8(&mut [0; 4]), size);
        if taken > room {
            break;
        }
        kept.push(letter);
    }
    format!("{}…", kept.trim_end())
}

/// The text without what no XML may hold: control characters become spaces.
pub(super) fn clean(text: &str) -> String {
    let allowed = |letter: char| match letter {
        '\n' | '\t' => letter,
        '\u{fffe}' | '\u{ffff}' => ' ',
        _ if letter.is_control() => ' ',
        _ => letter,
    };
    text.chars().map(allowed).collect()
}

/// A coordinate, to a tenth of a pixel.
pub(super) fn at(value: f64) -> String {
    // Adding 0 makes of -0 what it should be.
    format!("{}", (value * 10.0).round() / 10.0 + 0.0)
}

/// A number with so many decimals, and no minus before nothing.
pub(super) fn fixed(value: f64, decimals: usize) -> String {
    if value.abs() >= 1e7 {
        return format!("{value:e}");
    }
    let written = format!("{value:.decimals$}");
    match written.strip_prefix('-') {
        Some(rest) if rest.chars().all(|letter| matches!(letter, '0' | '.')) => rest.to_string(),
        _ => written,
    }
}

/// A number without what is only rounding, such as `0.3` of `0.30000000000000004`.
pub(super) fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let rounded: f64 = format!("{value:.8e}").parse().unwrap_or(value);
    match rounded.abs() {
        1e-5..1e7 => format!("{rounded}"),
        _ => format!("{rounded:e}"),
    }
}

/// A place on an axis, in per cent if its numbers are shares.
pub(super) fn place(value: f64, percent: bool) -> String {
    if percent { format!("{}%", short(value * 100.0)) } else { short(value) }
}

/// A text with a large letter at its beginning.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// The decimals with which numbers up to `largest` are written in tables: three for accuracies.
pub(super) fn decimals(largest: f64) -> usize {
    match largest.abs() {
        0.0 => 3,
        largest if largest <= 1.0 => (2.0 - largest.log10().floor()).clamp(3.0, 6.0) as usize,
        largest => (3.0 - largest.log10().floor()).clamp(0.0, 3.0) as usize,
    }
}

/// A time in words: `2 h 13 min`.
pub(super) fn duration(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round().max(0.0) as u64;
    match minutes {
        _ if seconds < 10.0 => format!("{seconds:.1} s"),
        _ if seconds < 120.0 => format!("{seconds:.0} s"),
        ..120 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_between_words_and_ends_where_the_room_ends() {
        assert_eq!(wrap("a few short words", 10.0, 50.0, 3), ["a few", "short", "words"]);
        assert_eq!(wrap("a few short words", 10.0, 1000.0, 3), ["a few short words"]);
        assert_eq!(wrap("a few short words", 10.0, 50.0, 2), ["a few", "short…"]);
        let long = wrap(&"x".repeat(500), 10.0, 60.0, 2);
        assert_eq!(long.len(), 1);
        assert!(long[0].ends_with('…') && width(&long[0], 10.0) <= 60.0);
        assert!(wrap("", 10.0, 60.0, 2).is_empty());
    }

    #[test]
    fn numbers_are_written_as_people_write_them() {
        assert_eq!([0.1 + 0.2, 0.0, 1e-9, 100.0, 25e9].map(short), ["0.3", "0", "1e-9", "100", "2.5e10"]);
        assert_eq!([fixed(-0.0001, 2), fixed(0.5, 1), fixed(-1.25, 2)], ["0.00", "0.5", "-1.25"]);
        assert_eq!([1.0, 0.02, 45.0, 12345.0].map(decimals), [3, 4, 2, 0]);
        assert_eq!([-0.04, 3.1234].map(at), ["0", "3.1"]);
        assert_eq!([3.0, 75.0, 600.0, 7980.0].map(duration), ["3.0 s", "75 s", "10 min", "2 h 13 min"]);
    }

    #[test]
    fn control_characters_are_gone() {
        assert_eq!(clean("a\u{0}b\u{1b}[1mc\nd"), "a b [1mc\nd");
    }
}
