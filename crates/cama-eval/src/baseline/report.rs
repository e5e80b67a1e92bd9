//! Reporting the steps of training.

use cama::{Error, Event, Observer, Phase, Result};

/// Reports a step to `observer`; an error if it breaks.
pub(super) fn report(
    observer: &mut Observer,
    name: &str,
    done: usize,
    total: usize,
    loss: f64,
) -> Result<()> {
    match observer(Event::Step { phase: Phase::Train, done, total, loss }).is_break() {
        false => Ok(()),
        true => Err(interrupted(name)),
    }
}

/// That the observer stopped the training of the baseline called `name`.
pub(super) fn interrupted(name: &str) -> Error {
    Error::Interrupted(format!("the baseline `{name}` is not trained"))
}
