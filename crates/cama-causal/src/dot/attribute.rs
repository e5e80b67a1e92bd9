//! Attributes in DOT, `[observed=no, dir=back]`: those that say something of causes.

use super::super::attribute::{is_label_of_unobserved, observed};
use super::token::{Token, Tokens};
use crate::Result;

pub(super) const WRITE_AN_ARROW: &str = "write `->` from cause to effect, or leave the edge out";

/// Reads attributes of a variable: whether they say that it is observed, and whether its label denies it.
pub(super) fn node(tokens: &mut Tokens) -> Result<(Option<bool>, bool)> {
    let (mut said, mut label) = (None, false);
    while let Some((at, attribute, value)) = next(tokens)? {
        let says = observed(&attribute, value.as_deref());
        said = says.map_err(|problem| tokens.cursor.error_with(at, problem, "write `yes` or `no`"))?.or(said);
        label |= attribute == "label" && value.as_deref().is_some_and(is_label_of_unobserved);
    }
    Ok((said, label))
}

/// Reads attributes of an edge, or of edges to come, which must not point elsewhere than the arrow does.
pub(super) fn edge(tokens: &mut Tokens, edge: Option<(&str, &str)>) -> Result<()> {
    let (mut dir, mut head, mut tail, mut place) = (String::new(), true, true, 0);
    while let Some((at, attribute, value)) = next(tokens)? {
        let value = value.unwrap_or_default().to_lowercase();
        match attribute.as_str() {
            "dir" => dir = value,
            "arrowhead" => head = value != "none",
            "arrowtail" => tail = value != "none",
            _ => continue,
        }
        place = at;
    }
    let problem = match (head && dir != "back" && dir != "none", tail && (dir == "back" || dir == "both")) {
        (true, false) => return Ok(()),
        (true, true) => "with an arrow at both ends: an unobserved common cause is to be written as one",
        (false, true) => "from right to left",
        (false, false) => "without an arrow",
    };
    let edge = edge.map_or("edges are".to_string(), |(from, to)| format!("`{from} -> {to}` is"));
    Err(tokens.cursor.error_with(place, format!("{edge} drawn {problem}"), WRITE_AN_ARROW))
}

/// The next attribute inside brackets, with the byte where it stands; none where they close.
pub(super) fn next(tokens: &mut Tokens) -> Result<Option<(usize, String, Option<String>)>> {
    loop {
        match tokens.next()? {
            (_, Token::Sign(']')) => return Ok(None),
            (_, Token::Sign(',' | ';')) => {}
            (at, Token::Word { text, .. }) => {
                let value = if tokens.take('=')? { Some(value(tokens)?) } else { None };
                return Ok(Some((at, text, value)));
            }
            (at, token) => {
                let problem = format!("expected an attribute or `]`, found {}", token.described());
                return Err(tokens.cursor.error(at, problem));
            }
        }
    }
}

/// A value; HTML is none that matters here.
pub(super) fn value(tokens: &mut Tokens) -> Result<String> {
    match tokens.next()? {
        (_, Token::Word { text, .. }) => Ok(text),
        (_, Token::Html) => Ok(String::new()),
        (at, token) => Err(tokens.cursor.error(at, format!("expected a value, found {}", token.described()))),
    }
}
