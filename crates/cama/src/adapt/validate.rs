//! What validates the states of an adaptation.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::config::AdaptConfig;
use super::report::RollbackReason;
use super::split::{Examples, Splits};
use crate::batch::{self, host};
use crate::data::{Dataset, spread_over};
use crate::decide::{Context, DecideConfig, Decider, Decision, Rule};
use crate::mechanism::PriorOfData;
use crate::model::{DeepCama, M, MChoice, Mechanisms};
use crate::objective::elbo_unlabelled;
use crate::predict::PredictConfig;
use crate::{Config, Error, Result};

/// The most examples that p(m) of the data is read off.
const OF_DATA: usize = 1000;

/// Validates states on examples that no step is trained on, always with the same noise.
pub(super) struct Validator<'a, D> {
    pub config: &'a AdaptConfig,
    /// What steps learn from, for p(m) of the data.
    learnt: &'a Examples<'a, D>,
    pub unlabelled: &'a D,
    pub clean: Option<&'a D>,
    pub seed: u64,
    /// What stands beside the model.
    pub companions: Decider<'a>,
}

/// How well one state fits the validation sets.
#[derive(Clone)]
pub(super) struct FitStatistics {
    /// Eq. 7 on the unlabelled examples, the mean in nats.
    pub elbo: f64,
    /// Accuracy on the clean examples, where there are any.
    pub clean: Option<f64>,
    /// How many clean examples there are.
    pub clean_examples: usize,
}

impl FitStatistics {
    /// Whether `later` is as good on clean examples, within the tolerance or what chance makes of so few; else what it costs.
    pub fn allows(&self, later: &FitStatistics, tolerance: f64) -> std::result::Result<(), RollbackReason> {
        let (Some(before), Some(after)) = (self.clean, later.clean) else { return Ok(()) };
        let chance = (2.0 * before * (1.0 - before) / self.clean_examples.max(1) as f64).sqrt();
        let tolerance = tolerance.max(chance);
        match after >= before - tolerance {
            true => Ok(()),
            false => Err(RollbackReason::CostsClean { before, after, tolerance }),
        }
    }
}

impl<'a, D: Dataset> Validator<'a, D> {
    pub fn new(splits: &'a Splits<D>, config: &'a AdaptConfig, seed: u64, companions: Decider<'a>) -> Self {
        let clean = splits.clean.as_ref().map(|clean| &clean.validation);
        let unlabelled = &splits.unlabelled;
        let (learnt, unlabelled) = (&unlabelled.learnt, &unlabelled.validation);
        Self { config, learnt, unlabelled, clean, seed, companions }
    }

    /// A state with p(m) as it is in the data that steps learn from: what all of it shares is paid for once, not by every
    /// example of the validation set.
    pub fn with_prior_of_data(&self, model: &DeepCama) -> DeepCama {
        let takes_one = |mechanisms: &&Mechanisms| mechanisms.takes_prior_of_data();
        let Some(mechanisms) = model.mechanisms().filter(takes_one) else { return model.clone() };
        let chosen = spread_over(self.learnt.len(), OF_DATA).map(|i| self.learnt.indices[i]);
        let chosen: Vec<usize> = chosen.collect();
        let posterior = |indices: &[usize]| {
            let observed = batch::observed(self.learnt.of, indices.iter().copied(), &model.device());
            let q2 = mechanisms.posterior(&model.cleared(&observed, true));
            (host(q2.mean), host(q2.log_var.exp()))
        };
        let parts: Vec<_> = chosen.par_chunks(self.config.batch).map(posterior).collect();
        let (means, variances): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let prior = PriorOfData::of(&means.concat(), &variances.concat(), mechanisms.dim());
        // A state whose numbers are not finite is told by its bound.
        let prior = Some(prior).filter(|prior| prior.check(mechanisms.dim()).is_ok());
        model.clone().with_prior_of_data(prior)
    }

    /// The fit of a state that predicts with this m.
    pub fn validate(&self, model: &DeepCama, m: MChoice) -> Result<FitStatistics> {
        let elbo = self.elbo(model, m);
        if !elbo.is_finite() {
            return Err(Error::Diverged(format!(
                "the bound on the validation set is {elbo}: a value may be far outside of what the model was trained on"
            )));
        }
        let clean = self.clean.map(|clean| self.accuracy(model, m, clean)).transpose()?;
        Ok(FitStatistics { elbo, clean, clean_examples: self.clean_examples() })
    }

    fn clean_examples(&self) -> usize {
        self.clean.map_or(0, Dataset::len)
    }

    /// The same with the accuracy of what decides: of the product, and of what is restored once the clean examples, too,
    /// were looked at as a whole. `unrestored` is the accuracy if none is, where that is known.
    pub fn validate_decided(
        &self,
        decider: &Decider,
        m: MChoice,
        unrestored: Option<f64>,
    ) -> Result<FitStatistics> {
        let elbo = self.elbo(decider.model, m);
        let clean = self.clean.map(|clean| {
            let AdaptConfig { negligible, .. } = *self.config;
            let predict =
                PredictConfig { samples: 4, m, seed: self.seed, negligible, ..PredictConfig::default() };
            let config = DecideConfig { rule: Rule::Product, predict }.check()?;
            let informed = decider.informed(clean, &config)?;
            match (informed.context, unrestored) {
                (Context::AtRest | Context::Outside, Some(accuracy)) => Ok(accuracy),
                _ => share_right(&informed.decide(clean, &config)?, clean),
            }
        });
        Ok(FitStatistics { elbo, clean: clean.transpose()?, clean_examples: self.clean_examples() })
    }

    fn elbo(&self, model: &DeepCama, m: MChoice) -> f64 {
        let all: Vec<usize> = (0..self.unlabelled.len()).collect();
        let chunks: Vec<_> = all.chunks(self.config.batch).collect();
        let elbo = |(i, indices): (usize, &&[usize])| {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed ^ i as u64);
            let observed = batch::observed(self.unlabelled, indices.iter().copied(), &model.device());
            // The bound holds for samples of q2, not for its mean.
            let m = if m == M::Null { M::Null } else { M::Sample };
            let elbo = elbo_unlabelled(model, &observed, m, 1, 1.0, &mut rng);
            f64::from(elbo.sum().into_scalar::<f32>())
        };
        let elbos: Vec<f64> = chunks.par_iter().enumerate().map(elbo).collect();
        elbos.iter().sum::<f64>() / all.len() as f64
    }

    /// Unguarded: what the guard would catch is to be seen.
    fn accuracy(&self, model: &DeepCama, m: MChoice, clean: &D) -> Result<f64> {
        let AdaptConfig { rule, negligible, .. } = *self.config;
        let predict =
            PredictConfig { samples: 4, m, seed: self.seed, negligible, ..PredictConfig::default() };
        let decider = Decider { model, guard: None, ..self.companions };
        let decided = decider.decide(clean, &DecideConfig { rule, predict }.check()?)?;
        share_right(&decided, clean)
    }
}

/// On what share of the examples the class is the label.
fn share_right<D: Dataset>(decided: &[Decision], data: &D) -> Result<f64> {
    let labels = data.labels().expect("checked to have labels");
    let correct = decided.iter().zip(labels).filter(|(decision, y)| decision.class == **y).count();
    Ok(correct as f64 / data.len() as f64)
}
