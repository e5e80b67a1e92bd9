//! A classifier's score under each of several manipulations.

use cama::data::{Dataset, Images};
use cama::manipulation::Manipulation;
use cama::{DeepCama, Error, PredictConfig, Result, predict};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use crate::Score;
use crate::baseline::Baseline;

/// The score under one manipulation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What was done to the images, as a specification.
    pub manipulation: String,
    /// How much of it, in its own unit.
    pub severity: f64,
    /// How good the predictions were.
    #[serde(flatten)]
    pub score: Score,
}

/// Scores `model` on `images` under each manipulation, given with its severity; `each` sees every row as
/// soon as it is there.
///
/// Every manipulation is done with the same `seed`, so that models can be compared image by image.
///
/// # Errors
///
/// If the images have no labels or do not fit the model, or if prediction fails.
pub fn evaluate(
    model: &DeepCama,
    images: &Images,
    manipulations: &[(f64, Manipulation)],
    config: &PredictConfig,
    seed: u64,
    mut each: impl FnMut(&Row),
) -> Result<Vec<Row>> {
    let Some(labels) = images.labels() else {
        return Err(Error::Mismatch(format!("{} has no labels to compare predictions with", images.name())));
    };
    model.check_fits(images.shape(), images.classes().len())?;
    let mut rows = Vec::with_capacity(manipulations.len());
    for (severity, manipulation) in manipulations {
        let predictions = predict(model, &manipulation.apply_seeded(images, seed), config)?;
        let score = Score::new(&predictions, labels)?;
        let row = Row { manipulation: manipulation.to_string(), severity: *severity, score };
        each(&row);
        rows.push(row);
    }
    Ok(rows)
}

/// As [`evaluate`], for a baseline; with the same `seed` it sees the very examples that a model sees.
///
/// # Errors
///
/// If the data has no labels, has other classes than the baseline or does not fit it, or cannot be manipulated so.
pub fn evaluate_baseline<D: Dataset>(
    baseline: &Baseline,
    data: &D,
    manipulations: &[(f64, D::Manipulation)],
    seed: u64,
    mut each: impl FnMut(&Row),
) -> Result<Vec<Row>> {
    let Some(labels) = data.labels() else {
        return Err(Error::Mismatch(format!("{} has no labels to compare predictions with", data.name())));
    };
    baseline.check_classes(data)?;
    let mut rows = Vec::with_capacity(manipulations.len());
    for (severity, manipulation) in manipulations {
        let manipulated = data.manipulated(manipulation, &mut ChaCha8Rng::seed_from_u64(seed))?;
        let score = Score::of_probabilities(&baseline.probabilities(&manipulated)?, labels)?;
        let row = Row { manipulation: manipulation.to_string(), severity: *severity, score };
        each(&row);
        rows.push(row);
    }
    Ok(rows)
}
