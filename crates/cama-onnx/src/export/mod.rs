//! The restorer as an ONNX file: what a model infers of its input and undoes, for other programs and languages.

mod columns;
mod draft;
mod factor;
mod file;
mod images;
mod inverse;
mod network;
mod options;
mod posterior;
mod table;
mod undone;

use std::io::Write;
use std::path::Path;

use cama::data::DataShape;
use cama::{Cama, Error, Result, files};

pub use self::draft::{PROBABILITIES, RESTORED};
pub use self::options::{ExportOptions, OPSETS};
pub use self::undone::Undone;

/// A restorer that is ready to be written.
#[derive(Clone, Debug)]
pub struct Export {
    bytes: Vec<u8>,
    undone: Undone,
    /// Name and shape of the input, and of the outputs.
    tensors: Vec<(String, String)>,
    metadata: Vec<(&'static str, String)>,
}

/// The restorer of a model as one ONNX graph.
///
/// Its input and its first output, `restored`, have the same shape, with a batch of any size. What the outputs are, and
/// how data is prepared for the input, stands in the file's metadata under keys that begin with `cama.`. The outputs are the
/// library's within the rounding of single precision: `restored` is [`cama::restore()`] of what q2(m|x) infers at its mean,
/// without a guard, whatever the example.
///
/// # Errors
///
/// [`Error::Mismatch`] if there is nothing to export, [`Error::Config`] for options that do not go with the model.
pub fn export(cama: &Cama, options: &ExportOptions) -> Result<Export> {
    if !OPSETS.contains(&options.opset) {
        let allowed = format!("from {} to {}", OPSETS.start(), OPSETS.end());
        return Err(Error::config("export.opset", options.opset, allowed));
    }
    let undone = Undone::of(cama, options)?;
    let mut draft = match cama.model().config().data {
        DataShape::Image(shape) => images::of_images(cama, &undone, options, shape)?,
        DataShape::Table(_) => table::of_table(cama, &undone, options)?,
    };
    draft.state(cama, &undone, options);
    let tensors = draft.graph.input.iter().chain(&draft.graph.output);
    let tensors =
        tensors.map(|value| (crate::graph::name(value).to_string(), crate::graph::described(value)));
    let tensors = tensors.collect();
    let metadata = draft.metadata.clone();
    let bytes = file::bytes(draft.graph, options.opset, draft.metadata)
        .map_err(|problem| Error::Mismatch(format!("the restorer cannot be exported: {problem}")))?;
    Ok(Export { bytes, undone, tensors, metadata })
}

impl Export {
    /// The bytes of the file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the restorer undoes.
    pub fn undone(&self) -> &Undone {
        &self.undone
    }

    /// Name and description of the input and then of each output.
    pub fn tensors(&self) -> &[(String, String)] {
        &self.tensors
    }

    /// What the file says of itself, each under its key: text, or JSON.
    pub fn metadata(&self) -> &[(&'static str, String)] {
        &self.metadata
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn write(&self, path: &Path) -> Result<()> {
        files::write_atomic(path, |file| file.write_all(&self.bytes))
    }
}
