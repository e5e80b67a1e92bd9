//! Flags of the discriminative head.

use cama::{HeadConfig, Input};
use clap::Args;

use super::{overlay, refuse};

/// How to fit a small discriminative network beside the model, to classify what is restored.
#[derive(Args)]
#[command(next_help_heading = "Head")]
pub struct HeadFlags {
    /// Fit no head.
    #[arg(long)]
    pub no_head: bool,
    /// Passes over the data.
    #[arg(long, value_name = "N")]
    pub head_epochs: Option<usize>,
    /// Images or rows a step.
    #[arg(long, value_name = "N")]
    pub head_batch: Option<usize>,
    /// Peak learning rate.
    #[arg(long, value_name = "R")]
    pub head_learning_rate: Option<f64>,
    /// Channels of each convolution.
    #[arg(long, value_name = "N")]
    pub head_channels: Option<usize>,
    /// Width of each fully connected layer.
    #[arg(long, value_name = "N")]
    pub head_hidden: Option<usize>,
    /// Share of the examples that the mechanisms transform and restore before the head reads them.
    #[arg(long, value_name = "P")]
    pub head_restored: Option<f64>,
    /// How far off they are restored, in standard deviations of the prior of m.
    #[arg(long, value_name = "S")]
    pub head_jitter: Option<f64>,
}

impl HeadFlags {
    /// The checked configuration for such an input, with no epochs if switched off.
    ///
    /// # Errors
    ///
    /// If a value is not allowed, or a flag is for another kind of data.
    pub fn config(&self, input: &Input) -> cama::Result<HeadConfig> {
        if input.table().is_some() {
            refuse("tables", &[("head-channels", self.head_channels.is_some())])?;
        }
        let mut config = HeadConfig::for_input(input);
        overlay!(self => config;
            head_epochs as epochs, head_batch as batch, head_learning_rate as learning_rate, head_channels as channels,
            head_hidden as hidden, head_restored as restored, head_jitter as jitter);
        config.check()?;
        if self.no_head {
            config.epochs = 0;
        }
        Ok(config)
    }
}
