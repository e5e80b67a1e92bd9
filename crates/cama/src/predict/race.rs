//! Which classes of an example can still win: the importance weights of each, and a bound on what is to come.

use super::scores::normalised;

/// Luck that is allowed for: the remaining samples of a class may weigh on average so many standard deviations of a log
/// weight more than its heaviest one so far, or so many nats if that is less.
const DEVIATIONS: f64 = 3.0;
const LEAST_MARGIN: f64 = 4.0;

/// log importance weights of one class, summed as they come.
#[derive(Clone, Debug)]
struct Weights {
    heaviest: f64,
    /// Σ exp(weight − heaviest)
    relative: f64,
    n: usize,
    mean: f64,
    /// Σ (weight − mean)²
    squares: f64,
}

impl Weights {
    fn new() -> Self {
        Self { heaviest: f64::NEG_INFINITY, relative: 0.0, n: 0, mean: 0.0, squares: 0.0 }
    }

    fn add(&mut self, log_weight: f64) {
        self.n += 1;
        let off = log_weight - self.mean;
        self.mean += off / self.n as f64;
        self.squares += off * (log_weight - self.mean);
        if log_weight > self.heaviest {
            self.relative = self.relative * (self.heaviest - log_weight).exp() + 1.0;
            self.heaviest = log_weight;
        } else if log_weight != f64::NEG_INFINITY {
            self.relative += (log_weight - self.heaviest).exp();
        }
    }

    /// log of the mean weight, if the `rest` samples to come weigh `each` times the heaviest: NaN without a finite weight.
    fn log_mean(&self, rest: usize, each: f64) -> f64 {
        if !self.heaviest.is_finite() {
            return f64::NAN;
        }
        self.heaviest + (self.relative + rest as f64 * each).ln() - ((self.n + rest) as f64).ln()
    }
}

/// A product in which the scores of an example will stand: softmax(log p_direct + scores / T).
#[derive(Clone, Copy)]
pub(crate) struct Product<'a> {
    /// log p_direct of every class.
    pub direct: &'a [f64],
    /// T.
    pub temperature: f64,
}

/// The classes of one example.
///
/// Let S_c be the mean of all K weights of class c times p(y=c), Σ S = p(x), s the samples that it has had, and H the
/// heaviest of them. The weights are positive, so L_c = (Σ_{i≤s} w_i) p(y) / K is no more than S_c. If the rest weigh on
/// average no more than e^margin H, then U_c = (Σ_{i≤s} w_i + (K − s) e^margin H) p(y) / K is no less than S_c. The
/// estimate from s samples alone lies between the two whatever the rest. Classes D are left behind, each with
/// U_c < ε/C Σ L; so, both with all samples and without, they have less than ε of the whole together, and each less than
/// ε/C. The others keep their sums, and share what is left: 1 − p(D) with all samples and 1 − p̂(D) without, both in
/// [1 − ε, 1]. Hence no probability is off by more than ε, and log Σ S by no more than −ln(1 − ε). The same holds of
/// a product, in which each is raised to 1/T and multiplied by p_direct.
///
/// How far weights scatter depends on the example: a little where q1 is close to the posterior of z, by tens of nats where
/// the model explains it badly. So the margin is in standard deviations, of the log weights of all classes about the mean
/// of each: two samples of a class say little, those of ten enough.
pub(super) struct Race<'a> {
    classes: Vec<Weights>,
    /// Of classes left behind, log of what their remaining samples may weigh on average: log H + margin.
    pub(super) left_behind: Vec<Option<f64>>,
    log_py: &'a [f32],
    product: Option<Product<'a>>,
}

impl<'a> Race<'a> {
    /// Of all classes, with log p(y) of each; `product` is what the scores are for besides themselves.
    pub fn new(log_py: &'a [f32], product: Option<Product<'a>>) -> Self {
        let n = log_py.len();
        Self { classes: vec![Weights::new(); n], left_behind: vec![None; n], log_py, product }
    }

    /// Adds samples of a class.
    pub fn add(&mut self, class: usize, log_weights: &[f32]) {
        log_weights.iter().for_each(|&w| self.classes[class].add(f64::from(w)));
    }

    /// The classes that get further samples.
    pub fn running(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.classes.len()).filter(|&class| self.left_behind[class].is_none())
    }

    /// Leaves behind the classes that would stay negligible even if their remaining samples of `samples` are lucky.
    pub fn leave_behind(&mut self, samples: usize, negligible: f64) {
        let margin = self.margin();
        let highest = self.each(|class| class.log_mean(samples - class.n, margin.exp()));
        // Of the weights so far, with nothing to come.
        let lowest = self.each(|class| class.log_mean(samples - class.n, 0.0));
        let classes = 0..self.classes.len();
        let bar = (negligible / classes.len() as f64).ln();
        let plain = Product { direct: &vec![0.0; classes.len()], temperature: 1.0 };
        let mut wanted = vec![false; classes.len()];
        for Product { direct, temperature } in [Some(plain), self.product].into_iter().flatten() {
            let of = |scores: &[f64], class: usize| direct[class] + scores[class] / temperature;
            let all = normalised(&classes.clone().map(|class| of(&lowest, class)).collect::<Vec<_>>()).0;
            for class in classes.clone() {
                let is_negligible = of(&highest, class) - all < bar;
                // What is not a number is not negligible.
                wanted[class] |= !is_negligible;
            }
        }
        for class in classes.filter(|&class| !wanted[class]) {
            self.left_behind[class].get_or_insert(self.classes[class].heaviest + margin);
        }
    }

    /// How much more than the heaviest so far the remaining samples may weigh, in nats; not a number if any weight is not
    /// finite.
    fn margin(&self) -> f64 {
        let squares: f64 = self.classes.iter().map(|class| class.squares).sum();
        let degrees: usize = self.classes.iter().map(|class| class.n - 1).sum();
        let margin = DEVIATIONS * (squares / degrees as f64).sqrt();
        if margin < LEAST_MARGIN { LEAST_MARGIN } else { margin }
    }

    /// log p(x|y,m) + log p(y) of every class from the samples that it had, and how many those were.
    pub fn scores(&self) -> (Vec<f64>, Vec<usize>) {
        (self.each(|class| class.log_mean(0, 0.0)), self.classes.iter().map(|class| class.n).collect())
    }

    fn each(&self, log_mean: impl Fn(&Weights) -> f64) -> Vec<f64> {
        self.classes.iter().zip(self.log_py).map(|(class, &py)| log_mean(class) + f64::from(py)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_averaged_without_overflow() {
        let of = |values: &[f64]| {
            let mut weights = Weights::new();
            values.iter().for_each(|&w| weights.add(w));
            weights
        };
        let mean = of(&[-1000.0, -1001.0, -999.0]).log_mean(0, 0.0);
        let expected = -999.0 + ((1.0 + (-1f64).exp() + (-2f64).exp()) / 3.0).ln();
        assert!((mean - expected).abs() < 1e-12);
        assert!((of(&[0.0]).log_mean(3, 2.0) - (7f64 / 4.0).ln()).abs() < 1e-12);
        assert!((of(&[f64::NEG_INFINITY, 0.0]).log_mean(0, 0.0) + 2f64.ln()).abs() < 1e-12);
        for bad in [&[0.0, f64::NAN][..], &[f64::INFINITY], &[f64::NEG_INFINITY]] {
            assert!(of(bad).log_mean(0, 0.0).is_nan(), "{bad:?}");
        }
    }

    /// A race of three classes after two samples each, so far apart.
    fn after_two<'a>(weights: [f32; 3], apart: f32, product: Option<Product<'a>>) -> Race<'a> {
        let mut race = Race::new(&[0.0; 3], product);
        (0..3).for_each(|class| race.add(class, &[weights[class] - apart, weights[class]]));
        race
    }

    fn running(mut race: Race) -> Vec<usize> {
        race.leave_behind(10, 1e-4);
        race.running().collect()
    }

    #[test]
    fn classes_run_as_long_as_luck_can_help_them() {
        // Two of ten samples are known, the same for two classes; eight of the other's may weigh e^margin as much.
        let gap = |margin: f64| (2.0 + 8.0 * margin.exp()).ln() - 4f64.ln() + (3.0 / 1e-4f64).ln();
        for (behind, expected) in [(-0.2, vec![0, 1, 2]), (0.2, vec![0, 2])] {
            let behind = (gap(LEAST_MARGIN) + behind) as f32;
            assert_eq!(running(after_two([-80.0, -80.0 - behind, -80.0], 0.0, None)), expected);
        }
        // Weights ten apart have a variance of fifty.
        let gap = 10f64.ln() + DEVIATIONS * 50f64.sqrt() + (3.0 / 1e-4f64).ln();
        assert_eq!(running(after_two([-80.0, -80.0 - gap as f32 + 2.0, -80.0], 10.0, None)), [0, 1, 2]);
        assert_eq!(running(after_two([-80.0, -80.0 - gap as f32 - 2.0, -80.0], 10.0, None)), [0, 2]);
        // What is not a number is for the end to find.
        assert_eq!(running(after_two([0.0, -1e9, f32::NAN], 0.0, None)), [0, 1, 2]);
    }

    #[test]
    fn classes_run_as_long_as_a_product_needs_them() {
        let race = |direct| {
            running(after_two([-80.0, -180.0, -180.0], 0.0, Some(Product { direct, temperature: 20.0 })))
        };
        // A hundred nats are five in the product.
        assert_eq!(race(&[-1.0, -1.0, -1.0]), [0, 1, 2]);
        assert_eq!(race(&[-0.1, -3.0, -9.0]), [0, 1]);
    }
}
