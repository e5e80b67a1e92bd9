//! A classifier's score under each of several manipulations.

use cama::data::Dataset;
use cama::{DeepCama, Error, PredictConfig, Result, predict};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use crate::Score;

/// The score under one manipulation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What was done to the data, as a specification.
    pub manipulation: String,
    /// How much of it, in its own unit.
    pub severity: f64,
    /// How good the predictions were.
    #[serde(flatten)]
    pub score: Score,
}

/// Scores `model` on `data` under each manipulation, given with its severity; `each` sees every row as
/// soon as it is there.
///
/// Every manipulation is done with the same `seed`, so that models can be compared example by example.
///
/// # Errors
///
/// If the data has no labels or does not fit the model, if a manipulation cannot be done to it, or if prediction
/// fails.
pub fn evaluate<D: Dataset>(
    model: &DeepCama,
    data: &D,
    manipulations: &[(f64, D::Manipulation)],
    config: &PredictConfig,
    seed: u64,
    mut each: impl FnMut(&Row),
) -> Result<Vec<Row>> {
    let Some(labels) = data.labels() else {
        return Err(Error::Mismatch(format!("{} has no labels to compare predictions with", data.name())));
    };
    model.check_labelled(data)?;
    let mut rows = Vec::with_capacity(manipulations.len());
    for (severity, manipulation) in manipulations {
        let manipulated = data.manipulated(manipulation, &mut ChaCha8Rng::seed_from_u64(seed))?;
        let predictions = predict(model, &manipulated, config)?;
        let score = Score::new(&predictions, labels)?;
        let row = Row { manipulation: manipulation.to_string(), severity: *severity, score };
        each(&row);
        rows.push(row);
    }
    Ok(rows)
}
