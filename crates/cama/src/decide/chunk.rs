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
use crate::predict::{MChoice, Product, Sampling, choose_m, class_scores, highest, host, normalised, stream};
use crate::restore::restored;

/// Some examples of `data`, of which `first` came before, while they are decided about.
pub(super) struct Chunk<'a, D> {
    decider: Decider<'a>,
    data: &'a D,
    range: Range<usize>,
    first: usize,
    config: &'a DecideConfig,
    sampling: Sampling,
    seen: Evidence,
}

/// What q2 found.
struct Found {
    /// The m of each example, and the rest of its samples.
    chosen: Tensor<2>,
    streams: Vec<ChaCha8Rng>,
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

/// log p(x|y,m) + log p(y) of every class of one example.
struct Scores<'a> {
    /// As Bayes' rule decides: with the m that was found where it is undone, else with do(m = 0). Nothing where that was
    /// not computed.
    decides: Option<&'a [f64]>,
    /// With the m that was found.
    with_m: Option<&'a [f64]>,
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
        let sampling = config.predict.sampling(decider.model);
        Self { decider, data, range, first, config, sampling, seen }
    }

    /// The decisions, in order.
    pub fn decide(&self) -> Result<Vec<Decision>> {
        let rows = self.range.clone().map(|i| self.data.x(i));
        let as_it_is = look(self.decider.model, &self.seen, None, rows, &self.sampling, &mut self.watching());
        let found = self.found();
        let asked = self.ask(found.as_ref())?;
        let verdicts: Vec<Verdict> =
            (0..self.range.len()).map(|i| self.verdict(i, &as_it_is, found.as_ref(), &asked)).collect();
        let with_m = found.as_ref().map(|found| self.found_scores(found, &verdicts, &asked));
        let null_scores = self.null_scores(&verdicts, &asked);
        let mut null_scores = null_scores.iter().map(Vec::as_slice);
        let decision = |(i, verdict): (usize, Verdict)| {
            let with_m = with_m.as_ref().map(|scores| scores[i].as_slice());
            let decides = with_m.filter(|_| verdict == Verdict::Restored).or_else(|| null_scores.next());
            self.decision(i, verdict, Scores { decides, with_m }, &as_it_is, found.as_ref(), &asked)
        };
        Ok(verdicts.into_iter().enumerate().map(decision).collect())
    }

    /// Infers m and undoes it, unless it is taken to be 0.
    fn found(&self) -> Option<Found> {
        let (model, choice) = (self.decider.model, self.config.predict.m);
        let parts = model.manipulation().filter(|_| choice != MChoice::Null)?;
        let mut streams = self.streams(self.range.clone());
        let chosen = choose_m(model, &self.seen, choice, &mut streams)?;
        let q2 = chosen.q2;
        let x = restored(model, &q2.mean, self.seen.x.clone());
        let rows = host(x.clone());
        let cleaned = Evidence { x, ..self.seen.clone() };
        let left = parts.not_undone(&q2.mean);
        let width = rows.len() / self.range.len();
        let look =
            look(model, &cleaned, left.as_ref(), rows.chunks(width), &self.sampling, &mut self.watching());
        Some(Found {
            chosen: chosen.m,
            streams,
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

    /// Bayes' rule with the m that was found, of every example: also where it is not undone it tells log p(x).
    fn found_scores(&self, found: &Found, verdicts: &[Verdict], asked: &Asked) -> Vec<Vec<f64>> {
        let by_head = self.config.by == By::Head;
        let samples = if by_head { guard::SAMPLES } else { self.sampling.samples };
        let sampling = Sampling { samples, ..self.sampling };
        let restored = |(i, &verdict): (usize, &Verdict)| {
            self.product(asked.restored.as_ref().filter(|_| verdict == Verdict::Restored), i)
        };
        let products: Vec<_> = verdicts.iter().enumerate().map(restored).collect();
        let mut streams = found.streams.clone();
        let (model, m) = (self.decider.model, Some(&found.chosen));
        of_classes(class_scores(model, &self.seen, m, &sampling, &products, &mut streams))
    }

    /// Bayes' rule with do(m = 0), of the examples of which nothing is undone.
    fn null_scores(&self, verdicts: &[Verdict], asked: &Asked) -> Vec<Vec<f64>> {
        let left: Vec<usize> = (0..verdicts.len()).filter(|&i| verdicts[i] != Verdict::Restored).collect();
        if self.config.by == By::Head || left.is_empty() {
            return Vec::new();
        }
        let alone =
            |&i: &usize| self.product(asked.alone.as_ref().filter(|_| verdicts[i] == Verdict::AsItWas), i);
        let products: Vec<_> = left.iter().map(alone).collect();
        let model = self.decider.model;
        let at = || left.iter().map(|i| self.range.start + i);
        let seen = batch::evidence(self.data, at(), &model.device());
        let mut streams = self.streams(at());
        of_classes(class_scores(model, &seen, None, &self.sampling, &products, &mut streams))
    }

    /// What the scores of example `i` are for besides themselves, where `head` is what they are multiplied with.
    fn product<'b>(&self, head: Option<&'b Rows>, i: usize) -> Option<Product<'b>> {
        let head = head.filter(|_| self.config.by == By::Both)?;
        Some(Product { head: &head[i], temperature: self.decider.temperature })
    }

    fn decision(
        &self,
        i: usize,
        verdict: Verdict,
        scores: Scores,
        as_it_is: &Look,
        found: Option<&Found>,
        asked: &Asked,
    ) -> Decision {
        let n = self.range.len();
        let log_ratio = found.map_or(0.0, |found| f64::from(found.log_ratio[i]));
        let with_m = scores.with_m.map(|scores| normalised(scores).0 + log_ratio);
        let log_p0 = as_it_is.log_px[i];
        let is_undone = found.is_some() && verdict == Verdict::Restored;
        let log_px = match with_m {
            Some(with_m) if is_undone => with_m,
            _ => scores.decides.map_or(log_p0, |scores| normalised(scores).0),
        };
        let row = |rows: &'_ Rows| rows[i].clone();
        let alone = asked.alone.as_ref().map(row);
        let head = asked.restored.as_ref().filter(|_| is_undone).map(row).or_else(|| alone.clone());
        let bayes = scores.decides.filter(|_| self.config.by != By::Head);
        let ways = self.ways(bayes, head.as_deref(), alone.as_deref(), verdict);
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

fn of_classes(scored: Vec<(Vec<f64>, Vec<usize>)>) -> Vec<Vec<f64>> {
    scored.into_iter().map(|(scores, _)| scores).collect()
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
