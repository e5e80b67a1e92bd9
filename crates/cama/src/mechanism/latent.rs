//! The paper's own mechanism: a network NN_M whose features are merged with those of Y and Z.

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::contract::Mechanism;
use super::parameter::Parameter;
use crate::data::DataShape;
use crate::likelihood::LikelihoodParams;
use crate::network::{Init, Mlp};
use crate::{Error, Result};

/// How h_M joins the other features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Merge {
    /// Added to the projections of h_Y and h_Z (concatenation followed by a linear layer; Figure 4).
    Add,
    /// The merged features of Y and Z are multiplied by 1 + the projection of h_M.
    Gate,
}

/// The initial weights with which q1(z|x,y,m) reads m.
///
/// Training with do(m = 0) has no gradient for them, and adaptation trains NN_M and q2 alone (Eq. 8): after clean training
/// they stay what they were at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ZWeights {
    /// Zero: z does not depend on m unless training sees manipulated data.
    #[default]
    Zero,
    /// Drawn as those of the other inputs of the concatenation.
    Random,
}

/// Sizes of the latent manipulation and its network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LatentConfig {
    /// Length of its part of m.
    pub dim: usize,
    /// Layers of NN_M, each as wide as the model's hidden layers.
    pub layers: usize,
    /// How h_M joins the other features.
    pub merge: Merge,
    /// Whether h_M = NN_M(m) − NN_M(0), so that do(m = 0) is what it was however NN_M is adapted. Otherwise h_M = NN_M(m)
    /// (Figure 4): clean data is explained with NN_M(0), which is trained with the rest and moves in adaptation.
    #[serde(skip_serializing_if = "is_true")]
    pub centred: bool,
    /// The initial weights with which q1 reads m.
    #[serde(skip_serializing_if = "is_zero")]
    pub z_weights: ZWeights,
    /// Whether q2 has one Gaussian for all examples in place of one for each x. Its divergence then counts once for a whole
    /// data set: weight it by 1 over the number of examples ([`AdaptConfig::kl_m`](crate::AdaptConfig::kl_m)).
    #[serde(skip_serializing_if = "is_false")]
    pub shared: bool,
}

impl Default for LatentConfig {
    fn default() -> Self {
        Self {
            dim: 32,
            layers: 4,
            merge: Merge::Add,
            centred: true,
            z_weights: ZWeights::Zero,
            shared: false,
        }
    }
}

// serde passes references.
fn is_true(value: &bool) -> bool {
    *value
}

fn is_false(value: &bool) -> bool {
    !*value
}

fn is_zero(weights: &ZWeights) -> bool {
    *weights == ZWeights::Zero
}

impl LatentConfig {
    /// The paper's: h_M = NN_M(m), and m joins the input of q1 with random weights.
    pub fn paper() -> Self {
        Self { centred: false, z_weights: ZWeights::Random, ..Self::default() }
    }

    pub(super) fn check(&self) -> Result<()> {
        for (field, value) in [("latent.dim", self.dim), ("latent.layers", self.layers)] {
            if !(1..=4096).contains(&value) {
                return Err(Error::config(field, value, "between 1 and 4096"));
            }
        }
        Ok(())
    }
}

/// NN_M, a network from m to features: h_M = NN_M(m), less NN_M(0) where it is [centred](LatentConfig::centred).
///
/// The constant NN_M(0) could as well stand in the bias of the merge, so both represent the same functions.
#[derive(Module, Debug)]
pub struct Latent {
    nn_m: Mlp,
    #[module(skip)]
    config: LatentConfig,
}

impl Mechanism for Latent {
    type Config = LatentConfig;

    fn new(config: &LatentConfig, _data: &DataShape, hidden: usize, init: &mut Init) -> Self {
        Self { nn_m: Mlp::new(config.dim, hidden, config.layers, init), config: config.clone() }
    }

    fn parameters(&self) -> Vec<Parameter> {
        (0..self.config.dim)
            .map(|i| Parameter::linear(&format!("m{i}"), "standard deviations", 1.0))
            .collect()
    }

    fn features(&self, m: Tensor<2>) -> Option<Tensor<2>> {
        if !self.config.centred {
            return Some(self.nn_m.forward(m));
        }
        let null = Tensor::zeros([1, self.config.dim], &m.device());
        Some(self.nn_m.forward(m) - self.nn_m.forward(null))
    }

    /// It acts on the features, and not on X itself.
    fn observe(&self, _m: Tensor<2>, likelihood: LikelihoodParams) -> LikelihoodParams {
        likelihood
    }
}
