//! From tokens to what stands in a module.

use crate::import::imports;
use crate::text::Text;
use crate::token::{Token, behind_group};

/// Words after which the name of an item comes.
const ITEMS: [&str; 8] = ["fn", "struct", "enum", "union", "trait", "type", "const", "static"];

/// What stands in a module that has these tokens.
pub fn scan(tokens: &[Token]) -> Text {
    let mut text = Text::default();
    // How many braces are open: items of the module itself are in none.
    let (mut depth, mut visible, mut i) = (0usize, false, 0);
    while let Some(token) = tokens.get(i) {
        let next = tokens.get(i + 1);
        let before = i.checked_sub(1).map(|before| &tokens[before]);
        let was_visible = std::mem::take(&mut visible);
        i = match token {
            Token::Sign('#') => behind_attribute(tokens, i),
            Token::Sign('{') => {
                depth += 1;
                i + 1
            }
            Token::Sign('}') => {
                depth = depth.saturating_sub(1);
                i + 1
            }
            // A method or a field; behind `..` begins another expression.
            Token::Sign('.')
                if before != Some(&Token::Sign('.')) && next.is_some_and(|next| next.word().is_some()) =>
            {
                i + 2
            }
            Token::Path => behind_external(tokens, i),
            Token::Word(word) => match (word.as_str(), next) {
                ("pub", _) => {
                    visible = true;
                    behind_visibility(tokens, i)
                }
                ("use", Some(next)) if *next != Token::Sign('<') => {
                    let end = find(tokens, i, |token| *token == Token::Sign(';'));
                    text.imports.extend(imports(&tokens[i + 1..end], was_visible));
                    end
                }
                ("mod", Some(Token::Word(name))) => module(tokens, i, name, &mut text),
                ("macro_rules", Some(Token::Sign('!'))) => {
                    if let (0, Some(Token::Word(name))) = (depth, tokens.get(i + 2)) {
                        text.defined.insert(name.clone());
                        text.macros.insert(name.clone());
                    }
                    i + 3
                }
                // Not of `*const crate::a::B`.
                (item, Some(Token::Word(name)))
                    if ITEMS.contains(&item) && before != Some(&Token::Sign('*')) =>
                {
                    // `const fn name`, `static mut NAME`.
                    let modified = ITEMS.contains(&name.as_str()) || name == "mut";
                    if let (true, Some(Token::Word(name))) = (modified, tokens.get(i + 2)) {
                        define(name, depth, &mut text);
                        i + 3
                    } else {
                        define(name, depth, &mut text);
                        i + 2
                    }
                }
                _ => path(tokens, i, &mut text),
            },
            _ => i + 1,
        };
    }
    text
}

/// An item of this name, which is one of the module itself outside of all braces.
fn define(name: &str, depth: usize, text: &mut Text) {
    if depth == 0 {
        text.defined.insert(name.to_string());
    }
}

/// `mod name;` or `mod name { ... }` at `i`.
fn module(tokens: &[Token], i: usize, name: &str, text: &mut Text) -> usize {
    match tokens.get(i + 2) {
        Some(Token::Sign(';')) => {
            text.declared.push(name.to_string());
            i + 3
        }
        Some(Token::Sign('{')) => {
            let end = behind_group(tokens, i + 2);
            text.inline.push((name.to_string(), scan(&tokens[i + 3..end - 1])));
            end
        }
        _ => i + 1,
    }
}

/// A name or a path at `i`.
fn path(tokens: &[Token], mut i: usize, text: &mut Text) -> usize {
    let mut names = Vec::new();
    while let Some(Token::Word(word)) = tokens.get(i) {
        names.push(word.clone());
        i += 1;
        match tokens.get(i) {
            Some(Token::Path) => i += 1,
            _ => break,
        }
    }
    // In `a::<b>` and `a::{b}` what comes next is no longer of the path, but begins others.
    text.mentioned.insert(names[0].clone());
    let is_call = tokens.get(i) == Some(&Token::Sign('!')) && tokens.get(i + 1) != Some(&Token::Sign('='));
    if names.len() > 1 {
        text.paths.insert(names);
    } else if is_call {
        text.called.extend(names);
    }
    i
}

/// The index behind `::name::name` at `i`, which begins with a crate, or goes on after `<...>`.
fn behind_external(tokens: &[Token], mut i: usize) -> usize {
    while tokens.get(i) == Some(&Token::Path) {
        i += 1;
        if tokens.get(i).is_some_and(|token| token.word().is_some()) {
            i += 1;
        }
    }
    i
}

/// The index behind `pub` or `pub(...)` at `i`.
fn behind_visibility(tokens: &[Token], i: usize) -> usize {
    let scoped = tokens.get(i + 2).and_then(Token::word);
    match tokens.get(i + 1) {
        Some(Token::Sign('(')) if matches!(scoped, Some("crate" | "super" | "self" | "in")) => {
            behind_group(tokens, i + 1)
        }
        _ => i + 1,
    }
}

/// The index behind the attribute at `i`, and behind what it belongs to if that is there in tests only. What stands in
/// another attribute is read as code.
fn behind_attribute(tokens: &[Token], i: usize) -> usize {
    if tokens.get(i + 1) != Some(&Token::Sign('[')) {
        return i + 1;
    }
    let end = behind_group(tokens, i + 1);
    if is_test(&tokens[i + 2..end - 1]) { behind_item(tokens, end) } else { i + 1 }
}

/// Whether an attribute is `test`, `cfg(test)` or `cfg(all(test, ...))`.
fn is_test(attribute: &[Token]) -> bool {
    let words: Vec<&str> = attribute.iter().filter_map(Token::word).take(3).collect();
    matches!(words[..], ["test"] | ["cfg", "test", ..] | ["cfg", "all", "test"])
}

/// The index behind the item, the statement, the field or the arm that begins at `i`.
fn behind_item(tokens: &[Token], mut i: usize) -> usize {
    while tokens.get(i) == Some(&Token::Sign('#')) && tokens.get(i + 1) == Some(&Token::Sign('[')) {
        i = behind_group(tokens, i + 1);
    }
    if tokens.get(i).is_some_and(|token| token.is("pub")) {
        i = behind_visibility(tokens, i);
    }
    let keyword = tokens.get(i).and_then(Token::word).unwrap_or_default();
    let constant = keyword == "const" && !tokens.get(i + 1).is_some_and(|token| token.is("fn"));
    let to_semicolon = constant || matches!(keyword, "use" | "static" | "let" | "type");
    let item = matches!(
        keyword,
        "fn" | "const"
            | "unsafe"
            | "async"
            | "extern"
            | "impl"
            | "mod"
            | "struct"
            | "enum"
            | "union"
            | "trait"
    );
    while let Some(token) = tokens.get(i) {
        match token {
            Token::Sign(';') => return i + 1,
            Token::Sign(',') if !item && !to_semicolon => return i + 1,
            Token::Sign('}') => return i,
            Token::Sign('{') if !to_semicolon => return behind_group(tokens, i),
            Token::Sign('(' | '[' | '{') => i = behind_group(tokens, i),
            _ => i += 1,
        }
    }
    i
}

fn find(tokens: &[Token], from: usize, wanted: impl Fn(&Token) -> bool) -> usize {
    tokens[from..].iter().position(wanted).map_or(tokens.len(), |at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::tokens;

    fn of(text: &str) -> Text {
        scan(&tokens(text))
    }

    #[test]
    fn definitions_are_those_of_the_module_itself() {
        let text = of("pub const fn a() { fn inner() {} } pub(crate) struct B<T>(T); static mut C: u8 = 0; \
            macro_rules! d { () => {} } const E: u8 = 1; impl B { fn f() {} }");
        let all = ["B", "C", "E", "a", "d"];
        assert!(all.iter().all(|name| text.defined.contains(*name)), "{:?}", text.defined);
        assert!(!text.defined.contains("inner") && !text.defined.contains("f"));
        assert!(text.macros.contains("d"));
    }

    #[test]
    fn paths_and_mentions_are_those_of_code() {
        let text = of("fn a() { crate::b::c::<D>(e.f, ::std::g::h(), self::i::J { k: 1 }); l!(m != n); }");
        let paths: Vec<String> = text.paths.iter().map(|path| path.join("::")).collect();
        assert_eq!(paths, ["crate::b::c", "self::i::J"]);
        assert!(text.mentioned.contains("D") && text.mentioned.contains("e"));
        assert!(!text.mentioned.contains("f") && !text.mentioned.contains("std"));
        assert_eq!(text.called.iter().collect::<Vec<_>>(), ["l"]);
    }

    #[test]
    fn paths_are_found_wherever_they_stand() {
        for code in [
            "fn f(x: &mut crate::a::B) {}",
            "fn f(x: *const crate::a::B) {}",
            "fn f(x: &'static crate::a::B) {}",
            "fn f() { g(C { d: 1, ..crate::a::B }) }",
            "fn f() { for i in 0..crate::a::B {} }",
            "fn f() { x as crate::a::B }",
            "fn f() { <crate::a::B as C>::d() }",
            "fn f() -> Vec<crate::a::B> { vec![] }",
            "fn f() { x?.y::<crate::a::B>() }",
            "const C: u8 = crate::a::B;",
            "type C = crate::a::B;",
            "#[derive(crate::a::B)] struct C;",
            "pub(crate) fn f(self) -> impl Fn() + use<'_> { crate::a::B }",
            "macro_rules! c { () => { $crate::a::B } }",
        ] {
            let paths: Vec<String> = of(code).paths.iter().map(|path| path.join("::")).collect();
            assert_eq!(paths, ["crate::a::B"], "{code}");
        }
    }

    #[test]
    fn what_is_there_in_tests_only_is_left_out() {
        for only in [
            "#[cfg(test)] mod tests { use crate::a::B; }",
            "#[cfg(test)] mod tests;",
            "#[cfg(test)] pub(crate) use a::{B, C};",
            "#[cfg(all(test, unix))] fn f(x: A, y: [u8; 2]) -> B { crate::a::b() }",
            "#[test] #[ignore] fn f() { crate::a::b() }",
            "#[cfg(test)] const F: B = B { a: crate::a::b() };",
            "#[cfg(test)] impl<A, B> C for D { fn f() { crate::a::b() } }",
        ] {
            let text = of(&format!("{only} fn kept() {{}}"));
            assert!(text.paths.is_empty() && text.imports.is_empty(), "{only}");
            assert!(text.declared.is_empty() && text.inline.is_empty(), "{only}");
            assert_eq!(text.defined.iter().collect::<Vec<_>>(), ["kept"], "{only}");
        }
        let text = of("struct A { #[cfg(test)] b: crate::b::B, c: crate::c::C }");
        assert_eq!(text.paths.iter().map(|path| path.join("::")).collect::<Vec<_>>(), ["crate::c::C"]);
        assert_eq!(of("#[cfg(not(test))] fn a() { crate::b::c() }").paths.len(), 1);
    }
}
