//! q1(z|x,y,m) and q2(m|x).

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Int, Tensor};

use super::config::{ModelConfig, NetworkConfig};
use super::observed::Observed;
use super::trunk::Trunk;
use crate::mechanism::{LatentConfig, MechanismConfig, ZWeights};
use crate::network::{DiagonalGaussian, GaussianHead, HeadLayers, Init, Layer, activate, affine};

/// q1(z|x,y,m,a,c): a trunk that sees what is observed, so that it runs once per example whatever the classes.
#[derive(Module, Debug)]
pub struct ZPosterior {
    trunk: Trunk,
    features: Linear,
    class: Linear,
    m: Option<Linear>,
    head: GaussianHead,
    classes: usize,
    negative_slope: f64,
}

impl ZPosterior {
    pub(super) fn new(config: &ModelConfig, init: &mut Init) -> Self {
        let ModelConfig { ref data, classes, z, .. } = *config;
        let NetworkConfig { hidden, ref trunk, .. } = config.network;
        let kernel = trunk.convolutional().map_or(0, |conv| conv.kernel_z);
        // Features, class and, where it has random weights, m are the inputs of one layer.
        let all = hidden + classes + config.random_inputs_of_q1();
        Self {
            trunk: Trunk::new(data, trunk, kernel, data.total_width(), hidden, init),
            features: init.linear_part(hidden, hidden, all, true),
            class: init.linear_part(classes, hidden, all, false),
            m: None,
            head: GaussianHead::new(hidden, z, init).bounded(data.table().is_some()),
            classes,
            negative_slope: init.negative_slope,
        }
    }

    /// Makes it depend on the latent m of these settings, or on none; with `keep`, the weights of an m of that length stay.
    ///
    /// [`ZWeights::Zero`]: training with do(m = 0) has no gradient for these weights, and random ones only disturb z as soon
    /// as m moves.
    pub(super) fn fit_latent(
        &mut self,
        latent: Option<&LatentConfig>,
        keep: bool,
        hidden: usize,
        init: &mut Init,
    ) {
        let dim = latent.map(|latent| latent.dim);
        let former = self.m.take().filter(|layer| keep && Some(layer.weight.dims()[0]) == dim);
        self.m = former.or_else(|| latent.map(|latent| self.reads(latent, hidden, init)));
    }

    /// A layer on m.
    fn reads(&self, latent: &LatentConfig, hidden: usize, init: &mut Init) -> Linear {
        match latent.z_weights {
            ZWeights::Zero => {
                let mut layer = init.linear(latent.dim, hidden, false);
                if !init.blank {
                    layer.weight = layer.weight.map(|w| w.zeros_like());
                }
                layer
            }
            ZWeights::Random => {
                let all = self.features.weight.lazy_shape()[0] + self.classes + latent.dim;
                init.linear_part(latent.dim, hidden, all, false)
            }
        }
    }

    /// The posterior of z, `[batch, targets, z]`; `labels`, `[batch]`, where there is one target each, else all
    /// classes are targets; `m`, `[batch, dim]`, the latent mechanism's part.
    pub(super) fn forward(
        &self,
        seen: Observed,
        labels: Option<Tensor<1, Int>>,
        m: Option<Tensor<2>>,
    ) -> DiagonalGaussian<3> {
        let mut from_x = affine(&self.features, self.trunk.forward(seen.concatenated()));
        if let (Some(m), Some(layer)) = (m, &self.m) {
            from_x = from_x + layer.forward(m);
        }
        // A linear layer of a one-hot label is a row of its weights.
        let classes = self.class.weight.val();
        let from_y: Tensor<3> = match labels {
            Some(labels) => classes.select(0, labels).unsqueeze_dim(1),
            None => classes.unsqueeze_dim(0),
        };
        let h = activate(from_x.unsqueeze_dim::<3>(1) + from_y, self.negative_slope);
        self.head.forward(h)
    }
}

/// q2(m|x), in tables also given a and c if so configured: one trunk, one head for each mechanism.
#[derive(Module, Debug)]
pub struct MPosterior {
    trunk: Trunk,
    heads: Vec<GaussianHead>,
    sees_causes: bool,
}

/// The network of q2(m|x), with its weights: features of X (or of X, A and C side by side), and a head on them for the part of
/// m that each mechanism reads.
#[derive(Clone, Debug, PartialEq)]
pub struct MPosteriorLayers {
    /// Layers that give the features.
    pub trunk: Vec<Layer>,
    /// A head for each mechanism, in the order of m.
    pub heads: Vec<HeadLayers>,
    /// Whether it reads A and C behind X.
    pub sees_causes: bool,
}

impl MPosterior {
    pub(super) fn new(config: &ModelConfig, init: &mut Init) -> Self {
        let ModelConfig { ref data, .. } = *config;
        let NetworkConfig { hidden, ref trunk, .. } = config.network;
        let kernel = trunk.convolutional().map_or(0, |conv| conv.kernel_m);
        let sees_causes = trunk.fully_connected().is_some_and(|dense| dense.m_sees_causes);
        let columns = if sees_causes { data.total_width() } else { data.width() };
        Self { trunk: Trunk::new(data, trunk, kernel, columns, hidden, init), heads: Vec::new(), sees_causes }
    }

    /// A head on `hidden` features for the part of m, of length `dim`, that `mechanism` reads. Its first means lie near zero,
    /// the clean X; those of the latent mechanism lie where [`Initialisation::Uniform`](crate::network::Initialisation) puts them.
    pub(super) fn new_head(
        hidden: usize,
        dim: usize,
        mechanism: &MechanismConfig,
        init: &mut Init,
    ) -> GaussianHead {
        let constant = mechanism.latent().is_some_and(|latent| latent.shared);
        let head = GaussianHead::new(hidden, dim, init).bounded(true).constant(constant);
        match init.blank {
            true => head,
            false if mechanism.is_explicit() || init.is_he() => head.near_zero(),
            false => head,
        }
    }

    /// Replaces the heads, taking the former ones out.
    pub(super) fn replace_heads(&mut self, heads: impl FnOnce(Vec<GaussianHead>) -> Vec<GaussianHead>) {
        self.heads = heads(std::mem::take(&mut self.heads));
    }

    /// Its layers, with their weights.
    pub(super) fn layers(&self) -> MPosteriorLayers {
        MPosteriorLayers {
            trunk: self.trunk.layers(),
            heads: self.heads.iter().map(GaussianHead::layers).collect(),
            sees_causes: self.sees_causes,
        }
    }

    /// The posterior of the whole m, `[batch, dim]`.
    pub(super) fn forward(&self, seen: &Observed) -> DiagonalGaussian<2> {
        let seen = if self.sees_causes { seen.clone().concatenated() } else { seen.x.clone() };
        let h = self.trunk.forward(seen);
        let (means, log_vars) = self
            .heads
            .iter()
            .map(|head| head.forward(h.clone()))
            .map(|part| (part.mean, part.log_var))
            .unzip::<_, _, Vec<_>, Vec<_>>();
        DiagonalGaussian { mean: Tensor::cat(means, 1), log_var: Tensor::cat(log_vars, 1) }
    }
}
