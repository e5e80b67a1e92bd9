//! m of a data set: what a field has inferred of its images, for dreams in which the same is done to clean ones.

use burn::tensor::Tensor;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::canvas::Canvas;
use super::config::FieldConfig;
use super::dreams::{COVERED, Damage, INVERTED, KINDS};
use super::manipulation::PixelManipulation;
use crate::batch::host;

/// What a [`Field`](super::Field) infers of the images of a data set: a sample of its m, image by image, that stands for p(m) of that data.
pub(crate) struct FieldOfData {
    images: Vec<Inferred>,
}

/// What is inferred of one image.
struct Inferred {
    /// The image, `[channels·area]`: what covers a pixel is what is seen there.
    seen: Vec<f32>,
    /// What was most probably done to each pixel.
    kinds: Vec<u8>,
    /// Logarithm of the gain, then bias, at the points of the grid, in standard deviations.
    light: Vec<f32>,
}

impl FieldOfData {
    /// Nothing yet.
    pub(super) fn none() -> Self {
        Self { images: Vec::new() }
    }

    /// Adds images, `[batch, channels·height·width]`, of which a field infers `log_kinds`, `[batch, 3, area]`, and `light`,
    /// `[batch, 2·grid²]`.
    pub(super) fn add(&mut self, x: Tensor<2>, log_kinds: Tensor<3>, light: Tensor<2>) {
        let [n, _, area] = log_kinds.dims();
        let [seen, log_kinds, light] = [host(x), host(log_kinds), host(light)];
        let image = |i: usize| {
            let part = |all: &[f32]| all[i * (all.len() / n)..][..all.len() / n].to_vec();
            let log_kinds = part(&log_kinds);
            let likeliest = |at: usize| {
                let log_p = |kind: &usize| log_kinds[kind * area + at];
                (0..KINDS).max_by(|a, b| log_p(a).total_cmp(&log_p(b))).unwrap_or_default() as u8
            };
            Inferred { seen: part(&seen), kinds: (0..area).map(likeliest).collect(), light: part(&light) }
        };
        self.images.extend((0..n).map(image));
    }

    /// What was done to one of the images, drawn at random.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub(super) fn draw(&self, config: &FieldConfig, shape: [usize; 3], rng: &mut ChaCha8Rng) -> Damage {
        let Inferred { seen, kinds, light } = &self.images[rng.random_range(0..self.images.len())];
        let mut m = PixelManipulation::rest(shape);
        for (at, kind) in kinds.iter().enumerate() {
            match usize::from(*kind) {
                INVERTED => m.inverted[at] = 1.0,
                COVERED => m.covered[at] = 1.0,
                _ => {}
            }
        }
        m.paint.clone_from(seen);
        let canvas = Canvas { height: shape[1], width: shape[2] };
        [m.gain, m.bias] = config.gain_and_bias(&canvas, light);
        Damage { m, light: light.clone() }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    /// What is seen where a pixel is covered is what covers it, whatever the clean image is.
    #[test]
    fn what_covered_an_image_covers_another() {
        let config = FieldConfig { grid: 2, ..FieldConfig::default() };
        let inferred = Inferred { seen: vec![0.1, 0.2, 0.3], kinds: vec![0, 1, 2], light: vec![0.0; 8] };
        let of_data = FieldOfData { images: vec![inferred] };
        let Damage { m, .. } = of_data.draw(&config, [1, 1, 3], &mut ChaCha8Rng::seed_from_u64(1));
        let mut x = vec![0.9; 3];
        m.transform(&mut x);
        assert!(x.iter().zip([0.9, 0.1, 0.3]).all(|(x, wanted)| (x - wanted).abs() < 1e-6), "{x:?}");
    }
}
