//! What an epoch came to, on examples that no step learns from.

use super::Eq5;
use crate::batch;
use crate::data::Dataset;
use crate::epoch::{Epoch, Terms};
use crate::model::{DeepCama, M};
use crate::noise::stream_rng;
use crate::objective::elbo;
use crate::predict::{PredictConfig, predict};
use crate::{Config, Error, Result};

impl<D: Dataset> Eq5<'_, D> {
    /// The bounds and the accuracy on validation examples, with the same noise in every epoch.
    pub(super) fn validate(&self, model: &DeepCama, validation: &D, seed: u64) -> Result<Epoch> {
        let mut rng = stream_rng(seed, u64::MAX);
        let device = model.device();
        let labels = validation.labels().expect("checked before training");
        let (mut clean, mut manipulated) = (Terms::default(), self.augmentation.map(|_| Terms::default()));
        let n = validation.len();
        let all: Vec<usize> = (0..n).collect();
        for indices in all.chunks(200) {
            let observed = batch::observed(validation, indices.iter().copied(), &device);
            let y = batch::labels(validation, indices, &device);
            clean.add(&elbo(model, &observed, y.clone(), M::Null, 1, &mut rng), n);
            if let (Some(terms), Some(augmentation)) = (&mut manipulated, self.augmentation) {
                let examples = (validation, indices);
                terms.add(&self.manipulated(model, augmentation, examples, observed, y, &mut rng), n);
            }
        }
        for terms in [Some(&clean), manipulated.as_ref()].into_iter().flatten() {
            if !terms.elbo.is_finite() {
                return Err(Error::Diverged(format!("the ELBO of the validation set is {}", terms.elbo)));
            }
        }
        let config = PredictConfig { samples: 1, m: M::Null, seed, ..PredictConfig::default() };
        let predicted = predict(model, validation, &config.check()?)?;
        let correct = predicted.iter().zip(labels).filter(|(p, y)| p.class == **y).count();
        Ok(Epoch {
            epoch: 0,
            train_loss: 0.0,
            elbo: clean.elbo,
            log_px: clean.log_px,
            kl_z: clean.kl_z,
            log_py: clean.log_py,
            manipulated,
            accuracy: correct as f64 / n as f64,
            examples_per_second: 0.0,
            seconds: 0.0,
        })
    }
}
