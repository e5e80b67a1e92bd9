//! ONNX in and out: classifiers that others have trained, from ONNX files, beside a deep CAMA model; and what such a model
//! restores, as an ONNX file, for other programs and languages.
//!
//! # Out
//!
//! [`export()`] makes one graph of what a model infers and undoes:
//!
//! ```
//! # use cama::{Cama, Card, Config, DeepCama, M, ModelConfig, device};
//! use cama_onnx::{ExportOptions, export};
//!
//! # let model = DeepCama::new(&ModelConfig::fast([1, 28, 28], 10).check()?, 0, &device("cpu")?);
//! # let adapted = Cama::bare(model).with_card(Card { m: M::Mean, ..Card::default() });
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("restorer.onnx");
//! // let adapted = Cama::load("adapted")?;
//! export(&adapted, &ExportOptions::default())?.write(&path)?;
//! # Ok::<(), cama::Error>(())
//! ```
//!
//! Input and output `restored` have the same shape, so that the file goes before any classifier. Of images it undoes what
//! q2(m|x) infers of each at its mean (mechanisms `affine`, `photometric`, `field`), without a guard; of tables the same with
//! networks (`per-column`), and with a factor model what [`Cama::restore`](cama::Cama::restore) undoes of rows like those that it
//! was adapted to, its verdicts included. A model whose last adaptation was rolled back exports the identity
//! ([`Undone::Nothing`]).
//!
//! # In
//!
//! [`OnnxClassifier`] runs a user's own classifier, exported from PyTorch, TensorFlow or scikit-learn, on images or rows
//! as they are, or on what a model has restored of them:
//!
//! ```
//! use std::path::Path;
//!
//! use cama::{Classifier, Observed, data, device};
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
//! let log_probabilities = classifier.log_probabilities(&Observed::of_x(x), &mut [])?;
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
mod export;
mod file;
mod graph;
mod image;
mod labels;
mod network;
mod nodes;
mod options;
mod output;
mod rewrite;
mod table;
mod wire;

pub use classifier::{OnnxClassifier, Reads};
pub use export::{Export, ExportOptions, OPSETS, PROBABILITIES, RESTORED, Undone, export};
pub use options::{Layout, OnnxOptions};
pub use output::OutputKind;
