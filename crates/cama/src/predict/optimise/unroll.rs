//! The slope of a search's result in X, through every step of it.
//!
//! Where a search has come to rest, moving its end changes nothing, and the slope in X at that end is all (the envelope theorem).
//! Where it has not, X also acts through the start and through each step: Adam is differentiated backwards, and products with second
//! derivatives are differences of first ones.

use burn::tensor::{Tensor, TensorData};

use super::super::ascent::{Ascent, EPSILON};
use super::climb::{BETAS, Hill, rate_at};
use super::scores::Optimised;
use crate::batch::host;
use crate::model::{Given, Observed, Pairs};

/// How far z is moved, in all, for a difference of slopes.
const REACH: f32 = 1e-2;

/// Scores of some examples under some classes after a search, and how they depend on X.
pub(crate) struct Unrolled {
    /// log p(x|y,z,m) + log p(z) at the end of the best start, `[pairs]`.
    pub scores: Vec<f32>,
    /// Their slopes in X, but for what X does through the start, `[pairs][width]`.
    pub of_x: Vec<f32>,
    /// Their slopes in q1's mean where that was the best start, else zero, `[pairs][z]`.
    pub of_start: Vec<f32>,
}

/// One step of Adam: what it was made of.
struct Step {
    z: Vec<f32>,
    slope: Vec<f32>,
    /// The moments after it.
    mean: Vec<f32>,
    square: Vec<f32>,
}

impl Optimised<'_> {
    /// Searches z of these examples and classes with all steps of the configuration, and differentiates that.
    pub fn unroll(&self, observed: &Observed, m: Option<&Tensor<2>>, pairs: &[(usize, usize)]) -> Unrolled {
        let (model, steps) = (self.model, self.config.steps);
        let given = model.given(observed, None, m);
        let hill = Hill { model, given: &given, share: self.share() };
        let starts = self.begin(observed, m, &given).of(pairs);
        let (count, dim) = (starts.starts, starts.dim);
        let taken = given.pairs(&Pairs::new(pairs, &model.device())).constant();
        let dims = [pairs.len(), 1, count, dim];
        let mut path: Vec<Step> = Vec::with_capacity(steps);
        let mut z = starts.best_z;
        let mut ascent = Ascent::new(z.len(), BETAS);
        for t in 0..steps {
            let (_, slope) = hill.slope(&taken, &z, dims);
            let before = z.clone();
            ascent.step(&mut z, &slope, self.config.rate as f32 * rate_at(t, steps));
            let Ascent { mean, square, .. } = ascent.clone();
            path.push(Step { z: before, slope, mean, square });
        }
        let heights = hill.at(pairs, z.clone(), [count, dim]);
        let best: Vec<usize> = heights
            .chunks(count)
            .map(|row| (0..count).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap_or(0))
            .collect();
        let of_best = |all: &[f32]| -> Vec<f32> {
            let at = |(pair, best): (usize, &usize)| &all[(pair * count + best) * dim..][..dim];
            best.iter().enumerate().flat_map(at).copied().collect()
        };
        let (mut towards, mut of_x) = hill.slopes(&taken, &of_best(&z), dim);
        let mut left = [vec![0.0; towards.len()], vec![0.0; towards.len()]];
        for (t, step) in path.iter().enumerate().rev() {
            let [at, slope, mean, square] =
                [&step.z, &step.slope, &step.mean, &step.square].map(|all| of_best(all));
            let along =
                backwards(&towards, [&slope, &mean, &square], &mut left, (t, steps), self.config.rate as f32);
            let [of_z, more] = hill.curvature(&taken, &at, &along, dim);
            towards.iter_mut().zip(of_z).for_each(|(sum, part)| *sum += part);
            of_x.iter_mut().zip(more).for_each(|(sum, part)| *sum += part);
        }
        for (row, best) in towards.chunks_mut(dim).zip(&best) {
            if *best > 0 {
                row.fill(0.0);
            }
        }
        let scores = heights.chunks(count).zip(&best).map(|(row, best)| row[*best]).collect();
        Unrolled { scores, of_x, of_start: towards }
    }
}

/// What the loss is worth in a step's slope, where it is worth `towards` in the z after it; `left` is what it is worth in the moments
/// after this step through later ones, and then before it.
fn backwards(
    towards: &[f32],
    [slope, mean, square]: [&[f32]; 3],
    left: &mut [Vec<f32>; 2],
    (t, steps): (usize, usize),
    rate: f32,
) -> Vec<f32> {
    let unbias = Ascent::unbias(BETAS, t as i32 + 1);
    let rate = rate * rate_at(t, steps);
    let [of_means, of_squares] = left;
    let mut along = Vec::with_capacity(towards.len());
    for i in 0..towards.len() {
        let root = (square[i] * unbias[1]).sqrt();
        let below = root + EPSILON;
        let of_mean = of_means[i] + towards[i] * rate * unbias[0] / below;
        let by_root = if root > 0.0 { unbias[1] / (2.0 * root) } else { 0.0 };
        let of_square = of_squares[i] - towards[i] * rate * mean[i] * unbias[0] / (below * below) * by_root;
        along.push((1.0 - BETAS[0]) * of_mean + (1.0 - BETAS[1]) * 2.0 * slope[i] * of_square);
        of_means[i] = BETAS[0] * of_mean;
        of_squares[i] = BETAS[1] * of_square;
    }
    along
}

impl Hill<'_> {
    /// The slopes in z, `[pairs][z]`, and in X, `[pairs][width]`, at one z each.
    fn slopes(&self, given: &Given, z: &[f32], dim: usize) -> (Vec<f32>, Vec<f32>) {
        let n = z.len() / dim;
        let z = Tensor::<4>::from_data(TensorData::new(z.to_vec(), [n, 1, 1, dim]), &self.model.device());
        let z = z.autodiff().require_grad();
        let (given, x) = given.with_leaf();
        let gradients = self.model.explain_at(&given, z.clone(), self.share).sum().backward();
        let of_x = x.grad(&gradients).expect("the height depends on X");
        (host(z.grad(&gradients).expect("the height depends on z")), host(of_x))
    }

    /// How the slopes in z and in X change along `along` at `z`, per unit of z.
    fn curvature(&self, given: &Given, z: &[f32], along: &[f32], dim: usize) -> [Vec<f32>; 2] {
        let lengths: Vec<f32> = along
            .chunks(dim)
            .map(|row| row.iter().map(|v| v * v).sum::<f32>().sqrt().max(f32::MIN_POSITIVE))
            .collect();
        let moved = |sign: f32| -> Vec<f32> {
            let steps = along
                .chunks(dim)
                .zip(&lengths)
                .flat_map(|(row, length)| row.iter().map(move |v| sign * REACH * v / length));
            z.iter().zip(steps).map(|(z, step)| z + step).collect()
        };
        let (above, below) = (self.slopes(given, &moved(1.0), dim), self.slopes(given, &moved(-1.0), dim));
        let difference = |above: &[f32], below: &[f32]| -> Vec<f32> {
            let width = above.len() / lengths.len();
            let rows = above.chunks(width).zip(below.chunks(width)).zip(&lengths);
            rows.flat_map(|((above, below), length)| {
                above.iter().zip(below).map(move |(a, b)| (a - b) / (2.0 * REACH) * length)
            })
            .collect()
        };
        [difference(&above.0, &below.0), difference(&above.1, &below.1)]
    }
}
