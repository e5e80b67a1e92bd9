//! Flags for a classifier that others have trained.

use std::path::PathBuf;

#[cfg(feature = "onnx")]
use cama_onnx::{Layout, OnnxOptions, OutputKind};
use clap::Args;

/// A classifier to use beside the model. This build knows no ONNX files.
#[cfg(not(feature = "onnx"))]
#[derive(Args)]
#[command(next_help_heading = "Classifier")]
pub struct ClassifierFlags {
    /// A classifier of your own: the folder of a baseline that `cama baseline` made.
    #[arg(long, value_name = "DIR")]
    pub classifier: Option<PathBuf>,
}

/// A classifier to use beside the model, and what its file does not say of it.
#[cfg(feature = "onnx")]
#[derive(Args)]
#[command(next_help_heading = "Classifier")]
pub struct ClassifierFlags {
    /// A classifier of your own, an ONNX file: exported from PyTorch, TensorFlow or scikit-learn; or the folder of a
    /// baseline that `cama baseline` made.
    #[arg(long, value_name = "FILE.onnx|DIR")]
    pub classifier: Option<PathBuf>,
    /// The names of its classes in the order of its outputs, one a line or `index,name`; the model's unless given or in
    /// the ONNX file.
    #[arg(long, value_name = "FILE", requires = "classifier")]
    pub classifier_labels: Option<PathBuf>,
    /// The order of an image's numbers: `nchw`, `nhwc`, `nhw` or `flat`; read from the ONNX file unless given.
    #[arg(long, value_name = "LAYOUT", requires = "classifier")]
    pub classifier_layout: Option<Layout>,
    /// Height and width of its images, where the ONNX file leaves them open; images are resized to that.
    #[arg(long, value_name = "HxW", value_parser = size, requires = "classifier")]
    pub classifier_size: Option<[usize; 2]>,
    /// What pixels in [0, 1] are multiplied with, such as 255.
    #[arg(long, value_name = "S", requires = "classifier")]
    pub classifier_scale: Option<f32>,
    /// What is then subtracted: one number, or one for each channel.
    #[arg(long, value_name = "M,…", value_delimiter = ',', requires = "classifier")]
    pub classifier_mean: Vec<f32>,
    /// What is then divided by: one number, or one for each channel.
    #[arg(long, value_name = "S,…", value_delimiter = ',', requires = "classifier")]
    pub classifier_std: Vec<f32>,
    /// Turn images in colour grey for a classifier of grey ones.
    #[arg(long, requires = "classifier")]
    pub classifier_grey: bool,
    /// The columns of a table in the order in which it takes them; that of the model's training data unless given.
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',', requires = "classifier")]
    pub classifier_columns: Vec<String>,
    /// What it gives for each class: `logits` or `probabilities`; found out unless given.
    #[arg(long, value_name = "KIND", requires = "classifier")]
    pub classifier_output: Option<OutputKind>,
    /// The output to use where it has several.
    #[arg(long, value_name = "NAME", requires = "classifier")]
    pub classifier_output_name: Option<String>,
}

#[cfg(feature = "onnx")]
impl ClassifierFlags {
    /// Whether nothing is given but the classifier's place.
    pub fn says_only_where(&self) -> bool {
        self.options() == OnnxOptions::default()
    }

    /// The options that they stand for.
    pub fn options(&self) -> OnnxOptions {
        let default = OnnxOptions::default();
        OnnxOptions {
            labels: self.classifier_labels.clone(),
            layout: self.classifier_layout,
            size: self.classifier_size,
            scale: self.classifier_scale.unwrap_or(default.scale),
            mean: self.classifier_mean.clone(),
            std: self.classifier_std.clone(),
            grey: self.classifier_grey,
            columns: self.classifier_columns.clone(),
            output: self.classifier_output,
            output_name: self.classifier_output_name.clone(),
        }
    }
}

/// Reads `HxW`.
#[cfg(feature = "onnx")]
fn size(text: &str) -> Result<[usize; 2], String> {
    let pixels = |text: &str| text.parse::<usize>().ok().filter(|pixels| *pixels > 0);
    let sizes = text.split_once('x').and_then(|(height, width)| Some([pixels(height)?, pixels(width)?]));
    sizes.ok_or_else(|| "write HxW, height first, as in `28x28`".to_string())
}

#[cfg(not(feature = "onnx"))]
impl ClassifierFlags {
    /// Whether nothing is given but the classifier's place.
    pub fn says_only_where(&self) -> bool {
        true
    }
}
