//! What is evaluated, and its scores on data.

use cama::data::Dataset;
use cama::{Decision, Predictor, Result, Rule};

use super::row::Shares;
use crate::baseline::Baseline;
use crate::metrics::Score;

/// What is evaluated.
#[derive(Clone)]
pub enum Evaluated<'a> {
    /// A deep CAMA model: one row for each [`Rule`] that its predictor computes.
    Cama(Box<Predictor<'a>>),
    /// A baseline, and its name in rows.
    Baseline(&'a str, &'a Baseline),
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

impl<'a> Evaluated<'a> {
    /// The names of its rows.
    pub fn names(&self) -> Vec<&'a str> {
        match self {
            Self::Cama(predictor) => {
                computed(predictor.config.rule).iter().map(|&rule| row_name(predictor, rule)).collect()
            }
            Self::Baseline(name, _) => vec![name],
        }
    }

    /// Errors unless it can be evaluated on `data`.
    pub(super) fn check(&self, data: &impl Dataset) -> Result<()> {
        match self {
            Self::Cama(predictor) => predictor.decider.model.check_labelled(data),
            Self::Baseline(_, baseline) => baseline.check_classes(data),
        }
    }

    /// The score of each of its rows on `data`, of which `labels` are the true classes.
    pub(super) fn scores(&self, data: &impl Dataset, labels: &[usize]) -> Result<Vec<Scored<'a>>> {
        match self {
            Self::Cama(predictor) => {
                let decisions = predictor.predict(data)?;
                let score = |&rule: &Rule| scored(predictor, rule, &decisions, labels);
                computed(predictor.config.rule).iter().map(score).collect()
            }
            Self::Baseline(name, baseline) => {
                let probabilities = baseline.probabilities(data)?;
                let score = Score::of_probabilities(&probabilities, labels)?;
                Ok(vec![Scored { name, score, guard: None, probabilities }])
            }
        }
    }
}

/// The score of one rule.
fn scored(
    predictor: &Predictor,
    rule: Rule,
    decisions: &[Decision],
    labels: &[usize],
) -> Result<Scored<'static>> {
    let probabilities: Vec<_> =
        decisions.iter().map(|decision| decision.by_rule.get(rule).to_vec()).collect();
    let mut score = Score::of_probabilities(&probabilities, labels)?;
    if rule == Rule::Bayes {
        let sum: f64 = decisions.iter().map(|decision| decision.log_px).sum();
        score.log_px = Some(sum / decisions.len() as f64);
    }
    // Alone, it reads the examples as they are: nothing is restored and nothing guarded.
    let guard = (rule != Rule::DirectAlone).then(|| Shares::of(decisions));
    Ok(Scored { name: row_name(predictor, rule), score, guard, probabilities })
}
