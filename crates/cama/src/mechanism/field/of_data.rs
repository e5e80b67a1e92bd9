//! m of a data set: what a field has inferred of its images, for dreams in which the same is done to clean ones.

use burn::tensor::Tensor;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::canvas::Canvas;
use super::config::FieldConfig;
use super::dreams::{COVERED, Damage, INVERTED, KINDS};
use super::manipulation::PixelManipulation;
use super::{Field, FieldPosterior};
use crate::batch::host;

/// What a [`Field`] infers of the images of a data set: a sample of its m, image by image, that stands for p(m) of that data.
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
    /// What the field infers of these batches of images, `[batch, channels·height·width]`.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn infer(field: &Field, batches: impl Iterator<Item = Tensor<2>>) -> Self {
        let images: Vec<Inferred> = batches.flat_map(|x| inferred(field, x)).collect();
        assert!(!images.is_empty(), "no image to infer anything of");
        Self { images }
    }

    /// What was done to one of the images, drawn at random.
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

fn inferred(field: &Field, x: Tensor<2>) -> Vec<Inferred> {
    let FieldPosterior { log_kinds, light, .. } = field.posterior(x.clone());
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
    (0..n).map(image).collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::super::tests::{WIDTH, field, images};
    use super::*;

    #[test]
    fn what_is_drawn_is_what_was_most_probably_done_to_an_image() {
        let (field, x) = (field(0.2), images(3));
        let of_data = FieldOfData::infer(&field, [x.clone()].into_iter());
        let posterior = field.posterior(x.clone());
        let (seen, area) = (host(x), WIDTH / 2);
        let mut drawn = [false; 3];
        for seed in 0..20 {
            let Damage { m, light } =
                of_data.draw(field.config(), field.image, &mut ChaCha8Rng::seed_from_u64(seed));
            let i = seen.chunks_exact(WIDTH).position(|image| image == m.paint).expect("one of the images");
            drawn[i] = true;
            let maps = &field.maps(&posterior)[i];
            for at in 0..area {
                let [covered, inverted] = [maps.covered[at], maps.inverted[at]];
                let intact = 1.0 - covered - inverted;
                let most = covered.max(inverted).max(intact);
                // Ties are none of ours.
                assert!(m.covered[at] == 0.0 || covered > most - 1e-5);
                assert!(m.inverted[at] == 0.0 || inverted > most - 1e-5);
                assert!(m.covered[at] + m.inverted[at] == 1.0 || intact > most - 1e-5);
            }
            let same = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
            assert!(same(&m.gain, &maps.gain) && same(&m.bias, &maps.bias));
            assert_eq!(light.len(), 2 * field.config().grid.pow(2));
        }
        assert_eq!(drawn, [true; 3]);
    }

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
