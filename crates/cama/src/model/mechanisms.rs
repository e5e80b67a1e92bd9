//! The parts of a model that depend on M: all that adaptation trains.

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::config::ModelConfig;
use super::inference::{MPosterior, MPosteriorLayers};
use super::observed::Observed;
use crate::data::DataShape;
use crate::likelihood::LikelihoodParams;
use crate::mechanism::{AnyMechanism, ColumnEffect, MechanismConfig, Merge, Parameter, Prior, PriorOfData};
use crate::network::{DiagonalGaussian, Init};
use crate::noise::normals;

/// The mechanisms M → X (NN_M among them) and q2(m|x).
#[derive(Module, Debug)]
pub struct Mechanisms {
    pub(super) q2: MPosterior,
    mechanisms: Vec<AnyMechanism>,
    #[module(skip)]
    configs: Vec<MechanismConfig>,
    #[module(skip)]
    dims: Vec<usize>,
    /// 0 for the components of explicit mechanisms and 1 for others, `[1, dim]`, where there are both or others only.
    #[module(skip)]
    not_explicit: Option<Tensor<2>>,
    /// p of all components in a data set, `[1, dim]`, in place of a standard normal one.
    #[module(skip)]
    of_data: Option<DiagonalGaussian<2>>,
}

impl Mechanisms {
    /// The mechanisms of `config`; those that `former` has with the same settings are kept as they are, and
    /// so is its trunk of q2.
    pub(super) fn new(config: &ModelConfig, former: Option<Self>, init: &mut Init) -> Self {
        let (mut q2, kept) = match former {
            Some(Self { q2, mechanisms, configs, .. }) => (q2, configs.into_iter().zip(mechanisms).collect()),
            None => (MPosterior::new(config, init), Vec::new()),
        };
        let mut mechanisms = Vec::new();
        let mut sources = Vec::new();
        let of_m: Vec<_> = config.mechanisms.iter().filter(|wanted| wanted.is_of_m()).cloned().collect();
        for wanted in &of_m {
            let source = kept.iter().position(|(config, _)| config == wanted);
            sources.push(source);
            mechanisms.push(match source {
                Some(i) => kept[i].1.clone(),
                None => AnyMechanism::new(wanted, &config.data, config.network.hidden, init)
                    .expect("it has a part of m"),
            });
        }
        let dims: Vec<usize> = mechanisms.iter().map(|m| m.parameters().len()).collect();
        let hidden = config.network.hidden;
        q2.replace_heads(|former| {
            let head = |((source, dim), wanted): ((Option<usize>, &usize), &MechanismConfig)| match source {
                Some(i) => former[i].clone(),
                None => MPosterior::new_head(hidden, *dim, wanted, init),
            };
            sources.into_iter().zip(&dims).zip(&of_m).map(head).collect()
        });
        let configs = of_m;
        let explicit = explicit(&configs, &dims);
        let not_explicit = explicit.contains(&false).then(|| {
            let kept: Vec<f32> = explicit.iter().map(|&e| f32::from(u8::from(!e))).collect();
            Tensor::<1>::from_floats(kept.as_slice(), init.device).unsqueeze()
        });
        Self { q2, mechanisms, configs, dims, not_explicit, of_data: None }
    }

    /// Length of m.
    pub fn dim(&self) -> usize {
        self.dims.iter().sum()
    }

    /// Every component of m in words, in order.
    pub fn parameters(&self) -> Vec<Parameter> {
        self.mechanisms.iter().flat_map(|m| m.parameters()).collect()
    }

    /// The components of m that each mechanism reads.
    pub fn spans(&self) -> Vec<std::ops::Range<usize>> {
        let ends = self.dims.iter().scan(0, |end, dim| {
            *end += dim;
            Some(*end)
        });
        ends.zip(&self.dims).map(|(end, dim)| end - dim..end).collect()
    }

    /// Which components of m belong to explicit mechanisms.
    pub fn explicit(&self) -> Vec<bool> {
        explicit(&self.configs, &self.dims)
    }

    /// 1 for the components of mechanisms that move pixels, and 0 for others, `[1, dim]`.
    pub(crate) fn of_place(&self) -> Tensor<2> {
        let of = |(mechanism, dim): (&AnyMechanism, &usize)| {
            vec![f32::from(u8::from(matches!(mechanism, AnyMechanism::Affine(_)))); *dim]
        };
        let all: Vec<f32> = self.mechanisms.iter().zip(&self.dims).flat_map(of).collect();
        let device = self.devices().into_iter().next().unwrap_or_default();
        Tensor::<1>::from_floats(all.as_slice(), &device).unsqueeze()
    }

    /// q2(m|x), or q2(m|x,a,c): `[batch, dim]`.
    pub fn posterior(&self, seen: &Observed) -> DiagonalGaussian<2> {
        self.q2.forward(seen)
    }

    /// The network of q2(m|x), with its weights.
    pub fn posterior_layers(&self) -> MPosteriorLayers {
        self.q2.layers()
    }

    /// The settings of the mechanisms that have a part of m, in the order in which they act.
    pub fn configs(&self) -> &[MechanismConfig] {
        &self.configs
    }

    /// T_m(x) of all mechanisms, first to last: `m` is `[batch, dim]`, `x` `[batch, group, width]`.
    pub fn transform(&self, m: &Tensor<2>, x: Tensor<3>) -> Tensor<3> {
        self.parts(m).fold(x, |x, (mechanism, part)| mechanism.transform(part, x))
    }

    /// T_m(x) as it would be observed: `m` is `[batch, dim]`, `x` `[batch, width]`; pixels are clipped to [0, 1].
    pub(crate) fn apply(&self, m: &Tensor<2>, x: Tensor<2>, data: &DataShape) -> Tensor<2> {
        let x = self.transform(m, x.unsqueeze_dim(1)).squeeze_dim::<2>(1);
        match data {
            DataShape::Image(_) => x.clamp(0.0, 1.0),
            DataShape::Table(_) => x,
        }
    }

    /// T_m⁻¹(x) of all mechanisms, last to first: `m` is `[batch, dim]`, `x` `[batch, width]`.
    pub fn restore(&self, m: &Tensor<2>, x: Tensor<2>) -> Tensor<2> {
        let parts: Vec<_> = self.parts(m).collect();
        let x = parts.into_iter().rev().fold(x.unsqueeze_dim(1), |x, (mech, part)| mech.restore(part, x));
        x.squeeze_dim(1)
    }

    /// What restoration clips away of `x`, `[batch, width]`, undone last to first: of each mechanism that clips what it was to
    /// undo, and the nearest to that which it makes of any X.
    pub(crate) fn clipped(&self, m: &Tensor<2>, x: Tensor<2>) -> Vec<[Tensor<2>; 2]> {
        let parts: Vec<_> = self.parts(m).collect();
        // Those that act before any that clips need not be undone.
        let Some(first) = parts.iter().position(|(mechanism, _)| mechanism.clips()) else {
            return Vec::new();
        };
        let mut x = x.unsqueeze_dim::<3>(1);
        let mut clipped = Vec::new();
        for (mechanism, part) in parts.into_iter().skip(first).rev() {
            let undone = mechanism.restore(part.clone(), x.clone());
            if mechanism.clips() {
                let nearest = mechanism.transform(part, undone.clone());
                clipped.push([x, nearest].map(|x| x.squeeze_dim(1)));
            }
            x = undone;
        }
        clipped
    }

    /// What is left of m when the explicit mechanisms are undone, `[batch, dim]`: their parts are zero. Nothing where
    /// there is no other mechanism.
    pub(crate) fn non_invertible(&self, m: &Tensor<2>) -> Option<Tensor<2>> {
        Some(m.clone() * self.not_explicit.clone()?)
    }

    /// The latent mechanism's part of m, `[batch, dim]`, and its features, `[batch, hidden]`; with do(m = 0), which is no `m`,
    /// those of one zero for all examples where NN_M(0) is part of the model, and else nothing.
    pub(super) fn latent(&self, m: Option<&Tensor<2>>) -> Option<(Tensor<2>, Tensor<2>, Merge)> {
        let latents = self.mechanisms.iter().zip(&self.configs).zip(self.spans());
        let mut latents = latents.filter_map(|((mechanism, config), span)| {
            config.latent().map(|latent| (mechanism, latent, span))
        });
        let (mechanism, latent, span) = latents.next()?;
        let part = match m {
            Some(m) => m.clone().narrow(1, span.start, span.len()),
            None if latent.centred => return None,
            None => {
                let device = self.devices().into_iter().next().unwrap_or_default();
                Tensor::zeros([1, span.len()], &device)
            }
        };
        mechanism.features(part.clone()).map(|h| (part, h, latent.merge))
    }

    /// What the mechanisms, first to last, make of p(x|·) of the decoder's clean X.
    pub(super) fn observe(&self, m: &Tensor<2>, likelihood: LikelihoodParams) -> LikelihoodParams {
        self.parts(m).fold(likelihood, |likelihood, (mechanism, part)| mechanism.observe(part, likelihood))
    }

    /// KL(q2(m|x) ‖ p(m)) of a posterior `[batch, dim]`: `[batch]`, in nats.
    pub fn divergence(&self, q2: &DiagonalGaussian<2>) -> Tensor<1> {
        let parts = self.priors().map(|(prior, first, length)| {
            let part = |t: &Tensor<2>| t.clone().narrow(1, first, length);
            prior.divergence(&DiagonalGaussian { mean: part(&q2.mean), log_var: part(&q2.log_var) })
        });
        parts.reduce(|a, b| a + b).expect("a mechanism").squeeze_dim(1)
    }

    /// log p(m), `[batch, 1]` for `m` `[batch, dim]`, in nats.
    pub fn log_prior(&self, m: &Tensor<2>) -> Tensor<2> {
        let parts =
            self.priors().map(|(prior, first, length)| prior.log_prob(m.clone().narrow(1, first, length)));
        parts.reduce(|a, b| a + b).expect("a mechanism")
    }

    /// m of `rows` examples from its prior, `[rows, dim]`, with zeros where a component belongs to no explicit
    /// mechanism and, with probability `off`, for a whole mechanism or else for a component.
    pub(crate) fn draw_explicit(&self, rows: usize, off: f64, rng: &mut ChaCha8Rng) -> Tensor<2> {
        let explicit = self.explicit();
        let priors: Vec<_> = self.mechanisms.iter().map(|m| m.prior().draws()).collect();
        let mut m: Vec<f32> = normals(rows * self.dim(), rng).collect();
        for row in m.chunks_mut(self.dim()) {
            for (prior, span) in priors.iter().zip(self.spans()) {
                prior.draw(&mut row[span.clone()], rng);
                let absent = off > 0.0 && rng.random_bool(off);
                for i in span {
                    if absent || !explicit[i] || (off > 0.0 && rng.random_bool(off)) {
                        row[i] = 0.0;
                    }
                }
            }
        }
        let device = self.devices().into_iter().next().unwrap_or_default();
        Tensor::from_data(TensorData::new(m, [rows, self.dim()]), &device)
    }

    /// One m for all the data, `[1, dim]`: where priors are centred that have learnt what the data shares, zero
    /// elsewhere. Nothing if no prior has.
    pub fn global_m(&self) -> Option<Tensor<2>> {
        let centres: Vec<Option<Tensor<2>>> = self.mechanisms.iter().map(|m| m.prior().shared()).collect();
        let device = centres.iter().flatten().next()?.device();
        let zeros = |dim| Tensor::zeros([1, dim], &device);
        let parts = centres.into_iter().zip(&self.dims).map(|(c, dim)| c.unwrap_or_else(|| zeros(*dim)));
        Some(Tensor::cat(parts.collect(), 1))
    }

    /// What m, `[1 or batch, dim]`, does to the numeric columns of a table, if that is what there is a mechanism for.
    pub(crate) fn column_effect(&self, m: &Tensor<2>) -> Option<ColumnEffect> {
        self.parts(m).find_map(|(mechanism, part)| match mechanism {
            AnyMechanism::PerColumn(per_column) => Some(per_column.effect(part)),
            _ => None,
        })
    }

    /// The same with a prior about what was found to have been done to the columns of a data set.
    pub(crate) fn with_effect(self, effect: &ColumnEffect) -> Self {
        let about = |mechanism| match mechanism {
            AnyMechanism::PerColumn(per_column) => {
                AnyMechanism::PerColumn(per_column.with_effect(effect.clone()))
            }
            other => other,
        };
        Self { mechanisms: self.mechanisms.into_iter().map(about).collect(), ..self }
    }

    /// The same with priors whose centres were just found in data.
    pub(crate) fn recentred(self) -> Self {
        Self { mechanisms: self.mechanisms.into_iter().map(AnyMechanism::recentred).collect(), ..self }
    }

    /// Whether a mechanism has a standard normal prior, in place of which data can have its own.
    pub(crate) fn takes_prior_of_data(&self) -> bool {
        self.mechanisms.iter().any(|mechanism| matches!(mechanism.prior(), Prior::Normal))
    }

    /// The same with this p(m), of as many components, where a mechanism has a standard normal one.
    pub(crate) fn with_prior_of_data(self, prior: Option<&PriorOfData>) -> Self {
        let device = self.devices().into_iter().next().unwrap_or_default();
        let prior = prior.filter(|prior| prior.check(self.dim()).is_ok());
        Self { of_data: prior.map(|prior| prior.gaussian(&device)), ..self }
    }

    /// The prior of each mechanism's part of m, its first component and its length.
    fn priors(&self) -> impl Iterator<Item = (Prior, usize, usize)> + '_ {
        self.mechanisms.iter().zip(self.spans()).map(|(mechanism, span)| {
            let (first, length) = (span.start, span.len());
            let prior = match (mechanism.prior(), &self.of_data) {
                (Prior::Normal, Some(DiagonalGaussian { mean, log_var })) => {
                    let [mean, log_var] = [mean, log_var].map(|t| t.clone().narrow(1, first, length));
                    Prior::OfData(DiagonalGaussian { mean, log_var })
                }
                (prior, _) => prior,
            };
            (prior, first, length)
        })
    }

    fn parts<'a>(&'a self, m: &'a Tensor<2>) -> impl Iterator<Item = (&'a AnyMechanism, Tensor<2>)> + 'a {
        self.mechanisms
            .iter()
            .zip(self.spans())
            .map(|(mechanism, span)| (mechanism, m.clone().narrow(1, span.start, span.len())))
    }
}

/// Which components of m belong to explicit mechanisms.
fn explicit(configs: &[MechanismConfig], dims: &[usize]) -> Vec<bool> {
    let parts = configs.iter().zip(dims);
    parts.flat_map(|(config, dim)| std::iter::repeat_n(config.is_explicit(), *dim)).collect()
}
