//! Classifiers' scores under each of several manipulations.

use cama::data::Dataset;
use cama::{Error, Result};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::evaluated::{Evaluated, Scored};
use super::row::Row;

/// Scores each classifier on `data` under each manipulation, given with its severity; `each` sees every row as
/// soon as it is computed.
///
/// Every manipulation is applied with the same `seed`, so that classifiers can be compared example by example.
///
/// # Errors
///
/// If the data has no labels or does not fit a classifier, if a manipulation cannot be applied to it, or if prediction
/// fails.
pub fn evaluate<D: Dataset>(
    evaluated: &[Evaluated],
    data: &D,
    manipulations: &[(f64, D::Manipulation)],
    seed: u64,
    mut each: impl FnMut(&Row),
) -> Result<Vec<Row>> {
    if data.is_empty() {
        return Err(Error::Mismatch(format!("{} is empty: there is nothing to evaluate on", data.name())));
    }
    let Some(labels) = data.labels() else {
        return Err(Error::Mismatch(format!("{} has no labels to compare predictions with", data.name())));
    };
    evaluated.iter().try_for_each(|one| one.check(data))?;
    let mut rows = Vec::new();
    for (severity, manipulation) in manipulations {
        let manipulated = data.manipulated(manipulation, &mut ChaCha8Rng::seed_from_u64(seed))?;
        for one in evaluated {
            for Scored { name, score, guard, .. } in one.scores(&manipulated, labels)? {
                let row = Row {
                    data: data.name().into(),
                    classifier: name.into(),
                    manipulation: manipulation.to_string(),
                    severity: *severity,
                    score,
                    guard,
                    attack: None,
                };
                each(&row);
                rows.push(row);
            }
        }
    }
    Ok(rows)
}
