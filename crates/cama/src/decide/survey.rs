//! What is learnt of many examples at once: answers of both classifiers, and verdicts, without what decisions need besides.

use super::chunk::{Asked, Chunk, Found};
use super::compare::Answer;
use super::explain::{Explained, SAMPLES};
use super::verdict::Verdict;
use crate::Result;
use crate::data::Dataset;
use crate::model::M;
use crate::predict::{normalised, not_finite};

impl<D: Dataset> Chunk<'_, D> {
    /// What the discriminative classifier and Bayes' rule say of each example with this m: everything is restored, but of a
    /// data set with a global m what that explains better.
    pub fn answers(&self) -> Result<Vec<Answer>> {
        let found = self.found();
        let globally = self.config.predict.m == M::Global;
        let as_it_is = (found.is_none() || globally).then(|| self.as_it_is());
        self.check_finite(as_it_is.as_ref())?;
        let asked = self.ask(found.as_ref())?;
        let with_m = found.as_ref().filter(|_| !globally).map(|found| self.with_m(found));
        let answer = |i: usize| {
            let is_restored = match &as_it_is {
                Some(as_it_is) => {
                    self.verdict(i, as_it_is.of(i), found.as_ref(), &asked) == Verdict::Restored
                }
                None => true,
            };
            let restored = found.as_ref().map(|found| &found.explained);
            let chosen =
                restored.filter(|_| is_restored).or(as_it_is.as_ref()).expect("one of them is there");
            let rows = if is_restored { &asked.restored } else { &asked.alone };
            Answer {
                direct: rows.as_ref().map_or_else(Vec::new, |rows| rows[i].clone()),
                bayes: with_m.as_ref().map_or(&chosen.log_probabilities, |with_m| with_m)[i].clone(),
                anomaly_score: finite(restored.unwrap_or(chosen).anomaly_scores[i]),
                judged: finite(chosen.anomaly_scores[i]),
            }
        };
        Ok((0..self.range.len()).map(answer).collect())
    }

    /// log p(y|x,m) of every class by Bayes' rule, with the m that was found of each example: of the example itself, not of what
    /// restoration makes of it.
    fn with_m(&self, found: &Found) -> Vec<Vec<f64>> {
        let normalise = |scores: Vec<f64>| {
            let all = normalised(&scores).0;
            scores.into_iter().map(|score| score - all).collect()
        };
        self.scores_with_m(found, SAMPLES, &[]).into_iter().map(normalise).collect()
    }

    /// What the guard makes of each example, as [`decide`](Self::decide) has it, but for what searching z tells.
    pub fn verdicts(&self) -> Result<Vec<Verdict>> {
        let found = self.found();
        let asked = self.ask(found.as_ref())?;
        // How they are explained as they were matters where restoration does not settle it.
        let open: Vec<usize> =
            (0..self.range.len()).filter(|&i| !self.is_settled(i, found.as_ref(), &asked)).collect();
        let as_it_is = (!open.is_empty()).then(|| self.as_it_is_of(&open));
        self.check_finite(as_it_is.as_ref())?;
        let mut as_they_are = vec![[f64::INFINITY, f64::NEG_INFINITY]; self.range.len()];
        for (place, &i) in open.iter().enumerate() {
            as_they_are[i] = as_it_is.as_ref().expect("some are open").of(place);
        }
        let verdict = |(i, as_it_is)| self.verdict(i, as_it_is, found.as_ref(), &asked);
        Ok(as_they_are.into_iter().enumerate().map(verdict).collect())
    }

    /// Whether example `i` is restored however it was explained before.
    fn is_settled(&self, i: usize, found: Option<&Found>, asked: &Asked) -> bool {
        let inferred = self.config.predict.m != M::Global;
        match (self.decider.guard, found.filter(|_| inferred)) {
            (Some(guard), Some(found)) => {
                let score = found.explained.anomaly_scores[i];
                guard.restores(self.decider.context, score, asked.agreed(i, found))
            }
            _ => false,
        }
    }

    /// Errors if an example cannot be explained as it is. One that cannot be restored is an anomaly.
    fn check_finite(&self, as_it_is: Option<&Explained>) -> Result<()> {
        let of = |explained: &Explained| explained.log_px.iter().position(|log_px| !log_px.is_finite());
        let first = as_it_is.and_then(of);
        first.map_or(Ok(()), |i| Err(not_finite(self.decider.model, self.range.start + i)))
    }
}

/// An anomaly score, which where there is none is as high as any.
fn finite(score: f64) -> f64 {
    if score.is_nan() { f64::INFINITY } else { score }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::Config;
    use crate::data::Images;
    use crate::decide::{DecideConfig, Decider, Rule};
    use crate::model::{DeepCama, MChoice, ModelConfig};
    use crate::predict::PredictConfig;

    /// Bayes' rule of answers is that of decisions: of the example with its m, not of what restoration makes of it.
    #[test]
    fn answers_are_those_of_unguarded_decisions() {
        let device = Device::flex();
        let model = DeepCama::new(&ModelConfig::fast([1, 8, 8], 3).check().unwrap(), 1, &device);
        let pixels = (0..6 * 64).map(|i| (i * 37 % 101) as f32 / 100.0).collect();
        let classes = ["a", "b", "c"].map(String::from).to_vec();
        let images = Images::new("images", [1, 8, 8], pixels, None, classes).unwrap();
        for m in [MChoice::Null, MChoice::Mean] {
            let predict = PredictConfig { samples: SAMPLES, m, ..PredictConfig::default() };
            let config = DecideConfig { rule: Rule::Bayes, predict: predict.clone() }.check().unwrap();
            let decider = Decider::bare(&model);
            let decisions = decider.decide(&images, &config).unwrap();
            let answers = decider.answer_each(&images, predict).unwrap();
            for (decision, answer) in decisions.iter().zip(answers) {
                assert_eq!(answer.anomaly_score, decision.anomaly_score[1]);
                // With do(m = 0) other samples of z are drawn.
                let near = if m == MChoice::Null { 0.2 } else { 1e-6 };
                for (log_p, p) in answer.bayes.iter().zip(&decision.by_rule.bayes) {
                    assert!((log_p.exp() - p).abs() < near, "{m:?} {log_p} {p}");
                }
            }
        }
    }
}
