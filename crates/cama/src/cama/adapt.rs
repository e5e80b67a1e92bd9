//! From a classifier and unlabelled data to one that copes with it: attach, dream, adapt, choose m.

use std::sync::Arc;

use super::{Cama, Card, CardEntry};
use crate::adapt::{AdaptConfig, Adapted, Outcome, Previous, Unlabelled, adapt};
use crate::data::{Dataset, Names};
use crate::decide::with_doubt;
use crate::decide::{Decider, Verdict};
use crate::dream::{DreamConfig, dream, dream_field};
use crate::mechanism::MechanismConfig;
use crate::model::{M, ModelConfig};
use crate::progress::{Event, Observer, silent};
use crate::seeds::Seeds;
use crate::{Config, Error, Result};

impl Cama {
    /// Prepares an adaptation to unlabelled examples, all of them in memory, or as [`Unlabelled`] where they are more.
    pub fn adapt<'a, D: Dataset>(&'a self, unlabelled: impl Into<Unlabelled<'a, D>>) -> Adaptation<'a, D> {
        Adaptation {
            from: self,
            from_name: String::new(),
            begun_with: None,
            unlabelled: unlabelled.into(),
            clean: None,
            keeps_clean: true,
            mechanisms: None,
            configure: Vec::new(),
            dreams: None,
            guard: true,
            seed: 0,
            observer: None,
            command: None,
        }
    }
}

impl<'a, D: Dataset> From<&'a D> for Unlabelled<'a, D> {
    fn from(data: &'a D) -> Self {
        Self::whole(data)
    }
}

/// Verdicts with the index of each example in the data's file.
type Verdicts = Vec<(usize, Verdict)>;

/// A change of the settings.
type Configure<'a> = Box<dyn FnOnce(&mut AdaptConfig) + 'a>;

/// An adaptation that is being prepared.
pub struct Adaptation<'a, D: Dataset> {
    from: &'a Cama,
    from_name: String,
    begun_with: Option<&'a Cama>,
    unlabelled: Unlabelled<'a, D>,
    clean: Option<&'a D>,
    keeps_clean: bool,
    mechanisms: Option<Vec<MechanismConfig>>,
    configure: Vec<Configure<'a>>,
    dreams: Option<DreamConfig>,
    guard: bool,
    seed: u64,
    observer: Option<&'a mut Observer<'a>>,
    command: Option<String>,
}

impl<'a, D: Dataset> Adaptation<'a, D> {
    /// Clean, labelled examples that keep the model right on clean data; those that were
    /// [kept with the model](Cama::clean_examples) unless given.
    pub fn clean(mut self, clean: &'a D) -> Self {
        self.clean = Some(clean);
        self
    }

    /// Without any clean examples: nothing then validates that the model is as right on clean data as before.
    pub fn without_clean(mut self) -> Self {
        (self.clean, self.keeps_clean) = (None, false);
        self
    }

    /// The data is the next of a stream, data sets in order of time, that began with this model: as it was trained, before
    /// the first of them was adapted to.
    ///
    /// What is inferred of m starts from what it was of the last data set of which something was kept, and is kept if that is
    /// better than the beginning; if nothing is, the model predicts again as the one that the stream began
    /// with. Nothing grows with the stream but the list of adaptations in the [`card`](Cama::card).
    ///
    /// ```
    /// # fn stream(trained: &cama::Cama, batches: &[cama::data::Images]) -> cama::Result<()> {
    /// let mut last = trained.clone();
    /// for batch in batches {
    ///     last = last.adapt(batch).stream(trained).run()?;
    ///     println!("{:?}", last.report().expect("it was just adapted").outcome);
    ///     let classes = last.predict(batch)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream(mut self, begun_with: &'a Cama) -> Self {
        self.begun_with = Some(begun_with);
        self
    }

    /// What the world may have done; the model's own mechanisms unless given. Those that the model has already keep
    /// their weights if their settings are the same, others are attached.
    pub fn mechanisms(mut self, mechanisms: impl IntoIterator<Item = MechanismConfig>) -> Self {
        self.mechanisms = Some(mechanisms.into_iter().collect());
        self
    }

    /// Changes settings; they are checked before anything is done.
    pub fn configure(mut self, change: impl FnOnce(&mut AdaptConfig) + 'a) -> Self {
        self.configure.push(Box::new(change));
        self
    }

    /// How to dream of mechanisms that q2 does not know yet.
    pub fn dreams(mut self, dreams: DreamConfig) -> Self {
        self.dreams = Some(dreams);
        self
    }

    /// Without the guard, the best state is kept even if what it restores is not explained, or is harder to classify, and
    /// the adapted model has no guard: its predictions restore everything.
    pub fn guard(mut self, guard: bool) -> Self {
        self.guard = guard;
        self
    }

    /// Where all randomness comes from; 0 unless given.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sees every step and every notice, and can stop the adaptation.
    pub fn observer(mut self, observer: &'a mut Observer<'a>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// What the model is called that it starts from, and the command that adapts it, for the card.
    pub fn provenance(mut self, from: impl Into<String>, command: impl Into<String>) -> Self {
        (self.from_name, self.command) = (from.into(), Some(command.into()));
        self
    }

    /// Adapts: attaches mechanisms, lets q2 dream of those that it does not know, climbs Eq. 8, and keeps the best state,
    /// or rolls back. The report is [`Cama::report`].
    ///
    /// # Errors
    ///
    /// If the data does not fit, a setting is not allowed, the model has no mechanism, numbers diverge before any state was
    /// worth keeping, or the observer stops it.
    pub fn run(mut self) -> Result<Cama> {
        let mut config = AdaptConfig::for_data(&self.from.model.config().data);
        self.configure.drain(..).for_each(|change| change(&mut config));
        let config = config.check()?;
        let first = self.begun_with.unwrap_or(self.from);
        check_begun(first, self.from)?;
        let seeds = Seeds::new(self.seed);
        let mut nobody = silent;
        let observer: &mut Observer = match self.observer.take() {
            Some(observer) => observer,
            None => &mut nobody,
        };
        self.warn_of_no_guard(observer)?;
        let kept = match self.clean.is_none() && self.keeps_clean {
            true => self.from.clean_like(self.unlabelled.subsample)?,
            false => None,
        };
        let clean = self.clean.or(kept.as_ref());
        let mut start = self.from.clone();
        self.attach_and_dream(&mut start, clean, seeds, observer)?;
        let previous = self.previous(first, seeds);
        let adapted = adapt(&start.model, self.unlabelled, clean, &config, previous, seeds.adapt, observer)?;
        self.assemble(start, first, adapted)
    }

    /// Says if nothing will tell whether what is found explains the data.
    fn warn_of_no_guard(&self, observer: &mut Observer) -> Result<()> {
        if !self.guard || self.from.guard.is_some() {
            return Ok(());
        }
        let notice = match self.from.model.factor() {
            None => {
                "the model has no guard, as it was trained on too few examples for one: nothing tells whether what is found \
                 explains the data, and prediction then restores all of it; evaluate it on labelled data"
            }
            Some(_) => {
                "the model has no guard, as it was trained on too few examples for one: nothing was rehearsed, and the usual \
                 thresholds decide what is kept; evaluate it on labelled data"
            }
        };
        match observer(Event::Notice(notice)).is_break() {
            true => Err(Error::Interrupted("nothing of the adaptation was kept".into())),
            false => Ok(()),
        }
    }

    /// What decided before, and decides which state is better.
    fn previous<'b>(&self, first: &'b Cama, seeds: Seeds) -> Previous<'b> {
        let decider = first.decider();
        let guard = decider.guard.filter(|_| self.guard);
        let mut thresholds = decider.thresholds;
        if !self.guard {
            thresholds.gain = f64::NEG_INFINITY;
        }
        let decider = Decider { guard, thresholds, ..decider };
        // Mechanisms that the beginning has and that were not asked for are not tried; a factor model has but one kind.
        let of_first = |asked: &Vec<MechanismConfig>| *asked == first.model.config().mechanisms;
        let may_begin = self.from.model.factor().is_some() || self.mechanisms.as_ref().is_none_or(of_first);
        let begins_stream = may_begin && self.begins_stream(first);
        Previous { decider, m: first.card.m, begins_stream, seed: seeds.predict }
    }

    /// Whether an earlier data set of a stream was adapted to since `first`.
    fn begins_stream(&self, first: &Cama) -> bool {
        let met = self.from.card.adaptations.get(first.card.adaptations.len()..).unwrap_or_default();
        self.begun_with.is_some() && met.iter().any(|entry| entry.report.outcome != Outcome::RolledBack)
    }

    /// The adapted model, or what `first` was, with what the guard makes of the data.
    fn assemble(&self, start: Cama, first: &Cama, adapted: Adapted) -> Result<Cama> {
        let card = match adapted.report.outcome {
            Outcome::Adapted | Outcome::AdaptedForSome => {
                let inferred = start.model.config().inferred_m;
                let m = if start.model.factor().is_some() { M::Global } else { inferred };
                Card { m, ..start.card.clone() }
            }
            Outcome::RolledBack => Card { m: first.card.m, ..self.from.card.clone() },
        };
        let card = self.record(card, &adapted);
        let (verdicts, verdict_names) = self.named(&adapted)?;
        let rolled_back = adapted.report.outcome == Outcome::RolledBack;
        let unguarded = !self.guard && !rolled_back;
        let guard = first.guard.filter(|_| !unguarded);
        let surveyed = if rolled_back { first.surveyed } else { None };
        // With do(m = 0) no part that depends on M has a say: what was found of earlier data is kept for the next.
        let model = match rolled_back && self.begins_stream(first) && first.card.m == M::Null {
            true => self.from.model.clone(),
            false => adapted.model,
        };
        let outliers = if rolled_back { first.outliers.clone() } else { adapted.outliers.map(Arc::new) };
        let mut cama = Cama { model, guard, card, surveyed, outliers, verdicts, verdict_names, ..start };
        if cama.surveyed.is_none() {
            let spread = self.unlabelled.spread;
            let mut predictor = cama.predictor();
            // Other samples of z than those by which it was kept do not take it back; the examples are the same.
            predictor.decider.adapted_to = (!rolled_back).then_some(usize::MAX);
            cama.surveyed = predictor.informed(spread)?.surveyed(spread.len());
        }
        Ok(cama)
    }

    /// Gives the model its mechanisms, and lets q2 dream if it does not know all of the explicit ones yet.
    fn attach_and_dream(
        &self,
        start: &mut Cama,
        clean: Option<&D>,
        seeds: Seeds,
        observer: &mut Observer,
    ) -> Result<()> {
        let present = start.model.config().mechanisms.clone();
        let dreams = self.dreams.clone().unwrap_or_default().check()?;
        let mut mechanisms = self.mechanisms.clone().unwrap_or_else(|| present.clone());
        mechanisms.iter_mut().filter(|m| !present.contains(m)).for_each(|m| m.limit_dreams(dreams.steps));
        let new = || mechanisms.iter().filter(|m| !present.contains(m));
        // What infers m has learnt to, from dreams or from manipulated data; to dream would overwrite that.
        let learnt = start.card.dream_steps > 0 || (start.card.m != M::Null && self.dreams.is_none());
        let of_m = |m: &MechanismConfig| m.is_explicit() && m.is_of_m();
        let unknown = new().any(of_m) || !learnt;
        start.model = start.model.clone().attach(&mechanisms, seeds.attach)?;
        // A factor model asks no q2.
        let asked = start.model.factor().is_none();
        let dreams_of_m = asked && dreams.steps > 0 && unknown && mechanisms.iter().any(of_m);
        let dreams_of_field = new().any(|m| !m.is_of_m());
        if !dreams_of_m && !dreams_of_field {
            return Ok(());
        }
        let Some(clean) = clean else {
            let notice =
                "there is no clean data to dream of: what infers manipulations starts from what it knows";
            return match observer(Event::Notice(notice)).is_break() {
                true => Err(Error::Interrupted("nothing of the adaptation was kept".into())),
                false => Ok(()),
            };
        };
        if dreams_of_m {
            start.model = dream(start.model.clone(), clean, &dreams, seeds.dream, observer)?;
            start.card.dream_steps += dreams.steps;
        }
        if dreams_of_field {
            let model = dream_field(start.model.clone(), clean, dreams.off, seeds.field, observer)?;
            start.model = with_doubt(model, clean, seeds.field)?;
        }
        Ok(())
    }

    /// The verdicts with the index of each example in the data's file, and what the examples are called.
    fn named(&self, adapted: &Adapted) -> Result<(Verdicts, Option<Names>)> {
        if adapted.verdicts.is_empty() {
            return Ok((Vec::new(), None));
        }
        let mut indices = Vec::with_capacity(adapted.verdicts.len());
        let mut names: Option<Names> = None;
        if self.from.model.config().data.table().is_some() {
            self.unlabelled.all.for_each(&mut |part| {
                indices.extend((0..part.len()).map(|i| part.index(i)));
                match (&mut names, part.names()) {
                    (Some(all), Some(more)) => all.append(more),
                    (all, first) => *all = first.cloned(),
                }
                Ok(())
            })?;
        } else {
            indices.extend(0..adapted.verdicts.len());
            names = self.unlabelled.all.names();
        }
        let verdicts = indices.into_iter().zip(adapted.verdicts.iter().copied()).collect();
        Ok((verdicts, names.filter(|names| names.len() == adapted.verdicts.len())))
    }

    fn record(&self, mut card: Card, adapted: &Adapted) -> Card {
        // One command goes through a whole stream.
        if self.command.as_ref() != card.commands.last() {
            card.commands.extend(self.command.clone());
        }
        card.adaptations.push(CardEntry {
            from: self.from_name.clone(),
            on: self.unlabelled.subsample.name().to_string(),
            seed: self.seed,
            report: adapted.report.clone(),
        });
        card
    }
}

/// Errors unless `first` is what the `last` model of a stream was adapted from.
fn check_begun(first: &Cama, last: &Cama) -> Result<()> {
    let bare = |cama: &Cama| ModelConfig {
        mechanisms: Vec::new(),
        prior_of_data: None,
        doubt: 0.0,
        ..cama.model.config().clone()
    };
    let trained = |cama: &Cama| (cama.card.data.clone(), cama.card.seed, cama.card.history.clone());
    if bare(first) == bare(last) && trained(first) == trained(last) && first.schema == last.schema {
        return Ok(());
    }
    let what = "the stream began with a model of another training: give the one that its first data set was adapted from";
    Err(Error::Mismatch(what.into()))
}
