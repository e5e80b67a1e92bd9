//! What a factor model that was adapted undoes, as nodes: everything is in closed form, the verdict on each row too.

use cama::{FactorDensity, Outliers};

use super::columns::Encoded;
use crate::nodes::{Nodes, int, ints};

/// What is undone of rows under a factor model, and what tells whether it is.
pub(super) struct FactorPlan<'a> {
    /// With the global m, and with do(m = 0).
    pub under: [FactorDensity; 2],
    /// The layers of p(y|a), and the logarithms of the classes' frequencies.
    pub prior: (Option<Vec<cama::network::Layer>>, Vec<f32>),
    /// Log odds that a row is one of the manipulated ones, before it is seen.
    pub log_odds: f64,
    /// What rows are outliers, which are left as they are.
    pub outliers: Option<&'a Outliers>,
    /// Values of X in a row.
    pub width: usize,
    pub opset: i64,
}

impl Nodes<'_> {
    /// X, `[batch, width]`, as [`cama::Cama::restore`] leaves it, and log p(x|m) − log p(x|do(m=0)), `[batch, 1]`, as an output of
    /// this name.
    pub(super) fn factor_restored(
        &mut self,
        seen: &Encoded,
        plan: &FactorPlan,
        log_bayes_factor: &str,
    ) -> String {
        let [with_m, null] = &plan.under;
        let places = with_m.places.iter().map(|place| *place as i64).collect();
        let places = self.ints(&[with_m.places.len()], places);
        let numbers = self.add("Gather", &[&seen.x, &places], vec![int("axis", 1)]);
        let undone = self.column_effect_undone(&numbers, with_m);
        let log_py = self.log_prior(seen, plan);
        let scores = self.log_px(&undone, seen, with_m);
        let log_ratio = {
            let null = self.log_px(&numbers, seen, null);
            let [with_m, null] = [&scores, &null].map(|scores| {
                let joint = self.add("Add", &[scores, &log_py], vec![]);
                self.log_sum(&joint, plan.opset)
            });
            self.add("Sub", &[&with_m, &null], vec![])
        };
        self.named("Identity", &[&log_ratio], vec![], log_bayes_factor);

        // Less how far the classes have moved by themselves, each in so far as a row is of it.
        let tempered = self.with("Mul", &scores, with_m.power);
        let tempered = self.add("Add", &[&tempered, &log_py], vec![]);
        let of_class = self.add("Softmax", &[&tempered], vec![int("axis", 1)]);
        let classes = with_m.moved.len() / with_m.shift.len();
        let moved = self.doubles(&[classes, with_m.shift.len()], &with_m.moved);
        let moved = self.add("MatMul", &[&of_class, &moved], vec![]);
        let undone = self.add("Sub", &[&undone, &moved], vec![]);
        let restored = self.in_place(&undone, &seen.x, with_m, plan.width);

        let is_restored = self.with("Add", &log_ratio, plan.log_odds);
        let mut is_restored = self.with("Greater", &is_restored, 0.0);
        if let Some(outliers) = plan.outliers {
            let inlier = self.inlier(seen, outliers, plan.opset);
            is_restored = self.add("And", &[&is_restored, &inlier], vec![]);
        }
        self.add("Where", &[&is_restored, &restored, &seen.x], vec![])
    }

    /// (u − shift) · exp(−log_scale).
    fn column_effect_undone(&mut self, numbers: &str, density: &FactorDensity) -> String {
        let n = density.shift.len();
        let shift = self.doubles(&[1, n], &density.shift);
        let factor: Vec<f64> = density.log_scale.iter().map(|s| (-s).exp()).collect();
        let factor = self.doubles(&[1, n], &factor);
        let numbers = self.add("Sub", &[numbers, &shift], vec![]);
        self.add("Mul", &[&numbers, &factor], vec![])
    }

    /// log p(x|y,c,m) of every class, `[batch, classes]`; see [`FactorDensity`].
    fn log_px(&mut self, undone: &str, seen: &Encoded, density: &FactorDensity) -> String {
        let n = density.shift.len();
        let classes = density.means.len() / n;
        let each: Vec<String> = density
            .analyses
            .iter()
            .map(|normals| {
                let whitening: Vec<&[f64]> = normals.iter().map(|normal| &normal.whitening[..]).collect();
                // Every class beside the others: `[numbers, classes · numbers]`.
                let at = |j: usize, y: usize, i: usize| whitening[y][i * n + j];
                let pairs = || (0..classes).flat_map(|y| (0..n).map(move |i| (y, i)));
                let weights: Vec<f64> = (0..n).flat_map(|j| pairs().map(move |(y, i)| at(j, y, i))).collect();
                let mean =
                    |(y, i): (usize, usize)| (0..n).map(|j| at(j, y, i) * density.means[y * n + j]).sum();
                let means: Vec<f64> = pairs().map(mean).collect();
                let weights = self.doubles(&[n, classes * n], &weights);
                let means = self.doubles(&[1, classes * n], &means);
                let off = self.add("MatMul", &[undone, &weights], vec![]);
                let mut off = self.add("Sub", &[&off, &means], vec![]);
                if let (Some(slopes), Some(c)) = (&density.slopes, &seen.c) {
                    let co = slopes.len() / (classes * n);
                    let slope = |k: usize, (y, i): (usize, usize)| -> f64 {
                        (0..n).map(|j| at(j, y, i) * slopes[(y * co + k) * n + j]).sum()
                    };
                    let slopes: Vec<f64> =
                        (0..co).flat_map(|k| pairs().map(move |pair| slope(k, pair))).collect();
                    let slopes = self.doubles(&[co, classes * n], &slopes);
                    let expected = self.add("MatMul", &[c, &slopes], vec![]);
                    off = self.add("Sub", &[&off, &expected], vec![]);
                }
                let off = self.reshaped(&off, &[-1, classes as i64, n as i64]);
                let square = self.add("Mul", &[&off, &off], vec![]);
                let axes = self.ints(&[1], vec![2]);
                let square = self.add("ReduceSum", &[&square, &axes], vec![int("keepdims", 0)]);
                let half = self.with("Mul", &square, -0.5);
                let norms: Vec<f64> = normals.iter().map(|normal| normal.log_norm).collect();
                let norms = self.doubles(&[1, classes], &norms);
                self.add("Add", &[&half, &norms], vec![])
            })
            .collect();
        let mixed = self.log_mean(&each);
        let stretched: f64 = density.log_scale.iter().sum();
        let mixed = self.with("Sub", &mixed, stretched);
        let Some((weights, bias)) = &density.others else { return mixed };
        let weights = self.doubles(&[weights.len() / classes, classes], weights);
        let bias = self.doubles(&[1, classes], bias);
        let others = self.add("MatMul", &[&seen.x, &weights], vec![]);
        let others = self.add("Add", &[&others, &bias], vec![]);
        self.add("Add", &[&mixed, &others], vec![])
    }

    /// log p(y|a), `[batch or 1, classes]`.
    fn log_prior(&mut self, seen: &Encoded, plan: &FactorPlan) -> String {
        let (layers, frequencies) = &plan.prior;
        let frequencies = self.floats(&[1, frequencies.len()], frequencies.clone());
        match (layers, &seen.a) {
            (Some(layers), Some(a)) => {
                let logits = self.network(a, layers);
                let logits = self.add("Add", &[&logits, &frequencies], vec![]);
                self.add("LogSoftmax", &[&logits], vec![int("axis", 1)])
            }
            _ => frequencies,
        }
    }

    /// The logarithm of the mean of the exponentials, element by element.
    fn log_mean(&mut self, all: &[String]) -> String {
        let [first, second, ..] = all else { return all[0].clone() };
        let mut highest = self.add("Max", &[first, second], vec![]);
        for other in &all[2..] {
            highest = self.add("Max", &[&highest, other], vec![]);
        }
        let shares: Vec<String> = all
            .iter()
            .map(|one| {
                let below = self.add("Sub", &[one, &highest], vec![]);
                self.add("Exp", &[&below], vec![])
            })
            .collect();
        let sum = shares.into_iter().reduce(|a, b| self.add("Add", &[&a, &b], vec![])).unwrap_or_default();
        let mean = self.with("Mul", &sum, 1.0 / all.len() as f64);
        let log = self.add("Log", &[&mean], vec![]);
        self.add("Add", &[&log, &highest], vec![])
    }

    /// log Σ exp over the classes, `[batch, 1]`.
    fn log_sum(&mut self, scores: &str, opset: i64) -> String {
        let highest = self.highest(scores, opset);
        let below = self.add("Sub", &[scores, &highest], vec![]);
        let shares = self.add("Exp", &[&below], vec![]);
        let sum = self.sum(&shares);
        let log = self.add("Log", &[&sum], vec![]);
        self.add("Add", &[&log, &highest], vec![])
    }

    /// The largest of each row, `[batch, 1]`; where the axes stand changed with version 18.
    fn highest(&mut self, rows: &str, opset: i64) -> String {
        if opset < 18 {
            return self.add("ReduceMax", &[rows], vec![ints("axes", vec![1]), int("keepdims", 1)]);
        }
        let axes = self.ints(&[1], vec![1]);
        self.add("ReduceMax", &[rows, &axes], vec![int("keepdims", 1)])
    }

    /// The sum of each row, `[batch, 1]`.
    fn sum(&mut self, rows: &str) -> String {
        let axes = self.ints(&[1], vec![1]);
        self.add("ReduceSum", &[rows, &axes], vec![int("keepdims", 1)])
    }

    /// `x` with these numbers in their places.
    fn in_place(&mut self, numbers: &str, x: &str, density: &FactorDensity, width: usize) -> String {
        let n = density.places.len();
        if n == width {
            return numbers.to_string();
        }
        let mut from: Vec<i64> = (0..width).map(|place| (n + place) as i64).collect();
        for (i, place) in density.places.iter().enumerate() {
            from[*place] = i as i64;
        }
        let all = self.joined(&[numbers.to_string(), x.to_string()]);
        let from = self.ints(&[width], from);
        self.add("Gather", &[&all, &from], vec![int("axis", 1)])
    }

    /// Whether each row is no outlier, `[batch, 1]`.
    fn inlier(&mut self, seen: &Encoded, outliers: &Outliers, opset: i64) -> String {
        let (centre, spread, [farthest, overall]) = outliers.bounds();
        let n = centre.len();
        let tells = spread.iter().filter(|spread| **spread > 0.0).count();
        let inverse = spread.iter().map(|spread| if *spread > 0.0 { 1.0 / spread } else { 0.0 }).collect();
        let all = seen.all(self, &seen.x);
        let [centre, inverse] = [centre.to_vec(), inverse].map(|values| self.floats(&[1, n], values));
        let distance = self.add("Sub", &[&all, &centre], vec![]);
        let distance = self.add("Abs", &[&distance], vec![]);
        let distance = self.add("Mul", &[&distance, &inverse], vec![]);
        let highest = self.highest(&distance, opset);
        let near = self.with("LessOrEqual", &highest, farthest);
        let square = self.add("Mul", &[&distance, &distance], vec![]);
        let square = self.sum(&square);
        let square = self.with("Mul", &square, 1.0 / tells.max(1) as f64);
        let near_overall = self.with("LessOrEqual", &square, overall * overall);
        self.add("And", &[&near, &near_overall], vec![])
    }

    /// A constant of numbers that were computed in double precision.
    fn doubles(&mut self, dims: &[usize], values: &[f64]) -> String {
        self.floats(dims, values.iter().map(|value| *value as f32).collect())
    }
}
