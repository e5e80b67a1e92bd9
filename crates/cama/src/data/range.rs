//! The range of images that ends a specification: `[..1000]`, `[500..]`, `[500..600]`.

use std::ops::Range;

use crate::{Error, Result};

/// A range of images as written, before it is known how many images there are; the end is excluded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    start: Option<usize>,
    end: Option<usize>,
}

impl Span {
    /// Splits a specification into what to load and which of its images.
    ///
    /// A specification that ends in `[...]` without being a range is taken as a file name if such a file
    /// exists.
    pub(super) fn split_off(spec: &str) -> Result<(&str, Span)> {
        let all = Span { start: None, end: None };
        let Some((source, range)) = spec.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) else {
            return Ok((spec, all));
        };
        match Span::parse(range) {
            Some(span) => Ok((source, span)),
            None if std::path::Path::new(spec).exists() => Ok((spec, all)),
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

    /// The indices meant, where `spec` has `len` images.
    pub(super) fn resolve(self, spec: &str, len: usize) -> Result<Range<usize>> {
        let range = self.start.unwrap_or(0)..self.end.unwrap_or(len);
        if len == 0 {
            return Err(Error::spec("data", spec, "the data set is empty; give one with images"));
        }
        let beyond = [self.start, self.end].into_iter().flatten().find(|bound| *bound > len);
        if let Some(bound) = beyond {
            let problem = format!("the range goes to {bound}, but there are {len} images");
            return Err(Error::spec("data", spec, problem));
        }
        if range.is_empty() {
            let problem = format!(
                "the range {}..{} holds no image; it must start before it ends, within 0..{len}",
                range.start, range.end
            );
            return Err(Error::spec("data", spec, problem));
        }
        Ok(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
