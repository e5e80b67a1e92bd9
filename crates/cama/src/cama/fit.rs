//! From clean, labelled data to a classifier: dreams, training, the direct classifier, the guard, the card.

use std::path::PathBuf;

use burn::tensor::Device;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::config::FitConfig;
use super::generator::Made;
use super::identity;
use super::{Cama, Card};
use crate::adapt::Rehearsal;
use crate::checkpoint::Checkpoints;
use crate::classifier::{Classifier, DirectClassifier, fit_direct};
use crate::data::Dataset;
use crate::decide::{Decider, Guard, TEMPERATURE, fit_temperature};
use crate::dream::dream;
use crate::mechanism::MechanismConfig;
use crate::model::{DeepCama, M};
use crate::progress::{Event, Observer, silent};
use crate::seeds::Seeds;
use crate::train::{Augmentation, Split, Trained, train};
use crate::{Checked, Config, Error, Result};

/// Samples of z for each class when the temperature is fitted.
const TEMPERATURE_SAMPLES: usize = 4;

impl Cama {
    /// Prepares a fit to clean, labelled examples: images, or rows of a table.
    pub fn builder<D: Dataset>(clean: &D) -> Builder<'_, D> {
        Builder {
            clean,
            preset: "fast".into(),
            mechanisms: None,
            configure: Vec::new(),
            augmentation: None,
            seed: 0,
            device: Device::flex(),
            checkpoints: None,
            observer: None,
            command: None,
        }
    }
}

/// A change of the settings.
type Configure<'a, C> = Box<dyn FnOnce(&mut C) + 'a>;

/// A fit that is being prepared.
pub struct Builder<'a, D: Dataset> {
    clean: &'a D,
    preset: String,
    mechanisms: Option<Vec<MechanismConfig>>,
    configure: Vec<Configure<'a, FitConfig>>,
    augmentation: Option<&'a Augmentation<D>>,
    seed: u64,
    device: Device,
    checkpoints: Option<PathBuf>,
    observer: Option<&'a mut Observer<'a>>,
    command: Option<String>,
}

impl<'a, D: Dataset> Builder<'a, D> {
    /// Where settings come from that nothing else changes: `fast`, unless given, or `paper`.
    pub fn preset(mut self, name: &str) -> Self {
        self.preset = name.into();
        self
    }

    /// What the world may do; the preset's unless given.
    pub fn mechanisms(mut self, mechanisms: impl IntoIterator<Item = MechanismConfig>) -> Self {
        self.mechanisms = Some(mechanisms.into_iter().collect());
        self
    }

    /// Changes settings of the preset; they are checked before anything is fitted.
    pub fn configure(mut self, change: impl FnOnce(&mut FitConfig) + 'a) -> Self {
        self.configure.push(Box::new(change));
        self
    }

    /// Trains on manipulated data, too (Eq. 5).
    pub fn manipulated(mut self, augmentation: &'a Augmentation<D>) -> Self {
        self.augmentation = Some(augmentation);
        self
    }

    /// Where all randomness comes from; 0 unless given.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Where tensors live; the CPU unless given. See [`device`](crate::device()).
    pub fn device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// Keeps the state after each epoch of training in this folder, and resumes from the newest that is there, if it is
    /// one of the same data, settings and seed. The folder is removed by whoever has saved the model.
    pub fn checkpoints(mut self, folder: impl Into<PathBuf>) -> Self {
        self.checkpoints = Some(folder.into());
        self
    }

    /// Sees every step, every epoch and every notice, and can stop the fit.
    pub fn observer(mut self, observer: &'a mut Observer<'a>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// The command that makes it, for the card.
    pub fn command(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }

    /// The settings, checked; what [`fit`](Self::fit) would use.
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit), where it concerns settings.
    fn config(&mut self) -> Result<Checked<FitConfig>> {
        let mut config = FitConfig::preset(&self.preset, self.clean)?;
        if let Some(mechanisms) = self.mechanisms.take() {
            config.model.mechanisms = mechanisms;
        }
        self.configure.drain(..).for_each(|change| change(&mut config));
        config.check()
    }

    /// Fits: dreams of clean data, trains, fits the direct classifier and its temperature, and the guard.
    ///
    /// # Errors
    ///
    /// If the data has no labels or one class only, a setting is not allowed, numbers diverge, a checkpoint cannot be
    /// written or is of another run, or the observer stops it.
    pub fn fit(mut self) -> Result<Cama> {
        let config = self.config()?;
        let seeds = Seeds::new(self.seed);
        let run = || identity::of_run(self.clean, self.augmentation, &config, self.seed);
        let checkpoints = self.checkpoints.as_ref().map(|folder| Checkpoints::new(folder, run()));
        let mut nobody = silent;
        let observer: &mut Observer = match self.observer {
            Some(observer) => observer,
            None => &mut nobody,
        };
        let split = Split::new(self.clean, &config.train, seeds.train)?;
        let fit = Fitting { split: &split, config: &config, seeds, checkpoints: checkpoints.as_ref() };
        let made = fit.generator(self.clean, self.augmentation, &self.device, observer)?;
        let Made { trained, held_out } = made;
        let (direct, temperature) = fit.direct(&trained.model, observer)?;
        let guard = fit.guard(&trained.model, direct.as_ref(), observer)?;
        let explicit = trained.model.mechanisms().is_some_and(|m| m.explicit().contains(&true));
        // With a known m, q2 is not asked and learns nothing.
        let infers = !matches!(self.augmentation, None | Some(Augmentation::Mechanisms));
        let card = Card {
            classes: self.clean.classes().to_vec(),
            m: if infers { M::Mean } else { M::Null },
            data: self.clean.name().to_string(),
            manipulated: self.augmentation.map(described),
            seed: self.seed,
            preset: self.preset,
            commands: self.command.into_iter().collect(),
            dream_steps: if explicit && trained.model.factor().is_none() { config.dream.steps } else { 0 },
            held_out,
            history: trained.history,
            adaptations: Vec::new(),
        };
        let schema = self.clean.table_schema().cloned();
        let model = trained.model;
        let (rehearsal, verdicts) = (Rehearsal::default(), Vec::new());
        Ok(Cama { model, schema, direct, temperature, guard, rehearsal, card, verdicts })
    }
}

/// What all parts of a fit share.
pub(super) struct Fitting<'a, D> {
    pub split: &'a Split<D>,
    pub config: &'a FitConfig,
    pub seeds: Seeds,
    checkpoints: Option<&'a Checkpoints>,
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
        }
        let (seed, checkpoints) = (self.seeds.train, self.checkpoints);
        match train(model, self.split, augmentation, &config.check()?, seed, checkpoints, observer) {
            Ok(Trained { history, stopped: true, .. }) => {
                Err(Error::Interrupted(match self.has_checkpoint() {
                    true => format!("{} of {} epochs are kept{}", history.len(), config.epochs, self.place()),
                    false => "nothing was kept".into(),
                }))
            }
            Err(Error::Diverged(what)) if self.has_checkpoint() => {
                Err(Error::Diverged(format!("{what}; the last good checkpoint is kept{}", self.place())))
            }
            other => other,
        }
    }

    /// The direct classifier, if one is wanted, and T of its product with Bayes' rule.
    fn direct(&self, model: &DeepCama, observer: &mut Observer) -> Result<(Option<DirectClassifier>, f64)> {
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
    fn guard(
        &self,
        model: &DeepCama,
        direct: Option<&DirectClassifier>,
        observer: &mut Observer,
    ) -> Result<Option<Guard>> {
        let validation = &self.split.validation;
        if validation.len() < Guard::LEAST_CLEAN {
            let notice = format!(
                "the validation set has {} {}s: too few for a guard, which needs {} to learn what it is to be explained; \
                 everything will be restored unguarded",
                validation.len(),
                model.config().data.noun(),
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

    fn has_checkpoint(&self) -> bool {
        self.checkpoints.is_some_and(Checkpoints::exist)
    }

    fn place(&self) -> String {
        self.checkpoints.map_or(String::new(), |kept| format!(" in {}", kept.folder().display()))
    }
}

fn described<D: Dataset>(augmentation: &Augmentation<D>) -> String {
    match augmentation {
        Augmentation::Manipulations(all) => {
            all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        Augmentation::Data(data) => data.name().to_string(),
        Augmentation::Mechanisms => "the model's own mechanisms, known".into(),
    }
}
