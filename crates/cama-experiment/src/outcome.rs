//! What came out of an experiment: all that its figure, its table and its part of the report show.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What came out of one experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The name of its file without the ending, such as `fig7a`: letters, digits, `-`.
    pub name: String,
    /// What it is about, a line.
    pub title: String,
    /// Where the paper has it, such as `Figure 7(a)`; nothing for our own.
    pub paper: Option<String>,
    /// What was done, in words: a few sentences.
    pub about: String,
    /// How much of it was done: `smoke`, `cpu` or `full`.
    pub scale: String,
    /// The diagrams, side by side; none of an experiment that draws a picture.
    pub panels: Vec<Panel>,
    /// A picture in place of diagrams, a PNG file.
    pub picture: Option<PathBuf>,
    /// What the paper, or we, claim, and whether it holds here.
    pub claims: Vec<Claim>,
    /// What was used, by name: data, sizes, samples.
    pub settings: Vec<(String, String)>,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// The command line that makes it again.
    pub command: String,
    /// One command line for each kind of step, as it was run.
    pub steps: Vec<String>,
    /// Seconds that its cells took on the machines that computed them, shared cells included.
    pub seconds: f64,
    /// The machines, in words.
    pub machines: Vec<String>,
    /// The day on which the last of its cells was computed, `YYYY-MM-DD`.
    pub date: String,
    /// What a reader must know: signs of gradient masking, data that is not there, adaptations that were rolled back.
    pub warnings: Vec<String>,
}

/// One diagram.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Panel {
    /// What is above it.
    pub title: String,
    /// What runs to the right.
    pub x: Axis,
    /// What runs upwards.
    pub y: Axis,
    /// What is drawn, in the order of the legend.
    pub series: Vec<Series>,
}

/// One axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// What it is, with its unit: `largest shift (share of the height)`.
    pub label: String,
    /// From where to where; from the data unless given.
    pub range: Option<[f64; 2]>,
    /// Names of the places 0, 1, 2, … of an axis that has names in the place of numbers, such as manipulations; then
    /// points are drawn beside each other and not joined.
    pub names: Option<Vec<String>>,
    /// Whether it grows by factors: for shares of data from 0.1% to 100%.
    pub logarithmic: bool,
}

/// One line of a diagram.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What the legend calls it.
    pub name: String,
    /// Its points, from left to right.
    pub points: Vec<Point>,
}

/// One point: the mean over the seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Where.
    pub x: f64,
    /// How high: the mean of `values`.
    pub y: f64,
    /// 95% interval of `y`: what Wilson's over the examples that were judged and Student's over the seeds cover together.
    pub interval: [f64; 2],
    /// What each seed gave.
    pub values: Vec<f64>,
    /// Examples judged for each seed.
    pub n: usize,
    /// Which examples each seed judged and how they were answered, where the cells hold it; not written with the rest.
    #[serde(skip)]
    pub judged: Vec<Answers>,
}

/// The answers of one seed's judgement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// The data that was judged, as the judgement's flag has it.
    pub examples: String,
    /// Whether each example was answered correctly.
    pub correct: Vec<bool>,
}

/// A claim and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// Who claims it: the paper, or not.
    pub by_paper: bool,
    /// What it was judged under.
    #[serde(default)]
    pub block: Block,
    /// The claim, a line.
    pub says: String,
    /// Whether it holds here.
    pub holds: Holds,
    /// The numbers that say so, a line.
    pub numbers: String,
}

/// What a claim was judged under.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Block {
    /// What the paper did, for what it claims.
    #[default]
    Paper,
    /// Stronger attacks than the paper's.
    Stronger,
    /// Our own claims.
    Ours,
}

/// Whether a claim holds here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// Everywhere where it is claimed.
    Yes,
    /// On average, or in places.
    Partly,
    /// No.
    No,
    /// What it needs was not measured.
    Unknown,
}

/// Which experiments a report covers, and which could not be run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reach {
    /// What came out, in the order in which the files were given.
    pub outcomes: Vec<Outcome>,
    /// Experiments that were left out, each with the reason.
    pub left_out: Vec<(String, String)>,
}
