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
    Impulse,
    InvertPart,
    Bars,
    Scribble,
    Occlude,
    Ramp,
    Fog,
    Shadow,
    Lines,
    Spots,
    Stripes,
    Pixelate,
    Jpeg,
}

impl Kind {
    const ALL: [Kind; 24] = [
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
        Kind::Impulse,
        Kind::InvertPart,
        Kind::Bars,
        Kind::Scribble,
        Kind::Occlude,
        Kind::Ramp,
        Kind::Fog,
        Kind::Shadow,
        Kind::Lines,
        Kind::Spots,
        Kind::Stripes,
        Kind::Pixelate,
        Kind::Jpeg,
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
            Kind::Impulse => "impulse",
            Kind::InvertPart => "invert-part",
            Kind::Bars => "bars",
            Kind::Scribble => "scribble",
            Kind::Occlude => "occlude",
            Kind::Ramp => "ramp",
            Kind::Fog => "fog",
            Kind::Shadow => "shadow",
            Kind::Lines => "lines",
            Kind::Spots => "spots",
            Kind::Stripes => "stripes",
            Kind::Pixelate => "pixelate",
            Kind::Jpeg => "jpeg",
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

    /// Whether a single number `V` stands for itself, for every image.
    pub(super) fn is_fixed(self) -> bool {
        use Kind::{Blur, Fog, Impulse, InvertPart, Noise, Occlude, Ramp, Shadow};
        let shares = matches!(self, Noise | Blur | Impulse | InvertPart | Occlude | Ramp | Fog | Shadow);
        shares || self.is_count()
    }

    /// Whether its parameter is a whole number.
    pub(super) fn is_count(self) -> bool {
        use Kind::{Bars, Jpeg, Lines, Pixelate, Scribble, Spots, Stripes};
        matches!(self, Bars | Scribble | Lines | Spots | Stripes | Pixelate | Jpeg)
    }

    /// The smallest and largest number that a parameter may be.
    fn limits(self) -> (f64, f64) {
        match self {
            Kind::ShiftVertical | Kind::ShiftHorizontal | Kind::Shift | Kind::Brightness => (-1.0, 1.0),
            Kind::Rotate => (-360.0, 360.0),
            Kind::Scale => (0.1, 10.0),
            Kind::Shear => (-2.0, 2.0),
            Kind::Contrast | Kind::Noise | Kind::Impulse => (0.0, 1.0),
            Kind::InvertPart | Kind::Occlude | Kind::Ramp => (0.0, 1.0),
            Kind::Fog | Kind::Shadow => (0.0, 1.0),
            Kind::Bars | Kind::Scribble | Kind::Lines | Kind::Spots | Kind::Stripes => (1.0, 100.0),
            Kind::Pixelate | Kind::Jpeg => (1.0, 100.0),
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
        let allowed =
            |number: &f64| (low..=high).contains(number) && (!self.is_count() || number.fract() == 0.0);
        if let Some(bad) = amount.numbers().into_iter().find(|number| !allowed(number)) {
            let whole = if self.is_count() { "a whole number from " } else { "" };
            return Some(format!(
                "{bad} is not allowed for `{name}{}`; give {whole}{low} to {high}",
                form(amount)
            ));
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

#[cfg(test)]
mod tests {
    use crate::manipulation::{Manipulation, Sweep};

    #[test]
    fn corruptions_are_read_and_written() {
        for spec in [
            "impulse:0.1+invert-part:0.5",
            "impulse:0.05:0.3+bars:1:5+scribble:=3",
            "bars:100",
            "shift:0.2/edge+occlude:0.3+ramp:=0.4",
            "occlude:0.2:0.5+invert-part:=1+ramp:0:1",
            "fog:0.5+shadow:0.2:0.7+lines:3+spots:1:5",
            "stripes:2+pixelate:=4+jpeg:10:50",
        ] {
            assert_eq!(Manipulation::parse(spec).unwrap().to_string(), spec);
        }
        let sweep = Sweep::parse("rotate:20+scribble:1..10/1").unwrap();
        assert_eq!((sweep.points().len(), sweep.family()), (10, "rotate:20+scribble"));
        assert_eq!(Manipulation::parse("bars:2:7").unwrap().severity(), 7.0);
    }

    #[test]
    fn mistakes_in_corruptions_say_what_is_allowed() {
        for (spec, part) in [
            ("bars", "`bars` needs a parameter: `bars:V`, `bars:LO:HI` or `bars:=V`"),
            ("bars:0", "0 is not allowed for `bars:V`; give a whole number from 1 to 100"),
            ("bars:2.5", "2.5 is not allowed for `bars:V`; give a whole number from 1 to 100"),
            ("bars:=-3", "-3 is not allowed for `bars:=V`; give a whole number from 1 to 100"),
            ("scribble:101", "101 is not allowed for `scribble:V`"),
            ("scribble:1e300", "is not allowed for `scribble:V`; give a whole number"),
            ("scribble:1:3.5", "3.5 is not allowed for `scribble:LO:HI`"),
            ("scribble:5:2", "must not end below its start"),
            ("bars:nan", "not a finite number"),
            ("impulse:1.1", "1.1 is not allowed for `impulse:V`; give 0 to 1"),
            ("impulse:-0.1", "-0.1 is not allowed"),
            ("invert-part:2", "2 is not allowed for `invert-part:V`; give 0 to 1"),
            ("invert-part", "`invert-part` needs a parameter"),
            ("occlude:-0.5", "-0.5 is not allowed"),
            ("occlude:0.2:1.2", "1.2 is not allowed for `occlude:LO:HI`"),
            ("ramp:=-0.5", "-0.5 is not allowed for `ramp:=V`; give 0 to 1"),
            ("jpeg:0", "0 is not allowed for `jpeg:V`; give a whole number from 1 to 100"),
            ("pixelate:1.5", "1.5 is not allowed for `pixelate:V`; give a whole number from 1 to 100"),
            ("fog:2", "2 is not allowed for `fog:V`; give 0 to 1"),
            ("bars:2/edge", "`bars` moves no pixels, so it takes no `/edge`"),
            ("invert_part:0.5", "did you mean `invert-part`?"),
            ("scribbel:3", "did you mean `scribble`?"),
        ] {
            let text = Manipulation::parse(spec).expect_err(spec).to_string();
            assert!(text.contains(part), "{spec}: {text}");
        }
        let text = Sweep::parse("bars:1..3/0.5").unwrap_err().to_string();
        assert!(text.contains("1.5 is not allowed for `bars:V`"), "{text}");
    }
}
