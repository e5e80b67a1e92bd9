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
    let cama = load_model(&flags.model, session)?;
    let text = match flags.json {
        true => {
            let direct = cama.direct();
            let direct =
                direct.map(|direct| json!({ "config": direct.config(), "temperature": cama.temperature() }));
            let value = json!({
                "model": cama.model().config(), "direct": direct, "guard": cama.guard(),
                "rehearsal": cama.rehearsal(), "bank": cama.bank().map(cama::Bank::config), "card": cama.card(),
            });
            serde_json::to_string_pretty(&value)? + "\n"
        }
        false => cama.readme(),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}
