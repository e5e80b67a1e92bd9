//! One attack at one strength, as written: `pgd:0.3:steps=100:norm=l2`.

use std::fmt;

use cama::{Error, Result};
use serde::{Deserialize, Serialize};

use super::loss::Loss;

/// The search; the [module](super) documents each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `fgsm`
    Fgsm,
    /// `pgd`
    Pgd,
    /// `mim`
    Mim,
    /// `apgd`
    Apgd,
    /// `apgd-dlr`
    ApgdDlr,
    /// `square`
    Square,
    /// `sparse`
    Sparse,
    /// `sparse-rs`
    SparseRs,
}

/// Every method by its name.
const METHODS: [(&str, Method); 8] = [
    ("fgsm", Method::Fgsm),
    ("pgd", Method::Pgd),
    ("mim", Method::Mim),
    ("apgd", Method::Apgd),
    ("apgd-dlr", Method::ApgdDlr),
    ("square", Method::Square),
    ("sparse", Method::Sparse),
    ("sparse-rs", Method::SparseRs),
];

impl Method {
    /// As it is written.
    pub fn name(self) -> &'static str {
        METHODS.iter().find(|(_, method)| *method == self).map_or("", |(name, _)| name)
    }

    /// Whether it needs a classifier's gradient; otherwise it only asks for probabilities.
    pub fn needs_gradient(self) -> bool {
        !matches!(self, Method::Square | Method::SparseRs)
    }

    /// Whether it bounds how many values change.
    pub(super) fn is_sparse(self) -> bool {
        matches!(self, Method::Sparse | Method::SparseRs)
    }

    /// Steps, or queries for each example, unless given.
    fn steps(self) -> usize {
        match self {
            Method::Fgsm | Method::Sparse => 1,
            Method::Square | Method::SparseRs => 1000,
            _ => 40,
        }
    }

    /// The options that mean something to it.
    fn options(self) -> Vec<&'static str> {
        OPTIONS.into_iter().filter(|option| self.takes(option)).collect()
    }

    /// Whether an option means something to it.
    fn takes(self, option: &str) -> bool {
        match option {
            "steps" | "restarts" => !matches!(self, Method::Fgsm | Method::Sparse),
            "step" => matches!(self, Method::Pgd | Method::Mim),
            "norm" => !self.is_sparse(),
            "loss" => self.needs_gradient() && self != Method::ApgdDlr,
            "eot" | "unrolled" => self.needs_gradient(),
            "no-random-start" => {
                matches!(self, Method::Pgd | Method::Mim | Method::Apgd | Method::ApgdDlr)
            }
            _ => true,
        }
    }
}

/// All options, as messages list them.
const OPTIONS: [&str; 10] = [
    "steps",
    "step",
    "norm",
    "loss",
    "restarts",
    "eot",
    "targeted",
    "targets",
    "unrolled",
    "no-random-start",
];

/// The norm in which a change is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// `linf`: the largest change of a value.
    Linf,
    /// `l2`: the Euclidean length of the change of a whole image or row.
    L2,
    /// How many values change; only of `sparse` and `sparse-rs`.
    L0,
}

impl Norm {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Norm::Linf => "linf",
            Norm::L2 => "l2",
            Norm::L0 => "l0",
        }
    }
}

/// An attack of one strength.
///
/// It is written `METHOD:EPS`, with options behind further colons in any order: `pgd:0.3:steps=100:norm=l2:targeted`.
/// `METHOD` is `fgsm`, `pgd`, `mim`, `apgd`, `apgd-dlr`, `square`, `sparse` or `sparse-rs`, and `EPS` the radius: of images in [0, 1], of tables
/// in standard deviations of the training data, or in the units of [`Limits`](super::Limits); of the last two how many values change.
///
/// | option | what it sets | for | unless given |
/// |---|---|---|---|
/// | `norm=linf`, `norm=l2` | the norm of the radius | all but `sparse`, `sparse-rs` | `linf` |
/// | `steps=N` | gradient steps, or queries | all but `fgsm`, `sparse` | 40, for `square` and `sparse-rs` 1000 |
/// | `step=S` | length of a step | `pgd`, `mim` | 2.5·EPS/steps, which crosses the ball whatever its radius |
/// | `loss=log-odds`, `loss=cross-entropy` | what is climbed, see [`Loss`] | all but `apgd-dlr`, `square`, `sparse-rs` | `log-odds` |
/// | `restarts=N` | searches, of which each example's worst is kept | all but `fgsm`, `sparse` | 1 |
/// | `eot=N` | draws of the classifier's randomness that each gradient is averaged over | all but `square`, `sparse-rs` | 1 |
/// | `targets=N` | as many searches again, each towards another of the N most probable wrong classes; any wrong class will do | all | 0: away from the correct one |
/// | `targeted` | towards the most probable wrong class, not just away from the correct one | all | |
/// | `unrolled` | where the classifier searches for z, each gradient goes through the whole search, and not only its end | all but `square`, `sparse-rs` | |
/// | `no-random-start` | begin at the example itself | `pgd`, `mim`, `apgd`, `apgd-dlr` | |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Attack {
    /// The search.
    pub method: Method,
    /// The radius; 0 leaves everything exactly as it is.
    pub eps: f64,
    /// Its norm.
    pub norm: Norm,
    /// Steps, or queries.
    pub steps: usize,
    /// Length of a step; from the radius unless given.
    pub step: Option<f64>,
    /// What is climbed.
    pub loss: Loss,
    /// Searches.
    pub restarts: usize,
    /// Draws of the classifier's randomness for each gradient.
    pub eot: usize,
    /// Whether towards the most probable wrong class.
    pub targeted: bool,
    /// How many wrong classes are searched for, one after another; with 0 the search leads away from the correct one.
    pub targets: usize,
    /// Whether, where the classifier searches for z, each gradient goes through the whole search.
    pub unrolled: bool,
    /// Whether to begin anywhere in the ball.
    pub random_start: bool,
}

/// What messages call it.
pub(super) const KIND: &str = "attack";

/// Radii beyond this are taken for a mistake.
const MOST_EPS: f64 = 1e6;

impl Attack {
    /// An attack with the defaults of its method.
    pub fn new(method: Method, eps: f64) -> Self {
        Attack {
            method,
            eps,
            norm: if method.is_sparse() { Norm::L0 } else { Norm::Linf },
            steps: method.steps(),
            step: None,
            loss: if method == Method::ApgdDlr { Loss::Ratio } else { Loss::LogOdds },
            restarts: 1,
            eot: 1,
            targeted: false,
            targets: 0,
            unrolled: false,
            random_start: !matches!(method, Method::Fgsm | Method::Square) && !method.is_sparse(),
        }
    }

    /// The length of a step in the attack's norm.
    pub fn step_length(&self) -> f64 {
        match self.method {
            Method::Fgsm => self.eps,
            _ => self.step.unwrap_or(2.5 * self.eps / self.steps as f64),
        }
    }

    /// The same at another strength.
    pub fn at(self, eps: f64) -> Self {
        Attack { eps, ..self }
    }

    /// What is written before and behind the strength.
    pub(super) fn options(&self) -> String {
        let usual = Attack::new(self.method, self.eps);
        let mut text = String::new();
        let mut add = |unusual: bool, option: String| {
            if unusual {
                text.push(':');
                text.push_str(&option);
            }
        };
        add(self.norm != usual.norm, format!("norm={}", self.norm.name()));
        add(self.steps != usual.steps, format!("steps={}", self.steps));
        add(self.step.is_some(), format!("step={}", self.step.unwrap_or_default()));
        add(self.loss != usual.loss, format!("loss={}", self.loss.name()));
        add(self.restarts != 1, format!("restarts={}", self.restarts));
        add(self.eot != 1, format!("eot={}", self.eot));
        add(self.targeted, "targeted".into());
        add(self.unrolled, "unrolled".into());
        add(self.targets != 0, format!("targets={}", self.targets));
        add(self.random_start != usual.random_start, "no-random-start".into());
        text
    }

    fn set(&mut self, option: &str) -> Result<(), String> {
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (option, None),
        };
        let known = self.method.options();
        if !known.contains(&name) {
            return Err(format!(
                "`{}` has no option `{name}`; it has {}",
                self.method.name(),
                known.join(", ")
            ));
        }
        let takes_value = !matches!(name, "targeted" | "unrolled" | "no-random-start");
        let value = match value {
            Some(value) if takes_value => value,
            None if takes_value => return Err(format!("`{name}` needs a value: `{name}=…`")),
            Some(_) => return Err(format!("`{name}` takes no value")),
            None => "",
        };
        let count = |most: usize| match value.parse::<usize>() {
            Ok(n) if (1..=most).contains(&n) => Ok(n),
            _ => Err(format!("{name} = `{value}`: must be a whole number from 1 to {most}")),
        };
        match name {
            "norm" => {
                self.norm = match value {
                    "linf" => Norm::Linf,
                    "l2" => Norm::L2,
                    _ => return Err(format!("norm = `{value}`: must be `linf` or `l2`")),
                }
            }
            "loss" => {
                self.loss = match value {
                    "log-odds" => Loss::LogOdds,
                    "cross-entropy" => Loss::CrossEntropy,
                    _ => return Err(format!("loss = `{value}`: must be `log-odds` or `cross-entropy`")),
                }
            }
            "steps" => self.steps = count(100_000)?,
            "restarts" => self.restarts = count(1000)?,
            "eot" => self.eot = count(1000)?,
            "targets" => self.targets = count(1000)?,
            "step" => match value.parse::<f64>() {
                Ok(step) if step > 0.0 && step <= MOST_EPS => self.step = Some(step),
                _ => return Err(format!("step = `{value}`: must be a number above 0, at most {MOST_EPS}")),
            },
            "targeted" => self.targeted = true,
            "unrolled" => self.unrolled = true,
            _ => self.random_start = false,
        }
        Ok(())
    }

    /// Reads the method, what stands for the strengths, and the options; the strength is still 0.
    pub(super) fn parse_around(spec: &str) -> Result<(Self, &str)> {
        let error = |problem: String| Error::spec(KIND, spec, problem);
        let mut parts = spec.split(':').map(str::trim);
        let name = parts.next().unwrap_or_default();
        if name.is_empty() {
            return Err(error("the name of an attack is missing; write `pgd:0.3`".into()));
        }
        let Some((_, method)) = METHODS.iter().find(|(known, _)| *known == name) else {
            return Err(Error::unknown_name(KIND, name, &METHODS.map(|(name, _)| name)));
        };
        let strengths = parts.next().unwrap_or_default();
        if strengths.is_empty() {
            return Err(error(format!("how strong is missing; write `{name}:0.3`")));
        }
        let mut attack = Attack::new(*method, 0.0);
        let mut seen: Vec<&str> = Vec::new();
        for option in parts {
            let name = option.split('=').next().unwrap_or_default().trim();
            if option.is_empty() {
                return Err(error("an option is missing behind a colon".into()));
            }
            if seen.contains(&name) {
                return Err(error(format!("`{name}` is given twice")));
            }
            seen.push(name);
            attack.set(option).map_err(error)?;
        }
        Ok((attack, strengths))
    }

    /// Checks a strength.
    pub(super) fn checked(self, eps: f64) -> Result<Self, String> {
        if !(0.0..=MOST_EPS).contains(&eps) {
            return Err(format!("the strength {eps} is not allowed; give 0 to {MOST_EPS}"));
        }
        if self.method.is_sparse() && eps.fract() != 0.0 {
            let name = self.method.name();
            return Err(format!("`{name}` changes so many values: {eps} is not a whole number"));
        }
        // Adding 0 makes a negative zero positive.
        Ok(self.at(eps + 0.0))
    }
}

impl fmt::Display for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}{}", self.method.name(), self.eps, self.options())
    }
}

impl TryFrom<String> for Attack {
    type Error = Error;

    fn try_from(spec: String) -> Result<Self> {
        spec.parse()
    }
}

impl From<Attack> for String {
    fn from(attack: Attack) -> String {
        attack.to_string()
    }
}
