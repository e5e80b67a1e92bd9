//! `cama adapt --stream`: one data set after another, each state kept.

use std::path::Path;

use cama::{AdaptReport, Cama, CardEntry, Error, Outcome, is_model_folder};

use super::adapting::{Adapting, clean_data};
use crate::commands::load_model;
use crate::flags::{AdaptFlags, Incoming};
use crate::output::{Output, STATES};
use crate::session::Session;
use crate::source::Source;
use crate::table::Table;

/// The folder of the state that a stream began with.
const TRAINED: &str = "trained";

/// Adapts to one data set after another, and writes each state when it is there: what was done before an error or an
/// interruption is kept.
pub fn run<D: Source>(
    flags: &AdaptFlags,
    incoming: &[Incoming],
    from: Cama,
    out: &Output,
    session: &Session,
) -> anyhow::Result<()> {
    let trained = trained(flags, &from, session)?;
    let clean: Option<D> = clean_data(flags, &trained, session)?;
    let states = out.path().join(STATES);
    let goes_on = is_same(&flags.model, out.path());
    let mut last = from;
    for (done, set) in incoming.iter().enumerate() {
        session.say(format!("data set {} of {}: {}", done + 1, incoming.len(), set.data));
        let adapting =
            Adapting { flags, from: &last, begun_with: Some(&trained), clean: clean.as_ref(), session };
        let adapted = adapting.to(*set).map_err(|error| cut_short(error, done, out))?;
        // Until there is a state of this stream, what was there before stays.
        if done == 0 {
            if !goes_on {
                out.remove_states()?;
            }
            trained.save(states.join(TRAINED))?;
        }
        adapted.save(states.join(format!("{:03}", adapted.card().adaptations.len())))?;
        out.save_last(&adapted)?;
        last = adapted;
    }
    print(&last, incoming.len(), out, session);
    Ok(())
}

/// The model that the stream began with: of a folder that a stream has written its first state, otherwise the model itself.
fn trained(flags: &AdaptFlags, from: &Cama, session: &Session) -> cama::Result<Cama> {
    let folder = flags.model.join(STATES).join(TRAINED);
    if from.card().adaptations.is_empty() || !is_model_folder(&folder) {
        return Ok(from.clone());
    }
    load_model(&folder, session)
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// An error that ends the stream, with what is left of it.
fn cut_short(error: Error, done: usize, out: &Output) -> anyhow::Error {
    let error = anyhow::Error::from(error);
    match done {
        0 => error,
        _ => error.context(format!(
            "data set {} of the stream; {done} before it are kept in {}, from which --model goes on",
            done + 1,
            out.path().display()
        )),
    }
}

/// What became of each data set.
fn print(last: &Cama, sets: usize, out: &Output, session: &Session) {
    let entries = &last.card().adaptations;
    let mut table = Table::new(["data set", "became", "restored", "as they were", "unexplained", "state"]);
    for (i, entry) in entries.iter().enumerate().skip(entries.len() - sets) {
        let CardEntry { on, report, .. } = entry;
        let AdaptReport { restored, as_they_were, unexplained, .. } = report;
        table.row([
            on.clone(),
            became(report).into(),
            restored.to_string(),
            as_they_were.to_string(),
            unexplained.to_string(),
            format!("{STATES}/{:03}", i + 1),
        ]);
    }
    session.tell(format_args!("model       {}\n\n{}", out.path().display(), table.plain("").trim_end()));
}

fn became(report: &AdaptReport) -> &'static str {
    match report.outcome {
        Outcome::Adapted => "adapted",
        Outcome::AdaptedForSome => "adapted for some",
        Outcome::RolledBack => "left as trained",
    }
}
