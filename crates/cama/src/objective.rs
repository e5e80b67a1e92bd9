//! The evidence lower bounds: Eqs. 3, 4 and 7.
//!
//! Expectations over z and m are Monte Carlo averages of reparameterised samples, the divergences between
//! q and p are exact, but for a spike-and-slab prior, whose divergence is bounded from above: the bound stays one.

use burn::module::Module;
use burn::tensor::{Int, Tensor, TensorData, activation};
use rand_chacha::ChaCha8Rng;

use crate::batch::host;
pub use crate::log_sum::logsumexp;
use crate::model::{DeepCama, M, Observed, Pairs};
use crate::noise::normal;

/// An ELBO for each example of a batch, in its terms, each `[batch]` in nats.
pub struct Elbo {
    /// E\[log p(x|y,z,m)\].
    pub log_px: Tensor<1>,
    /// KL(q1(z|x,y,m) ‖ p(z)).
    pub kl_z: Tensor<1>,
    /// KL(q2(m|x) ‖ p(m)), zero unless m is inferred.
    pub kl_m: Tensor<1>,
    /// log p(y|a).
    pub log_py: Tensor<1>,
}

impl Elbo {
    /// The bound, with the divergences of z and m weighted (1 and 1 give the bound itself).
    pub fn weighted(&self, kl_z: f64, kl_m: f64) -> Tensor<1> {
        let divergences = self.kl_z.clone().mul_scalar(kl_z) + self.kl_m.clone().mul_scalar(kl_m);
        self.log_px.clone() - divergences + self.log_py.clone()
    }
}

/// ELBO(x, y, do(m=0)) (Eq. 3), ELBO(x, y, do(m=m0)), or ELBO(x, y) (Eq. 4).
///
/// `labels` is `[batch]`; `samples` of z are averaged. With [`M::Mean`], m is the mean of q2 in place of a sample, and what
/// comes out is an estimate and no bound.
///
/// # Panics
///
/// If m is to be inferred and the model has no mechanism.
pub fn elbo(
    model: &DeepCama,
    observed: &Observed,
    labels: Tensor<1, Int>,
    m: M,
    samples: usize,
    rng: &mut ChaCha8Rng,
) -> Elbo {
    let (batch, device) = (observed.x.dims()[0], observed.x.device());
    let observed = &model.cleared(observed, m.is_inferred());
    let (m, kl_m) = resolve(model, observed, m, rng);
    let noise = normal([batch, samples, model.config().z], rng, &device);
    let joint = model.joint(observed, Some(labels), m.as_ref(), noise);
    Elbo {
        log_px: joint.log_px.mean_dim(2).reshape([batch]),
        kl_z: joint.kl_z.reshape([batch]),
        kl_m,
        log_py: joint.log_py.reshape([batch]),
    }
}

/// ELBO(x) = log Σ_c exp ELBO(x, y_c) (Eq. 7), `[batch]`, with one m for all classes.
///
/// The divergence of an inferred m, which no class changes, is taken out of the sum and weighted by `kl_m`.
///
/// # Panics
///
/// If m is to be inferred and the model has no mechanism.
pub fn elbo_unlabelled(
    model: &DeepCama,
    observed: &Observed,
    m: M,
    samples: usize,
    kl_m: f64,
    rng: &mut ChaCha8Rng,
) -> Tensor<1> {
    let (by_class, kl) = by_class(model, observed, m, samples, rng);
    logsumexp(by_class) - kl.mul_scalar(kl_m)
}

/// β⁻¹ log Σ_c exp(β ELBO(x, y_c)), `[batch]`: Eq. 7 with tempered responsibilities, softmax(β ELBO(x, y_c)); `kl_m` is as in
/// [`elbo_unlabelled`], and `class_power`, β, above 0. With 1 it is Eq. 7, towards 0 the mean over the classes, but for a constant.
///
/// # Panics
///
/// As [`elbo_unlabelled`].
pub fn elbo_tempered(
    model: &DeepCama,
    observed: &Observed,
    m: M,
    samples: usize,
    (kl_m, class_power): (f64, f64),
    rng: &mut ChaCha8Rng,
) -> Tensor<1> {
    let (by_class, kl) = by_class(model, observed, m, samples, rng);
    logsumexp(by_class.mul_scalar(class_power)).mul_scalar(1.0 / class_power) - kl.mul_scalar(kl_m)
}

/// ELBO(x, y_c) of every class without the divergence of m, `[batch, classes]`, and that, `[batch]`.
fn by_class(
    model: &DeepCama,
    observed: &Observed,
    m: M,
    samples: usize,
    rng: &mut ChaCha8Rng,
) -> (Tensor<2>, Tensor<1>) {
    let observed = &model.cleared(observed, m.is_inferred());
    let (m, kl) = resolve(model, observed, m, rng);
    let noise = normal([observed.x.dims()[0], samples, model.config().z], rng, &observed.x.device());
    let joint = model.joint(observed, None, m.as_ref(), noise);
    (joint.log_px.mean_dim(2).squeeze_dim::<2>(2) - joint.kl_z + joint.log_py, kl)
}

/// ELBO(x) (Eq. 7) as [`elbo_unlabelled`] has it, with the gradient of the classes that have a weight in it, `[batch]`.
///
/// The gradient of log Σ_c exp ELBO(x, y_c) is Σ_c r_c ∇ELBO(x, y_c) with r = softmax(ELBO(x, y_c)). All classes of an
/// example are scored without a gradient; those with the smallest r, which together have less than `negligible`, are then
/// left out of that sum, so the gradient of an example is off by less than `negligible` times the longest of theirs. The
/// value is that of all classes.
///
/// # Panics
///
/// As [`elbo_unlabelled`].
pub fn elbo_of_likely_classes(
    model: &DeepCama,
    observed: &Observed,
    m: M,
    samples: usize,
    (kl_m, negligible): (f64, f64),
    rng: &mut ChaCha8Rng,
) -> Tensor<1> {
    let (m, kl) = resolve(model, observed, m, rng);
    let ([batch, _], device) = (observed.x.dims(), observed.x.device());
    let noise = normal([batch, samples, model.config().z], rng, &device);
    let given = model.given(observed, None, m.as_ref());
    let scored = given.without_autodiff();
    let [log_px, _] = model.valid().explain(&scored, noise.clone().without_autodiff());
    let log_py = model.log_py(observed, None).without_autodiff();
    let by_class = log_px.mean_dim(2).squeeze_dim::<2>(2) - scored.kl_z() + log_py;
    let weights = host(activation::softmax(by_class.clone(), 1));
    let value = logsumexp(by_class);

    let likely: Vec<(usize, usize)> = likely(&weights, batch, negligible);
    let classes = weights.len() / batch;
    let mut spread = vec![0.0f32; batch * likely.len()];
    for (at, (example, class)) in likely.iter().enumerate() {
        spread[example * likely.len() + at] = weights[example * classes + class];
    }
    let spread = Tensor::<2>::from_data(TensorData::new(spread, [batch, likely.len()]), &device);
    let pairs = Pairs::new(&likely, &device);
    let noise = noise.select(0, pairs.examples.clone());
    let given = given.pairs(&pairs);
    let [log_px, _] = model.explain(&given, noise);
    let scores = log_px.mean_dim(2).squeeze_dim::<2>(2) - given.kl_z();
    let climbed = spread.matmul(scores).reshape([batch]);
    let constant = Tensor::from_data(value.into_data(), &device) - climbed.clone().detach();
    climbed + constant - kl.mul_scalar(kl_m)
}

/// Examples and classes without those of each example that have the smallest weights and together less than `negligible`;
/// `weights` is `[batch, classes]`.
fn likely(weights: &[f32], batch: usize, negligible: f64) -> Vec<(usize, usize)> {
    let mut likely = Vec::new();
    for (example, weights) in weights.chunks_exact(weights.len() / batch).enumerate() {
        let mut order: Vec<usize> = (0..weights.len()).collect();
        order.sort_by(|&a, &b| weights[a].total_cmp(&weights[b]));
        let mut sum = 0.0;
        let left_out = order.iter().take_while(|class| {
            sum += f64::from(weights[**class]);
            sum < negligible
        });
        let left_out = left_out.count();
        likely.extend(order[left_out..].iter().map(|class| (example, *class)));
    }
    likely
}

/// m, `[batch, dim]`, and, where it is inferred, its divergence from the prior, `[batch]`.
fn resolve(
    model: &DeepCama,
    observed: &Observed,
    m: M,
    rng: &mut ChaCha8Rng,
) -> (Option<Tensor<2>>, Tensor<1>) {
    let (batch, device) = (observed.x.dims()[0], observed.x.device());
    let known = Tensor::zeros([batch], &device);
    if let M::Null = m {
        return (None, known);
    }
    if let M::Given(m) = m {
        return (Some(m), known);
    }
    let Some(mechanisms) = model.mechanisms() else {
        assert!(model.infers(), "a model that infers m has a mechanism");
        return (None, known);
    };
    if let M::Global = m {
        let m = mechanisms.global_m().expect("a model with a global m has a mechanism that learns one");
        return (Some(m.repeat_dim(0, batch)), known);
    }
    let q2 = mechanisms.posterior(observed);
    let inferred = match m {
        M::Mean => q2.mean.clone(),
        _ => q2.sample(normal([batch, mechanisms.dim()], rng, &device)),
    };
    (Some(inferred), mechanisms.divergence(&q2))
}

#[cfg(test)]
mod tests {
    use super::likely;

    #[test]
    fn classes_that_weigh_next_to_nothing_together_are_left_out() {
        let weights = [0.9f32, 0.0004, 0.0992, 0.0004, 0.25, 0.25, 0.25, 0.25];
        let second = [(1, 0), (1, 1), (1, 2), (1, 3)];
        let kept = |negligible| {
            let mut kept = likely(&weights, 2, negligible);
            kept.sort_unstable();
            kept
        };
        assert_eq!(kept(1e-3), [&[(0, 0), (0, 2)], &second[..]].concat());
        assert_eq!(kept(5e-4), [&[(0, 0), (0, 2), (0, 3)], &second[..]].concat());
        assert_eq!(kept(0.0).len(), 8);
    }
}
