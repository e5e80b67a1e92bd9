//! A manipulation at growing severities.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::amount::number;
use super::composition::Manipulation;
use super::sweepable::Sweepable;
use crate::{Error, Result};

/// More points than this are taken for a mistake in the step.
const MAX_POINTS: usize = 1000;

/// A manipulation at each of several severities: `shift-vertical:0..0.9/0.1`.
///
/// In configuration files it is written like in [`Sweep::parse`]. A sweep of manipulations of tables is read by
/// [`str::parse`], as `shift:x*:0..5/1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[serde(bound(serialize = "M: Clone", deserialize = "M: Sweepable"))]
pub struct Sweep<M = Manipulation> {
    spec: String,
    family: String,
    points: Vec<(f64, M)>,
}

impl Sweep {
    /// Reads a sweep, or a plain manipulation as a sweep of one.
    ///
    /// One number of one step, its last, is written `FROM..TO/STEP`: `rotate:0..180/15`,
    /// `shift-vertical:=0..0.9/0.1` for fixed shifts, `invert+shift:0..0.5/0.1/edge` in a composition and with a
    /// suffix, `shift-vertical:=0..-0.9/-0.1` downwards. `TO` is included if a whole number of steps leads there.
    ///
    /// # Errors
    ///
    /// [`Error::Spec`] if more than one step is swept, the range or its step is malformed, or there are
    /// more than 1000 points; and what [`Manipulation::parse`] says of any of the points.
    pub fn parse(spec: &str) -> Result<Self> {
        spec.parse()
    }
}

impl<M: Sweepable> FromStr for Sweep<M> {
    type Err = Error;

    fn from_str(spec: &str) -> Result<Self> {
        let error = |problem: String| Error::spec("manipulation", spec, problem);
        let steps: Vec<&str> = spec.split('+').map(str::trim).collect();
        // The number is the last part of its step; the parts before may hold names with dots.
        let is_swept = |step: &str| step.rsplit(':').next().is_some_and(|last| last.contains(".."));
        let mut swept = steps.iter().enumerate().filter(|(_, step)| is_swept(step));
        let Some((at, step)) = swept.next() else {
            let manipulation: M = spec.parse()?;
            let (family, severity) = (manipulation.family(), manipulation.severity());
            return Ok(Sweep {
                spec: manipulation.to_string(),
                family,
                points: vec![(severity, manipulation)],
            });
        };
        if swept.next().is_some() {
            return Err(error("only one step can be swept".to_string()));
        }
        let template = Template::parse(step).map_err(error)?;
        let with = |step: String| {
            let mut steps: Vec<&str> = steps.clone();
            steps[at] = &step;
            steps.join("+")
        };
        let severities = severities(template.range, template.step).map_err(error)?;
        let points = severities
            .into_iter()
            .map(|severity| Ok((severity, with(template.at(severity)).parse()?)))
            .collect::<Result<_>>()?;
        let family = with(format!("{}{}", template.name, template.suffix));
        Ok(Sweep { spec: steps.join("+"), family, points })
    }
}

impl<M> Sweep<M> {
    /// Severities and manipulations, in the order of the sweep. The severity is the number swept, for a
    /// plain manipulation its [`severity`](Sweepable::severity).
    pub fn points(&self) -> &[(f64, M)] {
        &self.points
    }

    /// What is swept, for a heading: the specification without the numbers that vary, `shift-vertical`.
    pub fn family(&self) -> &str {
        &self.family
    }
}

/// Reads `FROM..TO/STEP`, as in a [`Sweep`], or a plain number.
///
/// # Errors
///
/// What is wrong with it, in words.
pub fn sweep_numbers(text: &str) -> Result<Vec<f64>, String> {
    let Some((from, rest)) = text.split_once("..") else { return Ok(vec![number(text)?]) };
    let Some((to, step)) = rest.split_once('/') else {
        return Err(format!("`{text}` is not a sweep; write `FROM..TO/STEP`"));
    };
    severities([number(from)?, number(to)?], number(step)?)
}

/// The swept step: `name:FROM..TO/STEP`, `name:=FROM..TO/STEP`, either with a suffix.
struct Template<'a> {
    name: &'a str,
    fixed: &'a str,
    range: [f64; 2],
    step: f64,
    suffix: String,
}

impl<'a> Template<'a> {
    fn parse(text: &'a str) -> Result<Self, String> {
        let wanted = || format!("`{text}` is not a sweep; write `name:FROM..TO/STEP`");
        let (name, rest) = text.rsplit_once(':').ok_or_else(wanted)?;
        let (fixed, rest) = rest.strip_prefix('=').map_or(("", rest), |rest| ("=", rest));
        let (range, rest) = rest.split_once('/').ok_or_else(wanted)?;
        let (from, to) = range.split_once("..").ok_or_else(wanted)?;
        let (step, suffix) = match rest.split_once('/') {
            None => (rest, String::new()),
            Some((step, suffix)) => (step, format!("/{suffix}")),
        };
        Ok(Template { name, fixed, range: [number(from)?, number(to)?], step: number(step)?, suffix })
    }

    /// The step at one severity.
    fn at(&self, severity: f64) -> String {
        format!("{}:{}{severity}{}", self.name, self.fixed, self.suffix)
    }
}

/// `from`, `from + step`, … up to and including `to`, or down to it.
fn severities([from, to]: [f64; 2], step: f64) -> Result<Vec<f64>, String> {
    let upwards = step > 0.0 && to >= from;
    let downwards = step < 0.0 && to <= from;
    if !upwards && !downwards {
        return Err(format!(
            "{from}..{to}/{step} leads nowhere; the step must be above 0, the end not below the start, or both \
             the other way round"
        ));
    }
    // 0.9 / 0.1 is a little less than 9 in floating point.
    let last = ((to - from) / step + 1e-6).floor();
    if last >= MAX_POINTS as f64 {
        return Err(format!("{from}..{to}/{step} has more than {MAX_POINTS} points; give a larger step"));
    }
    // And 3 × 0.1 is a little more than 0.3: twelve decimals are more than anybody writes. Adding 0 makes a
    // negative zero positive.
    Ok((0..=last as usize).map(|k| ((from + k as f64 * step) * 1e12).round() / 1e12 + 0.0).collect())
}

impl<M> fmt::Display for Sweep<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spec)
    }
}

impl<M: Sweepable> TryFrom<String> for Sweep<M> {
    type Error = Error;

    fn try_from(spec: String) -> Result<Self> {
        spec.parse()
    }
}

impl<M> From<Sweep<M>> for String {
    fn from(sweep: Sweep<M>) -> String {
        sweep.spec
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::manipulation::TableManipulation;

    fn points(spec: &str) -> Vec<(f64, String)> {
        let sweep = Sweep::parse(spec).unwrap();
        sweep.points().iter().map(|(severity, m)| (*severity, m.to_string())).collect()
    }

    #[test]
    fn the_end_is_included_and_numbers_are_clean() {
        let points = points("shift-vertical:0..0.9/0.1");
        assert_eq!(points.len(), 10);
        assert_eq!(points[3], (0.3, "shift-vertical:0.3".to_string()));
        assert_eq!(points[9], (0.9, "shift-vertical:0.9".to_string()));
        assert_eq!(Sweep::parse("shift-vertical:0..0.9/0.1").unwrap().family(), "shift-vertical");
    }

    #[test]
    fn fixed_values_suffixes_and_compositions() {
        assert_eq!(
            points("shift:=-0.5..0.5/0.5/edge"),
            [
                (-0.5, "shift:=-0.5/edge".into()),
                (0.0, "shift:=0/edge".into()),
                (0.5, "shift:=0.5/edge".into())
            ]
        );
        let spec = "rotate:20 + shift-vertical:0..0.5/0.3/edge+invert";
        assert_eq!(
            points(spec),
            [
                (0.0, "rotate:20+shift-vertical:0/edge+invert".into()),
                (0.3, "rotate:20+shift-vertical:0.3/edge+invert".into())
            ]
        );
        let sweep = Sweep::parse(spec).unwrap();
        assert_eq!(sweep.family(), "rotate:20+shift-vertical/edge+invert");
        assert_eq!(Sweep::parse(&sweep.to_string()).unwrap(), sweep);
    }

    #[test]
    fn a_plain_manipulation_is_a_sweep_of_one() {
        assert_eq!(points("none"), [(0.0, "none".into())]);
        assert_eq!(points("rotate:20+invert"), [(20.0, "rotate:20+invert".into())]);
        assert_eq!(Sweep::parse("rotate:20/edge+invert").unwrap().family(), "rotate/edge+invert");
        assert_eq!(points("rotate:5..5/1"), [(5.0, "rotate:5".into())]);
    }

    #[test]
    fn sweeps_lead_downwards_too() {
        assert_eq!(
            points("shift-vertical:=0.5..-0.5/-0.5"),
            [
                (0.5, "shift-vertical:=0.5".into()),
                (0.0, "shift-vertical:=0".into()),
                (-0.5, "shift-vertical:=-0.5".into())
            ]
        );
        assert_eq!(points("shift-vertical:=0..-0.9/-0.1").len(), 10);
        assert_eq!(points("contrast:0.1:0.3..0.9/0.2")[1], (0.5, "contrast:0.1:0.5".into()));
    }

    #[test]
    fn sweeps_of_tables_keep_the_pattern() {
        let sweep: Sweep<TableManipulation> = "permute:c1+shift:x*..y:0..-5/-1".parse().unwrap();
        assert_eq!(sweep.family(), "permute:c1+shift:x*..y");
        assert_eq!((sweep.points().len(), sweep.points()[5].0), (6, -5.0));
        assert_eq!(sweep.points()[5].1.to_string(), "permute:c1+shift:x*..y:-5");
        let one: Sweep<TableManipulation> = "scale:@children:0.5:4".parse().unwrap();
        assert_eq!((one.family(), one.points()[0].0), ("scale:@children", 4.0));
        let text = serde_json::to_string(&sweep).unwrap();
        assert_eq!(serde_json::from_str::<Sweep<TableManipulation>>(&text).unwrap(), sweep);
        let text = "shfit:x:0..1/1".parse::<Sweep<TableManipulation>>().unwrap_err().to_string();
        assert!(text.contains("did you mean `shift`?"), "{text}");
    }

    #[test]
    fn mistakes_say_what_is_allowed() {
        for (spec, part) in [
            ("shift:0..0.9", "is not a sweep; write `name:FROM..TO/STEP`"),
            ("shift..", "is not a sweep"),
            ("shift:0..0.9/edge", "`edge` is not a number"),
            ("shift:0..0.9/0", "the step must be above 0"),
            ("shift:0..0.9/-0.1", "the step must be above 0"),
            ("shift:0.9..0/0.1", "the end not below"),
            ("shift:0..x/0.1", "`x` is not a number"),
            ("shift:0..inf/0.1", "not a finite number"),
            ("shift:0..1/0.0001", "more than 1000 points"),
            ("shift:0..2/0.5", "1.5 is not allowed for `shift:V`; give 0 to 1"),
            ("shift:0..1/0.5/wrap", "unknown suffix `/wrap`"),
            ("shfit:0..1/0.5", "did you mean `shift`?"),
            ("shift:0..1/0.5+rotate:0..9/3", "only one step can be swept"),
        ] {
            let text = Sweep::parse(spec).expect_err(spec).to_string();
            assert!(text.contains(part), "{spec}: {text}");
        }
        assert_eq!(points("rotate:0..99.9/0.1").len(), 1000);
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(spec in ".*", rest in "[0-9:=+./e-]{0,20}") {
            let _ = Sweep::parse(&spec);
            let _ = Sweep::parse(&format!("shift:{rest}"));
        }

        #[test]
        fn every_point_is_on_the_grid(count in 1usize..200, step in 1u32..1000) {
            let step = f64::from(step) / 1e6;
            let sweep = Sweep::parse(&format!("rotate:0..{}/{step}", step * (count - 1) as f64)).unwrap();
            prop_assert_eq!(sweep.points().len(), count);
            for (k, (severity, _)) in sweep.points().iter().enumerate() {
                prop_assert!((severity - k as f64 * step).abs() < 1e-9);
            }
        }
    }
}
