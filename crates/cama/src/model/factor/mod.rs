//! A generator without networks: in each class, X is a linear function of C and of a few normal factors Z, and noise.
//!
//! It is what the networks would be if each had one linear layer, and then everything about Z is known in closed form: q1
//! is the exact posterior, and the integral over Z is a normal density. So nothing is sampled, few rows are enough, and
//! each bound of the objectives is log p(x|y,c,m) itself.

mod complete;
mod config;
mod density;
mod eliminate;
mod em;
mod fit;
mod outliers;
#[cfg(test)]
mod tests;

pub use config::FactorConfig;
pub use density::{FactorDensity, Normal};

use burn::module::{Module, Param};
use burn::tensor::{Device, Int, Tensor, TensorData, activation};

use self::eliminate::quadratic_and_log_det;
use crate::data::TableShape;
use crate::log_sum::log_sum_exp;
use crate::mechanism::{ColumnEffect, spread};
use crate::model::Observed;
use crate::network::unread;

/// p(x|y,c,m) of the columns of a table.
///
/// Numbers are `mean_y + slopes_y·c + loadings_y·z + noise` with z standard normal and a noise whose variances the
/// classes share: N(mean_y + slopes_y·c, loadings_y loadings_yᵀ + Ψ). A few numbers of factors are mixed in equal shares.
/// Columns of two or more values depend on the class alone. None of it is trained by gradient.
#[derive(Module, Debug)]
pub struct Factor {
    /// `[classes, numbers]`.
    means: Param<Tensor<2>>,
    /// How far the data set at hand has moved the means, `[classes, numbers]`: m that depends on Y. Zero, and not used,
    /// with do(m = 0).
    moved: Param<Tensor<2>>,
    /// `[classes, co-parents, numbers]`.
    slopes: Option<Param<Tensor<3>>>,
    analyses: Vec<Analysis>,
    others: Option<Others>,
    /// Where the numbers stand in a row of X; nothing if X is numbers alone.
    #[module(skip)]
    places: Option<Vec<usize>>,
}

/// What one number of factors explains.
#[derive(Module, Debug)]
struct Analysis {
    /// `[classes, numbers, factors]`.
    loadings: Param<Tensor<3>>,
    /// Logarithms of the variances that no factor explains, `[numbers]`.
    log_variances: Param<Tensor<1>>,
}

/// Columns of two or more values: log p is linear in their encoding.
#[derive(Module, Debug)]
struct Others {
    /// `[width, classes]`, zero for numbers.
    weights: Param<Tensor<2>>,
    /// log p of the value that is encoded as zeros, of columns of two values, `[width, classes]`; zero for others.
    bias: Param<Tensor<2>>,
}

/// What was done to the numbers of a data set.
#[derive(Clone, Debug)]
pub(crate) struct Under {
    /// To each column of all classes alike.
    pub effect: ColumnEffect,
    /// To the means of each class, `[classes, numbers]`.
    pub moved: Tensor<2>,
}

impl Factor {
    /// One whose weights are still to be read, with these numbers of factors.
    pub(super) fn empty(table: &TableShape, classes: usize, factors: &[usize], device: &Device) -> Self {
        let numbers = table.numeric().len();
        let zeros = || unread([classes, numbers], device);
        let analysis = |&factors: &usize| Analysis {
            loadings: unread([classes, numbers, factors], device),
            log_variances: unread([numbers], device),
        };
        Self {
            means: zeros(),
            moved: zeros(),
            slopes: (table.co_parents > 0).then(|| unread([classes, table.co_parents, numbers], device)),
            analyses: factors.iter().map(analysis).collect(),
            others: (numbers < table.width()).then(|| Others {
                weights: unread([table.width(), classes], device),
                bias: unread([table.width(), classes], device),
            }),
            places: places(table),
        }
    }

    /// Numbers in a row of X.
    pub(crate) fn numbers(&self) -> usize {
        self.means.dims()[1]
    }

    /// How far the data set at hand has moved the means, `[classes, numbers]`.
    pub(crate) fn moved(&self) -> Tensor<2> {
        self.moved.val().detach()
    }

    /// The same for a data set that has moved the means so far.
    pub(crate) fn with_moved(self, moved: Tensor<2>) -> Self {
        Self { moved: self.moved.map(|_| moved), ..self }
    }

    /// `[classes, numbers]`, clean.
    pub(crate) fn means(&self) -> Tensor<2> {
        self.means.val().detach()
    }

    /// Expected numbers of each class, `[classes, rows, numbers]`, or `[classes, 1, numbers]` without co-parents; clean.
    pub(crate) fn expected(&self, c: Option<&Tensor<2>>) -> Tensor<3> {
        let means: Tensor<3> = self.means().unsqueeze_dim(1);
        match (c, &self.slopes) {
            (Some(c), Some(slopes)) => means + c.clone().unsqueeze_dim::<3>(0).matmul(slopes.val().detach()),
            _ => means,
        }
    }

    /// Variances of the numbers of each class, `[classes, numbers]`, clean: those of the first number of factors.
    pub(crate) fn variances(&self) -> Tensor<2> {
        let Analysis { loadings, log_variances } = &self.analyses[0];
        let explained = loadings.val().detach().square().sum_dim(2).squeeze_dim::<2>(2);
        explained + log_variances.val().detach().exp().unsqueeze_dim(0)
    }

    /// The numbers of X, `[batch, numbers]`.
    pub(crate) fn numbers_of(&self, x: Tensor<2>) -> Tensor<2> {
        match &self.places {
            None => x,
            Some(places) => {
                let places: Vec<i64> = places.iter().map(|place| *place as i64).collect();
                let n = places.len();
                let index = Tensor::<1, Int>::from_data(TensorData::new(places, [n]), &x.device());
                x.select(1, index)
            }
        }
    }

    /// log p(x|y,c,m) of every class, `[batch, classes]`, in nats, z and what is missing of x integrated out; without `under`
    /// with do(m = 0).
    pub(crate) fn log_px(&self, observed: &Observed, under: Option<&Under>) -> Tensor<2> {
        if observed.x.dims()[0] == 1 {
            // A product with a vector sums in an order of its own: a row is to get the same last bits alone as among others.
            return self.log_px(&observed.clone().twice(), under).narrow(0, 0, 1);
        }
        let Apart { off, noise, log_scale, known, .. } = self.apart(observed, under);
        let each =
            self.analyses.iter().map(|analysis| analysis.log_density(&off, noise.as_ref(), known.as_ref()));
        let mut log_px = log_sum_exp(each.collect()).sub_scalar((self.analyses.len() as f64).ln());
        if let Some(log_scale) = log_scale {
            let log_scale = match known {
                Some(known) => log_scale * known,
                None => log_scale,
            };
            log_px = log_px - log_scale.sum_dim(1).transpose();
        }
        self.with_others(log_px.transpose(), observed)
    }

    /// The numbers as if nothing had been done to the columns, and how far they are from what each class expects.
    fn apart(&self, observed: &Observed, under: Option<&Under>) -> Apart {
        let Observed { x, known, c, .. } = observed;
        let mut numbers = self.numbers_of(x.clone());
        let known = known.as_ref().map(|known| self.numbers_of(known.clone()));
        let (mut noise, mut scale) = (None, None);
        let mut expected = self.expected(c.as_ref());
        if let Some(Under { effect, moved }) = under {
            let ColumnEffect { shift, log_scale, noise: of_effect } = effect;
            // Where everything is as if clean, with the noise shrunk as much as the column is.
            numbers = (numbers - shift.clone()) * log_scale.clone().neg().exp();
            noise = Some(of_effect.clone() * log_scale.clone().mul_scalar(-2.0).exp());
            scale = Some(log_scale.clone());
            expected = expected + moved.clone().unsqueeze_dim::<3>(1);
        }
        let off = numbers.clone().unsqueeze_dim::<3>(0) - expected;
        Apart { numbers, off, noise, log_scale: scale, known }
    }

    /// log p of the numbers, `[batch, classes]`, with that of the other columns.
    fn with_others(&self, log_px: Tensor<2>, Observed { x, known, .. }: &Observed) -> Tensor<2> {
        match &self.others {
            Some(Others { weights, bias }) => {
                let (weights, bias) = (weights.val().detach(), bias.val().detach());
                let (x, bias) = match known {
                    Some(known) => (x.clone() * known.clone(), known.clone().matmul(bias)),
                    None => (x.clone(), bias.sum_dim(0)),
                };
                log_px + x.matmul(weights) + bias
            }
            None => log_px,
        }
    }
}

/// Numbers of a batch beside what the classes expect.
struct Apart {
    /// `[batch, numbers]`.
    numbers: Tensor<2>,
    /// Less what each class expects, `[classes, batch, numbers]`.
    off: Tensor<3>,
    /// Variances that come on top, and logarithms of what columns were stretched by, `[1 or batch, numbers]`.
    noise: Option<Tensor<2>>,
    log_scale: Option<Tensor<2>>,
    /// One where a number was observed, `[batch, numbers]`; nothing where all were.
    known: Option<Tensor<2>>,
}

impl Analysis {
    /// log N(`off`; 0, loadings loadingsᵀ + Ψ + noise), `[classes, batch]`: `off` is `[classes, batch, numbers]`, `noise`
    /// the variances that come on top, `[1 or batch, numbers]`; of the numbers that are `known`, `[batch, numbers]`, alone.
    fn log_density(
        &self,
        off: &Tensor<3>,
        noise: Option<&Tensor<2>>,
        known: Option<&Tensor<2>>,
    ) -> Tensor<2> {
        let [classes, batch, numbers] = off.dims();
        let loadings = self.loadings.val().detach();
        let factors = loadings.dims()[2];
        let variances: Tensor<2> = self.log_variances.val().detach().exp().unsqueeze_dim(0);
        let variances = noise.map_or(variances.clone(), |noise| variances + noise.clone());
        let (mut precisions, mut log_variances) = (variances.clone().recip(), variances.log());
        let mut count = Tensor::full([1, 1], numbers as f64, &off.device());
        if let Some(known) = known {
            // What is missing says nothing: as if its variance were infinite.
            (precisions, log_variances) = (precisions * known.clone(), log_variances * known.clone());
            count = known.clone().sum_dim(1).transpose();
        }
        let rows = precisions.dims()[0];
        let precisions: Tensor<3> = precisions.unsqueeze_dim(0);
        let weighted = off.clone() * precisions.clone();
        let square = (weighted.clone() * off.clone()).sum_dim(2).reshape([classes, batch]);
        // I + loadingsᵀ Ψ⁻¹ loadings, by Woodbury's identity all that need be inverted.
        let products = loadings.clone().unsqueeze_dim::<4>(3) * loadings.clone().unsqueeze_dim::<4>(2);
        let products = products.reshape([classes, numbers, factors * factors]);
        let small = precisions.matmul(products).reshape([classes, rows, factors, factors]);
        let small = small + Tensor::<2>::eye(factors, &off.device()).reshape([1, 1, factors, factors]);
        let (explained, log_det) = quadratic_and_log_det(small, weighted.matmul(loadings));
        let log_det = log_det + log_variances.sum_dim(1).transpose();
        let log_2pi = count.mul_scalar((2.0 * std::f64::consts::PI).ln());
        (square - explained + log_det + log_2pi).mul_scalar(-0.5)
    }
}

impl Factor {
    /// `x`, `[batch, width]`, less how far the classes have moved by themselves, each in so far as a row is of it:
    /// `of_class` is `[batch, classes]`.
    pub(crate) fn unmoved(&self, x: Tensor<2>, of_class: Tensor<2>) -> Tensor<2> {
        let moved = of_class.matmul(self.moved());
        let Some(places) = &self.places else { return x - moved };
        let spread = spread(places, x.dims()[1], &x.device());
        x - moved.matmul(spread)
    }

    /// The power of likelihoods at which classes are told from each other: so many columns count in full; of more, each
    /// tells a part of what others have told.
    pub(crate) fn power(&self) -> f64 {
        (INDEPENDENT_COLUMNS / self.numbers() as f64).min(1.0)
    }
}

/// See [`Factor::power`].
const INDEPENDENT_COLUMNS: f64 = 12.8;

/// Where the numbers stand in a row of X; nothing if X is numbers alone.
fn places(table: &TableShape) -> Option<Vec<usize>> {
    let numeric = table.numeric();
    (numeric.len() < table.width()).then(|| numeric.into_iter().map(|(_, place)| place).collect())
}

/// Class shares to the power of one over a temperature do not overflow, however little a class explains.
pub(crate) fn tempered(scores: Tensor<2>, log_shares: Tensor<2>, power: f64) -> Tensor<2> {
    activation::softmax(scores.mul_scalar(power) + log_shares, 1)
}
