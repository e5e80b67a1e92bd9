//! A composition of steps, applied from left to right.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::step::Step;
use super::sweepable::Sweepable;
use crate::{Error, Result};

/// Reads steps joined by `+`; `step` reads one, of which `none` is none, and is given the whole specification for
/// messages.
pub(super) fn read_steps<S>(spec: &str, step: impl Fn(&str, &str) -> Result<Option<S>>) -> Result<Vec<S>> {
    let mut steps = Vec::new();
    for text in spec.split('+').map(str::trim) {
        if text.is_empty() {
            let problem = "a step is missing; write `none` for no manipulation";
            return Err(Error::spec("manipulation", spec, problem));
        }
        steps.extend(step(text, spec)?);
    }
    Ok(steps)
}

/// Joins steps by `+`; no steps are `none`.
pub(super) fn write_steps(steps: impl Iterator<Item = String>) -> String {
    let steps: Vec<String> = steps.collect();
    if steps.is_empty() { "none".to_string() } else { steps.join("+") }
}

/// What is done to images: steps applied from left to right, possibly none.
///
/// The [module](super) lists the steps. In configuration files it is written like in [`Manipulation::parse`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Manipulation {
    steps: Vec<Step>,
}

impl Manipulation {
    /// The manipulation that leaves images as they are, written `none`.
    pub fn none() -> Self {
        Manipulation::default()
    }

    /// Reads a specification such as `rotate:20+shift-vertical:0.2`; [`Display`](fmt::Display) writes one
    /// that reads the same.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] with the nearest name for an unknown step; [`Error::Spec`], saying what is
    /// allowed, for a missing, superfluous, malformed or absurd parameter, or an unknown suffix.
    pub fn parse(spec: &str) -> Result<Self> {
        Ok(Manipulation { steps: read_steps(spec, Step::parse)? })
    }

    /// Whether nothing is done to any image.
    pub fn is_none(&self) -> bool {
        self.steps.is_empty()
    }

    /// A number for tables: the size of the first step's main parameter (of a range, the end farther from
    /// 0; of contrast levels, their distance), 1 for a step without one, 0 for none.
    pub fn severity(&self) -> f64 {
        self.steps.first().map_or(0.0, Step::severity)
    }

    /// The steps, first to last.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl Sweepable for Manipulation {
    /// The names of the steps, with suffixes but without parameters.
    fn family(&self) -> String {
        write_steps(self.steps.iter().map(|step| format!("{}{}", step.kind.name(), step.fill)))
    }

    fn severity(&self) -> f64 {
        Manipulation::severity(self)
    }
}

impl fmt::Display for Manipulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&write_steps(self.steps.iter().map(Step::to_string)))
    }
}

impl FromStr for Manipulation {
    type Err = Error;

    fn from_str(spec: &str) -> Result<Self> {
        Manipulation::parse(spec)
    }
}

impl TryFrom<String> for Manipulation {
    type Error = Error;

    fn try_from(spec: String) -> Result<Self> {
        Manipulation::parse(&spec)
    }
}

impl From<Manipulation> for String {
    fn from(manipulation: Manipulation) -> String {
        manipulation.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(spec: &str) -> String {
        Manipulation::parse(spec).expect_err(spec).to_string()
    }

    #[test]
    fn specifications_are_read_and_written() {
        for spec in [
            "none",
            "invert",
            "rotate:20+shift-vertical:0.2",
            "shift:0.3/edge",
            "shift-horizontal:=-0.25/edge+noise:0.1",
            "scale:0.5:2+contrast:0.35:0.7+blur:=1.5",
            "shear:-0.5:0.25+brightness:0.1+contrast:0.5",
        ] {
            assert_eq!(Manipulation::parse(spec).unwrap().to_string(), spec);
        }
        let parse = |spec| Manipulation::parse(spec).unwrap();
        assert_eq!(parse(" rotate:20 + none + invert ").to_string(), "rotate:20+invert");
        assert!(parse("none").is_none() && parse("none+none") == Manipulation::none());
        assert!(!parse("shift:0").is_none());
        assert_eq!("invert".parse::<Manipulation>().unwrap(), parse("invert"));
    }

    #[test]
    fn severity_is_the_size_of_the_first_parameter() {
        for (spec, severity) in [
            ("none", 0.0),
            ("invert", 1.0),
            ("rotate:20+noise:0.5", 20.0),
            ("shift-vertical:=-0.3", 0.3),
            ("rotate:-30:10", 30.0),
            ("contrast:0.25:0.75", 0.5),
            ("contrast:0.3:0.7", 0.4),
        ] {
            assert_eq!(Manipulation::parse(spec).unwrap().severity(), severity, "{spec}");
        }
    }

    #[test]
    fn mistakes_say_what_is_allowed() {
        for (spec, part) in [
            ("", "a step is missing; write `none`"),
            ("rotate:3++invert", "a step is missing"),
            ("rotat:20", "unknown manipulation `rotat` (did you mean `rotate`?)"),
            ("shift_vertical:0.2", "did you mean `shift-vertical`?"),
            ("rotate", "`rotate` needs a parameter: `rotate:V`, `rotate:LO:HI` or `rotate:=V`"),
            ("rotate:", "a number is missing"),
            ("rotate:1:2:3", "`1:2:3` has too many parameters"),
            ("rotate:x", "`rotate`: `x` is not a number"),
            ("rotate:nan", "`nan` is not a finite number"),
            ("rotate:inf", "`inf` is not a finite number"),
            ("rotate:-20", "-20 is not allowed for `rotate:V`; give 0 to 360"),
            ("rotate:400", "400 is not allowed"),
            ("rotate:20:10", "the range 20:10 must not end below its start"),
            ("shift:1.5", "1.5 is not allowed for `shift:V`; give 0 to 1"),
            ("shift:=-2", "-2 is not allowed for `shift:=V`; give -1 to 1"),
            ("scale:0.5", "0.5 is not allowed for `scale:V`; give 1 to 10"),
            ("scale:=0", "0 is not allowed for `scale:=V`; give 0.1 to 10"),
            ("scale:-1:2", "-1 is not allowed for `scale:LO:HI`"),
            ("contrast:0.7:0.35", "must not end below its start"),
            ("contrast:0.5:0.5", "the levels 0.5:0.5 of `contrast` must grow"),
            ("contrast:0.5:1.5", "1.5 is not allowed for `contrast:LO:HI`; give 0 to 1"),
            ("contrast:0", "give a factor above 0"),
            ("noise:-0.1", "-0.1 is not allowed"),
            ("blur:100", "100 is not allowed"),
            ("invert:1", "`invert` takes no parameter"),
            ("none:1", "`none` takes neither"),
            ("shift:0.3/wrap", "unknown suffix `/wrap`; `/edge` is the only one"),
            ("noise:0.3/edge", "`noise` moves no pixels, so it takes no `/edge`"),
            ("shift:0..0.9/0.1", "is a sweep, where one manipulation is wanted"),
        ] {
            let text = message(spec);
            assert!(text.contains(part), "{spec}: {text}");
        }
    }

    #[test]
    fn configuration_files_hold_the_specification() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct File {
            manipulation: Manipulation,
        }
        let text = "manipulation = \"rotate:20+invert\"\n";
        let file: File = toml::from_str(text).unwrap();
        assert_eq!(toml::to_string(&file).unwrap(), text);
        let error = toml::from_str::<File>("manipulation = \"rotat:20\"").unwrap_err().to_string();
        assert!(error.contains("did you mean `rotate`?"), "{error}");
    }

    prop_compose! {
        fn step()(
            which in 0usize..11,
            form in 0usize..3,
            low in 0.0f64..1.0,
            width in 0.01f64..1.0,
            edge: bool,
        ) -> String {
            let (name, from, to, one) = [
                ("shift-vertical", -1.0, 1.0, 1.0),
                ("shift-horizontal", -1.0, 1.0, 1.0),
                ("shift", -1.0, 1.0, 1.0),
                ("rotate", -360.0, 360.0, 360.0),
                ("shear", -2.0, 2.0, 2.0),
                ("scale", 1.0, 10.0, 10.0),
                ("contrast", 0.01, 1.0, 1.0),
                ("brightness", -1.0, 1.0, 1.0),
                ("noise", 0.0, 1.0, 1.0),
                ("blur", 0.0, 32.0, 32.0),
                ("invert", 0.0, 0.0, 0.0),
            ][which];
            let suffix = if edge && which < 6 { "/edge" } else { "" };
            let a = from + (to - from) * low * 0.9;
            let b = a + (to - a) * width;
            match (name, form) {
                ("invert", _) => "invert".to_string(),
                (_, 0) => format!("{name}:{}{suffix}", (one * width).max(a.min(one)).max(0.0)),
                (_, 1) => format!("{name}:{a}:{b}{suffix}"),
                _ => format!("{name}:={a}{suffix}"),
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(steps in prop::collection::vec(step(), 1..5)) {
            let spec = steps.join("+");
            let manipulation = Manipulation::parse(&spec).unwrap();
            prop_assert_eq!(manipulation.to_string(), spec);
            prop_assert_eq!(Manipulation::parse(&manipulation.to_string()).unwrap(), manipulation);
        }

        #[test]
        fn arbitrary_text_never_panics(spec in ".*") {
            let _ = Manipulation::parse(&spec);
        }

        #[test]
        fn nearly_right_text_never_panics(
            name in "(shift|rotate|scale|contrast|none|invert|blur)",
            rest in "[0-9:=+./einfaedg-]{0,16}",
        ) {
            if let Ok(manipulation) = Manipulation::parse(&format!("{name}{rest}")) {
                prop_assert_eq!(Manipulation::parse(&manipulation.to_string()).unwrap(), manipulation);
            }
        }
    }
}
