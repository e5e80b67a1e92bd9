//! A model as a folder, and as bytes: the same files either way.

mod bytes;
mod files;
mod folder;
mod readme;

pub use folder::{VERDICTS, is_model_folder};
