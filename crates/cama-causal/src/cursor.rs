//! A place in a text that is being read, and what is wrong there in terms of lines and columns.

use std::path::Path;

use crate::{Error, Result};

/// The text of a file, and how far it has been read.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    path: &'a Path,
    text: &'a str,
    /// In bytes, always between two characters.
    pub(super) at: usize,
    /// What the text should have been, for messages.
    remedy: &'static str,
}

impl<'a> Cursor<'a> {
    /// The beginning of `text`, behind its byte order mark if it has one.
    pub(super) fn new(text: &'a str, path: &'a Path, remedy: &'static str) -> Self {
        Self { path, text: text.trim_start_matches('\u{feff}'), at: 0, remedy }
    }

    /// What is still to be read.
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The next character.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Takes `start`, if the text goes on with it.
    pub(super) fn take(&mut self, start: &str) -> bool {
        let is = self.rest().starts_with(start);
        if is {
            self.at += start.len();
        }
        is
    }

    /// Takes the characters up to the first that is not `wanted`.
    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !wanted(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    /// Takes everything up to `end` and `end` itself; nothing if it does not come.
    pub(super) fn take_past(&mut self, end: &str) -> Option<&'a str> {
        let rest = self.rest();
        let taken = &rest[..rest.find(end)?];
        self.at += taken.len() + end.len();
        Some(taken)
    }

    /// Whether nothing but white space stands before this place in its line.
    pub(super) fn at_line_start(&self) -> bool {
        self.text[..self.at].rsplit('\n').next().is_none_or(|line| line.trim().is_empty())
    }

    /// Says that the text is wrong at the byte `at`.
    pub(super) fn error(&self, at: usize, problem: impl AsRef<str>) -> Error {
        self.error_with(at, problem, self.remedy)
    }

    /// As [`error`](Self::error), with what to do about it.
    pub(super) fn error_with(&self, at: usize, problem: impl AsRef<str>, remedy: impl Into<String>) -> Error {
        let before = &self.text[..at.min(self.text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        Error::data(self.path, format!("line {line}, column {column}: {}", problem.as_ref()), remedy)
    }

    /// A graph with these variables and edges.
    pub(super) fn graph(
        &self,
        nodes: Vec<(String, bool)>,
        edges: Vec<(usize, usize)>,
    ) -> Result<super::CausalGraph> {
        super::CausalGraph::checked(self.path, nodes, edges)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_lines_and_characters() {
        let cursor = Cursor::new("\u{feff}é a\nbc", Path::new("g"), "mend it");
        let message = |at| cursor.error(at, "odd").to_string();
        assert_eq!(message(0), "g: line 1, column 1: odd; mend it");
        assert_eq!(message(5), "g: line 2, column 1: odd; mend it");
        assert_eq!(message(99), "g: line 2, column 3: odd; mend it");
        assert_eq!(cursor.peek(), Some('é'));
    }
}
