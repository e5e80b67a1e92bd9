//! Deciding about as many examples as are decoded at a time.

use std::ops::Range;

use burn::tensor::Tensor;
use rand_chacha::ChaCha8Rng;

use super::ask::{Rows, exponentials, log_probabilities, product};
use super::decider::Decider;
use super::decision::Decision;
use super::explain::{self, Explained, explain, highest_log_px};
use super::rule::{ByRule, DecideConfig, Rule};
use super::verdict::Verdict;
use crate::Result;
use crate::batch::{self, host};
use crate::classifier::Classifier;
use crate::data::Dataset;
use crate::mechanism::{FieldMaps, FieldSummary};
use crate::model::{M, Observed};
use crate::noise::example_rng;
use crate::predict::{
    Inference, Inferred, Optimised, Product, Sampling, class_scores, highest, infer_m, normalised, suspicion,
};
use crate::restore::{known_only, restored, restored_globally};

/// Some examples of `data` while they are decided about.
pub(super) struct Chunk<'a, D> {
    pub(super) decider: Decider<'a>,
    pub(super) data: &'a D,
    pub(super) range: Range<usize>,
    pub(super) config: &'a DecideConfig,
    pub(super) sampling: Sampling,
    observed: Observed,
}

/// What was found to have been done.
pub(super) struct Found {
    /// What a field leaves of the examples, of which m is inferred; without a field the examples themselves.
    cleared: Observed,
    /// What the field found in each, and how much higher the log p of any mean can reach for what it leaves, in nats.
    fields: Vec<(FieldSummary, f64)>,
    /// The m of each example, where there is one, and the generators of its samples of z.
    chosen: Option<Tensor<2>>,
    rngs: Vec<ChaCha8Rng>,
    /// log p(m) − log q2(m|x).
    log_ratio: Vec<f32>,
    /// Means and standard deviations of q2, one after another.
    m: Vec<f32>,
    sd: Vec<f32>,
    /// The restored examples, one after another, and as evidence.
    rows: Vec<f32>,
    cleaned: Observed,
    /// How they are explained.
    pub(super) explained: Explained,
}

/// log p(x|y,m) + log p(y) of every class of one example.
struct Scores<'a> {
    /// As Bayes' rule decides: with the m that was found where it is undone, else with do(m = 0). Nothing where that was
    /// not computed.
    decides: Option<&'a [f64]>,
    /// With the m that was found, by samples of z.
    with_m: Option<&'a [f64]>,
}

/// What the discriminative classifiers say, where they are asked.
pub(super) struct Asked {
    /// The one that decides, of the examples as they are.
    pub(super) alone: Option<Rows>,
    /// The same of the restored ones.
    pub(super) restored: Option<Rows>,
    /// The model's own, of the restored ones, for the guard.
    pub(super) reference: Option<Rows>,
}

impl Asked {
    /// Whether the model's own classifier and Bayes' rule agree on restored example `i`, where it is asked; judged by the same
    /// samples whatever else is.
    pub(super) fn agreed(&self, i: usize, found: &Found) -> Option<bool> {
        self.reference.as_ref().map(|rows| highest(&rows[i]) == found.explained.classes[i])
    }
}

/// All that is known of the examples before they are decided about.
struct Known<'a> {
    as_it_is: &'a Explained,
    found: Option<&'a Found>,
    asked: &'a Asked,
    factors: &'a Factors,
}

/// What the scores of Bayes' rule are multiplied with in the product.
struct Factors {
    /// Of the discriminative classifier, to its power, of the examples as they are.
    alone: Option<Rows>,
    /// The same of the restored ones.
    restored: Option<Rows>,
    /// T of each example.
    temperatures: Vec<f64>,
}

impl<'a, D: Dataset> Chunk<'a, D> {
    pub fn new(decider: Decider<'a>, data: &'a D, range: Range<usize>, config: &'a DecideConfig) -> Self {
        let observed = batch::observed(data, range.clone(), &decider.model.device());
        let sampling = config.predict.sampling(decider.model);
        Self { decider, data, range, config, sampling, observed }
    }

    /// The decisions, in order.
    pub fn decide(&self) -> Result<Vec<Decision>> {
        let as_it_is = self.as_it_is();
        let found = self.found();
        let asked = self.ask(found.as_ref())?;
        let verdicts: Vec<Verdict> =
            (0..self.range.len()).map(|i| self.verdict(i, as_it_is.of(i), found.as_ref(), &asked)).collect();
        let weights: Vec<(f64, f64)> = verdicts
            .iter()
            .enumerate()
            .map(|(i, verdict)| {
                let judged = found.as_ref().filter(|_| *verdict == Verdict::Restored);
                self.decider.weights(judged.map_or(&as_it_is, |found| &found.explained).anomaly_scores[i])
            })
            .collect();
        // To its power, the one that decides.
        let powered = |rows: Option<Rows>| {
            rows.map(|rows| {
                let row =
                    |(row, (power, _)): (Vec<f64>, &(f64, f64))| row.iter().map(|p| p * power).collect();
                rows.into_iter().zip(&weights).map(row).collect::<Rows>()
            })
        };
        let factors = Factors {
            alone: powered(asked.alone.clone()),
            restored: powered(asked.restored.clone()),
            temperatures: weights.iter().map(|(_, temperature)| *temperature).collect(),
        };
        let with_m = found.as_ref().map(|found| self.found_scores(found, &verdicts, &factors));
        let optimised = self.optimised_scores(found.as_ref(), &verdicts);
        let known = Known { as_it_is: &as_it_is, found: found.as_ref(), asked: &asked, factors: &factors };
        let null_scores = match optimised {
            Some(_) => Vec::new(),
            None => self.null_scores(&verdicts, &factors),
        };
        let mut null_scores = null_scores.iter().map(Vec::as_slice);
        let decision = |(i, verdict): (usize, Verdict)| {
            let with_m = with_m.as_ref().map(|scores| scores[i].as_slice());
            let mut sampled =
                || with_m.filter(|_| verdict == Verdict::Restored).or_else(|| null_scores.next());
            let decides = match &optimised {
                Some(optimised) => Some(optimised[i].as_slice()),
                None => sampled(),
            };
            let amortised = found.as_ref().filter(|_| verdict == Verdict::Restored);
            let amortised = amortised.map_or(&as_it_is, |found| &found.explained).classes[i];
            let suspicion = optimised.as_ref().map(|optimised| suspicion(&optimised[i], amortised));
            let bound = self.decider.bank.map(|bank| bank.config().suspicious_above);
            let verdict = match suspicion.zip(bound) {
                Some((found, bound)) if verdict == Verdict::AsItWas && found > bound => Verdict::Suspicious,
                _ => verdict,
            };
            let decision = self.decision(i, verdict, Scores { decides, with_m }, &known);
            Decision { suspicion, ..decision }
        };
        Ok(verdicts.into_iter().enumerate().map(decision).collect())
    }

    /// How the examples are explained with do(m = 0).
    pub(super) fn as_it_is(&self) -> Explained {
        let rows = self.range.clone().map(|i| self.data.x(i));
        explain(self.decider.model, &self.observed, None, rows, &self.sampling, &mut self.guard_rngs())
    }

    /// The same of those at `places` in the chunk.
    pub(super) fn as_it_is_of(&self, places: &[usize]) -> Explained {
        let at = || places.iter().map(|place| self.range.start + place);
        let model = self.decider.model;
        let observed = batch::observed(self.data, at(), &model.device());
        let mut rngs = explain::rngs(self.config.predict.seed, self.data, at());
        explain(model, &observed, None, at().map(|i| self.data.x(i)), &self.sampling, &mut rngs)
    }

    /// Infers what was done and undoes it, unless it is taken to be nothing.
    pub(super) fn found(&self) -> Option<Found> {
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
        let cleaned = Observed { x, ..self.observed.clone() };
        let width = rows.len() / self.range.len();
        // A global m comes with noise and with what moved the classes, which nothing undoes: X itself is explained.
        let (explained, left) = match (choice, &inferred) {
            (M::Global, Some(inferred)) => (&self.observed, Some(inferred.m.clone())),
            _ => {
                (&cleaned, model.mechanisms().zip(mean.as_ref()).and_then(|(m, mean)| m.non_invertible(mean)))
            }
        };
        let explained = explain(
            model,
            explained,
            left.as_ref(),
            rows.chunks(width),
            &self.sampling,
            &mut self.guard_rngs(),
        );
        let (chosen, log_ratio, m, sd) = match inferred {
            Some(Inferred { q2, m, log_ratio }) => {
                (Some(m), log_ratio, host(q2.mean), host(q2.log_var.mul_scalar(0.5).exp()))
            }
            None => (None, vec![0.0; self.range.len()], Vec::new(), Vec::new()),
        };
        Some(Found { cleared, fields, chosen, rngs, log_ratio, m, sd, rows, cleaned, explained })
    }

    /// What a field leaves of the examples, and what it found in each; without a field, or with an m that is not inferred, the
    /// examples themselves and nothing.
    fn cleared(&self) -> (Observed, Vec<(FieldSummary, f64)>) {
        let model = self.decider.model;
        let Some(field) = model.field().filter(|_| self.config.predict.m.is_inferred()) else {
            return (self.observed.clone(), Vec::new());
        };
        let posterior = field.posterior(self.observed.x.clone());
        let cleared = Observed { x: posterior.restored(), ..self.observed.clone() };
        let rows = host(cleared.x.clone());
        let reach = |x: &[f32]| highest_log_px(model.config().likelihood, x);
        let left = rows.chunks(rows.len() / self.range.len());
        let rises = self.range.clone().zip(left).map(|(i, left)| reach(left) - reach(self.data.x(i)));
        (cleared, field.maps(&posterior).iter().map(FieldMaps::summary).zip(rises).collect())
    }

    /// Asks the discriminative classifiers, none of them the same twice.
    pub(super) fn ask(&self, found: Option<&Found>) -> Result<Asked> {
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
    pub(super) fn verdict(
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

    /// Bayes' rule with the m that was found, of every example: also where it is not undone it tells log p(x).
    fn found_scores(&self, found: &Found, verdicts: &[Verdict], factors: &Factors) -> Vec<Vec<f64>> {
        let samples = if self.config.rule.needs_bayes() { self.sampling.samples } else { explain::SAMPLES };
        let sampling = Sampling { samples, ..self.sampling };
        let restored = |(i, &verdict): (usize, &Verdict)| {
            self.product(factors, factors.restored.as_ref().filter(|_| verdict == Verdict::Restored), i)
        };
        let products: Vec<_> = verdicts.iter().enumerate().map(restored).collect();
        let mut rngs = found.rngs.clone();
        let (model, m) = (self.decider.model, found.chosen.as_ref());
        of_classes(class_scores(model, &found.cleared, m, &sampling, &products, &mut rngs))
    }

    /// Bayes' rule with do(m = 0), of the examples of which nothing is undone.
    fn null_scores(&self, verdicts: &[Verdict], factors: &Factors) -> Vec<Vec<f64>> {
        let left: Vec<usize> = (0..verdicts.len()).filter(|&i| verdicts[i] != Verdict::Restored).collect();
        if !self.config.rule.needs_bayes() || left.is_empty() {
            return Vec::new();
        }
        let alone = |&i: &usize| {
            self.product(factors, factors.alone.as_ref().filter(|_| self.multiplies(verdicts[i])), i)
        };
        let products: Vec<_> = left.iter().map(alone).collect();
        let model = self.decider.model;
        let at = || left.iter().map(|i| self.range.start + i);
        let observed = batch::observed(self.data, at(), &model.device());
        let mut rngs = self.rngs(at());
        of_classes(class_scores(model, &observed, None, &self.sampling, &products, &mut rngs))
    }

    /// Bayes' rule by searching z, where that is asked for: with the m that was found of the examples of which it is undone, with
    /// do(m = 0) of the others.
    fn optimised_scores(&self, found: Option<&Found>, verdicts: &[Verdict]) -> Option<Vec<Vec<f64>>> {
        let predict = &self.config.predict;
        let optimised = Optimised::of(self.decider.model, self.decider.bank, predict)
            .filter(|_| self.config.rule.needs_bayes())?;
        let is_restored = |verdict: &Verdict| *verdict == Verdict::Restored;
        let with_m = found
            .filter(|_| verdicts.iter().any(is_restored))
            .map(|found| optimised.scores(&found.cleared, found.chosen.as_ref(), &mut found.rngs.clone()));
        let Some(with_m) = with_m else {
            return Some(optimised.scores(&self.observed, None, &mut self.rngs(self.range.clone())));
        };
        if verdicts.iter().all(is_restored) {
            return Some(with_m);
        }
        let mut scores = optimised.scores(&self.observed, None, &mut self.rngs(self.range.clone()));
        for ((scores, with_m), verdict) in scores.iter_mut().zip(with_m).zip(verdicts) {
            if is_restored(verdict) {
                *scores = with_m;
            }
        }
        Some(scores)
    }

    /// What the scores of example `i` are for besides themselves, where `direct` is what they are multiplied with.
    fn product<'b>(&self, factors: &Factors, direct: Option<&'b Rows>, i: usize) -> Option<Product<'b>> {
        let direct = direct.filter(|_| self.config.rule == Rule::Product)?;
        Some(Product { direct: &direct[i], temperature: factors.temperatures[i] })
    }

    /// Whether Bayes' rule has a say in the product about an example with this verdict: without a tempering, only where
    /// the example is explained.
    fn multiplies(&self, verdict: Verdict) -> bool {
        self.decider.tempering.is_some() || verdict != Verdict::Unexplained
    }

    fn decision(&self, i: usize, verdict: Verdict, scores: Scores, known: &Known) -> Decision {
        let Known { as_it_is, found, asked, factors } = *known;
        let n = self.range.len();
        let log_ratio = found.map_or(0.0, |found| f64::from(found.log_ratio[i]));
        let with_m = scores.with_m.map(|scores| normalised(scores).0 + log_ratio);
        let log_p0 = as_it_is.log_px[i];
        let risen = found.and_then(|found| found.fields.get(i)).map_or(0.0, |(_, risen)| *risen);
        let is_undone = found.is_some() && verdict == Verdict::Restored;
        let log_px = match with_m {
            Some(with_m) if is_undone => with_m,
            _ if self.config.predict.inference == Inference::Optimise => log_p0,
            _ => scores.decides.map_or(log_p0, |scores| normalised(scores).0),
        };
        let row = |rows: &'_ Rows| rows[i].clone();
        let alone = asked.alone.as_ref().map(row);
        let direct = asked.restored.as_ref().filter(|_| is_undone).map(row).or_else(|| alone.clone());
        let bayes = scores.decides.filter(|_| self.config.rule.needs_bayes());
        let powered = factors.restored.as_ref().filter(|_| is_undone).or(factors.alone.as_ref());
        let product = match (bayes, powered.map(|rows| &rows[i])) {
            (Some(_), Some(direct)) if !self.multiplies(verdict) => exponentials(direct),
            (Some(bayes), Some(direct)) => product(bayes, direct, factors.temperatures[i]),
            _ => Vec::new(),
        };
        let by_rule = ByRule {
            direct_alone: alone.as_deref().map(exponentials).unwrap_or_default(),
            direct: direct.as_deref().map(exponentials).unwrap_or_default(),
            bayes: bayes.map(exponentials).unwrap_or_default(),
            product,
        };
        let probabilities = by_rule.get(self.config.rule).to_vec();
        let part = |of: fn(&Found) -> &Vec<f32>| {
            let all = found.map_or(&[][..], |found| of(found));
            let length = all.len() / n;
            all[i * length..(i + 1) * length].to_vec()
        };
        Decision {
            verdict,
            class: highest(&probabilities),
            probabilities,
            by_rule,
            m: part(|found| &found.m),
            m_sd: part(|found| &found.sd),
            restored: match is_undone {
                true => part(|found| &found.rows),
                false => self.data.x(self.range.start + i).to_vec(),
            },
            field: found.and_then(|found| found.fields.get(i)).map(|(summary, _)| *summary),
            log_px,
            log_bayes_factor: with_m.map_or(0.0, |with_m| with_m - log_p0 - risen),
            suspicion: None,
            anomaly_score: [
                as_it_is.anomaly_scores[i],
                found.map_or(as_it_is.anomaly_scores[i], |found| found.explained.anomaly_scores[i]),
            ],
        }
    }

    /// The generators of these examples.
    fn rngs(&self, of: impl Iterator<Item = usize>) -> Vec<ChaCha8Rng> {
        of.map(|i| example_rng(self.config.predict.seed, self.data, i)).collect()
    }

    /// The guard's generators.
    fn guard_rngs(&self) -> Vec<ChaCha8Rng> {
        explain::rngs(self.config.predict.seed, self.data, self.range.clone())
    }
}

fn of_classes(scored: Vec<(Vec<f64>, Vec<usize>)>) -> Vec<Vec<f64>> {
    scored.into_iter().map(|(scores, _)| scores).collect()
}
