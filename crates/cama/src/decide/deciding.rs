//! Decisions about as many examples as are decoded at a time.

use super::ask::{Rows, exponentials, product};
use super::chunk::{Asked, Chunk, Found};
use super::decision::Decision;
use super::explain::{self, Explained};
use super::rule::{ByRule, Rule};
use super::verdict::Verdict;
use crate::Result;
use crate::batch;
use crate::data::Dataset;
use crate::predict::{Inference, Optimised, Product, class_scores, highest, normalised, suspicion};

/// log p(x|y,m) + log p(y) of every class of one example.
struct Scores<'a> {
    /// As Bayes' rule decides: with the m that was found where it is undone, else with do(m = 0). Nothing where that was
    /// not computed.
    decides: Option<&'a [f64]>,
    /// With the m that was found, by samples of z.
    with_m: Option<&'a [f64]>,
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

impl<D: Dataset> Chunk<'_, D> {
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

    /// Bayes' rule with the m that was found, of every example: also where it is not undone it tells log p(x).
    fn found_scores(&self, found: &Found, verdicts: &[Verdict], factors: &Factors) -> Vec<Vec<f64>> {
        let samples = if self.config.rule.needs_bayes() { self.sampling.samples } else { explain::SAMPLES };
        let restored = |(i, &verdict): (usize, &Verdict)| {
            self.product(factors, factors.restored.as_ref().filter(|_| verdict == Verdict::Restored), i)
        };
        let products: Vec<_> = verdicts.iter().enumerate().map(restored).collect();
        self.scores_with_m(found, samples, &products)
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
        let scores = class_scores(model, &observed, None, &self.sampling, &products, &mut rngs);
        scores.into_iter().map(|(scores, _)| scores).collect()
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
}
