//! Batches with adversarial examples of the network that learns from them (Madry et al., ICLR 2018).

use burn::tensor::{Device, Tensor};
use cama::optimise::shards;
use cama::{Classifier, Config, Error, Observed, Result};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::cnn::CnnConfig;
use super::features::Labelled;
use super::network::Network;
use crate::attack::{Attack, Method, Space, perturbed};

/// The adversarial examples that a network trains on: projected gradient ascent in the maximum norm, from a random start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdversaryConfig {
    /// How far a pixel in [0, 1] may change.
    pub eps: f64,
    /// Steps of the ascent.
    pub steps: usize,
    /// Length of a step.
    pub step: f64,
    /// The share of every batch that is left as it is.
    pub clean: f64,
}

impl Default for AdversaryConfig {
    fn default() -> Self {
        Self { eps: 0.3, steps: 7, step: 0.1, clean: 0.5 }
    }
}

impl Config for AdversaryConfig {
    fn validate(&self) -> Result<()> {
        if !(0.0..=1.0).contains(&self.eps) {
            return Err(Error::config("adversary.eps", self.eps, "from 0 to 1"));
        }
        if !(1..=1000).contains(&self.steps) {
            return Err(Error::config("adversary.steps", self.steps, "from 1 to 1000"));
        }
        if !(self.step > 0.0 && self.step <= 1.0) {
            return Err(Error::config("adversary.step", self.step, "above 0 and at most 1"));
        }
        if !(0.0..=1.0).contains(&self.clean) {
            return Err(Error::config("adversary.clean", self.clean, "a share, from 0 to 1"));
        }
        Ok(())
    }
}

/// A convolutional network, and the adversarial examples that it trains on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdversarialConfig {
    /// The network.
    pub cnn: CnnConfig,
    /// The examples.
    pub adversary: AdversaryConfig,
}

/// A network while it learns.
struct Learner<'a> {
    network: &'a Network,
    classes: usize,
}

impl Classifier for Learner<'_> {
    fn classes(&self) -> usize {
        self.classes
    }

    fn differentiable(&self) -> bool {
        true
    }

    fn log_probabilities(&self, observed: &Observed, _rngs: &mut [ChaCha8Rng]) -> Result<Tensor<2>> {
        Ok(self.network.log_probabilities(observed.x.clone()))
    }
}

/// What makes batches of images of size `image` of which only a share is left as it is.
pub(super) fn adversarial<'a>(
    data: &'a Labelled,
    image: [usize; 3],
    config: &AdversaryConfig,
) -> impl FnMut(&Network, &[usize], &mut ChaCha8Rng) -> Result<Tensor<2>> + 'a {
    let (device, space, clean) = (Device::flex(), Space::of_images(image), config.clean);
    let attack =
        Attack { steps: config.steps, step: Some(config.step), ..Attack::new(Method::Pgd, config.eps) };
    move |network, indices, rng| {
        let of = |indices: &[usize]| data.features.tensor(indices.iter().copied(), &device);
        let (as_is, changed) = indices.split_at((clean * indices.len() as f64).ceil() as usize);
        if changed.is_empty() {
            return Ok(of(indices));
        }
        let learner = Learner { network, classes: data.classes };
        let parts = changed.chunks(changed.len().div_ceil(shards(&device)));
        let parts: Vec<(&[usize], u64)> = parts.map(|part| (part, rng.random())).collect();
        let attacked = |(part, seed): (&[usize], u64)| {
            let origin = part.iter().flat_map(|&i| data.features.row(i).iter().copied()).collect();
            let labels: Vec<usize> = part.iter().map(|&i| data.labels[i]).collect();
            perturbed(&learner, &space, &attack, origin, &labels, &ChaCha8Rng::seed_from_u64(seed))
        };
        let found: Vec<Vec<f32>> = parts.into_par_iter().map(attacked).collect::<Result<_>>()?;
        let found = burn::tensor::TensorData::new(found.concat(), [changed.len(), space.width()]);
        let found = Tensor::from_data(found, &device);
        Ok(if as_is.is_empty() { found } else { Tensor::cat(vec![of(as_is), found], 0) })
    }
}

#[cfg(test)]
mod tests {
    use cama::{data, silent};

    use super::super::{Baseline, BaselineConfig};
    use super::*;
    use crate::attack::{Attackable, Limits, attack};

    #[test]
    fn training_against_an_attack_helps_against_it() {
        let cnn =
            CnnConfig { channels: 4, hidden: 32, dropout: 0.0, steps: Some(250), ..CnnConfig::default() };
        let adversary = AdversaryConfig { eps: 0.1, steps: 3, step: 0.06, clean: 0.5 };
        let (train, test) =
            (data::load("mnist:train[..1000]").unwrap(), data::load("mnist:test[..60]").unwrap());
        let space = test.space(&Limits::default()).unwrap();
        let misled = |config: BaselineConfig| {
            let baseline = Baseline::fit(&config.check().unwrap(), &train, 1, &mut silent).unwrap();
            let spec = "pgd:0.1:steps=10".parse().unwrap();
            let made = attack(&baseline, None, &test, &space, &spec, 1, &mut silent).unwrap();
            made.losses.iter().filter(|losses| losses.reached).count()
        };
        let robust = BaselineConfig::CnnAdversarial(AdversarialConfig { cnn: cnn.clone(), adversary });
        let [plain, robust] = [misled(BaselineConfig::Cnn(cnn)), misled(robust)];
        assert!(robust + 10 < plain, "{robust} {plain}");
    }

    #[test]
    fn every_field_is_checked_by_its_name() {
        for (json, field) in [
            (r#"{"eps": 1.5}"#, "adversary.eps = 1.5"),
            (r#"{"steps": 0}"#, "adversary.steps = 0"),
            (r#"{"step": 0.0}"#, "adversary.step = 0"),
            (r#"{"clean": -1.0}"#, "adversary.clean = -1"),
        ] {
            let text =
                serde_json::from_str::<AdversaryConfig>(json).unwrap().validate().unwrap_err().to_string();
            assert!(text.contains(field), "{text}");
        }
        assert!(AdversaryConfig::default().validate().is_ok());
    }
}
