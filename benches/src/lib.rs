//! What all measurements of cama share: which model on which images, and the time of the library's own loops.
//!
//! A step is what [`train`](cama::train) and [`adapt`](cama::adapt) do between two reports to their observer: gathering the
//! batch, drawing noise, forward, backward, the bound on the gradient, Adam. Nothing of it is written a second time
//! here, so that what is measured is what users wait for.

pub mod counted;
mod images;
mod measure;
mod setup;

pub use images::mnist;
pub use measure::{Adapting, Times, Training, adapt_steps, predict_times, restore_times, train_steps};
pub use setup::{Setup, default_batch};

/// That of the program `cama`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
