//! Ascent with steps that halve themselves (Croce & Hein, ICML 2020, Algorithm 1).

use cama::Result;

use super::ascent::{Batch, Found};

/// How much of each move is new; the rest is the last move once more.
const MOMENTUM: f32 = 0.75;

/// The share of steps that must have led upwards for the step to stay as it is.
const RISES: f64 = 0.75;

/// The steps after which the length of a step is looked at: sparse at first, then closer together.
fn checkpoints(steps: usize) -> Vec<usize> {
    let (mut before, mut at) = (0.0, 0.22f64);
    let mut all = Vec::new();
    while at < 1.0 {
        // 0.41 comes to a little more than that.
        all.push((at * steps as f64 - 1e-6).ceil() as usize);
        (before, at) = (at, at + (at - before - 0.03).max(0.06));
    }
    all.dedup();
    all
}

/// What is known of one example.
struct Climber {
    step: f64,
    /// Length of a step, and the highest loss, at the last checkpoint.
    last: (f64, f64),
    rises: usize,
    loss: f64,
    best: f64,
}

impl Climber {
    /// Whether the step is too long, judged over `steps` steps.
    fn is_too_fast(&self, steps: usize) -> bool {
        let stuck = self.last == (self.step, self.best);
        (self.rises as f64) < RISES * steps as f64 || stuck
    }
}

impl Batch<'_> {
    /// `apgd` and `apgd-dlr`.
    pub fn climb(&mut self) -> Result<Found> {
        let (width, steps, norm) = (self.space.width(), self.attack.steps, self.attack.norm);
        let checkpoints = checkpoints(steps);
        let mut points = self.start();
        let mut before = points.clone();
        let (losses, mut gradient) = self.gradient(&points)?;
        let (mut best, mut best_gradient, mut half) = (points.clone(), gradient.clone(), points.clone());
        let first = 2.0 * self.attack.eps;
        let climber =
            |&loss: &f64| Climber { step: first, last: (f64::NAN, f64::NAN), rises: 0, loss, best: loss };
        let mut climbers: Vec<Climber> = losses.iter().map(climber).collect();
        let mut looked = 0;
        for step in 0..steps {
            let mut next = points.clone();
            for (i, climber) in climbers.iter().enumerate() {
                let range = i * width..(i + 1) * width;
                self.space.ascend(&mut next[range.clone()], &gradient[range], climber.step, norm);
            }
            self.project(&mut next);
            if step > 0 {
                for ((next, at), before) in next.iter_mut().zip(&points).zip(&before) {
                    *next = at + MOMENTUM * (*next - at) + (1.0 - MOMENTUM) * (at - before);
                }
                self.project(&mut next);
            }
            before = std::mem::replace(&mut points, next);
            let (losses, found) = self.gradient(&points)?;
            gradient = found;
            for (i, (climber, loss)) in climbers.iter_mut().zip(losses).enumerate() {
                climber.rises += usize::from(loss > climber.loss);
                climber.loss = loss;
                if loss > climber.best {
                    climber.best = loss;
                    let range = i * width..(i + 1) * width;
                    best[range.clone()].copy_from_slice(&points[range.clone()]);
                    best_gradient[range.clone()].copy_from_slice(&gradient[range]);
                }
            }
            if checkpoints.contains(&(step + 1)) {
                for (i, climber) in climbers.iter_mut().enumerate() {
                    let too_fast = climber.is_too_fast(step + 1 - looked);
                    climber.last = (climber.step, climber.best);
                    climber.rises = 0;
                    if too_fast {
                        // From the best point on, in smaller steps.
                        climber.step /= 2.0;
                        climber.loss = climber.best;
                        let range = i * width..(i + 1) * width;
                        points[range.clone()].copy_from_slice(&best[range.clone()]);
                        before[range.clone()].copy_from_slice(&best[range.clone()]);
                        gradient[range.clone()].copy_from_slice(&best_gradient[range]);
                    }
                }
                looked = step + 1;
            }
            if step + 1 == steps.div_ceil(2) {
                half.clone_from(&best);
            }
        }
        Ok(Found { end: best, half })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_are_those_of_the_paper() {
        assert_eq!(checkpoints(100), [22, 41, 57, 70, 80, 87, 93, 99]);
        assert!(checkpoints(1).iter().all(|at| *at == 1));
    }

    #[test]
    fn steps_halve_where_they_rise_too_seldom_or_stand_still() {
        let climber = |rises, last| Climber { step: 1.0, last, rises, loss: 0.0, best: 2.0 };
        assert!(climber(7, (1.0, 1.0)).is_too_fast(10));
        assert!(!climber(8, (1.0, 1.0)).is_too_fast(10));
        assert!(climber(8, (1.0, 2.0)).is_too_fast(10));
        assert!(!climber(8, (2.0, 2.0)).is_too_fast(10));
    }
}
