//! Values for every pixel of an image and for the cells of a coarse grid over it.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use cama_kernels::conv::{Geometry, Layer, Order, convolve, order};

use super::layers::{self, Dense};
use super::rescale::rescaled;
use super::{Init, activate, affine, pyramid};

/// Width of the hidden layer between the deepest map and the cells.
const CELL_FEATURES: usize = 64;

/// A small encoder–decoder with a skip (Ronneberger, Fischer & Brox, MICCAI 2015): features of the image at half its side
/// and at a quarter of it, up again, and out at every pixel.
///
/// The skip is a sum, as in LinkNet (Chaurasia & Culurciello, VCIP 2017). What all of the image says is added to the
/// deepest map, so that a pixel that sees a patch alone knows of the rest.
#[derive(Module, Debug)]
pub struct PixelNetwork {
    read: Convolution,
    fine: Convolution,
    halve: Convolution,
    deep: Convolution,
    context: Linear,
    deeper: Convolution,
    double: Convolution,
    merge: Convolution,
    last: Convolution,
    out: Convolution,
    cell_features: Linear,
    cells: Linear,
    negative_slope: f64,
    /// Means over the cells of the deepest map, `[1, cells, pixels]`.
    #[module(skip)]
    means: Tensor<3>,
}

/// The layers of a [`PixelNetwork`] that the values of every pixel take, with their weights: `read` and `fine` give the map at half
/// the image's side; `halve` and `deep` of that the one at a quarter, to every pixel of which `context` of its mean is added;
/// `deeper` and `double` go back to half the side, where the former map is added; then come `merge`, `last` and `out`.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "said above")]
pub struct PixelLayers {
    pub read: layers::Convolution,
    pub fine: layers::Convolution,
    pub halve: layers::Convolution,
    pub deep: layers::Convolution,
    pub context: Dense,
    pub deeper: layers::Convolution,
    pub double: layers::Convolution,
    pub merge: layers::Convolution,
    pub last: layers::Convolution,
    pub out: layers::Convolution,
}

/// A convolution, or a transposed one, and its activation.
#[derive(Module, Debug)]
struct Convolution {
    weight: Param<Tensor<4>>,
    bias: Param<Tensor<1>>,
    #[module(skip)]
    layer: Layer,
}

/// Sizes of a [`PixelNetwork`].
#[derive(Clone, Copy, Debug)]
pub struct PixelSizes {
    /// `[channels, height, width]` of the image.
    pub image: [usize; 3],
    /// Channels at half the image's side; twice as many at a quarter.
    pub channels: usize,
    /// Values for each pixel.
    pub values: usize,
    /// Cells along each side of the grid.
    pub grid: usize,
    /// Values for each cell.
    pub cell_values: usize,
}

impl PixelNetwork {
    /// A network of these sizes.
    pub fn new(sizes: PixelSizes, init: &mut Init) -> Self {
        let PixelSizes { image: [image_channels, height, width], channels, values, grid, cell_values } =
            sizes;
        let [rows, columns] = [height, width].map(|side| pyramid(side, 2));
        let whole = |channels| [channels, rows[0], columns[0]];
        let half = [channels, rows[1], columns[1]];
        let quarter = [2 * channels, rows[2], columns[2]];
        let mut out = Convolution::new([half, whole(values)], 5, 2, true, init);
        out.layer.slope = 1.0;
        out.layer.output = Order::Planes;
        if init.rescales() {
            out.weight = rescaled(out.weight, 0.1);
        }
        let mut read = Convolution::new([whole(image_channels), half], 5, 2, false, init);
        read.layer.input = Order::Planes;
        Self {
            read,
            fine: Convolution::new([half, half], 3, 1, false, init),
            halve: Convolution::new([half, quarter], 3, 2, false, init),
            deep: Convolution::new([quarter, quarter], 3, 1, false, init),
            context: init.linear(2 * channels, 2 * channels, true),
            deeper: Convolution::new([quarter, quarter], 3, 1, false, init),
            double: Convolution::new([quarter, half], 3, 2, true, init),
            merge: Convolution::new([half, half], 3, 1, false, init),
            last: Convolution::new([half, half], 3, 1, false, init),
            out,
            cell_features: init.linear(2 * channels * grid * grid, CELL_FEATURES, true),
            cells: init.output(CELL_FEATURES, cell_values * grid * grid, 0.0),
            negative_slope: init.negative_slope,
            means: means([rows[2], columns[2]], grid, init.device),
        }
    }

    /// Of images, `[batch, channels·height·width]`: the values of every pixel, `[batch, values·height·width]`, plane after
    /// plane, and those of the cells, `[batch, values of a cell·grid·grid]`.
    pub fn forward(&self, x: Tensor<2>) -> [Tensor<2>; 2] {
        let fine = self.fine.forward(self.read.forward(x));
        let deep = self.deep.forward(self.halve.forward(fine.clone()));
        let deep = self.deeper.forward(self.in_context(deep));
        let cells = self.of_cells(deep.clone());
        let merged = self.double.forward(deep) + fine;
        [self.out.forward(self.last.forward(self.merge.forward(merged))), cells]
    }

    /// The layers that the values of every pixel take, with their weights.
    pub fn layers(&self) -> PixelLayers {
        let of = Convolution::layer;
        PixelLayers {
            read: of(&self.read),
            fine: of(&self.fine),
            halve: of(&self.halve),
            deep: of(&self.deep),
            context: Dense::of(&self.context, 1.0),
            deeper: of(&self.deeper),
            double: of(&self.double),
            merge: of(&self.merge),
            last: of(&self.last),
            out: of(&self.out),
        }
    }

    /// The deepest map plus what all of it says.
    fn in_context(&self, deep: Tensor<2>) -> Tensor<2> {
        let pixels = by_pixel(deep, self.deep.layer.to(), self.deep.layer.output);
        let context = affine(&self.context, pixels.clone().mean_dim(1));
        by_map(pixels + context, self.deeper.layer.input)
    }

    /// Values of the cells, from the means over each.
    fn of_cells(&self, deep: Tensor<2>) -> Tensor<2> {
        let pixels = by_pixel(deep, self.deeper.layer.to(), self.deeper.layer.output);
        let means = self.means.clone().repeat_dim(0, pixels.dims()[0]).matmul(pixels);
        let h = activate(affine(&self.cell_features, means.flatten::<2>(1, 2)), self.negative_slope);
        affine(&self.cells, h)
    }
}

impl Convolution {
    /// From maps of one shape to maps of another, `[channels, height, width]`, larger ones if `transposed`.
    fn new(
        [from, to]: [[usize; 3]; 2],
        kernel: usize,
        stride: usize,
        transposed: bool,
        init: &mut Init,
    ) -> Self {
        let (large, small) = if transposed { (to, from) } else { (from, to) };
        let between = order(init.device);
        let layer = Layer {
            geometry: Geometry { large, small, kernel, stride, padding: kernel / 2 },
            transposed,
            slope: init.negative_slope as f32,
            pooling: false,
            input: between,
            output: between,
        };
        // Each pixel of a transposed convolution sees k²/stride² taps of every channel.
        let taps = if transposed { kernel * kernel / (stride * stride) } else { kernel * kernel };
        let fan_in = from[0] * taps;
        Self {
            weight: init.weight([small[0], large[0], kernel, kernel], fan_in),
            bias: init.bias(to[0], fan_in),
            layer,
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        convolve(x, self.weight.val(), self.bias.val(), &self.layer)
    }

    fn layer(&self) -> layers::Convolution {
        layers::Convolution::of(&self.weight, &self.bias, &self.layer)
    }
}

/// Maps `[batch, numbers]` as `[batch, pixels, channels]`.
fn by_pixel(x: Tensor<2>, [channels, height, width]: [usize; 3], order: Order) -> Tensor<3> {
    let batch = x.dims()[0];
    match order {
        Order::Pixels => x.reshape([batch, height * width, channels]),
        Order::Planes => x.reshape([batch, channels, height * width]).swap_dims(1, 2),
    }
}

/// `[batch, pixels, channels]` as maps `[batch, numbers]`.
fn by_map(x: Tensor<3>, order: Order) -> Tensor<2> {
    match order {
        Order::Pixels => x.flatten(1, 2),
        Order::Planes => x.swap_dims(1, 2).flatten(1, 2),
    }
}

/// The matrix of means over `grid`×`grid` cells of a map, `[1, cells, pixels]`; cells share the pixels on their border.
fn means([height, width]: [usize; 2], grid: usize, device: &Device) -> Tensor<3> {
    let range = |cell: usize, side: usize| cell * side / grid..((cell + 1) * side).div_ceil(grid);
    let mut matrix = vec![0.0; grid * grid * height * width];
    for (cell, row) in matrix.chunks_exact_mut(height * width).enumerate() {
        let (rows, columns) = (range(cell / grid, height), range(cell % grid, width));
        let share = 1.0 / (rows.len() * columns.len()) as f32;
        for y in rows {
            row[y * width..][columns.clone()].fill(share);
        }
    }
    Tensor::from_data(TensorData::new(matrix, [1, grid * grid, height * width]), device)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::network::Initialisation;

    #[test]
    fn every_side_has_its_pixels_and_cells() {
        let device = Device::flex();
        for image in [[1, 28, 28], [3, 9, 14], [2, 5, 1], [1, 1, 1]] {
            let rng = &mut ChaCha8Rng::seed_from_u64(1);
            let mut init =
                Init { scheme: Initialisation::He, negative_slope: 0.2, rng, device: &device, blank: false };
            let sizes = PixelSizes { image, channels: 4, values: 5, grid: 3, cell_values: 2 };
            let network = PixelNetwork::new(sizes, &mut init);
            let x = Tensor::<2>::ones([2, image.iter().product()], &device);
            let [pixels, cells] = network.forward(x);
            assert_eq!(pixels.dims(), [2, 5 * image[1] * image[2]]);
            assert_eq!(cells.dims(), [2, 18]);
        }
    }

    #[test]
    fn means_of_cells_are_means() {
        let device = Device::flex();
        for (sides, grid) in [([7, 7], 4), ([8, 6], 2), ([1, 3], 4)] {
            let sums: Vec<f32> =
                means(sides, grid, &device).sum_dim(2).into_data().convert::<f32>().try_into_vec().unwrap();
            assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-6), "{sums:?}");
        }
        let known: Vec<f32> = means([2, 4], 2, &device).into_data().convert::<f32>().try_into_vec().unwrap();
        assert_eq!(known[..8], [0.5, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(known[24..], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.5]);
    }
}
