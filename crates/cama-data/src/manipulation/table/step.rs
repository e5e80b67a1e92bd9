//! One step of a manipulation of tables: what it does, to which columns, and how much.

use std::fmt;

use super::kind::Kind;
use super::pattern::Pattern;
use crate::manipulation::amount::{Amount, number};
use crate::{Error, Result};

/// A step as written, checked as far as it can be without a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) kind: Kind,
    pub(super) pattern: Pattern,
    pub(super) amount: Amount,
}

impl Step {
    /// Reads `name:COLUMNS` with the amount behind it; `none` is no step. `spec` is the whole specification, for
    /// messages.
    pub(super) fn parse(step: &str, spec: &str) -> Result<Option<Step>> {
        let error = |problem: String| Error::spec("manipulation", spec, problem);
        let (name, rest) = step.split_once(':').unwrap_or((step, ""));
        if name == "none" {
            return match step {
                "none" => Ok(None),
                _ => Err(error("`none` takes nothing".to_string())),
            };
        }
        let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == name) else {
            let names: Vec<&str> = Kind::ALL.into_iter().map(Kind::name).chain(["none"]).collect();
            return Err(Error::unknown_name("manipulation", name, &names));
        };
        if kind == Kind::Permute && !rest.is_empty() {
            return Ok(Some(Step { kind, pattern: Pattern::parse(rest)?, amount: Amount::Absent }));
        }
        let (columns, amount) = match rest.rsplit_once(':') {
            Some((columns, amount)) if !columns.trim().is_empty() => (columns, amount),
            _ => return Err(error(format!("`{name}` needs {}", kind.form()))),
        };
        if amount.contains("..") {
            let problem = format!("`{step}` is a sweep, where one manipulation is wanted; give one value");
            return Err(error(problem));
        }
        // Of `COLUMNS:LO:HI` the low end is split off too.
        let (columns, amount) = match columns.rsplit_once(':') {
            Some((columns, low)) if !columns.trim().is_empty() && number(low).is_ok() => {
                (columns, format!("{low}:{amount}"))
            }
            _ => (columns, amount.to_string()),
        };
        let amount = Amount::parse(&amount).map_err(|problem| error(format!("`{step}`: {problem}")))?;
        if let Some(problem) = kind.problem(amount) {
            return Err(error(problem));
        }
        Ok(Some(Step { kind, pattern: Pattern::parse(columns)?, amount }))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}{}", self.kind.name(), self.pattern, self.amount)
    }
}
