//! As many examples as are decoded at a time: how they are explained as they are and restored, what the classifiers say of
//! them, and what the guard makes of that.

use std::ops::Range;

use burn::tensor::Tensor;
use rand_chacha::ChaCha8Rng;

use super::ask::{Rows, log_probabilities};
use super::decider::Decider;
use super::explain::{self, Explained, explain, highest_log_px};
use super::rule::DecideConfig;
use super::verdict::Verdict;
use crate::Result;
use crate::batch::{self, host};
use crate::classifier::Classifier;
use crate::data::Dataset;
use crate::mechanism::{FieldMaps, FieldSummary};
use crate::model::{M, Observed};
use crate::noise::example_rng;
use crate::predict::{Inferred, Product, Sampling, class_scores, highest, infer_m};
use crate::restore::{known_only, restored, restored_globally};

/// Some examples of `data` while they are decided about.
pub(super) struct Chunk<'a, D> {
    pub decider: Decider<'a>,
    pub data: &'a D,
    pub range: Range<usize>,
    pub config: &'a DecideConfig,
    pub sampling: Sampling,
    pub observed: Observed,
}

/// What was found to have been done.
pub(super) struct Found {
    /// What a field leaves of the examples, of which m is inferred; without a field the examples themselves.
    pub cleared: Observed,
    /// What the field found in each, and how much higher the log p of any mean can reach for what it leaves, in nats.
    pub fields: Vec<(FieldSummary, f64)>,
    /// The m of each example, where there is one, and the generators of its samples of z.
    pub chosen: Option<Tensor<2>>,
    pub rngs: Vec<ChaCha8Rng>,
    /// log p(m) − log q2(m|x).
    pub log_ratio: Vec<f32>,
    /// Means and standard deviations of q2, one after another.
    pub m: Vec<f32>,
    pub sd: Vec<f32>,
    /// The restored examples, one after another, and as evidence.
    pub rows: Vec<f32>,
    pub cleaned: Observed,
    /// How they are explained; what restoration clips away of them counts as not explained.
    pub explained: Explained,
}

/// What the discriminative classifiers say, where they are asked.
pub(super) struct Asked {
    /// The one that decides, of the examples as they are.
    pub alone: Option<Rows>,
    /// The same of the restored ones.
    pub restored: Option<Rows>,
    /// The model's own, of the restored ones, for the guard.
    pub reference: Option<Rows>,
}

impl Asked {
    /// Whether the model's own classifier and Bayes' rule agree on restored example `i`, where it is asked; judged by the same
    /// samples whatever else is.
    pub fn agreed(&self, i: usize, found: &Found) -> Option<bool> {
        self.reference.as_ref().map(|rows| highest(&rows[i]) == found.explained.classes[i])
    }
}

impl<'a, D: Dataset> Chunk<'a, D> {
    pub fn new(decider: Decider<'a>, data: &'a D, range: Range<usize>, config: &'a DecideConfig) -> Self {
        let observed = batch::observed(data, range.clone(), &decider.model.device());
        let sampling = config.predict.sampling(decider.model);
        Self { decider, data, range, config, sampling, observed }
    }

    /// How the examples are explained with do(m = 0).
    pub fn as_it_is(&self) -> Explained {
        let rows = self.range.clone().map(|i| self.data.x(i));
        explain(self.decider.model, &self.observed, None, rows, &self.sampling, &mut self.guard_rngs())
    }

    /// The same of those at `places` in the chunk.
    pub fn as_it_is_of(&self, places: &[usize]) -> Explained {
        let at = || places.iter().map(|place| self.range.start + place);
        let model = self.decider.model;
        let observed = batch::observed(self.data, at(), &model.device());
        let mut rngs = explain::rngs(self.config.predict.seed, self.data, at());
        explain(model, &observed, None, at().map(|i| self.data.x(i)), &self.sampling, &mut rngs)
    }

    /// Infers what was done and undoes it, unless it is taken to be nothing.
    pub fn found(&self) -> Option<Found> {
        let (model, choice) = (self.decider.model, self.config.predict.m);
        if choice == M::Null || !model.infers() {
            return None;
        }
        let (cleared, fields) = self.cleared();
        let mut rngs = self.rngs(self.range.clone());
        let inferred = infer_m(model, &cleared, (choice, self.config.predict.refine), &mut rngs);
        let mean = inferred.as_ref().map(|inferred| inferred.q2.mean.clone());
        let x = match (&mean, choice) {
            (Some(m), M::Global) => restored_globally(model, m, &self.observed),
            (Some(m), _) => known_only(&cleared, restored(model, m, cleared.x.clone())),
            (None, _) => cleared.x.clone(),
        };
        let rows = host(x.clone());
        let cleaned = Observed { x, ..cleared.clone() };
        let width = rows.len() / self.range.len();
        // A global m comes with noise and with what moved the classes, which nothing undoes: X itself is explained.
        let (explained, left) = match (choice, &inferred) {
            (M::Global, Some(inferred)) => (&self.observed, Some(inferred.m.clone())),
            _ => {
                (&cleaned, model.mechanisms().zip(mean.as_ref()).and_then(|(m, mean)| m.non_invertible(mean)))
            }
        };
        let mut explained = explain(
            model,
            explained,
            left.as_ref(),
            rows.chunks(width),
            &self.sampling,
            &mut self.guard_rngs(),
        );
        if let (Some(m), true) = (&mean, choice.is_inferred()) {
            let away = explain::clipped_away(model, m, &cleared.x);
            explained.anomaly_scores.iter_mut().zip(away).for_each(|(score, away)| *score += away);
        }
        let (chosen, log_ratio, m, sd) = match inferred {
            Some(Inferred { q2, m, log_ratio }) => {
                let sd = self.error_of_global().unwrap_or_else(|| host(q2.log_var.mul_scalar(0.5).exp()));
                (Some(m), log_ratio, host(q2.mean), sd)
            }
            None => (None, vec![0.0; self.range.len()], Vec::new(), Vec::new()),
        };
        Some(Found { cleared, fields, chosen, rngs, log_ratio, m, sd, rows, cleaned, explained })
    }

    /// The standard error of a global m, which is that of all rows that it was found from, for each example; nothing where m is
    /// another, or how many rows these were is not known.
    fn error_of_global(&self) -> Option<Vec<f32>> {
        let n = self.decider.adapted_to.filter(|_| self.config.predict.m == M::Global)?;
        let parameters = self.decider.model.mechanisms()?.parameters();
        let errors = parameters.iter().map(|parameter| parameter.standard_error(n) as f32);
        Some(errors.collect::<Vec<_>>().repeat(self.range.len()))
    }

    /// What a field leaves of the examples, and what it found in each; without a field, or with an m that is not inferred, the
    /// examples themselves and nothing.
    fn cleared(&self) -> (Observed, Vec<(FieldSummary, f64)>) {
        let model = self.decider.model;
        let Some(field) = model.field().filter(|_| self.config.predict.m.is_inferred()) else {
            return (self.observed.clone(), Vec::new());
        };
        let posterior = field.posterior(self.observed.x.clone());
        let cleared = model.cleared_by(&posterior, &self.observed);
        let doubt = cleared.doubt;
        let rows = host(cleared.x.clone());
        let reach = |x: &[f32], doubt: f64| highest_log_px(model.config().likelihood, x, doubt);
        let left = rows.chunks(rows.len() / self.range.len());
        let rises =
            self.range.clone().zip(left).map(|(i, left)| reach(left, doubt) - reach(self.data.x(i), 0.0));
        (cleared, field.maps(&posterior).iter().map(FieldMaps::summary).zip(rises).collect())
    }

    /// Asks the discriminative classifiers, none of them the same twice.
    pub fn ask(&self, found: Option<&Found>) -> Result<Asked> {
        let Decider { direct, external, guard, .. } = self.decider;
        let of =
            |classifier: Option<&dyn Classifier>, observed: Option<&Observed>| match (classifier, observed) {
                (Some(classifier), Some(observed)) => log_probabilities(classifier, observed).map(Some),
                _ => Ok(None),
            };
        let cleaned = found.map(|found| &found.cleaned);
        let decides = self.decider.classifier().filter(|_| self.config.rule.needs_classifier());
        let restored = of(decides, cleaned)?;
        let reference = match (&restored, external) {
            _ if guard.is_none() => None,
            (Some(restored), None) => Some(restored.clone()),
            _ => of(direct, cleaned)?,
        };
        Ok(Asked { alone: of(decides, Some(&self.observed))?, restored, reference })
    }

    /// What the guard makes of example `i`, of which `as_it_is` are the anomaly score and log p(x) with do(m = 0).
    pub fn verdict(
        &self,
        i: usize,
        [anomaly_score, log_px]: [f64; 2],
        found: Option<&Found>,
        asked: &Asked,
    ) -> Verdict {
        if self.decider.outliers.is_some_and(|outliers| outliers.is_outlier(self.data, self.range.start + i))
        {
            return Verdict::Unexplained;
        }
        if let (M::Global, Some(found)) = (self.config.predict.m, found) {
            let log_ratio = found.explained.log_px[i] - log_px;
            return match self.decider.guard {
                _ if log_ratio + self.decider.log_odds > 0.0 => Verdict::Restored,
                Some(guard) => guard.judge(self.decider.context, anomaly_score, None, None),
                None => Verdict::AsItWas,
            };
        }
        match (self.decider.guard, found) {
            (Some(guard), Some(found)) => {
                let restored = Some(found.explained.anomaly_scores[i]);
                guard.judge(self.decider.context, anomaly_score, restored, asked.agreed(i, found))
            }
            (Some(guard), None) => guard.judge(self.decider.context, anomaly_score, None, None),
            (None, Some(_)) => Verdict::Restored,
            (None, None) => Verdict::AsItWas,
        }
    }

    /// log p(x|y,m) + log p(y) of every class with the m that was found of each example, by so many samples of z; `products` are
    /// what these scores are for besides themselves, or nothing.
    pub fn scores_with_m(
        &self,
        found: &Found,
        samples: usize,
        products: &[Option<Product>],
    ) -> Vec<Vec<f64>> {
        let sampling = Sampling { samples, ..self.sampling };
        let (model, m) = (self.decider.model, found.chosen.as_ref());
        let scores = class_scores(model, &found.cleared, m, &sampling, products, &mut found.rngs.clone());
        scores.into_iter().map(|(scores, _)| scores).collect()
    }

    /// The generators of these examples.
    pub fn rngs(&self, of: impl Iterator<Item = usize>) -> Vec<ChaCha8Rng> {
        of.map(|i| example_rng(self.config.predict.seed, self.data, i)).collect()
    }

    /// The guard's generators.
    pub fn guard_rngs(&self) -> Vec<ChaCha8Rng> {
        explain::rngs(self.config.predict.seed, self.data, self.range.clone())
    }
}
