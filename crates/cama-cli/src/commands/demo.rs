//! `cama demo`.

use crate::flags::DemoFlags;
use crate::session::Session;

/// Runs.
pub fn run(_flags: &DemoFlags, _session: &Session) -> anyhow::Result<()> {
    anyhow::bail!("not there yet")
}
