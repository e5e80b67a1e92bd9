//! What an experiment file declares.
//!
//! ```toml
//! include = ["common/digits.toml"]       # things and values that several experiments share
//! title = "Shifted digits"
//! paper = "Figure 7(a)"
//! about = "What was done, in words."
//!
//! [let]                                  # values, used as {name}; a whole "{name}" keeps its type
//! steps = 200
//! [let.smoke]                            # other values at this scale: smoke, cpu, full
//! steps = 4
//!
//! [make.adapted]                         # a thing to make: a command with its flags; @name is another thing's folder
//! command = "adapt"
//! model = "@cama"
//! manipulate = "shift-vertical:{x}"
//! steps = "{steps}"
//!
//! [[panel]]                              # a diagram; each point of a series is judged by `cama evaluate`
//! title = "Vertical shifts"
//! x = { label = "largest shift (share of the height)", values = [0, 0.1, 0.2] }
//! [[panel.series]]
//! name = "adapted"
//! on = "adapted"
//! judge = { manipulate = "shift-vertical:{x}" }
//! row = "bayes"
//!
//! [[claim]]
//! says = "Adaptation helps"
//! more = "adapted"
//! than = "not adapted"
//! ```

mod read;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use cama::{Error, Result};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// How much of an experiment is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Seconds, to see that everything runs; its numbers mean nothing.
    Smoke,
    /// An hour at most on two cores.
    Cpu,
    /// The paper's size.
    Full,
}

impl Scale {
    /// All of them, the least work first.
    pub const ALL: [Self; 3] = [Self::Smoke, Self::Cpu, Self::Full];

    /// What it is called in files and flags.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smoke => "smoke",
            Self::Cpu => "cpu",
            Self::Full => "full",
        }
    }
}

impl FromStr for Scale {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|scale| scale.name() == name);
        found.ok_or_else(|| Error::unknown_name("scale", name, &Self::ALL.map(Self::name)))
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One experiment, as it is written, with what its file includes.
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    /// The name of its file without the ending.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// What it is about, a line.
    pub title: String,
    /// Where the paper has it.
    pub paper: Option<String>,
    /// What was done, in words.
    pub about: String,
    /// Values by name; those of a scale stand in tables of its name.
    pub values: Table,
    /// Things to make, by name.
    pub make: BTreeMap<String, Table>,
    /// Flags of `evaluate` that all points share.
    pub judge: Table,
    /// Values that must not be empty, each with what it is and how to give it.
    pub require: BTreeMap<String, String>,
    /// The diagrams.
    pub panels: Vec<PanelDeclaration>,
    /// Flags of `show`, for an experiment that draws a picture.
    pub picture: Option<Table>,
    /// What is claimed.
    pub claims: Vec<ClaimDeclaration>,
}

/// One diagram, as it is written.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanelDeclaration {
    /// What is above it.
    pub title: String,
    /// What runs to the right.
    pub x: XDeclaration,
    /// What runs upwards; the accuracy unless given.
    #[serde(default)]
    pub y: YDeclaration,
    /// What is drawn.
    pub series: Vec<SeriesDeclaration>,
}

/// What runs to the right.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct XDeclaration {
    /// What it is, with its unit.
    pub label: String,
    /// The values of `{x}`: a list, or the name of one as `"{name}"`.
    pub values: Value,
    /// What they are called on the axis, where they are no numbers.
    pub names: Option<Value>,
    /// Whether the axis grows by factors.
    #[serde(default)]
    pub logarithmic: bool,
    /// From where to where the axis goes.
    pub range: Option<[f64; 2]>,
}

/// What runs upwards.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct YDeclaration {
    /// What it is, with its unit.
    pub label: String,
    /// Which number of the judgement.
    pub measure: Measure,
    /// From where to where the axis goes.
    pub range: Option<[f64; 2]>,
}

impl Default for YDeclaration {
    fn default() -> Self {
        Self { label: "accuracy".into(), measure: Measure::Accuracy, range: Some([0.0, 1.0]) }
    }
}

/// A number of a judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Share of the examples whose most probable class is the true one.
    Accuracy,
    /// Mean log p(y|x) of the true class, in nats.
    LogLikelihood,
    /// Expected calibration error.
    CalibrationError,
}

/// One line of a diagram, as it is written.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesDeclaration {
    /// What the legend calls it.
    pub name: String,
    /// The thing that is judged.
    pub on: String,
    /// Flags of `evaluate`, on top of those that all points share.
    #[serde(default)]
    pub judge: Table,
    /// Which row of the judgement: `bayes`, `direct`, `product`, `direct-alone`, `external`, `external-alone`, or a
    /// baseline's name. Not needed where there is one only.
    pub row: Option<String>,
    /// What adversarial examples were made on, where there are several.
    pub made_on: Option<String>,
    /// The values of `{x}` at which it is judged; all of the panel's unless given.
    pub at: Option<Value>,
    /// Whether it is drawn; what is not serves claims.
    #[serde(default = "yes")]
    pub shown: bool,
}

/// A claim, as it is written: that one series is above another, or above a number, by some margin.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimDeclaration {
    /// The claim, a line.
    pub says: String,
    /// Whether the paper claims it, or we do.
    #[serde(default = "yes")]
    pub paper: bool,
    /// The panel, by its title; all of them unless given.
    pub panel: Option<String>,
    /// The series that is claimed to be above, or a number.
    pub more: Level,
    /// The series that is claimed to be below, or a number.
    pub than: Level,
    /// By at least how much; below 0, how much it may be behind.
    #[serde(default)]
    pub by: f64,
    /// Where: from which x to which, both included; everywhere unless given.
    pub at: Option<[f64; 2]>,
}

fn yes() -> bool {
    true
}

/// One side of a claim.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Level {
    /// A number.
    Number(f64),
    /// A series, by its name.
    Series(String),
}
