//! Rust's text as tokens, without comments and strings.

use std::iter::Peekable;
use std::str::Chars;

/// What matters of a token here.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A name or a keyword.
    Word(String),
    /// `::`.
    Path,
    /// Any other sign.
    Sign(char),
    /// A string, a character or a number.
    Literal,
}

impl Token {
    /// Whether it is this name or keyword.
    pub fn is(&self, word: &str) -> bool {
        matches!(self, Token::Word(own) if own == word)
    }

    /// The name or keyword that it is.
    pub fn word(&self) -> Option<&str> {
        match self {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }
}

/// The tokens of a file.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut chars = text.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(first) = chars.next() {
        match first {
            _ if first.is_whitespace() => {}
            '/' if chars.peek() == Some(&'/') => while chars.next_if(|c| *c != '\n').is_some() {},
            '/' if chars.peek() == Some(&'*') => skip_comment(&mut chars),
            '"' => {
                skip_string(&mut chars);
                tokens.push(Token::Literal);
            }
            '\'' => tokens.extend(quote(&mut chars)),
            ':' if chars.next_if_eq(&':').is_some() => tokens.push(Token::Path),
            _ if first.is_ascii_digit() => {
                rest_of_word(&mut chars);
                tokens.push(Token::Literal);
            }
            _ if first.is_alphanumeric() || first == '_' => {
                let word = format!("{first}{}", rest_of_word(&mut chars));
                tokens.push(word_or_string(word, &mut chars));
            }
            _ => tokens.push(Token::Sign(first)),
        }
    }
    tokens
}

/// The index behind the bracket that closes the one at `open`.
pub fn behind_group(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0usize;
    for (i, token) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return i + 1;
        }
    }
    tokens.len()
}

fn rest_of_word(chars: &mut Peekable<Chars>) -> String {
    let mut word = String::new();
    while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || *c == '_') {
        word.push(c);
    }
    word
}

/// A word, unless it is the prefix of a string: `b"..."`, `r#"..."#`.
fn word_or_string(word: String, chars: &mut Peekable<Chars>) -> Token {
    let next = chars.peek().copied();
    match (word.as_str(), next) {
        ("b" | "c", Some('"')) => {
            chars.next();
            skip_string(chars);
        }
        ("b", Some('\'')) => {
            chars.next();
            quote(chars);
        }
        ("r" | "br" | "cr", Some('"' | '#')) => {
            let mut hashes = 0;
            while chars.next_if_eq(&'#').is_some() {
                hashes += 1;
            }
            if chars.next_if_eq(&'"').is_none() {
                // A raw name: `r#type`.
                return Token::Word(rest_of_word(chars));
            }
            skip_raw_string(chars, hashes);
        }
        _ => return Token::Word(word),
    }
    Token::Literal
}

/// Behind `/`, where `*` comes next; comments can hold comments.
fn skip_comment(chars: &mut Peekable<Chars>) {
    chars.next();
    let mut depth = 1;
    while depth > 0 {
        match chars.next() {
            Some('*') if chars.next_if_eq(&'/').is_some() => depth -= 1,
            Some('/') if chars.next_if_eq(&'*').is_some() => depth += 1,
            Some(_) => {}
            None => return,
        }
    }
}

/// Behind the first `"`.
fn skip_string(chars: &mut Peekable<Chars>) {
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '"' => return,
            _ => {}
        }
    }
}

/// Behind the first `"` of a string that ends with `"` and so many `#`.
fn skip_raw_string(chars: &mut Peekable<Chars>, hashes: usize) {
    while let Some(c) = chars.next() {
        if c == '"' && (0..hashes).all(|_| chars.next_if_eq(&'#').is_some()) {
            return;
        }
    }
}

/// Behind `'`: a character, or a lifetime, which is no token here.
fn quote(chars: &mut Peekable<Chars>) -> Option<Token> {
    let first = chars.next()?;
    if first == '\\' {
        chars.next();
        while chars.next()? != '\'' {}
        return Some(Token::Literal);
    }
    if chars.next_if_eq(&'\'').is_some() {
        return Some(Token::Literal);
    }
    rest_of_word(chars);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokens(text).iter().filter_map(Token::word).map(String::from).collect()
    }

    #[test]
    fn comments_strings_characters_and_lifetimes_are_left_out() {
        assert_eq!(words("a // b\n/* c /* d */ e */ f"), ["a", "f"]);
        assert_eq!(words(r#"a("b \" c", b"d", 'e', '"', b'\'', '\u{1F600}') f"#), ["a", "f"]);
        assert_eq!(words(r##"a r#"b " c"# r"d" r#type e"##), ["a", "type", "e"]);
        assert_eq!(words("fn a<'b>(c: &'b str)"), ["fn", "a", "c", "str"]);
        assert_eq!(words("1..a 2.0_f32.max(3e-5) 0xff"), ["a", "max"]);
    }

    #[test]
    fn paths_and_groups_are_recognised() {
        assert_eq!(tokens("a::b: c").iter().filter(|token| **token == Token::Path).count(), 1);
        let all = tokens("f(a, [b], { c }) d");
        assert!(all[behind_group(&all, 1)].is("d"));
    }
}
