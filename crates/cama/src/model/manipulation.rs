//! The parts of a model that depend on M: all that adaptation trains.

use burn::module::Module;
use burn::tensor::Tensor;

use super::inference::ManipulationPosterior;
use super::{Likelihood, ModelConfig, likelihood::Observation};
use crate::mechanism::{AnyMechanism, MechanismConfig, Merge, Parameter};
use crate::network::{DiagonalGaussian, Init};

/// The mechanisms M → X (NN_M among them) and q2(m|x).
#[derive(Module, Debug)]
pub struct ManipulationModel {
    pub(super) q2: ManipulationPosterior,
    mechanisms: Vec<AnyMechanism>,
    #[module(skip)]
    configs: Vec<MechanismConfig>,
    #[module(skip)]
    dims: Vec<usize>,
}

impl ManipulationModel {
    /// The mechanisms of `config`; those that `former` has with the same settings are kept as they are, and
    /// so is its trunk of q2.
    pub(super) fn new(config: &ModelConfig, former: Option<Self>, init: &mut Init) -> Self {
        let (mut q2, kept) = match former {
            Some(Self { q2, mechanisms, configs, .. }) => (q2, configs.into_iter().zip(mechanisms).collect()),
            None => (ManipulationPosterior::new(config, init), Vec::new()),
        };
        let mut mechanisms = Vec::new();
        let mut sources = Vec::new();
        for wanted in &config.mechanisms {
            let source = kept.iter().position(|(config, _)| config == wanted);
            sources.push(source);
            mechanisms.push(match source {
                Some(i) => kept[i].1.clone(),
                None => AnyMechanism::new(wanted, config.image, config.hidden, init),
            });
        }
        let dims: Vec<usize> = mechanisms.iter().map(|m| m.parameters().len()).collect();
        q2.replace_heads(|former| {
            let head = |(source, dim): (Option<usize>, &usize)| match source {
                Some(i) => former[i].clone(),
                None => ManipulationPosterior::new_head(config, *dim, init),
            };
            sources.into_iter().zip(&dims).map(head).collect()
        });
        Self { q2, mechanisms, configs: config.mechanisms.clone(), dims }
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
        let parts = self.configs.iter().zip(&self.dims);
        parts.flat_map(|(config, dim)| std::iter::repeat_n(config.is_explicit(), *dim)).collect()
    }

    /// q2(m|x): `x` is `[batch, pixels]`, the posterior `[batch, dim]`.
    pub fn posterior(&self, x: Tensor<2>) -> DiagonalGaussian<2> {
        self.q2.forward(x)
    }

    /// T_m(x) of all mechanisms, first to last: `m` is `[batch, dim]`, `x` `[batch, group, pixels]`.
    pub fn transform(&self, m: &Tensor<2>, x: Tensor<3>) -> Tensor<3> {
        self.parts(m).fold(x, |x, (mechanism, part)| mechanism.transform(part, x))
    }

    /// T_m⁻¹(x) of all mechanisms, last to first: `m` is `[batch, dim]`, `x` `[batch, pixels]`.
    pub fn restore(&self, m: &Tensor<2>, x: Tensor<2>) -> Tensor<2> {
        let parts: Vec<_> = self.parts(m).collect();
        let x = parts.into_iter().rev().fold(x.unsqueeze_dim(1), |x, (mech, part)| mech.restore(part, x));
        x.squeeze_dim(1)
    }

    /// The latent mechanism's part of m, `[batch, dim]`, and its features, `[batch, hidden]`.
    pub(super) fn latent(&self, m: &Tensor<2>) -> Option<(Tensor<2>, Tensor<2>, Merge)> {
        self.parts(m).zip(&self.configs).find_map(|((mechanism, part), config)| match config {
            MechanismConfig::Latent(latent) => {
                mechanism.features(part.clone()).map(|h| (part, h, latent.merge))
            }
            _ => None,
        })
    }

    /// What the mechanisms make of the decoder's clean image.
    pub(super) fn observe(&self, m: &Tensor<2>, logits: Tensor<3>, likelihood: Likelihood) -> Observation {
        let observed = Observation::Logits(logits);
        if self.configs.iter().any(MechanismConfig::is_explicit) {
            return Observation::Means(self.transform(m, observed.means(likelihood)));
        }
        observed
    }

    fn parts<'a>(&'a self, m: &'a Tensor<2>) -> impl Iterator<Item = (&'a AnyMechanism, Tensor<2>)> + 'a {
        self.mechanisms
            .iter()
            .zip(self.spans())
            .map(|(mechanism, span)| (mechanism, m.clone().narrow(1, span.start, span.len())))
    }
}
