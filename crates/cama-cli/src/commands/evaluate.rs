//! `cama evaluate`: a model's score under each manipulation.

use std::io::Write;

use cama::manipulation::{Manipulation, Sweep};
use cama_eval::{Row, evaluate};

use super::{load_labelled, load_model};
use crate::flags::EvaluateFlags;
use crate::progress::count;
use crate::session::Session;
use crate::table::Table;

/// Prints a table, or JSON lines.
///
/// # Errors
///
/// If the model or the images cannot be used.
pub fn run(flags: &EvaluateFlags, session: &Session) -> anyhow::Result<()> {
    let stored = load_model(&flags.model, session)?;
    let config = flags.prediction.config(&stored.card, session.seeds.predict)?;
    let images = load_labelled(&flags.data, &stored, session)?;
    let manipulations = manipulations(&flags.manipulate, !flags.no_clean);
    session.detail(|| format!("{} with {config:?}", images.name()));

    let bar = count(session, manipulations.len(), "evaluating");
    let mut failed = Ok(());
    let rows = evaluate(&stored.model, &images, &manipulations, &config, session.seeds.manipulate, |row| {
        bar.inc(1);
        if flags.json && failed.is_ok() {
            failed = print_json(row);
        }
    })?;
    bar.finish_and_clear();
    failed?;
    if !flags.json {
        write!(std::io::stdout(), "{}", table(&rows).plain(""))?;
    }
    Ok(())
}

/// Every point of every sweep, the clean images first, none twice.
fn manipulations(sweeps: &[Sweep], clean: bool) -> Vec<(f64, Manipulation)> {
    let mut all: Vec<(f64, Manipulation)> = Vec::new();
    let first = clean.then(|| (0.0, Manipulation::none()));
    for point in first.into_iter().chain(sweeps.iter().flat_map(|sweep| sweep.points().to_vec())) {
        if !all.contains(&point) {
            all.push(point);
        }
    }
    all
}

fn print_json(row: &Row) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{}", serde_json::to_string(row)?)?;
    Ok(())
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new([
        "manipulation",
        "severity",
        "accuracy",
        "95% interval",
        "log p(y|x)",
        "calibration error",
        "log p(x)",
        "images",
    ]);
    for Row { manipulation, severity, score } in rows {
        let [low, high] = score.accuracy_interval;
        table.row([
            manipulation.clone(),
            severity.to_string(),
            format!("{:.4}", score.accuracy),
            format!("{low:.4}–{high:.4}"),
            format!("{:.4}", score.log_likelihood),
            format!("{:.4}", score.calibration_error),
            score.log_px.map_or_else(String::new, |log_px| format!("{log_px:.2}")),
            score.n.to_string(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_images_come_first_and_nothing_comes_twice() {
        let sweeps = ["shift:0..0.2/0.1", "none", "shift:0.1"].map(|spec| Sweep::parse(spec).unwrap());
        let names =
            |clean| manipulations(&sweeps, clean).iter().map(|(_, m)| m.to_string()).collect::<Vec<_>>();
        assert_eq!(names(true), ["none", "shift:0", "shift:0.1", "shift:0.2"]);
        assert_eq!(names(false), ["shift:0", "shift:0.1", "shift:0.2", "none"]);
    }
}
