//! Factor analysis of each class by expectation–maximisation, in double precision (Rubin & Thayer, Psychometrika 47, 1982).

use nalgebra::{DMatrix, DVector, SymmetricEigen};

/// Numbers, with those that are missing in the place of which they are expected.
pub(super) struct Completed {
    /// `[rows, columns]`.
    pub values: DMatrix<f64>,
    /// Of each class the sum of the covariances, `[columns, columns]`, that the missing numbers of its rows have about what
    /// is expected; empty if nothing is missing, or nothing is known of it yet.
    pub unsure: Vec<DMatrix<f64>>,
}

impl Completed {
    /// Of numbers of which none is missing.
    pub fn whole(numbers: &DMatrix<f64>) -> Self {
        Self { values: numbers.clone(), unsure: Vec::new() }
    }

    /// Missing numbers as the mean of those of their class; `known` is one row after another, `rows` those of each class.
    pub fn by_means(numbers: &DMatrix<f64>, known: &[bool], rows: &[Vec<usize>]) -> Self {
        let d = numbers.ncols();
        let mut values = numbers.clone();
        for rows in rows {
            for j in 0..d {
                let observed: Vec<usize> = rows.iter().copied().filter(|i| known[i * d + j]).collect();
                let mean =
                    observed.iter().map(|i| numbers[(*i, j)]).sum::<f64>() / observed.len().max(1) as f64;
                rows.iter().filter(|i| !known[*i * d + j]).for_each(|i| values[(*i, j)] = mean);
            }
        }
        Self { values, unsure: Vec::new() }
    }
}

/// What each class's rows are: `mean + slopes·c + loadings·z + noise`, with z standard normal.
pub(super) struct Classes {
    /// `[class][column]`.
    pub means: Vec<DVector<f64>>,
    /// `[class]`, each `[co-parents, columns]`.
    pub slopes: Vec<DMatrix<f64>>,
    /// What is left of each class's rows when these are taken off: covariance, and number of rows.
    residuals: Vec<(DMatrix<f64>, usize)>,
}

/// What factors explain of the rest, and what not.
pub(super) struct Factors {
    /// `[class]`, each `[columns, factors]`; with fewer columns where a class has too few rows.
    pub loadings: Vec<DMatrix<f64>>,
    /// The variance that no factor explains, of all classes alike, `[column]`.
    pub variances: DVector<f64>,
}

/// How strongly slopes are drawn to zero: as one more row with a residual of one would do.
const RIDGE: f64 = 1.0;

impl Classes {
    /// Means and slopes of each class by least squares: `x` is `[rows, columns]`, `c` `[rows, co-parents]`, `rows` are
    /// those of each class, none of them empty.
    pub fn fit(x: &Completed, c: &DMatrix<f64>, rows: &[Vec<usize>]) -> Self {
        let (mut means, mut slopes, mut residuals) = (Vec::new(), Vec::new(), Vec::new());
        let Completed { values: x, unsure } = x;
        for (class, rows) in rows.iter().enumerate() {
            let (x, c) = (x.select_rows(rows), c.select_rows(rows));
            let (x_mean, c_mean) = (x.row_mean(), c.row_mean());
            let centred = |of: &DMatrix<f64>, mean: &nalgebra::RowDVector<f64>| {
                DMatrix::from_fn(of.nrows(), of.ncols(), |i, j| of[(i, j)] - mean[j])
            };
            let (mut x, c) = (centred(&x, &x_mean), centred(&c, &c_mean));
            let gram = c.tr_mul(&c) + DMatrix::identity(c.ncols(), c.ncols()) * RIDGE;
            let slope = gram
                .cholesky()
                .map_or_else(|| DMatrix::zeros(c.ncols(), x.ncols()), |gram| gram.solve(&c.tr_mul(&x)));
            x -= &c * &slope;
            means.push((x_mean - c_mean * &slope).transpose());
            let mut squares = x.tr_mul(&x);
            if let Some(unsure) = unsure.get(class) {
                squares += unsure;
            }
            residuals.push((squares / rows.len() as f64, rows.len()));
            slopes.push(slope);
        }
        Self { means, slopes, residuals }
    }

    /// Factor analysis of what is left, with so many factors.
    pub fn factors(&self, factors: usize, iterations: usize, least: f64) -> Factors {
        let of_class = |(covariance, n): &(DMatrix<f64>, usize)| {
            // As many factors as rows would explain everything.
            let most = if *n > 3 { n - 2 } else { 1 };
            analyse(covariance, factors.min(most), iterations, least)
        };
        let all: Vec<_> = self.residuals.iter().map(of_class).collect();
        let total: usize = self.residuals.iter().map(|(_, n)| n).sum();
        let share = |n: usize| n as f64 / total as f64;
        let variances = all.iter().zip(&self.residuals).map(|((_, v), (_, n))| v * share(*n)).sum();
        Factors { loadings: all.into_iter().map(|(loadings, _)| loadings).collect(), variances }
    }
}

/// Loadings, `[columns, factors]`, and the variances that are left, of rows with this covariance.
fn analyse(s: &DMatrix<f64>, factors: usize, iterations: usize, least: f64) -> (DMatrix<f64>, DVector<f64>) {
    let columns = s.nrows();
    let factors = factors.min(columns);
    let rest = |loadings: &DMatrix<f64>, explained: &DMatrix<f64>| {
        let of = |j: usize| s[(j, j)] - loadings.row(j).dot(&explained.row(j));
        DVector::from_fn(columns, |j, _| of(j).max(least))
    };
    // It starts from principal components.
    let eigen = SymmetricEigen::new(s.clone());
    let mut order: Vec<usize> = (0..columns).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    let median = eigen.eigenvalues[order[columns / 2]];
    let mut loadings = DMatrix::from_fn(columns, factors, |i, j| {
        let size = (eigen.eigenvalues[order[j]] - median).max(1e-6);
        eigen.eigenvectors[(i, order[j])] * size.sqrt()
    });
    let mut variances = rest(&loadings, &loadings);
    for _ in 0..iterations {
        let scaled = DMatrix::from_fn(columns, factors, |i, j| loadings[(i, j)] / variances[i]);
        let precision = DMatrix::identity(factors, factors) + loadings.tr_mul(&scaled);
        let Some(precision) = precision.cholesky() else { break };
        // E[z|x] = β x.
        let beta = precision.solve(&scaled.transpose());
        let s_beta = s * beta.transpose();
        let Some(second) = (precision.inverse() + &beta * &s_beta).cholesky() else { break };
        loadings = second.solve(&s_beta.transpose()).transpose();
        variances = rest(&loadings, &s_beta);
    }
    (loadings, variances)
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::noise::normals;

    /// Rows of `mean + slope c + loadings z + noise`, with a loading and a noise that are known.
    #[test]
    fn it_finds_what_made_the_rows() {
        let (n, d) = (20_000, 4);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut draw = |rows, columns| {
            let values: Vec<f64> = normals(rows * columns, &mut rng).map(f64::from).collect();
            DMatrix::from_vec(rows, columns, values)
        };
        let (c, z, noise) = (draw(n, 1), draw(n, 1), draw(n, d));
        let (loading, sd) = ([1.5, -1.0, 0.5, 0.0], [0.3, 0.5, 0.2, 0.4]);
        let x = DMatrix::from_fn(n, d, |i, j| {
            j as f64 + 0.7 * c[(i, 0)] + loading[j] * z[(i, 0)] + sd[j] * noise[(i, j)]
        });
        let classes = Classes::fit(&Completed::whole(&x), &c, &[(0..n).collect()]);
        let Factors { loadings, variances } = classes.factors(1, 200, 1e-4);
        let sign = loadings[0][(0, 0)].signum();
        for j in 0..d {
            assert!((classes.means[0][j] - j as f64).abs() < 0.05);
            assert!((classes.slopes[0][(0, j)] - 0.7).abs() < 0.05);
            assert!((sign * loadings[0][(j, 0)] - loading[j]).abs() < 0.05, "{loadings:?}");
            assert!((variances[j].sqrt() - sd[j]).abs() < 0.03, "{variances:?}");
        }
    }

    #[test]
    fn a_class_of_a_few_rows_is_fitted_too() {
        let x = DMatrix::from_fn(5, 3, |i, j| (i * j) as f64 - 1.0);
        let classes =
            Classes::fit(&Completed::whole(&x), &DMatrix::zeros(5, 0), &[vec![0, 1, 2, 3], vec![4]]);
        let Factors { loadings, variances } = classes.factors(2, 20, 0.01);
        let finite = loadings.iter().all(|l| l.iter().all(|v| v.is_finite()));
        assert!(finite && variances.iter().all(|v| *v >= 0.01), "{loadings:?} {variances:?}");
    }
}
