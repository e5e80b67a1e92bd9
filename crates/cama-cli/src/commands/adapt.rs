//! `cama adapt`: from a model and unlabelled images to a model that copes with them.

use cama::data::Images;
use cama::mechanism::MechanismConfig;
use cama::{Adaptation, Adapted, Event, Outcome, StoredModel, adapt, dream};

use super::{load_images, load_model};
use crate::flags::{AdaptFlags, with_settings};
use crate::interrupt::Graceful;
use crate::output::Output;
use crate::progress::Reporter;
use crate::session::Session;
use crate::table::Table;

/// Adapts and writes the new model folder.
///
/// # Errors
///
/// If the input cannot be used, adaptation diverges or is interrupted, or the folder cannot be written.
pub fn run(flags: &AdaptFlags, session: &Session) -> anyhow::Result<()> {
    let out = Output::folder(&flags.out, flags.force)?;
    let config = flags.adaptation.config()?;
    let dreams = flags.dream.config()?;
    let mut stored = load_model(&flags.model, session)?;
    let mechanisms = mechanisms(flags, &stored)?;
    let seed = session.seeds.manipulate_adapt;
    let images =
        load_images(&flags.data, flags.manipulate.as_ref(), &stored, seed, session)?.without_labels();
    let clean = clean_images(flags, &stored, session)?;
    session.detail(|| format!("{} with {config:?}", images.name()));

    let is_new = |m: &MechanismConfig| !stored.model.config().mechanisms.contains(m);
    let new_explicit = mechanisms.iter().any(|m| m.is_explicit() && is_new(m));
    if mechanisms.iter().any(is_new) {
        // q2 has not learnt to tell what the new mechanism does.
        stored.card.infers_m = false;
    }
    stored.model = stored.model.attach(&mechanisms, session.seeds.attach)?;
    let explicit = mechanisms.iter().any(MechanismConfig::is_explicit);
    let _graceful = Graceful::begin();
    if dreams.steps > 0 && explicit && (new_explicit || stored.card.dream_steps == 0) {
        match &clean {
            Some(clean) => {
                let mut reporter = Reporter::new(session, dreams.batch);
                let observer = &mut |event: Event| reporter.observe(event);
                stored.model = dream(stored.model, clean, &dreams, session.seeds.dream, observer)?;
                stored.card.dream_steps += dreams.steps;
            }
            None => session.warn("there are no clean images to dream of; q2 starts from what it knows"),
        }
    }

    let mut reporter =
        Reporter::new(session, config.batch + clean.as_ref().map_or(0, |_| config.clean_batch));
    let observer = &mut |event: Event| reporter.observe(event);
    let infers_m = stored.card.infers_m;
    let adapted =
        adapt(&stored.model, &images, clean.as_ref(), &config, infers_m, session.seeds.adapt, observer)?;
    let stored = record(stored, adapted, flags, &images, session);
    out.save(&stored)?;
    print(&stored, &out, session);
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

/// The clean images: those asked for, or the model's own training data if it is still there.
fn clean_images(flags: &AdaptFlags, stored: &StoredModel, session: &Session) -> cama::Result<Option<Images>> {
    if flags.no_clean {
        return Ok(None);
    }
    if let Some(spec) = &flags.clean {
        return load_images(spec, None, stored, 0, session).map(Some);
    }
    let loaded = load_images(&stored.card.data, None, stored, 0, session);
    Ok(loaded
        .inspect_err(|error| {
            session.warn(format!(
                "adapting without clean images, because the model's training data cannot be used: {error}; \
                 give them by --clean"
            ));
        })
        .ok())
}

fn record(
    stored: StoredModel,
    adapted: Adapted,
    flags: &AdaptFlags,
    images: &Images,
    session: &Session,
) -> StoredModel {
    let StoredModel { mut card, .. } = stored;
    card.infers_m |= adapted.report.outcome == Outcome::Adapted;
    card.commands.push(session.command.clone());
    card.adaptations.push(Adaptation {
        from: flags.model.display().to_string(),
        on: images.name().to_string(),
        seed: session.seeds.given,
        report: adapted.report,
    });
    StoredModel { model: adapted.model, card }
}

fn print(stored: &StoredModel, out: &Output, session: &Session) {
    let Some(Adaptation { report, on, .. }) = stored.card.adaptations.last() else { return };
    if report.outcome == Outcome::RolledBack {
        session.warn(
            "rolled back: no state explained the held-out images better while keeping the accuracy on clean \
             ones; the model is as it was",
        );
    }
    if session.quiet {
        return;
    }
    println!("model       {}", out.path().display());
    println!(
        "adapted on  {on}: {} unlabelled images, {} steps, kept that of step {}\n",
        report.images, report.steps, report.kept_step
    );
    let mut table = Table::new(["held out", "before", "after"]);
    let share = |share: Option<f64>| share.map_or("–".to_string(), |share| format!("{share:.4}"));
    table.row([
        "ELBO(x) of unlabelled images, nats".to_string(),
        format!("{:.2}", report.elbo_before),
        format!("{:.2}", report.elbo_after),
    ]);
    table.row([
        "accuracy on clean images".to_string(),
        share(report.clean_before),
        share(report.clean_after),
    ]);
    print!("{}", table.plain(""));
}
