//! Standardisation of features.

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::features::Features;

/// Brings every feature to mean 0 and variance 1, and, unless told otherwise, within ±[`BOUND`](Self::BOUND).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scale {
    means: Vec<f64>,
    /// 1/σ, or 0 of a feature that never varies.
    factors: Vec<f64>,
    /// Whether scaled features are brought within ±[`BOUND`](Self::BOUND).
    #[serde(default = "bounded")]
    bounded: bool,
}

fn bounded() -> bool {
    true
}

impl Scale {
    /// Bound on every feature, in standard deviations: a pixel that was on once in training does not outweigh all others
    /// when it is on again.
    const BOUND: f64 = 3.0;

    /// From the examples at `indices`. A feature that never varies there carries no information and is set to 0.
    pub fn of(features: &Features, indices: &[usize]) -> Self {
        let n = indices.len() as f64;
        let column = |at: usize| {
            let values = || indices.iter().map(move |&i| f64::from(features.row(i)[at]));
            let mean = values().sum::<f64>() / n;
            let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
            let first = features.row(indices[0])[at];
            let varies = indices.iter().any(|&i| features.row(i)[at] != first);
            (mean, if varies { 1.0 / variance.sqrt() } else { 0.0 })
        };
        let (means, factors) = (0..features.width()).map(column).unzip();
        Self { means, factors, bounded: true }
    }

    /// The same without a bound.
    pub fn unbounded(self) -> Self {
        Self { bounded: false, ..self }
    }

    /// How many features.
    pub fn width(&self) -> usize {
        self.means.len()
    }

    /// Whether it could have been computed from data.
    pub fn is_sound(&self) -> bool {
        let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        self.means.len() == self.factors.len() && finite(&self.means) && finite(&self.factors)
    }

    /// The same as tensors, on `device`.
    pub fn on(&self, device: &Device) -> Scaling {
        let row = |values: &mut dyn Iterator<Item = f64>| {
            let limit = f64::from(f32::MAX);
            let values: Vec<f32> = values.map(|value| value.clamp(-limit, limit) as f32).collect();
            Tensor::from_data(TensorData::new(values, [1, self.width()]), device)
        };
        let rounded = |mean: f64| f64::from(mean as f32);
        Scaling {
            half_mean: row(&mut self.means.iter().map(|&mean| rounded(mean) / 2.0)),
            half_rest: row(&mut self.means.iter().map(|&mean| (mean - rounded(mean)) / 2.0)),
            twice_factor: row(&mut self.factors.iter().map(|factor| factor * 2.0)),
            bounded: self.bounded,
        }
    }
}

/// A [`Scale`] on a device, differentiable in what it scales.
#[derive(Clone, Debug)]
pub(super) struct Scaling {
    half_mean: Tensor<2>,
    half_rest: Tensor<2>,
    twice_factor: Tensor<2>,
    bounded: bool,
}

impl Scaling {
    /// `[rows, width] → [rows, width]`.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        // Halves: the difference of two finite f32 may not be one. What the mean lost when it was rounded to f32 is
        // taken off last, when what is left of x is small enough to feel it.
        let z =
            (x.mul_scalar(0.5) - self.half_mean.clone() - self.half_rest.clone()) * self.twice_factor.clone();
        if self.bounded { z.clamp(-Scale::BOUND, Scale::BOUND) } else { z }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What [`Scaling`] must give, in f64.
    fn exactly(scale: &Scale, row: &[f32]) -> Vec<f64> {
        let moments = scale.means.iter().zip(&scale.factors);
        let scaled = |(value, (mean, factor)): (&f32, (&f64, &f64))| {
            ((f64::from(*value) - mean) * factor).clamp(-Scale::BOUND, Scale::BOUND)
        };
        row.iter().zip(moments).map(scaled).collect()
    }

    #[test]
    fn tensors_are_scaled_exactly_however_large_or_alike() {
        // Ordinary, far from zero, tiny, huge, and never varying.
        let rows: Vec<Vec<f32>> = (0..50)
            .map(|i| {
                let t = (i as f32 * 0.618).fract();
                vec![t, 1e6 + t, t * 1e-40, if i % 2 == 0 { f32::MAX } else { f32::MIN }, 7.0]
            })
            .collect();
        let features = Features::of_rows(rows.iter().map(Vec::as_slice)).unwrap();
        let scale = Scale::of(&features, &(0..40).collect::<Vec<_>>());
        let flat: Vec<f32> = rows.concat();
        let x = Tensor::from_data(TensorData::new(flat, [50, 5]), &Device::flex());
        let scaled: Vec<f32> = scale.on(&Device::flex()).forward(x).into_data().try_into_vec().unwrap();
        for (row, scaled) in rows.iter().zip(scaled.chunks(5)) {
            for (at, (exact, scaled)) in exactly(&scale, row).into_iter().zip(scaled).enumerate() {
                // What varies by less than an f32 can say stays near its mean.
                let off = if at == 2 { scaled.abs() } else { (exact as f32 - scaled).abs() };
                assert!(off < if at == 2 { 0.1 } else { 1e-4 }, "{at} {exact} {scaled}");
            }
        }
    }
}
