//! Layers of networks as nodes.

use cama::network::{Convolution, Dense, Layer};

use crate::nodes::{Nodes, float, int, ints};

impl Nodes<'_> {
    /// The output of `layers`: of maps `[batch, channels, height, width]` where the first is a convolution, else of rows.
    pub(super) fn network(&mut self, x: &str, layers: &[Layer]) -> String {
        let mut at = x.to_string();
        let mut is_map = false;
        for layer in layers {
            at = match layer {
                Layer::Convolution(convolution) => {
                    is_map = true;
                    self.convolution(&at, convolution)
                }
                Layer::Dense(dense) => {
                    let rows = if is_map { self.add("Flatten", &[&at], vec![int("axis", 1)]) } else { at };
                    is_map = false;
                    self.dense(&rows, dense)
                }
            };
        }
        at
    }

    /// A convolution with its activation and pooling, of maps `[batch, channels, height, width]`.
    pub(super) fn convolution(&mut self, x: &str, layer: &Convolution) -> String {
        let Convolution { ref weight, ref bias, from, to, kernel, stride, padding, .. } = *layer;
        let channels = if layer.transposed { [from[0], to[0]] } else { [to[0], from[0]] };
        let weight = self.floats(&[channels[0], channels[1], kernel, kernel], weight.clone());
        let bias = self.floats(&[to[0]], bias.clone());
        let both = |n: usize| vec![n as i64; 2];
        let mut attributes = vec![
            ints("kernel_shape", both(kernel)),
            ints("strides", both(stride)),
            ints("pads", vec![padding as i64; 4]),
        ];
        let operator = if layer.transposed {
            // What a stride leaves open: which of the larger maps that give the smaller one is meant.
            let open = |i: usize| (to[i] + 2 * padding - kernel - (from[i] - 1) * stride) as i64;
            attributes.push(ints("output_padding", vec![open(1), open(2)]));
            "ConvTranspose"
        } else {
            "Conv"
        };
        let maps = self.add(operator, &[x, &weight, &bias], attributes);
        let maps = if layer.pooling {
            let first = |side: usize| (side % 2) as i64;
            let pads = ints("pads", vec![first(to[1]), first(to[2]), 0, 0]);
            self.add("MaxPool", &[&maps], vec![ints("kernel_shape", both(2)), ints("strides", both(2)), pads])
        } else {
            maps
        };
        self.activation(&maps, layer.slope)
    }

    /// A fully connected layer with its activation, of rows `[batch, inputs]`.
    pub(super) fn dense(&mut self, x: &str, layer: &Dense) -> String {
        let weight = self.floats(&[layer.inputs(), layer.outputs()], layer.weight.clone());
        let bias = self.floats(&[layer.outputs()], layer.bias.clone());
        let rows = self.add("Gemm", &[x, &weight, &bias], vec![]);
        self.activation(&rows, layer.slope)
    }

    fn activation(&mut self, x: &str, slope: f32) -> String {
        match slope {
            0.0 => self.add("Relu", &[x], vec![]),
            1.0 => x.to_string(),
            _ => self.add("LeakyRelu", &[x], vec![float("alpha", slope)]),
        }
    }

    /// `x` clipped to `[low, high]`.
    pub(super) fn clip(&mut self, x: &str, low: f32, high: f32) -> String {
        let [low, high] = [low, high].map(|bound| self.floats(&[], vec![bound]));
        self.add("Clip", &[x, &low, &high], vec![])
    }

    /// `x` with a number by `operator`, such as `Mul`.
    pub(super) fn with(&mut self, operator: &str, x: &str, number: f64) -> String {
        let number = self.floats(&[1], vec![number as f32]);
        self.add(operator, &[x, &number], vec![])
    }

    /// Columns `first..first + length` of rows.
    pub(super) fn columns(&mut self, x: &str, first: usize, length: usize) -> String {
        let places = self.ints(&[length], (first..first + length).map(|at| at as i64).collect());
        self.add("Gather", &[x, &places], vec![int("axis", 1)])
    }

    /// The same values in another shape; −1 is the batch.
    pub(super) fn reshaped(&mut self, x: &str, shape: &[i64]) -> String {
        let shape = self.ints(&[shape.len()], shape.to_vec());
        self.add("Reshape", &[x, &shape], vec![])
    }

    /// Rows side by side, or maps one after another.
    pub(super) fn joined(&mut self, parts: &[String]) -> String {
        match parts {
            [only] => only.clone(),
            _ => {
                let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
                self.add("Concat", &parts, vec![int("axis", 1)])
            }
        }
    }
}
