//! Where the pixels of an image are.

use burn::tensor::{Device, Tensor, TensorData};

/// Pixel centres relative to the image's centre, in pixels, each `[1, height·width]`; kept where the model lives.
#[derive(Clone, Debug)]
pub struct Grid {
    pub right: Tensor<2>,
    pub down: Tensor<2>,
}

impl Grid {
    pub fn new(height: usize, width: usize, device: &Device) -> Self {
        let centred = |i: usize, side: usize| i as f32 - (side as f32 - 1.0) / 2.0;
        let pixels = || (0..height).flat_map(|r| (0..width).map(move |c| (r, c)));
        let tensor =
            |values: Vec<f32>| Tensor::from_data(TensorData::new(values, [1, height * width]), device);
        Self {
            right: tensor(pixels().map(|(_, c)| centred(c, width)).collect()),
            down: tensor(pixels().map(|(r, _)| centred(r, height)).collect()),
        }
    }
}
