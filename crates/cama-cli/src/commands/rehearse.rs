//! `cama rehearse`: which damage of one's own data would be repaired, before anything is deployed.

use std::io::Write;

use cama::data::Images;
use cama::data::table::Rows;
use cama::{Cama, Error, Rehearsal, Trial};
use serde_json::json;

use super::load_model;
use crate::flags::RehearseFlags;
use crate::session::Session;
use crate::source::{Source, Wanted, reads_images};
use crate::table::Table;

/// Prints every damage that was tried, what became of it, and how often the rule was right.
///
/// # Errors
///
/// If the model or the data cannot be used, or there is nothing to rehearse.
pub fn run(flags: &RehearseFlags, session: &Session) -> anyhow::Result<()> {
    let cama = load_model(&flags.model, session)?;
    let rehearsal = match (&flags.data, reads_images(&cama)) {
        (None, _) => cama.rehearsal().clone(),
        (Some(spec), true) => rehearse::<Images>(spec, flags, &cama, session)?,
        (Some(spec), false) => rehearse::<Rows>(spec, flags, &cama, session)?,
    };
    if rehearsal.trials.is_empty() {
        let problem =
            "it has rehearsed nothing, as it was trained on too few examples or by networks on a table";
        let path = flags.model.clone();
        return Err(Error::Model { path, problem: format!("{problem}; give --data") }.into());
    }
    let text = match flags.json {
        true => {
            let [kept, refused, harmed, missed] = rehearsal.counts();
            let counts = json!({ "rightly_kept": kept, "rightly_refused": refused, "wrongly_kept": harmed,
                                 "wrongly_refused": missed });
            serde_json::to_string_pretty(&json!({ "rehearsal": rehearsal, "counts": counts }))? + "\n"
        }
        false => words(&rehearsal),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn rehearse<D: Source>(
    spec: &str,
    flags: &RehearseFlags,
    cama: &Cama,
    session: &Session,
) -> cama::Result<Rehearsal> {
    let reading = &flags.reading;
    let clean = Wanted { spec, labelled: true, manipulate: None, cama, reading, session }.whole::<D>()?;
    cama.rehearse(&clean, session.seeds.predict)
}

fn words(rehearsal: &Rehearsal) -> String {
    let mut table = Table::new(["damage", "as it is", "restored", "would be"]);
    for trial in &rehearsal.trials {
        let Trial { damage, before, after, kept, .. } = trial;
        let percent = |share: &f64| format!("{:.1}%", 100.0 * share);
        let becomes = if *kept { "restored" } else { "left as it is" };
        table.row([damage.clone(), percent(before), percent(after), becomes.into()]);
    }
    let [kept, refused, harmed, missed] = rehearsal.counts();
    format!(
        "{}\nOf {} kinds of damage, {kept} would be restored rightly and {refused} left rightly; {harmed} would be restored to \
         their harm, and {missed} left that could have been repaired.\n",
        table.plain(""),
        rehearsal.trials.len()
    )
}
