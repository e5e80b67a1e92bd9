//! How the loops tell what they are doing, and hear that they should stop.

use std::ops::ControlFlow;

use crate::epoch::Epoch;

/// What a loop has just done.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// One optimiser step of `total`, with its loss in nats an example.
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
    /// Something that its user may want to know.
    Notice(&'a str),
}

/// The loops that report steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Training (Eq. 5).
    Train,
    /// Fitting q2 to dreams.
    Dream,
    /// Finding the global m: what was done to all of the data alike (Eq. 7).
    Global,
    /// Adaptation (Eq. 8).
    Adapt,
    /// Fitting the direct classifier.
    Direct,
    /// Searching for adversarial examples.
    Attack,
    /// Finding out on clean data how to search z.
    Bank,
}

impl Phase {
    /// In words, as in `in step 3 of training`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "training",
            Self::Dream => "dreaming",
            Self::Global => "finding a global m",
            Self::Adapt => "adaptation",
            Self::Direct => "fitting the direct classifier",
            Self::Attack => "the attack",
            Self::Bank => "finding out how to search z",
        }
    }
}

/// Called after each step and epoch; `Break` stops the loop at once.
pub type Observer<'a> = dyn FnMut(Event) -> ControlFlow<()> + 'a;

/// An observer that looks on.
pub fn silent(_: Event) -> ControlFlow<()> {
    ControlFlow::Continue(())
}
