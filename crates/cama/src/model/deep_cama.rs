//! p and q in one module: construction, mechanisms, and what it says of a batch.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::config::{GeneratorConfig, ModelConfig, NetworkConfig, check_mechanisms};
use super::factor::Factor;
use super::generator::Generator;
use super::inference::ZPosterior;
use super::mechanisms::Mechanisms;
use super::observed::Observed;
use crate::data::Dataset;
use crate::likelihood::{Likelihood, LikelihoodParams};
use crate::mechanism::{Field, FieldPosterior, LatentConfig, MechanismConfig, PriorOfData};
use crate::network::{DiagonalGaussian, Init};
use crate::{Checked, Error, Result};

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
    pub(crate) q1: ZPosterior,
    /// p(x|y,c,m) with z integrated out, in place of the networks.
    factor: Option<Factor>,
    /// NN_M, the explicit mechanisms and q2(m|x): all that adaptation trains.
    pub(crate) m: Option<Mechanisms>,
    /// What was done to each pixel of an image, which is undone before m is inferred.
    field: Option<Field>,
    #[module(skip)]
    config: ModelConfig,
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
    pub fn new(config: &Checked<ModelConfig>, seed: u64, device: &Device) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Self::drawn(config, init(config, &mut rng, device), device)
    }

    /// A model whose weights are all zero, for those of a file to take their places: most of the time that it takes to read a
    /// small model would go into drawing what nobody reads.
    pub(crate) fn blank(config: &Checked<ModelConfig>, device: &Device) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        Self::drawn(config, Init { blank: true, ..init(config, &mut rng, device) }, device)
    }

    fn drawn(config: &Checked<ModelConfig>, mut init: Init, device: &Device) -> Self {
        let init = &mut init;
        let p = Generator::new(config, init);
        let q1 = ZPosterior::new(config, init);
        let factor = match (&config.generator, config.data.table()) {
            (GeneratorConfig::Factor(factors), Some(table)) => {
                Some(Factor::empty(table, config.classes, factors, device))
            }
            _ => None,
        };
        let config_of_bare =
            ModelConfig { mechanisms: Vec::new(), prior_of_data: None, ..(**config).clone() };
        let bare = Self { p, q1, factor, m: None, field: None, config: config_of_bare };
        let model = bare.with_mechanisms(&config.mechanisms, init);
        model.with_prior_of_data(config.prior_of_data.clone()).in_doubt(config.doubt)
    }

    /// The same clean model with other mechanisms: those it has already, with the same settings, keep their
    /// weights; new ones, and heads of q2 for them, are drawn from `seed`. p(m) is again that of any data.
    pub fn attach(self, mechanisms: &[MechanismConfig], seed: u64) -> Result<Self> {
        check_mechanisms(mechanisms, &self.config.data)?;
        ModelConfig { mechanisms: mechanisms.to_vec(), ..self.config.clone() }.check_generator()?;
        self.check_null(mechanisms)?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (config, device) = (self.config.clone(), self.device());
        Ok(self.with_mechanisms(mechanisms, &mut init(&config, &mut rng, &device)))
    }

    /// Errors if other mechanisms would change what do(m = 0) is: where NN_M(0) was trained with the rest, it must stay, and
    /// an NN_M(0) that was not cannot come.
    fn check_null(&self, mechanisms: &[MechanismConfig]) -> Result<()> {
        let of =
            |all: &[MechanismConfig]| all.iter().find(|m| m.latent().is_some_and(|l| !l.centred)).cloned();
        match (of(&self.config.mechanisms), of(mechanisms)) {
            (former, wanted) if former == wanted => Ok(()),
            (Some(_), _) => Err(Error::config(
                "mechanism",
                mechanisms.iter().map(MechanismConfig::name).collect::<Vec<_>>().join(","),
                "a list with `latent` as it was trained: NN_M(0) is part of what this model takes for clean",
            )),
            (None, _) => Err(Error::config(
                "latent.centred",
                false,
                "true: NN_M(0) would change what a model that was trained without it takes for clean",
            )),
        }
    }

    fn with_mechanisms(mut self, mechanisms: &[MechanismConfig], init: &mut Init) -> Self {
        let latent = |all: &[MechanismConfig]| all.iter().find_map(|m| m.latent().cloned());
        let (former, latent) = (latent(&self.config.mechanisms), latent(mechanisms));
        self.config.mechanisms = mechanisms.to_vec();
        self.config.prior_of_data = None;
        let z_weights = |latent: &Option<LatentConfig>| latent.as_ref().map(|latent| latent.z_weights);
        let keep = z_weights(&former) == z_weights(&latent);
        self.p.fit_latent(latent.is_some(), self.config.network.hidden, init);
        self.q1.fit_latent(latent.as_ref(), keep, self.config.network.hidden, init);
        let former = self.m.take();
        let of_m = mechanisms.iter().any(MechanismConfig::is_of_m);
        self.m = of_m.then(|| Mechanisms::new(&self.config, former, init));
        let former = self.field.take();
        let wanted = mechanisms.iter().find_map(|mechanism| match mechanism {
            MechanismConfig::Field(config) => Some(config),
            _ => None,
        });
        self.field = wanted.map(|wanted| match former {
            Some(field) if field.config() == wanted => field,
            _ => {
                // Nothing is known yet of one that is new.
                self.config.doubt = 0.0;
                Field::new(wanted, &self.config.data, init)
            }
        });
        self
    }

    /// The configuration it was built from.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// The parts that depend on M, if it has a mechanism.
    pub fn mechanisms(&self) -> Option<&Mechanisms> {
        self.m.as_ref()
    }

    /// What tells what was done to each pixel, if it has such a mechanism.
    pub fn field(&self) -> Option<&Field> {
        self.field.as_ref()
    }

    /// The same with this field.
    pub(crate) fn with_field(&self, field: Field) -> Self {
        Self { field: Some(field), ..self.clone() }
    }

    /// The same with this doubt about what its field infers.
    pub(crate) fn in_doubt(mut self, doubt: f64) -> Self {
        self.config.doubt = doubt;
        self
    }

    /// Whether it has a mechanism, so that it can infer what was done to X.
    pub fn infers(&self) -> bool {
        self.m.is_some() || self.field.is_some()
    }

    /// Whether a mechanism acts on X itself, so that what it did can be undone.
    pub fn restores(&self) -> bool {
        self.field.is_some() || self.m.as_ref().is_some_and(|m| m.explicit().contains(&true))
    }

    /// X as the field leaves it, where what was done is `inferred`; else, and without a field, X itself.
    ///
    /// Differentiable in X; the field's weights are constants.
    pub fn cleared(&self, observed: &Observed, inferred: bool) -> Observed {
        match self.field.as_ref().filter(|_| inferred) {
            Some(field) => self.cleared_by(&field.valid().posterior(observed.x.clone()), observed),
            None => observed.clone(),
        }
    }

    /// The same where it is known what the field infers of X.
    pub(crate) fn cleared_by(&self, field: &FieldPosterior, observed: &Observed) -> Observed {
        Observed { x: field.restored(), doubt: self.config.doubt, ..observed.clone() }
    }

    /// Whether X are pixels with a Bernoulli likelihood.
    pub(crate) fn is_bernoulli(&self) -> bool {
        self.config.likelihood == Likelihood::Bernoulli
    }

    /// The factor model that makes X, if it is not networks.
    pub fn factor(&self) -> Option<&Factor> {
        self.factor.as_ref()
    }

    /// The same with this factor model, which has as many factors as the configuration says.
    pub(crate) fn with_factor(self, factor: Factor) -> Self {
        Self { factor: Some(factor), ..self }
    }

    /// The same with this p(m) of a data set, or with that of any data; a model without a part of m stays as it is.
    pub(crate) fn with_prior_of_data(mut self, prior: Option<PriorOfData>) -> Self {
        if let Some(mechanisms) = self.m.take() {
            self.m = Some(mechanisms.with_prior_of_data(prior.as_ref()));
            self.config.prior_of_data = prior;
        }
        self
    }

    /// The same with these parts that depend on M.
    pub(crate) fn with(&self, mechanisms: Mechanisms) -> Self {
        Self { m: Some(mechanisms), ..self.clone() }
    }

    /// Where it lives.
    pub fn device(&self) -> Device {
        self.devices().into_iter().next().unwrap_or_default()
    }

    /// Errors unless the model can read the X, A and C of `data`.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`](crate::Error::Mismatch).
    pub fn check_fits(&self, data: &impl Dataset) -> Result<()> {
        data.check_shape(&self.config.data)
    }

    /// Errors unless `data` fits and has labels of as many classes as the model.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`](crate::Error::Mismatch).
    pub fn check_labelled(&self, data: &impl Dataset) -> Result<()> {
        self.config.check_labelled(data)
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
        seen: &Observed,
        labels: Option<Tensor<1, Int>>,
        m: Option<&Tensor<2>>,
        noise: Tensor<3>,
    ) -> Joint {
        let log_py = self.log_py(seen, labels.clone());
        let given = self.given(seen, labels, m);
        let [log_px, log_ratio_z] = self.explain(&given, noise);
        Joint { log_py, log_px, log_ratio_z, kl_z: given.kl_z() }
    }

    /// q1(z|x,y,m,a,c), `[batch, targets, z]`: it sees T_m⁻¹(x) of the explicit mechanisms. That of the networks; a factor
    /// model integrates z out and asks no q1.
    pub fn style(
        &self,
        seen: &Observed,
        labels: Option<Tensor<1, Int>>,
        m: Option<&Tensor<2>>,
    ) -> DiagonalGaussian<3> {
        self.style_at(seen, labels, m, self.latent(m).map(|(part, ..)| part))
    }

    /// p(x|y,c,z,m) of the networks at samples `z`, `[batch, targets, samples, z]`, as `[batch, targets·samples, width]`; `c` is
    /// `[batch, co-parents]`.
    pub fn observe(
        &self,
        labels: Option<Tensor<1, Int>>,
        c: Option<Tensor<2>>,
        z: Tensor<4>,
        m: Option<&Tensor<2>>,
    ) -> LikelihoodParams {
        let causes = self.p.causes(labels, c, self.latent(m).map(|(_, h, merge)| (h, merge)));
        self.observe_causes(&causes, z, m)
    }
}

fn init<'a>(config: &ModelConfig, rng: &'a mut ChaCha8Rng, device: &'a Device) -> Init<'a> {
    let NetworkConfig { initialisation: scheme, negative_slope, .. } = config.network;
    Init { scheme, negative_slope, rng, device, blank: false }
}
