//! The clean part of p: everything that do(m = 0) uses.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Int, Tensor, activation};

use super::config::{ClassPrior as ClassPriorConfig, ModelConfig, NetworkConfig};
use super::trunk::{Output, first_log_sigma};
use crate::likelihood::{Likelihood, LikelihoodParams};
use crate::mechanism::Merge;
use crate::network::{Dense, Init, Layer, Mlp, activate, affine};

/// NN_Y, NN_Z, NN_C and NN_merge (Figures 4 and 6).
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
    c: Option<CoParents>,
    prior: ClassPrior,
    output: Output,
    /// Log standard deviations of what is Gaussian: `[1]` for all pixels, `[width]` for the columns of a table.
    log_sigma: Option<Param<Tensor<1>>>,
    #[module(skip)]
    likelihood: Likelihood,
    causes: usize,
    classes: usize,
    negative_slope: f64,
}

/// NN_C, its part of the merge, and a linear skip connection past both.
#[derive(Module, Debug)]
struct CoParents {
    nn_c: Mlp,
    merge_c: Linear,
    /// What is linear in C, with slopes of its own for each class: `[co-parents, classes·width]`. Networks say little
    /// of a C that lies far from the training data; this goes on as it was. Nothing where C reaches X through the networks
    /// alone, as in the paper.
    skip: Option<Linear>,
}

impl CoParents {
    /// The linear part, `[batch, targets, width]`, of the labelled classes or of all.
    fn skip(&self, c: Tensor<2>, labels: Option<Tensor<1, Int>>, classes: usize) -> Option<Tensor<3>> {
        let batch = c.dims()[0];
        let all = self.skip.as_ref()?.forward(c);
        let width = all.dims()[1] / classes;
        let all: Tensor<3> = all.reshape([batch, classes, width]);
        Some(match labels {
            Some(labels) => all.gather(1, labels.reshape([batch, 1, 1]).expand([batch, 1, width])),
            None => all,
        })
    }
}

impl Generator {
    pub(super) fn new(config: &ModelConfig, init: &mut Init) -> Self {
        let ModelConfig { ref data, classes, z, .. } = *config;
        let NetworkConfig { hidden, cause_layers, .. } = config.network;
        // A factor model takes the place of the networks: then they are as small as they can be.
        let (hidden, cause_layers) =
            if config.generator.is_network() { (hidden, cause_layers) } else { (1, 1) };
        let co_parents = data.table().map_or(0, |table| table.co_parents);
        // Y, Z and M, and C where there is any.
        let causes = if co_parents > 0 { 4 } else { 3 };
        let nn_y = Mlp::new(classes, hidden, cause_layers, init);
        let nn_z = Mlp::new(z, hidden, cause_layers, init);
        let output = Output::new(config, init);
        let features = output.inputs();
        let log_sigma = first_log_sigma(config)
            .map(|first| Param::from_tensor(Tensor::from_floats(first.as_slice(), init.device)));
        let merge_y = init.linear_part(hidden, features, causes * hidden, false);
        let merge_z = init.linear_part(hidden, features, causes * hidden, true);
        let skips = config.network.trunk.fully_connected().is_some_and(|dense| dense.linear_skip);
        let c = (co_parents > 0).then(|| CoParents {
            nn_c: Mlp::new(co_parents, hidden, cause_layers, init),
            merge_c: init.linear_part(hidden, features, causes * hidden, false),
            skip: skips.then(|| init.output(co_parents, classes * data.width(), 0.0)),
        });
        let prior = ClassPrior::new(config, init);
        Self {
            nn_y,
            nn_z,
            merge_y,
            merge_z,
            merge_m: None,
            c,
            prior,
            output,
            log_sigma,
            likelihood: config.likelihood,
            causes,
            classes,
            negative_slope: init.negative_slope,
        }
    }

    /// Gives it a projection of h_M, unless it has one, or takes it away.
    pub(super) fn fit_latent(&mut self, wanted: bool, hidden: usize, init: &mut Init) {
        let project = self.merge_m.take().filter(|_| wanted);
        self.merge_m = project.or_else(|| {
            wanted.then(|| init.linear_part(hidden, self.output.inputs(), self.causes * hidden, false))
        });
    }

    /// NN_Y of every class, projected: `[classes, features]`.
    fn classes(&self) -> Tensor<2> {
        let device = self.merge_y.weight.device();
        self.merge_y.forward(self.nn_y.forward(Tensor::eye(self.classes, &device)))
    }

    /// The layers of p(y|a), if there are parents, and the logarithms of the classes' frequencies.
    pub(super) fn prior_layers(&self) -> (Option<Vec<Layer>>, Vec<f32>) {
        let ClassPrior { network, log_frequencies } = &self.prior;
        let layers = network.as_ref().map(|(nn_a, out)| {
            let mut layers = nn_a.layers();
            layers.push(Layer::Dense(Dense::of(out, 1.0)));
            layers
        });
        (layers, log_frequencies.clone().into_data().iter::<f32>().collect())
    }

    /// log p(y|a), `[batch, classes]`, or log p(y), `[1, classes]`, where there are no parents; `a` is
    /// `[batch, parents]`.
    pub(super) fn log_prior(&self, a: Option<Tensor<2>>) -> Tensor<2> {
        self.prior.forward(a)
    }

    /// What the merge is told of all causes but Z, and what skips to X: `labels`, `[batch]`, where there is
    /// one target each, else all classes are targets; `c` is `[batch, co-parents]`; `h_m` is `[batch or 1, hidden]`.
    pub(super) fn causes(
        &self,
        labels: Option<Tensor<1, Int>>,
        c: Option<Tensor<2>>,
        h_m: Option<(Tensor<2>, Merge)>,
    ) -> Causes {
        let y = match labels.clone() {
            Some(labels) => self.classes().select(0, labels).unsqueeze_dim(1),
            None => self.classes().unsqueeze_dim(0),
        };
        let (c, skip) = match (c, &self.c) {
            (Some(c), Some(causes)) => {
                let skip = causes.skip(c.clone(), labels, self.classes);
                let from_c = causes.merge_c.forward(causes.nn_c.forward(c));
                (Some(from_c.unsqueeze_dim(1)), skip)
            }
            _ => (None, None),
        };
        let m = match (h_m, &self.merge_m) {
            (Some((h_m, merge)), Some(project)) => Some((project.forward(h_m).unsqueeze_dim(1), merge)),
            _ => None,
        };
        Causes { y, c, m, skip }
    }

    /// p(x|·) of the clean X: `z` is `[batch, targets, samples, z]`; of all targets and samples, `[batch,
    /// targets·samples, width]`.
    pub(super) fn likelihood(&self, causes: &Causes, z: Tensor<4>) -> LikelihoodParams {
        let outputs = self.logits(causes, z);
        let log_sigma = self.log_sigma.as_ref().map(|p| p.val());
        match (self.likelihood, log_sigma) {
            (Likelihood::Bernoulli, _) => LikelihoodParams::BernoulliLogits(outputs),
            (Likelihood::Gaussian, Some(log_sigma)) => {
                LikelihoodParams::Gaussian { means: outputs, log_sigma: log_sigma.unsqueeze() }
            }
            (Likelihood::Columns, Some(log_sigma)) => LikelihoodParams::columns(outputs, log_sigma),
            (_, None) => unreachable!("what is Gaussian has a learnt variance"),
        }
    }

    /// Logits or means of the clean X: `z` is `[batch, targets, samples, z]`. Returns `[batch, targets·samples, width]`.
    fn logits(&self, causes: &Causes, z: Tensor<4>) -> Tensor<3> {
        let [batch, targets, samples, dim] = z.dims();
        let features = self.output.inputs();
        let from_z = affine(&self.merge_z, self.nn_z.forward(z.reshape([batch * targets * samples, dim])));
        let mut h = from_z.reshape([batch, targets, samples, features]) + causes.y.clone().unsqueeze_dim(2);
        if let Some(from_c) = &causes.c {
            h = h + from_c.clone().unsqueeze_dim(2);
        }
        if let Some((from_m, merge)) = &causes.m {
            let from_m = from_m.clone().unsqueeze_dim(2);
            h = match merge {
                Merge::Add => h + from_m,
                Merge::Gate => h * (from_m + 1.0),
            };
        }
        let h = activate(h.reshape([batch * targets * samples, features]), self.negative_slope);
        let logits = self.output.forward(h);
        let width = logits.dims()[1];
        let logits = logits.reshape([batch, targets, samples, width]);
        let logits = match &causes.skip {
            Some(skip) => logits + skip.clone().unsqueeze_dim(2),
            None => logits,
        };
        logits.reshape([batch, targets * samples, width])
    }
}

/// The projected features of all causes of X but Z: computed once, whatever the samples of z.
pub(super) struct Causes {
    /// Of Y, `[batch or 1, targets, features]`.
    pub y: Tensor<3>,
    /// Of C, `[batch, 1, features]`.
    pub c: Option<Tensor<3>>,
    /// Of the latent M, `[batch or 1, 1, features]`.
    pub m: Option<(Tensor<3>, Merge)>,
    /// The linear skip connection from C to X, `[batch, targets, width]`.
    pub skip: Option<Tensor<3>>,
}

/// p(y|a), or p(y) where there are no parents.
#[derive(Module, Debug)]
struct ClassPrior {
    network: Option<(Mlp, Linear)>,
    /// log p(y) of each class, `[1, classes]`.
    #[module(skip)]
    log_frequencies: Tensor<2>,
}

impl ClassPrior {
    fn new(config: &ModelConfig, init: &mut Init) -> Self {
        let log_frequencies = match &config.class_prior {
            ClassPriorConfig::Uniform => vec![-(config.classes as f32).ln(); config.classes],
            ClassPriorConfig::Frequencies(all) => all.iter().map(|p| p.ln() as f32).collect(),
        };
        let NetworkConfig { hidden, ref trunk, .. } = config.network;
        let parents = config.data.table().map_or(0, |table| table.parents);
        let network = trunk.fully_connected().filter(|_| parents > 0).map(|dense| {
            let nn_a = Mlp::new(parents, hidden, dense.layers, init);
            (nn_a, init.output(hidden, config.classes, 0.0))
        });
        let log_frequencies = Tensor::<1>::from_floats(log_frequencies.as_slice(), init.device).unsqueeze();
        Self { network, log_frequencies }
    }

    fn forward(&self, a: Option<Tensor<2>>) -> Tensor<2> {
        let frequencies = self.log_frequencies.clone();
        match (&self.network, a) {
            // What A says comes on top of how frequent the classes are.
            (Some((nn_a, out)), Some(a)) => {
                activation::log_softmax(out.forward(nn_a.forward(a)) + frequencies, 1)
            }
            _ => frequencies,
        }
    }
}
