//! `cama rehearse`: which damage of one's own data would be repaired, before anything is deployed.

use std::io::Write;
use std::sync::Mutex;

use cama::data::Images;
use cama::data::table::Rows;
use cama::{Cama, Error, Rehearsal, Trial};
use cama_eval::page::{self, Shown};
use cama_eval::pictures::{Panel, Picture, Strip};
use serde_json::{Value, json};

use super::load_model;
use crate::flags::RehearseFlags;
use crate::output::Output;
use crate::session::Session;
use crate::source::{Source, Wanted, reads_images};
use crate::table::Table;

/// Prints every damage that was tried, what became of it, and how often the rule was right.
///
/// # Errors
///
/// If the model or the data cannot be used, or there is nothing to rehearse.
pub fn run(flags: &RehearseFlags, session: &Session) -> anyhow::Result<()> {
    let page = flags.page.as_deref().map(|path| Output::file(path, flags.force)).transpose()?;
    let cama = load_model(&flags.model, session)?;
    let mut shown = Vec::new();
    let rehearsal = match (&flags.data, reads_images(&cama)) {
        (None, _) => cama.rehearsal().clone(),
        (Some(spec), true) if flags.page.is_some() => {
            let (rehearsal, pictures) =
                drawn(&cama, &clean(spec, flags, &cama, session)?, session.seeds.predict)?;
            shown = pictures;
            rehearsal
        }
        (Some(spec), true) => {
            cama.rehearse(&clean::<Images>(spec, flags, &cama, session)?, session.seeds.predict)?
        }
        (Some(spec), false) => {
            cama.rehearse(&clean::<Rows>(spec, flags, &cama, session)?, session.seeds.predict)?
        }
    };
    if rehearsal.trials.is_empty() {
        let problem =
            "it has rehearsed nothing, as it was trained on too few examples or has no explicit mechanism";
        let path = flags.model.clone();
        return Err(Error::Model { path, problem: format!("{problem}; give --data") }.into());
    }
    if let Some(out) = &page {
        let (model, noun) = (flags.model.display().to_string(), cama.model().config().data.noun());
        out.write_text(&page::rehearsal(&rehearsal, &model, noun, &shown))?;
    }
    let text = match flags.json {
        true => serde_json::to_string_pretty(&json(&rehearsal))? + "\n",
        false => words(&rehearsal),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn clean<D: Source>(spec: &str, flags: &RehearseFlags, cama: &Cama, session: &Session) -> cama::Result<D> {
    let reading = &flags.reading;
    Wanted { spec, labelled: true, manipulate: None, cama, reading, session }.whole::<D>()
}

/// Rehearses with images, and draws some of every damage.
pub fn drawn(cama: &Cama, clean: &Images, seed: u64) -> cama::Result<(Rehearsal, Vec<Shown>)> {
    let pictures = Mutex::new(Vec::new());
    let see = |damage: &str, [clean, damaged, restored]: [&Images; 3]| {
        let strips = [("clean", clean), ("damaged", damaged), ("restored", restored)];
        let strips = strips.into_iter().map(|(label, images)| Strip::of(label, images)).collect();
        let picture = Picture::new(clean.shape()).panel(Panel { strips, ..Panel::default() });
        pictures.lock().expect("no thread panicked").push((damage.to_string(), picture));
    };
    let rehearsal = cama.rehearse_seen(clean, seed, &see)?;
    let pictures = pictures.into_inner().expect("no thread panicked").into_iter();
    let shown = pictures.map(|(damage, picture)| Ok(Shown { damage, png: picture.png()? }));
    Ok((rehearsal, shown.collect::<cama::Result<_>>()?))
}

/// What was found, for other programs.
pub fn json(rehearsal: &Rehearsal) -> Value {
    let [kept, refused, harmed, missed] = rehearsal.counts();
    let counts = json!({ "rightly_kept": kept, "rightly_refused": refused, "wrongly_kept": harmed,
                         "wrongly_refused": missed });
    json!({ "rehearsal": rehearsal, "counts": counts })
}

/// What was found, for people.
pub fn words(rehearsal: &Rehearsal) -> String {
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
