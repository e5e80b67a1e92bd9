//! What an example and a class say before z is drawn: computed once, and then asked for any samples of z.

use std::ops::Range;

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::deep_cama::DeepCama;
use super::factor::{Factor, FactorDensity, Under};
use super::generator::Causes;
use super::mechanisms::Mechanisms;
use super::observed::Observed;
use crate::likelihood::LikelihoodParams;
use crate::mechanism::Merge;
use crate::network::{DiagonalGaussian, Layer};

/// What is known before z is drawn, for every example and target.
#[expect(clippy::large_enum_variant, reason = "it is made, used and dropped")]
pub(crate) enum Given {
    /// Of networks: z is to be sampled.
    Sampled(Sampled),
    /// Of a factor model: log p(x|y,c,m) with z integrated out, `[batch, targets, 1]`.
    Exact(Tensor<3>),
}

/// All of p(x|y,c,z,m) and q1(z|x,y,m,a,c) that does not depend on z, for every example and target.
///
/// T_m⁻¹(x), q1's trunk, NN_Y, NN_C and NN_M run when it is made; what is left for each sample is NN_Z, NN_merge and T_m.
pub(crate) struct Sampled {
    /// X, `[batch, width]`.
    x: Tensor<2>,
    /// How probably a pixel of it was not of that grey: see [`Observed`].
    doubt: f64,
    /// m, `[batch, dim]`.
    m: Option<Tensor<2>>,
    /// q1(z|x,y,m,a,c), `[batch, targets, z]`.
    q1: DiagonalGaussian<3>,
    causes: Causes,
}

/// Some of all examples and classes.
pub(crate) struct Pairs {
    /// Indices of the examples, `[pairs]`.
    pub examples: Tensor<1, Int>,
    /// The class of each, `[pairs]`.
    pub classes: Tensor<1, Int>,
}

impl Pairs {
    /// These examples, each with a class.
    pub fn new(pairs: &[(usize, usize)], device: &Device) -> Self {
        let tensor = |of: fn(&(usize, usize)) -> usize| {
            let values: Vec<i64> = pairs.iter().map(|pair| of(pair) as i64).collect();
            Tensor::from_data(TensorData::new(values, [pairs.len()]), device)
        };
        Self { examples: tensor(|pair| pair.0), classes: tensor(|pair| pair.1) }
    }

    /// Their rows, `[pairs, 1, width]`, of what there is for all examples (or alike for all) and targets (or alike),
    /// `[batch or 1, targets or 1, width]`.
    fn of(&self, all: &Tensor<3>) -> Tensor<3> {
        let [rows, targets, width] = all.dims();
        let index = match (rows, targets) {
            (1, 1) => return all.clone(),
            (1, _) => self.classes.clone(),
            (_, 1) => self.examples.clone(),
            _ => self.examples.clone().mul_scalar(targets as i64) + self.classes.clone(),
        };
        all.clone().reshape([rows * targets, width]).select(0, index).unsqueeze_dim(1)
    }
}

impl Given {
    /// The same, of which nothing is differentiated.
    pub fn without_autodiff(&self) -> Self {
        self.map(|rows| rows.clone().without_autodiff(), |all| all.clone().without_autodiff())
    }

    /// The same with an X that is differentiated, and that X, `[batch, width]`.
    pub fn with_leaf(&self) -> (Self, Tensor<2>) {
        match self.map(Tensor::clone, Tensor::clone) {
            Self::Sampled(sampled) => {
                let x = sampled.x.clone().without_autodiff().autodiff().require_grad();
                (Self::Sampled(Sampled { x: x.clone(), ..sampled }), x)
            }
            Self::Exact(_) => unreachable!("where z is integrated out nothing is searched"),
        }
    }

    /// The same, as constants beside what is differentiated.
    pub fn constant(&self) -> Self {
        self.map(|rows| rows.clone().autodiff(), |all| all.clone().autodiff())
    }

    /// How many examples there are.
    pub fn batch(&self) -> usize {
        match self {
            Self::Sampled(sampled) => sampled.x.dims()[0],
            Self::Exact(log_px) => log_px.dims()[0],
        }
    }

    /// X, `[batch, width]`; nothing where z is integrated out.
    pub fn x(&self) -> Option<&Tensor<2>> {
        match self {
            Self::Sampled(sampled) => Some(&sampled.x),
            Self::Exact(_) => None,
        }
    }

    /// q1(z|x,y,m,a,c), `[batch, targets, z]`; nothing where z is integrated out.
    pub fn q1(&self) -> Option<&DiagonalGaussian<3>> {
        match self {
            Self::Sampled(sampled) => Some(&sampled.q1),
            Self::Exact(_) => None,
        }
    }

    /// The same of some of the examples.
    pub fn examples(&self, range: Range<usize>) -> Self {
        self.map(
            |rows| rows.clone().narrow(0, range.start, range.len()),
            |all| match all.dims()[0] {
                1 => all.clone(),
                _ => all.clone().narrow(0, range.start, range.len()),
            },
        )
    }

    /// The same of some examples and classes: their batch is `pairs`, and each has one target.
    pub fn pairs(&self, pairs: &Pairs) -> Self {
        self.map(|rows| rows.clone().select(0, pairs.examples.clone()), |all| pairs.of(all))
    }

    /// `rows` picks from what there is for each example, `of` also from what there is for each target.
    fn map(&self, rows: impl Fn(&Tensor<2>) -> Tensor<2>, of: impl Fn(&Tensor<3>) -> Tensor<3>) -> Self {
        let Sampled { x, doubt, m, q1, causes: Causes { y, c, m: h_m, skip } } = match self {
            Self::Sampled(sampled) => sampled,
            Self::Exact(log_px) => return Self::Exact(of(log_px)),
        };
        Self::Sampled(Sampled {
            x: rows(x),
            doubt: *doubt,
            m: m.as_ref().map(rows),
            q1: DiagonalGaussian { mean: of(&q1.mean), log_var: of(&q1.log_var) },
            causes: Causes {
                y: of(y),
                c: c.as_ref().map(&of),
                m: h_m.as_ref().map(|(m, merge)| (of(m), *merge)),
                skip: skip.as_ref().map(&of),
            },
        })
    }

    /// KL(q1(z|x,y,m,a,c) ‖ p(z)), `[batch, targets]`, in nats: zero where z is integrated out.
    pub fn kl_z(&self) -> Tensor<2> {
        match self {
            Self::Sampled(sampled) => sampled.q1.kl_to_standard().squeeze_dim(2),
            Self::Exact(log_px) => log_px.zeros_like().squeeze_dim(2),
        }
    }
}

impl DeepCama {
    /// All but z, for each example under its own class, `labels`, `[batch]`, or under every class; `m` is `[batch, dim]`.
    pub(crate) fn given(
        &self,
        seen: &Observed,
        labels: Option<Tensor<1, Int>>,
        m: Option<&Tensor<2>>,
    ) -> Given {
        if let Some(factor) = self.factor() {
            return Given::Exact(self.exact(factor, seen, labels, m));
        }
        let (part, h_m) = match self.latent(m) {
            Some((part, h, merge)) => (Some(part), Some((h, merge))),
            None => (None, None),
        };
        Given::Sampled(Sampled {
            x: seen.x.clone(),
            doubt: seen.doubt,
            m: m.cloned(),
            q1: self.style_at(seen, labels.clone(), m, part),
            causes: self.p.causes(labels, seen.c.clone(), h_m),
        })
    }

    /// log p(x|y,c,m) of all classes under a factor model, `[batch, classes]`, z integrated out.
    pub(crate) fn exact_scores(&self, factor: &Factor, seen: &Observed, m: Option<&Tensor<2>>) -> Tensor<2> {
        factor.log_px(seen, self.under(factor, m).as_ref())
    }

    /// The same of the best set of outliers among the numbers, each with probability `share`; nothing of networks.
    pub(crate) fn exact_scores_with_outliers(
        &self,
        seen: &Observed,
        m: Option<&Tensor<2>>,
        share: f64,
    ) -> Option<Tensor<2>> {
        let factor = self.factor()?;
        Some(factor.log_px_with_outliers(seen, self.under(factor, m).as_ref(), share))
    }

    /// p(x|y,c,m) of a factor model in numbers, with the global m or with do(m = 0); nothing of networks.
    pub fn factor_density(&self, global: bool) -> Option<FactorDensity> {
        let factor = self.factor()?;
        let m = self.m.as_ref().filter(|_| global).and_then(Mechanisms::global_m);
        Some(factor.density(self.under(factor, m.as_ref()).as_ref()))
    }

    /// p(y|a) in numbers: the layers that read A and give what is added to the logarithms of the classes' frequencies, where
    /// there is any A, and those logarithms.
    pub fn class_prior_layers(&self) -> (Option<Vec<Layer>>, Vec<f32>) {
        self.p.prior_layers()
    }

    /// What a global m has done to the numbers of a factor model.
    fn under(&self, factor: &Factor, m: Option<&Tensor<2>>) -> Option<Under> {
        let effect = m.zip(self.m.as_ref()).and_then(|(m, mechanisms)| mechanisms.column_effect(m))?;
        Some(Under { effect, moved: factor.moved() })
    }

    /// log p(x|y,c,m) of the labelled classes or of all, `[batch, targets, 1]`, z integrated out.
    fn exact(
        &self,
        factor: &Factor,
        seen: &Observed,
        labels: Option<Tensor<1, Int>>,
        m: Option<&Tensor<2>>,
    ) -> Tensor<3> {
        let all = self.exact_scores(factor, seen, m);
        let of_targets = match labels {
            Some(labels) => all.gather(1, labels.unsqueeze_dim(1)),
            None => all,
        };
        of_targets.unsqueeze_dim(2)
    }

    /// log p(x|y,c,z,m) and log p(z) − log q1(z|x,y,m,a,c) at samples of q1, each `[batch, targets, samples]`, in nats;
    /// `noise` is standard normal, `[batch, samples, z]`, and shared by the targets.
    pub(crate) fn explain(&self, given: &Given, noise: Tensor<3>) -> [Tensor<3>; 2] {
        let [batch, samples, _] = noise.dims();
        let given = match given {
            Given::Sampled(given) => given,
            Given::Exact(log_px) => {
                let targets = log_px.dims()[1];
                let log_px = log_px.clone().expand([batch, targets, samples]);
                return [log_px.clone(), log_px.zeros_like()];
            }
        };
        let noise = noise.unsqueeze_dim::<4>(1);
        let mean = given.q1.mean.clone().unsqueeze_dim::<4>(2);
        let log_var = given.q1.log_var.clone().unsqueeze_dim::<4>(2);
        let targets = mean.dims()[1];
        let z = mean + log_var.clone().mul_scalar(0.5).exp() * noise.clone();
        // The constants of the two normal densities cancel.
        let log_ratio_z = (noise.square() - z.clone().square() + log_var)
            .sum_dim(3)
            .reshape([batch, targets, samples])
            .mul_scalar(0.5);
        let likelihood = self.observe_causes(&given.causes, z, given.m.as_ref());
        let log_px = likelihood.log_prob_in_doubt(&self.config().data, given.x.clone(), given.doubt);
        [log_px.reshape([batch, targets, samples]), log_ratio_z]
    }

    /// log p(x|y,c,z,m) + log p(z), `[batch, targets, samples]`, in nats, at `z`, `[batch, targets, samples, z]`, where each value
    /// of X is an outlier with probability `share`. Where z is integrated out that is log p(x|y,c,m), whatever z and the share.
    pub(crate) fn explain_at(&self, given: &Given, z: Tensor<4>, share: f64) -> Tensor<3> {
        let [batch, targets, samples, dim] = z.dims();
        let given = match given {
            Given::Sampled(given) => given,
            Given::Exact(log_px) => return log_px.clone().expand([batch, targets, samples]),
        };
        let log_2pi = (2.0 * std::f64::consts::PI).ln();
        let log_pz = z.clone().square().sum_dim(3).reshape([batch, targets, samples]);
        let log_pz = log_pz.add_scalar(dim as f64 * log_2pi).mul_scalar(-0.5);
        let likelihood = self.observe_causes(&given.causes, z, given.m.as_ref()).with_outliers(share);
        let log_px = likelihood.log_prob_in_doubt(&self.config().data, given.x.clone(), given.doubt);
        log_px.reshape([batch, targets, samples]) + log_pz
    }

    /// log p(y|a) of the labelled classes, `[batch, 1]`, or of all, `[batch or 1, classes]`, in nats.
    pub(crate) fn log_py(&self, seen: &Observed, labels: Option<Tensor<1, Int>>) -> Tensor<2> {
        let log_py = self.p.log_prior(seen.a.clone());
        match labels {
            Some(labels) => {
                let batch = labels.dims()[0];
                let all = log_py.expand([batch, self.config().classes]);
                all.gather(1, labels.reshape([batch, 1]))
            }
            None => log_py,
        }
    }

    /// As [`Mechanisms::latent`](super::Mechanisms).
    pub(super) fn latent(&self, m: Option<&Tensor<2>>) -> Option<(Tensor<2>, Tensor<2>, Merge)> {
        self.m.as_ref()?.latent(m)
    }

    /// q1 of T_m⁻¹(x) and, where there is one, the latent mechanism's part of m.
    pub(super) fn style_at(
        &self,
        seen: &Observed,
        labels: Option<Tensor<1, Int>>,
        m: Option<&Tensor<2>>,
        latent: Option<Tensor<2>>,
    ) -> DiagonalGaussian<3> {
        let x = match (m, &self.m) {
            (Some(m), Some(parts)) => parts.restore(m, seen.x.clone()),
            _ => seen.x.clone(),
        };
        self.q1.forward(Observed { x, ..seen.clone() }, labels, latent)
    }

    /// p(x|y,c,z,m) of samples `z`, `[batch, targets, samples, z]`, as `[batch, targets·samples, width]`.
    pub(super) fn observe_causes(
        &self,
        causes: &Causes,
        z: Tensor<4>,
        m: Option<&Tensor<2>>,
    ) -> LikelihoodParams {
        let clean = self.p.likelihood(causes, z);
        match (m, &self.m) {
            (Some(m), Some(parts)) => parts.observe(m, clean),
            _ => clean,
        }
    }
}
