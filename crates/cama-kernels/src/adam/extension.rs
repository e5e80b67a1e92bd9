//! Adam as an operation of the `flex` backend.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, ExtensionType, Flex, backend_extension};
use rayon::prelude::*;

use super::step::Step;
use crate::maths::SIDE_BY_SIDE;
use crate::rows::at_once;
use crate::storage::{numbers, shape, tensor};
use crate::vectorised::vectorised;

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

    /// As [`sum_of_squares`](super::sum_of_squares).
    fn sum_of_squares(gradient: FloatTensor<Self>) -> FloatTensor<Self>;
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
        let factors = Factors::of(&step);
        let part = at_once(1);
        (parameters.storage_mut::<f32>().par_chunks_mut(part))
            .zip(first.storage_mut::<f32>().par_chunks_mut(part))
            .zip(second.storage_mut::<f32>().par_chunks_mut(part))
            .zip(gradient.par_chunks(part))
            .for_each(|(((parameters, first), second), gradient)| {
                descend(parameters, first, second, gradient, factors);
            });
        Moved { parameters, first, second }
    }

    fn sum_of_squares(gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        let numbers = numbers(&gradient);
        let part = |part: &[f32]| {
            let mut sum = 0.0;
            squares(part, &mut sum);
            f64::from(sum)
        };
        // Parts are summed in order, so that threads do not change the result.
        let parts: Vec<f64> = numbers.par_chunks(at_once(1)).map(part).collect();
        tensor(vec![parts.iter().sum::<f64>() as f32], &[1])
    }
}

vectorised! {
    /// Σ g², in sums side by side.
    fn squares<'a>(numbers: &'a [f32], sum: &'a mut f32) {
        let mut sums = [0.0f32; 4 * SIDE_BY_SIDE];
        let (chunks, rest) = numbers.as_chunks::<{ 4 * SIDE_BY_SIDE }>();
        for chunk in chunks {
            sums.iter_mut().zip(chunk).for_each(|(sum, g)| *sum = g.mul_add(*g, *sum));
        }
        sums.iter_mut().zip(rest).for_each(|(sum, g)| *sum = g.mul_add(*g, *sum));
        *sum = sums.iter().sum();
    }
}

/// A step in single precision: p − α m̂ / (√v̂ + ε) with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ), multiplied out.
#[derive(Clone, Copy)]
struct Factors {
    /// What is kept of the moments.
    kept: [f32; 2],
    /// What comes to them.
    new: [f32; 2],
    /// Of m / (√v + epsilon).
    rate: f32,
    epsilon: f32,
    /// What is kept of the parameters.
    decayed: f32,
}

impl Factors {
    fn of(step: &Step) -> Self {
        let [b1, b2] = step.betas;
        let correction = |beta: f64| 1.0 - beta.powi(step.time as i32);
        let root = correction(b2).sqrt();
        Self {
            kept: [b1 as f32, b2 as f32],
            new: [(1.0 - b1) as f32, (1.0 - b2) as f32],
            rate: (step.learning_rate * root / correction(b1)) as f32,
            epsilon: (step.epsilon * root) as f32,
            decayed: (1.0 - step.learning_rate * step.weight_decay) as f32,
        }
    }
}

vectorised! {
    /// One part of all parameters.
    fn descend<'a>(
        parameters: &'a mut [f32],
        first: &'a mut [f32],
        second: &'a mut [f32],
        gradient: &'a [f32],
        factors: Factors,
    ) {
        let Factors { kept, new, rate, epsilon, decayed } = factors;
        let moments = first.iter_mut().zip(second);
        for ((p, g), (m, v)) in parameters.iter_mut().zip(gradient).zip(moments) {
            *m = kept[0].mul_add(*m, new[0] * g);
            *v = kept[1].mul_add(*v, new[1] * (g * g));
            *p = decayed.mul_add(*p, -(rate * *m / (v.sqrt() + epsilon)));
        }
    }
}
