//! Fully connected networks with rectified linear units.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData, activation};
use cama::network::{Init, Initialisation};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// Linear layers with rectified linear units between them.
#[derive(Module, Debug)]
pub(super) struct Dense {
    layers: Vec<Linear>,
}

impl Dense {
    /// Layers between `widths`, the first of which is that of the input and the last the number of classes.
    pub fn new(widths: &[usize], rng: &mut ChaCha8Rng, device: &Device) -> Self {
        let mut init = Init { scheme: Initialisation::He, negative_slope: 0.0, rng, device, blank: false };
        Self { layers: widths.windows(2).map(|w| init.linear(w[0], w[1], true)).collect() }
    }

    /// How many weights [`new`](Self::new) makes.
    pub fn size(widths: &[usize]) -> u64 {
        widths.windows(2).map(|w| (w[0] as u64 + 1).saturating_mul(w[1] as u64)).fold(0, u64::saturating_add)
    }

    /// Unnormalised log-probabilities, `[rows, classes]`, of `x`, `[rows, width]`; `masks` multiply the hidden
    /// layers, if there are any.
    pub fn forward(&self, x: Tensor<2>, masks: &[Tensor<2>]) -> Tensor<2> {
        let last = self.layers.len() - 1;
        self.layers.iter().enumerate().fold(x, |x, (i, layer)| {
            let x = layer.forward(x);
            match masks.get(i) {
                _ if i == last => x,
                Some(mask) => activation::relu(x) * mask.clone(),
                None => activation::relu(x),
            }
        })
    }
}

/// For each layer of so many units, of which this share is silenced, 1/(1 − p), or 0 for a unit that is, `[rows, units]`;
/// nothing if none ever is.
///
/// Drawn on the host: the seeds of devices are global and differ between backends.
pub(super) fn masks(
    layers: impl Iterator<Item = (usize, f64)> + Clone,
    rows: usize,
    rng: &mut ChaCha8Rng,
    device: &Device,
) -> Vec<Tensor<2>> {
    if layers.clone().all(|(_, dropout)| dropout == 0.0) {
        return Vec::new();
    }
    let mask = |(units, dropout): (usize, f64)| {
        let kept = (1.0 / (1.0 - dropout)) as f32;
        let silenced_below = (dropout * f64::from(u32::MAX)) as u32;
        let values: Vec<f32> =
            (0..rows * units).map(|_| if rng.next_u32() < silenced_below { 0.0 } else { kept }).collect();
        Tensor::from_data(TensorData::new(values, [rows, units]), device)
    };
    layers.map(mask).collect()
}
