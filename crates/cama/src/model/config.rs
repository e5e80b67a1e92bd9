//! Sizes and choices of a model; only a checked configuration can be built.

use serde::{Deserialize, Serialize};

use crate::mechanism::{LatentConfig, MechanismConfig};
use crate::network::{Initialisation, pyramid};
use crate::{Error, Result};

/// p(x|·) of one pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likelihood {
    /// Bernoulli with x in [0, 1] taken as the expected value.
    Bernoulli,
    /// Gaussian; the decoder gives its mean, and one variance for all pixels is learnt.
    Gaussian,
}

/// A gigabyte of single-precision weights.
const MOST_WEIGHTS: usize = 1 << 28;

/// Names of the presets.
pub const PRESETS: &[&str] = &["fast", "paper"];

/// The architecture of a [`DeepCama`](super::DeepCama).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Channels, height and width of the images.
    pub image: [usize; 3],
    /// Number of classes of Y.
    pub classes: usize,
    /// Length of Z.
    pub z: usize,
    /// Width of every fully connected layer.
    pub hidden: usize,
    /// Channels of every convolution.
    pub channels: usize,
    /// Number of halvings in the encoders and of doublings in the decoder.
    pub conv_layers: usize,
    /// Layers of NN_Y and of NN_Z.
    pub cause_layers: usize,
    /// Side of the convolution kernels of q1(z|x,y,m).
    pub kernel_z: usize,
    /// Side of the convolution kernels of q2(m|x).
    pub kernel_m: usize,
    /// Halve by max pooling instead of stride 2.
    pub pooling: bool,
    /// Slope of the activation for negative inputs; 0 is ReLU, 1 makes every network linear.
    pub negative_slope: f64,
    /// How initial weights are drawn.
    pub initialisation: Initialisation,
    /// p(x|·) of one pixel.
    pub likelihood: Likelihood,
    /// The parts of m, in the order in which they act on the clean image.
    pub mechanisms: Vec<MechanismConfig>,
}

impl ModelConfig {
    /// Small and quick to train on a CPU: stride-2 convolutions, leaky ReLU, He initialisation, and the
    /// explicit mechanisms `affine` and `photometric`.
    pub fn fast(image: [usize; 3], classes: usize) -> Self {
        Self {
            image,
            classes,
            z: 64,
            hidden: 256,
            channels: 32,
            conv_layers: 3,
            cause_layers: 2,
            kernel_z: 5,
            kernel_m: 5,
            pooling: false,
            negative_slope: 0.2,
            initialisation: Initialisation::He,
            likelihood: Likelihood::Bernoulli,
            mechanisms: MechanismConfig::parse_list("affine,photometric").expect("two known names"),
        }
    }

    /// The architecture of the paper's MNIST experiments, with its latent mechanism.
    pub fn paper(image: [usize; 3], classes: usize) -> Self {
        Self {
            hidden: 500,
            channels: 64,
            kernel_m: 3,
            pooling: true,
            negative_slope: 0.0,
            initialisation: Initialisation::Uniform,
            mechanisms: vec![MechanismConfig::Latent(LatentConfig::default())],
            ..Self::fast(image, classes)
        }
    }

    /// The preset called `name`, for images `[channels, height, width]`.
    pub fn preset(name: &str, image: [usize; 3], classes: usize) -> Result<Self> {
        match name {
            "fast" => Ok(Self::fast(image, classes)),
            "paper" => Ok(Self::paper(image, classes)),
            _ => Err(Error::unknown_name("preset", name, PRESETS)),
        }
    }

    /// Checks every field, naming the first that is not allowed.
    pub fn check(&self) -> Result<()> {
        let sizes = [
            ("model.image[0]", self.image[0], 1..=64),
            ("model.image[1]", self.image[1], 1..=4096),
            ("model.image[2]", self.image[2], 1..=4096),
            ("model.classes", self.classes, 2..=10_000),
            ("model.z", self.z, 1..=4096),
            ("model.hidden", self.hidden, 1..=65_536),
            ("model.channels", self.channels, 1..=4096),
            ("model.conv_layers", self.conv_layers, 1..=10),
            ("model.cause_layers", self.cause_layers, 1..=16),
            ("model.kernel_z", self.kernel_z, 1..=31),
            ("model.kernel_m", self.kernel_m, 1..=31),
        ];
        for (field, value, allowed) in sizes {
            if !allowed.contains(&value) {
                return Err(Error::config(
                    field,
                    value,
                    format!("from {} to {}", allowed.start(), allowed.end()),
                ));
            }
        }
        for (field, kernel) in [("model.kernel_z", self.kernel_z), ("model.kernel_m", self.kernel_m)] {
            if kernel % 2 == 0 {
                return Err(Error::config(field, kernel, "odd, so that the kernel has a centre"));
            }
        }
        if !(0.0..=1.0).contains(&self.negative_slope) {
            return Err(Error::config(
                "model.negative_slope",
                self.negative_slope,
                "from 0 (ReLU) to 1 (linear)",
            ));
        }
        check_mechanisms(&self.mechanisms)?;
        let weights = self.weights();
        if weights > MOST_WEIGHTS {
            return Err(Error::config(
                "model",
                format!("about {weights} weights"),
                format!("sizes (hidden, channels, kernels, image) that make at most {MOST_WEIGHTS}"),
            ));
        }
        Ok(())
    }

    /// Roughly how many weights the sizes make, in any case enough to refuse what memory cannot hold.
    fn weights(&self) -> usize {
        let [h, w] =
            [self.image[1], self.image[2]].map(|side| pyramid(side, self.conv_layers)[self.conv_layers]);
        let map = self.channels * h * w;
        let kernels = self.kernel_z.pow(2) + self.kernel_m.pow(2) + 9;
        let convolutions = self.conv_layers * self.channels.max(self.image[0]).pow(2) * kernels;
        let dense = self.hidden * (self.z + self.classes + 2 * self.cause_layers * self.hidden + 5 * map);
        convolutions + dense
    }
}

/// Each mechanism is allowed once, with allowed settings.
pub(super) fn check_mechanisms(mechanisms: &[MechanismConfig]) -> Result<()> {
    for (i, mechanism) in mechanisms.iter().enumerate() {
        mechanism.check()?;
        if mechanisms[..i].iter().any(|m| m.name() == mechanism.name()) {
            return Err(Error::config("model.mechanisms", mechanism.name(), "listed only once"));
        }
    }
    Ok(())
}
