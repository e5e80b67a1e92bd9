//! T of the product of Bayes' rule and a discriminative classifier.

use super::ask::{log_of, product};
use super::decider::Decider;
use super::rule::{DecideConfig, Rule};
use super::tempering::golden;
use crate::data::Dataset;
use crate::model::M;
use crate::predict::PredictConfig;
use crate::{Config, Error, Result};

/// Where log T is looked for.
const LOG_T: (f64, f64) = (0.0, 7.0);

/// The temperature T at which softmax(log p_direct + log p_Bayes / T) explains the labels of clean examples best; from 1
/// to about 1,100, where Bayes' rule has no say any more.
///
/// # Errors
///
/// If the examples have no labels, or as [`Decider::decide`].
pub fn fit_temperature<D: Dataset>(decider: &Decider, clean: &D, samples: usize, seed: u64) -> Result<f64> {
    decider.model.check_labelled(clean)?;
    let Some(labels) = clean.labels() else {
        return Err(Error::Mismatch(format!("{} has no labels", clean.name())));
    };
    // At a high T nothing is negligible.
    let negligible = 0.0;
    let predict = PredictConfig { samples, m: M::Null, seed, negligible, ..PredictConfig::default() };
    let decisions = Decider { guard: None, temperature: 1.0, ..*decider }
        .decide(clean, &DecideConfig { rule: Rule::Product, predict }.check()?)?;
    let pairs: Vec<_> =
        decisions.iter().map(|d| (log_of(&d.by_rule.bayes), log_of(&d.by_rule.direct))).collect();
    let loss = |log_t: f64| {
        let of = |((bayes, direct), &label): (&(Vec<f64>, Vec<f64>), &usize)| {
            -product(bayes, direct, log_t.exp())[label].max(f64::MIN_POSITIVE).ln()
        };
        pairs.iter().zip(labels).map(of).sum::<f64>()
    };
    // The loss is convex in 1/T, so it has one minimum in log T as well.
    Ok(golden(LOG_T, loss).exp())
}
