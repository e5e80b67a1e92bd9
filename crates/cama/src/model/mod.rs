//! Deep CAMA: the generative model p and the inference networks q put together.

mod config;
mod generator;
mod inference;
mod likelihood;
mod manipulation;

pub use config::{Likelihood, ModelConfig, PRESETS};
pub use likelihood::Observation;
pub use manipulation::ManipulationModel;

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use self::generator::Generator;
use self::inference::StylePosterior;
use crate::mechanism::MechanismConfig;
use crate::network::{DiagonalGaussian, Init};
use crate::{Error, Result};

/// p(x,y,z,m) = p(m) p(z) p(y) p(x|y,z,m) and q(z,m|x,y) = q1(z|x,y,m) q2(m|x)  (Eqs. 1, 2).
///
/// p(m) and p(z) are standard normal, p(y) is uniform. Images are rows of `channels·height·width` pixels in
/// [0, 1]; m is a row of all mechanisms' parts, and `None` stands for do(m = 0).
#[derive(Module, Debug)]
pub struct DeepCama {
    /// NN_Y, NN_Z, NN_merge.
    pub(crate) p: Generator,
    /// q1(z|x,y,m).
    pub(crate) q1: StylePosterior,
    /// NN_M, the explicit mechanisms and q2(m|x): all that adaptation trains.
    pub(crate) m: Option<ManipulationModel>,
    #[module(skip)]
    config: ModelConfig,
}

/// z and what it explains, for every image, target class and sample.
pub struct Joint {
    /// log p(x|y,z,m), `[batch, targets, samples]`, in nats.
    pub log_px: Tensor<3>,
    /// log p(z) − log q1(z|x,y,m) of the samples, `[batch, targets, samples]`, in nats.
    pub log_ratio_z: Tensor<3>,
    /// KL(q1(z|x,y,m) ‖ p(z)), `[batch, targets]`, in nats.
    pub kl_z: Tensor<2>,
}

impl DeepCama {
    /// A model with initial weights drawn from `seed`, on `device`.
    pub fn new(config: &ModelConfig, seed: u64, device: &Device) -> Result<Self> {
        config.check()?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut init = init(config, &mut rng, device);
        let p = Generator::new(config, &mut init);
        let q1 = StylePosterior::new(config, &mut init);
        let bare = Self { p, q1, m: None, config: ModelConfig { mechanisms: Vec::new(), ..config.clone() } };
        Ok(bare.with_mechanisms(&config.mechanisms, &mut init))
    }

    /// The same clean model with other mechanisms: those it has already, with the same settings, keep their
    /// weights; new ones, and heads of q2 for them, are drawn from `seed`.
    pub fn attach(self, mechanisms: &[MechanismConfig], seed: u64) -> Result<Self> {
        config::check_mechanisms(mechanisms)?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (config, device) = (self.config.clone(), self.device());
        Ok(self.with_mechanisms(mechanisms, &mut init(&config, &mut rng, &device)))
    }

    fn with_mechanisms(mut self, mechanisms: &[MechanismConfig], init: &mut Init) -> Self {
        self.config.mechanisms = mechanisms.to_vec();
        let latent = mechanisms.iter().find_map(|mechanism| match mechanism {
            MechanismConfig::Latent(latent) => Some(latent.dim),
            _ => None,
        });
        self.p.fit_latent(latent.is_some(), self.config.hidden, init);
        self.q1.fit_latent(latent, self.config.hidden, init);
        let former = self.m.take();
        self.m = (!mechanisms.is_empty()).then(|| ManipulationModel::new(&self.config, former, init));
        self
    }

    /// The configuration it was built from.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// The parts that depend on M, if it has a mechanism.
    pub fn manipulation(&self) -> Option<&ManipulationModel> {
        self.m.as_ref()
    }

    /// Where it lives.
    pub fn device(&self) -> Device {
        self.devices().into_iter().next().unwrap_or_default()
    }

    /// Errors unless images of `shape` with `classes` classes (0 where unknown) fit.
    pub fn check_fits(&self, shape: [usize; 3], classes: usize) -> Result<()> {
        if shape != self.config.image {
            let [c, h, w] = self.config.image;
            let [dc, dh, dw] = shape;
            return Err(Error::Mismatch(format!(
                "the model takes images of {c} channel(s), {h}×{w} pixels, the data has {dc} channel(s), {dh}×{dw}"
            )));
        }
        if classes != 0 && classes != self.config.classes {
            return Err(Error::Mismatch(format!(
                "the model has {} classes, the data has {classes}",
                self.config.classes
            )));
        }
        Ok(())
    }

    /// z from q1 and log p(x|y,z,m).
    ///
    /// `x` is `[batch, pixels]`; `labels`, `[batch]`, scores each image under its own class, `None` under
    /// every class; `m` is `[batch, dim]`; `noise` is standard normal, `[batch, samples, z]`.
    ///
    /// All classes share the noise: each class's estimate is as good as with noise of its own, and what the
    /// noise does to log p(z) − log q1 cancels where the classes are compared.
    pub fn joint(
        &self,
        x: Tensor<2>,
        labels: Option<Tensor<1, Int>>,
        m: Option<&Tensor<2>>,
        noise: Tensor<3>,
    ) -> Joint {
        let [batch, samples, _] = noise.dims();
        let noise = noise.unsqueeze_dim::<4>(1);
        let q1 = self.style(x.clone(), labels.clone(), m);
        let mean = q1.mean.clone().unsqueeze_dim::<4>(2);
        let log_var = q1.log_var.clone().unsqueeze_dim::<4>(2);
        let targets = mean.dims()[1];
        let z = mean + log_var.clone().mul_scalar(0.5).exp() * noise.clone();
        // The constants of the two normal densities cancel.
        let log_ratio_z = (noise.square() - z.clone().square() + log_var)
            .sum_dim(3)
            .reshape([batch, targets, samples])
            .mul_scalar(0.5);
        let observed = self.observe(labels, z, m);
        let log_sigma = self.p.log_sigma.as_ref().map(|p| p.val());
        let log_px = self.config.likelihood.log_prob(observed, log_sigma, x);
        Joint {
            log_px: log_px.reshape([batch, targets, samples]),
            log_ratio_z,
            kl_z: q1.kl_to_standard().squeeze_dim(2),
        }
    }

    /// q1(z|x,y,m), `[batch, targets, z]`: it sees T_m⁻¹(x) of the explicit mechanisms.
    pub fn style(
        &self,
        x: Tensor<2>,
        labels: Option<Tensor<1, Int>>,
        m: Option<&Tensor<2>>,
    ) -> DiagonalGaussian<3> {
        let (x, latent) = match (m, &self.m) {
            (Some(m), Some(parts)) => (parts.restore(m, x), parts.latent(m).map(|(part, ..)| part)),
            _ => (x, None),
        };
        self.q1.forward(x, labels, latent)
    }

    /// p(x|y,z,m) of samples `z`, `[batch, targets, samples, z]`, as `[batch, targets·samples, pixels]`.
    pub fn observe(
        &self,
        labels: Option<Tensor<1, Int>>,
        z: Tensor<4>,
        m: Option<&Tensor<2>>,
    ) -> Observation {
        match (m, &self.m) {
            (Some(m), Some(parts)) => {
                let h_m = parts.latent(m).map(|(_, h, merge)| (h, merge));
                parts.observe(m, self.p.logits(labels, z, h_m), self.config.likelihood)
            }
            _ => Observation::Logits(self.p.logits(labels, z, None)),
        }
    }
}

fn init<'a>(config: &ModelConfig, rng: &'a mut ChaCha8Rng, device: &'a Device) -> Init<'a> {
    Init { scheme: config.initialisation, negative_slope: config.negative_slope, rng, device }
}
