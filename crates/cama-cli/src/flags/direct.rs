//! Flags of the direct classifier.

use cama::data::DataShape;
use cama::{DirectConfig, Result};
use clap::Args;

use super::overlay::{overlay, refuse};

/// How to fit a small discriminative network beside the model, to classify what is restored.
#[derive(Args)]
#[command(next_help_heading = "Direct classifier")]
pub struct DirectFlags {
    /// Fit no direct classifier.
    #[arg(long)]
    pub no_direct: bool,
    /// Passes over the data; unless given 3, of small image data as many as make 1,500 steps, of tables 30, or as many as make 150.
    #[arg(long, value_name = "N")]
    pub direct_epochs: Option<usize>,
    /// Images or rows a step.
    #[arg(long, value_name = "N")]
    pub direct_batch: Option<usize>,
    /// Peak learning rate.
    #[arg(long, value_name = "R")]
    pub direct_learning_rate: Option<f64>,
    /// Channels of each convolution.
    #[arg(long, value_name = "N")]
    pub direct_channels: Option<usize>,
    /// Width of each fully connected layer.
    #[arg(long, value_name = "N")]
    pub direct_hidden: Option<usize>,
    /// Share of the examples that the mechanisms transform and restore before it reads them.
    #[arg(long, value_name = "P")]
    pub direct_restored: Option<f64>,
    /// How far off they are restored, in standard deviations of the prior of m.
    #[arg(long, value_name = "S")]
    pub direct_jitter: Option<f64>,
}

impl DirectFlags {
    /// The configuration for such data with what these flags change; with no epochs if switched off.
    ///
    /// # Errors
    ///
    /// If a flag is for another kind of data.
    pub(super) fn overlay(&self, mut config: DirectConfig, data: &DataShape) -> Result<DirectConfig> {
        if data.table().is_some() {
            refuse("tables", &[("direct-channels", self.direct_channels.is_some())])?;
        }
        overlay!(self => config;
            direct_epochs as epochs, direct_batch as batch, direct_learning_rate as learning_rate,
            direct_channels as channels, direct_hidden as hidden, direct_restored as restored,
            direct_jitter as jitter);
        if self.no_direct {
            config.epochs = 0;
        }
        Ok(config)
    }
}
