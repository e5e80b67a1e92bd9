//! Classifiers to compare a deep CAMA model with: they know nothing of causes and read A, C and X side by side.
//!
//! - `mlp`, a fully connected network: the discriminative network that the paper compares with on tables. Its
//!   architecture is not published; [`MlpConfig`] has defaults that are strong on tables and small images.
//! - `mlp-paper`, the fully connected network that the paper compares with on digits.
//! - `cnn`, a convolutional network for images of any size, and `cnn-bn`, the same with batch normalisation.
//! - `cnn-adversarial`, a `cnn` that trains on adversarial examples of itself ([`AdversaryConfig`]).
//! - `tent`, a `cnn-bn` that adapts by entropy minimisation to the very data it is asked about ([`TentConfig`]);
//!   [`Baseline::tent`] adapts one to other data.
//! - `trees`, gradient-boosted decision trees: what a practitioner would try first on a table.
//!
//! All hold out a tenth of their data to stop before they overfit; the trees are then boosted again on all of it.
//! Networks can be trained on data half of which is manipulated ([`Baseline::fit_manipulated`], [`BaselineSpec`]), and
//! every baseline can be kept ([`Baseline::save`]).

mod adversary;
mod augment;
mod classifier;
mod cnn;
mod config;
mod conv;
mod dense;
mod features;
mod fit;
mod grower;
mod learn;
mod mlp;
mod network;
mod norm;
mod scale;
mod spec;
mod store;
mod tent;
mod trees;

use std::ops::ControlFlow;

use cama::data::Dataset;
use cama::data::table::Schema;
use cama::{Error, Event, Observer, Phase, Result};
use serde::{Deserialize, Serialize};

pub use adversary::{AdversarialConfig, AdversaryConfig};
pub use cnn::CnnConfig;
pub use config::{BASELINES, BaselineConfig, OnlineConfig};
use features::Features;
pub use mlp::{Dropout, MlpConfig};
use network::{Network, Reading};
pub use spec::BaselineSpec;
pub use tent::TentConfig;
pub use trees::{Trees, TreesConfig};

/// A trained baseline.
#[derive(Clone, Debug)]
pub struct Baseline {
    kind: Kind,
    name: String,
    config: BaselineConfig,
    width: usize,
    classes: Vec<String>,
    /// `[channels, height, width]` of images.
    image: Option<[usize; 3]>,
    /// Of tables.
    schema: Option<Schema>,
    origin: Origin,
}

#[derive(Clone, Debug)]
enum Kind {
    Network(Box<Network>),
    Trees(Trees),
}

/// How a baseline came to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The training data.
    pub data: String,
    /// How many examples that were.
    pub examples: usize,
    /// What half of it was manipulated by, each time by one of these.
    pub manipulated: Vec<String>,
    /// Seed of its training.
    pub seed: u64,
    /// Every adaptation by [`Baseline::tent`] since, oldest first.
    pub adaptations: Vec<Tented>,
    /// The commands that made it, oldest first.
    pub commands: Vec<String>,
}

/// One adaptation by entropy minimisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tented {
    /// The unlabelled data.
    pub on: String,
    /// Seed.
    pub seed: u64,
    /// How.
    pub config: TentConfig,
}

impl Baseline {
    /// What the baseline is called: its specification as [`BaselineSpec`] reads it; `-tent` is behind the kind if it was
    /// adapted.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which it is, and how it was trained.
    pub fn config(&self) -> &BaselineConfig {
        &self.config
    }

    /// The names of the classes, as it was trained on them.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// `[channels, height, width]` of the images that it reads; nothing if it reads no images.
    pub fn image_shape(&self) -> Option<[usize; 3]> {
        self.image
    }

    /// The columns of the table that it reads; nothing if it reads no table.
    pub fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    /// How it came to be.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The same with one more command among those that made it.
    pub fn with_command(mut self, command: impl Into<String>) -> Self {
        self.origin.commands.push(command.into());
        self
    }

    /// p(y|a, c, x) of every class for every example.
    ///
    /// One that was adapted by [`tent`](Self::tent) reads the examples in batches of 200 or more, mixed, and normalises
    /// each by its own statistics; `tent` itself adapts to them from batch to batch, always from where it was after
    /// training. What they say of an example depends on the others: fewer than 200 leave them in the dark.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] if the examples have not as many numbers as those it was trained on,
    /// [`Error::Spec`] if there are no examples or their numbers are not finite.
    pub fn probabilities(&self, data: &impl Dataset) -> Result<Vec<Vec<f64>>> {
        let features = Features::of(data)?;
        self.check_shape(data)?;
        self.check_width(&format!("the examples of {}", data.name()), features.width())?;
        match &self.kind {
            Kind::Network(network) => network.probabilities(&features),
            Kind::Trees(trees) => Ok(trees.probabilities(&features)),
        }
    }

    /// Adapts a `cnn-bn` to `unlabelled` examples like those it will be asked about, by entropy minimisation; it then
    /// normalises what it reads by the statistics of that.
    ///
    /// `observer` sees every step with the mean entropy, in nats, of its batch.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] if it has no batch normalisation or the examples do not fit it, [`Error::Config`] if `config`
    /// is not allowed, and if numbers diverge or the observer breaks.
    pub fn tent(
        &self,
        unlabelled: &impl Dataset,
        config: &TentConfig,
        seed: u64,
        observer: &mut Observer,
    ) -> Result<Self> {
        config.check()?;
        let Kind::Network(network) = &self.kind else { return Err(tent::no_norms(&self.name)) };
        tent::normalised(network).ok_or_else(|| tent::no_norms(&self.name))?;
        let features = Features::of(unlabelled)?;
        self.check_shape(unlabelled)?;
        self.check_width(&format!("the examples of {}", unlabelled.name()), features.width())?;
        let network = tent::adapt(network, &features, config, seed, observer)?;
        let mut adapted = self.clone();
        adapted.kind = Kind::Network(Box::new(Network { reading: Reading::Batch, ..network }));
        let (kind, rest) = self.name.split_once('+').map_or((&*self.name, None), |(k, r)| (k, Some(r)));
        if !kind.ends_with("-tent") {
            adapted.name = rest.map_or(format!("{kind}-tent"), |rest| format!("{kind}-tent+{rest}"));
        }
        let on = unlabelled.name().to_string();
        adapted.origin.adaptations.push(Tented { on, seed, config: config.clone() });
        Ok(adapted)
    }

    /// Errors unless images are of the size of those it was trained on.
    fn check_shape(&self, data: &impl Dataset) -> Result<()> {
        let (Some(trained), Some(found)) = (self.image, data.image_shape()) else { return Ok(()) };
        if trained == found {
            return Ok(());
        }
        let written = |[channels, height, width]: [usize; 3]| format!("{channels}×{height}×{width}");
        Err(Error::Mismatch(format!(
            "the images of {} are {}, but `{}` was trained on {} (channels×height×width)",
            data.name(),
            written(found),
            self.name,
            written(trained)
        )))
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
