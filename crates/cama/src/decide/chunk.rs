//! Deciding about as many examples as are decoded at a time.

use std::ops::Range;

use burn::tensor::Tensor;
use rand_chacha::ChaCha8Rng;

use super::guard::{self, Look, look};
use super::{By, DecideConfig, Decider, Decision, Verdict, Ways};
use crate::Result;
use crate::batch;
use crate::classifier::Classifier;
use crate::data::Dataset;
use crate::model::Evidence;
use crate::predict::{MChoice, choose_m, class_scores, highest, host, normalised, stream};
use crate::restore::restored;

/// Some examples of `data`, of which `first` came before, while they are decided about.
pub(super) struct Chunk<'a, D> {
    decider: Decider<'a>,
    data: &'a D,
    range: Range<usize>,
    first: usize,
    config: &'a DecideConfig,
    /// How many examples' samples are decoded at a time.
    at_once: usize,
    seen: Evidence,
}

/// What q2 found.
struct Found {
    /// log p(x|y,m) + log p(y) of every class.
    scores: Vec<Vec<f64>>,
    /// log p(m) − log q2(m|x).
    log_ratio: Vec<f32>,
    /// Means and standard deviations of q2, one after another.
    m: Vec<f32>,
    sd: Vec<f32>,
    /// The restored examples, one after another, and as evidence.
    rows: Vec<f32>,
    cleaned: Evidence,
    /// How they are explained.
    look: Look,
}

/// One row of log p(y|x) an example.
type Rows = Vec<Vec<f64>>;

/// What the discriminative classifiers say, where they are asked.
struct Asked {
    /// The one that decides, of the examples as they are.
    alone: Option<Rows>,
    /// The same of the restored ones.
    restored: Option<Rows>,
    /// The model's own, of the restored ones, for the guard.
    witness: Option<Rows>,
}

impl<'a, D: Dataset> Chunk<'a, D> {
    pub fn new(
        decider: Decider<'a>,
        data: &'a D,
        range: Range<usize>,
        first: usize,
        config: &'a DecideConfig,
    ) -> Self {
        let seen = batch::evidence(data, range.clone(), &decider.model.device());
        let at_once = config.predict.samples_at_once(decider.model);
        Self { decider, data, range, first, config, at_once, seen }
    }

    /// The decisions, in order.
    pub fn decide(&self) -> Result<Vec<Decision>> {
        let rows = self.range.clone().map(|i| self.data.x(i));
        let as_it_is = look(self.decider.model, &self.seen, None, rows, self.at_once, &mut self.watching());
        let found = self.found();
        let asked = self.ask(found.as_ref())?;
        let verdicts: Vec<Verdict> =
            (0..self.range.len()).map(|i| self.verdict(i, &as_it_is, found.as_ref(), &asked)).collect();
        let mut null_scores = self.null_scores(&verdicts).into_iter();
        let decision = |(i, verdict): (usize, Verdict)| {
            let undone = found.as_ref().filter(|_| verdict == Verdict::Restored);
            let scores: Option<Vec<f64>> = match undone {
                Some(found) => Some(found.scores[i].clone()),
                None => null_scores.next(),
            };
            self.decision(i, verdict, scores, &as_it_is, found.as_ref(), &asked)
        };
        Ok(verdicts.into_iter().enumerate().map(decision).collect())
    }

    /// Infers m and undoes it, unless it is taken to be 0.
    fn found(&self) -> Option<Found> {
        let (model, choice) = (self.decider.model, self.config.predict.m);
        let parts = model.manipulation().filter(|_| choice != MChoice::Null)?;
        let mut streams = self.streams(self.range.clone());
        let chosen = choose_m(model, &self.seen, choice, &mut streams)?;
        let k = if self.config.by == By::Head { guard::SAMPLES } else { self.config.predict.samples };
        let at_once = self.at_once.min(k);
        let scores = class_scores(model, &self.seen, Some(&chosen.m), k, at_once, &mut streams);
        let q2 = chosen.q2;
        let x = restored(model, &q2.mean, self.seen.x.clone());
        let rows = host(x.clone());
        let cleaned = Evidence { x, ..self.seen.clone() };
        let left = parts.not_undone(&q2.mean);
        let width = rows.len() / self.range.len();
        let look =
            look(model, &cleaned, left.as_ref(), rows.chunks(width), self.at_once, &mut self.watching());
        Some(Found {
            scores,
            log_ratio: chosen.log_ratio,
            m: host(q2.mean),
            sd: host(q2.log_var.mul_scalar(0.5).exp()),
            rows,
            cleaned,
            look,
        })
    }

    /// Asks the discriminative classifiers, none of them the same twice.
    fn ask(&self, found: Option<&Found>) -> Result<Asked> {
        let Decider { head, other, guard, .. } = self.decider;
        let of = |classifier: Option<&dyn Classifier>, seen: Option<&Evidence>| match (classifier, seen) {
            (Some(classifier), Some(seen)) => log_probabilities(classifier, seen).map(Some),
            _ => Ok(None),
        };
        let cleaned = found.map(|found| &found.cleaned);
        let decides = self.decider.classifier().filter(|_| self.config.by != By::Bayes);
        let restored = of(decides, cleaned)?;
        let witness = match (&restored, other) {
            _ if guard.is_none() => None,
            (Some(restored), None) => Some(restored.clone()),
            _ => of(head, cleaned)?,
        };
        Ok(Asked { alone: of(decides, Some(&self.seen))?, restored, witness })
    }

    fn verdict(&self, i: usize, as_it_is: &Look, found: Option<&Found>, asked: &Asked) -> Verdict {
        let misfit = as_it_is.misfits[i];
        match (self.decider.guard, found) {
            (Some(guard), Some(found)) => {
                // Judged by the same samples whatever is asked.
                let agreed = asked.witness.as_ref().map(|rows| highest(&rows[i]) == found.look.classes[i]);
                guard.judge(self.decider.context, misfit, Some(found.look.misfits[i]), agreed)
            }
            (Some(guard), None) => guard.judge(self.decider.context, misfit, None, None),
            (None, Some(_)) => Verdict::Restored,
            (None, None) => Verdict::AsItWas,
        }
    }

    /// Bayes' rule with do(m = 0), of the examples of which nothing is undone.
    fn null_scores(&self, verdicts: &[Verdict]) -> Vec<Vec<f64>> {
        let left: Vec<usize> = (self.range.clone().zip(verdicts))
            .filter(|(_, verdict)| **verdict != Verdict::Restored)
            .map(|(i, _)| i)
            .collect();
        if self.config.by == By::Head || left.is_empty() {
            return Vec::new();
        }
        let model = self.decider.model;
        let seen = batch::evidence(self.data, left.iter().copied(), &model.device());
        let mut streams = self.streams(left.into_iter());
        class_scores(model, &seen, None, self.config.predict.samples, self.at_once, &mut streams)
    }

    fn decision(
        &self,
        i: usize,
        verdict: Verdict,
        scores: Option<Vec<f64>>,
        as_it_is: &Look,
        found: Option<&Found>,
        asked: &Asked,
    ) -> Decision {
        let n = self.range.len();
        let with_m = found.map(|found| normalised(&found.scores[i]).0 + f64::from(found.log_ratio[i]));
        let log_p0 = as_it_is.log_px[i];
        let is_undone = found.is_some() && verdict == Verdict::Restored;
        let log_px = match with_m {
            Some(with_m) if is_undone => with_m,
            _ => scores.as_ref().map_or(log_p0, |scores| normalised(scores).0),
        };
        let row = |rows: &'_ Rows| rows[i].clone();
        let alone = asked.alone.as_ref().map(row);
        let head = asked.restored.as_ref().filter(|_| is_undone).map(row).or_else(|| alone.clone());
        let bayes = scores.filter(|_| self.config.by != By::Head);
        let ways = self.ways(bayes.as_deref(), head.as_deref(), alone.as_deref(), verdict);
        let probabilities = ways.by(self.config.by).to_vec();
        let part = |of: fn(&Found) -> &Vec<f32>| {
            let all = found.map_or(&[][..], |found| of(found));
            let length = all.len() / n;
            all[i * length..(i + 1) * length].to_vec()
        };
        Decision {
            verdict,
            class: highest(&probabilities),
            probabilities,
            ways,
            m: part(|found| &found.m),
            m_sd: part(|found| &found.sd),
            restored: match is_undone {
                true => part(|found| &found.rows),
                false => self.data.x(self.range.start + i).to_vec(),
            },
            log_px,
            evidence: with_m.map_or(0.0, |with_m| with_m - log_p0),
            misfit: [as_it_is.misfits[i], found.map_or(as_it_is.misfits[i], |found| found.look.misfits[i])],
        }
    }

    fn ways(
        &self,
        bayes: Option<&[f64]>,
        head: Option<&[f64]>,
        alone: Option<&[f64]>,
        verdict: Verdict,
    ) -> Ways {
        let both = match (bayes, head) {
            (Some(_), Some(head)) if verdict == Verdict::Unexplained => exponentials(head),
            (Some(bayes), Some(head)) => product(bayes, head, self.decider.temperature),
            _ => Vec::new(),
        };
        Ways {
            bayes: bayes.map(exponentials).unwrap_or_default(),
            head: head.map(exponentials).unwrap_or_default(),
            both,
            head_alone: alone.map(exponentials).unwrap_or_default(),
        }
    }

    /// The samples of these examples.
    fn streams(&self, of: impl Iterator<Item = usize>) -> Vec<ChaCha8Rng> {
        of.map(|i| stream(self.config.predict.seed, self.first + i)).collect()
    }

    /// The guard's samples.
    fn watching(&self) -> Vec<ChaCha8Rng> {
        guard::streams(self.config.predict.seed, self.range.clone().map(|i| self.first + i))
    }
}

/// Normalised exponentials of `bayes`/T + `head`.
pub(super) fn product(bayes: &[f64], head: &[f64], temperature: f64) -> Vec<f64> {
    // Relative to the highest, so that log p(x) takes no digits.
    let highest = bayes.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let scores: Vec<f64> =
        bayes.iter().zip(head).map(|(bayes, head)| (bayes - highest) / temperature + head).collect();
    exponentials(&scores)
}

fn exponentials(scores: &[f64]) -> Vec<f64> {
    normalised(scores).1
}

/// One row of log p(y|x) an example.
pub(super) fn log_probabilities(classifier: &dyn Classifier, seen: &Evidence) -> Result<Vec<Vec<f64>>> {
    let log_p: Tensor<2> = classifier.log_probabilities(seen)?;
    let classes = log_p.dims()[1];
    Ok(host(log_p).chunks(classes).map(|row| row.iter().map(|&p| f64::from(p)).collect()).collect())
}
