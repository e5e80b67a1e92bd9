//! Ascent with an adaptive step size (APGD: Croce & Hein, ICML 2020, Algorithm 1).

use std::ops::Range;

use cama::Result;

use super::ascent::{Batch, Found};

/// The share of each move that is new; the rest is momentum.
const MOMENTUM: f32 = 0.75;

/// The share of steps that must have raised the loss for the step size to stay.
const RISES: f64 = 0.75;

/// The steps after which the step size is checked: sparse at first, then closer together.
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

/// The state of the search for one example.
struct Climber {
    step: f64,
    /// Step size and highest loss at the last checkpoint.
    last: (f64, f64),
    rises: usize,
    loss: f64,
    best: f64,
}

impl Climber {
    /// Whether the step size is too large, over the last `steps` steps.
    fn is_too_fast(&self, steps: usize) -> bool {
        let stuck = self.last == (self.step, self.best);
        (self.rises as f64) < RISES * steps as f64 || stuck
    }
}

/// Points and gradients of all examples of a batch, one after another.
struct Climb {
    width: usize,
    points: Vec<f32>,
    /// The points one step before.
    previous: Vec<f32>,
    gradient: Vec<f32>,
    /// The points of the highest loss so far, with their gradient.
    best: Vec<f32>,
    best_gradient: Vec<f32>,
    climbers: Vec<Climber>,
}

impl Climb {
    fn range(&self, i: usize) -> Range<usize> {
        i * self.width..(i + 1) * self.width
    }

    /// One step of every example, with momentum but for the first.
    fn step(&mut self, batch: &mut Batch, first: bool) -> Result<()> {
        let mut next = self.points.clone();
        for (i, climber) in self.climbers.iter().enumerate() {
            let range = self.range(i);
            batch.space.ascend(
                &mut next[range.clone()],
                &self.gradient[range],
                climber.step,
                batch.attack.norm,
            );
        }
        batch.project(&mut next);
        if !first {
            for ((next, at), previous) in next.iter_mut().zip(&self.points).zip(&self.previous) {
                *next = at + MOMENTUM * (*next - at) + (1.0 - MOMENTUM) * (at - previous);
            }
            batch.project(&mut next);
        }
        self.previous = std::mem::replace(&mut self.points, next);
        let (losses, gradient) = batch.gradient(&self.points)?;
        self.gradient = gradient;
        self.keep_best(&losses);
        Ok(())
    }

    /// Counts rises, and keeps what is better than all before.
    fn keep_best(&mut self, losses: &[f64]) {
        for (i, loss) in losses.iter().enumerate() {
            let range = self.range(i);
            let climber = &mut self.climbers[i];
            climber.rises += usize::from(*loss > climber.loss);
            climber.loss = *loss;
            if *loss > climber.best {
                climber.best = *loss;
                self.best[range.clone()].copy_from_slice(&self.points[range.clone()]);
                self.best_gradient[range.clone()].copy_from_slice(&self.gradient[range]);
            }
        }
    }

    /// Halves the step size where it is too large over the last `steps` steps, and resumes from the best point.
    fn adapt_steps(&mut self, steps: usize) {
        for i in 0..self.climbers.len() {
            let range = self.range(i);
            let climber = &mut self.climbers[i];
            let too_fast = climber.is_too_fast(steps);
            climber.last = (climber.step, climber.best);
            climber.rises = 0;
            if too_fast {
                climber.step /= 2.0;
                climber.loss = climber.best;
                self.points[range.clone()].copy_from_slice(&self.best[range.clone()]);
                self.previous[range.clone()].copy_from_slice(&self.best[range.clone()]);
                self.gradient[range.clone()].copy_from_slice(&self.best_gradient[range]);
            }
        }
    }
}

impl Batch<'_> {
    /// `apgd` and `apgd-dlr`.
    pub fn climb(&mut self) -> Result<Found> {
        let steps = self.attack.steps;
        let checkpoints = checkpoints(steps);
        let points = self.start();
        let (losses, gradient) = self.gradient(&points)?;
        let flat = self.flat(&gradient);
        let step = 2.0 * self.attack.eps;
        let climber = |&loss: &f64| Climber { step, last: (f64::NAN, f64::NAN), rises: 0, loss, best: loss };
        let mut climb = Climb {
            width: self.space.width(),
            previous: points.clone(),
            best: points.clone(),
            points,
            best_gradient: gradient.clone(),
            gradient,
            climbers: losses.iter().map(climber).collect(),
        };
        let (mut half, mut checked) = (climb.best.clone(), 0);
        for step in 0..steps {
            climb.step(self, step == 0)?;
            if checkpoints.contains(&(step + 1)) {
                climb.adapt_steps(step + 1 - checked);
                checked = step + 1;
            }
            if step + 1 == steps.div_ceil(2) {
                half.clone_from(&climb.best);
            }
        }
        Ok(Found { end: climb.best, half, flat })
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
