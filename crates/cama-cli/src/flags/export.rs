//! Flags of `cama export`.

use std::path::PathBuf;

use cama::data::DataShape;
use cama::{Cama, MChoice, Result};
use cama_onnx::{ExportOptions, Layout};
use clap::Args;

use super::overlay::{named, overlay, refuse};

/// `cama export`
#[derive(Args)]
pub struct ExportFlags {
    /// The model folder: an adapted model, or one trained on manipulated data, that has an explicit mechanism.
    #[arg(long, value_name = "MODEL")]
    pub model: PathBuf,
    /// The file to write. Its input and its output `restored` have the same shape, for a batch of any size; further outputs are the
    /// inferred parameters. What is what stands in its metadata.
    #[arg(long, value_name = "FILE.onnx")]
    pub onnx: PathBuf,
    /// Replace a file that is there already.
    #[arg(long)]
    pub force: bool,
    /// Print what the file says of itself as JSON.
    #[arg(long)]
    pub json: bool,
    /// What is undone: `mean` is what q2(m|x) infers of each input, `global` what a factor model was adapted to, `null` nothing.
    /// Unless given, what `cama restore` undoes; if the model's last adaptation was rolled back, nothing.
    #[arg(long, value_name = "null|mean|global", value_parser = named::<MChoice>)]
    pub m: Option<MChoice>,
    /// Export the model's direct classifier, too: further outputs are its probabilities of the restored input, and of the input as
    /// it is.
    #[arg(long)]
    pub with_classifier: bool,
    /// The order of an image's numbers: `nchw`, `nhwc`, `nhw` or `flat`; `nchw` unless given.
    #[arg(long, value_name = "LAYOUT")]
    pub layout: Option<Layout>,
    /// The columns of a table in the order in which they come and go; that of the model's training data unless given.
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// The version of ONNX's own operators, which must be that of the file it is merged with.
    #[arg(long, value_name = "N")]
    pub opset: Option<i64>,
}

impl ExportFlags {
    /// The options that they stand for; `columns` are those of the training table, where it is there.
    ///
    /// # Errors
    ///
    /// If a flag says nothing about such data.
    pub fn options(&self, cama: &Cama, columns: impl FnOnce() -> Vec<String>) -> Result<ExportOptions> {
        let mut options = ExportOptions { m: self.m, classifier: self.with_classifier, ..Default::default() };
        overlay!(self => options; layout, opset);
        match cama.model().config().data {
            DataShape::Image(_) => refuse("images", &[("columns", !self.columns.is_empty())])?,
            DataShape::Table(_) => {
                refuse("tables", &[("layout", self.layout.is_some())])?;
                // Training data that is gone leaves the order open; then it is the schema's.
                let known = |name: &String| {
                    cama.schema().is_ok_and(|schema| schema.columns.iter().any(|c| c.name == *name))
                };
                options.columns = match self.columns.is_empty() {
                    true => columns(),
                    false => self.columns.clone(),
                };
                if self.columns.is_empty() {
                    options.columns.retain(known);
                }
            }
        }
        Ok(options)
    }
}
