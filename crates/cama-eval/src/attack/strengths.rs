//! An attack at several strengths, as written: `pgd:0.1,0.3`, `pgd:0..0.5/0.1`.

use std::fmt;
use std::str::FromStr;

use cama::manipulation::sweep_numbers;
use cama::{Error, Result};
use serde::{Deserialize, Serialize};

use super::spec::{Attack, KIND};

/// More strengths than this are taken for a mistake.
const MOST: usize = 1000;

/// An [`Attack`] at each of several strengths: in place of `EPS` there are several numbers, or a sweep as of manipulations,
/// `FROM..TO/STEP`, separated by commas.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Attacks {
    points: Vec<Attack>,
}

impl Attacks {
    /// One attack for each strength, in the order they were written; there is one at least.
    pub fn points(&self) -> &[Attack] {
        &self.points
    }

    /// The same, taken out.
    pub fn into_points(self) -> Vec<Attack> {
        self.points
    }
}

impl FromStr for Attacks {
    type Err = Error;

    fn from_str(spec: &str) -> Result<Self> {
        let (attack, strengths) = Attack::parse_around(spec)?;
        let error = |problem: String| Error::spec(KIND, spec, problem);
        let mut points: Vec<Attack> = Vec::new();
        for part in strengths.split(',') {
            for eps in sweep_numbers(part).map_err(error)? {
                let point = attack.checked(eps).map_err(error)?;
                if !points.contains(&point) {
                    points.push(point);
                }
            }
            if points.len() > MOST {
                return Err(error(format!("there are more than {MOST} strengths")));
            }
        }
        Ok(Attacks { points })
    }
}

impl FromStr for Attack {
    type Err = Error;

    fn from_str(spec: &str) -> Result<Self> {
        let mut all = spec.parse::<Attacks>()?.into_points();
        match all.pop() {
            Some(attack) if all.is_empty() => Ok(attack),
            _ => Err(Error::spec(KIND, spec, "it has several strengths, where one attack is wanted")),
        }
    }
}

impl fmt::Display for Attacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let eps: Vec<String> = self.points.iter().map(|point| point.eps.to_string()).collect();
        let first = &self.points[0];
        write!(f, "{}:{}{}", first.method.name(), eps.join(","), first.options())
    }
}

impl TryFrom<String> for Attacks {
    type Error = Error;

    fn try_from(spec: String) -> Result<Self> {
        spec.parse()
    }
}

impl From<Attacks> for String {
    fn from(attacks: Attacks) -> String {
        attacks.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::spec::{Method, Norm};
    use super::*;

    #[test]
    fn specifications_are_read_and_written() {
        for spec in [
            "pgd:0.3",
            "fgsm:0.1,0.3",
            "pgd:0.3:norm=l2:steps=50:step=0.01:restarts=5:eot=4:targeted:no-random-start",
            "square:2:norm=l2",
            "apgd-dlr:0.1:targeted",
            "mim:0",
        ] {
            assert_eq!(spec.parse::<Attacks>().unwrap().to_string(), spec);
        }
        let attacks: Attacks = " pgd : 0..0.5/0.1 : targeted : steps = 40 ".parse().unwrap();
        assert_eq!(attacks.to_string(), "pgd:0,0.1,0.2,0.3,0.4,0.5:targeted");
        let attack: Attack = "pgd:0.3:targeted:norm=l2".parse().unwrap();
        assert_eq!(
            (attack.method, attack.norm, attack.targeted, attack.eps),
            (Method::Pgd, Norm::L2, true, 0.3)
        );
        assert_eq!(attack.to_string(), "pgd:0.3:norm=l2:targeted");
        assert_eq!("pgd:1,1,2..3/1,2".parse::<Attacks>().unwrap().to_string(), "pgd:1,2,3");
        let text = serde_json::to_string(&attacks).unwrap();
        assert_eq!(serde_json::from_str::<Attacks>(&text).unwrap(), attacks);
    }

    #[test]
    fn a_step_crosses_the_ball_unless_it_is_given() {
        let step = |spec: &str| spec.parse::<Attack>().unwrap().step_length();
        assert_eq!(
            (step("pgd:0.3:steps=25"), step("pgd:0.3:step=0.01"), step("fgsm:0.3")),
            (0.03, 0.01, 0.3)
        );
    }

    #[test]
    fn mistakes_say_what_is_allowed() {
        for (spec, part) in [
            ("", "the name of an attack is missing"),
            ("pdg:0.3", "unknown attack `pdg` (did you mean `pgd`?)"),
            ("pgd", "how strong is missing; write `pgd:0.3`"),
            ("pgd:", "how strong is missing"),
            ("pgd:x", "`x` is not a number"),
            ("pgd:0.1,", "a number is missing"),
            ("pgd:-0.1", "the strength -0.1 is not allowed; give 0 to 1000000"),
            ("pgd:nan", "not a finite number"),
            ("pgd:0..1", "write `FROM..TO/STEP`"),
            ("pgd:0..1/0", "the step must be above 0"),
            ("pgd:0..1e5/1e-9", "more than 1000 points"),
            ("pgd:0.3:steps", "`steps` needs a value"),
            ("pgd:0.3:steps=0", "steps = `0`: must be a whole number from 1 to 100000"),
            ("pgd:0.3:norm=l1", "must be `linf` or `l2`"),
            ("pgd:0.3:step=-1", "must be a number above 0"),
            ("pgd:0.3:targeted=3", "`targeted` takes no value"),
            ("pgd:0.3::targeted", "an option is missing"),
            ("pgd:0.3:eot=2:eot=3", "`eot` is given twice"),
            ("fgsm:0.3:steps=3", "`fgsm` has no option `steps`; it has norm, loss, eot, targeted"),
            ("pgd:0.3:loss=hinge", "must be `log-odds` or `cross-entropy`"),
            ("apgd-dlr:0.3:loss=log-odds", "`apgd-dlr` has no option `loss`"),
            ("square:0.3:eot=3", "`square` has no option `eot`"),
            ("apgd:0.3:step=0.1", "`apgd` has no option `step`"),
        ] {
            let text = spec.parse::<Attacks>().expect_err(spec).to_string();
            assert!(text.contains(part), "{spec}: {text}");
        }
        assert!("pgd:1,2".parse::<Attack>().unwrap_err().to_string().contains("several strengths"));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(
            method in 1usize..3, eps in prop::collection::vec(0.0f64..9.0, 1..4), steps in 1usize..99,
            step in prop::option::of(0.001f64..1.0), l2: bool, targeted: bool, from_here: bool, entropy: bool,
            eot in 1usize..4,
        ) {
            let method = ["fgsm", "pgd", "mim"][method];
            let eps: Vec<String> = eps.iter().map(f64::to_string).collect();
            let mut spec = format!("{method}:{}:eot={eot}:steps={steps}", eps.join(","));
            step.iter().for_each(|step| spec += &format!(":step={step}"));
            for (is, option) in [
                (l2, ":norm=l2"), (targeted, ":targeted"), (from_here, ":no-random-start"),
                (entropy, ":loss=cross-entropy"),
            ] {
                spec += if is { option } else { "" };
            }
            let attacks: Attacks = spec.parse().unwrap();
            prop_assert_eq!(attacks.points().len(), eps.len());
            prop_assert_eq!(attacks.to_string().parse::<Attacks>().unwrap(), attacks);
        }

        #[test]
        fn arbitrary_text_never_panics(spec in ".*", rest in "[0-9:=.,/a-z-]{0,24}") {
            let _ = spec.parse::<Attacks>();
            let _ = format!("pgd:{rest}").parse::<Attacks>();
        }
    }
}
