//! All settings of a fit in one place.

use serde::{Deserialize, Serialize};

use crate::classifier::DirectConfig;
use crate::data::Dataset;
use crate::decide::Guard;
use crate::dream::DreamConfig;
use crate::model::{FactorConfig, ModelConfig};
use crate::train::TrainConfig;
use crate::{Config, Error, Result};

/// All settings of [`Cama::builder`](crate::Cama::builder).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitConfig {
    /// The architecture, with its mechanisms.
    pub model: ModelConfig,
    /// What makes X.
    pub generator: GeneratorChoice,
    /// The factor model of a table, where one is fitted.
    pub factor: FactorConfig,
    /// Training (Eq. 5).
    pub train: TrainConfig,
    /// Dreams, which come before training.
    pub dream: DreamConfig,
    /// The direct classifier; none if it has no epochs.
    pub direct: DirectConfig,
    /// How many clean examples at most are kept with the model, so that adaptation does not need the training data.
    pub keep: usize,
}

/// As many as an adaptation with default settings validates with, and as many again to learn from, are fewer.
const KEEP: usize = 500;

/// What makes X: p(x|y,c,z,m).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GeneratorChoice {
    /// Of a table a factor model, unless networks explain held-out rows clearly better; of images networks.
    #[default]
    Auto,
    /// Networks.
    Network,
    /// A factor model: for tables whose X has a number and no mechanism but `per-column`, and no manipulated data.
    Factor,
}

/// Of so many examples validation takes one at most for a guard.
const ONE_OF: usize = 4;

impl FitConfig {
    /// The settings of the preset called `name` for `data`: a tenth of it at most is kept for validation, or, of 80 to 200
    /// examples, the 20 that a guard needs, and there are epochs enough for a small data set to be learnt.
    ///
    /// # Errors
    ///
    /// If there is no such preset, or not for such data, or if the data has no labels or one class only.
    pub fn preset(name: &str, data: &impl Dataset) -> Result<Self> {
        check_labelled(data)?;
        let shape = data.data_shape();
        let mut train = TrainConfig::preset(name, &shape)?;
        let least = if data.len() / ONE_OF < Guard::LEAST_CLEAN { 1 } else { Guard::LEAST_CLEAN };
        train.validation = train.validation.min((data.len() / 10).max(least));
        let learnt = data.len() - train.validation.min(data.len());
        let train = train.for_examples(learnt);
        let direct = DirectConfig::for_data(&shape, learnt);
        let model = ModelConfig::preset(name, shape, data.classes().len())?.with_class_prior(data);
        let (generator, factor, dream) = Default::default();
        Ok(Self { model, generator, factor, train, dream, direct, keep: KEEP })
    }

    /// These settings, which someone has made of `preset`: where the epochs of training are others, they are kept to from the
    /// first to the last, and validated one by one, unless these settings say otherwise. A field dreams in no more steps than q2.
    pub fn obeyed(mut self, preset: &Self) -> Self {
        self.model.mechanisms.iter_mut().for_each(|m| m.limit_dreams(self.dream.steps));
        Self { train: self.train.obeyed(&preset.train), ..self }
    }
}

impl Config for FitConfig {
    fn validate(&self) -> Result<()> {
        self.model.validate()?;
        self.factor.validate()?;
        self.train.validate()?;
        self.dream.validate()?;
        self.direct.validate()
    }
}

fn check_labelled(clean: &impl Dataset) -> Result<()> {
    if clean.labels().is_none() {
        let what = format!("{} has no labels to learn from", clean.name());
        return Err(Error::Mismatch(what));
    }
    match clean.only_class() {
        None => Ok(()),
        Some(only) => {
            let noun = clean.data_shape().noun();
            let problem = format!(
                "all {noun}s are of one class, `{only}`; two classes or more are needed (of a file that is sorted by class, a \
                 range such as `[..1000]` may hold one)"
            );
            Err(Error::spec("data", clean.name(), problem))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::load;

    #[test]
    fn few_examples_leave_as_many_to_validation_as_a_guard_needs() {
        for (examples, validation) in [(20, 2), (79, 7), (80, 20), (160, 20), (300, 30), (20_000, 1000)] {
            let images = load(&format!("shapes:{examples}")).unwrap();
            let config = FitConfig::preset("fast", &images).unwrap();
            assert_eq!(config.train.validation, validation, "{examples}");
        }
    }
}
