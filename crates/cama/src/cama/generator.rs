//! What makes X: networks, or a factor model unless they explain held-out rows better beyond doubt.

use burn::tensor::Device;
use rayon::prelude::*;

use super::HeldOut;
use super::config::GeneratorChoice;
use super::fitting::Fitting;
use crate::data::Dataset;
use crate::decide::mean_and_error;
use crate::mechanism::MechanismConfig;
use crate::model::{DeepCama, Factor, GeneratorConfig, ModelConfig};
use crate::noise::example_rng;
use crate::predict::{PredictConfig, class_scores};
use crate::progress::{Event, Observer};
use crate::train::{Augmentation, Trained, train};
use crate::{Config, Error, Result, batch};

/// Samples of z for each class with which networks explain held-out rows.
const SAMPLES: usize = 50;

/// By so many standard errors networks have to explain held-out rows better than a factor model: that has an exact posterior, and
/// needs fewer rows to find what was done to a data set.
const SURELY: f64 = 2.0;

/// A trained model, and how it was chosen.
pub(super) struct Made {
    pub trained: Trained,
    pub held_out: Option<HeldOut>,
}

impl<D: Dataset> Fitting<'_, D> {
    /// Fits what makes X.
    pub fn generator(
        &self,
        clean: &D,
        augmentation: Option<&Augmentation<D>>,
        device: &Device,
        observer: &mut Observer,
    ) -> Result<Made> {
        let choice = self.config.generator;
        let allowed = self.config.model.allows_factor(augmentation.is_some());
        match (choice, &allowed) {
            (GeneratorChoice::Factor, Err(allowed)) => {
                return Err(Error::config("generator", "factor", allowed));
            }
            (GeneratorChoice::Factor, Ok(())) => {
                return Ok(Made { trained: self.factor(device, observer)?, held_out: None });
            }
            _ => {}
        }
        let network = DeepCama::new(&self.config.model.check()?, self.seeds.init, device);
        let trained = self.train(network, clean, augmentation, observer)?;
        if choice == GeneratorChoice::Network || allowed.is_err() {
            return Ok(Made { trained, held_out: None });
        }
        let factor = match self.factor(device, observer) {
            // Such as a class without a row among those that are learnt from.
            Err(Error::Mismatch(_)) => return Ok(Made { trained, held_out: None }),
            factor => factor?,
        };
        let [network, of_factor] = [self.held_out(&trained.model)?, self.held_out(&factor.model)?];
        let mean = |scores: &[f64]| scores.iter().sum::<f64>() / scores.len() as f64;
        let held_out = HeldOut { network: mean(&network), factor: mean(&of_factor) };
        let (by, error) =
            mean_and_error(network.iter().zip(&of_factor).map(|(network, factor)| network - factor));
        // One row alone tells nothing of an error.
        let surely = network.len() > 1 && by > SURELY * error || !held_out.factor.is_finite();
        let notice = format!(
            "{} makes X: log p(x, y) of held-out rows is {:.1} nats with networks, {:.1} with a factor model{}",
            if surely { "a network" } else { "a factor model" },
            held_out.network,
            held_out.factor,
            if by > 0.0 && !surely {
                format!(", less than {SURELY} standard errors of {error:.1} apart")
            } else {
                String::new()
            },
        );
        if observer(Event::Notice(&notice)).is_break() {
            return Err(Error::Interrupted("nothing was kept".into()));
        }
        Ok(Made { trained: if surely { trained } else { factor }, held_out: Some(held_out) })
    }

    /// A factor model, with p(y|a) by a network where the target has parents.
    fn factor(&self, device: &Device, observer: &mut Observer) -> Result<Trained> {
        let (config, seeds) = (self.config, self.seeds);
        let factor_config = config.factor.check()?;
        let (factor, factors) =
            Factor::fit(&self.split.learnt, config.model.classes, &factor_config, seeds.train, device)?;
        let model = ModelConfig { generator: GeneratorConfig::Factor(factors), ..config.model.clone() };
        let model = DeepCama::new(&model.check()?, seeds.init, device).with_factor(factor);
        let has_parents = config.model.data.table().is_some_and(|table| table.parents > 0);
        match has_parents {
            // All that a gradient reaches is p(y|a).
            true => {
                match train(model, self.split, None, &config.train.check()?, seeds.train, None, observer)? {
                    Trained { stopped: true, .. } => Err(Error::Interrupted("nothing was kept".into())),
                    trained => Ok(trained),
                }
            }
            false => Ok(Trained { model, history: Vec::new(), kept: None, stopped: false }),
        }
    }

    /// log p(x, y|a, c) of every held-out row, in nats.
    fn held_out(&self, model: &DeepCama) -> Result<Vec<f64>> {
        let rows = &self.split.validation;
        let labels = rows.labels().expect("checked to have labels");
        let config = PredictConfig { samples: SAMPLES, negligible: 0.0, ..PredictConfig::default() };
        let sampling = config.sampling(model);
        let all: Vec<usize> = (0..rows.len()).collect();
        let part = |part: &[usize]| {
            let observed = batch::observed(rows, part.iter().copied(), &model.device());
            let mut rngs: Vec<_> = part.iter().map(|&i| example_rng(self.seeds.guard, rows, i)).collect();
            let scores = class_scores(model, &observed, None, &sampling, &[], &mut rngs);
            part.iter().zip(scores).map(|(&i, (scores, _))| scores[labels[i]]).collect::<Vec<f64>>()
        };
        Ok(all.par_chunks(200).map(part).collect::<Vec<_>>().concat())
    }
}

impl ModelConfig {
    /// Whether a factor model can make X; if not, why.
    fn allows_factor(&self, manipulated: bool) -> std::result::Result<(), String> {
        let per_column = |m: &MechanismConfig| matches!(m, MechanismConfig::PerColumn(_));
        match self.data.table() {
            None => Err("network: a factor model is for tables".into()),
            Some(table) if table.numeric().is_empty() => Err("network: X has no number".into()),
            _ if manipulated => Err("network: a factor model does not learn from manipulated data".into()),
            _ => match self.mechanisms.iter().find(|m| !per_column(m)) {
                Some(other) => Err(format!("network: a factor model has no {} mechanism", other.name())),
                None => Ok(()),
            },
        }
    }
}
