//! How much of a step each image gets: a fixed number, or one drawn from a range.

use std::fmt;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A parameter as written; the step says what it means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Amount {
    /// The step has no parameter.
    Absent,
    /// `V`: usually everything up to this much.
    UpTo(f64),
    /// `LO:HI`: everything between.
    Between(f64, f64),
    /// `=V`: this much.
    Exactly(f64),
}

impl Amount {
    /// Reads the text after a step's name and colon; the error says what is wrong.
    pub(super) fn parse(text: &str) -> Result<Amount, String> {
        if let Some(value) = text.strip_prefix('=') {
            return Ok(Amount::Exactly(number(value)?));
        }
        match text.split_once(':') {
            None => Ok(Amount::UpTo(number(text)?)),
            Some((low, high)) if !high.contains(':') => {
                let (low, high) = (number(low)?, number(high)?);
                if low > high {
                    return Err(format!("the range {low}:{high} must not end below its start"));
                }
                Ok(Amount::Between(low, high))
            }
            Some(_) => Err(format!("`{text}` has too many parameters")),
        }
    }

    /// The numbers written.
    pub(super) fn numbers(self) -> Vec<f64> {
        match self {
            Amount::Absent => vec![],
            Amount::UpTo(value) | Amount::Exactly(value) => vec![value],
            Amount::Between(low, high) => vec![low, high],
        }
    }
}

/// A finite number.
pub(super) fn number(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(format!("`{}` is not a finite number", text.trim())),
        Err(_) if text.trim().is_empty() => Err("a number is missing".to_string()),
        Err(_) => Err(format!("`{}` is not a number", text.trim())),
    }
}

/// A number drawn uniformly from [`low`, `high`].
pub(super) fn uniform(low: f64, high: f64, rng: &mut ChaCha8Rng) -> f64 {
    low + (high - low) * rng.random::<f64>()
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Amount::Absent => Ok(()),
            Amount::UpTo(value) => write!(f, ":{value}"),
            Amount::Between(low, high) => write!(f, ":{low}:{high}"),
            Amount::Exactly(value) => write!(f, ":={value}"),
        }
    }
}
