//! The evidence lower bounds: Eqs. 3, 4 and 7.
//!
//! Expectations over z and m are Monte Carlo averages of reparameterised samples, the divergences between
//! q and p are exact, but for a spike-and-slab prior, whose divergence is bounded from above: the bound stays one.

use burn::tensor::{Int, Tensor};
use rand_chacha::ChaCha8Rng;

pub use crate::log_sum::logsumexp;
use crate::model::{DeepCama, M, Observed};
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
    let observed = &model.cleared(observed, m.is_inferred());
    let (m, kl) = resolve(model, observed, m, rng);
    let noise = normal([observed.x.dims()[0], samples, model.config().z], rng, &observed.x.device());
    let joint = model.joint(observed, None, m.as_ref(), noise);
    let by_class = joint.log_px.mean_dim(2).squeeze_dim::<2>(2) - joint.kl_z + joint.log_py;
    logsumexp(by_class) - kl.mul_scalar(kl_m)
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
