//! Classifiers to compare a deep CAMA model with: they know nothing of causes and read A, C and X side by side.
//!
//! - `mlp`, a fully connected network: the discriminative network that the paper compares with on tables. Its
//!   architecture is not published; [`MlpConfig`] has defaults that are strong on tables and small images.
//! - `trees`, gradient-boosted decision trees: what a practitioner would try first on a table.
//!
//! Both hold out a tenth of their data to stop before they overfit; the trees are then boosted again on all of it.

mod classifier;
mod features;
mod grower;
mod mlp;
mod scale;
mod trees;

use std::ops::ControlFlow;

use cama::data::Dataset;
use cama::{Error, Event, Observer, Phase, Result};
use serde::{Deserialize, Serialize};

use features::{Features, Labelled};
pub use mlp::{Mlp, MlpConfig};
pub use trees::{Trees, TreesConfig};

/// The names of the baselines.
pub const BASELINES: &[&str] = &["mlp", "trees"];

/// Which baseline, and how to train it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BaselineConfig {
    /// A fully connected network.
    Mlp(MlpConfig),
    /// Gradient-boosted trees.
    Trees(TreesConfig),
}

impl BaselineConfig {
    /// The baseline called `name` with its defaults.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] if it is not one of [`BASELINES`].
    pub fn named(name: &str) -> Result<Self> {
        match name {
            "mlp" => Ok(Self::Mlp(MlpConfig::default())),
            "trees" => Ok(Self::Trees(TreesConfig::default())),
            _ => Err(Error::unknown_name("baseline", name, BASELINES)),
        }
    }

    /// What the baseline is called: one of [`BASELINES`].
    pub fn name(&self) -> &'static str {
        match self {
            Self::Mlp(_) => "mlp",
            Self::Trees(_) => "trees",
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for the first that is not allowed.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Mlp(config) => config.check(),
            Self::Trees(config) => config.check(),
        }
    }
}

/// A trained baseline.
#[derive(Clone, Debug)]
pub struct Baseline {
    kind: Kind,
    width: usize,
    classes: Vec<String>,
}

#[derive(Clone, Debug)]
enum Kind {
    Mlp(Mlp),
    Trees(Trees),
}

impl Baseline {
    /// Trains a baseline on all of `data`; the same `seed` gives the same baseline, whatever the threads.
    ///
    /// `observer` sees every step, or every round of trees, with its loss in nats per example; the total of the
    /// rounds is a bound that falls once the best number is known. If it breaks, there is no baseline.
    ///
    /// # Errors
    ///
    /// If `config` is not allowed, `data` has no labels, fewer than two classes, fewer than ten examples or
    /// numbers that are not finite, if numbers diverge, or if the observer breaks.
    pub fn fit(
        config: &BaselineConfig,
        data: &impl Dataset,
        seed: u64,
        observer: &mut Observer,
    ) -> Result<Self> {
        config.check()?;
        let labelled = Labelled::of(data, config.name())?;
        let kind = match config {
            BaselineConfig::Mlp(config) => Kind::Mlp(Mlp::fit(&labelled, config, seed, observer)?),
            BaselineConfig::Trees(config) => Kind::Trees(Trees::fit(&labelled, config, seed, observer)?),
        };
        Ok(Self { kind, width: labelled.features.width(), classes: data.classes().to_vec() })
    }

    /// What the baseline is called: one of [`BASELINES`].
    pub fn name(&self) -> &'static str {
        match self.kind {
            Kind::Mlp(_) => "mlp",
            Kind::Trees(_) => "trees",
        }
    }

    /// The names of the classes, as it was trained on them.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// p(y|a, c, x) of every class for every example.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] if the examples have not as many numbers as those it was trained on,
    /// [`Error::Spec`] if there are no examples or their numbers are not finite.
    pub fn probabilities(&self, data: &impl Dataset) -> Result<Vec<Vec<f64>>> {
        let features = Features::of(data)?;
        self.check_width(&format!("the examples of {}", data.name()), features.width())?;
        Ok(match &self.kind {
            Kind::Mlp(mlp) => mlp.probabilities(&features),
            Kind::Trees(trees) => trees.probabilities(&features),
        })
    }

    /// Checks that the classes of labelled `data` are those it was trained on.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] if they are not.
    pub fn check_classes(&self, data: &impl Dataset) -> Result<()> {
        if data.classes() == self.classes {
            return Ok(());
        }
        Err(Error::Mismatch(format!(
            "the classes of {} ({}) are not those that `{}` was trained on ({})",
            data.name(),
            data.classes().join(", "),
            self.name(),
            self.classes.join(", ")
        )))
    }
}

/// Tells `observer` of a step; an error if it wants to stop.
fn report(observer: &mut Observer, name: &str, done: usize, total: usize, loss: f64) -> Result<()> {
    match observer(Event::Step { phase: Phase::Train, done, total, loss }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Interrupted(format!("the baseline `{name}` is not trained"))),
    }
}

#[cfg(test)]
mod tests;
