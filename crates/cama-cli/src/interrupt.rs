//! Ctrl-C: loops that can end cleanly do so; everything else ends at once.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::INTERRUPTED;

static GRACEFUL: AtomicBool = AtomicBool::new(false);
static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Listens to Ctrl-C and to requests to terminate.
///
/// # Errors
///
/// If the operating system refuses the handler.
pub fn listen() -> anyhow::Result<()> {
    ctrlc::set_handler(|| {
        // Outside the loops nothing is half-written, and who asks twice does not want to wait.
        let again = REQUESTED.swap(true, Ordering::SeqCst);
        if again || !GRACEFUL.load(Ordering::SeqCst) {
            std::process::exit(INTERRUPTED.into());
        }
    })?;
    Ok(())
}

/// Whether to stop.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}

/// While this lives, a loop is running that asks [`requested`] after every step.
pub struct Graceful(());

impl Graceful {
    /// From now on.
    pub fn begin() -> Self {
        GRACEFUL.store(true, Ordering::SeqCst);
        Graceful(())
    }
}

impl Drop for Graceful {
    fn drop(&mut self) {
        GRACEFUL.store(false, Ordering::SeqCst);
    }
}
