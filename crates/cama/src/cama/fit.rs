//! From clean, labelled data to a classifier: dreams, training, the direct classifier, the guard, the card.

use std::path::PathBuf;
use std::sync::Arc;

use burn::tensor::Device;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::config::FitConfig;
use super::fitting::Fitting;
use super::generator::Made;
use super::identity;
use super::{Cama, Card};
use crate::adapt::Rehearsed;
use crate::checkpoint::Checkpoints;
use crate::data::{Dataset, Fingerprint, KeptExamples, shuffled};
use crate::mechanism::MechanismConfig;
use crate::model::M;
use crate::progress::{Event, Observer, silent};
use crate::seeds::Seeds;
use crate::train::{Augmentation, Split, Trained};
use crate::{Checked, Config, Error, Result};

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
        let preset = FitConfig::preset(&self.preset, self.clean)?;
        let mut config = preset.clone();
        if let Some(mechanisms) = self.mechanisms.take() {
            config.model.mechanisms = mechanisms;
        }
        self.configure.drain(..).for_each(|change| change(&mut config));
        config.obeyed(&preset).check()
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
        let trained = Trained { model: fit.doubt(trained.model)?, ..trained };
        let (direct, temperature) = fit.direct(&trained.model, observer)?;
        let guard = fit.guard(&trained.model, direct.as_ref(), observer)?;
        let Rehearsed { product, rehearsal } =
            fit.rehearse(&trained.model, direct.as_ref(), guard.as_ref(), temperature)?;
        let (temperature, tempering) = match product {
            Some((temperature, tempering)) => (temperature, Some(tempering)),
            None => (temperature, None),
        };
        let explicit = trained.model.mechanisms().is_some_and(|m| m.explicit().contains(&true));
        // With a known m, q2 is not asked and learns nothing.
        let infers = !matches!(self.augmentation, None | Some(Augmentation::Mechanisms));
        let card = Card {
            classes: self.clean.classes().to_vec(),
            m: if infers { config.model.inferred_m } else { M::Null },
            data: self.clean.name().to_string(),
            location: None,
            relative: None,
            fingerprint: Some(Fingerprint::of(self.clean).to_string()),
            understood: Vec::new(),
            preparation: None,
            manipulated: self.augmentation.map(described),
            seed: self.seed,
            preset: self.preset,
            commands: self.command.into_iter().collect(),
            dream_steps: if explicit && trained.model.factor().is_none() { config.dream.steps } else { 0 },
            held_out,
            history: trained.history,
            kept_epoch: trained.kept,
            adaptations: Vec::new(),
        };
        // What names the rows of the training data is none of the model's.
        let schema = self.clean.table_schema().map(|schema| schema.clone().with_key(None));
        let bare = Cama::bare(trained.model);
        let clean = kept(self.clean, config.keep, seeds.keep).map(Arc::new);
        let cama = Cama { schema, direct, temperature, tempering, guard, rehearsal, card, clean, ..bare };
        match cama.guesses(&split.validation)? {
            Some(notice) if observer(Event::Notice(&notice)).is_break() => {
                Err(Error::Interrupted("nothing was kept".into()))
            }
            _ => Ok(cama),
        }
    }
}

/// The most values that are kept: 16 MiB, of pixels that are bytes 4 MiB.
const MOST_VALUES: usize = 1 << 22;

/// At most so many random examples of clean data, fewer where they are large.
fn kept<D: Dataset>(clean: &D, most: usize, seed: u64) -> Option<KeptExamples> {
    let each = clean.bytes_each() / size_of::<f32>();
    let wanted = most.min(MOST_VALUES / each.max(1));
    let mut drawn = shuffled(clean.len(), &mut ChaCha8Rng::seed_from_u64(seed));
    drawn.truncate(wanted);
    // In their order, which tells nothing of the draw.
    drawn.sort_unstable();
    (!drawn.is_empty()).then(|| clean.to_kept(&drawn)).flatten()
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
