//! `results.csv` and `results.json`: the numbers for other programs.

use std::io::{Error as IoError, Write};
use std::path::{Path, PathBuf};

use cama::files::write_atomic;
use cama::{Error, Result};

use super::picture::picture_of;
use super::table::label;
use crate::outcome::Reach;

const CSV: &str = "results.csv";
const JSON: &str = "results.json";

/// One line a point, with the full precision of its numbers.
pub(super) fn write_csv(folder: &Path, reach: &Reach) -> Result<()> {
    write_atomic(folder.join(CSV), |out| {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(["experiment", "panel", "series", "x", "y", "low", "high", "n", "seeds", "values"])?;
        for outcome in &reach.outcomes {
            let seeds = joined(&outcome.seeds);
            for panel in &outcome.panels {
                for series in &panel.series {
                    for point in &series.points {
                        let x = match panel.x.names {
                            Some(_) => label(panel, point.x),
                            None => point.x.to_string(),
                        };
                        let [low, high] = point.interval.map(|end| end.to_string());
                        csv.write_record([
                            &outcome.name,
                            &panel.title,
                            &series.name,
                            &x,
                            &point.y.to_string(),
                            &low,
                            &high,
                            &point.n.to_string(),
                            &seeds,
                            &joined(&point.values),
                        ])?;
                    }
                }
            }
        }
        csv.flush()
    })
}

fn joined(values: &[impl ToString]) -> String {
    values.iter().map(|value| value.to_string()).collect::<Vec<_>>().join(";")
}

/// The whole of it; pictures are those of the folder.
pub(super) fn write_json(folder: &Path, reach: &Reach) -> Result<()> {
    let mut reach = reach.clone();
    for outcome in &mut reach.outcomes {
        outcome.picture = outcome.picture.is_some().then(|| picture_of(outcome));
    }
    write_atomic(folder.join(JSON), |out| {
        serde_json::to_writer_pretty(&mut *out, &reach).map_err(IoError::other)?;
        writeln!(out)
    })
}

/// Reads the `results.json` of a folder that [`write_report`](super::write_report) wrote, to write the report again
/// without computing.
///
/// # Errors
///
/// If the file is missing or is not such a one.
pub fn read_results(folder: &Path) -> Result<Reach> {
    let path = folder.join(JSON);
    let json = std::fs::read(&path).map_err(Error::io("read", &path))?;
    let mut reach: Reach = serde_json::from_slice(&json).map_err(|error| {
        Error::data(&path, format!("not the results of a report: {error}"), "write the report again")
    })?;
    for picture in reach.outcomes.iter_mut().filter_map(|outcome| outcome.picture.as_mut()) {
        *picture = folder.join(std::mem::take::<PathBuf>(picture));
    }
    Ok(reach)
}
