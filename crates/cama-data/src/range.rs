//! The range of images or rows that ends a specification: `[..1000]`, `[500..]`, `[500..600]`.

use std::ops::Range;

use crate::{Error, Result};

/// A range of examples as written, before it is known how many examples there are; the end is excluded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    start: Option<usize>,
    end: Option<usize>,
}

impl Span {
    /// All examples.
    pub(super) const ALL: Span = Span { start: None, end: None };

    /// Splits a specification into what to load and which of its examples.
    ///
    /// A specification that ends in `[...]` without being a range is taken as a file name if such a file
    /// exists.
    pub(super) fn split_off(spec: &str) -> Result<(&str, Span)> {
        let Some((source, range)) = spec.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) else {
            return Ok((spec, Span::ALL));
        };
        match Span::parse(range) {
            Some(span) => Ok((source, span)),
            None if std::path::Path::new(spec).exists() => Ok((spec, Span::ALL)),
            None => {
                let problem = format!("`[{range}]` is not a range; write `[a..b]`, `[..b]` or `[a..]`");
                Err(Error::spec("data", spec, problem))
            }
        }
    }

    fn parse(range: &str) -> Option<Span> {
        let bound = |text: &str| match text.trim() {
            "" => Some(None),
            digits => digits.parse().ok().map(Some),
        };
        let (start, end) = range.split_once("..")?;
        Some(Span { start: bound(start)?, end: bound(end)? })
    }

    /// The first index, and the one after the last if it is written.
    pub(super) fn bounds(self) -> (usize, Option<usize>) {
        (self.start.unwrap_or(0), self.end)
    }

    /// The indices meant, where `spec` has `len` images.
    pub(super) fn resolve(self, spec: &str, len: usize) -> Result<Range<usize>> {
        self.resolve_of(spec, len, ["image", "images"])
    }

    /// The indices meant, where `spec` has `len` of what `one` and `many` name.
    pub(super) fn resolve_of(self, spec: &str, len: usize, [one, many]: [&str; 2]) -> Result<Range<usize>> {
        let range = self.start.unwrap_or(0)..self.end.unwrap_or(len);
        if len == 0 {
            return Err(Error::spec("data", spec, format!("the data set is empty; give one with {many}")));
        }
        let beyond = [self.start, self.end].into_iter().flatten().find(|bound| *bound > len);
        if let Some(bound) = beyond {
            let problem = format!("the range goes to {bound}, but there are {len} {many}");
            return Err(Error::spec("data", spec, problem));
        }
        if range.is_empty() {
            let problem = format!(
                "the range {}..{} holds no {one}; it must start before it ends, within 0..{len}",
                range.start, range.end
            );
            return Err(Error::spec("data", spec, problem));
        }
        Ok(range)
    }
}

/// What a specification names, and the range behind it as it is written, which may be nothing.
pub fn path_and_range(spec: &str) -> (&str, &str) {
    let path = Span::split_off(spec).map_or(spec, |(path, _)| path);
    spec.split_at(path.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_is_no_part_of_the_path() {
        for (path, range) in [
            ("a/x.npz", "[..3]"),
            ("mnist:train", "[5..]"),
            ("-", "[..5]"),
            ("x", ""),
            ("", ""),
            ("x[odd]", ""),
        ] {
            assert_eq!(path_and_range(&format!("{path}{range}")), (path, range));
        }
    }

    fn resolve(spec: &str, len: usize) -> Result<(String, Range<usize>)> {
        let (source, span) = Span::split_off(spec)?;
        Ok((source.to_string(), span.resolve(spec, len)?))
    }

    #[test]
    fn ranges_are_split_off() {
        assert_eq!(resolve("a/b", 5).unwrap(), ("a/b".to_string(), 0..5));
        assert_eq!(resolve("a[b]/c[..3]", 5).unwrap(), ("a[b]/c".to_string(), 0..3));
        assert_eq!(resolve("a[2..]", 5).unwrap(), ("a".to_string(), 2..5));
        assert_eq!(resolve("a[2..5]", 5).unwrap(), ("a".to_string(), 2..5));
        assert_eq!(resolve("a[..]", 5).unwrap(), ("a".to_string(), 0..5));
    }

    #[test]
    fn the_examples_are_called_what_they_are() {
        let span = Span { start: Some(2), end: Some(9) };
        let text = span.resolve_of("a.csv[2..9]", 5, ["row", "rows"]).unwrap_err().to_string();
        assert!(text.contains("goes to 9, but there are 5 rows"), "{text}");
        assert_eq!(span.bounds(), (2, Some(9)));
    }

    #[test]
    fn bad_ranges_say_what_is_allowed() {
        for (spec, part) in [
            ("a[3]", "`[3]` is not a range; write `[a..b]`"),
            ("a[x..]", "is not a range"),
            ("a[-1..3]", "is not a range"),
            ("a[99999999999999999999999..]", "is not a range"),
            ("a[..6]", "goes to 6, but there are 5 images"),
            ("a[6..]", "goes to 6, but there are 5 images"),
            ("a[3..2]", "holds no image"),
            ("a[5..]", "within 0..5"),
        ] {
            let text = resolve(spec, 5).unwrap_err().to_string();
            assert!(text.contains(part), "{spec}: {text}");
        }
        assert!(resolve("a", 0).unwrap_err().to_string().contains("empty"));
    }
}
