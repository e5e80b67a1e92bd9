//! Flags of `cama restore`.

use std::path::PathBuf;

use cama::{Config, ContextFrom, Error, M, Predictor, Result, Rule};
use clap::Args;

use super::overlay::{named, overlay};
use super::setting::SettingFlags;
use super::table::ReadFlags;

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
    /// Where to write: of images a folder, or a file that ends in `.npz`; of a table a file that ends in `.csv`, `.tsv` or
    /// `.parquet`. In the folder, images that come from files keep their names, folders and formats (JPEG at quality 100);
    /// others become PNG files called by numbers, one sub-folder a class if they are labelled.
    #[arg(long, value_name = "DIR|FILE")]
    pub out: PathBuf,
    /// Where to write what was inferred of each image or row, with its file or --key, `.csv` or `.parquet`; unless given, `restored.csv` in the
    /// folder, or beside the file, `out-m.csv` for `out.npz`.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Replace what is there already.
    #[arg(long)]
    pub force: bool,
    /// Restore everything, also what the model then cannot explain.
    #[arg(long)]
    pub no_guard: bool,
    /// Restore all or nothing, as the guard judges the data as a whole, in a fraction of the time: the decoder, which tells how
    /// well the model explains each example, is asked about 500 of them only. The report then has neither log p(x) nor Bayes factors.
    #[arg(long, conflicts_with_all = ["samples", "refine", "negligible"])]
    pub fast: bool,
    /// What the guard knows of the data as a whole: see `cama predict --help`. With `adapted` and `none` what an input gets does not
    /// depend on the others.
    #[arg(long, value_name = "batch|adapted|none", default_value = "batch", value_parser = named::<ContextFrom>)]
    pub context: ContextFrom,
    /// Samples of z for each class, of which log p(x) and the log Bayes factor are estimated.
    #[arg(long, value_name = "K", help_heading = "Prediction")]
    pub samples: Option<usize>,
    /// Steps by which the m of each input is searched further from where q2(m|x) puts it: worth it for single inputs, and where the
    /// model is not adapted.
    #[arg(long, value_name = "N", help_heading = "Prediction")]
    pub refine: Option<usize>,
    /// Probability below which classes get no more than their first samples; 0 gives every class all of them.
    #[arg(long, value_name = "P", help_heading = "Prediction")]
    pub negligible: Option<f64>,
    /// The most decoded images or rows that each thread holds at a time: bounds the memory of a thread.
    #[arg(long, value_name = "N", help_heading = "Prediction")]
    pub chunk: Option<usize>,
    #[command(flatten)]
    pub reading: ReadFlags,
    #[command(flatten)]
    pub settings: SettingFlags,
}

impl RestoreFlags {
    /// `predictor` with what these flags change, to restore by.
    ///
    /// # Errors
    ///
    /// If a value is not allowed.
    pub fn overlay<'a>(&self, predictor: Predictor<'a>, seed: u64) -> Result<Predictor<'a>> {
        let mut predictor = predictor.rule(Rule::Bayes).guard(!self.no_guard).context(self.context);
        let config = &mut predictor.config.predict;
        config.seed = seed;
        // What a factor model was adapted to is one m for all rows.
        let is_factor = predictor.decider.model.factor().is_some();
        if !is_factor {
            config.m = M::Mean;
        }
        overlay!(self => config; samples, negligible, refine);
        config.chunk = self.chunk.or(config.chunk);
        self.settings.check_sections(&["predict"], &[])?;
        *config = self.settings.apply("predict", config.clone())?;
        config.validate()?;
        // That a factor model was not adapted is for the command to say.
        if config.m == M::Null && !is_factor {
            return Err(Error::config(
                "predict.m",
                "null",
                "mean or sample, or the model's own, once it was adapted: what is not inferred cannot be undone",
            ));
        }
        Ok(predictor)
    }
}
