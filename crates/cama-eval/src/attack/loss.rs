//! The losses that attacks raise.

use burn::tensor::{Device, Tensor, TensorData};
use cama::{Error, Result};

/// What the attack on one example is to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// Anything but this class.
    Not(usize),
    /// The second class, in place of the first, which is correct.
    From(usize, usize),
}

impl Goal {
    /// The same towards the wrong class that comes at this place, from 0, among those of the highest probability.
    pub fn towards(self, log_p: &[f32], place: usize) -> Self {
        let (Goal::Not(correct) | Goal::From(correct, _)) = self;
        let wrong: Vec<usize> = descending(log_p).into_iter().filter(|&class| class != correct).collect();
        Goal::From(correct, wrong[place.min(wrong.len() - 1)])
    }

    /// Whether it is reached by an example with these log-probabilities.
    pub fn is_reached(self, log_p: &[f32]) -> bool {
        match self {
            Goal::Not(class) => best(log_p, &[]) != class,
            Goal::From(_, target) => best(log_p, &[]) == target,
        }
    }

    /// What is reported: the cross-entropy of the correct class, or log p of the target, in nats.
    pub fn loss(self, log_p: &[f32]) -> f64 {
        match self {
            Goal::Not(class) => -f64::from(log_p[class]),
            Goal::From(_, target) => f64::from(log_p[target]),
        }
    }

    /// By how many nats it is reached; below zero where it is not.
    pub fn margin(self, log_p: &[f32]) -> f64 {
        let (wanted, other) = match self {
            Goal::Not(class) => (best(log_p, &[class]), class),
            Goal::From(_, target) => (target, best(log_p, &[target])),
        };
        f64::from(log_p[wanted]) - f64::from(log_p[other])
    }
}

/// Which loss an attack climbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// `log-odds`: the log-odds of reaching the goal, of the same gradient as the cross-entropy but for a positive factor.
    LogOdds,
    /// `cross-entropy`: −log p(y|x) of the correct class, or log p of the target, what FGSM and PGD follow in their papers
    /// and in CleverHans.
    ///
    /// Its gradient in the logits, p − onehot(y), is exactly zero in single precision once all other probabilities fall below
    /// 1e-45, that is, once the logit of the class is 104 nats above the others.
    CrossEntropy,
    /// The difference of logits ratio (Croce & Hein, ICML 2020, Eqs. 6 and 8), which `apgd-dlr` climbs.
    Ratio,
}

impl Loss {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Loss::LogOdds => "log-odds",
            Loss::CrossEntropy => "cross-entropy",
            Loss::Ratio => "ratio",
        }
    }

    /// Errors unless there are classes enough.
    pub(super) fn check(self, classes: usize, targeted: bool) -> Result<()> {
        let least = match self {
            Loss::LogOdds | Loss::CrossEntropy => 2,
            Loss::Ratio => 3 + usize::from(targeted),
        };
        if classes >= least {
            return Ok(());
        }
        Err(Error::Mismatch(format!(
            "the ratio that `apgd-dlr` climbs needs {least} classes, the classifier has {classes}; use `apgd`"
        )))
    }

    /// The loss of every example, `[batch]`, from log p(y|x), `[batch, classes]`.
    pub(super) fn of(self, log_p: Tensor<2>, goals: &[Goal]) -> Tensor<1> {
        match self {
            Loss::LogOdds => log_odds(log_p, goals),
            Loss::CrossEntropy => cross_entropy(log_p, goals),
            Loss::Ratio => ratio(log_p, goals),
        }
    }
}

/// −log p(y), or log p(target), `[batch]`.
fn cross_entropy(log_p: Tensor<2>, goals: &[Goal]) -> Tensor<1> {
    let [rows, classes] = log_p.dims();
    let signs = weights(rows, classes, &log_p.device(), |i, row| match goals[i] {
        Goal::Not(class) => row[class] = -1.0,
        Goal::From(_, target) => row[target] = 1.0,
    });
    (log_p * signs).sum_dim(1).squeeze_dim(1)
}

/// log p(goal) − log (1 − p(goal)), `[batch]`.
fn log_odds(log_p: Tensor<2>, goals: &[Goal]) -> Tensor<1> {
    let [rows, classes] = log_p.dims();
    let device = log_p.device();
    let class = |goal: &Goal| match *goal {
        Goal::Not(class) | Goal::From(_, class) => class,
    };
    let sign: Vec<f32> =
        goals.iter().map(|goal| if matches!(goal, Goal::Not(_)) { 1.0 } else { -1.0 }).collect();
    let one = weights(rows, classes, &device, |i, row| row[class(&goals[i])] = 1.0);
    let alone = (log_p.clone() * one.clone()).sum_dim(1);
    // So low that it vanishes from the sum.
    let others = log_p - one.mul_scalar(1e30);
    let highest = others.clone().max_dim(1).detach();
    let others = (others - highest.clone()).exp().sum_dim(1).log() + highest;
    let sign = Tensor::<2>::from_data(TensorData::new(sign, [rows, 1]), &constant(&device));
    ((others - alone) * sign).squeeze_dim(1)
}

/// The difference of the goal's logit and the correct one, over that of the highest and a lower one, `[batch]`.
fn ratio(log_p: Tensor<2>, goals: &[Goal]) -> Tensor<1> {
    let [rows, classes] = log_p.dims();
    let device = log_p.device();
    let values: Vec<f32> = log_p.clone().into_data().iter::<f32>().collect();
    let order: Vec<Vec<usize>> = values.chunks(classes).map(descending).collect();
    let above = weights(rows, classes, &device, |i, row| {
        let (correct, wanted) = match goals[i] {
            Goal::Not(class) => (class, order[i][usize::from(order[i][0] == class)]),
            Goal::From(class, target) => (class, target),
        };
        row[wanted] += 1.0;
        row[correct] -= 1.0;
    });
    let below = weights(rows, classes, &device, |i, row| {
        row[order[i][0]] += 1.0;
        match goals[i] {
            Goal::Not(_) => row[order[i][2]] -= 1.0,
            Goal::From(..) => order[i][2..4].iter().for_each(|&class| row[class] -= 0.5),
        }
    });
    let below = (log_p.clone() * below).sum_dim(1).add_scalar(1e-12);
    ((log_p * above).sum_dim(1) / below).squeeze_dim(1)
}

/// Constants for every class of every example.
fn weights(rows: usize, classes: usize, device: &Device, fill: impl Fn(usize, &mut [f32])) -> Tensor<2> {
    let mut values = vec![0.0; rows * classes];
    values.chunks_mut(classes).enumerate().for_each(|(i, row)| fill(i, row));
    Tensor::from_data(TensorData::new(values, [rows, classes]), &constant(device))
}

/// The same device for what is not differentiated.
fn constant(device: &Device) -> Device {
    if device.is_autodiff() { device.clone().inner() } else { device.clone() }
}

/// The classes in descending order of probability.
fn descending(log_p: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..log_p.len()).collect();
    order.sort_by(|&a, &b| log_p[b].total_cmp(&log_p[a]));
    order
}

/// The most probable class except those; of several, the last.
pub(super) fn best(log_p: &[f32], but: &[usize]) -> usize {
    let classes = (0..log_p.len()).filter(|class| !but.contains(class));
    classes.max_by(|&a, &b| log_p[a].total_cmp(&log_p[b])).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use burn::tensor::activation;

    use super::*;

    const LOGITS: [f32; 4] = [2.0, 0.5, -1.0, 1.0];

    fn loss(loss: Loss, logits: &[f32], goal: Goal) -> f32 {
        let tensor = TensorData::new(logits.to_vec(), [1, logits.len()]);
        let log_p = activation::log_softmax(Tensor::<2>::from_data(tensor, &Device::flex()), 1);
        loss.of(log_p, &[goal]).into_scalar::<f32>()
    }

    #[test]
    fn losses_agree_with_hand_computed_ones() {
        let odds = |p: f32| (p / (1.0 - p)).ln();
        let p: Vec<f32> =
            LOGITS.iter().map(|l| l.exp() / LOGITS.iter().map(|l| l.exp()).sum::<f32>()).collect();
        assert!((loss(Loss::LogOdds, &LOGITS, Goal::Not(0)) - odds(1.0 - p[0])).abs() < 1e-5);
        assert!((loss(Loss::LogOdds, &LOGITS, Goal::From(0, 3)) - odds(p[3])).abs() < 1e-5);
        // −(2 − 1)/(2 − 0.5), from another class −(0.5 − 2)/1.5, targeted −(2 − (−1))/(2 − (0.5 − 1)/2).
        assert!((loss(Loss::Ratio, &LOGITS, Goal::Not(0)) + 1.0 / 1.5).abs() < 1e-5);
        assert!((loss(Loss::Ratio, &LOGITS, Goal::Not(1)) - 1.0).abs() < 1e-5);
        assert!((loss(Loss::Ratio, &LOGITS, Goal::From(0, 2)) + 3.0 / 2.25).abs() < 1e-5);
    }

    #[test]
    fn the_ratio_does_not_change_with_the_scale_of_the_logits() {
        for goal in [Goal::Not(0), Goal::Not(2), Goal::From(0, 1)] {
            for scale in [0.1, 10.0, 1000.0] {
                let scaled = LOGITS.map(|logit| logit * scale + 3.0);
                let [one, other] = [loss(Loss::Ratio, &LOGITS, goal), loss(Loss::Ratio, &scaled, goal)];
                assert!((one - other).abs() < 1e-4, "{goal:?} {scale}: {one} {other}");
            }
        }
    }

    fn gradient(loss: Loss, logits: &[f32], goal: Goal) -> Vec<f32> {
        let logits = TensorData::new(logits.to_vec(), [1, logits.len()]);
        let leaf = Tensor::<2>::from_data(logits, &Device::flex()).autodiff().require_grad();
        let loss = loss.of(activation::log_softmax(leaf.clone(), 1), &[goal]);
        leaf.grad(&loss.sum().backward()).unwrap().into_data().iter::<f32>().collect()
    }

    #[test]
    fn a_classifier_that_is_sure_still_has_a_gradient() {
        assert_eq!(gradient(Loss::LogOdds, &[0.0, -150.0, -300.0], Goal::Not(0)), [-1.0, 1.0, 0.0]);
    }

    #[test]
    fn the_cross_entropy_and_its_gradient_are_those_of_the_closed_form() {
        let sum = LOGITS.iter().map(|l| l.exp()).sum::<f32>();
        let p = LOGITS.map(|l| l.exp() / sum);
        for (goal, class, sign) in
            [(Goal::Not(0), 0, 1.0), (Goal::Not(3), 3, 1.0), (Goal::From(0, 2), 2, -1.0)]
        {
            assert!(
                (loss(Loss::CrossEntropy, &LOGITS, goal) + sign * p[class].ln()).abs() < 1e-5,
                "{goal:?}"
            );
            // ∂(−log p_y)/∂logits = p − onehot(y).
            for (i, found) in gradient(Loss::CrossEntropy, &LOGITS, goal).into_iter().enumerate() {
                let expected = sign * (p[i] - if i == class { 1.0 } else { 0.0 });
                assert!((found - expected).abs() < 1e-6, "{goal:?} {i}: {found} {expected}");
            }
        }
    }

    #[test]
    fn the_cross_entropy_loses_its_gradient_where_the_softmax_saturates() {
        // exp(−103) is the smallest that single precision holds (1e-45); exp(−104) is zero.
        let of = |margin: f32| gradient(Loss::CrossEntropy, &[0.0, -margin, -margin - 5.0], Goal::Not(0));
        assert!(of(10.0).iter().all(|g| *g != 0.0));
        // The class itself has none from about 17 nats on, where 1 − p is rounded off.
        assert!(of(50.0)[0] == 0.0 && of(50.0)[1] > 0.0, "{:?}", of(50.0));
        assert_eq!(of(110.0), [0.0; 3]);
        // Misclassified as surely, it has all of it.
        assert_eq!(gradient(Loss::CrossEntropy, &[-150.0, 0.0, -300.0], Goal::Not(0)), [-1.0, 1.0, 0.0]);
    }

    #[test]
    fn goals_know_when_they_are_reached() {
        for (goal, reached, margin) in [
            (Goal::Not(0), false, -1.0),
            (Goal::Not(3), true, 1.0),
            (Goal::From(1, 0), true, 1.0),
            (Goal::From(0, 3), false, -1.0),
        ] {
            assert_eq!((goal.is_reached(&LOGITS), goal.margin(&LOGITS)), (reached, margin), "{goal:?}");
        }
        assert!(Loss::Ratio.check(3, false).is_ok() && Loss::Ratio.check(3, true).is_err());
    }
}
