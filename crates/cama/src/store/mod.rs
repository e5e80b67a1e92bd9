//! A model as a folder, and as bytes: the same files either way.

mod bytes;
mod examples;
mod files;
mod folder;
mod place;
mod readme;

pub use folder::{CLEAN_EXAMPLES, VERDICTS, is_model_folder};

#[cfg(test)]
mod tests;
