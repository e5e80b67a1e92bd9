//! One step of a manipulation: what it does, how much, and what comes in from outside.

use std::fmt;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::amount::{Amount, uniform};
use super::kind::Kind;
use super::warp::Fill;
use crate::{Error, Result};

/// A step as written, checked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) kind: Kind,
    pub(super) amount: Amount,
    pub(super) fill: Fill,
}

impl Step {
    /// Reads `name`, `name:parameters` or either with `/edge`; `none` is no step. `spec` is the whole
    /// specification, for messages.
    pub(super) fn parse(step: &str, spec: &str) -> Result<Option<Step>> {
        let error = |problem: String| Error::spec("manipulation", spec, problem);
        if step.contains("..") {
            return Err(error(format!(
                "`{step}` is a sweep, where one manipulation is wanted; give one value"
            )));
        }
        let (step, fill) = match step.split_once('/') {
            None => (step, Fill::Zero),
            Some((step, "edge")) => (step, Fill::Edge),
            Some((_, fill)) => {
                let problem = format!("unknown suffix `/{fill}`; `/edge` is the only one");
                return Err(error(problem));
            }
        };
        let (name, parameters) = match step.split_once(':') {
            None => (step, None),
            Some((name, parameters)) => (name, Some(parameters)),
        };
        if name == "none" {
            return match (parameters, fill) {
                (None, Fill::Zero) => Ok(None),
                _ => Err(error("`none` takes neither parameter nor suffix".to_string())),
            };
        }
        let Some(kind) = Kind::named(name) else {
            return Err(Error::unknown_name("manipulation", name, &Kind::names()));
        };
        let amount = parameters.map(Amount::parse).transpose();
        let amount = amount.map_err(|problem| error(format!("`{name}`: {problem}")))?;
        let amount = amount.unwrap_or(Amount::Absent);
        if let Some(problem) = kind.problem(amount) {
            return Err(error(problem));
        }
        if fill != Fill::Zero && !kind.is_geometric() {
            return Err(error(format!("`{name}` moves no pixels, so it takes no `/edge`")));
        }
        Ok(Some(Step { kind, amount, fill }))
    }

    /// The size of the main parameter: of a range the end that is farther from 0, for contrast levels their
    /// distance, 1 for a step without parameter.
    pub(super) fn severity(&self) -> f64 {
        match (self.kind, self.amount) {
            (_, Amount::Absent) => 1.0,
            // 0.7 − 0.3 is a little less than 0.4: twelve decimals are more than anybody writes.
            (Kind::Contrast, Amount::Between(low, high)) => ((high - low) * 1e12).round() / 1e12,
            (_, amount) => amount.numbers().into_iter().map(f64::abs).fold(0.0, f64::max),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.kind.name(), self.amount, self.fill)
    }
}

/// One image's draw of a step's parameter.
pub(super) fn draw(step: &Step, rng: &mut ChaCha8Rng) -> f64 {
    match (step.amount, step.kind) {
        (Amount::Absent, _) => 0.0,
        (Amount::Exactly(value), _) => value,
        (Amount::UpTo(value), kind) if kind.is_fixed() => value,
        (Amount::UpTo(factor), Kind::Scale) => uniform(-factor.ln(), factor.ln(), rng).exp(),
        (Amount::UpTo(factor), Kind::Contrast) => uniform(factor, 1.0, rng),
        (Amount::UpTo(most), _) => uniform(-most, most, rng),
        (Amount::Between(low, high), Kind::Scale) => uniform(low.ln(), high.ln(), rng).exp(),
        (Amount::Between(low, high), kind) if kind.is_count() => {
            f64::from(rng.random_range(low as u32..=high as u32))
        }
        (Amount::Between(low, high), _) => uniform(low, high, rng),
    }
}
