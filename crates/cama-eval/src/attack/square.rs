//! Random search for patches that mislead (Andriushchenko et al., ECCV 2020): it only asks for probabilities.
//!
//! What may change of an image is a grid of pixels in channels; of a row it is one line of values, and patches are
//! intervals of it. In the maximum norm every patch is moved to the edge of the ball, each channel up or down. In the Euclidean norm
//! a patch gets a bump with a positive and a negative half, paid for with what the change held in another patch.

use cama::Result;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use super::ascent::{Batch, Found, unit};
use super::loss::Goal;
use super::space::Space;
use super::spec::Norm;

/// The share of the grid that the first patch covers.
const FIRST: f64 = 0.8;

/// After which of ten thousand questions the share is halved.
const HALVINGS: [usize; 9] = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000];

/// Answers what the log-probabilities of some of the examples are, given which and where they are.
pub(super) type Ask<'a> = dyn Fn(&[usize], &[f32]) -> Result<Vec<Vec<f32>>> + 'a;

/// A patch of the grid: rows and columns.
struct Patch {
    rows: std::ops::Range<usize>,
    columns: std::ops::Range<usize>,
}

impl Patch {
    /// A patch of about `share` of the grid and no less than `least` on a side, anywhere in it.
    fn draw([_, height, width]: [usize; 3], share: f64, least: usize, rng: &mut ChaCha8Rng) -> Patch {
        let area = share * (height * width) as f64;
        let tall = (area.sqrt().round() as usize).max(least).clamp(1, height);
        // A line has no height to be square in.
        let wide = if height == 1 { area.round() as usize } else { tall };
        let wide = wide.max(least).clamp(1, width);
        let (row, column) = (below(height - tall + 1, rng), below(width - wide + 1, rng));
        Patch { rows: row..row + tall, columns: column..column + wide }
    }

    /// Where its values stand in one channel of the grid, in rows.
    fn places(&self, [_, height, width]: [usize; 3], channel: usize) -> Vec<usize> {
        let start = channel * height * width;
        let row = |row: usize| self.columns.clone().map(move |column| start + row * width + column);
        self.rows.clone().flat_map(row).collect()
    }
}

fn below(n: usize, rng: &mut ChaCha8Rng) -> usize {
    ((unit(rng) * n as f64) as usize).min(n.saturating_sub(1))
}

fn sign(rng: &mut ChaCha8Rng) -> f64 {
    if rng.next_u32() & 1 == 0 { 1.0 } else { -1.0 }
}

/// The share of the grid that is changed in question `i` of `n`.
fn share(i: usize, n: usize) -> f64 {
    let at = i * 10_000 / n.max(1);
    FIRST / 2f64.powi(HALVINGS.iter().filter(|halving| at > **halving).count() as i32)
}

/// A bump of length 1 with a positive and a negative half.
fn bump([tall, wide]: [usize; 2], rng: &mut ChaCha8Rng) -> Vec<f64> {
    // A peak in the middle of each half, lower the farther away.
    let height =
        |far: usize, reach: usize| (far..=reach).map(|k| 1.0 / ((k + 1) * (k + 1)) as f64).sum::<f64>();
    let lengthwise = if tall > 1 && wide > 1 { rng.next_u32() & 1 == 0 } else { tall > 1 };
    let (long, short) = if lengthwise { (tall, wide) } else { (wide, tall) };
    let mut values = vec![0.0; tall * wide];
    for i in 0..long {
        let first = i < long / 2;
        let (from, to) = if first { (0, long / 2) } else { (long / 2, long) };
        for j in 0..short {
            let far = i.abs_diff((from + to) / 2).max(j.abs_diff(short / 2));
            let value = height(far, (to - from).max(short)) * if first { -1.0 } else { 1.0 };
            values[if lengthwise { i * wide + j } else { j * wide + i }] = value;
        }
    }
    let length = values.iter().map(|v| v * v).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    values.iter_mut().for_each(|v| *v /= length);
    values
}

/// Proposes changes of one example: of what may change only, in units of the space.
struct Proposer<'a> {
    space: &'a Space,
    free: Vec<usize>,
    eps: f64,
    norm: Norm,
}

impl Proposer<'_> {
    /// The change that the search begins with: stripes, or bumps all over.
    fn first(&self, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let grid @ [channels, height, width] = self.space.grid;
        let mut change = vec![0.0; self.free.len()];
        match self.norm {
            Norm::Linf | Norm::L0 => {
                for channel in 0..channels {
                    for column in 0..width {
                        let by = self.eps * sign(rng);
                        (0..height).for_each(|row| change[(channel * height + row) * width + column] = by);
                    }
                }
            }
            Norm::L2 => {
                let tile = |side: usize| (side / 5).max(1);
                let (tall, wide) = (tile(height), tile(width));
                for row in (0..height).step_by(tall) {
                    for column in (0..width).step_by(wide) {
                        let patch = Patch {
                            rows: row..height.min(row + tall),
                            columns: column..width.min(column + wide),
                        };
                        let bump = bump([patch.rows.len(), patch.columns.len()], rng);
                        for channel in 0..channels {
                            let by = sign(rng);
                            let places = patch.places(grid, channel);
                            places.into_iter().zip(&bump).for_each(|(at, v)| change[at] = by * v);
                        }
                    }
                }
                self.lengthen(&mut change);
            }
        }
        change
    }

    /// Another change close to this one.
    fn next(&self, change: &[f64], share: f64, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let grid @ [channels, ..] = self.space.grid;
        let mut next = change.to_vec();
        match self.norm {
            Norm::Linf | Norm::L0 => {
                let patch = Patch::draw(grid, share, 1, rng);
                for channel in 0..channels {
                    let by = self.eps * sign(rng);
                    patch.places(grid, channel).into_iter().for_each(|at| next[at] = by);
                }
            }
            Norm::L2 => {
                let [to, from] = [(); 2].map(|()| Patch::draw(grid, share, 3, rng));
                let square = |at: &usize| change[*at] * change[*at];
                let unspent = (self.eps * self.eps - change.iter().map(|v| v * v).sum::<f64>()).max(0.0);
                for channel in 0..channels {
                    let (to_places, from_places) = (to.places(grid, channel), from.places(grid, channel));
                    let mut both = to_places.clone();
                    both.extend(from_places.iter().filter(|at| !to_places.contains(at)));
                    let spent: f64 = both.iter().map(square).sum();
                    let here = to_places.iter().map(square).sum::<f64>().sqrt();
                    let (by, bump) = (sign(rng), bump([to.rows.len(), to.columns.len()], rng));
                    let mixed = to_places.iter().zip(bump);
                    let mixed: Vec<f64> =
                        mixed.map(|(at, v)| by * v + change[*at] / here.max(1e-10)).collect();
                    let length = mixed.iter().map(|v| v * v).sum::<f64>().sqrt().max(1e-10);
                    let wanted = (spent + unspent / channels as f64).sqrt();
                    from_places.into_iter().for_each(|at| next[at] = 0.0);
                    to_places.into_iter().zip(mixed).for_each(|(at, v)| next[at] = v * wanted / length);
                }
                self.lengthen(&mut next);
            }
        }
        next
    }

    /// Makes a change as long as it may be.
    fn lengthen(&self, change: &mut [f64]) {
        let length = change.iter().map(|v| v * v).sum::<f64>().sqrt();
        if length > 0.0 {
            change.iter_mut().for_each(|v| *v *= self.eps / length);
        }
    }

    /// Where a change leads, and what of it is left within the bounds.
    fn applied(&self, change: &mut [f64], origin: &[f32]) -> Vec<f32> {
        let mut point = origin.to_vec();
        for (&i, by) in self.free.iter().zip(change.iter()) {
            point[i] += (by * f64::from(self.space.unit[i])) as f32;
        }
        self.space.project(&mut point, origin, self.eps, self.norm);
        for (&i, by) in self.free.iter().zip(change) {
            *by = f64::from(point[i] - origin[i]) / f64::from(self.space.unit[i]);
        }
        point
    }
}

impl Batch<'_> {
    /// `square`: as many questions an example as there are steps; one that has reached its goal is asked no more.
    pub fn search(&mut self, ask: &Ask) -> Result<Found> {
        let (width, steps) = (self.space.width(), self.attack.steps);
        let proposer = Proposer {
            space: self.space,
            free: self.space.free().collect(),
            eps: self.attack.eps,
            norm: self.attack.norm,
        };
        let mut best = self.origin.clone();
        let mut changes: Vec<Vec<f64>> = vec![Vec::new(); self.len()];
        let mut margins = vec![f64::NEG_INFINITY; self.len()];
        let mut half = self.origin.clone();
        let mut left: Vec<usize> = (0..self.len()).collect();
        for step in 0..steps {
            let mut asked = Vec::with_capacity(left.len() * width);
            let mut proposed = Vec::with_capacity(left.len());
            for &i in &left {
                let rng = &mut self.rngs[i];
                let mut change = match step {
                    0 => proposer.first(rng),
                    _ => proposer.next(&changes[i], share(step, steps), rng),
                };
                asked.extend(proposer.applied(&mut change, &self.origin[i * width..(i + 1) * width]));
                proposed.push(change);
            }
            let answers = ask(&left, &asked)?;
            let answers = left.iter().zip(proposed).zip(asked.chunks_exact(width)).zip(answers);
            for (((&i, change), point), log_p) in answers {
                let margin = Goal::margin(self.goals[i], &log_p);
                if margin > margins[i] {
                    (margins[i], changes[i]) = (margin, change);
                    best[i * width..(i + 1) * width].copy_from_slice(point);
                }
            }
            left.retain(|&i| margins[i] <= 0.0);
            if step + 1 == steps.div_ceil(2) {
                half.clone_from(&best);
            }
            if left.is_empty() {
                if step + 1 < steps.div_ceil(2) {
                    half.clone_from(&best);
                }
                break;
            }
        }
        Ok(Found { end: best, half, flat: vec![false; self.len()] })
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn patches_shrink_as_in_the_paper() {
        assert_eq!([share(0, 10_000), share(11, 10_000), share(9000, 10_000)], [0.8, 0.4, 0.8 / 512.0]);
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        for share in [0.8, 0.1, 0.001] {
            for grid in [[3, 8, 8], [1, 1, 13], [1, 2, 1]] {
                let patch = Patch::draw(grid, share, 1, rng);
                assert!(patch.rows.end <= grid[1] && patch.columns.end <= grid[2] && !patch.rows.is_empty());
                assert!(patch.places(grid, grid[0] - 1).iter().all(|at| *at < grid.iter().product()));
            }
        }
        assert_eq!(Patch::draw([1, 1, 10], 0.5, 1, rng).columns.len(), 5);
    }

    #[test]
    fn bumps_have_two_halves_and_length_one() {
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        for sides in [[5, 5], [1, 7], [6, 1], [1, 1]] {
            let bump = bump(sides, rng);
            assert!((bump.iter().map(|v| v * v).sum::<f64>() - 1.0).abs() < 1e-9, "{sides:?}");
            assert_eq!(bump.iter().any(|v| *v < 0.0), sides != [1, 1], "{sides:?}");
        }
    }

    #[test]
    fn changes_are_as_long_as_they_may_be() {
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        for (grid, norm) in [([2, 6, 6], Norm::L2), ([1, 1, 9], Norm::L2), ([2, 6, 6], Norm::Linf)] {
            let width = grid.iter().product();
            let space = Space {
                x: width,
                unit: vec![0.5; width],
                low: vec![-9.0; width],
                high: vec![9.0; width],
                grid,
            };
            let proposer = Proposer { space: &space, free: (0..width).collect(), eps: 0.7, norm };
            let mut change = proposer.first(rng);
            for i in 0..50 {
                let point = proposer.applied(&mut change, &vec![0.0; width]);
                let length = space.length(point.into_iter(), norm);
                assert!((length - 0.7).abs() < 1e-5, "{grid:?} {norm:?} {i}: {length}");
                change = proposer.next(&change, 0.2, rng);
            }
        }
    }
}
