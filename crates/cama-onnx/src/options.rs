//! What the user says of a classifier.

use std::path::PathBuf;
use std::str::FromStr;

use cama::{Error, Result};

use crate::output::OutputKind;

/// The order of the numbers of a batch of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `[batch, channels, height, width]`, PyTorch's.
    Nchw,
    /// `[batch, height, width, channels]`, TensorFlow's.
    Nhwc,
    /// `[batch, height, width]`, grey.
    Nhw,
    /// `[batch, channels·height·width]`, in the order of NCHW.
    Flat,
}

impl Layout {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Layout::Nchw => "nchw",
            Layout::Nhwc => "nhwc",
            Layout::Nhw => "nhw",
            Layout::Flat => "flat",
        }
    }
}

impl FromStr for Layout {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Ok(match name {
            "nchw" => Layout::Nchw,
            "nhwc" => Layout::Nhwc,
            "nhw" => Layout::Nhw,
            "flat" => Layout::Flat,
            _ => return Err(Error::unknown_name("layout", name, &["nchw", "nhwc", "nhw", "flat"])),
        })
    }
}

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
