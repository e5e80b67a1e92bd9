//! Deciding about data.

use std::ops::ControlFlow;

use burn::module::Module;

use super::chunk::Chunk;
use super::compare::{Answer, Answers};
use super::decider::Decider;
use super::decision::Decision;
use super::guard::{Guard, LEAST_EXAMPLES, Survey};
use super::rule::{DecideConfig, Rule};
use super::verdict::{Context, Verdict};
use crate::data::{Dataset, spread_indices};
use crate::model::{M, MChoice};
use crate::predict::{Inference, PredictConfig, chunks, not_finite};
use crate::{Checked, Config, Error, Result};

/// Log odds of the share of examples that are of one of two kinds under which they are most probable, by
/// expectation–maximisation: each has this log ratio of its probabilities. Neither share is less than half an example.
fn log_odds(log_ratios: &[f64]) -> f64 {
    let n = log_ratios.len() as f64;
    let mut share = 0.5f64;
    for _ in 0..100 {
        let odds = (share / (1.0 - share)).ln();
        let of = |ratio: &f64| 1.0 / (1.0 + (-(ratio + odds)).exp());
        share = (log_ratios.iter().map(of).sum::<f64>() / n).clamp(0.5 / (n + 1.0), 1.0 - 0.5 / (n + 1.0));
    }
    (share / (1.0 - share)).ln()
}

impl Decider<'_> {
    /// The same, after the guard has looked at the data as a whole: at no more than 500 examples spread over it. What
    /// the mechanisms cannot express shows in all of them far better than in each.
    ///
    /// It also looks whether Bayes' rule, where nothing is restored, agrees with the discriminative classifier on far fewer of
    /// them than of clean examples: then it has no say in the product.
    ///
    /// Outliers are left out of that. Without a guard and on few examples nothing is learnt of it.
    ///
    /// # Errors
    ///
    /// As [`decide`](Self::decide).
    pub fn informed<D: Dataset>(&self, data: &D, config: &Checked<DecideConfig>) -> Result<Self> {
        if let Some(outliers) = self.outliers {
            let others = outliers.others(data);
            let informed = Self { outliers: None, ..*self }.informed(&others, config)?;
            return Ok(Self { outliers: self.outliers, ..informed });
        }
        if config.predict.m == M::Global {
            return self.informed_of_share(data, config);
        }
        let looks = config.predict.m != M::Null || self.weighs_bayes(config);
        let Some(guard) = self.guard.filter(|_| looks) else { return Ok(*self) };
        let data = data.select(&spread_indices(data.len()).collect::<Vec<_>>());
        if config.predict.m == M::Null {
            return self.informed_of_say(guard, &data, config);
        }
        // Of rows far from all that it has learnt from a network is as sure as of any other.
        if self.direct.is_some() && self.model.restores() && self.model.config().data.image().is_some() {
            return self.informed_by_answers(guard, &data, &config.predict);
        }
        let rule = if self.direct.is_some() { Rule::Product } else { Rule::Bayes };
        let undoes = self.model.restores();
        let predict = PredictConfig {
            samples: 2,
            m: M::Mean,
            inference: Inference::Amortised,
            ..config.predict.clone()
        };
        // Unguarded, everything is restored.
        let all = Self { guard: None, external: None, ..*self };
        let mut survey = Survey::default();
        let surveyed = all.decide_each(&data, 0, &DecideConfig { rule, predict }.check()?, |decision| {
            survey.add(&decision, undoes);
            ControlFlow::Continue(())
        });
        match surveyed {
            // What cannot be restored is no reason not to decide about the others.
            Err(Error::Diverged(_)) => Ok(Self { context: Context::Unknown, ..*self }),
            Err(error) => Err(error),
            Ok(()) => match guard.context(&survey) {
                Context::Inside => Ok(Self { context: Context::Inside, ..*self }),
                context => Self { context, ..*self }.informed_of_say(guard, &data, config),
            },
        }
    }

    /// The same, knowing whether Bayes' rule has a say about the examples as they are.
    fn informed_of_say<D: Dataset>(
        &self,
        guard: &Guard,
        data: &D,
        config: &Checked<DecideConfig>,
    ) -> Result<Self> {
        if !self.weighs_bayes(config) || data.len() < LEAST_EXAMPLES {
            return Ok(*self);
        }
        match self.answers(data, M::Null, config.predict.seed) {
            // What cannot be explained at all is told of where it is decided about.
            Err(Error::Diverged(_)) => Ok(*self),
            answers => Ok(Self { bayes_has_say: self.hears_bayes(guard, &answers?), ..*self }),
        }
    }

    /// Whether a product decides in which it is known how much Bayes' rule counts.
    fn weighs_bayes(&self, config: &DecideConfig) -> bool {
        config.rule == Rule::Product && self.direct.is_some() && self.tempering.is_some()
    }

    /// Whether Bayes' rule has a say about examples of which classifiers say this; without a tempering it always has.
    fn hears_bayes(&self, guard: &Guard, answers: &Answers) -> bool {
        self.tempering.is_none() || answers.speak_for_bayes(guard.agreement, self.model.config().classes)
    }

    /// The same, knowing whether the examples are easier to classify once they are restored.
    fn informed_by_answers<D: Dataset>(
        &self,
        guard: &Guard,
        data: &D,
        predict: &PredictConfig,
    ) -> Result<Self> {
        let PredictConfig { seed, refine, .. } = *predict;
        if data.len() < LEAST_EXAMPLES {
            return Ok(*self);
        }
        let before = self.answers(data, M::Null, seed)?;
        let inferred = PredictConfig { m: M::Mean, seed, refine, ..PredictConfig::default() };
        let context = match self.answers_with(data, inferred) {
            // What cannot be restored is no reason not to decide about the others.
            Err(Error::Diverged(_)) => Context::Outside,
            after => guard.context_of(&before, &after?, &self.thresholds, self.adapted_to),
        };
        let bayes_has_say = context == Context::Inside || self.hears_bayes(guard, &before);
        Ok(Self { context, bayes_has_say, ..*self })
    }

    /// The same, knowing what share of the data was manipulated as the data set was that the global m is of: the share
    /// under which the examples, manipulated so or clean, are most probable.
    fn informed_of_share<D: Dataset>(&self, data: &D, config: &Checked<DecideConfig>) -> Result<Self> {
        let spread: Vec<usize> = spread_indices(data.len()).collect();
        if spread.is_empty() {
            return Ok(*self);
        }
        let mut log_factors = Vec::with_capacity(spread.len());
        let predict = PredictConfig { inference: Inference::Amortised, ..config.predict.clone() };
        let bayes = DecideConfig { rule: Rule::Bayes, predict }.check()?;
        let surveyed = self.decide_each(&data.select(&spread), 0, &bayes, |decision| {
            log_factors.push(decision.log_bayes_factor);
            ControlFlow::Continue(())
        });
        match surveyed {
            Err(Error::Diverged(_)) => Ok(*self),
            Err(error) => Err(error),
            Ok(()) => Ok(Self { log_odds: log_odds(&log_factors), ..*self }),
        }
    }

    /// What the model's own discriminative classifier and Bayes' rule say of every example, all of them restored with this
    /// m, or as they are.
    pub(crate) fn answers<D: Dataset>(&self, data: &D, m: MChoice, seed: u64) -> Result<Answers> {
        self.answers_with(data, PredictConfig { m, seed, ..PredictConfig::default() })
    }

    /// The same with these settings.
    fn answers_with<D: Dataset>(&self, data: &D, predict: PredictConfig) -> Result<Answers> {
        let threshold = self.guard.map(|guard| guard.threshold);
        Ok(Answers::of(&self.answer_each(data, predict)?, threshold))
    }

    /// The same of each example, in full.
    pub(crate) fn answer_each<D: Dataset>(&self, data: &D, predict: PredictConfig) -> Result<Vec<Answer>> {
        let asking = Decider { guard: None, external: None, ..*self };
        let rule = if self.direct.is_some() { Rule::Direct } else { Rule::Bayes };
        let config = DecideConfig { rule, predict }.check()?;
        let mut answers = Vec::with_capacity(data.len());
        asking.each_chunk(
            data,
            &config,
            |chunk| chunk.answers(),
            |_, answer| {
                answers.push(answer);
                Ok(ControlFlow::Continue(()))
            },
        )?;
        Ok(answers)
    }

    /// What the guard makes of every example, as [`decide_each`](Self::decide_each) has it, but for what searching z tells.
    pub(crate) fn verdicts<D: Dataset>(&self, data: &D, predict: PredictConfig) -> Result<Vec<Verdict>> {
        let config = DecideConfig { rule: Rule::Bayes, predict }.check()?;
        let mut verdicts = Vec::with_capacity(data.len());
        self.each_chunk(
            data,
            &config,
            |chunk| chunk.verdicts(),
            |_, verdict| {
                verdicts.push(verdict);
                Ok(ControlFlow::Continue(()))
            },
        )?;
        Ok(verdicts)
    }

    /// Hands over what chunks of the data make of each example, with its index; `each` can stop it.
    fn each_chunk<D: Dataset, T: Send>(
        &self,
        data: &D,
        config: &Checked<DecideConfig>,
        make: impl Fn(&Chunk<D>) -> Result<Vec<T>> + Sync,
        each: impl FnMut(usize, T) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        config.predict.check_for(self.model, data)?;
        self.check(config.rule)?;
        let model = &self.model.valid();
        let chunk = |range| make(&Chunk::new(Decider { model, ..*self }, data, range, config));
        chunks(model, data.len(), &config.predict, chunk, each)
    }

    /// Decides about every example.
    ///
    /// # Errors
    ///
    /// As [`predict`](crate::predict), if a discriminative classifier is asked and there is none, or one with another number of
    /// classes, or if it fails.
    pub fn decide<D: Dataset>(&self, data: &D, config: &Checked<DecideConfig>) -> Result<Vec<Decision>> {
        let mut all = Vec::with_capacity(data.len());
        self.decide_each(data, 0, config, |decision| {
            all.push(decision);
            ControlFlow::Continue(())
        })?;
        Ok(all)
    }

    /// As [`decide`](Self::decide), handing over each decision as soon as its chunk is done; `each` can stop it. The
    /// examples are those from `first` on of data that comes in parts, which only messages tell.
    pub fn decide_each<D: Dataset>(
        &self,
        data: &D,
        first: usize,
        config: &Checked<DecideConfig>,
        mut each: impl FnMut(Decision) -> ControlFlow<()>,
    ) -> Result<()> {
        self.check_inference(&config.predict)?;
        self.each_chunk(
            data,
            config,
            |chunk| chunk.decide(),
            |i, decision| {
                if !decision.log_px.is_finite() || decision.probabilities.iter().any(|p| !p.is_finite()) {
                    return Err(not_finite(self.model, first + i));
                }
                Ok(each(decision))
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_two_kinds_are_found() {
        let mixed: Vec<f64> = (0..400).map(|i| if i % 4 == 0 { 30.0 } else { -30.0 }).collect();
        assert!((log_odds(&mixed) - (0.25f64 / 0.75).ln()).abs() < 1e-6);
        assert!(log_odds(&[50.0; 100]) > 5.0 && log_odds(&[-50.0; 100]) < -5.0);
        // What says nothing leaves it open.
        assert!(log_odds(&[0.0; 10]).abs() < 1e-9);
    }
}
