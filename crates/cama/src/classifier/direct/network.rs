//! The network.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, activation};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::config::DirectConfig;
use crate::classifier::Classifier;
use crate::model::{ModelConfig, Observed, Trunk, TrunkConfig};
use crate::network::{Dense, Init, Initialisation, Layer};
use crate::{Checked, Error, Result};

/// Side of the convolution kernels.
const KERNEL: usize = 5;

/// log p(y|x), in tables log p(y|a,x,c), by a convolutional network on an image or a fully connected one on a row.
#[derive(Module, Debug)]
pub struct DirectClassifier {
    trunk: Trunk,
    pub(super) out: Linear,
    #[module(skip)]
    config: DirectConfig,
    #[module(skip)]
    classes: usize,
}

impl DirectClassifier {
    /// A classifier of what `model` reads into the model's classes, with initial weights drawn from `seed`.
    pub fn new(model: &ModelConfig, config: &Checked<DirectConfig>, seed: u64, device: &Device) -> Self {
        Self::drawn(model, config, &mut ChaCha8Rng::seed_from_u64(seed), false, device)
    }

    /// The same with weights that are all zero, for those of a file to take their places.
    pub(crate) fn blank(model: &ModelConfig, config: &Checked<DirectConfig>, device: &Device) -> Self {
        Self::drawn(model, config, &mut ChaCha8Rng::seed_from_u64(0), true, device)
    }

    fn drawn(
        model: &ModelConfig,
        config: &Checked<DirectConfig>,
        rng: &mut ChaCha8Rng,
        blank: bool,
        device: &Device,
    ) -> Self {
        let mut init = Init { scheme: Initialisation::He, negative_slope: 0.0, rng, device, blank };
        let mut trunk = model.network.trunk.clone();
        if let TrunkConfig::Convolutional(conv) = &mut trunk {
            conv.channels = config.channels;
            conv.pooling = false;
        }
        let width = model.data.total_width();
        let trunk = Trunk::new(&model.data, &trunk, KERNEL, width, config.hidden, &mut init);
        let out = init.output(config.hidden, model.classes, 0.0);
        Self { trunk, out, config: (**config).clone(), classes: model.classes }
    }

    /// How it was fitted.
    pub fn config(&self) -> &DirectConfig {
        &self.config
    }

    /// Its layers, with their weights: of X (or of X, A and C side by side) they give the logits of the classes.
    pub fn layers(&self) -> Vec<Layer> {
        let mut layers = self.trunk.layers();
        layers.push(Layer::Dense(Dense::of(&self.out, 1.0)));
        layers
    }

    /// log p(y|x), `[batch, classes]`, differentiable in x and in the weights.
    pub fn forward(&self, observed: &Observed) -> Tensor<2> {
        let features = self.trunk.forward(observed.clone().concatenated());
        activation::log_softmax(self.out.forward(features), 1)
    }
}

impl Classifier for DirectClassifier {
    fn classes(&self) -> usize {
        self.classes
    }

    fn device(&self) -> Device {
        self.out.weight.device()
    }

    fn differentiable(&self) -> bool {
        true
    }

    fn log_probabilities(&self, observed: &Observed, _rngs: &mut [ChaCha8Rng]) -> Result<Tensor<2>> {
        let scores = self.forward(observed);
        let finite = scores.clone().is_finite().all().into_scalar::<bool>();
        match finite {
            true => Ok(scores),
            false => Err(Error::Diverged("the direct classifier gives non-finite numbers".into())),
        }
    }
}
