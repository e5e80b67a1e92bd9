//! Classifiers that others have trained, from ONNX files, beside a deep CAMA model.
//!
//! [`OnnxClassifier`] runs a user's own classifier, exported from PyTorch, TensorFlow or scikit-learn, on images or rows
//! as they are, or on what a model has restored of them:
//!
//! ```
//! use std::path::Path;
//!
//! use cama::{Classifier, Evidence, data, device};
//! use cama_onnx::{OnnxClassifier, OnnxOptions, Reads};
//! # use burn::tensor::{Tensor, TensorData};
//!
//! let digits = data::load("mnist:test[..20]")?;
//! let classes: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
//! # let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/mnist-cnn.onnx");
//! // let path = Path::new("classifier.onnx");
//! let reads = Reads::Images { shape: digits.shape() };
//! let classifier = OnnxClassifier::open(&path, &OnnxOptions::default(), reads, &classes)?;
//!
//! # let pixels = TensorData::new(digits.pixels().to_vec(), [20, 784]);
//! # let x: Tensor<2> = Tensor::from_data(pixels, &device("cpu")?);
//! // X: `[batch, channels·height·width]`, pixels in [0, 1].
//! let log_probabilities = classifier.log_probabilities(&Evidence::of_x(x))?;
//! assert_eq!(log_probabilities.dims(), [20, 10]);
//! # Ok::<(), cama::Error>(())
//! ```
//!
//! # What a classifier takes
//!
//! An image classifier has one input of floating-point numbers. Its layout, its size and its channels are read from the
//! shape in the file, as far as that says them. Images of another size are resized bilinearly (with the outer edges, not
//! the centres of the outer pixels, aligned, and without smoothing); grey ones are repeated for a classifier of colours.
//! Then pixels become (x · scale − mean) / std.
//!
//! A table's classifier takes the columns in their own units, not standardised: all as one input `[batch, columns]`, or
//! each as an input `[batch, 1]` with the column's name. Of a boolean column, the first value is 0 and the second is 1;
//! the values of a category must be numbers. Inputs of whole numbers get rounded ones.
//!
//! The batch may have any size, or a fixed one, for which the last examples are filled up.
//!
//! # What it gives
//!
//! One row of numbers for each example: logits or probabilities. Unless [`OnnxOptions::output`] says which, they are
//! probabilities if the last operator is `Softmax`, logits if it is `LogSoftmax`, `Gemm` or `MatMul`, and otherwise
//! probabilities only if they are in [0, 1] and sum to 1 on a few made-up examples. The order of the classes comes from
//! [`OnnxOptions::labels`], or else from the names that scikit-learn's classifiers keep in the file; without either, it
//! is the model's.
//!
//! # Operators
//!
//! Networks run on [`rten`], on the CPU; it has nearly all operators of ONNX's own domain. Of the domain `ai.onnx.ml` there
//! are `ArrayFeatureExtractor`, `Binarizer`, `FeatureVectorizer`, `Imputer`, `LinearClassifier`, `Normalizer`, `Scaler`,
//! `TreeEnsembleClassifier` and `ZipMap`. Operators that the output does not need, as those that only make the predicted
//! label, may be any. All numbers are computed in single precision.
//!
//! # Files that one does not trust
//!
//! No file makes this crate read or write other data than the weights beside it. But a network is a program: what it
//! takes of time and memory is bounded by nothing.

mod classifier;
mod file;
mod graph;
mod image;
mod labels;
mod network;
mod output;
mod rewrite;
mod table;
mod wire;

use std::path::PathBuf;

pub use classifier::{OnnxClassifier, Reads};
pub use image::Layout;
pub use output::OutputKind;

/// What a file does not say of its classifier.
#[derive(Clone, Debug, PartialEq)]
pub struct OnnxOptions {
    /// A file with the names of the classes in the order of the outputs: one a line, or `index,name`.
    pub labels: Option<PathBuf>,
    /// The layout of images; read from the input's shape unless given.
    pub layout: Option<Layout>,
    /// Height and width of images, where the input's shape leaves them open; the model's unless given.
    pub size: Option<[usize; 2]>,
    /// What pixels in [0, 1] are multiplied with first.
    pub scale: f32,
    /// What is then subtracted: nothing, one number, or one for each of the classifier's channels.
    pub mean: Vec<f32>,
    /// What is then divided by: nothing, one number, or one for each of the classifier's channels; above 0.
    pub std: Vec<f32>,
    /// Whether to turn images in colour grey for a classifier of grey ones.
    pub grey: bool,
    /// The columns of a table in the order in which the classifier takes them; the file's unless given.
    pub columns: Vec<String>,
    /// What the outputs are; found out unless given.
    pub output: Option<OutputKind>,
    /// The output to use where there are several.
    pub output_name: Option<String>,
}

impl Default for OnnxOptions {
    fn default() -> Self {
        OnnxOptions {
            labels: None,
            layout: None,
            size: None,
            scale: 1.0,
            mean: Vec::new(),
            std: Vec::new(),
            grey: false,
            columns: Vec::new(),
            output: None,
            output_name: None,
        }
    }
}
