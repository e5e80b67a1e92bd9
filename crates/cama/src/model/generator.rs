//! The clean part of p: everything that do(m = 0) uses.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Int, Tensor};

use super::{Likelihood, ModelConfig};
use crate::mechanism::Merge;
use crate::network::{Decoder, Init, Mlp, activate};

/// Y, Z and M, whose features are concatenated.
const CAUSES: usize = 3;

/// NN_Y, NN_Z and NN_merge (Figure 4).
///
/// The merge's first layer, linear on the concatenated features, is kept as one projection for each cause:
/// each runs at its own size and the sums are broadcast.
#[derive(Module, Debug)]
pub struct Generator {
    nn_y: Mlp,
    nn_z: Mlp,
    merge_y: Linear,
    merge_z: Linear,
    merge_m: Option<Linear>,
    decoder: Decoder,
    /// Log standard deviation of a pixel, `[1]`; Gaussian likelihood only.
    pub(super) log_sigma: Option<Param<Tensor<1>>>,
    classes: usize,
    negative_slope: f64,
}

impl Generator {
    pub(super) fn new(config: &ModelConfig, init: &mut Init) -> Self {
        let ModelConfig { image, classes, z, hidden, channels, conv_layers, cause_layers, .. } = *config;
        let nn_y = Mlp::new(classes, hidden, cause_layers, init);
        let nn_z = Mlp::new(z, hidden, cause_layers, init);
        let decoder = Decoder::new(image, conv_layers, channels, first_image(config.likelihood), init);
        let features = decoder.inputs();
        // Standard deviation of pixels at first: a third of their range.
        let log_sigma = (config.likelihood == Likelihood::Gaussian)
            .then(|| Param::from_tensor(Tensor::full([1], (0.3f64).ln(), init.device)));
        Self {
            nn_y,
            nn_z,
            merge_y: init.linear_part(hidden, features, CAUSES * hidden, false),
            merge_z: init.linear_part(hidden, features, CAUSES * hidden, true),
            merge_m: None,
            decoder,
            log_sigma,
            classes,
            negative_slope: init.negative_slope,
        }
    }

    /// Gives it a projection of h_M, unless it has one, or takes it away.
    pub(super) fn fit_latent(&mut self, wanted: bool, hidden: usize, init: &mut Init) {
        let project = self.merge_m.take().filter(|_| wanted);
        self.merge_m = project.or_else(|| {
            wanted.then(|| init.linear_part(hidden, self.decoder.inputs(), CAUSES * hidden, false))
        });
    }

    /// NN_Y of every class, projected: `[classes, features]`.
    fn classes(&self) -> Tensor<2> {
        let device = self.merge_y.weight.device();
        self.merge_y.forward(self.nn_y.forward(Tensor::eye(self.classes, &device)))
    }

    /// Logits of the clean image: `z` is `[batch, targets, samples, z]`; `labels`, `[batch]`, where there is
    /// one target each, else all classes are targets; `h_m` is `[batch or 1, hidden]`.
    /// Returns `[batch, targets·samples, pixels]`.
    pub(super) fn logits(
        &self,
        labels: Option<Tensor<1, Int>>,
        z: Tensor<4>,
        h_m: Option<(Tensor<2>, Merge)>,
    ) -> Tensor<3> {
        let [batch, targets, samples, dim] = z.dims();
        let features = self.decoder.inputs();
        let from_y: Tensor<4> = match labels {
            Some(labels) => self.classes().select(0, labels).reshape([batch, 1, 1, features]),
            None => self.classes().reshape([1, targets, 1, features]),
        };
        let from_z = self.merge_z.forward(self.nn_z.forward(z.reshape([batch * targets * samples, dim])));
        let mut h = from_z.reshape([batch, targets, samples, features]) + from_y;
        if let (Some((h_m, merge)), Some(project)) = (h_m, &self.merge_m) {
            let rows = h_m.dims()[0];
            let from_m = project.forward(h_m).reshape([rows, 1, 1, features]);
            h = match merge {
                Merge::Add => h + from_m,
                Merge::Gate => h * (from_m + 1.0),
            };
        }
        let h = activate(h.reshape([batch * targets * samples, features]), self.negative_slope);
        let logits = self.decoder.forward(h);
        let pixels = logits.dims()[1];
        logits.reshape([batch, targets * samples, pixels])
    }
}

/// What the decoder gives for every pixel at first: a nearly blank image.
fn first_image(likelihood: Likelihood) -> f64 {
    match likelihood {
        Likelihood::Bernoulli => -2.0,
        Likelihood::Gaussian => 0.1,
    }
}
