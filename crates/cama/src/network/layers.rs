//! Layers with their weights on the host, for those who run a network elsewhere.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::Tensor;
use cama_kernels::conv::Layer as Kernel;

use super::bias_of;

/// A layer of a network, with its activation.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// A convolution of maps.
    Convolution(Convolution),
    /// A fully connected layer; of maps, of their values in the order `[channels, height, width]`.
    Dense(Dense),
}

/// A convolution, or a transposed one, of maps `[channels, height, width]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Convolution {
    /// `[out, in, kernel, kernel]`, of a transposed one `[in, out, kernel, kernel]`.
    pub weight: Vec<f32>,
    /// `[out]`.
    pub bias: Vec<f32>,
    /// `[channels, height, width]` of its input.
    pub from: [usize; 3],
    /// `[channels, height, width]` of its output, before pooling.
    pub to: [usize; 3],
    /// Side of the kernel.
    pub kernel: usize,
    /// Stride in both directions.
    pub stride: usize,
    /// Zeros around the larger of the two maps, on every side.
    pub padding: usize,
    /// Whether it makes a larger map of a smaller one.
    pub transposed: bool,
    /// Slope of its activation for negative values: 0 is ReLU, 1 no activation.
    pub slope: f32,
    /// Whether the largest of every 2×2 window is kept; odd sides begin with a window that lacks its first row or column.
    pub pooling: bool,
}

/// A fully connected layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    /// `[inputs, outputs]`.
    pub weight: Vec<f32>,
    /// `[outputs]`.
    pub bias: Vec<f32>,
    /// Slope of its activation for negative values: 0 is ReLU, 1 no activation.
    pub slope: f32,
}

/// Means and log-variances of a diagonal Gaussian, out of features.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadLayers {
    /// Of the mean.
    pub mean: Dense,
    /// Of the log-variance.
    pub log_var: Dense,
    /// The log-variance is clipped to this on either side, if to anything.
    pub most_log_var: Option<f32>,
    /// Whether it reads zeros in place of the features.
    pub constant: bool,
}

impl Convolution {
    pub(super) fn of(weight: &Param<Tensor<4>>, bias: &Param<Tensor<1>>, kernel: &Kernel) -> Self {
        let to = if kernel.transposed { kernel.geometry.large } else { kernel.geometry.small };
        Self {
            weight: host(weight),
            bias: host(bias),
            from: kernel.from(),
            to,
            kernel: kernel.geometry.kernel,
            stride: kernel.geometry.stride,
            padding: kernel.geometry.padding,
            transposed: kernel.transposed,
            slope: kernel.slope,
            pooling: kernel.pooling,
        }
    }
}

impl Dense {
    /// This layer with an activation of this slope.
    pub(crate) fn of(linear: &Linear, slope: f64) -> Self {
        let [_, outputs] = linear.weight.dims();
        let bias = linear.bias.as_ref().map_or_else(|| vec![0.0; outputs], host);
        Self { weight: host(&linear.weight), bias, slope: slope as f32 }
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.weight.len() / self.outputs()
    }
}

/// All values of a parameter.
fn host<const D: usize>(parameter: &Param<Tensor<D>>) -> Vec<f32> {
    parameter.val().detach().into_data().iter::<f32>().collect()
}

/// The convolutions of these weights, biases and kernels.
pub(super) fn convolutions<'a>(
    layers: impl Iterator<Item = (&'a Param<Tensor<4>>, &'a Option<Param<Tensor<1>>>, &'a Kernel)>,
) -> Vec<Layer> {
    let of = |(weight, bias, kernel): (&Param<Tensor<4>>, &Option<Param<Tensor<1>>>, &Kernel)| {
        let bias = Param::from_tensor(bias_of(bias));
        Layer::Convolution(Convolution::of(weight, &bias, kernel))
    };
    layers.map(of).collect()
}
