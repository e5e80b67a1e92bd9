//! The density of a factor model in numbers, for those who compute it elsewhere.

use burn::tensor::Tensor;

use super::{Analysis, Factor, Others, Under};
use crate::mechanism::ColumnEffect;

/// p(x|y,c,m) of a row for one m: with u the numbers of X, u' = (u − shift) · exp(−log_scale) and
/// d_y = u' − means_y − slopes_y·c,
///
/// log p(x|y,c,m) = log mean over analyses of exp(log_norm_y − ½ |whitening_y d_y|²) − Σ log_scale + others_y.
#[derive(Clone, Debug, PartialEq)]
pub struct FactorDensity {
    /// What was added to each number, `[numbers]`.
    pub shift: Vec<f64>,
    /// Logarithms of what each was stretched by, `[numbers]`.
    pub log_scale: Vec<f64>,
    /// How far the classes have moved by themselves, `[classes, numbers]`: part of the means.
    pub moved: Vec<f64>,
    /// `[classes, numbers]`.
    pub means: Vec<f64>,
    /// `[classes, co-parents, numbers]`, where there are co-parents.
    pub slopes: Option<Vec<f64>>,
    /// For each number of factors, a normal distribution for each class.
    pub analyses: Vec<Vec<Normal>>,
    /// Of columns of two or more values: log p is `x · weights + bias`, `[width, classes]` and `[classes]`.
    pub others: Option<(Vec<f64>, Vec<f64>)>,
    /// Where the numbers stand in a row of X.
    pub places: Vec<usize>,
    /// The power of likelihoods at which classes are told from each other, to tell how far a row has moved with its class.
    pub power: f64,
}

/// A normal distribution about zero with covariance Σ.
#[derive(Clone, Debug, PartialEq)]
pub struct Normal {
    /// L⁻¹ of Σ = L Lᵀ, `[numbers, numbers]`, row by row.
    pub whitening: Vec<f64>,
    /// log N(0; 0, Σ), in nats.
    pub log_norm: f64,
}

impl Factor {
    /// Its density `under` what was done to a data set, or with do(m = 0).
    pub(crate) fn density(&self, under: Option<&Under>) -> FactorDensity {
        let numbers = self.numbers();
        let means = host(self.means());
        let (shift, log_scale, noise, moved) = match under {
            Some(Under { effect: ColumnEffect { shift, log_scale, noise }, moved }) => {
                (host(shift.clone()), host(log_scale.clone()), host(noise.clone()), host(moved.clone()))
            }
            None => (vec![0.0; numbers], vec![0.0; numbers], vec![0.0; numbers], vec![0.0; means.len()]),
        };
        // Where everything is as if clean, with the noise shrunk as much as the column is.
        let noise: Vec<f64> =
            noise.iter().zip(&log_scale).map(|(noise, s)| noise * (-2.0 * s).exp()).collect();
        let others = self.others.as_ref().map(|Others { weights, bias }| {
            let classes = weights.dims()[1];
            let bias = host(bias.val().detach());
            let summed = (0..classes).map(|y| bias.iter().skip(y).step_by(classes).sum()).collect();
            (host(weights.val().detach()), summed)
        });
        FactorDensity {
            means: means.iter().zip(&moved).map(|(mean, moved)| mean + moved).collect(),
            slopes: self.slopes.as_ref().map(|slopes| host(slopes.val().detach())),
            analyses: self.analyses.iter().map(|analysis| analysis.normals(&noise)).collect(),
            places: self.places.clone().unwrap_or_else(|| (0..numbers).collect()),
            power: self.power(),
            shift,
            log_scale,
            moved,
            others,
        }
    }
}

impl Analysis {
    /// N(0, loadings loadingsᵀ + Ψ + noise) of each class.
    fn normals(&self, noise: &[f64]) -> Vec<Normal> {
        let [_, numbers, factors] = self.loadings.dims();
        let loadings = host(self.loadings.val().detach());
        let variances: Vec<f64> = host(self.log_variances.val().detach()).iter().map(|v| v.exp()).collect();
        let of_class = |loadings: &[f64]| {
            let entry = |i: usize, j: usize| {
                let [a, b] = [i, j].map(|row| &loadings[row * factors..][..factors]);
                let shared: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                shared + if i == j { variances[i] + noise[i] } else { 0.0 }
            };
            Normal::about_zero(numbers, entry)
        };
        match factors {
            0 => vec![of_class(&[]); self.loadings.dims()[0]],
            _ => loadings.chunks(numbers * factors).map(of_class).collect(),
        }
    }
}

impl Normal {
    /// N(0, Σ) with this positive definite Σ.
    fn about_zero(n: usize, covariance: impl Fn(usize, usize) -> f64) -> Self {
        // Σ = L Lᵀ (Cholesky).
        let mut l = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let before: f64 = (0..j).map(|k| l[i * n + k] * l[j * n + k]).sum();
                let rest = covariance(i, j) - before;
                l[i * n + j] = if i == j { rest.max(f64::MIN_POSITIVE).sqrt() } else { rest / l[j * n + j] };
            }
        }
        // L⁻¹, column by column, by substitution.
        let mut whitening = vec![0.0; n * n];
        for j in 0..n {
            for i in j..n {
                let before: f64 = (j..i).map(|k| l[i * n + k] * whitening[k * n + j]).sum();
                whitening[i * n + j] = (f64::from(u8::from(i == j)) - before) / l[i * n + i];
            }
        }
        let log_det = 2.0 * (0..n).map(|i| l[i * n + i].ln()).sum::<f64>();
        let log_2pi = (2.0 * std::f64::consts::PI).ln();
        Self { whitening, log_norm: -0.5 * (log_det + n as f64 * log_2pi) }
    }
}

fn host<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    x.into_data().iter::<f64>().collect()
}
