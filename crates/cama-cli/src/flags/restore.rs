//! Flags of `cama restore`.

use std::path::PathBuf;

use cama::{By, DecideConfig, MChoice, PredictConfig};
use clap::Args;

use super::{ReadFlags, overlay};

/// `cama restore`
#[derive(Args)]
pub struct RestoreFlags {
    /// The model folder: an adapted model, or one trained on manipulated data, that has an explicit mechanism.
    #[arg(long, value_name = "MODEL")]
    pub model: PathBuf,
    /// The images, or the CSV or Parquet table, which may be larger than memory.
    #[arg(long, value_name = "D")]
    pub data: String,
    /// Manipulate them first.
    #[arg(long, value_name = "SPEC")]
    pub manipulate: Option<String>,
    /// Where to write: of images a folder of PNG files, one sub-folder a class if they are labelled, or a file that ends
    /// in `.npz`; of a table a file that ends in `.csv`, `.tsv` or `.parquet`.
    #[arg(long, value_name = "DIR|FILE")]
    pub out: PathBuf,
    /// Where to write what was inferred of each image or row, `.csv` or `.parquet`; unless given, `restored.csv` in the
    /// folder, or beside the file, `out-m.csv` for `out.npz`.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Replace what is there already.
    #[arg(long)]
    pub force: bool,
    /// Restore everything, also what the model then cannot explain.
    #[arg(long)]
    pub no_guard: bool,
    /// Samples of z for each class, of which log p(x) and the evidence are estimated.
    #[arg(long, value_name = "K", help_heading = "Prediction")]
    pub samples: Option<usize>,
    /// Probability below which classes get no more than their first samples; 0 gives every class all of them.
    #[arg(long, value_name = "P", help_heading = "Prediction")]
    pub negligible: Option<f64>,
    /// The most decoded images or rows that each thread holds at a time: bounds the memory of a thread.
    #[arg(long, value_name = "N", help_heading = "Prediction")]
    pub chunk: Option<usize>,
    #[command(flatten)]
    pub reading: ReadFlags,
}

impl RestoreFlags {
    /// How to decide what is restored.
    ///
    /// # Errors
    ///
    /// If a number is out of bounds.
    pub fn config(&self, seed: u64) -> cama::Result<DecideConfig> {
        let mut predict = PredictConfig { m: MChoice::Mean, seed, ..PredictConfig::default() };
        overlay!(self => predict; samples, negligible);
        predict.chunk = self.chunk.or(predict.chunk);
        predict.check()?;
        Ok(DecideConfig { by: By::Bayes, predict })
    }
}
