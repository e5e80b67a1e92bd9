//! Deciding about data.

use std::ops::ControlFlow;

use burn::module::Module;

use super::chunk::Chunk;
use super::decider::Decider;
use super::decision::Decision;
use super::guard::Survey;
use super::rule::{DecideConfig, Rule};
use super::verdict::Context;
use crate::data::{Dataset, spread_indices};
use crate::model::M;
use crate::predict::{PredictConfig, chunks, not_finite};
use crate::{Checked, Config, Error, Result};

impl Decider<'_> {
    /// The same, after the guard has looked at the data as a whole: at no more than 500 examples spread over it. What
    /// the mechanisms cannot express shows in all of them far better than in each.
    ///
    /// Without a guard, with do(m = 0) and on few examples nothing is learnt of it.
    ///
    /// # Errors
    ///
    /// As [`decide`](Self::decide).
    pub fn informed<D: Dataset>(&self, data: &D, config: &Checked<DecideConfig>) -> Result<Self> {
        let Some(guard) = self.guard.filter(|_| config.predict.m != M::Null) else { return Ok(*self) };
        let spread: Vec<usize> = spread_indices(data.len()).collect();
        let rule = if self.direct.is_some() { Rule::Product } else { Rule::Bayes };
        let undoes = self.model.mechanisms().is_some_and(|mechanisms| mechanisms.explicit().contains(&true));
        let predict = PredictConfig { samples: 2, m: M::Mean, ..config.predict.clone() };
        // Unguarded, everything is restored.
        let all = Self { guard: None, external: None, ..*self };
        let mut survey = Survey::default();
        let surveyed =
            all.decide_each(&data.select(&spread), 0, &DecideConfig { rule, predict }.check()?, |decision| {
                survey.add(&decision, undoes);
                ControlFlow::Continue(())
            });
        match surveyed {
            // What cannot be restored is no reason not to decide about the others.
            Err(Error::Diverged(_)) => Ok(Self { context: Context::Unknown, ..*self }),
            Err(error) => Err(error),
            Ok(()) => Ok(Self { context: guard.context(&survey), ..*self }),
        }
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
    /// examples are those from `first` on of data that comes in parts.
    pub fn decide_each<D: Dataset>(
        &self,
        data: &D,
        first: usize,
        config: &Checked<DecideConfig>,
        mut each: impl FnMut(Decision) -> ControlFlow<()>,
    ) -> Result<()> {
        config.predict.check_for(self.model, data)?;
        self.check(config.rule)?;
        let model = &self.model.valid();
        let chunk = |range| Chunk::new(Decider { model, ..*self }, data, range, first, config).decide();
        chunks(model, data.len(), &config.predict, chunk, |i, decision: Decision| {
            if !decision.log_px.is_finite() || decision.probabilities.iter().any(|p| !p.is_finite()) {
                return Err(not_finite(model, first + i));
            }
            Ok(each(decision))
        })
    }
}
