//! How to predict.

use serde::{Deserialize, Serialize};

use super::optimise::{Inference, OptimiseConfig};
use super::sampling::Sampling;
use crate::data::DataShape;
use crate::data::Dataset;
use crate::model::{DeepCama, M, MChoice};
use crate::{Config, Error, Result};

/// How to predict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PredictConfig {
    /// Samples K of z for each class.
    pub samples: usize,
    /// Which m.
    pub m: MChoice,
    /// Steps by which an m that is inferred is searched further for each example, from the mean of q2(m|x): 0 takes that as it is.
    /// Worth it where q2 is not adapted to what was done, and where examples are few: about 1 ms a step for a digit.
    pub refine: usize,
    /// Seed of the samples. Which ones an example gets follows from what it holds: they are always the same, wherever it
    /// stands and whatever other examples come with it.
    pub seed: u64,
    /// Probability ε below which classes that are left behind are not worth their samples; 0 gives every class all K.
    ///
    /// After two samples of every class, and again each time that the samples of the others have doubled, a class is
    /// left behind once it would stay below ε / classes even with luck: if its remaining samples weighed on average as
    /// much as its heaviest one so far and a margin more, of three standard deviations of the example's log weights and
    /// at least 4 nats. Its probability is then estimated from the samples that it had.
    ///
    /// Against all K samples of every class this changes no probability by more than ε (that of a class left behind by
    /// no more than ε / classes), log p(x) by no more than −ln(1 − ε) nats, and never the most probable class, unless the
    /// remaining samples of a class left behind would have weighed more than that. The *logarithm* of a negligible
    /// probability has no such bound: ask for 0 where log-likelihoods of wrong predictions matter.
    pub negligible: f64,
    /// The most decoded examples that a thread holds at a time; bounds the memory, changes nothing else. Unless
    /// given, as many as keep what the decoder computes in a processor's cache.
    pub chunk: Option<usize>,
    /// How z is got at.
    pub inference: Inference,
    /// How it is searched, with [`Inference::Optimise`].
    pub optimise: OptimiseConfig,
}

impl Default for PredictConfig {
    fn default() -> Self {
        Self {
            samples: 10,
            m: M::Null,
            refine: 0,
            seed: 0,
            negligible: 1e-4,
            chunk: None,
            inference: Inference::Amortised,
            optimise: OptimiseConfig::default(),
        }
    }
}

/// Numbers in the widest layers of the decoder that are computed at a time, about 3 MB of them.
const NUMBERS_AT_ONCE: usize = 700_000;

impl PredictConfig {
    /// Errors unless `model` can predict `data` so.
    pub(crate) fn check_for(&self, model: &DeepCama, data: &impl Dataset) -> Result<()> {
        model.check_fits(data)?;
        if self.m != M::Null && !model.infers() {
            return Err(Error::config(
                "m",
                "mean or sample",
                "null: the model has no mechanism, so no q2(m|x)",
            ));
        }
        if let (M::Mean | M::Sample, Some(_)) = (self.m, model.factor()) {
            let allowed = "null or global: a factor model has no q2, and infers one m of a whole data set";
            return Err(Error::config("m", "mean or sample", allowed));
        }
        if self.m == M::Global && model.mechanisms().is_none_or(|m| m.global_m().is_none()) {
            let allowed =
                "null, mean or sample: no mechanism of the model has an m that a whole data set shares";
            return Err(Error::config("m", "global", allowed));
        }
        Ok(())
    }

    /// How z is sampled.
    pub(crate) fn sampling(&self, model: &DeepCama) -> Sampling {
        let at_once = self.decoded_at_once(model);
        Sampling { samples: self.samples, negligible: self.negligible, at_once }
    }

    /// The most examples that are decoded at a time.
    pub(super) fn decoded_at_once(&self, model: &DeepCama) -> usize {
        self.chunk.unwrap_or_else(|| match &model.config().data {
            DataShape::Image(shape) => {
                let pixels = shape[1] * shape[2];
                let channels =
                    model.config().network.trunk.convolutional().map_or(1, |conv| conv.channels_after(1));
                // The last hidden map has half the side, and is made into the image.
                let numbers = channels * pixels.div_ceil(4) + shape[0] * pixels;
                (NUMBERS_AT_ONCE / numbers).clamp(10, 20_000)
            }
            DataShape::Table(table) => (400_000 / table.width()).clamp(500, 20_000),
        })
    }
}

impl Config for PredictConfig {
    fn validate(&self) -> Result<()> {
        let chunk = self.chunk.map(|chunk| ("predict.chunk", chunk));
        for (field, value) in [("predict.samples", self.samples)].into_iter().chain(chunk) {
            if !(1..=1_000_000).contains(&value) {
                return Err(Error::config(field, value, "from 1 to 1000000"));
            }
        }
        if self.refine > 10_000 {
            return Err(Error::config("predict.refine", self.refine, "from 0 to 10000"));
        }
        self.optimise.validate()?;
        check_negligible("predict.negligible", self.negligible)
    }
}

/// Errors unless `value` can be a negligible probability.
pub(crate) fn check_negligible(field: &str, value: f64) -> Result<()> {
    match (0.0..=0.5).contains(&value) {
        true => Ok(()),
        false => Err(Error::config(field, value, "from 0, which neglects nothing, to 0.5")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_of_before_are_read_and_wrong_ones_refused() {
        let config: PredictConfig = toml::from_str("samples = 3\nm = \"mean\"").unwrap();
        let expected = PredictConfig { samples: 3, m: M::Mean, ..PredictConfig::default() };
        assert!(config == expected && config.negligible > 0.0);
        for negligible in [-1e-9, 0.51, f64::NAN] {
            let error = PredictConfig { negligible, ..config.clone() }.validate().unwrap_err().to_string();
            assert!(error.starts_with("predict.negligible = "), "{error}");
        }
        assert!(
            [0.0, 0.5]
                .iter()
                .all(|&negligible| PredictConfig { negligible, ..config.clone() }.validate().is_ok())
        );
    }
}
