//! Sizes and choices of a model; only a checked configuration can be built.

use serde::{Deserialize, Serialize};

use crate::input::{ImageInput, Input, check_sizes};
use crate::mechanism::{LatentConfig, MechanismConfig};
use crate::network::Initialisation;
use crate::{Error, Result};

/// A gigabyte of single-precision weights.
const MOST_WEIGHTS: usize = 1 << 28;

/// Names of the presets.
pub const PRESETS: &[&str] = &["fast", "paper"];

/// The architecture of a [`DeepCama`](super::DeepCama).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// What X is, and in tables A and C.
    pub input: Input,
    /// Number of classes of Y.
    pub classes: usize,
    /// Length of Z.
    pub z: usize,
    /// Width of every fully connected layer.
    pub hidden: usize,
    /// Layers of NN_Y, of NN_Z and of NN_C.
    pub cause_layers: usize,
    /// Slope of the activation for negative inputs; 0 is ReLU, 1 makes every network linear.
    pub negative_slope: f64,
    /// How initial weights are drawn.
    pub initialisation: Initialisation,
    /// The parts of m, in the order in which they act on the clean X.
    pub mechanisms: Vec<MechanismConfig>,
}

impl ModelConfig {
    /// Small and quick to train on a CPU: leaky ReLU, He initialisation, and the explicit mechanisms for such
    /// an input (`affine` and `photometric` for images, `per-column` for tables). A table without a number in X, on
    /// which none of these can act, has `latent`. An image's shape stands for [`ImageInput::fast`].
    pub fn fast(input: impl Into<Input>, classes: usize) -> Self {
        let input = input.into();
        let (z, hidden, mechanisms) = match &input {
            Input::Image(_) => (64, 256, "affine,photometric"),
            Input::Table(table) if table.numbers().is_empty() => (8, 100, "latent"),
            Input::Table(_) => (8, 100, "per-column"),
        };
        Self {
            input,
            classes,
            z,
            hidden,
            cause_layers: 2,
            negative_slope: 0.2,
            initialisation: Initialisation::He,
            mechanisms: MechanismConfig::parse_list(mechanisms).expect("known names"),
        }
    }

    /// The architecture of the paper's MNIST experiments, with its latent mechanism, for images
    /// `[channels, height, width]`.
    pub fn paper(image: [usize; 3], classes: usize) -> Self {
        Self {
            hidden: 500,
            negative_slope: 0.0,
            initialisation: Initialisation::Uniform,
            mechanisms: vec![MechanismConfig::Latent(LatentConfig::default())],
            ..Self::fast(ImageInput::paper(image), classes)
        }
    }

    /// The preset called `name`, for such an input: an image's networks are replaced by the preset's.
    ///
    /// # Errors
    ///
    /// If there is no such preset, or not for such an input: the paper does not say which networks it has for
    /// tables.
    pub fn preset(name: &str, input: Input, classes: usize) -> Result<Self> {
        match (name, &input) {
            ("fast", _) => Ok(Self::fast(input, classes)),
            ("paper", Input::Image(image)) => Ok(Self::paper(image.shape, classes)),
            ("paper", Input::Table(_)) => Err(Error::config(
                "preset",
                name,
                "`fast` for tables: the paper gives no architecture for them",
            )),
            _ => Err(Error::unknown_name("preset", name, PRESETS)),
        }
    }

    /// Checks every field, naming the first that is not allowed.
    pub fn check(&self) -> Result<()> {
        check_sizes(&[
            ("model.classes", self.classes, 2..=10_000),
            ("model.z", self.z, 1..=4096),
            ("model.hidden", self.hidden, 1..=65_536),
            ("model.cause_layers", self.cause_layers, 1..=16),
        ])?;
        if !(0.0..=1.0).contains(&self.negative_slope) {
            return Err(Error::config(
                "model.negative_slope",
                self.negative_slope,
                "from 0 (ReLU) to 1 (linear)",
            ));
        }
        self.input.check(self.classes)?;
        check_mechanisms(&self.mechanisms, &self.input)?;
        let weights = self.weights();
        if weights > MOST_WEIGHTS {
            return Err(Error::config(
                "model",
                format!("about {weights} weights"),
                format!("sizes (hidden, channels, kernels, image, columns) that make at most {MOST_WEIGHTS}"),
            ));
        }
        Ok(())
    }

    /// Roughly how many weights the sizes make, in any case enough to refuse what memory cannot hold.
    fn weights(&self) -> usize {
        let causes = self.hidden * (self.z + self.classes + 2 * self.cause_layers * self.hidden);
        causes.saturating_add(self.input.weights(self.hidden, self.classes))
    }
}

/// Each mechanism is allowed once, with allowed settings, for an input that it can act on.
pub(super) fn check_mechanisms(mechanisms: &[MechanismConfig], input: &Input) -> Result<()> {
    for (i, mechanism) in mechanisms.iter().enumerate() {
        mechanism.check()?;
        mechanism.check_input(input)?;
        if mechanisms[..i].iter().any(|m| m.name() == mechanism.name()) {
            return Err(Error::config("model.mechanisms", mechanism.name(), "listed only once"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChildColumn, ChildKind, TableInput};

    fn table(children: usize, co_parents: usize) -> ModelConfig {
        let column = |i| ChildColumn { name: format!("X{i}"), kind: ChildKind::Number };
        let input = TableInput {
            children: (0..children).map(column).collect(),
            co_parents,
            class_frequencies: vec![0.01; 100],
            ..TableInput::default()
        };
        ModelConfig::fast(input, 100)
    }

    #[test]
    fn what_memory_cannot_hold_is_refused() {
        assert!(table(10, 1000).check().is_ok());
        let text = table(3000, 1000).check().unwrap_err().to_string();
        assert!(text.contains("weights"), "{text}");
        assert!(table(65_536, 65_536).check().is_err());
    }

    #[test]
    fn presets_fit_their_input() {
        let input = table(2, 0).input;
        assert!(ModelConfig::preset("fast", input.clone(), 100).unwrap().check().is_ok());
        let text = ModelConfig::preset("paper", input.clone(), 100).unwrap_err().to_string();
        assert!(text.contains("`fast` for tables"), "{text}");
        assert!(ModelConfig::preset("fsat", input, 100).unwrap_err().to_string().contains("`fast`"));
        let image = ModelConfig::preset("paper", [1, 28, 28].into(), 10).unwrap();
        assert_eq!(image, ModelConfig::paper([1, 28, 28], 10));
    }
}
