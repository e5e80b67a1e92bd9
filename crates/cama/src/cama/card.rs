//! How a model came to be.

use serde::{Deserialize, Serialize};

use crate::adapt::AdaptReport;
use crate::data::Preparation;
use crate::data::table::Schema;
use crate::epoch::Epoch;
use crate::model::{M, MChoice};

/// How a model came to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Names of the classes, in the order of the model's outputs.
    pub classes: Vec<String>,
    /// The m that prediction uses unless told otherwise: inferred once q2(m|x) has met manipulated data, in training or
    /// adaptation.
    pub m: MChoice,
    /// The training data.
    pub data: String,
    /// The training data as it is found from any folder, if it is a file or a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The same from the model's folder, where the two may be moved together; saving sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative: Option<String>,
    /// The number of its examples and their checksum ([`Fingerprint`](crate::data::Fingerprint)): other data under the same name
    /// has another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// What was understood of it, in words: what it holds, and what may be meant otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub understood: Vec<String>,
    /// What was done to its images to make them alike; what the model reads later is prepared in the same way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preparation: Option<Preparation>,
    /// Manipulated training data, if any.
    pub manipulated: Option<String>,
    /// Seed of the training run.
    pub seed: u64,
    /// Preset that the configuration started from.
    pub preset: String,
    /// The commands that made it, oldest first; empty if a program of its own did.
    pub commands: Vec<String>,
    /// Optimiser steps on dreams.
    pub dream_steps: usize,
    /// How well networks and a factor model explain held-out rows, where both were fitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<HeldOut>,
    /// Every epoch of training.
    pub history: Vec<Epoch>,
    /// The epoch after which the model was kept, where that was not the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_epoch: Option<usize>,
    /// Every adaptation since, oldest first.
    pub adaptations: Vec<CardEntry>,
}

/// Mean log p(x, y|a, c) of held-out rows, in nats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldOut {
    /// With networks.
    pub network: f64,
    /// With a factor model.
    pub factor: f64,
}

/// One adaptation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardEntry {
    /// The model it started from.
    pub from: String,
    /// The unlabelled data.
    pub on: String,
    /// Seed.
    pub seed: u64,
    /// What came of it.
    pub report: AdaptReport,
}

impl Default for Card {
    fn default() -> Self {
        Self {
            classes: Vec::new(),
            m: M::Null,
            data: String::new(),
            location: None,
            relative: None,
            fingerprint: None,
            understood: Vec::new(),
            preparation: None,
            manipulated: None,
            seed: 0,
            preset: String::new(),
            commands: Vec::new(),
            dream_steps: 0,
            held_out: None,
            history: Vec::new(),
            kept_epoch: None,
            adaptations: Vec::new(),
        }
    }
}

impl Card {
    /// What training came to: the epoch after which the model was kept.
    pub fn trained(&self) -> Option<&Epoch> {
        let kept = self.kept_epoch.and_then(|kept| self.history.iter().find(|epoch| epoch.epoch == kept));
        kept.or(self.history.last())
    }

    /// With the schema's names, or with numbers, for the names of the classes where there are no names.
    pub(crate) fn named(mut self, schema: Option<&Schema>, classes: usize) -> Self {
        if self.classes.is_empty() {
            self.classes = match schema {
                Some(schema) => schema.classes.clone(),
                None => (0..classes).map(|class| class.to_string()).collect(),
            };
        }
        self
    }
}
