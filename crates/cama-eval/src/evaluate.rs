//! A classifier's score under each of several manipulations.

use cama::data::Images;
use cama::manipulation::Manipulation;
use cama::{DeepCama, Error, PredictConfig, Result, predict};
use serde::{Deserialize, Serialize};

use crate::Score;

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
