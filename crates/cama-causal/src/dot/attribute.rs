//! Attributes in DOT, `[observed=no, dir=back]`: those that say something of causes.

use super::super::attribute::{is_label_of_unobserved, observed};
use super::token::{Token, Tokens};
use crate::Result;

pub(super) const WRITE_AN_ARROW: &str = "write `->` from cause to effect, or leave the edge out";

/// What attributes of a variable say.
#[derive(Default)]
pub(super) struct OfNode {
    /// Whether they say that it is observed.
    pub(super) said: Option<bool>,
    /// Whether its label denies it.
    pub(super) denied: bool,
    pub(super) label: Option<String>,
}

/// Reads attributes of a variable.
pub(super) fn node(tokens: &mut Tokens) -> Result<OfNode> {
    let mut of = OfNode::default();
    while let Some((at, attribute, value)) = next(tokens)? {
        let says = observed(&attribute, value.as_deref());
        of.said =
            says.map_err(|problem| tokens.cursor.error_with(at, problem, "write `yes` or `no`"))?.or(of.said);
        if attribute == "label" {
            of.denied |= value.as_deref().is_some_and(is_label_of_unobserved);
            of.label = value;
        }
    }
    Ok(of)
}

/// Reads attributes of an edge, or of edges to come; if they point elsewhere than the arrow does, says how they are drawn, in
/// words, and the byte where that stands.
pub(super) fn edge(tokens: &mut Tokens) -> Result<Option<(usize, &'static str)>> {
    let (mut dir, mut head, mut tail, mut open, mut place) = (String::new(), true, true, false, 0);
    while let Some((at, attribute, value)) = next(tokens)? {
        let value = value.unwrap_or_default().to_lowercase();
        match attribute.as_str() {
            "dir" => dir = value,
            "arrowhead" => (head, open) = (value != "none", open || value.contains("odot")),
            "arrowtail" => (tail, open) = (value != "none", open || value.contains("odot")),
            _ => continue,
        }
        place = at;
    }
    if open {
        return Ok(Some((place, "with an end that is left open")));
    }
    let problem = match (head && dir != "back" && dir != "none", tail && (dir == "back" || dir == "both")) {
        (true, false) => return Ok(None),
        (true, true) => "with an arrow at both ends: an unobserved common cause is to be written as one",
        (false, true) => "from right to left",
        (false, false) => "without an arrow",
    };
    Ok(Some((place, problem)))
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
