//! Classifiers' scores under each of several manipulations.

use cama::data::Dataset;
use cama::manipulation::{Sweep, Sweepable};
use cama::{Error, Result};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::evaluated::{Evaluated, Scored};
use super::row::Row;

/// Every point of manipulations and sweeps as they are written, each with its severity: the clean data first, if it is wanted, and
/// none twice.
///
/// # Errors
///
/// As reading a [`Sweep`].
pub fn manipulations<M: Sweepable + PartialEq>(specs: &[String], clean: bool) -> Result<Vec<(f64, M)>> {
    let sweeps = specs.iter().map(|spec| spec.parse()).collect::<Result<Vec<Sweep<M>>>>()?;
    let mut all: Vec<(f64, M)> = Vec::new();
    let first = clean.then(|| (0.0, "none".parse().expect("every kind of data can be left as it is")));
    for point in first.into_iter().chain(sweeps.iter().flat_map(|sweep| sweep.points().to_vec())) {
        if !all.contains(&point) {
            all.push(point);
        }
    }
    Ok(all)
}

/// The data after a manipulation, as [`evaluate`] makes it.
///
/// # Errors
///
/// If it cannot be applied to such data.
pub fn manipulated<D: Dataset>(data: &D, manipulation: &D::Manipulation, seed: u64) -> Result<D> {
    data.manipulated(manipulation, &mut ChaCha8Rng::seed_from_u64(seed))
}

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
    evaluated: &[Evaluated<D>],
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
        let manipulated = manipulated(data, manipulation, seed)?;
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

#[cfg(test)]
mod tests {
    use cama::manipulation::Manipulation;

    use super::*;

    #[test]
    fn clean_data_comes_first_and_nothing_comes_twice() {
        let specs = ["shift:0..0.2/0.1", "none", "shift:0.1"].map(String::from);
        let names = |clean| -> Vec<String> {
            let all = manipulations::<Manipulation>(&specs, clean).unwrap();
            all.iter().map(|(_, manipulation)| manipulation.to_string()).collect()
        };
        assert_eq!(names(true), ["none", "shift:0", "shift:0.1", "shift:0.2"]);
        assert_eq!(names(false), ["shift:0", "shift:0.1", "shift:0.2", "none"]);
        assert!(manipulations::<Manipulation>(&["rotat:3".to_string()], true).is_err());
    }
}
