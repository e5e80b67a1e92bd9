//! `cama adapt`: from a model and unlabelled data to a model that copes with it.

mod adapting;
mod stream;

use cama::data::Images;
use cama::data::table::Rows;
use cama::{AdaptReport, Cama, CardEntry, M, Outcome, VERDICTS};

use self::adapting::{Adapting, clean_data};
use super::load_model;
use super::understood::some;
use crate::flags::AdaptFlags;
use crate::output::Output;
use crate::session::Session;
use crate::source::{Source, reads_images};
use crate::table::Table;

/// Adapts and writes the new model folder.
///
/// # Errors
///
/// If the input cannot be used, adaptation diverges or is interrupted, or the folder cannot be written.
pub fn run(flags: &AdaptFlags, session: &Session) -> anyhow::Result<()> {
    let out = Output::model_folder(&flags.out, flags.force)?;
    // What can be refused without the model is refused before it is loaded.
    flags.dreams()?;
    let incoming = flags.incoming()?;
    let from = load_model(&flags.model, session)?;
    if flags.stream {
        return match reads_images(&from) {
            true => stream::run::<Images>(flags, &incoming, from, &out, session),
            false => stream::run::<Rows>(flags, &incoming, from, &out, session),
        };
    }
    let adapted = match reads_images(&from) {
        true => fit::<Images>(flags, &from, session)?,
        false => fit::<Rows>(flags, &from, session)?,
    };
    out.save(&adapted)?;
    print(&adapted, flags.no_guard, &out, session);
    Ok(())
}

/// Adapts a model without writing anything.
///
/// # Errors
///
/// As [`run`], less what has to do with files.
pub fn fit<D: Source>(flags: &AdaptFlags, from: &Cama, session: &Session) -> cama::Result<Cama> {
    let clean: Option<D> = clean_data(flags, from, session)?;
    let incoming = flags.incoming()?[0];
    Adapting { flags, from, begun_with: None, clean: clean.as_ref(), session }.to(incoming)
}

/// How to have what was found all the same.
pub const UNJUDGED: &str = "`cama adapt --no-guard` keeps what is found, whatever it is worth";

fn print(adapted: &Cama, no_guard: bool, out: &Output, session: &Session) {
    let Some(CardEntry { report, on, .. }) = adapted.card().adaptations.last() else { return };
    let noun = adapted.model().config().data.noun();
    let AdaptReport { restored, as_they_were, unexplained, examples, steps, .. } = report;
    let judged = restored + as_they_were + unexplained;
    if report.outliers > 0 {
        session.warn(format!(
            "{} set aside: farther from the others than clean {noun}s are from each other; nothing was learnt of them",
            some(report.outliers, noun)
        ));
    }
    match (&report.rollback_reason, report.outcome) {
        (Some(reason), _) => {
            let predicts = match adapted.card().m {
                M::Null => "`predict` takes everything as it is",
                _ => "`predict` undoes what it undid before",
            };
            let instead = if no_guard { String::new() } else { format!("; {UNJUDGED}") };
            session.warn(format!("rolled back: {reason}; the model is as it was, and {predicts}{instead}"));
        }
        (None, Outcome::AdaptedForSome) => session.warn(format!(
            "adapted for some of the {noun}s only: {unexplained} of {judged} are not explained when they are restored, nor as \
             they are; they stay as they were ({} says which)",
            out.path().join(VERDICTS).display()
        )),
        _ => {}
    }
    let share = |share: Option<f64>| share.map_or("–".to_string(), |share| format!("{share:.4}"));
    let mut table = Table::new(["validation", "before", "after"]);
    table.row([
        "ELBO(x) of unlabelled data, nats".to_string(),
        format!("{:.2}", report.elbo_before),
        format!("{:.2}", report.elbo_after),
    ]);
    table.row(["accuracy on clean data".to_string(), share(report.clean_before), share(report.clean_after)]);
    let verdicts = match judged {
        0 => String::new(),
        _ => format!(
            "\nthe guard   {restored} restored, {as_they_were} left as they were, {unexplained} unexplained"
        ),
    };
    session.tell(format_args!(
        "model       {}\nadapted on  {on}: {}, {}\nkept        {}{verdicts}\n\n{}",
        out.path().display(),
        some(*examples, &format!("unlabelled {noun}")),
        some(*steps, "step"),
        if report.rollback_reason.is_some() { "the model as it was".to_string() } else { report.kept() },
        table.plain("").trim_end()
    ));
}
