//! Flags that several commands have.

use cama::{By, Card, Classifier, DecideConfig, Decider, Input, MChoice, PredictConfig, StoredModel};
use clap::Args;

use super::{named, overlay};

/// How to predict.
#[derive(Args)]
#[command(next_help_heading = "Prediction")]
pub struct PredictFlags {
    /// Samples of z for each class.
    #[arg(long, value_name = "K")]
    pub samples: Option<usize>,
    /// Probability below which classes get no more than their first samples, once they could not exceed it even if the
    /// others weighed far more; no probability changes by more. 0 gives every class all samples.
    #[arg(long, value_name = "P")]
    pub negligible: Option<f64>,
    /// The manipulation that is assumed: `null` is do(m=0), `mean` or `sample` infer it from the data.
    /// Unless given, it is inferred once the model has met manipulated data.
    #[arg(long, value_name = "null|mean|sample", value_parser = named::<MChoice>)]
    pub m: Option<MChoice>,
    /// What classifies: `bayes` (Bayes' rule, Eq. 6), `head` (the model's head, or --classifier, on the restored input) or
    /// `both`. Unless given, `both` for images or with --classifier, `bayes` for tables or without a head; `evaluate`
    /// judges all of them.
    #[arg(long, value_name = "bayes|head|both", value_parser = named::<By>)]
    pub by: Option<By>,
    /// T of `both`, whose product has Bayes' rule to the power 1/T; what was fitted for the model's head unless given.
    #[arg(long, value_name = "T")]
    pub temperature: Option<f64>,
    /// Restore every input, even where the model cannot explain what comes out.
    #[arg(long)]
    pub no_guard: bool,
    /// The most decoded images or rows that each thread holds at a time: bounds the memory of a thread.
    #[arg(long, value_name = "N")]
    pub chunk: Option<usize>,
}

impl PredictFlags {
    /// The configuration for a model with this card.
    pub fn config(&self, card: &Card, seed: u64) -> cama::Result<PredictConfig> {
        let mut config = PredictConfig { m: card.default_m(), seed, ..PredictConfig::default() };
        overlay!(self => config; samples, negligible, m);
        config.chunk = self.chunk.or(config.chunk);
        config.check()?;
        Ok(config)
    }

    /// A model with what stands beside it, the guard left out if it was told to be, and how to decide; `other` takes
    /// the place of the model's own head.
    pub fn decider<'a>(
        &self,
        stored: &'a StoredModel,
        other: Option<&'a dyn Classifier>,
        seed: u64,
    ) -> cama::Result<(Decider<'a>, DecideConfig)> {
        let own = stored.decider();
        let temperature = self.temperature.unwrap_or(own.temperature);
        let mut decider = Decider { other, temperature, ..own };
        if self.no_guard {
            decider.guard = None;
        }
        // What measures best: on images the product, on rows, whose children are few, Bayes' rule.
        let best = match (decider.classifier(), other, &stored.model.config().input) {
            (None, ..) | (_, None, Input::Table(_)) => By::Bayes,
            _ => By::Both,
        };
        let by = self.by.unwrap_or(best);
        Ok((decider, DecideConfig { by, predict: self.config(&stored.card, seed)? }))
    }
}
