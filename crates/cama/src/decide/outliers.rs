//! Rows of a table that lie farther from the others than clean rows do from each other.
//!
//! How far a row lies is told in each column's own centre and spread: the median and the median absolute deviation of the data
//! at hand, which half of the rows can be wrong without moving far (Rousseeuw & Croux, JASA 88, 1993). So the distance does not
//! change with what `per-column` expresses, shifts and scales, and rows of drifted data can be compared with clean ones. From
//! what distance on a row is an outlier the clean rows say, by the tail of their own distances.

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::data::Dataset;

/// Fewer clean rows tell nothing of a tail.
const LEAST_CLEAN: usize = 50;

/// The share of the clean rows that are the tail.
const TAIL: f64 = 0.1;

/// How many rows of data without outliers are taken for some, in expectation.
const MISTAKEN: f64 = 0.01;

/// What the rows of a data set that are no outliers are like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outliers {
    /// The median of each value: of X, A and C, in this order.
    centre: Vec<f32>,
    /// The median absolute deviation of each value; 0 where it tells nothing.
    spread: Vec<f32>,
    /// The greatest distances of a row that is no outlier.
    bounds: Distances,
}

/// How far a row is from the centre, in spreads.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Distances {
    /// Of the value that is the farthest.
    farthest: f64,
    /// The root of the mean square over all values.
    overall: f64,
}

impl Outliers {
    /// What rows of `data` are outliers by what `clean` rows are like; nothing where none is, or where there are too few clean
    /// rows to tell.
    pub fn find<D: Dataset>(data: &D, clean: &D) -> Option<Self> {
        if clean.len() < LEAST_CLEAN || data.is_empty() {
            return None;
        }
        let (of_clean, of_data) = (Columns::of(clean), Columns::of(data));
        let width = of_clean.0.len();
        if of_data.0.len() != width {
            return None;
        }
        // A value that hardly varies in either tells nothing of the other.
        let tells = |i: usize| of_clean.0[i].1 > 0.0 && of_data.0[i].1 > 0.0;
        let told = |columns: &Columns| -> (Vec<f32>, Vec<f32>) {
            (0..width).map(|i| (columns.0[i].0, if tells(i) { columns.0[i].1 } else { 0.0 })).unzip()
        };
        let unbounded = Distances { farthest: f64::INFINITY, overall: f64::INFINITY };
        let (centre, spread) = told(&of_clean);
        let clean_rows = Self { centre, spread, bounds: unbounded };
        let distances: Vec<Distances> = (0..clean.len()).map(|i| clean_rows.distances(clean, i)).collect();
        // Each of the two distances may mistake half of the rows that may be.
        let share = MISTAKEN / 2.0 / data.len() as f64;
        let bound = |of: fn(&Distances) -> f64| beyond(distances.iter().map(of).collect(), share);
        let bounds = Distances { farthest: bound(|d| d.farthest), overall: bound(|d| d.overall) };
        let (centre, spread) = told(&of_data);
        let found = Self { centre, spread, bounds };
        (0..data.len()).any(|i| found.is_outlier(data, i)).then_some(found)
    }

    /// Whether row `i` is an outlier.
    pub fn is_outlier<D: Dataset>(&self, data: &D, i: usize) -> bool {
        let Distances { farthest, overall } = self.distances(data, i);
        farthest > self.bounds.farthest || overall > self.bounds.overall
    }

    /// The centre and the spread of each value of X, A and C, 0 where it tells nothing, and the greatest distances, in spreads, of
    /// a row that is no outlier: of its farthest value, and the root of the mean square of all that tell.
    pub fn bounds(&self) -> (&[f32], &[f32], [f64; 2]) {
        (&self.centre, &self.spread, [self.bounds.farthest, self.bounds.overall])
    }

    /// The rows that are none.
    pub fn others<D: Dataset>(&self, data: &D) -> D {
        data.select(&(0..data.len()).filter(|&i| !self.is_outlier(data, i)).collect::<Vec<_>>())
    }

    fn distances<D: Dataset>(&self, data: &D, i: usize) -> Distances {
        let (mut farthest, mut sum, mut n) = (0.0f64, 0.0f64, 0usize);
        for ((value, centre), spread) in values(data, i).zip(&self.centre).zip(&self.spread) {
            if let (Some(value), true) = (value, *spread > 0.0) {
                let distance = f64::from(value - centre).abs() / f64::from(*spread);
                (farthest, sum, n) = (farthest.max(distance), sum + distance * distance, n + 1);
            }
        }
        Distances { farthest, overall: (sum / n.max(1) as f64).sqrt() }
    }

    /// Errors unless they are such as are found in rows of so many values: from a file they may be anything.
    ///
    /// # Errors
    ///
    /// [`Error::Config`](crate::Error::Config).
    pub(crate) fn check(&self, width: usize) -> Result<()> {
        let Self { centre, spread, bounds: Distances { farthest, overall } } = self;
        let finite = centre.iter().chain(spread).all(|value| value.is_finite())
            && farthest.is_finite()
            && overall.is_finite();
        match finite && centre.len() == width && spread.len() == width {
            true => Ok(()),
            false => Err(crate::Error::config(
                "outliers",
                centre.len(),
                format!("finite numbers of {width} values"),
            )),
        }
    }
}

/// The median and the median absolute deviation of each value of the rows.
struct Columns(Vec<(f32, f32)>);

impl Columns {
    fn of<D: Dataset>(data: &D) -> Self {
        let mut columns: Vec<Vec<f32>> = Vec::new();
        for i in 0..data.len() {
            for (j, value) in values(data, i).enumerate() {
                if columns.len() == j {
                    columns.push(Vec::with_capacity(data.len()));
                }
                columns[j].extend(value);
            }
        }
        let robust = |mut column: Vec<f32>| {
            let centre = median(&mut column);
            column.iter_mut().for_each(|value| *value = (*value - centre).abs());
            (centre, median(&mut column))
        };
        Self(columns.into_iter().map(robust).collect())
    }
}

/// X, A and C of a row; nothing where a value was missing.
fn values<D: Dataset>(data: &D, i: usize) -> impl Iterator<Item = Option<f32>> {
    let known = data.x_known(i);
    let x = data.x(i).iter().enumerate().map(move |(j, x)| known.is_none_or(|known| known[j]).then_some(*x));
    x.chain(data.a(i).iter().chain(data.c(i)).copied().map(Some))
}

/// Of none, zero.
fn median(values: &mut [f32]) -> f32 {
    match values.len() {
        0 => 0.0,
        n => *values.select_nth_unstable_by(n / 2, f32::total_cmp).1,
    }
}

/// The distance that so small a share of rows exceeds which these are a sample of: their tail is taken to fall as a power of the
/// distance, which overestimates lighter ones (Hill, Ann. Stat. 3, 1975; Weissman, JASA 73, 1978).
fn beyond(mut distances: Vec<f64>, share: f64) -> f64 {
    distances.sort_by(|a, b| b.total_cmp(a));
    let n = distances.len();
    let k = ((n as f64 * TAIL) as usize).clamp(1, n - 1);
    let from = distances[k].max(f64::MIN_POSITIVE);
    let index = distances[..k].iter().map(|distance| (distance / from).ln()).sum::<f64>() / k as f64;
    let beyond = from * (k as f64 / n as f64 / share).powf(index);
    // Whatever the tail, no clean row is an outlier among its like.
    beyond.max(distances[0])
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::noise::normals;

    /// Of distances with a known tail, the quantile that lies beyond them.
    #[test]
    fn a_tail_goes_on_as_it_began() {
        // P(d > x) = 1/x² from 1 on.
        let pareto = (0..10_000).map(|i| ((f64::from(i) + 0.5) / 10_000.0).powf(-0.5)).collect();
        let found = beyond(pareto, 1e-6);
        assert!((found / 1e3 - 1.0).abs() < 0.1, "{found}");
        // Lighter tails are overestimated, not without measure: 4.9 standard deviations are the quantile. The mean of
        // ln(|x|/1.645) beyond 1.645 is .212, by integration, so 1.645 (.1/1e-6)^.212 = 18.9 is expected; of 1,000 distances that is
        // off by 8% in one standard error.
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let normal = normals(10_000, &mut rng).map(|x| f64::from(x.abs())).collect();
        let found = beyond(normal, 1e-6);
        assert!((found / 18.9 - 1.0).abs() < 0.24, "{found}");
    }
}
