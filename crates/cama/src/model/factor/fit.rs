//! Fitting a factor model to clean, labelled rows.

use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData};
use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::em::{Classes, Completed, Factors};
use super::{Analysis, Factor, FactorConfig, Others, places};
use crate::data::{ChildKind, Dataset, TableShape, shuffled};
use crate::log_sum::logsumexp;
use crate::{Checked, Error, Result, batch};

/// Folds of the rows, and how many of them are held out in turn to choose the numbers of factors.
const FOLDS: usize = 5;
const HELD_OUT: usize = 3;

/// Rounds in which missing numbers are expected and the rest fitted.
const COMPLETIONS: usize = 5;

impl Factor {
    /// Fits it to clean, labelled rows, and says which numbers of factors it has, best first.
    ///
    /// # Errors
    ///
    /// If there are no labels, no numbers, or a class has no row.
    pub fn fit<D: Dataset>(
        clean: &D,
        classes: usize,
        config: &Checked<FactorConfig>,
        seed: u64,
        device: &Device,
    ) -> Result<(Self, Vec<usize>)> {
        let shape = clean.data_shape();
        let numeric = |table: &&TableShape| !table.numeric().is_empty();
        let (Some(labels), Some(table)) = (clean.labels(), shape.table().filter(numeric)) else {
            let what = format!("{} has no labels, or no numbers for a factor model to explain", clean.name());
            return Err(Error::Mismatch(what));
        };
        let rows = Rows::new(clean, labels, table, classes);
        if let Some(class) = rows.of_class.iter().position(Vec::is_empty) {
            let what =
                format!("{} has no row of class {class} for a factor model to learn from", clean.name());
            return Err(Error::Mismatch(what));
        }
        let factors = rows.numbers_of_factors(clean, config, seed, device);
        Ok((rows.fit(&rows.of_class, &factors, config, device), factors))
    }
}

/// Rows on the host, in double precision.
struct Rows<'a> {
    table: &'a TableShape,
    /// All of X, and its numbers, `[rows, ..]`.
    x: DMatrix<f64>,
    numbers: DMatrix<f64>,
    c: DMatrix<f64>,
    of_class: Vec<Vec<usize>>,
    /// Whether each value of X was observed, and each number, one row after another; nothing where all were.
    known: Option<[Vec<bool>; 2]>,
}

impl<'a> Rows<'a> {
    fn new<D: Dataset>(data: &D, labels: &[usize], table: &'a TableShape, classes: usize) -> Self {
        let n = data.len();
        let matrix = |width: usize, of: &dyn Fn(usize, usize) -> f32| {
            DMatrix::from_fn(n, width, |i, j| f64::from(of(i, j)))
        };
        let numeric: Vec<usize> = table.numeric().into_iter().map(|(_, place)| place).collect();
        let mut of_class = vec![Vec::new(); classes];
        labels.iter().enumerate().for_each(|(i, class)| of_class[*class].push(i));
        let missing = (0..n).any(|i| data.x_known(i).is_some_and(|known| known.contains(&false)));
        let known = missing.then(|| {
            let all = vec![true; table.width()];
            let of = |i: usize| data.x_known(i).unwrap_or(&all);
            let numbers = (0..n).flat_map(|i| numeric.iter().map(move |j| of(i)[*j]));
            [(0..n).flat_map(of).copied().collect(), numbers.collect()]
        });
        Self {
            known,
            table,
            x: matrix(table.width(), &|i, j| data.x(i)[j]),
            numbers: matrix(numeric.len(), &|i, j| data.x(i)[numeric[j]]),
            c: matrix(table.co_parents, &|i, j| data.c(i)[j]),
            of_class,
        }
    }

    /// The numbers of factors that explain held-out rows best, best first.
    fn numbers_of_factors<D: Dataset>(
        &self,
        data: &D,
        config: &FactorConfig,
        seed: u64,
        device: &Device,
    ) -> Vec<usize> {
        // More than half as many factors as columns say nothing that variances and a few factors do not.
        let most = (self.numbers.ncols() / 2).max(1);
        let mut candidates: Vec<usize> = config.factors.iter().copied().filter(|l| *l <= most).collect();
        if candidates.is_empty() {
            candidates.push(most);
        }
        candidates.sort_unstable();
        candidates.dedup();
        if candidates.len() == 1 {
            return candidates;
        }
        // Each class is dealt to the folds in turn, so that none lacks in any but where it has a single row.
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut fold = vec![0; data.len()];
        for rows in &self.of_class {
            let order = shuffled(rows.len(), &mut rng);
            order.into_iter().enumerate().for_each(|(turn, i)| fold[rows[i]] = turn % FOLDS);
        }
        let score = |&factors: &usize| {
            (0..HELD_OUT).map(|out| self.held_out(data, &fold, out, factors, config, device)).sum::<f64>()
        };
        let mut scored: Vec<(f64, usize)> =
            candidates.par_iter().map(|factors| (score(factors), *factors)).collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        scored.into_iter().take(config.kept).map(|(_, factors)| factors).collect()
    }

    /// Σ log p(x|c) of the rows of a fold, by what the others say.
    fn held_out<D: Dataset>(
        &self,
        data: &D,
        fold: &[usize],
        out: usize,
        factors: usize,
        config: &FactorConfig,
        device: &Device,
    ) -> f64 {
        let kept = |rows: &Vec<usize>| {
            let kept: Vec<usize> = rows.iter().copied().filter(|i| fold[*i] != out).collect();
            if kept.is_empty() { rows.clone() } else { kept }
        };
        let kept: Vec<Vec<usize>> = self.of_class.iter().map(kept).collect();
        let model = self.fit(&kept, &[factors], config, device);
        let held: Vec<usize> = (0..data.len()).filter(|i| fold[*i] == out).collect();
        if held.is_empty() {
            return 0.0;
        }
        let observed = batch::observed(data, held, device);
        let scores = model.log_px(&observed, None) + log_shares(&kept, device);
        f64::from(logsumexp(scores).sum().into_scalar::<f32>())
    }

    /// Fits these rows of each class.
    fn fit(&self, rows: &[Vec<usize>], factors: &[usize], config: &FactorConfig, device: &Device) -> Factor {
        let completed = self.completed(rows, factors[0], config);
        let classes = Classes::fit(&completed, &self.c, rows);
        let d = self.numbers.ncols();
        let analysis = |&factors: &usize| {
            let found = classes.factors(factors, config.iterations, config.least_variance);
            analysis(&found, factors, d, device)
        };
        let (k, co_parents) = (rows.len(), self.c.ncols());
        let means: Vec<f32> = classes.means.iter().flat_map(|mean| single(mean.as_slice())).collect();
        let slopes = || -> Vec<f32> {
            // nalgebra stores columns, tensors rows.
            classes.slopes.iter().flat_map(|slopes| single(slopes.transpose().as_slice())).collect()
        };
        Factor {
            means: parameter(means, [k, d], device),
            moved: parameter(vec![0.0; k * d], [k, d], device),
            slopes: (co_parents > 0).then(|| parameter(slopes(), [k, co_parents, d], device)),
            analyses: factors.iter().map(analysis).collect(),
            others: (d < self.table.width()).then(|| self.others(rows, device)),
            places: places(self.table),
        }
    }

    /// The numbers, and what those that are missing are expected to be, by expectation–maximisation.
    fn completed(&self, rows: &[Vec<usize>], factors: usize, config: &FactorConfig) -> Completed {
        let Some([_, known]) = &self.known else { return Completed::whole(&self.numbers) };
        let mut completed = Completed::by_means(&self.numbers, known, rows);
        for _ in 0..COMPLETIONS {
            let classes = Classes::fit(&completed, &self.c, rows);
            let found = classes.factors(factors, config.iterations, config.least_variance);
            completed = classes.complete(&found, &completed.values, known, &self.c, rows);
        }
        completed
    }

    /// How often each value comes in each class, as if each had come once more.
    fn others(&self, rows: &[Vec<usize>], device: &Device) -> Others {
        let (width, k) = (self.table.width(), rows.len());
        let (mut weights, mut bias) = (vec![0.0f32; width * k], vec![0.0f32; width * k]);
        for (class, rows) in rows.iter().enumerate() {
            let width = self.table.width();
            let known = |i: usize, at: usize| self.known.as_ref().is_none_or(|[x, _]| x[i * width + at]);
            let observed = |at: usize| rows.iter().filter(move |i| known(**i, at));
            let count = |at: usize| observed(at).map(|&i| self.x[(i, at)]).sum::<f64>();
            for (kind, first, length) in self.table.blocks() {
                match kind {
                    ChildKind::Number => {}
                    ChildKind::Boolean => (first..first + length).for_each(|at| {
                        let p = (count(at) + 1.0) / (observed(at).count() as f64 + 2.0);
                        weights[at * k + class] = (p / (1.0 - p)).ln() as f32;
                        bias[at * k + class] = (1.0 - p).ln() as f32;
                    }),
                    ChildKind::Category(_) => (first..first + length).for_each(|at| {
                        let p = (count(at) + 1.0) / (observed(at).count() + length) as f64;
                        weights[at * k + class] = p.ln() as f32;
                    }),
                }
            }
        }
        Others { weights: parameter(weights, [width, k], device), bias: parameter(bias, [width, k], device) }
    }
}

fn analysis(found: &Factors, factors: usize, numbers: usize, device: &Device) -> Analysis {
    let loadings: Vec<f32> = found
        .loadings
        .iter()
        .flat_map(|loadings| {
            // A class of few rows has fewer factors: the others explain nothing of it.
            let padded = loadings.clone().resize_horizontally(factors, 0.0);
            single(padded.transpose().as_slice())
        })
        .collect();
    let log_variances: DVector<f64> = found.variances.map(f64::ln);
    Analysis {
        loadings: parameter(loadings, [found.loadings.len(), numbers, factors], device),
        log_variances: parameter(single(log_variances.as_slice()), [numbers], device),
    }
}

/// Logarithms of the shares of the classes, `[1, classes]`.
fn log_shares(rows: &[Vec<usize>], device: &Device) -> Tensor<2> {
    let total: usize = rows.iter().map(Vec::len).sum();
    let shares = rows.iter().map(|rows| (rows.len() as f64 / total as f64).ln() as f32);
    Tensor::from_data(TensorData::new(shares.collect::<Vec<_>>(), [1, rows.len()]), device)
}

fn parameter<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Param<Tensor<D>> {
    Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device))
}

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|value| *value as f32).collect()
}
