//! m of every example, and noise.

use burn::tensor::Tensor;
use rand_chacha::ChaCha8Rng;

use super::refine::refined;
use crate::batch::host;
use crate::model::{DeepCama, M, MChoice, Observed};
use crate::network::DiagonalGaussian;
use crate::noise::drawn;

/// The m of each example, with where it comes from.
pub(crate) struct Inferred {
    /// q2(m|x).
    pub q2: DiagonalGaussian<2>,
    /// m, `[n, dim]`.
    pub m: Tensor<2>,
    /// log p(m) − log q2(m|x) of each example.
    pub log_ratio: Vec<f32>,
}

/// The m of each example; nothing with do(m = 0) or without a mechanism. An m that is inferred is refined by so many steps.
pub(crate) fn infer_m(
    model: &DeepCama,
    observed: &Observed,
    (choice, refine): (MChoice, usize),
    rngs: &mut [ChaCha8Rng],
) -> Option<Inferred> {
    let mechanisms = model.mechanisms().filter(|_| choice != M::Null)?;
    if choice == M::Global {
        return Some(known(mechanisms.global_m().expect("checked to have one"), rngs.len()));
    }
    let mut q2 = mechanisms.posterior(observed);
    if refine > 0 {
        q2.mean = refined(model, observed, &q2.mean, refine, rngs);
    }
    let m = m_of(&q2, choice, rngs);
    let log_ratio = host(mechanisms.log_prior(&m) - q2.log_prob(m.clone()));
    Some(Inferred { q2, m, log_ratio })
}

/// The same m, `[1, dim]`, of `n` examples, which is known.
fn known(m: Tensor<2>, n: usize) -> Inferred {
    let m = m.repeat_dim(0, n);
    let log_var = m.full_like(2.0 * KNOWN_SD.ln());
    Inferred { q2: DiagonalGaussian { mean: m.clone(), log_var }, m, log_ratio: vec![0.0; n] }
}

/// What is told of the standard deviation of an m that is taken as known.
const KNOWN_SD: f64 = 1e-6;

/// The m of each example, `[n, dim]`, of q2(m|x) that has been asked for.
pub(crate) fn m_of(q2: &DiagonalGaussian<2>, choice: MChoice, rngs: &mut [ChaCha8Rng]) -> Tensor<2> {
    match choice {
        M::Sample => {
            let [_, dim] = q2.mean.dims();
            q2.sample(Tensor::from_data(drawn(dim, rngs), &q2.mean.device()))
        }
        M::Null | M::Global | M::Mean => q2.mean.clone(),
    }
}
