//! `cama show`: pictures of what a model believes.

use crate::flags::ShowFlags;
use crate::session::Session;

/// Draws.
pub fn run(_flags: &ShowFlags, _session: &Session) -> anyhow::Result<()> {
    anyhow::bail!("not there yet")
}
