//! Missing numbers: what they are expected to be, given those that were observed (Little & Rubin, Statistical Analysis with
//! Missing Data, ch. 11: the expectation step for normal data).

use std::collections::HashMap;

use nalgebra::{DMatrix, DVector};

use super::em::{Classes, Completed, Factors};

impl Classes {
    /// What missing numbers are expected to be under these factors: `values` and `c` are of all rows, `known` is one row after
    /// another, `rows` are those of each class.
    pub fn complete(
        &self,
        factors: &Factors,
        values: &DMatrix<f64>,
        known: &[bool],
        c: &DMatrix<f64>,
        rows: &[Vec<usize>],
    ) -> Completed {
        let d = values.ncols();
        let mut completed = Completed { values: values.clone(), unsure: Vec::new() };
        for (class, rows) in rows.iter().enumerate() {
            let loadings = &factors.loadings[class];
            let covariance = loadings * loadings.transpose() + DMatrix::from_diagonal(&factors.variances);
            let mut unsure = DMatrix::zeros(d, d);
            // Rows that lack the same columns share all that is costly.
            let mut alike: HashMap<&[bool], Vec<usize>> = HashMap::new();
            for &i in rows.iter().filter(|i| known[*i * d..(*i + 1) * d].contains(&false)) {
                alike.entry(&known[i * d..(i + 1) * d]).or_default().push(i);
            }
            for (pattern, rows) in alike {
                let Conditional { seen, missing, gain, rest } = Conditional::new(&covariance, pattern);
                for &i in &rows {
                    let slope = (c.row(i) * &self.slopes[class]).transpose();
                    let mean = &self.means[class] + slope;
                    let off = DVector::from_fn(seen.len(), |k, _| values[(i, seen[k])] - mean[seen[k]]);
                    let expected = &gain * off;
                    missing.iter().enumerate().for_each(|(k, &j)| {
                        completed.values[(i, j)] = mean[j] + expected[k];
                    });
                }
                for (a, &i) in missing.iter().enumerate() {
                    for (b, &j) in missing.iter().enumerate() {
                        unsure[(i, j)] += rows.len() as f64 * rest[(a, b)];
                    }
                }
            }
            completed.unsure.push(unsure);
        }
        completed
    }
}

/// Missing columns given the others, all of them normal.
struct Conditional {
    seen: Vec<usize>,
    missing: Vec<usize>,
    /// What a deviation of the others says of the missing ones, `[missing, seen]`.
    gain: DMatrix<f64>,
    /// The covariance that is left, `[missing, missing]`.
    rest: DMatrix<f64>,
}

impl Conditional {
    fn new(covariance: &DMatrix<f64>, known: &[bool]) -> Self {
        let (seen, missing): (Vec<usize>, Vec<usize>) = (0..known.len()).partition(|j| known[*j]);
        let block = |rows: &[usize], columns: &[usize]| covariance.select_rows(rows).select_columns(columns);
        let (own, across) = (block(&missing, &missing), block(&seen, &missing));
        // Noise of its own in every column makes it positive definite.
        let solved = block(&seen, &seen).cholesky().map(|seen| seen.solve(&across));
        let Some(solved) = solved.filter(|_| !seen.is_empty()) else {
            let gain = DMatrix::zeros(missing.len(), seen.len());
            return Self { seen, missing, gain, rest: own };
        };
        let rest = own - across.tr_mul(&solved);
        Self { seen, missing, gain: solved.transpose(), rest }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::noise::normals;

    /// What is lost where it depends on what was observed biases means and covariances of the rows that are left, and of
    /// rows with means filled in, but not what expectation–maximisation finds.
    #[test]
    fn values_that_are_missing_because_of_others_do_not_mislead() {
        let n = 20_000;
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut draw = || normals(n, &mut rng).map(f64::from).collect::<Vec<_>>();
        let (z, noise): (Vec<f64>, Vec<Vec<f64>>) = (draw(), vec![draw(), draw(), draw()]);
        let (loading, sd) = ([1.5, -1.0, 0.8], 0.5);
        let x = DMatrix::from_fn(n, 3, |i, j| loading[j] * z[i] + sd * noise[j][i]);
        // The second column is missing wherever the first is high.
        let known: Vec<bool> = (0..n).flat_map(|i| [true, x[(i, 0)] < 0.5, i % 5 > 0]).collect();
        let rows = [(0..n).collect::<Vec<_>>()];
        let c = DMatrix::zeros(n, 0);
        let mut completed = Completed::by_means(&x, &known, &rows);
        let biased = completed.values.column(1).mean();
        assert!(biased > 0.3, "{biased}");
        let mut found = None;
        for _ in 0..30 {
            let classes = Classes::fit(&completed, &c, &rows);
            let factors = classes.factors(1, 60, 0.01);
            completed = classes.complete(&factors, &completed.values, &known, &c, &rows);
            found = Some((classes, factors));
        }
        let (classes, factors) = found.unwrap();
        assert!(classes.means[0].iter().all(|mean| mean.abs() < 0.05), "{:?}", classes.means);
        let sign = factors.loadings[0][(0, 0)].signum();
        for (j, loading) in loading.into_iter().enumerate() {
            let found = sign * factors.loadings[0][(j, 0)];
            assert!((found - loading).abs() < 0.06, "{j}: {found}");
            assert!((factors.variances[j].sqrt() - sd).abs() < 0.06, "{:?}", factors.variances);
        }
    }
}
