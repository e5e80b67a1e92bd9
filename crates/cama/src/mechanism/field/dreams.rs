//! Dreams of the field mechanism: clean images under damage that is drawn at random, and what was done to them.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::canvas::{Canvas, blur, interpolated};
use super::config::{FieldConfig, FieldDreams};
use super::manipulation::PixelManipulation;
use super::shapes::cover;
use crate::noise::normals;

/// What was done to a pixel: what the network tells apart.
pub(super) const KINDS: usize = 3;
pub(super) const INVERTED: usize = 1;
pub(super) const COVERED: usize = 2;

/// A pixel is covered from this coverage on, if that changes it by more than [`LEAST_CHANGE`].
const LEAST_COVERED: f32 = 0.3;
const LEAST_CHANGE: f32 = 0.1;

/// What is dreamt of one image.
pub(super) struct Dream {
    /// The image as it is seen.
    pub seen: Vec<f32>,
    /// Probabilities, 0 or 1, that each pixel is intact, inverted and covered, `[KINDS·area]`, plane after plane.
    pub kinds: Vec<f32>,
    /// Logarithm of the gain, then bias, at the points of the grid, in standard deviations, `[2·grid²]`.
    pub light: Vec<f32>,
}

/// What is done to an image but for blur and noise.
pub(super) struct Damage {
    pub m: PixelManipulation,
    /// As in [`Dream`].
    pub light: Vec<f32>,
}

impl FieldConfig {
    /// A dream of the clean image `x` of `[channels, height, width]`; of the damage that `drawn` gives, if there is that.
    pub(super) fn dream(
        &self,
        x: &[f32],
        shape: [usize; 3],
        drawn: Option<&dyn Fn(&mut ChaCha8Rng) -> Damage>,
        rng: &mut ChaCha8Rng,
    ) -> Dream {
        let [_, height, width] = shape;
        let canvas = Canvas { height, width };
        let FieldDreams { blurred, most_blur, inverted, lit, covered, noisy, most_noise, .. } = self.dreams;
        // Which it is does not depend on what was drawn of the others.
        let [blurred, inverted, lit, covered, noisy] =
            [blurred, inverted, lit, covered, noisy].map(|share| rng.random_bool(share));
        let mut seen = x.to_vec();
        if blurred {
            let sd = f64::from(canvas.unit()) * rng.random_range(0.2..=1.0) * most_blur;
            seen.chunks_exact_mut(canvas.area()).for_each(|plane| blur(&canvas, plane, sd));
        }
        let Damage { m, light } = match drawn {
            Some(drawn) => drawn(rng),
            None => self.damage(shape, [inverted, lit, covered], rng),
        };
        let uncovered = PixelManipulation { covered: vec![0.0; canvas.area()], ..m.clone() };
        let mut without = seen.clone();
        let clip = |image: &mut [f32]| image.iter_mut().for_each(|p| *p = p.clamp(0.0, 1.0));
        for (m, image) in [(&uncovered, &mut without), (&m, &mut seen)] {
            m.transform(image);
            clip(image);
        }
        let kinds = kinds(&m, &seen, &without);
        if noisy {
            let sd = (rng.random_range(0.05..=1.0) * most_noise) as f32;
            seen.iter_mut().zip(normals(x.len(), rng)).for_each(|(p, n)| *p += sd * n);
            clip(&mut seen);
        }
        Dream { seen, kinds, light }
    }

    /// What is done to an image, of what is to be.
    fn damage(&self, shape: [usize; 3], [inverted, lit, covered]: [bool; 3], rng: &mut ChaCha8Rng) -> Damage {
        let [channels, height, width] = shape;
        let canvas = Canvas { height, width };
        let mut m = PixelManipulation::rest(shape);
        let mut light = vec![0.0; 2 * self.grid * self.grid];
        if inverted {
            m.inverted = canvas.region(rng);
        }
        if lit {
            light = self.light(rng);
            [m.gain, m.bias] = self.gain_and_bias(&canvas, &light);
        }
        if covered {
            [m.covered, m.paint] = cover(&canvas, channels, rng);
        }
        Damage { m, light }
    }

    /// Gain and bias of each pixel, where those at the points of the grid are `light`, in standard deviations.
    pub(super) fn gain_and_bias(&self, canvas: &Canvas, light: &[f32]) -> [Vec<f32>; 2] {
        let (gain, bias) = light.split_at(self.grid * self.grid);
        [
            interpolated(canvas, self.grid, |i| (self.log_gain as f32 * gain[i]).exp()),
            interpolated(canvas, self.grid, |i| self.bias as f32 * bias[i]),
        ]
    }

    /// Gain and bias at the points of the grid: what all share, and what each has of its own. Most of what is dark and
    /// bright stays in the pixel range.
    fn light(&self, rng: &mut ChaCha8Rng) -> Vec<f32> {
        let points = self.grid * self.grid;
        let normal = |rng: &mut ChaCha8Rng| -> f32 { StandardNormal.sample(rng) };
        let shared = [normal(rng), normal(rng)];
        let uneven = [0.0, 0.5, 1.0f32][rng.random_range(0..3)];
        // Light adds as a rule.
        let adds = rng.random_bool(0.75);
        let (log_gain, bias) = (self.log_gain as f32, self.bias as f32);
        let mut light = vec![0.0; 2 * points];
        for i in 0..points {
            let [gain, added] = shared
                .map(|shared| (1.0 - 0.6 * uneven * uneven).sqrt() * shared + 0.8 * uneven * normal(rng));
            let added = (bias * if adds { added.abs() } else { added }).clamp(-0.7, 0.7);
            let most = (1.0 - added.max(0.0)).max(0.1).ln();
            let gain = ((log_gain * gain).min(0.3) - 0.2).min(most);
            (light[i], light[points + i]) = (gain / log_gain, added / bias);
        }
        light
    }
}

/// What was done to each pixel, by what is `seen` and what would be `without` a cover.
fn kinds(m: &PixelManipulation, seen: &[f32], without: &[f32]) -> Vec<f32> {
    let area = m.covered.len();
    let mut kinds = vec![0.0; KINDS * area];
    for i in 0..area {
        let hidden = || {
            let planes = seen.iter().skip(i).step_by(area).zip(without.iter().skip(i).step_by(area));
            planes.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) > LEAST_CHANGE
        };
        let kind = match () {
            () if m.covered[i] > LEAST_COVERED && hidden() => COVERED,
            () if m.inverted[i] > 0.5 => INVERTED,
            () => 0,
        };
        kinds[kind * area + i] = 1.0;
    }
    kinds
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    const SHAPE: [usize; 3] = [1, 28, 28];

    fn digit() -> Vec<f32> {
        crate::data::load("mnist:test[..1]").unwrap().pixels().to_vec()
    }

    fn only(change: impl FnOnce(&mut FieldDreams)) -> FieldConfig {
        let mut dreams = FieldDreams {
            moved: 0.0,
            blurred: 0.0,
            inverted: 0.0,
            lit: 0.0,
            covered: 0.0,
            noisy: 0.0,
            ..FieldDreams::default()
        };
        change(&mut dreams);
        FieldConfig { dreams, ..FieldConfig::default() }
    }

    #[test]
    fn without_damage_the_clean_image_is_seen() {
        let (x, rng) = (digit(), &mut ChaCha8Rng::seed_from_u64(1));
        let dream = only(|_| ()).dream(&x, SHAPE, None, rng);
        assert_eq!(dream.seen, x);
        assert!(dream.kinds[..784].iter().all(|p| *p == 1.0) && dream.light.iter().all(|l| *l == 0.0));
    }

    #[test]
    fn what_was_done_is_told_pixel_by_pixel() {
        let x = digit();
        let mut seen = [0; KINDS];
        for seed in 0..40 {
            let rng = &mut ChaCha8Rng::seed_from_u64(seed);
            let config = only(|dreams| (dreams.inverted, dreams.covered) = (0.5, 0.5));
            let dream = config.dream(&x, SHAPE, None, rng);
            for (i, (seen_pixel, x)) in dream.seen.iter().zip(&x).enumerate() {
                let [intact, inverted, covered] = [0, 1, 2].map(|kind| dream.kinds[kind * 784 + i]);
                assert_eq!(intact + inverted + covered, 1.0);
                seen[if covered == 1.0 { 2 } else { inverted as usize }] += 1;
                if intact == 1.0 {
                    assert!((seen_pixel - x).abs() <= LEAST_CHANGE.max(LEAST_COVERED));
                }
                if inverted == 1.0 {
                    assert!((seen_pixel - (1.0 - x)).abs() <= LEAST_CHANGE.max(LEAST_COVERED));
                }
            }
        }
        assert!(seen.iter().all(|n| *n > 500), "{seen:?}");
    }

    #[test]
    fn light_changes_what_is_seen_as_it_says() {
        let (x, rng) = (digit(), &mut ChaCha8Rng::seed_from_u64(5));
        let config = only(|dreams| dreams.lit = 1.0);
        let dream = config.dream(&x, SHAPE, None, rng);
        // The first pixel is black and at a point of the grid.
        let bias = dream.light[16] * config.bias as f32;
        assert!((dream.seen[0] - bias.clamp(0.0, 1.0)).abs() < 1e-5);
        assert!(dream.light.iter().any(|l| *l != 0.0) && dream.kinds[..784].iter().all(|p| *p == 1.0));
    }

    #[test]
    fn any_image_can_be_dreamt_of_and_the_seed_fixes_it() {
        let config = only(|dreams| {
            (dreams.blurred, dreams.inverted, dreams.lit) = (0.5, 0.5, 0.5);
            (dreams.covered, dreams.noisy) = (0.8, 0.5);
        });
        for shape in [[1, 28, 28], [3, 9, 40], [2, 1, 1], [3, 64, 48]] {
            let x = vec![0.4; shape.iter().product()];
            for seed in 0..30 {
                let dream = |seed| config.dream(&x, shape, None, &mut ChaCha8Rng::seed_from_u64(seed));
                let (one, same) = (dream(seed), dream(seed));
                assert_eq!(one.seen.len(), x.len());
                assert!(one.seen.iter().all(|p| (0.0..=1.0).contains(p)), "{shape:?} {seed}");
                assert_eq!(one.seen, same.seen);
            }
        }
    }
}
