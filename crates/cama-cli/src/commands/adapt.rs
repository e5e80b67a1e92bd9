//! `cama adapt`: from a model and unlabelled data to a model that copes with it.

use std::io::Write;

use cama::data::table::Rows;
use cama::data::{Dataset, Images};
use cama::mechanism::MechanismConfig;
use cama::{
    AdaptReport, Adaptation, Card, Decider, Error, Event, Former, Input, Outcome, PredictConfig, StoredModel,
    VERDICTS, Verdict, adapt, dream,
};

use cama_eval::attack::{Attacks, CamaVictim, CamaWay, Limits, attack_unlabelled};

use super::{load_model, manipulated};
use crate::flags::{AdaptFlags, DreamFlags, with_settings};
use crate::interrupt::Graceful;
use crate::output::Output;
use crate::progress::Reporter;
use crate::session::Session;
use crate::source::Source;
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

/// Adapts `stored` without writing anything; also returns what the guard makes of each example, with where it stands in
/// its file.
///
/// # Errors
///
/// As [`run`], less what has to do with files.
pub fn fit<D: Source>(
    flags: &AdaptFlags,
    mut stored: StoredModel,
    session: &Session,
) -> cama::Result<(StoredModel, Vec<(usize, Verdict)>)> {
    let config = flags.adaptation.config(&stored.model.config().input)?;
    let mechanisms = mechanisms(flags, &stored)?;
    let seed = session.seeds.manipulate_adapt;
    let data = D::load(&flags.data, false, &stored, &flags.reading, session)?;
    let data = manipulated(data, flags.manipulate.as_deref(), seed)?.without_labels();
    let data = attacked(data, flags.attack.as_deref(), &stored, session)?;
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
    let adapted =
        adapt(&stored.model, &data, clean.as_ref(), &config, before, session.seeds.adapt, observer)?;
    let card = match adapted.report.outcome {
        Outcome::Adapted | Outcome::AdaptedForSome => Card { infers_m: true, ..stored.card.clone() },
        Outcome::RolledBack => former.card,
    };
    let card = record(card, adapted.report, flags, data.name(), session);
    let verdicts =
        adapted.verdicts.iter().enumerate().map(|(i, &verdict)| (data.index(i), verdict)).collect();
    Ok((StoredModel { model: adapted.model, card, ..stored }, verdicts))
}

/// `data` after the attack that was written, if any was, on the model by Bayes' rule.
fn attacked<D: Source>(
    data: D,
    spec: Option<&str>,
    stored: &StoredModel,
    session: &Session,
) -> cama::Result<D> {
    let Some(spec) = spec else { return Ok(data) };
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
    if let Some(spec) = &flags.clean {
        return D::load(spec, true, stored, &flags.reading, session).map(Some);
    }
    D::load(&stored.card.data, true, stored, &flags.reading, session).map(Some).map_err(|error| {
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
fn write_verdicts(verdicts: &[(usize, Verdict)], out: &Output) -> cama::Result<()> {
    if verdicts.is_empty() {
        return Ok(());
    }
    let path = out.path().join(VERDICTS);
    let rows = verdicts.iter().map(|(index, verdict)| format!("{index},{}\n", verdict.name()));
    let text: String = std::iter::once("index,verdict\n".to_string()).chain(rows).collect();
    cama::files::write_atomic(&path, |file| file.write_all(text.as_bytes()))
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
