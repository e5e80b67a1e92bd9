//! Flags of `cama train`.

use std::path::PathBuf;

use cama::data::Dataset;
use cama::{Checked, Config, FitConfig, Result, TrainConfig};
use clap::Args;

use super::direct::DirectFlags;
use super::dream::DreamFlags;
use super::model::ModelFlags;
use super::overlay::overlay;
use super::pictures::PictureFlags;
use super::setting::SettingFlags;
use super::table::TableFlags;

/// `cama train`
#[derive(Args)]
pub struct TrainFlags {
    /// Labelled, clean images: `mnist:train`, an IDX or NPZ file, or a folder with one sub-folder a class; or, with
    /// --graph, a CSV (also .gz, .zst, or `-` for standard input) or Parquet table.
    #[arg(long, value_name = "D")]
    pub data: String,
    /// The model folder to write.
    #[arg(long, value_name = "MODEL")]
    pub out: PathBuf,
    /// Resume from the newest checkpoint of an interrupted run with the same settings.
    #[arg(long)]
    pub resume: bool,
    /// Replace a model that is there already.
    #[arg(long, conflicts_with = "resume")]
    pub force: bool,
    /// Labelled images or rows to try the trained model on.
    #[arg(long, value_name = "D")]
    pub test: Option<String>,
    /// Train on clean data manipulated in these ways, too, without telling the model how.
    #[arg(long, value_name = "SPEC", num_args = 1.., group = "augmentation")]
    pub manipulated: Vec<String>,
    /// Train on this labelled, manipulated data, too.
    #[arg(long, value_name = "D", group = "augmentation")]
    pub manipulated_data: Option<String>,
    /// Train on clean data under the model's own explicit mechanisms, too, telling it how.
    #[arg(long, group = "augmentation")]
    pub manipulated_mechanisms: bool,
    #[command(flatten)]
    pub pictures: PictureFlags,
    #[command(flatten)]
    pub table: TableFlags,
    #[command(flatten)]
    pub model: ModelFlags,
    #[command(flatten)]
    pub training: TrainingFlags,
    #[command(flatten)]
    pub dream: DreamFlags,
    #[command(flatten)]
    pub direct: DirectFlags,
    #[command(flatten)]
    pub settings: SettingFlags,
}

/// How to train.
#[derive(Args)]
#[command(next_help_heading = "Training")]
pub struct TrainingFlags {
    /// Passes over the data; unless given, as many as the preset has, of small data as many as make 1,500 steps.
    #[arg(long, value_name = "N")]
    pub epochs: Option<usize>,
    /// Images or rows a step.
    #[arg(long, value_name = "N")]
    pub batch: Option<usize>,
    /// Peak learning rate.
    #[arg(long, value_name = "R")]
    pub learning_rate: Option<f64>,
    /// Steps over which the learning rate rises to its peak.
    #[arg(long, value_name = "N")]
    pub warm_up: Option<usize>,
    /// Whether the learning rate then falls to zero along half a cosine.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub decay: Option<bool>,
    /// Bound on the norm of the gradient; 0 is no bound.
    #[arg(long, value_name = "G")]
    pub gradient_clip: Option<f64>,
    /// Epochs over which the weight of the divergences rises from zero to one.
    #[arg(long, value_name = "N")]
    pub kl_warm_up: Option<f64>,
    /// Samples of z for each image or row.
    #[arg(long, value_name = "N")]
    pub samples: Option<usize>,
    /// Weight of the clean data where there is manipulated data (λ).
    #[arg(long, value_name = "W")]
    pub lambda: Option<f64>,
    /// Images or rows of the validation set, which no step learns from; unless given a tenth of the data at most, or, of 80 to
    /// 200, the 20 that a guard needs.
    #[arg(long, value_name = "N")]
    pub validation: Option<usize>,
    /// Epochs without a better ELBO of the validation set after which to stop; 0 trains to the end. Unless given, 0, or of
    /// small data a quarter of the epochs if these are not given either.
    #[arg(long, value_name = "N")]
    pub patience: Option<usize>,
    /// How many clean, labelled images or rows at most are kept in the model folder, so that `adapt` does not need the training
    /// data; 500 unless given, fewer where they are large. With 0 nothing of the data is in the folder.
    #[arg(long, value_name = "N")]
    pub keep_clean: Option<usize>,
}

impl TrainFlags {
    /// The checked configuration for `data`: the preset's, with what the flags change.
    ///
    /// # Errors
    ///
    /// If a name is unknown, a value is not allowed, or a flag says nothing about such data.
    pub fn config(&self, data: &impl Dataset) -> Result<Checked<FitConfig>> {
        let preset = FitConfig::preset(&self.model.preset, data)?;
        let FitConfig { model, generator, factor, train, dream, direct, keep } = preset.clone();
        let mut model = self.settings.apply("model", self.model.overlay(model)?)?;
        model.mechanisms = self.settings.apply_to_mechanisms(model.mechanisms)?;
        self.settings.check_sections(&["model", "factor", "train", "dream", "direct"], &model.mechanisms)?;
        let config = FitConfig {
            generator: self.model.generator.unwrap_or(generator),
            factor: self.settings.apply("factor", factor)?,
            train: self.settings.apply("train", self.training.overlay(train))?,
            dream: self.settings.apply("dream", self.dream.overlay(dream))?,
            direct: self.settings.apply("direct", self.direct.overlay(direct, &model.data)?)?,
            keep: self.training.keep_clean.unwrap_or(keep),
            model,
        };
        config.obeyed(&preset).check()
    }
}

impl TrainingFlags {
    fn overlay(&self, mut config: TrainConfig) -> TrainConfig {
        overlay!(self => config;
            epochs, batch, learning_rate, warm_up, decay, gradient_clip, kl_warm_up, samples, lambda,
            validation, patience);
        config
    }
}
