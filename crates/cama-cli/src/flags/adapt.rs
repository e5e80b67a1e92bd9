//! Flags of `cama adapt`.

use std::path::PathBuf;

use cama::data::DataShape;
use cama::mechanism::MechanismConfig;
use cama::{AdaptConfig, Checked, Config, DreamConfig, Error, Keep, MChoice, Result, Rule};
use clap::Args;

use super::dream::DreamFlags;
use super::model::chosen;
use super::overlay::{named, overlay};
use super::setting::SettingFlags;
use super::table::ReadFlags;

/// MiB of examples that are kept in memory: 64,000 digits of MNIST, where a run of the defaults draws 9,600 at most; and twice
/// that, for the clean data too, leaves the other half of a GiB to the model.
const MOST_MIB: u32 = 192;

/// `cama adapt`
#[derive(Args)]
pub struct AdaptFlags {
    /// The model folder to start from.
    #[arg(long, value_name = "MODEL")]
    pub model: PathBuf,
    /// The images or rows to adapt to; their labels, if they have any, are not used. With --stream there can be several data
    /// sets, in order of time.
    #[arg(long, value_name = "D", num_args = 1.., required = true)]
    pub data: Vec<String>,
    /// Manipulate them first; with --stream in one way for all data sets, or in one for each.
    #[arg(long, value_name = "SPEC", num_args = 1..)]
    pub manipulate: Vec<String>,
    /// Adapt to one data set after another: each starts from what was found of the one before, and where nothing is better
    /// than the trained model that comes back. Every state is kept in `states/` of the folder that is written, which
    /// --model takes to go on with the stream.
    #[arg(long)]
    pub stream: bool,
    /// Attack them then, on the model as it is and away from the classes that it gives them by Bayes' rule: one
    /// adversarial attack at one strength, such as `pgd:0.3`, as `cama evaluate --help` has them.
    #[arg(long, value_name = "SPEC")]
    pub attack: Option<String>,
    /// What the world may have done: `affine`, `photometric`, `field`, `per-column`, `latent`, a list of them; the model's own
    /// unless given. Those that the model lacks are attached to it.
    #[arg(long, value_name = "M,…")]
    pub mechanism: Option<String>,
    /// Clean, labelled data that keeps the model right on clean data; its training data unless
    /// given, or, where that is gone or has changed, the examples kept in the model folder.
    #[arg(long, value_name = "D")]
    pub clean: Option<String>,
    /// Use no clean data: nothing then validates the accuracy on them.
    #[arg(long, conflicts_with = "clean")]
    pub no_clean: bool,
    /// Keep the best state even if what it restores is not explained, or is harder to classify; the model that is written
    /// has no guard, and prediction with it restores everything.
    #[arg(long)]
    pub no_guard: bool,
    /// The most of the data that is kept in memory, in MiB of 4 bytes a pixel or value; of larger data a random subsample
    /// is adapted to, and all of it gets its verdicts, batch by batch. As much is kept of the clean data.
    #[arg(long, value_name = "MIB", default_value_t = MOST_MIB, value_parser = clap::value_parser!(u32).range(1..))]
    pub subsample: u32,
    /// The model folder to write.
    #[arg(long, value_name = "MODEL")]
    pub out: PathBuf,
    /// Replace a model that is there already.
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub reading: ReadFlags,
    #[command(flatten)]
    pub adaptation: AdaptationFlags,
    #[command(flatten)]
    pub dream: DreamFlags,
    #[command(flatten)]
    pub settings: SettingFlags,
}

/// How to adapt.
#[derive(Args)]
#[command(next_help_heading = "Adaptation")]
pub struct AdaptationFlags {
    /// Which state is kept: `best`, the best that was validated if it is better than the model as it came, or `last`, that
    /// after the last step, whatever it is worth.
    #[arg(long, value_name = "best|last", value_parser = named::<Keep>)]
    pub keep: Option<Keep>,
    /// Steps that first find a global m, what was done to all the data alike (tables; 0 does without).
    #[arg(long, value_name = "N")]
    pub global_steps: Option<usize>,
    /// Steps in which q2 then dreams of what was found.
    #[arg(long, value_name = "N")]
    pub recentre_steps: Option<usize>,
    /// Optimiser steps of Eq. 8.
    #[arg(long, value_name = "N")]
    pub steps: Option<usize>,
    /// Unlabelled images or rows a step.
    #[arg(long, value_name = "N")]
    pub batch: Option<usize>,
    /// Clean images or rows a step.
    #[arg(long, value_name = "N")]
    pub clean_batch: Option<usize>,
    /// Peak learning rate.
    #[arg(long, value_name = "R")]
    pub learning_rate: Option<f64>,
    /// Weight of the clean data (α).
    #[arg(long, value_name = "A")]
    pub alpha: Option<f64>,
    /// Which ELBO of the clean data: `sample` infers m, `null` is do(m=0).
    #[arg(long, value_name = "sample|null", value_parser = named::<MChoice>)]
    pub clean_m: Option<MChoice>,
    /// Weight of KL(q2(m|x) ‖ p(m)).
    #[arg(long, value_name = "W")]
    pub kl_m: Option<f64>,
    /// Samples of z for each image or row and class.
    #[arg(long, value_name = "N")]
    pub samples: Option<usize>,
    /// Classes whose weights in the bound of an image or row together are less than this get no gradient; 0 gives it to all.
    #[arg(long, value_name = "P")]
    pub no_gradient_below: Option<f64>,
    /// Bound on the norm of the gradient; 0 is no bound.
    #[arg(long, value_name = "G")]
    pub gradient_clip: Option<f64>,
    /// Share of the unlabelled data that is used.
    #[arg(long, value_name = "P")]
    pub portion: Option<f64>,
    /// Steps between two validations; where the direct classifier is asked (images), it is so half-way and at the end.
    #[arg(long, value_name = "N")]
    pub validate_every: Option<usize>,
    /// Clean images or rows, and unlabelled ones, of the validation sets.
    #[arg(long, value_name = "N")]
    pub validation: Option<usize>,
    /// How much accuracy on clean data may be lost.
    #[arg(long, value_name = "A")]
    pub tolerance: Option<f64>,
    /// By which rule that accuracy is measured; `bayes` suffers most from a spoilt q2(m|x).
    #[arg(long, value_name = "bayes|direct|product", value_parser = named::<Rule>)]
    pub rule: Option<Rule>,
    /// Probability below which classes get no more than their first samples where the guard predicts; 0 gives every
    /// class all of them.
    #[arg(long, value_name = "P")]
    pub negligible: Option<f64>,
}

/// One data set to adapt to.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// As the user wrote it.
    pub data: &'a str,
    /// What to do to it first.
    pub manipulate: Option<&'a str>,
}

impl AdaptFlags {
    /// The data sets, in order of time.
    ///
    /// # Errors
    ///
    /// If there are several, but they are no stream, or other than one manipulation for all or for each.
    pub fn incoming(&self) -> Result<Vec<Incoming<'_>>> {
        let (sets, specs) = (self.data.len(), self.manipulate.len());
        if !self.stream && (sets > 1 || specs > 1) {
            let allowed =
                "one data set and at most one manipulation; give --stream for data sets in order of time";
            return Err(Error::config("data", self.data.join(" "), allowed));
        }
        if specs > 1 && specs != sets {
            let allowed = format!("one for all data sets, or one for each of {sets}");
            return Err(Error::config("manipulate", self.manipulate.join(" "), allowed));
        }
        let manipulate = |i: usize| self.manipulate.get(if specs > 1 { i } else { 0 }).map(String::as_str);
        let sets = self.data.iter().enumerate();
        Ok(sets.map(|(i, data)| Incoming { data, manipulate: manipulate(i) }).collect())
    }

    /// The checked configuration for such data, with what the flags change.
    ///
    /// # Errors
    ///
    /// If a value is not allowed.
    pub fn config(&self, data: &DataShape) -> Result<Checked<AdaptConfig>> {
        self.settings.apply("adapt", self.adaptation.overlay(AdaptConfig::for_data(data)))?.check()
    }

    /// How to dream, where anything is said about it.
    ///
    /// # Errors
    ///
    /// If a value is not allowed.
    pub fn dreams(&self) -> Result<Option<DreamConfig>> {
        let config = self.settings.apply("dream", self.dream.overlay(DreamConfig::default()))?;
        config.validate()?;
        let given = self.dream.are_given() || config != DreamConfig::default();
        Ok(given.then_some(config))
    }

    /// The mechanisms asked for, with the settings that the model has for them; all of the model's unless asked.
    ///
    /// # Errors
    ///
    /// If one is unknown, or a setting is unknown or takes no such value.
    pub fn mechanisms(&self, present: &[MechanismConfig]) -> Result<Vec<MechanismConfig>> {
        let wanted = match &self.mechanism {
            Some(list) => chosen(list, present)?,
            None => present.to_vec(),
        };
        self.settings.check_sections(&["adapt", "dream"], &wanted)?;
        self.settings.apply_to_mechanisms(wanted)
    }
}

impl AdaptationFlags {
    fn overlay(&self, mut config: AdaptConfig) -> AdaptConfig {
        overlay!(self => config;
            keep, global_steps, recentre_steps, steps, batch, clean_batch, learning_rate, alpha, clean_m, kl_m, samples, no_gradient_below,
            gradient_clip, portion, validate_every, validation, tolerance, rule, negligible);
        config
    }
}
