//! `cama train`: from labelled data to a model folder.

use std::path::Path;

use cama::data::manipulation::Sweepable;
use cama::data::table::Schema;
use cama::data::{Dataset, ImageOptions, Images, Preparation, path_and_range};
use cama::{
    Augmentation, Builder, CLEAN_EXAMPLES, Cama, Card, Checkpoints, Config, Error, Event, FitConfig,
    ModelConfig, PredictConfig, predict,
};
use cama_eval::Score;

use super::log::{LOG, Log};
use super::{labelled, refuse_table, understood};
use crate::flags::{TrainFlags, WrittenFlags, refuse};
use crate::interrupt::Graceful;
use crate::output::{CHECKPOINTS, Output, holds_only};
use crate::progress::Reporter;
use crate::session::Session;
use crate::source::roles;

/// Trains and writes the model folder.
///
/// # Errors
///
/// If the input cannot be used, training diverges or is interrupted, or the folder cannot be written.
pub fn run(flags: &TrainFlags, session: &Session) -> anyhow::Result<()> {
    let out = match flags.resume {
        true => Output::folder(&flags.out, true)?,
        false => Output::model_folder(&flags.out, flags.force)?,
    };
    match roles(&flags.table)? {
        Some(roles) => {
            let (schema, rows, notices) = Schema::learn(&flags.data, &roles, &flags.table.options())?;
            session.notify(&flags.data, &notices);
            flags.pictures.refuse_for_tables()?;
            let read = |spec: &str| {
                let (rows, notices) = schema.read(spec, true)?;
                session.notify(spec, &notices);
                Ok(rows)
            };
            let understood = [vec![understood::of_table(&schema, &rows)], notices].concat();
            Run { understood, ..Run::new(flags, &rows, read, session)? }.carry_out(&out)
        }
        None => {
            let (images, preparation) = images(flags, session)?;
            let read = |spec: &str| like(spec, &images, preparation.as_ref(), flags, session);
            let run = Run::new(flags, &images, read, session)?;
            let understood = vec![understood::of_images(&images)];
            Run { preparation: preparation.clone(), understood, ..run }.carry_out(&out)
        }
    }
}

/// Trains on images without writing anything.
///
/// # Errors
///
/// As [`run`], less what has to do with files.
pub fn fit(flags: &TrainFlags, session: &Session) -> cama::Result<Cama> {
    let (images, preparation) = images(flags, session)?;
    let read = |spec: &str| like(spec, &images, preparation.as_ref(), flags, session);
    let run: Run<Images> = Run::new(flags, &images, read, session)?;
    Run { preparation: preparation.clone(), ..run }.fit(|builder| builder, None)
}

fn images(flags: &TrainFlags, session: &Session) -> cama::Result<(Images, Option<Preparation>)> {
    refuse_table(&flags.data)?;
    let WrittenFlags { missing_values, decimal } = &flags.table.written;
    let table_flags = [
        ("missing", flags.table.missing.is_some()),
        ("missing-values", missing_values.is_some()),
        ("decimal", decimal.is_some()),
    ];
    refuse("images", &table_flags)?;
    labelled(&flags.data, &flags.pictures.options(), session)
}

/// Other labelled images, read as `images` were.
fn like(
    spec: &str,
    images: &Images,
    preparation: Option<&Preparation>,
    flags: &TrainFlags,
    session: &Session,
) -> cama::Result<Images> {
    let mut options = preparation.map(ImageOptions::as_prepared).unwrap_or_default();
    options = options.naming(spec, [&flags.pictures.x, &flags.pictures.y]);
    Ok(labelled(spec, &options, session)?.0.among(images.classes()))
}

/// All that a training run needs, checked as far as it can be before anything is written.
struct Run<'a, D: Dataset> {
    flags: &'a TrainFlags,
    data: &'a D,
    augmentation: Option<Augmentation<D>>,
    test: Option<D>,
    config: FitConfig,
    /// What was done to the training images to make them alike.
    preparation: Option<Preparation>,
    /// What was understood of the data, in words.
    understood: Vec<String>,
    session: &'a Session,
}

impl<'a, D: Dataset> Run<'a, D> {
    /// A run on labelled `data`; `read` reads other labelled data like it.
    fn new(
        flags: &'a TrainFlags,
        data: &'a D,
        read: impl Fn(&str) -> cama::Result<D>,
        session: &'a Session,
    ) -> cama::Result<Self> {
        let config = flags.config(data)?.into_inner();
        let fitting = |spec: &String| {
            let other = read(spec)?;
            config.model.check_labelled(&other).map(|()| other)
        };
        let augmentation = match &flags.manipulated_data {
            Some(spec) => Some(Augmentation::Data(fitting(spec)?)),
            None if flags.manipulated_mechanisms => Some(Augmentation::Mechanisms),
            None if flags.manipulated.is_empty() => None,
            None => Some(Augmentation::Manipulations(parsed(&flags.manipulated)?)),
        };
        let test = flags.test.as_ref().map(fitting).transpose()?;
        session.detail(|| format!("{} with {config:?}", flags.data));
        Ok(Self {
            flags,
            data,
            augmentation,
            test,
            config,
            preparation: None,
            understood: Vec::new(),
            session,
        })
    }

    /// What large images do without, unless it is asked for.
    fn left_out(&self) -> Option<String> {
        let model = &self.config.model;
        let [_, height, width] = model.data.image()?;
        let usual = self.flags.model.mechanism.is_none()
            && model.mechanisms == ModelConfig::fast(model.data.clone(), model.classes).mechanisms;
        let has_field = model.mechanisms.iter().any(|mechanism| !mechanism.is_of_m());
        (usual && !has_field).then(|| {
            format!(
                "images of {height}×{width} pixels have no mechanism `field`, which takes longest to learn, unless `--mechanism \
                 affine,photometric,field` asks for it: what is done to parts of them, noise and blur are not undone"
            )
        })
    }

    fn carry_out(&self, out: &Output) -> anyhow::Result<()> {
        let (flags, session) = (self.flags, self.session);
        self.understood.iter().take(1).for_each(|line| session.say(format!("{}: {line}", flags.data)));
        self.left_out().into_iter().for_each(|line| session.say(line));
        let checkpoints = Checkpoints::new(out.path().join(CHECKPOINTS), "");
        let mut log = Log::new(out.path());
        if flags.resume {
            check_resumable(out, &checkpoints, session)?;
        } else {
            checkpoints.remove()?;
            log.remove()?;
        }
        let folder = checkpoints.folder().to_path_buf();
        let fitted = self.fit(|builder| builder.checkpoints(folder), Some(&mut log));
        let cama = fitted.map_err(|error| with_resume(error, checkpoints.exist()))?;
        let test = self.test(&cama)?;
        out.save(&cama)?;
        // A factor model without parents has no epochs. One with them keeps no checkpoints, so that the folder is there only
        // now.
        if !cama.card().history.is_empty() {
            log.finish(&cama.card().history)?;
        }
        checkpoints.remove()?;

        session.tell(format_args!("model       {}", out.path().display()));
        if let Some(kept) = cama.clean_examples() {
            let noun = cama.model().config().data.noun();
            session.tell(format_args!(
                "clean data  {} of {} {noun}s are kept in the model, {}",
                kept.len(),
                self.data.len(),
                kilobytes(&out.path().join(CLEAN_EXAMPLES))
            ));
        }
        if let Some(last) = cama.card().trained() {
            session.tell(format_args!(
                "validation  accuracy {:.4} (K=1), ELBO {:.2} nats",
                last.accuracy, last.elbo
            ));
        }
        if let (Some(score), Some(data)) = (test, &flags.test) {
            let noun = cama.model().config().data.noun();
            session.tell(format_args!(
                "test        accuracy {:.4} on {data} ({})",
                score.accuracy,
                understood::some(score.n, noun)
            ));
        }
        Ok(())
    }

    fn fit(
        &self,
        prepare: impl FnOnce(Builder<'_, D>) -> Builder<'_, D>,
        mut log: Option<&mut Log>,
    ) -> cama::Result<Cama> {
        let Self { flags, session, .. } = self;
        let _graceful = Graceful::begin();
        let mut reporter = Reporter::new(session).epochs(self.config.train.epochs);
        let mut observer = |event: Event| {
            if let (Event::Epoch(epoch), Some(log)) = (&event, &mut log) {
                log.add(epoch);
            }
            reporter.observe(event)
        };
        let config = self.config.clone();
        let mut builder = Cama::builder(self.data)
            .preset(&flags.model.preset)
            .configure(move |settings| *settings = config)
            .seed(session.seeds.given)
            .device(session.device.clone())
            .command(&session.command)
            .observer(&mut observer);
        if let Some(augmentation) = &self.augmentation {
            builder = builder.manipulated(augmentation);
        }
        let cama = prepare(builder).fit()?;
        let (location, preparation) = (located(&flags.data), self.preparation.clone());
        let card = Card { location, preparation, understood: self.understood.clone(), ..cama.card().clone() };
        Ok(cama.with_card(card))
    }

    /// How good the model is on the test data, if there is any.
    fn test(&self, cama: &Cama) -> cama::Result<Option<Score>> {
        let Some(test) = &self.test else { return Ok(None) };
        let config = PredictConfig { seed: self.session.seeds.predict, ..PredictConfig::default() };
        let predictions = predict(cama.model(), test, &config.check()?)?;
        Score::new(&predictions, test.labels().unwrap_or_default()).map(Some)
    }
}

/// A specification of data as it is found from any folder; nothing if it names no file.
pub fn located(spec: &str) -> Option<String> {
    let (path, range) = path_and_range(spec);
    let absolute = Path::new(path).canonicalize().ok()?;
    Some(format!("{}{range}", absolute.to_str()?))
}

/// The size of a file, in words.
fn kilobytes(path: &Path) -> String {
    let bytes = path.metadata().map_or(0, |file| file.len());
    format!("{} kB", bytes.div_ceil(1000))
}

fn parsed<M: Sweepable>(specs: &[String]) -> cama::Result<Vec<M>> {
    specs.iter().map(|spec| spec.parse()).collect()
}

/// With `--resume`, a run that has not begun begins, and one that has ended is an error.
fn check_resumable(out: &Output, checkpoints: &Checkpoints, session: &Session) -> cama::Result<()> {
    if checkpoints.exist() {
        session.say(format!("resuming from the newest checkpoint in {}", out.path().display()));
        return Ok(());
    }
    // A kill before the end of the first checkpoint leaves at most a part of one.
    if !out.path().exists() || checkpoints.begun() || holds_only(out.path(), &[LOG]) {
        session.say("there is nothing to resume from yet: training from the beginning");
        return Ok(());
    }
    let problem = match out.path().join("config.json").exists() {
        true => "the model is trained to its end, there is no checkpoint to resume from",
        false => "there is no checkpoint to resume from",
    };
    Err(Error::data(out.path(), problem, "train anew with --force instead of --resume"))
}

/// Says how an interrupted run is resumed.
fn with_resume(error: Error, kept: bool) -> Error {
    match error {
        Error::Interrupted(what) if kept => {
            let what = if what.starts_with("nothing") { "the last checkpoint is kept" } else { &what };
            Error::Interrupted(format!("{what}: the same command with --resume resumes from there"))
        }
        other => other,
    }
}
