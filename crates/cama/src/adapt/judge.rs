//! What the guard makes of all that was adapted to, and whether the adaptation is let stand.

use super::input::{Previous, Unlabelled};
use super::report::{Outcome, RollbackReason};
use super::select::Candidate;
use crate::data::Dataset;
use crate::decide::{Answers, Context, DecideConfig, Decider, Rule, Verdict};
use crate::model::{DeepCama, M, MChoice};
use crate::predict::PredictConfig;
use crate::{Config, Error, Result};

/// An adaptation after which fewer of the unlabelled examples than this share are restored to something that is
/// explained has met what the mechanisms cannot express.
const LEAST_RESTORED: f64 = 0.1;

/// With a greater share of unexplained examples the adaptation is one for some of them only: clean data has one in a
/// hundred.
const MOST_UNEXPLAINED: f64 = 0.05;

/// What is left of an adaptation once the guard has judged it.
pub(super) struct Judged {
    /// The state that is kept; nothing if the previous model comes back.
    pub kept: Option<Candidate>,
    pub outcome: Outcome,
    pub reason: Option<RollbackReason>,
    pub verdicts: Vec<Verdict>,
}

impl Judged {
    /// How many examples got this verdict.
    pub fn count(&self, of: Verdict) -> usize {
        count(&self.verdicts, of)
    }
}

/// What the guard judges by.
pub(super) struct Judge<'a, D> {
    pub previous: Previous<'a>,
    pub unlabelled: Unlabelled<'a, D>,
    pub negligible: f64,
    pub seed: u64,
}

impl<D: Dataset> Judge<'_, D> {
    /// Judges the best state, or, without one, the previous model, which then comes back for this `reason`.
    pub fn judge(&self, best: Option<Candidate>, reason: Option<RollbackReason>) -> Result<Judged> {
        let (decider, m) = match &best {
            // Other samples of z than those by which it was chosen do not take it back; the examples are the same.
            Some(best) => {
                let chosen =
                    Decider { model: &best.model, adapted_to: Some(usize::MAX), ..self.previous.decider };
                (chosen, M::Mean)
            }
            None => (self.previous.decider, self.previous.m),
        };
        let (verdicts, context) = match self.verdicts(decider, m) {
            // An example that no step and no validation has met.
            Err(Error::Diverged(what)) => {
                return Ok(rolled_back(reason.unwrap_or(RollbackReason::Diverged(what)), Vec::new()));
            }
            verdicts => verdicts?,
        };
        if let Some(reason) = reason {
            return Ok(rolled_back(reason, verdicts));
        }
        let n = verdicts.len() as f64;
        let outside = (context == Context::Outside).then_some(RollbackReason::Outside);
        if let Some(reason) = few_restored(&verdicts).or(outside) {
            let (verdicts, _) = self.verdicts(self.previous.decider, self.previous.m)?;
            return Ok(rolled_back(reason, verdicts));
        }
        let for_some = count(&verdicts, Verdict::Unexplained) as f64 > MOST_UNEXPLAINED * n;
        let outcome = if for_some { Outcome::AdaptedForSome } else { Outcome::Adapted };
        Ok(Judged { kept: best, outcome, reason: None, verdicts })
    }

    /// Lets a state stand, whatever the guard makes of the examples.
    pub fn let_stand(&self, model: &DeepCama, m: MChoice) -> Result<Judged> {
        let (verdicts, _) = self.verdicts(Decider { model, ..self.previous.decider }, m)?;
        Ok(Judged { kept: None, outcome: Outcome::Adapted, reason: None, verdicts })
    }

    /// What the classifiers say of rows with the m that was found, or why it is no better than doing nothing; nothing where no
    /// classifier is asked. `gain` is by how much it explains a number better, in nats, `before` what they say with do(m = 0),
    /// once it was asked.
    pub fn asked(
        &self,
        found: &DeepCama,
        m: MChoice,
        gain: f64,
        before: &mut Option<Answers>,
    ) -> Result<std::result::Result<Option<Answers>, RollbackReason>> {
        let least = self.previous.decider.thresholds.gain;
        let little = |compared| Ok(Err(RollbackReason::LittleGained { gain, least, compared }));
        let decider = Decider { model: found, ..self.previous.decider };
        if decider.direct.is_none() {
            return if gain <= least { little(None) } else { Ok(Ok(None)) };
        }
        let asked = self.unlabelled.spread;
        let after = match decider.answers(asked, m, self.seed) {
            Err(Error::Diverged(_)) if gain <= least => return little(None),
            Err(Error::Diverged(what)) => return Ok(Err(RollbackReason::Diverged(what))),
            after => after?,
        };
        if least.is_finite() {
            let before = match before {
                Some(before) => before,
                None => before.insert(match self.previous.decider.answers(asked, M::Null, self.seed) {
                    Err(Error::Diverged(_)) if gain <= least => return little(None),
                    said => said?,
                }),
            };
            let asked_for = decider.thresholds.rise;
            let on_clean = decider.guard.map(|guard| guard.agreement);
            let compared = after.compared_rows(before, on_clean, asked_for);
            if gain <= least {
                return little(Some(compared));
            }
            if decider.evidence_of_table(&after, before) <= asked_for {
                return Ok(Err(RollbackReason::NotEasier(compared)));
            }
        }
        Ok(Ok(Some(after)))
    }

    /// Judges the m that was kept of those found under a factor model, or, without one, the previous model, which then comes
    /// back for this `reason`.
    pub fn judge_global(&self, kept: Option<&DeepCama>, reason: Option<RollbackReason>) -> Result<Judged> {
        let previous = |reason| {
            let (verdicts, _) = self.verdicts(self.previous.decider, self.previous.m)?;
            Ok(rolled_back(reason, verdicts))
        };
        let Some(model) = kept else { return previous(reason.unwrap_or(RollbackReason::NotBetter)) };
        let decider = Decider { model, ..self.previous.decider };
        let (verdicts, _) = self.verdicts(decider, M::Global)?;
        let n = verdicts.len() as f64;
        let guarded = decider.thresholds.gain.is_finite();
        if let Some(reason) = few_restored(&verdicts).filter(|_| guarded) {
            return previous(reason);
        }
        let left = n - count(&verdicts, Verdict::Restored) as f64;
        let outcome = if left > MOST_UNEXPLAINED * n { Outcome::AdaptedForSome } else { Outcome::Adapted };
        Ok(Judged { kept: None, outcome, reason: None, verdicts })
    }

    /// What the guard makes of every example with the previous model; nothing where its numbers diverge.
    pub fn of_previous(&self) -> Result<Vec<Verdict>> {
        match self.verdicts(self.previous.decider, self.previous.m) {
            Err(Error::Diverged(_)) => Ok(Vec::new()),
            verdicts => Ok(verdicts?.0),
        }
    }

    /// What the guard makes of every example, and of all of them; nothing without a guard.
    fn verdicts(&self, decider: Decider, m: MChoice) -> Result<(Vec<Verdict>, Context)> {
        if decider.guard.is_none() && m != M::Global {
            return Ok((Vec::new(), Context::Unknown));
        }
        let (negligible, seed) = (self.negligible, self.previous.seed);
        let predict = PredictConfig { samples: 1, m, seed, negligible, ..PredictConfig::default() };
        let config = DecideConfig { rule: Rule::Bayes, predict }.check()?;
        let decider = decider.informed(self.unlabelled.spread, &config)?;
        let mut verdicts = Vec::new();
        self.unlabelled.all.for_each(&mut |part| {
            verdicts.extend(decider.verdicts(part, config.predict.clone())?);
            Ok(())
        })?;
        Ok((verdicts, decider.context))
    }
}

fn rolled_back(reason: RollbackReason, verdicts: Vec<Verdict>) -> Judged {
    Judged { kept: None, outcome: Outcome::RolledBack, reason: Some(reason), verdicts }
}

/// Why an adaptation that restores so few is not let stand, if they are too few.
fn few_restored(verdicts: &[Verdict]) -> Option<RollbackReason> {
    let (restored, examples) = (count(verdicts, Verdict::Restored), verdicts.len());
    let few = (restored as f64) < LEAST_RESTORED * examples as f64;
    few.then_some(RollbackReason::FewRestored { restored, examples, least: LEAST_RESTORED })
}

fn count(verdicts: &[Verdict], of: Verdict) -> usize {
    verdicts.iter().filter(|&&verdict| verdict == of).count()
}
