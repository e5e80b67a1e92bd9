//! `cama info`: a model folder in words.

use std::io::Write;

use serde_json::json;

use super::load_model;
use crate::flags::InfoFlags;
use crate::session::Session;

/// Prints the model's page, or its configuration and story as JSON.
///
/// # Errors
///
/// If the folder holds no model that can be used.
pub fn run(flags: &InfoFlags, session: &Session) -> anyhow::Result<()> {
    let stored = load_model(&flags.model, session)?;
    let text = match flags.json {
        true => {
            let head = stored
                .head
                .as_ref()
                .map(|head| json!({ "config": head.config(), "temperature": head.temperature() }));
            let (model, guard, card) = (stored.model.config(), stored.guard, stored.card);
            serde_json::to_string_pretty(
                &json!({ "model": model, "head": head, "guard": guard, "card": card }),
            )? + "\n"
        }
        false => stored.readme(),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}
