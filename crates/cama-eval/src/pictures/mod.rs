//! Pictures of what a model believes, as PNG.
//!
//! A [`Panel`] is a titled grid of images; the functions here make panels of a model, and [`Picture`] puts
//! panels under one another and writes them.

mod figures;
mod panel;
mod picture;
mod text;

pub use figures::{inferred, reconstructions, samples, walk};
pub use panel::{Panel, Strip};
pub use picture::Picture;
