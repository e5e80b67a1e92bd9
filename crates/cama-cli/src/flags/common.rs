//! Flags that several commands have.

use cama::{Card, MChoice, PredictConfig};
use clap::Args;

use super::{named, overlay};

/// How to predict.
#[derive(Args)]
#[command(next_help_heading = "Prediction")]
pub struct PredictFlags {
    /// Samples of z for each class.
    #[arg(long, value_name = "K")]
    pub samples: Option<usize>,
    /// The manipulation that is assumed: `null` is do(m=0), `mean` or `sample` infer it from the data.
    /// Unless given, it is inferred once the model has met manipulated data.
    #[arg(long, value_name = "null|mean|sample", value_parser = named::<MChoice>)]
    pub m: Option<MChoice>,
    /// The most decoded images or rows that each thread holds at a time: bounds the memory of a thread.
    #[arg(long, value_name = "N")]
    pub chunk: Option<usize>,
}

impl PredictFlags {
    /// The configuration for a model with this card.
    pub fn config(&self, card: &Card, seed: u64) -> cama::Result<PredictConfig> {
        let mut config = PredictConfig { m: card.default_m(), seed, ..PredictConfig::default() };
        overlay!(self => config; samples, m);
        config.chunk = self.chunk.or(config.chunk);
        config.check()?;
        Ok(config)
    }
}
