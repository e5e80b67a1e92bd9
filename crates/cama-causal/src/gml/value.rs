//! Values in GML: numbers as written, and the characters that texts in quotes stand for.

/// The number that a text begins with; others follow it without a space, as in `directed 1node [`.
pub(super) fn number(text: &str) -> &str {
    let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let sign = usize::from(text.starts_with(['+', '-']));
    let mut end = sign + digits(sign);
    if text[end..].starts_with('.') {
        end += 1 + digits(end + 1);
    }
    if !text[..end].bytes().any(|b| b.is_ascii_digit()) {
        return "";
    }
    if text[end..].starts_with(['e', 'E']) {
        let exponent = end + 1 + usize::from(text[end + 1..].starts_with(['+', '-']));
        match digits(exponent) {
            0 => {}
            many => end = exponent + many,
        }
    }
    &text[..end]
}

/// The text with its characters in place of `&quot;`, `&#123;` and `&#x7b;`.
pub(super) fn decoded(text: &str) -> String {
    let mut parts = text.split('&');
    let mut decoded = parts.next().unwrap_or_default().to_string();
    for part in parts {
        match part.split_once(';').and_then(|(entity, rest)| Some((character(entity)?, rest))) {
            Some((character, rest)) => {
                decoded.push(character);
                decoded += rest;
            }
            None => {
                decoded.push('&');
                decoded += part;
            }
        }
    }
    decoded
}

fn character(entity: &str) -> Option<char> {
    let code = match entity.strip_prefix('#') {
        Some(hex) if hex.starts_with(['x', 'X']) => u32::from_str_radix(&hex[1..], 16).ok()?,
        Some(decimal) => decimal.parse().ok()?,
        None => {
            let named =
                [("quot", '"'), ("amp", '&'), ("lt", '<'), ("gt", '>'), ("apos", '\''), ("nbsp", '\u{a0}')];
            return named.iter().find(|(name, _)| *name == entity).map(|(_, character)| *character);
        }
    };
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_ends_where_a_key_begins() {
        for (text, written) in [
            ("1node", "1"),
            ("-2.5]", "-2.5"),
            ("+.5E-3 x", "+.5E-3"),
            ("3edge [", "3"),
            ("4e+x", "4"),
            ("7.", "7."),
            ("-", ""),
            (".e1", ""),
            ("node", ""),
            ("", ""),
        ] {
            assert_eq!(number(text), written, "{text}");
        }
    }

    #[test]
    fn entities_are_characters_and_what_is_none_stays() {
        assert_eq!(decoded("&#233;&quot;&#x7B;&amp;&lt;"), "é\"{&<");
        assert_eq!(decoded("R&D; &#xZZ; &#1114112; & &"), "R&D; &#xZZ; &#1114112; & &");
    }
}
