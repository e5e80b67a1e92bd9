//! A trained baseline.

use cama::data::Dataset;
use cama::data::table::Schema;
use cama::{Error, Result};
use serde::{Deserialize, Serialize};

use super::config::BaselineConfig;
use super::features::Features;
use super::network::Network;
use super::tent_config::TentConfig;
use super::trees::Trees;

/// A trained baseline.
#[derive(Clone, Debug)]
pub struct Baseline {
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) config: BaselineConfig,
    pub(super) width: usize,
    pub(super) classes: Vec<String>,
    /// `[channels, height, width]` of images.
    pub(super) image: Option<[usize; 3]>,
    /// Of tables.
    pub(super) schema: Option<Schema>,
    pub(super) origin: Origin,
}

/// What was learnt.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Network(Box<Network>),
    Trees(Trees),
}

/// Where a baseline comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The training data.
    pub data: String,
    /// How many examples that were.
    pub examples: usize,
    /// The manipulations of half of it, one of these each time.
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
    /// Its name: its specification as [`BaselineSpec`](super::BaselineSpec) reads it; `-tent` is behind the kind if it was
    /// adapted.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its configuration.
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

    /// Where it comes from.
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
    /// each by its own statistics; `tent` itself adapts to them from batch to batch, always from its state after
    /// training. Their prediction for an example depends on the others: fewer than 200 give poor statistics.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] if the examples have not as many features as those it was trained on,
    /// [`Error::Spec`] if there are no examples or their features are non-finite.
    pub fn probabilities(&self, data: &impl Dataset) -> Result<Vec<Vec<f64>>> {
        let features = Features::of(data)?;
        self.check_shape(data)?;
        self.check_width(&format!("the examples of {}", data.name()), features.width())?;
        match &self.kind {
            Kind::Network(network) => network.probabilities(&features),
            Kind::Trees(trees) => Ok(trees.probabilities(&features)),
        }
    }

    /// Errors unless images are of the size of those it was trained on.
    pub(super) fn check_shape(&self, data: &impl Dataset) -> Result<()> {
        let (Some(trained), Some(found)) = (self.image, data.data_shape().image()) else { return Ok(()) };
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
