//! Which columns a step changes.

use std::fmt;

use super::kind::Kind;
use crate::table::{self, Column, Schema};
use crate::{Error, Result};
use cama_causal::Role;

/// Columns, as written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Pattern {
    /// One column.
    Name(String),
    /// The columns whose names match, where `*` is any text.
    Glob(String),
    /// X.
    Children,
    /// C, less the parents of the target.
    CoParents,
}

const GROUPS: [&str; 2] = ["@children", "@co-parents"];

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Pattern> {
        let text = text.trim();
        match text {
            "@children" => Ok(Pattern::Children),
            "@co-parents" => Ok(Pattern::CoParents),
            _ if text.starts_with('@') => Err(Error::unknown_name("group of columns", text, &GROUPS)),
            _ if text.contains('*') => Ok(Pattern::Glob(text.to_string())),
            _ => Ok(Pattern::Name(text.to_string())),
        }
    }

    /// The places in the schema of the columns that a step of this kind changes; one at least. `spec` is the
    /// whole manipulation, for messages.
    pub(super) fn columns(&self, schema: &Schema, kind: Kind, spec: &str) -> Result<Vec<usize>> {
        let refusal = |name: &str| {
            let step = kind.name();
            format!("`{step}` is for numbers, and `{name}` holds none; `permute` is for any column")
        };
        self.pick(schema, kind.needs_numbers().then_some(&refusal), &|problem| {
            Error::spec("manipulation", spec, problem)
        })
    }

    /// The places of the columns that are named and can be changed; of numbers only, if there is something to say where
    /// there are none.
    fn pick(
        &self,
        schema: &Schema,
        only_numbers: Option<&dyn Fn(&str) -> String>,
        error: &dyn Fn(String) -> Error,
    ) -> Result<Vec<usize>> {
        let named: Vec<usize> =
            (0..schema.columns.len()).filter(|&at| self.matches(&schema.columns[at])).collect();
        let free: Vec<usize> =
            named.iter().copied().filter(|&at| can_be_changed(&schema.columns[at])).collect();
        if free.is_empty() {
            if named.is_empty() && !self.matches_name(&schema.target) {
                let known = schema.columns.iter().filter(|column| can_be_changed(column));
                let known: Vec<&str> = known.map(|column| column.name.as_str()).collect();
                return Err(Error::unknown_name("column", &self.to_string(), &known));
            }
            let what = match named.first().map(|&at| &schema.columns[at]) {
                Some(parent) => {
                    format!(
                        "`{}` causes the target `{}`: to change it changes the target",
                        parent.name, schema.target
                    )
                }
                None => format!("`{}` is the target", schema.target),
            };
            let problem = format!(
                "{what}, so the labels no longer hold; only children and other co-parents can be changed"
            );
            return Err(error(problem));
        }
        let is_number = |at: usize| matches!(schema.columns[at].kind, table::Kind::Number { .. });
        let Some(refusal) = only_numbers else { return Ok(free) };
        let fit: Vec<usize> = free.iter().copied().filter(|&at| is_number(at)).collect();
        if fit.is_empty() {
            return Err(error(refusal(&schema.columns[free[0]].name)));
        }
        Ok(fit)
    }

    fn matches(&self, column: &Column) -> bool {
        match self {
            Pattern::Children => column.role == Role::Child,
            Pattern::CoParents => column.role == Role::CoParent || column.causes_children,
            Pattern::Name(_) | Pattern::Glob(_) => self.matches_name(&column.name),
        }
    }

    fn matches_name(&self, name: &str) -> bool {
        match self {
            Pattern::Name(wanted) => wanted == name,
            Pattern::Glob(glob) => glob_matches(glob, name),
            Pattern::Children | Pattern::CoParents => false,
        }
    }
}

/// The places in `schema` of the columns of numbers that `pattern` names and that can change and leave the target as it
/// is: children and co-parents, but no parent. A pattern is a column's name, one with `*` for any text, `@children` or
/// `@co-parents`; `kind` says in messages what it is a part of.
///
/// # Errors
///
/// If it names no such column, with the reason.
pub fn changeable_numbers(schema: &Schema, pattern: &str, kind: &'static str) -> Result<Vec<usize>> {
    let refusal = |name: &str| format!("`{name}` holds no numbers");
    Pattern::parse(pattern)?.pick(schema, Some(&refusal), &|problem| Error::spec(kind, pattern, problem))
}

/// Whether a column can change and leave the target as it is.
fn can_be_changed(column: &Column) -> bool {
    column.role != Role::Parent
}

/// Whether `name` is `glob` with some text in the place of each `*`.
fn glob_matches(glob: &str, name: &str) -> bool {
    let mut parts = glob.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    // The earliest place of each part leaves the most for those behind it.
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Pattern::Name(text) | Pattern::Glob(text) => text,
            Pattern::Children => GROUPS[0],
            Pattern::CoParents => GROUPS[1],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::example_schema;

    fn names(pattern: &str, kind: Kind) -> Result<Vec<String>> {
        let schema = example_schema();
        let columns = Pattern::parse(pattern)?.columns(&schema, kind, "spec")?;
        Ok(columns.into_iter().map(|at| schema.columns[at].name.clone()).collect())
    }

    #[test]
    fn patterns_name_what_can_be_changed() {
        assert_eq!(names("x1", Kind::Shift).unwrap(), ["x1"]);
        assert_eq!(names("*1", Kind::Shift).unwrap(), ["x1", "c1"]);
        assert_eq!(names("@children", Kind::Scale).unwrap(), ["x1"]);
        assert_eq!(names("@children", Kind::Permute).unwrap(), ["x1", "x2", "x3"]);
        assert_eq!(names("@co-parents", Kind::Permute).unwrap(), ["c1"]);
    }

    #[test]
    fn what_cannot_be_changed_is_refused_with_the_reason() {
        for (pattern, kind, part) in [
            ("x4", Kind::Shift, "unknown column `x4` (did you mean"),
            ("z*", Kind::Shift, "unknown column `z*`"),
            ("a1", Kind::Shift, "`a1` causes the target `y`: to change it changes the target, so the labels"),
            ("b1", Kind::Permute, "`b1` causes the target `y`"),
            ("a*", Kind::Shift, "`a1` causes the target `y`"),
            ("y", Kind::Permute, "`y` is the target, so the labels no longer hold"),
            ("x2", Kind::Shift, "`shift` is for numbers, and `x2` holds none"),
            ("x3*", Kind::Noise, "`noise` is for numbers, and `x3` holds none"),
        ] {
            let text = names(pattern, kind).expect_err(pattern).to_string();
            assert!(text.contains(part), "{pattern}: {text}");
        }
        let mut schema = example_schema();
        schema.columns.pop();
        let text = Pattern::CoParents.columns(&schema, Kind::Shift, "spec").unwrap_err().to_string();
        assert!(text.contains("`b1` causes the target"), "{text}");
        schema.columns.pop();
        let text = Pattern::CoParents.columns(&schema, Kind::Shift, "spec").unwrap_err().to_string();
        assert!(text.contains("unknown column `@co-parents`; known: x1, x2, x3"), "{text}");
    }

    #[test]
    fn numbers_are_found_for_others_too() {
        let schema = example_schema();
        assert_eq!(changeable_numbers(&schema, "*", "attack").unwrap(), [0, 5]);
        for (pattern, part) in [
            ("b1", "attack `b1`: `b1` causes the target `y`"),
            ("y", "attack `y`: `y` is the target"),
            ("x2", "attack `x2`: `x2` holds no numbers"),
            ("q", "unknown column `q`"),
        ] {
            let text = changeable_numbers(&schema, pattern, "attack").unwrap_err().to_string();
            assert!(text.contains(part), "{pattern}: {text}");
        }
    }

    #[test]
    fn stars_are_any_text() {
        for (glob, name, matches) in [
            ("*", "", true),
            ("*", "a", true),
            ("a*", "abc", true),
            ("a*", "ba", false),
            ("*c", "abc", true),
            ("a*c", "ac", true),
            ("a*a", "a", false),
            ("a*b*c", "aXbYbc", true),
            ("a*b*c", "acb", false),
            ("**", "x", true),
            ("é*", "éa", true),
            ("*ab", "aab", true),
            ("*ab*ab", "ab", false),
        ] {
            assert_eq!(glob_matches(glob, name), matches, "{glob} {name}");
        }
    }
}
