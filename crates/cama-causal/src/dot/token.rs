//! The words and signs of DOT.

use std::path::Path;

use super::super::cursor::Cursor;
use crate::Result;

/// A word or sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A name, number or quoted text; only one that is not quoted can be a keyword.
    Word {
        /// The text, without quotes and escapes.
        text: String,
        /// Whether it stood in quotes.
        quoted: bool,
    },
    /// `<…>`, whose content does not matter.
    Html,
    /// Any other character that DOT has.
    Sign(char),
    /// How an edge is written.
    Edge(Arrow),
    /// The end of the text.
    End,
}

/// How two variables are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrow {
    /// `a -> b`
    Right,
    /// `a <- b`, which dagitty has
    Left,
    /// `a <-> b`, which dagitty has
    Both,
    /// `a -- b`
    Neither,
}

impl Arrow {
    const ALL: [(Arrow, &str); 4] =
        [(Arrow::Both, "<->"), (Arrow::Right, "->"), (Arrow::Left, "<-"), (Arrow::Neither, "--")];

    pub(super) fn written(self) -> &'static str {
        Self::ALL.iter().find(|(arrow, _)| *arrow == self).map_or("", |(_, written)| written)
    }
}

impl Token {
    /// For messages.
    pub(super) fn described(&self) -> String {
        match self {
            Token::Word { text, .. } if text.chars().count() > 40 => {
                format!("`{}…`", text.chars().take(40).collect::<String>())
            }
            Token::Word { text, .. } => format!("`{text}`"),
            Token::Html => "an HTML label".into(),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::Edge(arrow) => format!("`{}`", arrow.written()),
            Token::End => "the end of the text".into(),
        }
    }
}

/// Gives the tokens of a text one by one, with a look at the next.
pub(super) struct Tokens<'a> {
    pub(super) cursor: Cursor<'a>,
    peeked: Option<(usize, Token)>,
    /// Only a value can be HTML; elsewhere `<` begins an arrow.
    after_equals: bool,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str, path: &'a Path) -> Self {
        let cursor = Cursor::new(text, path, "write the graph as DOT: `digraph { a -> b; }`");
        Self { cursor, peeked: None, after_equals: false }
    }

    /// The next token and the byte where it begins.
    pub(super) fn next(&mut self) -> Result<(usize, Token)> {
        match self.peeked.take() {
            Some(token) => Ok(token),
            None => self.read(),
        }
    }

    /// The next token, which stays the next.
    pub(super) fn peek(&mut self) -> Result<&Token> {
        let token = self.next()?;
        Ok(&self.peeked.insert(token).1)
    }

    /// Takes the next token if it is this sign.
    pub(super) fn take(&mut self, sign: char) -> Result<bool> {
        let is = *self.peek()? == Token::Sign(sign);
        if is {
            self.peeked = None;
        }
        Ok(is)
    }

    /// Takes this sign, which must be next.
    pub(super) fn expect(&mut self, sign: char, place: &str) -> Result<()> {
        match self.next()? {
            (_, token) if token == Token::Sign(sign) => Ok(()),
            (at, token) => {
                Err(self.cursor.error(at, format!("expected `{sign}` {place}, found {}", token.described())))
            }
        }
    }

    fn read(&mut self) -> Result<(usize, Token)> {
        self.skip()?;
        let start = self.cursor.at;
        let value = std::mem::replace(&mut self.after_equals, false);
        let Some(first) = self.cursor.peek() else { return Ok((start, Token::End)) };
        if value && first == '<' {
            return Ok((start, self.html()?));
        }
        if first == '"' {
            return Ok((start, self.quoted()?));
        }
        if let Some((arrow, _)) = Arrow::ALL.into_iter().find(|(_, written)| self.cursor.take(written)) {
            return Ok((start, Token::Edge(arrow)));
        }
        if "{}[]=;,:".contains(first) {
            self.cursor.at += 1;
            self.after_equals = first == '=';
            return Ok((start, Token::Sign(first)));
        }
        let minus = self.cursor.take("-");
        let word = self.cursor.take_while(is_of_word);
        // A minus belongs to a number only.
        if word.is_empty() || minus && !word.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            let hint = if minus { "; a name with `-` in it stands in quotes" } else { "" };
            return Err(self.cursor.error(start, format!("`{first}` has no meaning here{hint}")));
        }
        let text = if minus { format!("-{word}") } else { word.to_string() };
        Ok((start, Token::Word { text, quoted: false }))
    }

    /// Goes over white space and comments.
    fn skip(&mut self) -> Result<()> {
        loop {
            self.cursor.take_while(char::is_whitespace);
            let start = self.cursor.at;
            if self.cursor.take("/*") {
                if self.cursor.take_past("*/").is_none() {
                    return Err(self.cursor.error(start, "the comment `/*` is not closed by `*/`"));
                }
            } else if self.cursor.take("//") || self.cursor.peek() == Some('#') && self.cursor.at_line_start()
            {
                self.cursor.take_while(|c| c != '\n');
            } else {
                return Ok(());
            }
        }
    }

    /// A text in quotes, or several that are joined by `+`.
    fn quoted(&mut self) -> Result<Token> {
        let mut text = String::new();
        loop {
            let start = self.cursor.at;
            self.cursor.take("\"");
            loop {
                text += self.cursor.take_while(|c| c != '"' && c != '\\');
                // Other escapes are for those who draw labels.
                let escapes = [("\\\"", "\""), ("\\\\", "\\"), ("\\\r\n", ""), ("\\\n", ""), ("\\", "\\")];
                if let Some((_, meant)) = escapes.iter().find(|(written, _)| self.cursor.take(written)) {
                    text += meant;
                } else if self.cursor.take("\"") {
                    break;
                } else {
                    return Err(self.cursor.error(start, "the text in quotes that begins here does not end"));
                }
            }
            let end = self.cursor.at;
            self.skip()?;
            let joined = self.cursor.take("+");
            if joined {
                self.skip()?;
                if self.cursor.peek() == Some('"') {
                    continue;
                }
                return Err(self.cursor.error(end, "after `+`, expected a text in quotes"));
            }
            return Ok(Token::Word { text, quoted: true });
        }
    }

    /// HTML up to the `>` that closes it.
    fn html(&mut self) -> Result<Token> {
        let start = self.cursor.at;
        let mut open = 0_usize;
        loop {
            self.cursor.take_while(|c| c != '<' && c != '>');
            if self.cursor.take("<") {
                open += 1;
            } else if self.cursor.take(">") {
                open -= 1;
            } else {
                return Err(self.cursor.error(start, "the `<` that begins here is not closed by `>`"));
            }
            if open == 0 {
                return Ok(Token::Html);
            }
        }
    }
}

/// Whether names and numbers are made of this character. Graphviz takes every character beyond ASCII for a letter.
fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '.' || !c.is_ascii() && !c.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Result<Vec<Token>> {
        let mut tokens = Tokens::new(text, Path::new("g.dot"));
        let mut all = Vec::new();
        loop {
            match tokens.next()?.1 {
                Token::End => return Ok(all),
                token => all.push(token),
            }
        }
    }

    fn words(text: &str) -> Vec<String> {
        let text_of = |token| match token {
            Token::Word { text, .. } => text,
            other => other.described(),
        };
        tokens(text).unwrap().into_iter().map(text_of).collect()
    }

    #[test]
    fn words_and_signs_need_no_space_between_them() {
        assert_eq!(words("a->b<-c<->d--e"), ["a", "`->`", "b", "`<-`", "c", "`<->`", "d", "`--`", "e"]);
        assert_eq!(
            words("x=-1.5,[größe 3 .5 x.1]"),
            ["x", "`=`", "-1.5", "`,`", "`[`", "größe", "3", ".5", "x.1", "`]`"]
        );
    }

    #[test]
    fn quotes_keep_what_they_hold() {
        assert_eq!(words(r#""a \"b\"" "c\\" "\n{}" "p" + "q""#), ["a \"b\"", "c\\", "\\n{}", "pq"]);
        assert_eq!(words("\"a\\\nb\""), ["ab"]);
        let keyword = tokens("\"graph\" graph").unwrap();
        assert!(matches!(
            &keyword[..],
            [Token::Word { quoted: true, .. }, Token::Word { quoted: false, .. }]
        ));
    }

    #[test]
    fn comments_and_html_are_passed_over() {
        assert_eq!(words("# one\n a // two\n/* three\n four */ b\n  # five"), ["a", "b"]);
        assert_eq!(tokens("a=<x <b>y</b> z>").unwrap()[2], Token::Html);
    }

    #[test]
    fn what_does_not_end_is_an_error_where_it_begins() {
        for (text, part) in [
            ("a\n \"b", "line 2, column 2: the text in quotes"),
            ("/* a", "line 1, column 1: the comment"),
            ("a = <b <c>", "line 1, column 5: the `<`"),
            ("a\nb-c", "line 2, column 2: `-` has no meaning here; a name with `-`"),
            ("a # b", "line 1, column 3: `#` has no meaning here"),
            ("\"a\" + b", "expected a text in quotes"),
        ] {
            let message = tokens(text).unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
