//! What of an example may change, and how far.

use cama::data::{Dataset, Images};
use cama::{Error, Result};

use super::limits::Limits;
use super::spec::Norm;

/// What of an example may change: X and then C concatenated, each value with its own unit and range.
///
/// A radius eps bounds what (v' − v) / unit comes to over all values, in the maximum norm or the Euclidean one.
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    /// Values of X.
    pub x: usize,
    /// The unit of the radius for each value of X and C; 0 for one that stays as it is.
    pub unit: Vec<f32>,
    /// The lowest that each may become.
    pub low: Vec<f32>,
    /// The highest that each may become.
    pub high: Vec<f32>,
    /// Channels, rows and columns of the values that may change, for attacks that move patches of them.
    pub grid: [usize; 3],
}

/// Examples that can be attacked.
pub trait Attackable: Dataset {
    /// What of them may change: of images every pixel in [0, 1], of tables the numeric columns among X and C.
    ///
    /// # Errors
    ///
    /// If nothing may, or `limits` cannot be kept.
    fn space(&self, limits: &Limits) -> Result<Space>;

    /// The same examples with other X and C, concatenated, one example after another; all else is the same.
    ///
    /// # Errors
    ///
    /// If they are no such examples.
    fn changed(&self, name: String, points: &[f32]) -> Result<Self>;
}

impl Space {
    /// Every pixel in [0, 1] of images of `[channels, height, width]`.
    pub fn of_images(shape: [usize; 3]) -> Self {
        let width = shape.iter().product();
        Space { x: width, unit: vec![1.0; width], low: vec![0.0; width], high: vec![1.0; width], grid: shape }
    }

    /// Values of X and C.
    pub fn width(&self) -> usize {
        self.unit.len()
    }

    /// Where the values are that may change.
    pub fn free(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.width()).filter(|&i| self.unit[i] > 0.0)
    }

    /// The length of a change in units.
    pub fn length(&self, change: impl Iterator<Item = f32>, norm: Norm) -> f64 {
        let scaled = change.zip(&self.unit).filter(|(_, unit)| **unit > 0.0);
        let scaled = scaled.map(|(change, unit)| f64::from(change) / f64::from(*unit));
        match norm {
            Norm::Linf => scaled.fold(0.0, |most, v| most.max(v.abs())),
            Norm::L2 => scaled.map(|v| v * v).sum::<f64>().sqrt(),
            Norm::L0 => scaled.filter(|v| *v != 0.0).count() as f64,
        }
    }

    /// Brings `point` back to within `eps` of `origin` and into its ranges; one that `origin` itself leaves reaches to it.
    ///
    /// The result is within both: clipping to a range that holds the origin never leads away from it.
    pub fn project(&self, point: &mut [f32], origin: &[f32], eps: f64, norm: Norm) {
        let shrink = match norm {
            Norm::Linf | Norm::L0 => 1.0,
            Norm::L2 => {
                let length = self.length(point.iter().zip(origin).map(|(p, o)| p - o), norm);
                if length > eps { eps / length } else { 1.0 }
            }
        };
        for (i, (value, &from)) in point.iter_mut().zip(origin).enumerate() {
            if self.unit[i] == 0.0 {
                *value = from;
                continue;
            }
            let reach = match norm {
                Norm::Linf => (eps * f64::from(self.unit[i])) as f32,
                Norm::L2 | Norm::L0 => f32::INFINITY,
            };
            let change = ((f64::from(*value - from) * shrink) as f32).clamp(-reach, reach);
            *value = (from + change).clamp(self.low[i].min(from), self.high[i].max(from));
        }
    }

    /// Moves `point` by `step` in the direction that lengthens a change along `gradient` most.
    pub fn ascend(&self, point: &mut [f32], gradient: &[f32], step: f64, norm: Norm) {
        let scaled = |i: usize| f64::from(gradient[i]) * f64::from(self.unit[i]);
        let length = (0..point.len()).map(|i| scaled(i).powi(2)).sum::<f64>().sqrt();
        for (i, value) in point.iter_mut().enumerate() {
            let direction = match norm {
                _ if gradient[i] == 0.0 => 0.0,
                Norm::Linf | Norm::L0 => f64::from(gradient[i].signum()),
                Norm::L2 => scaled(i) / length.max(f64::MIN_POSITIVE),
            };
            *value += (step * direction * f64::from(self.unit[i])) as f32;
        }
    }
}

impl Attackable for Images {
    fn space(&self, limits: &Limits) -> Result<Space> {
        if !limits.is_empty() {
            return Err(Error::Mismatch(
                "columns are attacked in tables; of images every pixel may change within [0, 1]".into(),
            ));
        }
        Ok(Space::of_images(self.shape()))
    }

    fn changed(&self, name: String, points: &[f32]) -> Result<Self> {
        self.with_pixels(name, points.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn projections_stay_in_the_ball_and_in_the_box(
            from in prop::collection::vec(0.0f32..1.0, 6), to in prop::collection::vec(-3.0f32..3.0, 6),
            eps in 0.0f64..2.0, l2: bool,
        ) {
            let norm = if l2 { Norm::L2 } else { Norm::Linf };
            let unit = vec![1.0, 0.5, 0.0, 2.0, 1.0, 1.0];
            let space = Space { x: 6, unit, low: vec![0.0; 6], high: vec![1.0; 6], grid: [1, 1, 5] };
            let mut point = to;
            space.project(&mut point, &from, eps, norm);
            let length = space.length(point.iter().zip(&from).map(|(p, o)| p - o), norm);
            prop_assert!(length <= eps + 1e-6, "{length} {eps}");
            prop_assert!(point.iter().all(|v| (0.0..=1.0).contains(v)));
            prop_assert_eq!(point[2], from[2]);
            if eps == 0.0 {
                prop_assert_eq!(point, from);
            }
        }
    }

    #[test]
    fn what_is_out_of_its_range_reaches_from_where_it_is() {
        let space = Space { x: 1, unit: vec![1.0], low: vec![0.0], high: vec![1.0], grid: [1, 1, 1] };
        let projected = |value: f32| {
            let mut point = [value];
            space.project(&mut point, &[2.0], 5.0, Norm::Linf);
            point[0]
        };
        assert_eq!([projected(3.0), projected(1.5), projected(-1.0)], [2.0, 1.5, 0.0]);
    }
}
