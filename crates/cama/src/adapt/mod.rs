//! Adaptation at test time, on unlabelled manipulated data (Eq. 8), with a guard.

mod candidates;
mod config;
mod dataset;
mod eq8;
mod factor;
mod field;
mod global;
mod input;
mod judge;
mod rehearse;
mod report;
mod select;
mod split;
mod validate;

pub use config::{AdaptConfig, Keep};
pub use dataset::DatasetConfig;
pub(crate) use dataset::find as find_global;
pub use input::{Previous, Unlabelled};
pub use rehearse::{Rehearsal, Trial};
pub(crate) use rehearse::{Rehearsed, Rehearsing, See};
pub use report::{AdaptReport, Adapted, Outcome, RollbackReason};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use self::candidates::{Candidates, groups};
use self::global::find_global_m;
use self::judge::{Judge, Judged};
use self::select::{Candidate, Selection};
use self::split::Splits;
use self::validate::{FitStatistics, Validator};
use crate::data::Dataset;
use crate::decide::{Decider, Outliers, Verdict};
use crate::model::{DeepCama, M};
use crate::progress::Observer;
use crate::{Checked, Error, Result};

/// Fits NN_M, the mechanisms and q2(m|x), and nothing else, to unlabelled manipulated examples (Eq. 8).
///
/// `clean` examples keep the model right on clean data and let the guard validate it. A state is kept if it explains
/// the validation set better than the `previous` model did and is as right on clean examples, within the tolerance;
/// `model` itself, if it is not the previous one, is the first candidate. If none is kept, the previous model comes
/// back.
///
/// Rows of a table that lie farther from the others than `clean` ones do from each other are set aside: nothing is learnt of
/// them, and their verdict is [`Verdict::Unexplained`], unless the previous model comes back, which does not know them.
///
/// # Errors
///
/// If the model has no mechanism, the data does not fit, clean examples have no labels, numbers diverge before any state
/// was worth keeping, or the observer stops it.
pub fn adapt<D: Dataset>(
    model: &DeepCama,
    unlabelled: Unlabelled<D>,
    clean: Option<&D>,
    config: &Checked<AdaptConfig>,
    previous: Previous,
    seed: u64,
    observer: &mut Observer,
) -> Result<Adapted> {
    check_data(model, unlabelled.subsample, clean)?;
    if config.oracle && unlabelled.subsample.labels().is_none() {
        let allowed = "false: the data has no labels, or they were not read";
        return Err(Error::config("adapt.oracle", true, allowed));
    }
    let clean_rows = clean.filter(|_| model.config().data.table().is_some());
    let Some(outliers) = clean_rows.and_then(|clean| Outliers::find(unlabelled.subsample, clean)) else {
        return adapt_to_all(model, unlabelled, clean, config, previous, seed, observer);
    };
    let [subsample, spread] = [unlabelled.subsample, unlabelled.spread].map(|data| outliers.others(data));
    let others = Unlabelled { subsample: &subsample, spread: &spread, ..unlabelled };
    let knowing = Previous { decider: Decider { outliers: Some(&outliers), ..previous.decider }, ..previous };
    let mut adapted = adapt_to_all(model, others, clean, config, knowing, seed, observer)?;
    if adapted.report.outcome == Outcome::RolledBack {
        let judge = Judge { previous, unlabelled, negligible: config.negligible, seed };
        let verdicts = judge.of_previous()?;
        let count = |of| verdicts.iter().filter(|&&verdict| verdict == of).count();
        let report = &mut adapted.report;
        (report.restored, report.as_they_were) = (count(Verdict::Restored), count(Verdict::AsItWas));
        report.unexplained = count(Verdict::Unexplained);
        adapted.verdicts = verdicts;
    }
    adapted.report.outliers = unlabelled.subsample.len() - subsample.len();
    Ok(Adapted { outliers: Some(outliers), ..adapted })
}

/// The same, of examples none of which is set aside.
fn adapt_to_all<D: Dataset>(
    model: &DeepCama,
    unlabelled: Unlabelled<D>,
    clean: Option<&D>,
    config: &Checked<AdaptConfig>,
    previous: Previous,
    seed: u64,
    observer: &mut Observer,
) -> Result<Adapted> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    if model.factor().is_some() {
        let adapting = factor::Adapting { model, unlabelled, config, previous, seed };
        return adapting.run(&mut rng, observer);
    }
    let splits = Splits::new(unlabelled.subsample, clean, config, &mut rng);
    let validator = Validator::new(&splits, config, seed, previous.decider);
    let run = Run { splits: &splits, validator: &validator, config, previous, unlabelled, seed };
    match config.keep {
        Keep::Last => run.to_the_last_step(model, &mut rng, observer),
        Keep::Best if asks_classifier(model, &previous.decider) => run.by_answers(model, &mut rng, observer),
        Keep::Best => run.by_bound(model, &mut rng, observer),
    }
}

/// Why a state of a model whose networks make rows is no better than doing nothing, if it is not: as under a factor model, what
/// was found must explain the numbers better by what rehearsal asks for, and classifiers must find restored rows easier. A
/// model that infers m already has been through that.
fn refused<D: Dataset>(
    judge: &Judge<D>,
    best: &Candidate,
    before: &FitStatistics,
) -> Result<Option<RollbackReason>> {
    let numbers = best.model.config().data.table().map_or(0, |table| table.numeric().len());
    if judge.previous.m != M::Null || !best.model.restores() || numbers == 0 {
        return Ok(None);
    }
    let gain = (best.fit.elbo - before.elbo) / numbers as f64;
    Ok(judge.asked(&best.model, M::Mean, gain, &mut None)?.err())
}

/// Whether a discriminative classifier tells which states are kept: there is one, with a guard, and the model undoes what
/// it finds in images.
fn asks_classifier(model: &DeepCama, decider: &Decider) -> bool {
    model.restores()
        && decider.direct.is_some()
        && decider.guard.is_some()
        && model.config().data.image().is_some()
}

/// All that an adaptation is about.
struct Run<'a, D> {
    splits: &'a Splits<'a, D>,
    validator: &'a Validator<'a, D>,
    config: &'a Checked<AdaptConfig>,
    previous: Previous<'a>,
    unlabelled: Unlabelled<'a, D>,
    seed: u64,
}

impl<D: Dataset> Run<'_, D> {
    /// Keeps the state after the last step.
    fn to_the_last_step(
        &self,
        model: &DeepCama,
        rng: &mut ChaCha8Rng,
        observer: &mut Observer,
    ) -> Result<Adapted> {
        let Self { splits, validator, config, previous, unlabelled, seed } = *self;
        let before = validator.validate(previous.decider.model, previous.m)?;
        let found = find_global_m(model.clone(), splits, config, rng, observer)?;
        let global = if found.is_some() { config.global_steps } else { 0 };
        let mut last = found.unwrap_or_else(|| model.clone());
        eq8::climb(last.clone(), splits, config, rng, observer, |_, model| {
            last = model.clone();
            Ok(())
        })?;
        let m = last.config().inferred_m;
        let fit = validator.validate(&last, m)?;
        let judge = Judge { previous, unlabelled, negligible: config.negligible, seed };
        let judged = judge.let_stand(&last, m)?;
        let judged = Judged {
            kept: Some(Candidate { step: config.steps, field_steps: 0, fit, model: last }),
            ..judged
        };
        let steps = Steps { global, done: config.steps };
        Ok(adapted(judged, previous, config.keep, before, steps, splits.unlabelled.learnt.len()))
    }

    /// Keeps the state under which the unlabelled validation set is explained best while clean data stays as right as it was,
    /// of rows of a table if what was found passes there, too.
    fn by_bound(&self, model: &DeepCama, rng: &mut ChaCha8Rng, observer: &mut Observer) -> Result<Adapted> {
        let Self { splits, validator, config, previous, unlabelled, seed } = *self;
        let before = validator.validate(previous.decider.model, previous.m)?;
        let mut selection = Selection::new(validator, before.clone());
        let mut steps = Steps::default();
        for group in groups(model)? {
            selection.consider(0, &group)?;
        }
        selection.consider(0, model)?;
        let start = match find_global_m(model.clone(), splits, config, rng, observer) {
            // Then Eq. 8 starts from the model as it came.
            Err(Error::Diverged(_)) => None,
            found => found?,
        };
        if let Some(found) = &start {
            steps.global = config.global_steps;
            selection.consider(0, found)?;
        }
        let start = start.unwrap_or_else(|| model.clone());
        let climbed = eq8::climb(start, splits, config, rng, observer, |done, model| {
            steps.done = done;
            match done % config.validate_every == 0 || done == config.steps {
                true => selection.consider(done, model),
                false => Ok(()),
            }
        });
        let judge = Judge { previous, unlabelled, negligible: config.negligible, seed };
        let reason = match (climbed, &selection.best) {
            (Ok(()) | Err(Error::Diverged(_)), Some(best)) => refused(&judge, best, &before)?,
            (Ok(()), None) => Some(RollbackReason::NotBetter),
            (Err(Error::Diverged(what)), None) => {
                Some(RollbackReason::Diverged(Error::Diverged(what).to_string()))
            }
            (Err(error), _) => return Err(error),
        };
        let best = selection.best.take().filter(|_| reason.is_none());
        let judged = judge.judge(best, reason)?;
        Ok(adapted(judged, previous, config.keep, before, steps, splits.unlabelled.learnt.len()))
    }

    /// Keeps what the discriminative classifier and Bayes' rule agree on: of the mechanisms alone and together, as q2 has
    /// dreamt of them and after steps of Eq. 8.
    fn by_answers(&self, model: &DeepCama, rng: &mut ChaCha8Rng, observer: &mut Observer) -> Result<Adapted> {
        let Self { splits, validator, config, previous, unlabelled, seed } = *self;
        let before = validator.validate_decided(&previous.decider, previous.m, None)?;
        let mut candidates = Candidates::new(previous.decider, unlabelled.spread, seed)?;
        let first = previous.decider.model;
        let begins_anew = previous.begins_stream && first.restores();
        for state in begins_anew.then_some(first).into_iter().chain([model]) {
            for group in groups(state)? {
                candidates.consider(0, &group)?;
            }
            candidates.consider(0, state)?;
        }
        let mut steps = Steps::default();
        // A state that was kept may have lost the field.
        let lost = begins_anew && model.field().is_none() && first.field().is_some();
        let model = if lost { first } else { model };
        self.dream_of_data(model, &mut candidates, observer)?;
        for start in candidates.starts(model)? {
            let climbed = eq8::climb(start, splits, config, rng, observer, |done, model| {
                steps.done = steps.done.max(done);
                match done == config.steps.div_ceil(2) || done == config.steps {
                    true => candidates.consider(done, model),
                    false => Ok(()),
                }
            });
            match climbed {
                Ok(()) | Err(Error::Diverged(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let (best, reason) =
            match candidates.best(validator, &before, before.clean.filter(|_| previous.m == M::Null))? {
                Ok(best) => (Some(best), None),
                Err(reason) => (None, Some(reason)),
            };
        let judge = Judge { previous, unlabelled, negligible: config.negligible, seed };
        let judged = judge.judge(best, reason)?;
        Ok(adapted(judged, previous, config.keep, before, steps, splits.unlabelled.learnt.len()))
    }

    /// Where a field restores best, lets that of the model dream of what it infers of the data, and considers the states with it.
    fn dream_of_data(
        &self,
        model: &DeepCama,
        candidates: &mut Candidates<D>,
        observer: &mut Observer,
    ) -> Result<()> {
        let Self { splits, config, seed, .. } = *self;
        let Some(clean) = splits.clean.as_ref().filter(|_| config.field_steps > 0) else { return Ok(()) };
        let mut model = model.clone();
        let mut before = 0.0;
        for round in 0..field::ROUNDS {
            // What has made things worse would make them worse again.
            let Some(agreed) = candidates.led_by_field().filter(|agreed| *agreed > before) else { break };
            before = agreed;
            // What is left over is done in the last round.
            let steps = (config.field_steps + round) / field::ROUNDS;
            if steps == 0 {
                continue;
            }
            let (unlabelled, clean) = (&splits.unlabelled.learnt, &clean.learnt);
            model = field::dream_of_data(&model, unlabelled, clean, steps, seed ^ round as u64, observer)?;
            candidates.field_steps += steps;
            let with_field = groups(&model)?.into_iter().filter(|group| group.field().is_some());
            for state in with_field.chain([model.clone()]) {
                candidates.consider(0, &state)?;
            }
        }
        Ok(())
    }
}

/// Steps that were done.
#[derive(Default)]
struct Steps {
    /// Of the search for a global m.
    global: usize,
    /// Of Eq. 8.
    done: usize,
}

/// The model that is kept, and the report.
fn adapted(
    judged: Judged,
    previous: Previous,
    keep: Keep,
    before: FitStatistics,
    steps: Steps,
    examples: usize,
) -> Adapted {
    let kept = judged.kept.as_ref();
    let after = kept.map_or(&before, |kept| &kept.fit);
    let report = AdaptReport {
        outcome: judged.outcome,
        rollback_reason: judged.reason.clone(),
        keep,
        guarded: previous.decider.guard.is_some(),
        global_steps: steps.global,
        steps: steps.done,
        kept_step: kept.map_or(0, |kept| kept.step),
        field_steps: kept.map_or(0, |kept| kept.field_steps),
        examples,
        outliers: 0,
        restored: judged.count(Verdict::Restored),
        as_they_were: judged.count(Verdict::AsItWas),
        unexplained: judged.count(Verdict::Unexplained),
        elbo_before: before.elbo,
        elbo_after: after.elbo,
        clean_before: before.clean,
        clean_after: after.clean,
    };
    let model = kept.map_or(previous.decider.model, |kept| &kept.model).clone();
    Adapted { model, report, verdicts: judged.verdicts, outliers: None }
}

fn check_data<D: Dataset>(model: &DeepCama, unlabelled: &D, clean: Option<&D>) -> Result<()> {
    if !model.infers() {
        return Err(Error::config(
            "mechanism",
            "none",
            "given: the model has none, so there is nothing to adapt; try `affine` or `affine,photometric` for \
             images, `per-column` for tables",
        ));
    }
    model.check_fits(unlabelled)?;
    if unlabelled.is_empty() {
        return Err(Error::Mismatch(format!("{} is empty: there is nothing to adapt to", unlabelled.name())));
    }
    if let Some(clean) = clean {
        model.check_labelled(clean)?;
        if clean.len() < 2 {
            return Err(Error::Mismatch("the clean data needs two examples or more".into()));
        }
    }
    Ok(())
}
