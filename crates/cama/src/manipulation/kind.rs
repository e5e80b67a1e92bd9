//! The kinds of step: their names, and which parameters they allow.

use super::amount::Amount;

/// What a step does, without how much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    ShiftVertical,
    ShiftHorizontal,
    Shift,
    Rotate,
    Scale,
    Shear,
    Contrast,
    Brightness,
    Invert,
    Noise,
    Blur,
}

impl Kind {
    const ALL: [Kind; 11] = [
        Kind::ShiftVertical,
        Kind::ShiftHorizontal,
        Kind::Shift,
        Kind::Rotate,
        Kind::Scale,
        Kind::Shear,
        Kind::Contrast,
        Kind::Brightness,
        Kind::Invert,
        Kind::Noise,
        Kind::Blur,
    ];

    /// The name in specifications.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::ShiftVertical => "shift-vertical",
            Kind::ShiftHorizontal => "shift-horizontal",
            Kind::Shift => "shift",
            Kind::Rotate => "rotate",
            Kind::Scale => "scale",
            Kind::Shear => "shear",
            Kind::Contrast => "contrast",
            Kind::Brightness => "brightness",
            Kind::Invert => "invert",
            Kind::Noise => "noise",
            Kind::Blur => "blur",
        }
    }

    /// The kind of this name.
    pub(super) fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// All names that a specification may hold.
    pub(super) fn names() -> Vec<&'static str> {
        Kind::ALL.into_iter().map(Kind::name).chain(["none"]).collect()
    }

    /// Whether it moves pixels by an affine map, and so has a fill.
    pub(super) fn is_geometric(self) -> bool {
        use Kind::{Rotate, Scale, Shear, Shift, ShiftHorizontal, ShiftVertical};
        matches!(self, ShiftVertical | ShiftHorizontal | Shift | Rotate | Scale | Shear)
    }

    /// Whether a single number `V` stands for everything in [-V, V].
    pub(super) fn is_two_sided(self) -> bool {
        self == Kind::Brightness || (self.is_geometric() && self != Kind::Scale)
    }

    /// The smallest and largest number that a parameter may be.
    fn limits(self) -> (f64, f64) {
        match self {
            Kind::ShiftVertical | Kind::ShiftHorizontal | Kind::Shift | Kind::Brightness => (-1.0, 1.0),
            Kind::Rotate => (-360.0, 360.0),
            Kind::Scale => (0.1, 10.0),
            Kind::Shear => (-2.0, 2.0),
            Kind::Contrast | Kind::Noise => (0.0, 1.0),
            Kind::Invert => (0.0, 0.0),
            Kind::Blur => (0.0, 32.0),
        }
    }

    /// What is wrong with `amount` for this kind, and what is allowed.
    pub(super) fn problem(self, amount: Amount) -> Option<String> {
        let name = self.name();
        match (self, amount) {
            (Kind::Invert, Amount::Absent) => return None,
            (Kind::Invert, _) => return Some("`invert` takes no parameter".to_string()),
            (_, Amount::Absent) => {
                return Some(format!(
                    "`{name}` needs a parameter: `{name}:V`, `{name}:LO:HI` or `{name}:=V`"
                ));
            }
            _ => {}
        }
        let (low, high) = self.limits();
        // A single number is the half-width of a range here, or the largest factor of one.
        let low = match amount {
            Amount::UpTo(_) if self.is_two_sided() => 0.0,
            Amount::UpTo(_) if self == Kind::Scale => 1.0,
            _ => low,
        };
        if let Some(bad) = amount.numbers().into_iter().find(|number| !(low..=high).contains(number)) {
            return Some(format!("{bad} is not allowed for `{name}{}`; give {low} to {high}", form(amount)));
        }
        match (self, amount) {
            (Kind::Contrast, Amount::UpTo(factor) | Amount::Exactly(factor)) if factor <= 0.0 => {
                Some(format!("{factor} is not allowed for `contrast`; give a factor above 0, at most 1"))
            }
            (Kind::Contrast, Amount::Between(low, high)) if low >= high => {
                Some(format!("the levels {low}:{high} of `contrast` must grow"))
            }
            _ => None,
        }
    }
}

/// How a parameter was written, for messages.
fn form(amount: Amount) -> &'static str {
    match amount {
        Amount::Absent => "",
        Amount::UpTo(_) => ":V",
        Amount::Between(..) => ":LO:HI",
        Amount::Exactly(_) => ":=V",
    }
}
