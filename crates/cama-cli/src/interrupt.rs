//! Ctrl-C: loops that can end cleanly do so; everything else ends at once.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The exit code of a command that was ended by Ctrl-C.
pub const INTERRUPTED: u8 = 130;

/// How many loops are running that ask, one within another.
static GRACEFUL: AtomicUsize = AtomicUsize::new(0);
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
        if again || GRACEFUL.load(Ordering::SeqCst) == 0 {
            std::process::exit(INTERRUPTED.into());
        }
    })?;
    Ok(())
}

/// Whether to stop.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}

/// On with a loop, or out of it if it is to stop.
pub fn flow() -> ControlFlow<()> {
    if requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// While this lives, a loop is running that asks [`requested`] after every step.
pub struct Graceful(());

impl Graceful {
    /// From now on.
    pub fn begin() -> Self {
        GRACEFUL.fetch_add(1, Ordering::SeqCst);
        Graceful(())
    }
}

impl Drop for Graceful {
    fn drop(&mut self) {
        GRACEFUL.fetch_sub(1, Ordering::SeqCst);
    }
}
