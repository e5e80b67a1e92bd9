//! log p(x|y,c,m) where some numbers of a row are outliers: found for each class, worst first, z integrated out all along.

use burn::tensor::{Tensor, TensorData};
use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::{Analysis, Apart, Factor, Under};
use crate::batch::host;
use crate::model::Observed;

impl Factor {
    /// max over sets of outliers of log p(x, outliers|y,c,m), `[batch, classes]`, in nats, where each number is an outlier with
    /// probability `share`, and then from a standard Cauchy distribution, as [`LikelihoodParams::with_outliers`] has it. Columns
    /// of two or more values are no outliers.
    ///
    /// The set is found one number after another: the one is taken out, or put back, that raises the density most, until none does. What
    /// each raises it by follows exactly from its density given those that are in; a set that only two changes at once would better can
    /// be missed. Without `under` with do(m = 0).
    ///
    /// [`LikelihoodParams::with_outliers`]: crate::LikelihoodParams::with_outliers
    pub(crate) fn log_px_with_outliers(
        &self,
        observed: &Observed,
        under: Option<&Under>,
        share: f64,
    ) -> Tensor<2> {
        let Apart { numbers, off, noise, log_scale, known } = self.apart(observed, under);
        let ([classes, batch, width], device) = (off.dims(), off.device());
        let row_of = |all: Option<Tensor<2>>| -> Option<(Vec<f32>, bool)> {
            all.map(|all| (host(all.clone()), all.dims()[0] == 1))
        };
        let [noise, log_scale, known] = [noise, log_scale, known].map(row_of);
        let (numbers, off) = (host(numbers), host(off));
        let analyses: Vec<Prepared> = self.analyses.iter().map(Prepared::new).collect();
        let at = |all: &Option<(Vec<f32>, bool)>, i: usize, j: usize, otherwise: f64| {
            all.as_ref()
                .map_or(otherwise, |(all, shared)| f64::from(all[if *shared { j } else { i * width + j }]))
        };
        let row = |i: usize| -> Vec<f32> {
            let observed: Vec<usize> = (0..width).filter(|&j| at(&known, i, j, 1.0) > 0.5).collect();
            let stretched: f64 = observed.iter().map(|&j| at(&log_scale, i, j, 0.0)).sum();
            let of_class = |class: usize| {
                let cells = |&j: &usize| Cell {
                    column: j,
                    off: f64::from(off[(class * batch + i) * width + j]),
                    noise: at(&noise, i, j, 0.0),
                    outlier: share.ln() + log_outlier(f64::from(numbers[i * width + j])),
                };
                let cells: Vec<Cell> = observed.iter().map(cells).collect();
                let each = analyses.iter().map(|analysis| analysis.log_density(class, &cells, share));
                let each: Vec<f64> = each.collect();
                let highest = each.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = each.iter().map(|log_p| (log_p - highest).exp()).sum();
                (highest + (sum / each.len() as f64).ln() - stretched) as f32
            };
            (0..classes).map(of_class).collect()
        };
        let rows: Vec<f32> = (0..batch).into_par_iter().flat_map_iter(row).collect();
        self.with_others(Tensor::from_data(TensorData::new(rows, [batch, classes]), &device), observed)
    }
}

/// The log density of outliers.
fn log_outlier(x: f64) -> f64 {
    -(1.0 + x * x).ln() - std::f64::consts::PI.ln()
}

/// log N(x; 0, 1).
fn log_standard(x: f64) -> f64 {
    -0.5 * (x * x + (2.0 * std::f64::consts::PI).ln())
}

/// A number of a row under a class.
struct Cell {
    column: usize,
    /// Less what the class expects.
    off: f64,
    /// The variance that comes on top.
    noise: f64,
    /// log of the probability that it is an outlier times its density as one.
    outlier: f64,
}

/// An analysis on the host.
struct Prepared {
    /// Of each class, `[numbers, factors]`.
    loadings: Vec<DMatrix<f64>>,
    variances: Vec<f64>,
}

impl Prepared {
    fn new(Analysis { loadings, log_variances }: &Analysis) -> Self {
        let loadings = loadings.val().detach();
        let [_, numbers, factors] = loadings.dims();
        let all: Vec<f64> = host(loadings).into_iter().map(f64::from).collect();
        let of_class = |rows: &[f64]| DMatrix::from_row_slice(numbers, factors, rows);
        Self {
            loadings: all.chunks(numbers * factors).map(of_class).collect(),
            variances: host(log_variances.val().detach())
                .into_iter()
                .map(|log| f64::from(log).exp())
                .collect(),
        }
    }

    /// log p of the cells of a row under a class, the best set of outliers taken out.
    fn log_density(&self, class: usize, cells: &[Cell], share: f64) -> f64 {
        let mut fit = Fit::new(&self.loadings[class], &self.variances, cells);
        let explained = (1.0 - share).ln();
        if share > 0.0 {
            // Each change raises the density, so that none is made for ever; rounding alone could.
            let mut changes = 4 * cells.len();
            while let Some((at, gain)) = fit.change(explained)
                && gain > 1e-9
                && changes > 0
            {
                fit.exchange(at);
                changes -= 1;
            }
        }
        fit.log_density(explained)
    }
}

/// The factors of a row, given the cells that are in: no outliers.
struct Fit<'a> {
    loadings: &'a DMatrix<f64>,
    cells: &'a [Cell],
    /// Variance of each cell that no factor explains.
    variances: Vec<f64>,
    is_in: Vec<bool>,
    /// I + Λᵀ Ψ⁻¹ Λ and Λᵀ Ψ⁻¹ e of what is in.
    precision: DMatrix<f64>,
    weighted: DVector<f64>,
}

impl<'a> Fit<'a> {
    fn new(loadings: &'a DMatrix<f64>, variances: &[f64], cells: &'a [Cell]) -> Self {
        let factors = loadings.ncols();
        let mut fit = Self {
            loadings,
            cells,
            variances: cells.iter().map(|cell| variances[cell.column] + cell.noise).collect(),
            is_in: vec![true; cells.len()],
            precision: DMatrix::identity(factors, factors),
            weighted: DVector::zeros(factors),
        };
        (0..cells.len()).for_each(|at| fit.count(at, 1.0));
        fit
    }

    /// Adds or takes away what a cell tells.
    fn count(&mut self, at: usize, sign: f64) {
        let row = self.loadings.row(self.cells[at].column).transpose();
        let weight = sign / self.variances[at];
        self.precision.ger(weight, &row, &row, 1.0);
        self.weighted.axpy(weight * self.cells[at].off, &row, 1.0);
    }

    /// Takes a cell out, or puts it back.
    fn exchange(&mut self, at: usize) {
        self.count(at, if self.is_in[at] { -1.0 } else { 1.0 });
        self.is_in[at] = !self.is_in[at];
    }

    /// The cell that gains most by being taken out or put back, and by how much log p rises then; `explained` is the log probability of
    /// being no outlier.
    fn change(&self, explained: f64) -> Option<(usize, f64)> {
        let covariance = self.precision.clone().cholesky()?.inverse();
        let z = &covariance * &self.weighted;
        let gain = |at: usize| {
            let row = self.loadings.row(self.cells[at].column).transpose();
            let variance = self.variances[at];
            let leverage = row.dot(&(&covariance * &row)) / variance;
            let off = self.cells[at].off - row.dot(&z);
            // Given the others: of what is in, its share in its own explanation is taken out.
            let (residual, variance) = match self.is_in[at] {
                true => (off / (1.0 - leverage).max(1e-12), variance / (1.0 - leverage).max(1e-12)),
                false => (off, variance * (1.0 + leverage)),
            };
            let given_others = log_standard(residual / variance.sqrt()) - 0.5 * variance.ln();
            let gain = self.cells[at].outlier - explained - given_others;
            if self.is_in[at] { gain } else { -gain }
        };
        (0..self.cells.len()).map(|at| (at, gain(at))).max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// log N of the cells that are in, with how probable it is that these are none, and that the others are outliers.
    fn log_density(&self, explained: f64) -> f64 {
        let Some(cholesky) = self.precision.clone().cholesky() else { return f64::NAN };
        let of_factors = self.weighted.dot(&cholesky.solve(&self.weighted));
        let log_det = 2.0 * cholesky.l().diagonal().iter().map(|d| d.ln()).sum::<f64>();
        let alone = |at: usize| match self.is_in[at] {
            true => {
                let variance = self.variances[at];
                explained + log_standard(self.cells[at].off / variance.sqrt()) - 0.5 * variance.ln()
            }
            false => self.cells[at].outlier,
        };
        (0..self.cells.len()).map(alone).sum::<f64>() + 0.5 * (of_factors - log_det)
    }
}
