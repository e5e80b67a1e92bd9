//! `use` declarations.

use crate::token::Token;

/// One name that a `use` declaration brings in.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// What it is called here; `*` for all names.
    pub alias: String,
    pub path: Vec<String>,
    /// Whether it is re-exported: `pub use`, `pub(crate) use`.
    pub visible: bool,
}

/// The imports of a declaration, whose tokens come between `use` and `;`.
pub fn imports(tokens: &[Token], visible: bool) -> Vec<Import> {
    let mut found = Vec::new();
    // A leading `::` means a crate, which begins its path with its name.
    let external = tokens.first() == Some(&Token::Path);
    if !external {
        tree(tokens, &[], visible, &mut found);
    }
    found
}

/// `a::b`, `a::{b, c::d}`, `a::*`, `a as b`, below `prefix`.
fn tree(tokens: &[Token], prefix: &[String], visible: bool, found: &mut Vec<Import>) {
    let mut path = prefix.to_vec();
    let mut alias = None;
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        match token {
            Token::Word(word) if word == "as" => {
                alias = tokens.get(i + 1).and_then(Token::word).map(String::from);
                i += 1;
            }
            Token::Word(word) => path.push(word.clone()),
            Token::Sign('{') => {
                let inside = &tokens[i + 1..crate::token::behind_group(tokens, i) - 1];
                split(inside).for_each(|part| tree(part, &path, visible, found));
                return;
            }
            Token::Sign('*') => {
                found.push(Import { alias: "*".into(), path, visible });
                return;
            }
            _ => {}
        }
        i += 1;
    }
    // `a::{self}` is `a`.
    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    let Some(last) = path.last() else { return };
    found.push(Import { alias: alias.unwrap_or_else(|| last.clone()), path, visible });
}

/// The parts between commas that are in no inner group.
fn split(tokens: &[Token]) -> impl Iterator<Item = &[Token]> {
    let mut depth = 0;
    tokens
        .split(move |token| {
            match token {
                Token::Sign('{') => depth += 1,
                Token::Sign('}') => depth -= 1,
                _ => {}
            }
            depth == 0 && *token == Token::Sign(',')
        })
        .filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::tokens;

    #[test]
    fn trees_are_taken_apart() {
        let found = imports(&tokens("crate::{self as all, a::{self, B, c::D as E}, f::*}"), false);
        let written: Vec<String> =
            found.iter().map(|import| format!("{} = {}", import.alias, import.path.join("::"))).collect();
        assert_eq!(
            written,
            ["all = crate", "a = crate::a", "B = crate::a::B", "E = crate::a::c::D", "* = crate::f"]
        );
        assert_eq!(imports(&tokens("::a::b"), false), []);
    }
}
