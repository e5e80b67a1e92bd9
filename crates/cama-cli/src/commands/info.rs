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
            serde_json::to_string_pretty(&json!({ "model": stored.model.config(), "card": stored.card }))?
                + "\n"
        }
        false => stored.readme(),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}
