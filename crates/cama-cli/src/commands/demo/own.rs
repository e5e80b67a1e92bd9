//! `cama demo --data D`: what would be repaired of data of one's own, before anything is deployed.

use std::io::Write;

use cama::data::table::Schema;
use cama::data::{Dataset, Preparation, split};
use cama::{Cama, Card, Event, Rehearsal};
use cama_eval::page::{self, Shown};
use serde_json::json;

use super::report::{PROGRAM, REPORT, is_demonstration};
use crate::commands::rehearse::{self, drawn};
use crate::commands::train::located;
use crate::commands::{labelled, refuse_table};
use crate::flags::{DemoFlags, refuse};
use crate::interrupt::Graceful;
use crate::output::Output;
use crate::progress::Reporter;
use crate::session::{Session, rng};
use crate::source::roles;

/// The page in the folder, and the folder of the model.
const PAGE: &str = "rehearsal.html";
const MODEL: &str = "model";

/// The share of the data that is kept for damage, and the most examples of it.
const KEPT: usize = 5;
const MOST: usize = 2000;

/// Trains on most of the data, damages the rest, and writes the model, the page and its numbers.
pub fn run(data: &str, flags: &DemoFlags, session: &Session) -> anyhow::Result<()> {
    let out = Output::folder(&flags.out, flags.force || is_demonstration(&flags.out))?;
    let (cama, rehearsal, shown) = match roles(&flags.table)? {
        Some(roles) => {
            flags.pictures.refuse_for_tables()?;
            let (_, rows, notices) = Schema::learn(data, &roles, &flags.table.options())?;
            session.notify(data, &notices);
            let rehearse = |cama: &Cama, rest: &_, seed| Ok((cama.rehearse(rest, seed)?, Vec::new()));
            rehearsed((data, &rows), None, session, rehearse)?
        }
        None => {
            refuse_table(data)?;
            refuse("images", &[("missing", flags.table.missing.is_some())])?;
            let (images, preparation) = labelled(data, &flags.pictures.options(), session)?;
            rehearsed((data, &images), preparation, session, drawn)?
        }
    };
    let noun = cama.model().config().data.noun();
    let [model, page] = [MODEL, PAGE].map(|name| out.path().join(name).display().to_string());
    let is_rehearsed = !rehearsal.trials.is_empty();
    out.write_folder(|folder| {
        cama.save(folder.join(MODEL))?;
        let mut report = rehearse::json(&rehearsal);
        report["program"] = json!(format!("{PROGRAM} --data {data}"));
        std::fs::write(folder.join(REPORT), serde_json::to_string_pretty(&report)? + "\n")?;
        match is_rehearsed {
            true => Ok(std::fs::write(folder.join(PAGE), page::rehearsal(&rehearsal, &model, noun, &shown))?),
            false => Ok(()),
        }
    })?;
    let told = match is_rehearsed {
        true => rehearse::words(&rehearsal),
        false => format!("Nothing could be rehearsed: there are too few {noun}s for a guard."),
    };
    // What was found is told to the quiet, too; an output that is closed must not cost the files.
    let _ = writeln!(std::io::stdout(), "{told}");
    if is_rehearsed {
        session.tell(format_args!("page        {page}"));
    }
    session.tell(format_args!("model       {model}"));
    Ok(())
}

/// A model of most of the data, and what damage to the rest has told.
fn rehearsed<D: Dataset>(
    (spec, data): (&str, &D),
    preparation: Option<Preparation>,
    session: &Session,
    rehearse: impl FnOnce(&Cama, &D, u64) -> cama::Result<(Rehearsal, Vec<Shown>)>,
) -> cama::Result<(Cama, Rehearsal, Vec<Shown>)> {
    let (learnt, rest) = split(data, MOST.min(data.len() / KEPT), &mut rng(session.seeds.show));
    session.tell(format!(
        "A model is trained on {} of {} {}s; the others are damaged on purpose.\n",
        learnt.len(),
        data.len(),
        data.data_shape().noun()
    ));
    let cama = {
        let _graceful = Graceful::begin();
        let mut reporter = Reporter::new(session);
        let mut observer = |event: Event| reporter.observe(event);
        let builder = Cama::builder(&learnt).seed(session.seeds.given).device(session.device.clone());
        let cama = builder.command(&session.command).observer(&mut observer).fit()?;
        let card = Card { location: located(spec), preparation, ..cama.card().clone() };
        cama.with_card(card)
    };
    let able = cama.guard().is_some() && cama.model().mechanisms().is_some() && !rest.is_empty();
    let (rehearsal, shown) = match able {
        true => rehearse(&cama, &rest, session.seeds.predict)?,
        false => (Rehearsal::default(), Vec::new()),
    };
    Ok((cama, rehearsal, shown))
}
