//! Batch normalisation (Ioffe & Szegedy, ICML 2015) whose statistics are the caller's choice.
//!
//! The arithmetic is Burn's; its own layer is not used, because it chooses by itself: the batch's statistics whenever its input can be differentiated, and the running
//! ones otherwise, and the former change the latter. A network of it could not be differentiated in an image without
//! being changed, nor predict with the statistics of a batch, which is what adaptation at test time does; and of the
//! copies of a module that threads train side by side, each would keep running statistics of its own.

use burn::module::{Module, Param};
use burn::tensor::module::{BatchNormTrainOutput, batch_norm, batch_norm_train};
use burn::tensor::{Device, Tensor, TensorData};

/// Added to variances.
const EPSILON: f64 = 1e-5;

/// Normalises each channel, then scales and shifts it.
#[derive(Module, Debug)]
pub(super) struct Norm {
    gamma: Param<Tensor<1>>,
    beta: Param<Tensor<1>>,
    /// Of the population, not learnt by gradients.
    mean: Param<Tensor<1>>,
    variance: Param<Tensor<1>>,
}

/// Which statistics normalise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Statistics {
    /// Those of the population, as they were estimated in training.
    Population,
    /// Those of the batch at hand.
    Batch,
}

/// Mean and variance, biased as all who normalise batches have it, of each channel, `[channels]`.
pub(super) type Moments = (Tensor<1>, Tensor<1>);

impl Norm {
    /// The identity on channels of mean 0 and variance 1.
    pub fn new(channels: usize, device: &Device) -> Self {
        let constant =
            |value: f32| Param::from_data(TensorData::new(vec![value; channels], [channels]), device);
        Self { gamma: constant(1.0), beta: constant(0.0), mean: constant(0.0), variance: constant(1.0) }
    }

    /// `[batch, channels, height, width]`, and the moments that it was normalised by.
    pub fn forward(&self, x: Tensor<4>, statistics: Statistics) -> (Tensor<4>, Moments) {
        let (gamma, beta) = (self.gamma.val(), self.beta.val());
        match statistics {
            Statistics::Population => {
                let (mean, variance) = (self.mean.val(), self.variance.val());
                (batch_norm(x, gamma, beta, mean.clone(), variance.clone(), EPSILON), (mean, variance))
            }
            Statistics::Batch => {
                let BatchNormTrainOutput { output, mean, variance } =
                    batch_norm_train(x, gamma, beta, EPSILON);
                (output, (mean, variance))
            }
        }
    }

    /// With these moments for those of the population.
    pub fn with_population(mut self, (mean, variance): Moments) -> Self {
        self.mean = self.mean.map(|_| mean);
        self.variance = self.variance.map(|_| variance);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_into_vec().unwrap()
    }

    #[test]
    fn batches_are_normalised_by_their_own_moments_and_others_by_the_populations() {
        let device = Device::flex();
        // Two examples of two channels of 1×2: the first channel is 1, 3, 5, 7, the second 10, 10, 14, 14.
        let x = TensorData::new(vec![1.0f32, 3.0, 10.0, 10.0, 5.0, 7.0, 14.0, 14.0], [2, 2, 1, 2]);
        let x = Tensor::<4>::from_data(x, &device);
        let mut norm = Norm::new(2, &device);
        norm.gamma = norm.gamma.map(|gamma| gamma * Tensor::from_floats([2.0, 1.0], &device));
        norm.beta = norm.beta.map(|beta| beta + Tensor::from_floats([0.0, 0.5], &device));
        let (y, (mean, variance)) = norm.forward(x.clone(), Statistics::Batch);
        assert_eq!((values(mean.clone()), values(variance.clone())), (vec![4.0, 12.0], vec![5.0, 4.0]));
        let root = 5f32.sqrt();
        let wanted = [-6.0 / root, -2.0 / root, -0.5, -0.5, 2.0 / root, 6.0 / root, 1.5, 1.5];
        for (y, wanted) in values(y.clone()).iter().zip(wanted) {
            assert!((y - wanted).abs() < 1e-4, "{y} {wanted}");
        }
        // Nothing is kept of a batch unless it is asked for; then the same statistics give the same.
        let (untouched, _) = norm.forward(x.clone(), Statistics::Population);
        assert!((values(untouched)[0] - 2.0).abs() < 1e-4);
        let (same, _) = norm.with_population((mean, variance)).forward(x, Statistics::Population);
        assert_eq!(values(same), values(y));
    }
}
