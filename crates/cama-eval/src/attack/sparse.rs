//! `sparse`: few values, each changed as far as it may.

use cama::{Error, Result};

use super::ascent::{Batch, Found};
use super::space::Space;

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
pub(super) fn check(space: &Space) -> Result<()> {
    match space.free().all(|i| space.low[i].is_finite() && space.high[i].is_finite()) {
        true => Ok(()),
        false => Err(Error::Mismatch(
            "`sparse` sets values to the ends of their ranges; give both by --attack-range".into(),
        )),
    }
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
        assert!(check(&space).is_ok() && check(&Space { high: vec![f32::INFINITY; 4], ..space }).is_err());
    }
}
