//! Deep CAMA: the generative model p and the inference networks q put together.

mod config;
mod features;
mod generator;
mod given;
mod inference;
mod likelihood;
mod manipulation;

pub use config::{ModelConfig, PRESETS};
pub(crate) use features::Trunk;
pub use likelihood::Observation;
pub use manipulation::ManipulationModel;

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use self::generator::Generator;
pub(crate) use self::given::{Given, Pairs};
use self::inference::StylePosterior;
use crate::data::Dataset;
use crate::mechanism::MechanismConfig;
use crate::network::{DiagonalGaussian, Init};
use crate::{Error, Result};

/// p(x,y,z,m|a,c) = p(m) p(z) p(y|a) p(x|y,c,z,m) and q(z,m|x,y,a,c) = q1(z|x,y,m,a,c) q2(m|x)  (Eqs. 9, 10);
/// images have neither a nor c (Eqs. 1, 2).
///
/// p(z) is standard normal, p(m) is what the mechanisms have for a prior, p(y) without parents is uniform for
/// images and the classes' frequencies for tables. X of an example is a row of numbers: `channels·height·width`
/// pixels in [0, 1], or the columns of a table. m is a row of all mechanisms' parts, and `None` stands for
/// do(m = 0).
#[derive(Module, Debug)]
pub struct DeepCama {
    /// NN_Y, NN_Z, NN_C, NN_merge, p(y|a).
    pub(crate) p: Generator,
    /// q1(z|x,y,m,a,c).
    pub(crate) q1: StylePosterior,
    /// NN_M, the explicit mechanisms and q2(m|x): all that adaptation trains.
    pub(crate) m: Option<ManipulationModel>,
    #[module(skip)]
    config: ModelConfig,
}

/// What is observed of a batch besides Y.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// X, `[batch, width]`.
    pub x: Tensor<2>,
    /// A, `[batch, parents]`; nothing where Y has no observed parents.
    pub a: Option<Tensor<2>>,
    /// C, `[batch, co-parents]`; nothing where Y has no observed co-parents.
    pub c: Option<Tensor<2>>,
}

impl Evidence {
    /// Images, or children without parents and co-parents.
    pub fn of_x(x: Tensor<2>) -> Self {
        Self { x, a: None, c: None }
    }

    /// X, A and C side by side, `[batch, width + parents + co-parents]`.
    pub(crate) fn concatenated(self) -> Tensor<2> {
        let others = [self.a, self.c].into_iter().flatten();
        others.fold(self.x, |all, other| Tensor::cat(vec![all, other], 1))
    }
}

/// z and what it explains, for every example, target class and sample.
pub struct Joint {
    /// log p(y|a), `[batch or 1, targets]`, in nats.
    pub log_py: Tensor<2>,
    /// log p(x|y,c,z,m), `[batch, targets, samples]`, in nats.
    pub log_px: Tensor<3>,
    /// log p(z) − log q1(z|x,y,m,a,c) of the samples, `[batch, targets, samples]`, in nats.
    pub log_ratio_z: Tensor<3>,
    /// KL(q1(z|x,y,m,a,c) ‖ p(z)), `[batch, targets]`, in nats.
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
        config::check_mechanisms(mechanisms, &self.config.input)?;
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

    /// Errors unless the model can read the X, A and C of `data`.
    pub fn check_fits(&self, data: &impl Dataset) -> Result<()> {
        data.check_input(&self.config.input)
    }

    /// Errors unless `data` fits and has labels of as many classes as the model.
    pub fn check_labelled(&self, data: &impl Dataset) -> Result<()> {
        self.check_fits(data)?;
        if data.labels().is_none() {
            return Err(Error::Mismatch(format!("{} has no labels", data.name())));
        }
        if data.classes().len() != self.config.classes {
            return Err(Error::Mismatch(format!(
                "the model has {} classes, {} has {}",
                self.config.classes,
                data.name(),
                data.classes().len()
            )));
        }
        Ok(())
    }

    /// z from q1, log p(x|y,c,z,m) and log p(y|a).
    ///
    /// `labels`, `[batch]`, scores each example under its own class, `None` under
    /// every class; `m` is `[batch, dim]`; `noise` is standard normal, `[batch, samples, z]`.
    ///
    /// All classes share the noise: each class's estimate is as good as with noise of its own, and what the
    /// noise does to log p(z) − log q1 cancels where the classes are compared.
    pub fn joint(
        &self,
        seen: &Evidence,
        labels: Option<Tensor<1, Int>>,
        m: Option<&Tensor<2>>,
        noise: Tensor<3>,
    ) -> Joint {
        let log_py = self.log_py(seen, labels.clone());
        let given = self.given(seen, labels, m);
        let [log_px, log_ratio_z] = self.explain(&given, noise);
        Joint { log_py, log_px, log_ratio_z, kl_z: given.q1.kl_to_standard().squeeze_dim(2) }
    }

    /// q1(z|x,y,m,a,c), `[batch, targets, z]`: it sees T_m⁻¹(x) of the explicit mechanisms.
    pub fn style(
        &self,
        seen: &Evidence,
        labels: Option<Tensor<1, Int>>,
        m: Option<&Tensor<2>>,
    ) -> DiagonalGaussian<3> {
        self.style_at(seen, labels, m, self.latent(m).map(|(part, ..)| part))
    }

    /// p(x|y,c,z,m) of samples `z`, `[batch, targets, samples, z]`, as `[batch, targets·samples, width]`; `c` is
    /// `[batch, co-parents]`.
    pub fn observe(
        &self,
        labels: Option<Tensor<1, Int>>,
        c: Option<Tensor<2>>,
        z: Tensor<4>,
        m: Option<&Tensor<2>>,
    ) -> Observation {
        let causes = self.p.causes(labels, c, self.latent(m).map(|(_, h, merge)| (h, merge)));
        self.observe_causes(&causes, z, m)
    }
}

fn init<'a>(config: &ModelConfig, rng: &'a mut ChaCha8Rng, device: &'a Device) -> Init<'a> {
    Init { scheme: config.initialisation, negative_slope: config.negative_slope, rng, device }
}
