//! The command line, which `benches/peer/torch_cama.py` shares where it can.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Measures one kind of work on MNIST and prints a line of JSON; `seconds` is the median.
#[derive(Parser)]
pub struct Options {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Seconds for an optimiser step of Eq. 3, or of Eq. 4.
    Train(TrainOptions),
    /// Seconds for Eq. 6 over all of the images.
    Predict(PredictOptions),
    /// Seconds for an optimiser step of Eq. 8, α = ½.
    Adapt(AdaptOptions),
    /// Seconds for restoring all of the images without the decoder.
    Restore(RestoreOptions),
    /// Seconds for whole epochs of Eq. 3, reading the images and validation included.
    Epochs(EpochsOptions),
    /// Runs the others at many sizes; writes a table and figures.
    Curves(CurvesOptions),
}

/// Which model, where.
#[derive(Args)]
pub struct ModelOptions {
    /// `fast` or `paper`.
    #[arg(long, default_value = "fast")]
    pub preset: String,
    /// The mechanisms, such as `affine,photometric`, or `none`.
    #[arg(long, default_value = "latent")]
    pub mechanism: String,
    /// A folder that `cama train` or `work epochs --save` wrote, in place of first weights.
    #[arg(long, conflicts_with_all = ["mechanism", "classes", "side", "channels"])]
    pub model: Option<PathBuf>,
    /// Number of classes; other than MNIST's ten, labels mean nothing.
    #[arg(long, default_value_t = 10)]
    pub classes: usize,
    /// Height and width of the images.
    #[arg(long, default_value_t = 28)]
    pub side: usize,
    /// Channels of the images; more than MNIST's one are equal.
    #[arg(long, default_value_t = 1)]
    pub channels: usize,
    #[command(flatten)]
    pub machine: MachineOptions,
}

#[derive(Args)]
pub struct MachineOptions {
    /// Number of threads.
    #[arg(long, default_value_t = 2)]
    pub threads: usize,
    /// `cpu`, `cuda` or `wgpu`.
    #[arg(long, default_value = "cpu")]
    pub device: String,
}

#[derive(Args)]
pub struct TrainOptions {
    #[command(flatten)]
    pub model: ModelOptions,
    /// Images a step; 64 for `fast` and 128 for `paper` unless given.
    #[arg(long)]
    pub batch: Option<usize>,
    /// Steps that are measured.
    #[arg(long, default_value_t = 10)]
    pub steps: usize,
    /// Eq. 4, with m from q2(m|x), in place of Eq. 3 with do(m = 0).
    #[arg(long)]
    pub manipulated: bool,
}

#[derive(Args)]
pub struct PredictOptions {
    #[command(flatten)]
    pub model: ModelOptions,
    /// How many test images.
    #[arg(long, default_value_t = 200)]
    pub images: usize,
    /// Samples K of z.
    #[arg(long, default_value_t = 10)]
    pub samples: usize,
    /// Which m: `null`, which suits a model that was trained on clean images, `mean` or `sample`.
    #[arg(long, default_value = "null")]
    pub m: String,
    /// Probability below which classes are not worth their samples, unless given the library's own; 0 gives every class
    /// all of them.
    #[arg(long)]
    pub negligible: Option<f64>,
    /// Predictions that are measured.
    #[arg(long, default_value_t = 3)]
    pub steps: usize,
    /// Trains so many steps before: a model that distinguishes classes where there is none to be had by `--model`.
    #[arg(long, default_value_t = 0, conflicts_with = "model")]
    pub train_steps: usize,
}

#[derive(Args)]
pub struct RestoreOptions {
    #[command(flatten)]
    pub model: ModelOptions,
    /// How many test images.
    #[arg(long, default_value_t = 200)]
    pub images: usize,
    /// Restorations that are measured.
    #[arg(long, default_value_t = 5)]
    pub steps: usize,
}

#[derive(Args)]
pub struct AdaptOptions {
    #[command(flatten)]
    pub model: ModelOptions,
    /// Unlabelled images a step; 64 for `fast` and 128 for `paper` unless given.
    #[arg(long)]
    pub batch: Option<usize>,
    /// Clean, labelled images a step; as many unless given.
    #[arg(long)]
    pub clean_batch: Option<usize>,
    /// Steps that are measured.
    #[arg(long, default_value_t = 10)]
    pub steps: usize,
}

#[derive(Args)]
pub struct EpochsOptions {
    /// `fast` or `paper`.
    #[arg(long, default_value = "fast")]
    pub preset: String,
    /// The mechanisms that the model has; Eq. 3 does not train them.
    #[arg(long, default_value = "latent")]
    pub mechanism: String,
    /// Passes over the 59,000 images that are not held out.
    #[arg(long, default_value_t = 8)]
    pub epochs: usize,
    /// Keeps the model in this folder.
    #[arg(long)]
    pub save: Option<PathBuf>,
    #[command(flatten)]
    pub machine: MachineOptions,
}

#[derive(Args)]
pub struct CurvesOptions {
    /// The folder for `curves.csv` and the figures `curves` and `curves-data`, each as SVG and PNG.
    #[arg(long, default_value = "results/performance")]
    pub out: PathBuf,
    /// Number of threads where it is not threads that change; and the most of those.
    #[arg(long, default_value_t = 2)]
    pub threads: usize,
    /// `cpu`, `cuda` or `wgpu`.
    #[arg(long, default_value = "cpu")]
    pub device: String,
    /// The smallest sizes only, to try it.
    #[arg(long)]
    pub quick: bool,
}
