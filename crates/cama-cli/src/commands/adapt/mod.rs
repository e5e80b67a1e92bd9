//! `cama adapt`: from a model and unlabelled data to a model that copes with it.

use std::io::Write;

use cama::data::table::Rows;
use cama::data::{Dataset, Held, Images, Passes};
use cama::mechanism::MechanismConfig;
use cama::{
    AdaptConfig, AdaptReport, Adaptation, Card, Decider, Error, Event, Former, Input, Outcome, PredictConfig,
    StoredModel, Unlabelled, VERDICTS, Verdict, adapt_held, dream,
};

use cama_eval::attack::{Attacks, CamaVictim, CamaWay, Limits, attack_unlabelled};

use super::load_model;
use crate::flags::{AdaptFlags, DreamFlags, with_settings};
use crate::interrupt::Graceful;
use crate::output::Output;
use crate::progress::Reporter;
use crate::session::Session;
use crate::source::{Gathered, Source, Wanted, all_held};
use crate::table::Table;

/// Adapts and writes the new model folder.
///
/// # Errors
///
/// If the input cannot be used, adaptation diverges or is interrupted, or the folder cannot be written.
pub fn run(flags: &AdaptFlags, session: &Session) -> anyhow::Result<()> {
    let out = Output::model_folder(&flags.out, flags.force)?;
    // What can be refused without the model is refused before it is loaded.
    flags.dream.config()?;
    let stored = load_model(&flags.model, session)?;
    let (stored, verdicts) = match stored.model.config().input {
        Input::Image(_) => fit::<Images>(flags, stored, session)?,
        Input::Table(_) => fit::<Rows>(flags, stored, session)?,
    };
    out.save(&stored)?;
    write_verdicts(&verdicts, &out)?;
    print(&stored, &out, session);
    Ok(())
}

/// Adapts `stored` without writing anything; also returns what the guard makes of each example.
///
/// # Errors
///
/// As [`run`], less what has to do with files.
pub fn fit<D: Source>(
    flags: &AdaptFlags,
    mut stored: StoredModel,
    session: &Session,
) -> cama::Result<(StoredModel, Verdicts)> {
    let config = flags.adaptation.config(&stored.model.config().input)?;
    let mechanisms = mechanisms(flags, &stored)?;
    let (held, all) = incoming::<D>(flags, &stored, session)?;
    let data = &held.data;
    let config = of_selection(config, &held, session);
    let clean: Option<D> = clean_data(flags, &stored, session)?;
    session.detail(|| format!("{} with {config:?}", data.name()));

    let _graceful = Graceful::begin();
    let former = stored.clone();
    attach_and_dream(&mut stored, &mechanisms, clean.as_ref(), &flags.dream, session)?;
    let clean_batch = if clean.is_some() { config.clean_batch } else { 0 };
    let mut reporter = Reporter::new(session, config.batch + clean_batch);
    let observer = &mut |event: Event| reporter.observe(event);
    let decider = former.decider();
    let guard = decider.guard.filter(|_| !flags.no_guard);
    let before = Former { decider: Decider { guard, ..decider }, infers_m: former.card.infers_m };
    let unlabelled = Unlabelled {
        held: data,
        spread: held.spread.as_ref().unwrap_or(data),
        all: all.as_deref().unwrap_or(data),
    };
    let seed = session.seeds.adapt;
    let adapted = adapt_held(&stored.model, unlabelled, clean.as_ref(), &config, before, seed, observer)?;
    let card = match adapted.report.outcome {
        Outcome::Adapted | Outcome::AdaptedForSome => Card { infers_m: true, ..stored.card.clone() },
        Outcome::RolledBack => former.card,
    };
    let card = record(card, adapted.report, flags, data.name(), session);
    let verdicts = Verdicts { indices: indices(unlabelled.all)?, verdicts: adapted.verdicts };
    Ok((StoredModel { model: adapted.model, card, ..stored }, verdicts))
}

/// What the guard makes of each example.
pub struct Verdicts {
    verdicts: Vec<Verdict>,
    /// Where each example stands in its file; empty where the i-th is the i-th.
    indices: Vec<usize>,
}

/// The unlabelled data, and a way through all of it where it is more than is held.
fn incoming<D: Source>(
    flags: &AdaptFlags,
    stored: &StoredModel,
    session: &Session,
) -> cama::Result<Gathered<D>> {
    let manipulate = flags.manipulate.as_deref().map(|spec| (spec, session.seeds.manipulate_adapt));
    let (spec, reading) = (&flags.data[..], &flags.reading);
    let wanted = Wanted { spec, labelled: false, manipulate, stored, reading, session };
    match flags.attack.as_deref() {
        None => D::gather(&wanted, most_held(flags)),
        // Every example must be attacked before it gets its verdict, and that once.
        Some(attack) => {
            Ok(all_held(attacked(wanted.whole::<D>()?.without_labels(), attack, stored, session)?))
        }
    }
}

fn most_held(flags: &AdaptFlags) -> usize {
    (flags.hold as usize) << 20
}

/// The configuration for what is held: of a selection all is used, unless less than that is wanted of the whole.
fn of_selection<D: Dataset>(config: AdaptConfig, held: &Held<D>, session: &Session) -> AdaptConfig {
    if held.spread.is_none() {
        return config;
    }
    let (selected, of) = (held.data.len(), held.of);
    session.say(format!(
        "{selected} of {of} examples are held, drawn at random, and adapted to; all get verdicts"
    ));
    let portion = (config.portion * of as f64 / selected as f64).min(1.0);
    AdaptConfig { portion, ..config }
}

/// Where each example stands in its file; nothing where the i-th is the i-th.
fn indices<D: Source>(all: &dyn Passes<D>) -> cama::Result<Vec<usize>> {
    let mut indices = Vec::new();
    if !D::IS_IMAGES {
        all.pass(&mut |part| {
            indices.extend((0..part.len()).map(|i| part.index(i)));
            Ok(())
        })?;
    }
    Ok(indices)
}

/// `data` after the attack that was written, on the model by Bayes' rule.
fn attacked<D: Source>(data: D, spec: &str, stored: &StoredModel, session: &Session) -> cama::Result<D> {
    let attacks = spec.parse::<Attacks>()?.into_points();
    let [attack] = attacks[..] else {
        return Err(Error::spec("attack", spec, "give one strength: the data is attacked once"));
    };
    let predict = PredictConfig {
        samples: 1,
        m: stored.card.default_m(),
        seed: session.seeds.predict,
        ..PredictConfig::default()
    };
    let victim = CamaVictim::new(&stored.decider(), &predict, CamaWay::Bayes);
    let _graceful = Graceful::begin();
    let mut reporter = Reporter::new(session, 1);
    let observer = &mut |event: Event| reporter.observe(event);
    let space = data.space(&Limits::default())?;
    Ok(attack_unlabelled(&victim, &data, &space, &attack, session.seeds.attack, observer)?.data)
}

/// Gives the model its mechanisms, and lets q2 dream if it does not know all of the explicit ones yet.
fn attach_and_dream(
    stored: &mut StoredModel,
    mechanisms: &[MechanismConfig],
    clean: Option<&impl Dataset>,
    dreams: &DreamFlags,
    session: &Session,
) -> cama::Result<()> {
    let present = &stored.model.config().mechanisms;
    let new: Vec<_> = mechanisms.iter().filter(|m| !present.contains(m)).collect();
    // What infers m has learnt to, from dreams or from manipulated data; to dream would overwrite that.
    let learnt = stored.card.dream_steps > 0 || (stored.card.infers_m && dreams.dream_steps.is_none());
    let unknown = new.iter().any(|m| m.is_explicit()) || !learnt;
    let dreams = &dreams.config()?;
    stored.model = stored.model.clone().attach(mechanisms, session.seeds.attach)?;
    if dreams.steps == 0 || !unknown || !mechanisms.iter().any(MechanismConfig::is_explicit) {
        return Ok(());
    }
    let Some(clean) = clean else {
        session.warn("there is no clean data to dream of: q2 starts from what it knows");
        return Ok(());
    };
    let mut reporter = Reporter::new(session, dreams.batch);
    let observer = &mut |event: Event| reporter.observe(event);
    stored.model = dream(stored.model.clone(), clean, dreams, session.seeds.dream, observer)?;
    stored.card.dream_steps += dreams.steps;
    Ok(())
}

/// The mechanisms asked for, with the settings that the model has for them; all of the model's unless asked.
fn mechanisms(flags: &AdaptFlags, stored: &StoredModel) -> cama::Result<Vec<MechanismConfig>> {
    let present = &stored.model.config().mechanisms;
    let kept = |new: MechanismConfig| present.iter().find(|m| m.name() == new.name()).cloned().unwrap_or(new);
    let wanted = match &flags.mechanism {
        Some(list) => MechanismConfig::parse_list(list)?.into_iter().map(kept).collect(),
        None => present.clone(),
    };
    with_settings(wanted, &flags.settings)
}

/// The clean data: what was asked for, or the model's own training data if it is still there.
fn clean_data<D: Source>(
    flags: &AdaptFlags,
    stored: &StoredModel,
    session: &Session,
) -> cama::Result<Option<D>> {
    if flags.no_clean {
        return Ok(None);
    }
    let gather = |spec: &str| {
        let reading = &flags.reading;
        let wanted = Wanted { spec, labelled: true, manipulate: None, stored, reading, session };
        D::gather(&wanted, most_held(flags)).map(|(held, _)| Some(held.data))
    };
    if let Some(spec) = &flags.clean {
        return gather(spec);
    }
    gather(&stored.card.data).map_err(|error| {
        Error::data(
            &flags.model,
            format!("the model's training data cannot be used as clean data: {error}"),
            "give others by --clean, or adapt without any by --no-clean",
        )
    })
}

fn record(mut card: Card, report: AdaptReport, flags: &AdaptFlags, on: &str, session: &Session) -> Card {
    card.commands.push(session.command.clone());
    card.adaptations.push(Adaptation {
        from: flags.model.display().to_string(),
        on: on.to_string(),
        seed: session.seeds.given,
        report,
    });
    card
}

/// Which examples are restored, as `index,verdict` in the model folder.
fn write_verdicts(verdicts: &Verdicts, out: &Output) -> cama::Result<()> {
    let Verdicts { verdicts, indices } = verdicts;
    if verdicts.is_empty() {
        return Ok(());
    }
    cama::files::write_atomic(out.path().join(VERDICTS), |file| {
        writeln!(file, "index,verdict")?;
        verdicts.iter().enumerate().try_for_each(|(i, verdict)| {
            writeln!(file, "{},{}", indices.get(i).unwrap_or(&i), verdict.name())
        })
    })
}

fn print(stored: &StoredModel, out: &Output, session: &Session) {
    let Some(Adaptation { report, on, .. }) = stored.card.adaptations.last() else { return };
    let noun = stored.model.config().input.noun();
    match (&report.left, report.outcome) {
        (Some(left), _) => session.warn(format!("rolled back: {left}; the model is as it was")),
        (None, Outcome::AdaptedForSome) => session.warn(format!(
            "adapted for some of the {noun}s only: {} of {} are not explained when they are restored, nor as they are; they \
             stay as they were ({} says which)",
            report.unexplained,
            report.restored + report.as_they_were + report.unexplained,
            out.path().join(VERDICTS).display()
        )),
        _ => {}
    }
    let share = |share: Option<f64>| share.map_or("–".to_string(), |share| format!("{share:.4}"));
    let mut table = Table::new(["held out", "before", "after"]);
    table.row([
        "ELBO(x) of unlabelled data, nats".to_string(),
        format!("{:.2}", report.elbo_before),
        format!("{:.2}", report.elbo_after),
    ]);
    table.row(["accuracy on clean data".to_string(), share(report.clean_before), share(report.clean_after)]);
    let judged = report.restored + report.as_they_were + report.unexplained;
    let verdicts = match judged {
        0 => String::new(),
        _ => format!(
            "\nthe guard   {} restored, {} left as they were, {} unexplained",
            report.restored, report.as_they_were, report.unexplained
        ),
    };
    session.tell(format_args!(
        "model       {}\nadapted on  {on}: {} unlabelled {}s, {} steps, kept that of step {}{verdicts}\n\n{}",
        out.path().display(),
        report.examples,
        noun,
        report.steps,
        report.kept_step,
        table.plain("").trim_end()
    ));
}
