//! What the world does to images: shifts, rotations, contrast, noise, seeded.

mod composition;
mod sweep;

pub use composition::Manipulation;
pub use sweep::Sweep;
