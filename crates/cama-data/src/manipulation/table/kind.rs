//! What can be done to a column, and how much of it.

use crate::manipulation::amount::Amount;

/// What a step does, without to what and how much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Shift,
    Scale,
    Noise,
    Constant,
    Permute,
}

impl Kind {
    pub(super) const ALL: [Kind; 5] = [Kind::Shift, Kind::Scale, Kind::Noise, Kind::Constant, Kind::Permute];

    /// The name in specifications.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Shift => "shift",
            Kind::Scale => "scale",
            Kind::Noise => "noise",
            Kind::Constant => "constant",
            Kind::Permute => "permute",
        }
    }

    /// Whether it can be done to numbers only.
    pub(super) fn needs_numbers(self) -> bool {
        self != Kind::Permute
    }

    fn limits(self) -> (f64, f64) {
        match self {
            Kind::Shift | Kind::Constant => (-1000.0, 1000.0),
            Kind::Scale => (0.001, 1000.0),
            Kind::Noise => (0.0, 1000.0),
            Kind::Permute => (0.0, 0.0),
        }
    }

    /// What it needs behind its name, in words.
    pub(super) fn form(self) -> &'static str {
        match self {
            Kind::Permute => "columns: `permute:COLUMNS`",
            Kind::Constant => "columns and an amount: `constant:COLUMNS:V`",
            Kind::Shift => "columns and an amount: `shift:COLUMNS:V` or `shift:COLUMNS:LO:HI`",
            Kind::Scale => "columns and an amount: `scale:COLUMNS:V` or `scale:COLUMNS:LO:HI`",
            Kind::Noise => "columns and an amount: `noise:COLUMNS:SD` or `noise:COLUMNS:LO:HI`",
        }
    }

    /// What is wrong with `amount` for this kind, and what is allowed.
    pub(super) fn problem(self, amount: Amount) -> Option<String> {
        let name = self.name();
        match (self, amount) {
            (_, Amount::Exactly(value)) => {
                return Some(format!("write the amount of `{name}` as it is: {value}, not ={value}"));
            }
            (Kind::Constant, Amount::Between(..)) => {
                return Some("`constant` takes one amount, not a range".to_string());
            }
            _ => {}
        }
        let (low, high) = self.limits();
        let bad = amount.numbers().into_iter().find(|number| !(low..=high).contains(number))?;
        Some(format!("{bad} is not allowed for `{name}`; give {low} to {high}"))
    }
}
