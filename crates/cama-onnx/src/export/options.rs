//! What is exported, and how.

use cama::MChoice;

use crate::options::Layout;

/// What is exported, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportOptions {
    /// What is undone: with [`M::Mean`](cama::M) what q2(m|x) infers of each example, with [`M::Global`](cama::M) what a factor
    /// model was adapted to, with [`M::Null`](cama::M) nothing. Unless given, what the model's own prediction takes.
    pub m: Option<MChoice>,
    /// Whether the model's direct classifier is exported, too.
    pub classifier: bool,
    /// How a batch of images is laid out, at the input and at the output.
    pub layout: Layout,
    /// The columns of a table in the order in which they come, all that the model reads; that of the model's schema unless given.
    pub columns: Vec<String>,
    /// The version of ONNX's own operators, as far as the file is to be merged with others: [`OPSETS`].
    pub opset: i64,
}

/// The versions of ONNX's own operators that a file can be written for.
pub const OPSETS: std::ops::RangeInclusive<i64> = 16..=22;

impl Default for ExportOptions {
    fn default() -> Self {
        Self { m: None, classifier: false, layout: Layout::Nchw, columns: Vec::new(), opset: 17 }
    }
}
