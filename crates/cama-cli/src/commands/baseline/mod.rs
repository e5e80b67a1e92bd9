//! Baselines for the commands: trained, or read from where they were kept; and `cama baseline`, which keeps them.

mod make;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use cama::data::Dataset;
use cama::{Cama, Config, Error, Event, is_model_folder};
use cama_eval::baseline::{BASELINES, Baseline, BaselineSpec};

use super::load_model;
use crate::flags::EvaluateFlags;
use crate::interrupt::Graceful;
use crate::progress::Reporter;
use crate::session::Session;
use crate::source::{Source, Wanted, found, training_spec};

pub use make::run;

/// A baseline with what it is called in tables.
pub struct Named {
    /// The specification, or of one that was kept its name, or its folder if others share that name.
    pub name: String,
    /// Ready to predict.
    pub baseline: Baseline,
    /// Whether it is judged.
    pub judged: bool,
    /// Whether the adversarial examples made on it are tried on all.
    pub transfers: bool,
}

/// What marks one whose adversarial examples are tried on all.
const TRANSFER: &str = "transfer:";

/// What `--against` and `--baseline` ask for, checked as far as it can be without data.
pub struct Against {
    asked: Vec<Request>,
    /// Folders of models whose adversarial examples are tried on all.
    models: Vec<PathBuf>,
}

/// What one is wanted for.
struct Request {
    asked: Asked,
    judged: bool,
    transfers: bool,
}

enum Asked {
    /// To be trained; as it is written.
    Spec(String, BaselineSpec),
    /// Read from its folder.
    Kept(PathBuf, Box<Baseline>),
}

impl Asked {
    /// Whether they are the same, by what the user wrote.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Spec(one, _), Self::Spec(other, _)) => one == other,
            (Self::Kept(one, _), Self::Kept(other, _)) => one == other,
            _ => false,
        }
    }
}

/// Adds one; asked for both, to be judged and to transfer attacks, it is there once.
fn add(all: &mut Vec<Request>, asked: Asked, transfers: bool) {
    match all.iter_mut().find(|wanted| wanted.asked.is(&asked) && wanted.transfers != transfers) {
        Some(wanted) => (wanted.judged, wanted.transfers) = (true, true),
        None => all.push(Request { asked, judged: !transfers, transfers }),
    }
}

impl Against {
    /// Reads the specifications, and the folders.
    ///
    /// # Errors
    ///
    /// If a name is unknown, a folder cannot be used, or attacks are to be transferred and there are none.
    pub fn read(flags: &EvaluateFlags) -> cama::Result<Self> {
        let kept = |folder: &Path| Ok(Asked::Kept(folder.into(), Box::new(Baseline::load(folder)?)));
        let ask = |spec: &str| match Path::new(spec) {
            folder if folder.is_dir() && !BASELINES.contains(&spec) => kept(folder),
            folder if Baseline::is_in(folder) => kept(folder),
            _ => Ok(Asked::Spec(spec.into(), BaselineSpec::parse(spec)?)),
        };
        let mut all: Vec<Request> = Vec::new();
        let mut models = Vec::new();
        for spec in &flags.against {
            let (asked, transfers) = match spec.strip_prefix(TRANSFER) {
                Some(_) if flags.attack.attack.is_empty() => {
                    let problem = "there is nothing to transfer without --attack";
                    return Err(Error::spec("baseline", spec, problem));
                }
                Some(folder) if is_model_folder(Path::new(folder)) => {
                    models.push(folder.into());
                    continue;
                }
                Some(spec) => (ask(spec)?, true),
                None => (ask(spec)?, false),
            };
            add(&mut all, asked, transfers);
        }
        for folder in &flags.baseline {
            add(&mut all, kept(folder)?, false);
        }
        Ok(Self { asked: all, models })
    }

    /// The models whose adversarial examples are tried on all, each with what it is called: `model`, or its folder if there
    /// are several.
    ///
    /// # Errors
    ///
    /// If one cannot be read.
    pub fn models(&self, session: &Session) -> cama::Result<Vec<(String, Cama)>> {
        let named = |folder: &PathBuf| match self.models.len() {
            1 => "model".to_string(),
            _ => folder.display().to_string(),
        };
        self.models.iter().map(|folder| Ok((named(folder), load_model(folder, session)?))).collect()
    }

    /// The first that was kept.
    pub fn kept(&self) -> Option<&Baseline> {
        self.asked.iter().find_map(|wanted| match &wanted.asked {
            Asked::Kept(_, baseline) => Some(&**baseline),
            Asked::Spec(..) => None,
        })
    }

    /// The baselines; those that are not kept are trained on the model's own training data.
    ///
    /// # Errors
    ///
    /// If that data is gone, does not fit the model any more, or cannot be manipulated so; or if there is no model.
    pub fn open<D: Source>(
        self,
        flags: &EvaluateFlags,
        cama: Option<&Cama>,
        session: &Session,
    ) -> cama::Result<Vec<Named>> {
        let mut data = None;
        let mut all = Vec::new();
        let mut folders = Vec::new();
        for Request { asked, judged, transfers } in self.asked {
            let (name, baseline, folder) = match asked {
                Asked::Kept(folder, baseline) => (baseline.name().into(), *baseline, Some(folder)),
                Asked::Spec(name, spec) => {
                    let data = match &data {
                        Some(data) => data,
                        None => data.insert(training_data::<D>(flags, cama, session)?),
                    };
                    check_quick(&name, &spec, data)?;
                    session.say(format!("training {name} on {}", data.name()));
                    let mut reporter = Reporter::new(session);
                    let baseline = trained(&spec, data, session, |event| reporter.observe(event))?;
                    (name, baseline, None)
                }
            };
            all.push(Named { name, baseline, judged, transfers });
            folders.push(folder);
        }
        let names: Vec<String> = all.iter().map(|named| named.name.clone()).collect();
        for (named, folder) in all.iter_mut().zip(folders) {
            let shared = names.iter().filter(|name| **name == named.name).count() > 1;
            if let Some(folder) = folder.filter(|_| shared) {
                named.name = folder.display().to_string();
            }
        }
        Ok(all)
    }
}

/// The training data of the model that was given.
fn training_data<D: Source>(
    flags: &EvaluateFlags,
    cama: Option<&Cama>,
    session: &Session,
) -> cama::Result<D> {
    let (Some(folder), Some(cama)) = (&flags.model, cama) else {
        let problem = "trains on a model's training data: give --model, or folders by --baseline";
        return Err(Error::spec("flag", "--against", problem));
    };
    let reading = &flags.reading.of_training_data();
    let wanted = |spec| Wanted { spec, labelled: true, manipulate: None, cama, reading, session };
    training_spec(cama.card()).and_then(|_| D::load(&wanted(found(cama.card())))).map_err(|error| {
        Error::data(
            folder,
            format!("the model's training data, which --against trains on, cannot be used: {error}"),
            "put it back in its place, or leave --against out",
        )
    })
}

/// A baseline as it was specified, trained on `data`; the same for whoever trains it.
fn trained<D: Dataset>(
    spec: &BaselineSpec,
    data: &D,
    session: &Session,
    mut observe: impl FnMut(Event) -> ControlFlow<()>,
) -> cama::Result<Baseline> {
    let _graceful = Graceful::begin();
    let manipulations: Vec<D::Manipulation> = spec.read()?;
    Baseline::fit_manipulated(
        &spec.config.check()?,
        data,
        &manipulations,
        session.seeds.baseline,
        &mut observe,
    )
}

/// Examples times classes of which boosting takes ten minutes at most on two cores: a tree for every class and round reads all of
/// them.
const MOST_BOOSTED: usize = 1_000_000;

/// Errors if a baseline would take much longer to train than everything else that is asked for.
fn check_quick<D: Dataset>(name: &str, spec: &BaselineSpec, data: &D) -> cama::Result<()> {
    let (examples, classes) = (data.len(), data.classes().len());
    if spec.config.is_network() || examples.saturating_mul(classes) <= MOST_BOOSTED {
        return Ok(());
    }
    let problem = format!(
        "boosting trees of {classes} classes on {examples} examples takes more than minutes; train it on a part of them by \
         `cama baseline --kind trees --data '{}[..{}]' --out DIR`, and give DIR",
        data.name(),
        MOST_BOOSTED / classes
    );
    Err(Error::spec("baseline", name, problem))
}
