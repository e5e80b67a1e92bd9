//! `cama export`: the restorer as an ONNX file.

use std::io::Write;

use cama::Cama;
use cama_onnx::{Export, Undone, export};
use serde_json::Value;

use super::load_model;
use crate::flags::ExportFlags;
use crate::output::Output;
use crate::session::Session;
use crate::source::training_columns;

/// Writes the file, and tells what is in it.
///
/// # Errors
///
/// If the model has nothing to restore with, or the file cannot be written.
pub fn run(flags: &ExportFlags, session: &Session) -> anyhow::Result<()> {
    let cama = load_model(&flags.model, session)?;
    let out = Output::file(&flags.onnx, flags.force)?;
    let exported = export(&cama, &flags.options(&cama, || training_columns(cama.card()))?)?;
    exported.write(out.path())?;
    match flags.json {
        true => writeln!(std::io::stdout(), "{}", json(&exported))?,
        false => session.tell(words(&exported, out.path())),
    }
    if let Undone::Nothing(why) = exported.undone() {
        session.warn(format!(
            "{} restores NOTHING, and gives back its input: {why}; --m mean exports what the model infers all the same",
            out.path().display()
        ));
    } else if let Some(notice) = unguarded(&cama, exported.undone()) {
        session.warn(format!("{}: {notice}", out.path().display()));
    }
    Ok(())
}

/// What the file lacks of what `cama restore` does.
fn unguarded(cama: &Cama, undone: &Undone) -> Option<&'static str> {
    (cama.guard().is_some() && *undone == Undone::Inferred).then_some(
        "no guard is exported: every input is restored, clean ones too; give it data of the kind that the model was adapted to",
    )
}

/// The metadata as one object, without what all its keys begin with.
fn json(exported: &Export) -> String {
    let value = |text: &String| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()));
    let entries = exported.metadata().iter();
    let object: serde_json::Map<_, _> =
        entries.map(|(key, text)| (key.trim_start_matches("cama.").to_string(), value(text))).collect();
    Value::from(object).to_string()
}

/// What was written, for people.
fn words(exported: &Export, path: &std::path::Path) -> String {
    let kib = exported.bytes().len().div_ceil(1024);
    let mut text = format!("{}: {kib} KiB", path.display());
    for (i, (_, described)) in exported.tensors().iter().enumerate() {
        let way = if i == 0 { "input" } else { "output" };
        text += &format!("\n  {way:<6} {described}");
    }
    text
}
