//! Classifiers' scores under each of several manipulations.

use cama::data::Dataset;
use cama::{DeepCama, Error, PredictConfig, Result, predict};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use crate::{Baseline, Score};

/// A classifier that is judged.
#[derive(Clone, Copy, Debug)]
pub enum Judged<'a> {
    /// A deep CAMA model, with how it predicts.
    Cama(&'a DeepCama, &'a PredictConfig),
    /// A baseline.
    Baseline(&'a Baseline),
}

impl Judged<'_> {
    /// What it is called in tables: `cama`, or a baseline's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Cama(..) => "cama",
            Self::Baseline(baseline) => baseline.name(),
        }
    }

    /// Errors unless it can be judged on `data`.
    fn check(&self, data: &impl Dataset) -> Result<()> {
        match self {
            Self::Cama(model, _) => model.check_labelled(data),
            Self::Baseline(baseline) => baseline.check_classes(data),
        }
    }

    /// How good it is on `data`, of which `labels` are the true classes.
    fn score(&self, data: &impl Dataset, labels: &[usize]) -> Result<Score> {
        match self {
            Self::Cama(model, config) => Score::new(&predict(model, data, config)?, labels),
            Self::Baseline(baseline) => Score::of_probabilities(&baseline.probabilities(data)?, labels),
        }
    }
}

/// The score of one classifier under one manipulation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The data, as it is called.
    pub data: String,
    /// What is judged.
    pub classifier: String,
    /// What was done to the data, as a specification.
    pub manipulation: String,
    /// How much of it, in its own unit.
    pub severity: f64,
    /// How good the predictions were.
    #[serde(flatten)]
    pub score: Score,
}

/// Scores each classifier on `data` under each manipulation, given with its severity; `each` sees every row as
/// soon as it is there.
///
/// Every manipulation is done with the same `seed`, so that classifiers can be compared example by example.
///
/// # Errors
///
/// If the data has no labels or does not fit a classifier, if a manipulation cannot be done to it, or if prediction
/// fails.
pub fn evaluate<D: Dataset>(
    judged: &[Judged],
    data: &D,
    manipulations: &[(f64, D::Manipulation)],
    seed: u64,
    mut each: impl FnMut(&Row),
) -> Result<Vec<Row>> {
    let Some(labels) = data.labels() else {
        return Err(Error::Mismatch(format!("{} has no labels to compare predictions with", data.name())));
    };
    judged.iter().try_for_each(|classifier| classifier.check(data))?;
    let mut rows = Vec::with_capacity(judged.len() * manipulations.len());
    for (severity, manipulation) in manipulations {
        let manipulated = data.manipulated(manipulation, &mut ChaCha8Rng::seed_from_u64(seed))?;
        for classifier in judged {
            let row = Row {
                data: data.name().into(),
                classifier: classifier.name().into(),
                manipulation: manipulation.to_string(),
                severity: *severity,
                score: classifier.score(&manipulated, labels)?,
            };
            each(&row);
            rows.push(row);
        }
    }
    Ok(rows)
}
