//! The parts of a fit: training, the direct classifier, the guard, rehearsal.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::config::FitConfig;
use crate::adapt::{Rehearsal, Rehearsed, Rehearsing};
use crate::checkpoint::Checkpoints;
use crate::classifier::{Classifier, DirectClassifier, fit_direct};
use crate::data::Dataset;
use crate::decide::{Decider, Guard, TEMPERATURE, Tempering, fit_temperature, with_doubt};
use crate::dream::{dream, dream_field};
use crate::model::DeepCama;
use crate::progress::{Event, Observer};
use crate::seeds::Seeds;
use crate::train::{Augmentation, Split, Trained, train};
use crate::{Config, Error, Result};

/// Samples of z for each class when the temperature is fitted.
const TEMPERATURE_SAMPLES: usize = 4;

/// What all parts of a fit share.
pub(super) struct Fitting<'a, D> {
    pub split: &'a Split<D>,
    pub config: &'a FitConfig,
    pub seeds: Seeds,
    pub checkpoints: Option<&'a Checkpoints>,
}

impl<D: Dataset> Fitting<'_, D> {
    /// Dreams, and trains.
    pub fn train(
        &self,
        mut model: DeepCama,
        clean: &D,
        augmentation: Option<&Augmentation<D>>,
        observer: &mut Observer,
    ) -> Result<Trained> {
        let FitConfig { train: config, dream: dreams, .. } = self.config;
        if !self.has_checkpoint() {
            // Dreams need the mechanisms and clean data alone. They come first, so that training with
            // manipulated data can go on from what q2 has dreamt; clean training leaves q2 as it is.
            model = dream(model, clean, &dreams.check()?, self.seeds.dream, observer)?;
            model = dream_field(model, clean, dreams.off, self.seeds.field, observer)?;
        }
        let (seed, checkpoints) = (self.seeds.train, self.checkpoints);
        match train(model, self.split, augmentation, &config.check()?, seed, checkpoints, observer) {
            Ok(Trained { history, stopped: true, .. }) => {
                Err(Error::Interrupted(match self.has_checkpoint() {
                    true => {
                        let done = history.last().map_or(0, |last| last.epoch);
                        format!("{done} of {} epochs are kept{}", config.epochs, self.place())
                    }
                    false => "nothing was kept".into(),
                }))
            }
            Err(Error::Diverged(what)) if self.has_checkpoint() => {
                Err(Error::Diverged(format!("{what}; the last good checkpoint is kept{}", self.place())))
            }
            other => other,
        }
    }

    /// The model with the doubt that fits its field, if it has one that has learnt anything.
    pub fn doubt(&self, model: DeepCama) -> Result<DeepCama> {
        with_doubt(model, &self.split.validation, self.seeds.field)
    }

    /// The direct classifier, if one is wanted, and T of its product with Bayes' rule.
    pub fn direct(
        &self,
        model: &DeepCama,
        observer: &mut Observer,
    ) -> Result<(Option<DirectClassifier>, f64)> {
        let config = &self.config.direct;
        if config.epochs == 0 {
            return Ok((None, TEMPERATURE));
        }
        let Split { learnt, validation } = self.split;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seeds.direct);
        let fitted = fit_direct(model, learnt, validation, &config.check()?, &mut rng, observer);
        let direct = fitted.map_err(|error| match error {
            Error::Interrupted(_) if self.has_checkpoint() => {
                Error::Interrupted(format!("all epochs are kept{}", self.place()))
            }
            other => other,
        })?;
        let decider = Decider { direct: Some(&direct), ..Decider::bare(model) };
        let temperature = fit_temperature(&decider, validation, TEMPERATURE_SAMPLES, rng.random())?;
        Ok((Some(direct), temperature))
    }

    /// The guard, if there are examples enough.
    pub fn guard(
        &self,
        model: &DeepCama,
        direct: Option<&DirectClassifier>,
        observer: &mut Observer,
    ) -> Result<Option<Guard>> {
        let validation = &self.split.validation;
        if validation.len() < Guard::LEAST_CLEAN {
            let notice = format!(
                "the validation set has {}: too few for a guard, which needs {} to learn what it is to be explained; \
                 everything will be restored unguarded",
                model.config().data.counted(validation.len()),
                Guard::LEAST_CLEAN
            );
            if observer(Event::Notice(&notice)).is_break() {
                return Err(Error::Interrupted("nothing was kept".into()));
            }
            return Ok(None);
        }
        let direct = direct.map(|direct| direct as &dyn Classifier);
        Guard::fit(model, direct, validation, self.seeds.guard).map(Some)
    }

    /// Damages clean examples on purpose, to learn from where on to restore; nothing without a guard. Of fewer rows of a table
    /// than a guard needs, little tells how good Bayes' rule is, and the product decides, with T as it was fitted.
    pub fn rehearse(
        &self,
        model: &DeepCama,
        direct: Option<&DirectClassifier>,
        guard: Option<&Guard>,
        temperature: f64,
    ) -> Result<Rehearsed> {
        let Some(guard) = guard.filter(|_| model.infers()) else {
            let few_rows = guard.is_none() && direct.is_some() && model.config().data.table().is_some();
            let product = few_rows.then_some((temperature, Tempering::CONSTANT));
            return Ok(Rehearsed { product, rehearsal: Rehearsal::default() });
        };
        let direct = direct.map(|direct| direct as &dyn Classifier);
        let decider = Decider { direct, temperature, guard: Some(guard), ..Decider::bare(model) };
        Rehearsing { decider, guard, clean: &self.split.validation, seed: self.seeds.guard, see: None }.run()
    }

    fn has_checkpoint(&self) -> bool {
        self.checkpoints.is_some_and(Checkpoints::exist)
    }

    fn place(&self) -> String {
        self.checkpoints.map_or(String::new(), |kept| format!(" in {}", kept.folder().display()))
    }
}
