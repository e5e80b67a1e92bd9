//! Flags of dreaming.

use cama::DreamConfig;
use clap::Args;

use super::overlay::overlay;

/// How to fit q2 to the explicit mechanisms at work on clean data.
#[derive(Args)]
#[command(next_help_heading = "Dreaming")]
pub struct DreamFlags {
    /// Do not dream.
    #[arg(long)]
    pub no_dream: bool,
    /// Optimiser steps on dreams.
    #[arg(long, value_name = "N")]
    pub dream_steps: Option<usize>,
    /// Images or rows a step.
    #[arg(long, value_name = "N")]
    pub dream_batch: Option<usize>,
    /// Peak learning rate.
    #[arg(long, value_name = "R")]
    pub dream_learning_rate: Option<f64>,
    /// Probability that a whole mechanism is left out of a dream (its part of m is zero), and that each component
    /// of the others is zero.
    #[arg(long, value_name = "P")]
    pub dream_off: Option<f64>,
    /// Bound on the norm of the gradient; 0 is no bound.
    #[arg(long, value_name = "G")]
    pub dream_gradient_clip: Option<f64>,
}

impl DreamFlags {
    /// The configuration with what these flags change; with no steps if switched off.
    pub(super) fn overlay(&self, mut config: DreamConfig) -> DreamConfig {
        overlay!(self => config;
            dream_steps as steps, dream_batch as batch, dream_learning_rate as learning_rate,
            dream_off as off, dream_gradient_clip as gradient_clip);
        if self.no_dream {
            config.steps = 0;
        }
        config
    }

    /// Whether one of them is given.
    pub(super) fn are_given(&self) -> bool {
        let lengths = [self.dream_steps.is_some(), self.dream_batch.is_some(), self.no_dream];
        let rates = [&self.dream_learning_rate, &self.dream_off, &self.dream_gradient_clip];
        lengths.contains(&true) || rates.iter().any(|rate| rate.is_some())
    }
}
