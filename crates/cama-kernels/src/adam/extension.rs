//! Adam as an operation of the `flex` backend.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, ExtensionType, Flex, backend_extension};
use pulp::Arch;
use rayon::prelude::*;

use super::Step;
use crate::rows::at_once;
use crate::storage::{numbers, shape, tensor};

/// What a step moves.
#[derive(ExtensionType)]
pub struct Moved<B: Backend> {
    /// The parameters.
    pub parameters: FloatTensor<B>,
    /// First moments.
    pub first: FloatTensor<B>,
    /// Second moments.
    pub second: FloatTensor<B>,
}

/// The operation.
#[backend_extension(Flex)]
pub trait AdamOps: Backend {
    /// As [`adam`](super::adam).
    fn adam(
        parameters: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        step: Step,
    ) -> Moved<Self>;
}

impl AdamOps for Flex {
    fn adam(
        parameters: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        step: Step,
    ) -> Moved<Self> {
        let [mut parameters, mut first, mut second] = [parameters, first, second].map(|t| {
            // What is only a part of its storage, or in another order, is not changed in place.
            let whole = t.is_contiguous() && t.storage::<f32>().len() == t.layout().num_elements();
            if whole { t } else { tensor(numbers(&t).into_owned(), &shape(&t)) }
        });
        let gradient = numbers(&gradient);
        let part = at_once(1);
        (parameters.storage_mut::<f32>().par_chunks_mut(part))
            .zip(first.storage_mut::<f32>().par_chunks_mut(part))
            .zip(second.storage_mut::<f32>().par_chunks_mut(part))
            .zip(gradient.par_chunks(part))
            .for_each(|(((parameters, first), second), gradient)| {
                descend(parameters, first, second, gradient, &step);
            });
        Moved { parameters, first, second }
    }
}

/// One part of all parameters.
fn descend(parameters: &mut [f32], first: &mut [f32], second: &mut [f32], gradient: &[f32], step: &Step) {
    let [b1, b2] = step.betas;
    // p − α m̂ / (√v̂ + ε) with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ), multiplied out.
    let correction = |beta: f64| 1.0 - beta.powi(step.time as i32);
    let root = correction(b2).sqrt();
    let rate = (step.learning_rate * root / correction(b1)) as f32;
    let epsilon = (step.epsilon * root) as f32;
    let kept = (1.0 - step.learning_rate * step.weight_decay) as f32;
    let ([b1, b2], [c1, c2]) = ([b1 as f32, b2 as f32], [(1.0 - b1) as f32, (1.0 - b2) as f32]);
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let moments = first.iter_mut().zip(second);
            for ((p, g), (m, v)) in parameters.iter_mut().zip(gradient).zip(moments) {
                *m = b1.mul_add(*m, c1 * g);
                *v = b2.mul_add(*v, c2 * (g * g));
                *p = kept.mul_add(*p, -(rate * *m / (v.sqrt() + epsilon)));
            }
        },
    );
}
