//! What is evaluated, and its scores on data.

use cama::data::Dataset;
use cama::{Decision, Predictor, Result, Rule};

use super::row::Shares;
use crate::baseline::Baseline;
use crate::metrics::Score;

/// What can be asked for probabilities and nothing more, whatever it is. Attacks that only ask, `square` and `sparse-rs`, are made
/// on it, and examples that were made on others are tried on it.
pub trait Answers<D>: Sync {
    /// Errors unless it can be asked about examples of these classes.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`](cama::Error::Mismatch).
    fn check(&self, data: &D) -> Result<()>;

    /// p(y|x) of every class of the data, in their order, for every example.
    ///
    /// # Errors
    ///
    /// If it fails.
    fn probabilities(&self, data: &D) -> Result<Vec<Vec<f64>>>;
}

/// What is evaluated.
pub enum Evaluated<'a, D> {
    /// A deep CAMA model: one row for each [`Rule`] that its predictor computes.
    Cama(Box<Predictor<'a>>),
    /// A deep CAMA model by its predictor's rule alone, and its name in rows.
    Named(&'a str, Box<Predictor<'a>>),
    /// A baseline, and its name in rows.
    Baseline(&'a str, &'a Baseline),
    /// Anything else, and its name in rows.
    Other(&'a str, &'a dyn Answers<D>),
}

/// The score of one row.
pub(super) struct Scored<'a> {
    pub name: &'a str,
    pub score: Score,
    /// Of a rule that restores.
    pub guard: Option<Shares>,
    /// p(y|x) of every class of each example.
    pub probabilities: Vec<Vec<f64>>,
}

/// The rules that are computed on the way to `rule`, and itself.
pub(super) fn computed(rule: Rule) -> &'static [Rule] {
    match rule {
        Rule::Bayes => &[Rule::Bayes],
        Rule::DirectAlone => &[Rule::DirectAlone],
        Rule::Direct => &[Rule::DirectAlone, Rule::Direct],
        Rule::Product => &Rule::ALL,
    }
}

/// The name of the row of `rule`: an external classifier stands in place of the model's direct one.
pub(super) fn row_name(predictor: &Predictor, rule: Rule) -> &'static str {
    match (predictor.decider.external, rule) {
        (Some(_), Rule::DirectAlone) => "external-alone",
        (Some(_), Rule::Direct) => "external",
        _ => rule.name(),
    }
}

impl<'a, D: Dataset> Evaluated<'a, D> {
    /// The names of its rows.
    pub fn names(&self) -> Vec<&'a str> {
        match self {
            Self::Cama(predictor) => {
                computed(predictor.config.rule).iter().map(|&rule| row_name(predictor, rule)).collect()
            }
            Self::Named(name, _) | Self::Baseline(name, _) | Self::Other(name, _) => vec![name],
        }
    }

    /// Errors unless it can be evaluated on `data`.
    pub(super) fn check(&self, data: &D) -> Result<()> {
        match self {
            Self::Cama(predictor) | Self::Named(_, predictor) => predictor.decider.model.check_labelled(data),
            Self::Baseline(_, baseline) => baseline.check_classes(data),
            Self::Other(_, other) => other.check(data),
        }
    }

    /// The score of each of its rows on `data`, of which `labels` are the true classes.
    pub(super) fn scores(&self, data: &D, labels: &[usize]) -> Result<Vec<Scored<'a>>> {
        match self {
            Self::Cama(predictor) => {
                let decisions = predictor.predict(data)?;
                let score = |&rule: &Rule| scored(row_name(predictor, rule), rule, &decisions, labels);
                computed(predictor.config.rule).iter().map(score).collect()
            }
            Self::Named(name, predictor) => {
                let decisions = predictor.predict(data)?;
                Ok(vec![scored(name, predictor.config.rule, &decisions, labels)?])
            }
            Self::Baseline(name, baseline) => answered(name, baseline.probabilities(data)?, labels),
            Self::Other(name, other) => answered(name, other.probabilities(data)?, labels),
        }
    }
}

/// The score of what gives probabilities and nothing more.
fn answered<'a>(name: &'a str, probabilities: Vec<Vec<f64>>, labels: &[usize]) -> Result<Vec<Scored<'a>>> {
    let score = Score::of_probabilities(&probabilities, labels)?;
    Ok(vec![Scored { name, score, guard: None, probabilities }])
}

/// The score of one rule.
fn scored<'a>(name: &'a str, rule: Rule, decisions: &[Decision], labels: &[usize]) -> Result<Scored<'a>> {
    let probabilities: Vec<_> =
        decisions.iter().map(|decision| decision.by_rule.get(rule).to_vec()).collect();
    let mut score = Score::of_probabilities(&probabilities, labels)?;
    if rule == Rule::Bayes {
        let sum: f64 = decisions.iter().map(|decision| decision.log_px).sum();
        score.log_px = Some(sum / decisions.len() as f64);
    }
    // Alone, it reads the examples as they are: nothing is restored and nothing guarded.
    let guard = (rule != Rule::DirectAlone).then(|| Shares::of(decisions));
    Ok(Scored { name, score, guard, probabilities })
}

// Not derived: that would ask the same of the data.
impl<D> Clone for Evaluated<'_, D> {
    fn clone(&self) -> Self {
        match self {
            Self::Cama(predictor) => Self::Cama(predictor.clone()),
            Self::Named(name, predictor) => Self::Named(name, predictor.clone()),
            Self::Baseline(name, baseline) => Self::Baseline(name, baseline),
            Self::Other(name, other) => Self::Other(name, *other),
        }
    }
}
