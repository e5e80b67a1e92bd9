//! Flags of the commands that use a model without changing it, and of the demonstration.

use std::path::PathBuf;

use cama::manipulation::Manipulation;
use clap::{Args, ValueEnum};

use super::attack::AttackFlags;
use super::classifier::ClassifierFlags;
use super::common::PredictFlags;
use super::pictures::PictureFlags;
use super::table::{ReadFlags, TableFlags};

/// `cama predict`
#[derive(Args)]
pub struct PredictCommand {
    /// The model folder.
    #[arg(long, value_name = "MODEL")]
    pub model: PathBuf,
    /// The images, or the CSV or Parquet table; both may be larger than memory.
    #[arg(long, value_name = "D")]
    pub data: String,
    /// Manipulate them first; a table must then fit in memory.
    #[arg(long, value_name = "SPEC")]
    pub manipulate: Option<String>,
    /// Where to write: a file that ends in `.csv`, `.jsonl` or `.npz`; CSV on standard output unless given. Each prediction
    /// stands beside the file of its image, or the --key of its row.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace a file that is there already.
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub reading: ReadFlags,
    #[command(flatten)]
    pub prediction: PredictFlags,
    #[command(flatten)]
    pub classifier: ClassifierFlags,
}

/// `cama evaluate`
#[derive(Args)]
#[command(group(clap::ArgGroup::new("changes").args(["manipulate", "attack"]).multiple(true)))]
pub struct EvaluateFlags {
    /// The model folder; as `--restore-with` it reads better beside a --classifier.
    #[arg(long, visible_alias = "restore-with", value_name = "MODEL", required_unless_present = "baseline")]
    pub model: Option<PathBuf>,
    /// Labelled images or rows; several are judged one after another.
    #[arg(long, value_name = "D", num_args = 1.., required = true)]
    pub data: Vec<String>,
    /// Manipulations such as `rotate:60` (of tables: `shift:X1:2`), or sweeps such as `shift-vertical:0..0.9/0.1`
    /// (`shift:X*:0..5/1`).
    #[arg(long, value_name = "SPEC", num_args = 1..)]
    pub manipulate: Vec<String>,
    /// Leave out the data as it is, which comes first otherwise.
    #[arg(long, requires = "changes")]
    pub no_clean: bool,
    /// Print one JSON object a line instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Write a page with the results, too.
    #[arg(long, value_name = "FILE.html")]
    pub page: Option<PathBuf>,
    /// Replace a page that is there already.
    #[arg(long, requires = "page")]
    pub force: bool,
    /// Judge these beside the model. Trained on the model's own training data: `mlp`, a fully connected network on all
    /// columns or pixels; `mlp-paper`, `cnn`, `cnn-bn`, `cnn-adversarial` and `tent`, networks for images; `trees`, boosted ones; a network
    /// that meets manipulated data is written `cnn+shift-vertical:0.5|rotate:30`. Or folders that `cama baseline` wrote. With
    /// --attack, the adversarial examples made on `transfer:` any of these, or on `transfer:` a model folder by Bayes' rule,
    /// are tried on all.
    #[arg(long, value_name = "BASELINE,…", value_delimiter = ',')]
    pub against: Vec<String>,
    /// Judge these, folders that `cama baseline` wrote, beside the model or without one.
    #[arg(long, value_name = "DIR", num_args = 1..)]
    pub baseline: Vec<PathBuf>,
    #[command(flatten)]
    pub attack: AttackFlags,
    #[command(flatten)]
    pub reading: ReadFlags,
    #[command(flatten)]
    pub prediction: PredictFlags,
    #[command(flatten)]
    pub classifier: ClassifierFlags,
}

/// What to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Images over their reconstructions.
    Reconstructions,
    /// Images over what they would be without the manipulation, do(m=0).
    Clean,
    /// Images with what was done to them undone, and what that was in words: the same as `--restore`.
    Restored,
    /// Samples of every class.
    Samples,
    /// An image while one component of m after another changes.
    Walk,
}

/// `cama show`
#[derive(Args)]
pub struct ShowFlags {
    /// The model folder.
    #[arg(long, value_name = "MODEL")]
    pub model: PathBuf,
    /// The images.
    #[arg(long, value_name = "D")]
    pub data: String,
    /// Manipulate them first.
    #[arg(long, value_name = "SPEC")]
    pub manipulate: Option<Manipulation>,
    /// What to draw; all in one picture unless given.
    #[arg(long, value_enum)]
    pub what: Option<What>,
    /// Draw what the model infers was done to the images, and the images without it.
    #[arg(long, conflicts_with = "what")]
    pub restore: bool,
    /// How many images, drawn at random.
    #[arg(long, default_value_t = 12, value_name = "N")]
    pub images: usize,
    /// The picture to write, a PNG file.
    #[arg(long, value_name = "FILE.png")]
    pub out: PathBuf,
    /// Replace a file that is there already.
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub pictures: PictureFlags,
    #[command(flatten)]
    pub prediction: PredictFlags,
}

/// `cama info`
#[derive(Args)]
pub struct InfoFlags {
    /// The model folder.
    pub model: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// `cama demo`
#[derive(Args)]
pub struct DemoFlags {
    /// The folder to write: pictures, models and a report. Those of a former demonstration are replaced.
    #[arg(long, default_value = "cama-demo", value_name = "DIR")]
    pub out: PathBuf,
    /// Write into a folder that is there already and holds no demonstration.
    #[arg(long)]
    pub force: bool,
    /// Tiny and in seconds, to see that everything runs; its numbers mean nothing.
    #[arg(long)]
    pub quick: bool,
    /// Data of one's own, labelled and clean: images, or with --graph a table. A model is trained on four fifths of it at
    /// most, and the rest is damaged on purpose: the page tells which damage would be repaired.
    #[arg(long, value_name = "D", conflicts_with = "quick")]
    pub data: Option<String>,
    #[command(flatten)]
    pub table: TableFlags,
    #[command(flatten)]
    pub pictures: PictureFlags,
}
