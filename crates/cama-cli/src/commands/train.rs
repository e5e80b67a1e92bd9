//! `cama train`: from labelled data to a model folder.

use cama::causal::Roles;
use cama::data::table::{Rows, Schema};
use cama::data::{Dataset, Images};
use cama::{
    Augmentation, Card, Checkpoints, Classifier, DeepCama, DreamConfig, Error, Event, Guard, Head,
    HeadConfig, Input, PredictConfig, StoredModel, TrainConfig, Trained, dream, fit_head, held_out, predict,
    train,
};
use cama_eval::Score;
use serde_json::json;

use super::record::{LOG, Log, identity};
use super::{labelled, refuse_table};
use crate::flags::{TrainFlags, refuse};
use crate::interrupt::Graceful;
use crate::output::{CHECKPOINTS, Output, holds_only};
use crate::progress::Reporter;
use crate::session::Session;

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
    match flags.table.roles()? {
        Some(roles) => carry_out(Run::on_table(flags, &roles, session)?, &out, session),
        None => {
            refuse_table(&flags.data)?;
            carry_out(Run::on_images(flags, session)?, &out, session)
        }
    }
}

fn carry_out<D: Dataset>(run: Run<D>, out: &Output, session: &Session) -> anyhow::Result<()> {
    let flags = run.flags;
    let checkpoints = Checkpoints::new(out.path().join(CHECKPOINTS), run.identity(session));
    let mut log = Log::new(out.path());
    if flags.resume {
        check_resumable(out, &checkpoints, session)?;
    } else {
        checkpoints.remove()?;
        log.remove()?;
    }

    let trained = run.train(Some(&checkpoints), Some(&mut log), session)?;
    let (head, guard) = run.beside(&trained, checkpoints.exist(), session)?;
    let test = run.test(&trained, session)?;
    let noun = trained.model.config().input.noun();
    log.finish(&trained.history)?;
    let last = trained.history.last().cloned();
    out.save(&run.stored(trained, head, guard, session))?;
    checkpoints.remove()?;

    session.tell(format_args!("model     {}", out.path().display()));
    if let Some(last) = last {
        session
            .tell(format_args!("held out  accuracy {:.4} (K=1), ELBO {:.2} nats", last.accuracy, last.elbo));
    }
    if let (Some(score), Some(data)) = (test, &flags.test) {
        session
            .tell(format_args!("test      accuracy {:.4} on {data} ({} {noun}s)", score.accuracy, score.n));
    }
    Ok(())
}

/// Trains on images without writing anything.
///
/// # Errors
///
/// As [`run`], less what has to do with files.
pub fn fit(flags: &TrainFlags, session: &Session) -> cama::Result<StoredModel> {
    let run = Run::on_images(flags, session)?;
    let trained = run.train(None, None, session)?;
    let (head, guard) = run.beside(&trained, false, session)?;
    Ok(run.stored(trained, head, guard, session))
}

/// With `--resume`, a run that has not begun begins, and one that has ended is an error.
fn check_resumable(out: &Output, checkpoints: &Checkpoints, session: &Session) -> cama::Result<()> {
    if checkpoints.exist() {
        session.say(format!("going on from the newest checkpoint in {}", out.path().display()));
        return Ok(());
    }
    // A kill before the end of the first checkpoint leaves at most a part of one.
    if !out.path().exists() || checkpoints.begun() || holds_only(out.path(), &[LOG]) {
        session.say("there is nothing to go on from yet: training from the beginning");
        return Ok(());
    }
    let problem = match out.path().join("config.json").exists() {
        true => "the model is trained to its end, there is no checkpoint to go on from",
        false => "there is no checkpoint to go on from",
    };
    Err(Error::data(out.path(), problem, "train anew with --force instead of --resume"))
}

/// All that a training run needs, checked as far as it can be before anything is written.
struct Run<'a, D: Dataset> {
    flags: &'a TrainFlags,
    data: D,
    schema: Option<Schema>,
    augmentation: Option<Augmentation<D>>,
    test: Option<D>,
    /// Not trained yet.
    model: DeepCama,
    train: TrainConfig,
    dream: DreamConfig,
    head: HeadConfig,
}

impl<'a> Run<'a, Images> {
    fn on_images(flags: &'a TrainFlags, session: &Session) -> cama::Result<Self> {
        refuse("images", &[("missing", flags.table.missing.is_some())])?;
        let data = labelled(&flags.data)?;
        if let [only] = data.classes() {
            let problem = format!("all images are of one class, `{only}`; two classes or more are needed");
            return Err(Error::spec("data", &flags.data, problem));
        }
        let (input, classes) = (Input::from(data.shape()), data.classes().len());
        let load = |spec: &str| Ok(labelled(spec)?.numbered_to(classes));
        Self::prepare(flags, data, input, None, load, session)
    }
}

impl<'a> Run<'a, Rows> {
    fn on_table(flags: &'a TrainFlags, roles: &Roles, session: &Session) -> cama::Result<Self> {
        let (schema, data, notices) = Schema::learn(&flags.data, roles, &flags.table.options())?;
        notices.iter().for_each(|notice| session.warn(format!("{}: {notice}", flags.data)));
        let input = Input::Table(data.input());
        let load = |spec: &str| {
            let (rows, notices) = schema.read(spec, true)?;
            notices.iter().for_each(|notice| session.warn(format!("{spec}: {notice}")));
            Ok(rows)
        };
        Self::prepare(flags, data, input, Some(schema.clone()), load, session)
    }
}

impl<'a, D: Dataset> Run<'a, D> {
    /// A run on labelled `data`; `load` reads other labelled data like it.
    fn prepare(
        flags: &'a TrainFlags,
        data: D,
        input: Input,
        schema: Option<Schema>,
        load: impl Fn(&str) -> cama::Result<D>,
        session: &Session,
    ) -> cama::Result<Self> {
        let dream = flags.dream.config()?;
        let config = flags.model.config(input, data.classes().len())?;
        let train = flags.training.config(&flags.model.preset, &config.input, data.len())?;
        let head = flags.head.config(&config.input)?;
        let model = DeepCama::new(&config, session.seeds.init, &session.device)?;
        let fitting = |spec: &String| {
            let data = load(spec)?;
            model.check_labelled(&data).map(|()| data)
        };
        let augmentation = match &flags.manipulated_data {
            Some(spec) => Some(Augmentation::Data(fitting(spec)?)),
            None if flags.manipulated_known => Some(Augmentation::Known),
            None if flags.manipulated.is_empty() => None,
            None => {
                let all = flags.manipulated.iter().map(|spec| spec.parse());
                Some(Augmentation::Manipulations(all.collect::<cama::Result<_>>()?))
            }
        };
        let test = flags.test.as_ref().map(fitting).transpose()?;
        let run = Self { flags, data, schema, augmentation, test, model, train, dream, head };
        session.detail(|| run.identity(session));
        Ok(run)
    }

    /// All that determines the result, in words.
    fn identity(&self, session: &Session) -> String {
        let augmentation = match &self.augmentation {
            None => json!(null),
            Some(Augmentation::Manipulations(all)) => {
                json!(all.iter().map(ToString::to_string).collect::<Vec<_>>())
            }
            Some(Augmentation::Data(data)) => identity(data),
            Some(Augmentation::Known) => json!("known"),
        };
        json!({
            "data": identity(&self.data), "manipulated": augmentation, "seed": session.seeds.given,
            "model": self.model.config(), "train": self.train, "dream": self.dream, "head": self.head,
        })
        .to_string()
    }

    fn train(
        &self,
        checkpoints: Option<&Checkpoints>,
        mut log: Option<&mut Log>,
        session: &Session,
    ) -> cama::Result<Trained> {
        let mut model = self.model.clone();
        let views = if self.augmentation.is_some() { 2 } else { 1 };
        let _graceful = Graceful::begin();
        if !checkpoints.is_some_and(Checkpoints::exist) {
            // Dreams need the mechanisms and clean data alone. They come first, so that training with
            // manipulated data can go on from what q2 has dreamt; clean training leaves q2 as it is.
            let mut reporter = Reporter::new(session, self.dream.batch);
            let mut observer = |event: Event| reporter.observe(event);
            model = dream(model, &self.data, &self.dream, session.seeds.dream, &mut observer)?;
        }
        let mut reporter = Reporter::new(session, self.train.batch * views).epochs(self.train.epochs);
        let mut observer = |event: Event| {
            if let (Event::Epoch(epoch), Some(log)) = (&event, &mut log) {
                log.add(epoch);
            }
            reporter.observe(event)
        };
        let trained = train(
            model,
            &self.data,
            self.augmentation.as_ref(),
            &self.train,
            session.seeds.train,
            checkpoints,
            &mut observer,
        );
        let kept = checkpoints.is_some_and(Checkpoints::exist);
        match trained {
            Ok(Trained { history, stopped: true, .. }) => Err(Error::Interrupted(match kept {
                true => format!(
                    "{} of {} epochs are kept in {}: the same command with --resume goes on from there",
                    history.len(),
                    self.train.epochs,
                    self.flags.out.display()
                ),
                false => "nothing was kept".into(),
            })),
            Err(Error::Diverged(what)) if kept => {
                let folder = self.flags.out.join(CHECKPOINTS);
                Err(Error::Diverged(format!(
                    "{what}; the last good checkpoint is kept in {}",
                    folder.display()
                )))
            }
            other => other,
        }
    }

    /// What stands beside the trained model: the head, if one is wanted, and the guard; `kept` says whether there is a
    /// checkpoint.
    fn beside(
        &self,
        trained: &Trained,
        kept: bool,
        session: &Session,
    ) -> cama::Result<(Option<Head>, Option<Guard>)> {
        let (clean, watched) = held_out(&self.data, &self.train, session.seeds.train);
        let _graceful = Graceful::begin();
        let mut reporter = Reporter::new(session, self.head.batch);
        let mut observer = |event: Event| reporter.observe(event);
        let fit = |()| {
            let seed = session.seeds.head;
            fit_head(&trained.model, &clean, &watched, &self.head, seed, &mut observer)
        };
        let head =
            (self.head.epochs > 0).then_some(()).map(fit).transpose().map_err(|error| match error {
                Error::Interrupted(_) if kept => Error::Interrupted(format!(
                    "all epochs are kept in {}: the same command with --resume goes on from there",
                    self.flags.out.display()
                )),
                other => other,
            })?;
        if watched.len() < Guard::LEAST_CLEAN {
            session.warn(format!(
                "{} {}s are held out of the training data: too few for a guard, which needs {} to learn what it is to be \
                 explained; everything will be restored unguarded",
                watched.len(),
                trained.model.config().input.noun(),
                Guard::LEAST_CLEAN
            ));
            return Ok((head, None));
        }
        let asked = head.as_ref().map(|head| head as &dyn Classifier);
        let guard = Guard::fit(&trained.model, asked, &watched, session.seeds.guard)?;
        Ok((head, Some(guard)))
    }

    /// How good the model is on the test data, if there is any.
    fn test(&self, trained: &Trained, session: &Session) -> cama::Result<Option<Score>> {
        let Some(test) = &self.test else { return Ok(None) };
        let config = PredictConfig { seed: session.seeds.predict, ..PredictConfig::default() };
        let predictions = predict(&trained.model, test, &config)?;
        Score::new(&predictions, test.labels().unwrap_or_default()).map(Some)
    }

    fn stored(
        &self,
        trained: Trained,
        head: Option<Head>,
        guard: Option<Guard>,
        session: &Session,
    ) -> StoredModel {
        let explicit = trained.model.manipulation().is_some_and(|m| m.explicit().contains(&true));
        let manipulated = self.augmentation.as_ref().map(|augmentation| match augmentation {
            Augmentation::Manipulations(all) => {
                all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            }
            Augmentation::Data(data) => data.name().to_string(),
            Augmentation::Known => "the model's own mechanisms, known".into(),
        });
        let card = Card {
            classes: self.data.classes().to_vec(),
            // With a known m, q2 is not asked and learns nothing.
            infers_m: !matches!(&self.augmentation, None | Some(Augmentation::Known)),
            data: self.data.name().to_string(),
            manipulated,
            seed: session.seeds.given,
            preset: self.flags.model.preset.clone(),
            commands: vec![session.command.clone()],
            dream_steps: if explicit { self.dream.steps } else { 0 },
            history: trained.history,
            adaptations: Vec::new(),
        };
        StoredModel { model: trained.model, schema: self.schema.clone(), head, guard, card }
    }
}
