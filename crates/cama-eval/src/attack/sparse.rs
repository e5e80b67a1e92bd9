//! `sparse` and `sparse-rs`: few values are changed, as far as each may.

use cama::{Error, Result};

use rand_chacha::ChaCha8Rng;

use super::ascent::{Batch, Found, unit};
use super::space::Space;
use super::spec::Method;
use super::square::{Ask, below, share};

impl Batch<'_> {
    /// One value after another is set to the end of its range where the loss promises to rise most, until as many are changed as
    /// may be; then, as many times again, the change that helps least is taken back and the most promising one is made. Of all
    /// points on the way the one of the highest loss is kept.
    pub fn sparsely(&mut self) -> Result<Found> {
        let (width, most) = (self.space.width(), self.attack.eps as usize);
        let mut points = self.origin.clone();
        let mut best = Kept { points: points.clone(), losses: vec![f64::NEG_INFINITY; self.len()] };
        let (mut half, mut flat) = (points.clone(), Vec::new());
        for step in 0..2 * most {
            let (losses, gradient) = self.gradient(&points)?;
            best.keep(&points, &losses, width);
            if step == 0 {
                flat = self.flat(&gradient);
            }
            let rows = points.chunks_exact_mut(width).zip(self.origin.chunks_exact(width));
            for ((point, origin), gradient) in rows.zip(gradient.chunks_exact(width)) {
                if step >= most {
                    take_back(point, origin, gradient);
                }
                change(point, origin, gradient, self.space);
            }
            if step + 1 == most {
                half.clone_from(&points);
            }
        }
        let (losses, _) = self.gradient(&points)?;
        best.keep(&points, &losses, width);
        Ok(Found { end: best.points, half, flat })
    }
}

/// Errors unless the range of every value that may change has two ends.
pub(super) fn check(space: &Space, method: Method) -> Result<()> {
    match space.free().all(|i| space.low[i].is_finite() && space.high[i].is_finite()) {
        true => Ok(()),
        false => Err(Error::Mismatch(format!(
            "`{}` changes values as far as their ranges go; give both ends of each by --attack-range",
            method.name()
        ))),
    }
}

impl Batch<'_> {
    /// Random values, half of them an end of their range, in random places; in every further question some are exchanged, ever fewer,
    /// and what misleads more is kept. An example that has reached its goal is asked about no more.
    pub fn sparsely_at_random(&mut self, ask: &Ask) -> Result<Found> {
        let (width, steps) = (self.space.width(), self.attack.steps);
        let free: Vec<usize> = self.space.free().collect();
        let most = (self.attack.eps as usize).min(free.len());
        let mut best = self.origin.clone();
        let mut half = best.clone();
        let mut changes: Vec<Vec<(usize, f32)>> = vec![Vec::new(); self.len()];
        let mut margins = vec![f64::NEG_INFINITY; self.len()];
        let mut left: Vec<usize> = if most > 0 { (0..self.len()).collect() } else { Vec::new() };
        for step in 0..steps {
            let exchanged = ((share(step, steps) * most as f64) as usize).clamp(1, most.max(1));
            let mut asked = Vec::with_capacity(left.len() * width);
            let mut proposed = Vec::with_capacity(left.len());
            for &i in &left {
                let change = exchange(&changes[i], (most, exchanged), &free, self.space, &mut self.rngs[i]);
                let mut point = self.origin[i * width..(i + 1) * width].to_vec();
                change.iter().for_each(|&(at, value)| point[at] = value);
                asked.extend(point);
                proposed.push(change);
            }
            let answers = ask(&left, &asked)?;
            let answers = left.iter().zip(proposed).zip(asked.chunks_exact(width)).zip(answers);
            for (((&i, change), point), log_p) in answers {
                let margin = self.goals[i].margin(&log_p);
                // As good will do: on a plateau the search moves on.
                if margin >= margins[i] {
                    (margins[i], changes[i]) = (margin, change);
                    best[i * width..(i + 1) * width].copy_from_slice(point);
                }
            }
            left.retain(|&i| margins[i] <= 0.0);
            if step < steps.div_ceil(2) {
                half.clone_from(&best);
            }
            if left.is_empty() {
                break;
            }
        }
        Ok(Found { end: best, half, flat: vec![false; self.len()] })
    }
}

/// `most` changed values, each with its place: those of before, of which `exchanged` are replaced by others.
fn exchange(
    before: &[(usize, f32)],
    (most, exchanged): (usize, usize),
    free: &[usize],
    space: &Space,
    rng: &mut ChaCha8Rng,
) -> Vec<(usize, f32)> {
    let mut change = before.to_vec();
    for _ in 0..exchanged.min(change.len()) {
        change.swap_remove(below(change.len(), rng));
    }
    while change.len() < most {
        let at = free[below(free.len(), rng)];
        if change.iter().all(|(known, _)| *known != at) {
            let (low, high) = (space.low[at], space.high[at]);
            let value = match below(4, rng) {
                0 => low,
                1 => high,
                _ => low + (high - low) * unit(rng) as f32,
            };
            change.push((at, value));
        }
    }
    change
}

/// The points of the highest loss so far.
struct Kept {
    points: Vec<f32>,
    losses: Vec<f64>,
}

impl Kept {
    fn keep(&mut self, points: &[f32], losses: &[f64], width: usize) {
        for (i, (kept, loss)) in self.losses.iter_mut().zip(losses).enumerate() {
            if *loss > *kept {
                *kept = *loss;
                let range = i * width..(i + 1) * width;
                self.points[range.clone()].copy_from_slice(&points[range]);
            }
        }
    }
}

/// Takes back the change along which the loss rises least.
fn take_back(point: &mut [f32], origin: &[f32], gradient: &[f32]) {
    let changed = (0..point.len()).filter(|&i| point[i] != origin[i]);
    let helps = |i: usize| gradient[i] * (point[i] - origin[i]);
    if let Some(least) = changed.min_by(|&a, &b| helps(a).total_cmp(&helps(b))) {
        point[least] = origin[least];
    }
}

/// Makes the change along which the loss rises most, of a value that is not changed yet.
fn change(point: &mut [f32], origin: &[f32], gradient: &[f32], space: &Space) {
    let end = |i: usize| if gradient[i] > 0.0 { space.high[i] } else { space.low[i] };
    let promises = |i: usize| gradient[i] * (end(i) - origin[i]);
    let left = space.free().filter(|&i| point[i] == origin[i] && promises(i) > 0.0);
    if let Some(most) = left.max_by(|&a, &b| promises(a).total_cmp(&promises(b))) {
        point[most] = end(most);
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn the_most_promising_value_is_changed_and_the_least_helpful_taken_back() {
        let space = Space::of_images([1, 1, 4]);
        let origin = [0.5, 0.5, 0.9, 0.0];
        let mut point = origin;
        // Down by .5·1, up by .5·3, up by .1·4, and one that is at its end already.
        let gradient = [-1.0, 3.0, 4.0, -9.0];
        change(&mut point, &origin, &gradient, &space);
        assert_eq!(point, [0.5, 1.0, 0.9, 0.0]);
        change(&mut point, &origin, &gradient, &space);
        assert_eq!(point, [0.0, 1.0, 0.9, 0.0]);
        take_back(&mut point, &origin, &gradient);
        assert_eq!(point, [0.5, 1.0, 0.9, 0.0]);
        let endless = Space { high: vec![f32::INFINITY; 4], ..space.clone() };
        assert!(check(&space, Method::Sparse).is_ok() && check(&endless, Method::SparseRs).is_err());
    }

    #[test]
    fn as_many_are_exchanged_as_said_and_none_is_changed_twice() {
        let space = Space::of_images([1, 1, 9]);
        let free: Vec<usize> = space.free().collect();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let first = exchange(&[], (5, 1), &free, &space, &mut rng);
        assert_eq!(first.len(), 5);
        for exchanged in 1..5 {
            let next = exchange(&first, (5, exchanged), &free, &space, &mut rng);
            let kept = next.iter().filter(|change| first.contains(change)).count();
            let mut places: Vec<usize> = next.iter().map(|(at, _)| *at).collect();
            places.sort_unstable();
            places.dedup();
            // Chance may draw again what was taken out.
            assert!(places.len() == 5 && kept >= 5 - exchanged, "{kept} of {exchanged}");
            assert!(next.iter().all(|(_, value)| (0.0..=1.0).contains(value)));
        }
    }
}
