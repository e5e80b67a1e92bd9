//! What rehearsal found, with pictures of the damage and of what would become of it.

use cama::{Rehearsal, Trial};
use maud::{Markup, html};

use super::{bar, page, picture};

/// Examples of one damage: as they were damaged, and restored, as a PNG.
pub struct Shown {
    /// The damage, as it is written.
    pub damage: String,
    /// The picture.
    pub png: Vec<u8>,
}

/// What became of one kind of damage: a word, and its class in the page.
fn verdict(trial: &Trial) -> (&'static str, &'static str) {
    match (trial.kept, trial.is_right()) {
        (true, true) => ("restored", "good"),
        (false, true) => ("left as it is, rightly", "soft"),
        (true, false) => ("restored, to its harm", "bad"),
        (false, false) => ("left as it is, though it could be repaired", "open"),
    }
}

/// The page; `noun` is what an example is called.
pub fn rehearsal(rehearsal: &Rehearsal, model: &str, noun: &str, shown: &[Shown]) -> String {
    let [kept, refused, harmed, missed] = rehearsal.counts();
    let body = html! {
        p {
            "Clean, labelled " (noun) "s were damaged on purpose and restored as if nothing were known of it. Of "
            (rehearsal.trials.len()) " kinds of damage " b { (kept) } " would be restored rightly and " b { (refused) }
            " left rightly; " b { (harmed) } " would be restored to their harm, and " b { (missed) }
            " left that could have been repaired. Wrong is what costs more than a point of accuracy."
        }
        p.soft { "Model: " (model) "." }
        div.scroll {
            table {
                thead { tr { th { "damage" } th { "accuracy as it is" } th { "restored" } th { "would be" } } }
                tbody { @for trial in &rehearsal.trials { (row(trial, shown)) } }
            }
        }
    };
    page("What would be repaired", body)
}

fn row(trial: &Trial, shown: &[Shown]) -> Markup {
    let (word, class) = verdict(trial);
    html! {
        tr {
            th { (trial.damage) }
            td { (bar(trial.before, "then")) }
            td { (bar(trial.after, "")) }
            td { span class={ "verdict " (class) } { (word) } }
        }
        @if let Some(shown) = shown.iter().find(|shown| shown.damage == trial.damage) {
            tr { td.picture colspan="4" { (picture(&shown.png, &format!("{}: damaged and restored", trial.damage))) } }
        }
    }
}
