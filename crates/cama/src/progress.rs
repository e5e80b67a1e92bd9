//! How the loops tell what they are doing, and hear that they should stop.

use std::ops::ControlFlow;

use crate::train::Epoch;

/// What a loop has just done.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// One optimiser step of `total`, with its loss in nats per image.
    Step {
        /// Which loop.
        phase: Phase,
        /// Steps done.
        done: usize,
        /// Steps in all.
        total: usize,
        /// The loss of this step.
        loss: f64,
    },
    /// An epoch of training, validated.
    Epoch(&'a Epoch),
}

/// The loops that report steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Training (Eq. 5).
    Train,
    /// Fitting q2 to dreams.
    Dream,
    /// Finding what was done to all of the data alike (Eq. 7).
    Share,
    /// Adaptation (Eq. 8).
    Adapt,
    /// Fitting the discriminative head.
    Head,
    /// Searching for adversarial examples.
    Attack,
}

/// Called after each step and epoch; `Break` stops the loop at once.
pub type Observer<'a> = dyn FnMut(Event) -> ControlFlow<()> + 'a;

/// An observer that looks on.
pub fn silent(_: Event) -> ControlFlow<()> {
    ControlFlow::Continue(())
}
