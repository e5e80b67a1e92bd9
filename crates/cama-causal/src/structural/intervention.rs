//! Interventions as they are written: `C1+=1.5`, `X*-=2`, `Y=y2`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::config::StructuralConfig;
use super::variables::{TARGET, Variable, class_name, in_short};
use crate::{Error, Result};

/// The longest name of a variable that is read.
const LONGEST_NAME: usize = 32;

/// A change of one variable, or of all whose names match, after its mechanism has computed its value.
///
/// Written `NAME` and what happens to it: `=V` sets, `+=V` adds, `-=V` subtracts, `*=V` multiplies. In a name, `*`
/// stands for anything: `C*+=1.5` shifts all co-parents, `X1*-=2` X1, X10, X11, … down. (`C1*=2` doubles C1;
/// `C*=2`, since no variable is called C, sets all co-parents to 2, and `C**=2` doubles them.) The target can
/// only be set, to a class: `Y=y2`, or `Y=2` for short.
///
/// Latents cannot be intervened on: nobody who does not see them could, and a model that holds for all Z makes no
/// claim about other distributions of Z.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Intervention {
    /// The name, which may have stars in it.
    name: String,
    change: Change,
}

/// What happens to a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Change {
    Set(f64),
    Add(f64),
    Subtract(f64),
    Multiply(f64),
    Class(usize),
}

impl Change {
    /// `value`, changed.
    pub(super) fn apply(self, value: f64) -> f64 {
        match self {
            Change::Set(v) => v,
            Change::Add(v) => value + v,
            Change::Subtract(v) => value - v,
            Change::Multiply(v) => value * v,
            Change::Class(_) => value,
        }
    }
}

impl Intervention {
    pub(super) fn change(&self) -> Change {
        self.change
    }

    /// The variables that it changes.
    pub(super) fn variables(&self, config: &StructuralConfig) -> Result<Vec<Variable>> {
        if let Change::Class(class) = self.change {
            if class >= config.classes {
                let last = class_name(config.classes - 1);
                return Err(self.error(format!("there is no such class; they are y0 to {last}")));
            }
            return Ok(vec![Variable::Target]);
        }
        let found: Vec<Variable> =
            Variable::all(config).filter(|variable| matches(&self.name, &variable.name())).collect();
        if found.is_empty() { Err(self.unknown(config)) } else { Ok(found) }
    }

    fn unknown(&self, config: &StructuralConfig) -> Error {
        let names: Vec<String> = Variable::all(config).map(Variable::name).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match Error::unknown_name("variable", &self.name, &names) {
            // Of a thousand names, the groups tell more.
            Error::UnknownName { kind, name, nearest, .. } => {
                Error::UnknownName { kind, name, nearest, known: in_short(config) }
            }
            other => other,
        }
    }

    fn error(&self, problem: String) -> Error {
        Error::spec("intervention", self.to_string(), problem)
    }
}

impl FromStr for Intervention {
    type Err = Error;

    fn from_str(spec: &str) -> Result<Self> {
        let error = |problem: &str| Error::spec("intervention", spec, problem);
        let Some((left, value)) = spec.split_once('=') else {
            return Err(error(
                "there is no `=`; write a variable and a change, such as `C1+=1.5` or `C2=0.5`",
            ));
        };
        let value = value.trim();
        let (name, operator) = operator(left.trim());
        if name.is_empty() {
            return Err(error("no variable is named; write one before the change, such as `C1+=1.5`"));
        }
        if name.len() > LONGEST_NAME || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '*') {
            return Err(error(
                "the name must be that of a variable, such as `C1`, or with a star, such as `C*`",
            ));
        }
        if name.starts_with('*') {
            return Err(error("a name begins with the kind of the variables: write `A*`, `C*` or `X*`"));
        }
        if name.starts_with('Z') {
            return Err(error("latents are unobserved causes, and nobody can intervene on them"));
        }
        let change = match (name, operator) {
            (TARGET, None) => Change::Class(class(value).ok_or_else(|| {
                error("the target is set to a class: by its name, such as `y2`, or its number, such as `2`")
            })?),
            (name, _) if name == TARGET || name.starts_with("Y*") => {
                return Err(error("the target can only be set to a class: `Y=y2`"));
            }
            (_, operator) => {
                let value = match value.parse::<f64>() {
                    Ok(value) if value.is_finite() => value,
                    Ok(_) => return Err(error(&format!("`{value}` is not a finite number"))),
                    Err(_) => return Err(error(&format!("`{value}` is not a number"))),
                };
                match operator {
                    None => Change::Set(value),
                    Some('+') => Change::Add(value),
                    Some('-') => Change::Subtract(value),
                    Some(_) => Change::Multiply(value),
                }
            }
        };
        Ok(Intervention { name: name.into(), change })
    }
}

/// The name and the sign before the `=`, if there is one.
fn operator(left: &str) -> (&str, Option<char>) {
    match left.char_indices().next_back() {
        Some((at, sign @ ('+' | '-'))) => (left[..at].trim_end(), Some(sign)),
        // A star behind a letter belongs to the name, since no variable is called by a letter alone.
        Some((at, '*')) if !left[..at].ends_with(|c: char| c.is_ascii_alphabetic()) => {
            (left[..at].trim_end(), Some('*'))
        }
        _ => (left, None),
    }
}

fn class(value: &str) -> Option<usize> {
    let digits = value.strip_prefix('y').unwrap_or(value);
    digits.chars().all(|c| c.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// Whether `name` is `pattern` with something for each star.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(name) = name.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let tail = parts.pop().unwrap_or_default();
    let middle = parts.into_iter().try_fold(name, |left, part| left.split_once(part).map(|(_, left)| left));
    middle.is_some_and(|left| left.ends_with(tail))
}

impl fmt::Display for Intervention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match self.change {
            Change::Set(v) => write!(f, "{name}={v}"),
            Change::Add(v) => write!(f, "{name}+={v}"),
            Change::Subtract(v) => write!(f, "{name}-={v}"),
            Change::Multiply(v) => write!(f, "{name}*={v}"),
            Change::Class(class) => write!(f, "{name}={}", class_name(class)),
        }
    }
}

impl TryFrom<String> for Intervention {
    type Error = Error;

    fn try_from(spec: String) -> Result<Self> {
        spec.parse()
    }
}

impl From<Intervention> for String {
    fn from(intervention: Intervention) -> String {
        intervention.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn changed(spec: &str) -> (Vec<String>, Change) {
        let intervention: Intervention = spec.parse().unwrap();
        let variables = intervention.variables(&StructuralConfig::default()).unwrap();
        (variables.into_iter().map(Variable::name).collect(), intervention.change())
    }

    fn refusal(spec: &str) -> String {
        let config = StructuralConfig::default();
        spec.parse::<Intervention>().and_then(|i| i.variables(&config)).unwrap_err().to_string()
    }

    #[test]
    fn names_and_changes_are_read() {
        let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        assert_eq!(changed("C1+=1.5"), (names(&["C1"]), Change::Add(1.5)));
        assert_eq!(changed("X3*=2"), (names(&["X3"]), Change::Multiply(2.0)));
        assert_eq!(changed("X1*-=2"), (names(&["X1", "X10"]), Change::Subtract(2.0)));
        assert_eq!(changed(" A5 = -1e1 "), (names(&["A5"]), Change::Set(-10.0)));
        assert_eq!(changed("C*+=-3"), (names(&["C1", "C2", "C3", "C4", "C5"]), Change::Add(-3.0)));
        assert_eq!(changed("X*0=0").0, names(&["X10"]));
        assert_eq!(changed("Y=y2"), (names(&["Y"]), Change::Class(2)));
        assert_eq!(changed("Y=4"), (names(&["Y"]), Change::Class(4)));
    }

    #[test]
    fn a_star_behind_a_letter_is_part_of_the_name() {
        assert_eq!(changed("C*=2").1, Change::Set(2.0));
        assert_eq!(changed("C*=2").0.len(), 5);
        assert_eq!(changed("C**=2").1, Change::Multiply(2.0));
        assert_eq!(changed("C**=2").0.len(), 5);
        assert_eq!(changed("C1*=2").0, ["C1"]);
        assert_eq!(changed("C1*=2").1, Change::Multiply(2.0));
    }

    #[test]
    fn stars_stand_for_anything() {
        assert!(
            matches("X*", "X1") && matches("X*", "X") && matches("X1*", "X1") && matches("X*1*0", "X2110")
        );
        assert!(
            !matches("X*", "C1") && !matches("X1*1", "X1") && !matches("X*1", "X12") && !matches("X", "X1")
        );
    }

    #[test]
    fn what_cannot_be_done_is_refused_with_the_reason() {
        for (spec, part) in [
            ("C9+=1", "unknown variable `C9` (did you mean `C1`?); known: A1 to A5, C1 to C5, X1 to X10, Y"),
            ("C+=1", "unknown variable `C`"),
            ("B*=1", "unknown variable `B*`"),
            ("C1", "there is no `=`"),
            ("+=1", "no variable is named"),
            ("=", "no variable is named"),
            ("*+=1", "begins with the kind"),
            ("C1+=", "`` is not a number"),
            ("C1+=x", "`x` is not a number"),
            ("C1=inf", "`inf` is not a finite number"),
            ("C1==1", "`=1` is not a number"),
            ("C1/=2", "the name must be that of a variable"),
            ("Z1+=1", "latents are unobserved"),
            ("Z*=1", "latents are unobserved"),
            ("Y+=1", "can only be set to a class"),
            ("Y=1.5", "by its name, such as `y2`"),
            ("Y=y", "by its name"),
            ("Y=5", "`Y=y5`: there is no such class; they are y0 to y4"),
            ("Y=99999999999999999999", "by its name"),
            ("Y*+=1", "the target"),
        ] {
            assert!(refusal(spec).contains(part), "{spec}: {}", refusal(spec));
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics_and_what_is_read_is_written_back(spec in "[ACXYZ*]{0,2}[0-9*+-]{0,4}=?[-+.0-9ey*]{0,6}|\\PC{0,40}") {
            if let Ok(read) = spec.parse::<Intervention>() {
                let _ = read.variables(&StructuralConfig::default());
                prop_assert_eq!(&read.to_string().parse::<Intervention>().unwrap(), &read, "{}", spec);
            }
        }
    }
}
