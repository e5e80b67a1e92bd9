//! What watches an adaptation.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::AdaptConfig;
use crate::batch;
use crate::data::Dataset;
use crate::decide::{DecideConfig, Decider};
use crate::model::DeepCama;
use crate::objective::{Manipulated, elbo_unlabelled};
use crate::predict::{MChoice, PredictConfig};
use crate::{Error, Result};

/// Watches states on examples that no step is trained on, always with the same noise.
pub(super) struct Watch<'a, D> {
    pub config: &'a AdaptConfig,
    pub watched: &'a D,
    pub clean: Option<&'a D>,
    pub seed: u64,
    /// What stands beside the model.
    pub beside: Decider<'a>,
}

/// What it saw of one state.
#[derive(Clone)]
pub(super) struct Look {
    pub elbo: f64,
    pub clean: Option<f64>,
}

impl Look {
    /// Whether `later` is as good on clean examples, within the tolerance.
    pub fn allows(&self, later: &Look, tolerance: f64) -> bool {
        match (self.clean, later.clean) {
            (Some(before), Some(after)) => after >= before - tolerance,
            _ => true,
        }
    }
}

impl<D: Dataset> Watch<'_, D> {
    /// Eq. 7 on the watched examples and accuracy on the clean ones, with an inferred m or with do(m = 0).
    pub fn look(&self, model: &DeepCama, infers_m: bool) -> Result<Look> {
        let all: Vec<usize> = (0..self.watched.len()).collect();
        let chunks: Vec<_> = all.chunks(self.config.batch).collect();
        let elbo = |(i, indices): (usize, &&[usize])| {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed ^ i as u64);
            let seen = batch::evidence(self.watched, indices.iter().copied(), &model.device());
            let manipulated = if infers_m { Manipulated::Unknown } else { Manipulated::Null };
            let elbo = elbo_unlabelled(model, &seen, manipulated, 1, 1.0, &mut rng);
            f64::from(elbo.sum().into_scalar::<f32>())
        };
        let elbos: Vec<f64> = chunks.par_iter().enumerate().map(elbo).collect();
        let elbo = elbos.iter().sum::<f64>() / all.len() as f64;
        if !elbo.is_finite() {
            return Err(Error::Diverged(format!(
                "the bound on the watched data is {elbo}: a value may be out of all bounds"
            )));
        }
        let clean = self.clean.map(|clean| {
            let labels = clean.labels().expect("checked to have labels");
            let m = if infers_m { MChoice::Mean } else { MChoice::Null };
            let AdaptConfig { by, negligible, .. } = *self.config;
            let predict =
                PredictConfig { samples: 4, m, seed: self.seed, negligible, ..PredictConfig::default() };
            // Unguarded: what the guard would catch is to be seen.
            let decider = Decider { model, guard: None, ..self.beside };
            let decided = decider.decide(clean, &DecideConfig { by, predict })?;
            let right = decided.iter().zip(labels).filter(|(p, y)| p.class == **y).count();
            Ok::<_, Error>(right as f64 / clean.len() as f64)
        });
        Ok(Look { elbo, clean: clean.transpose()? })
    }
}
