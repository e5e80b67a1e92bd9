//! The head: a small discriminative network beside the generative model.
//!
//! It learns from clean, labelled examples, half of which the model's mechanisms have transformed and restored again,
//! so that what restoration leaves behind (blurred edges, parts that left the canvas) does not surprise it. It knows
//! nothing of manipulations: restored inputs make it robust.

mod config;
mod fit;

pub use config::HeadConfig;
pub use fit::fit_head;

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, activation};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::classifier::Classifier;
use crate::input::Input;
use crate::model::{Evidence, ModelConfig, Trunk};
use crate::network::{Init, Initialisation};
use crate::{Error, Result};

/// T of a product with Bayes' rule until it is fitted.
pub const TEMPERATURE: f64 = 5.0;

/// Side of the convolution kernels.
const KERNEL: usize = 5;

/// log p(y|x), in tables log p(y|a,x,c), by a convolutional network on an image or a fully connected one on a row.
#[derive(Module, Debug)]
pub struct Head {
    trunk: Trunk,
    out: Linear,
    #[module(skip)]
    config: HeadConfig,
    #[module(skip)]
    classes: usize,
    #[module(skip)]
    temperature: f64,
}

impl Head {
    /// A head for what `model` reads and tells apart, with initial weights drawn from `seed`.
    ///
    /// # Errors
    ///
    /// If `config` is not allowed.
    pub fn new(model: &ModelConfig, config: &HeadConfig, seed: u64, device: &Device) -> Result<Self> {
        config.check()?;
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let mut init = Init { scheme: Initialisation::He, negative_slope: 0.0, rng, device };
        let mut input = model.input.clone();
        if let Input::Image(image) = &mut input {
            image.channels = config.channels;
            image.pooling = false;
        }
        let trunk = Trunk::new(&input, KERNEL, input.evidence_width(), config.hidden, &mut init);
        let out = init.output(config.hidden, model.classes, 0.0);
        Ok(Self { trunk, out, config: config.clone(), classes: model.classes, temperature: TEMPERATURE })
    }

    /// How it was fitted.
    pub fn config(&self) -> &HeadConfig {
        &self.config
    }

    /// T of its product with Bayes' rule ([`By::Both`](crate::By::Both)).
    pub fn temperature(&self) -> f64 {
        self.temperature
    }

    /// The same head with another T.
    pub fn with_temperature(self, temperature: f64) -> Self {
        Self { temperature, ..self }
    }

    /// log p(y|x), `[batch, classes]`, differentiable in x and in the weights.
    pub fn forward(&self, seen: &Evidence) -> Tensor<2> {
        activation::log_softmax(self.out.forward(self.trunk.forward(seen.clone().concatenated())), 1)
    }
}

impl Classifier for Head {
    fn classes(&self) -> usize {
        self.classes
    }

    fn differentiable(&self) -> bool {
        true
    }

    fn log_probabilities(&self, seen: &Evidence) -> Result<Tensor<2>> {
        let scores = self.forward(seen);
        let finite = scores.clone().is_finite().all().into_scalar::<bool>();
        if finite { Ok(scores) } else { Err(Error::Diverged("the head's numbers are not finite".into())) }
    }
}
