//! Pictures of what a model infers, as PNG.
//!
//! A [`Panel`] is a titled grid of images; the functions here make panels of a model, and [`Picture`] puts
//! panels under one another and writes them.

mod figures;
mod known;
mod panel;
mod picture;
mod restored;
mod text;
mod words;

pub use figures::{inferred, reconstructions, samples, walk};
pub use panel::{Panel, Strip};
pub use picture::Picture;
pub use restored::restored;
pub use words::{described, in_words};
