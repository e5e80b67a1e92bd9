//! Adaptation under a factor model: m of the data set, found in closed steps, kept if it is better than doing nothing.

use rand_chacha::ChaCha8Rng;

use super::config::{AdaptConfig, Keep};
use super::dataset::{self, Found};
use super::input::{Previous, Unlabelled};
use super::judge::{Judge, Judged};
use super::report::{AdaptReport, Adapted, Outcome};
use crate::data::{Dataset, shuffled};
use crate::decide::{Answers, Verdict};
use crate::model::{DeepCama, M};
use crate::progress::Observer;
use crate::{Checked, Error, Result};

/// All that an adaptation under a factor model is about.
pub(super) struct Adapting<'a, D> {
    pub model: &'a DeepCama,
    pub unlabelled: Unlabelled<'a, D>,
    pub config: &'a Checked<AdaptConfig>,
    pub previous: Previous<'a>,
    pub seed: u64,
}

/// An m that the data set may have, and what the classifiers make of the data under it.
struct Candidate {
    found: Found,
    /// Nothing where none is asked.
    answers: Option<Answers>,
}

impl<D: Dataset> Adapting<'_, D> {
    /// Finds m of the data set. Clean data need not be validated: for each example, and for data as a whole, the likelihood
    /// tells whether it was manipulated so or not at all.
    pub fn run(&self, rng: &mut ChaCha8Rng, observer: &mut Observer) -> Result<Adapted> {
        let data = self.unlabelled.subsample;
        let wanted = ((data.len() as f64 * self.config.portion).round() as usize).max(1);
        let mut drawn = shuffled(data.len(), rng);
        drawn.truncate(wanted);
        let judge = Judge {
            previous: self.previous,
            unlabelled: self.unlabelled,
            negligible: self.config.negligible,
            seed: self.seed,
        };
        let mut found = self.candidates(&drawn, rng, observer)?;
        let (before, steps) = (found[0].before, found.iter().map(|found| found.steps).sum());
        let (kept, judged) = match self.config.keep {
            Keep::Best => self.best(found, &judge)?,
            Keep::Last => {
                let last = found.pop().expect("one is searched for");
                let judged = judge.let_stand(&last.model, M::Global)?;
                (Some(last), judged)
            }
        };
        Ok(self.adapted(kept, before, judged, drawn.len(), steps))
    }

    /// The best of those that are better than doing nothing, if one is.
    fn best(&self, found: Vec<Found>, judge: &Judge<D>) -> Result<(Option<Found>, Judged)> {
        let mut kept: Option<Candidate> = None;
        let (mut reason, mut before) = (None, None);
        for found in found {
            match judge.asked(&found.model, M::Global, found.gain, &mut before)? {
                Ok(answers) => {
                    let candidate = Candidate { found, answers };
                    if kept.as_ref().is_none_or(|kept| candidate.is_better(kept)) {
                        kept = Some(candidate);
                    }
                }
                Err(why) => reason = reason.or(Some(why)),
            }
        }
        let kept = kept.map(|candidate| candidate.found);
        let judged = judge.judge_global(kept.as_ref().map(|found| &found.model), reason)?;
        Ok((kept.filter(|_| judged.outcome != Outcome::RolledBack), judged))
    }

    /// What m may be: as if nothing were known of it, the first; and in a stream, what it was of the data set before, as it
    /// was and searched for from there.
    fn candidates(
        &self,
        drawn: &[usize],
        rng: &mut ChaCha8Rng,
        observer: &mut Observer,
    ) -> Result<Vec<Found>> {
        let (data, config) = (self.unlabelled.subsample, &self.config.dataset);
        let mut candidates = vec![dataset::find(self.model, data, drawn, config, None, rng, observer)?];
        let last = dataset::under(self.model).filter(|_| self.previous.begins_stream);
        if let Some(last) = &last {
            candidates.extend(dataset::still(self.model, data, drawn, config, last));
            match dataset::find(self.model, data, drawn, config, Some(last), rng, observer) {
                Err(Error::Diverged(_)) => {}
                found => candidates.push(found?),
            }
        }
        Ok(candidates)
    }

    fn adapted(
        &self,
        kept: Option<Found>,
        before: f64,
        judged: Judged,
        examples: usize,
        global_steps: usize,
    ) -> Adapted {
        let report = AdaptReport {
            outcome: judged.outcome,
            rollback_reason: judged.reason.clone(),
            keep: self.config.keep,
            guarded: self.previous.decider.thresholds.gain.is_finite(),
            global_steps,
            steps: 0,
            kept_step: 0,
            field_steps: 0,
            examples,
            outliers: 0,
            restored: judged.count(Verdict::Restored),
            as_they_were: judged.count(Verdict::AsItWas),
            unexplained: judged.count(Verdict::Unexplained),
            elbo_before: kept.as_ref().map_or(before, |found| found.before),
            elbo_after: kept.as_ref().map_or(before, |found| found.after),
            clean_before: None,
            clean_after: None,
        };
        let model = kept.map_or_else(|| self.previous.decider.model.clone(), |found| found.model);
        Adapted { model, report, verdicts: judged.verdicts, outliers: None }
    }
}

impl Candidate {
    /// Whether the classifiers agree more often than under `other`; without any to ask, whether more is explained.
    fn is_better(&self, other: &Candidate) -> bool {
        match (&self.answers, &other.answers) {
            (Some(one), Some(other)) => one.agreement() > other.agreement(),
            _ => self.found.after > other.found.after,
        }
    }
}
