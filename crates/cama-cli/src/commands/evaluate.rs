//! `cama evaluate`: a model's score under each manipulation.

use std::io::Write;

use cama::data::Images;
use cama::data::table::Rows;
use cama::manipulation::{Sweep, Sweepable};
use cama::{By, Classifier, Input, StoredModel};
use cama_eval::{Beside, Judged, Row, Shares, evaluate};

use super::attack::{Attacking, Roles, warn_of_masking};
use super::baseline::Against;
use super::load_model;
use crate::flags::EvaluateFlags;
use crate::progress::count;
use crate::session::Session;
use crate::source::Source;
use crate::table::Table;

/// Prints a table, or JSON lines.
///
/// # Errors
///
/// If the model or the data cannot be used.
pub fn run(flags: &EvaluateFlags, session: &Session) -> anyhow::Result<()> {
    let stored = load_model(&flags.model, session)?;
    match stored.model.config().input {
        Input::Image(_) => run_on::<Images>(flags, &stored, session),
        Input::Table(_) => run_on::<Rows>(flags, &stored, session),
    }
}

fn run_on<D: Source>(flags: &EvaluateFlags, stored: &StoredModel, session: &Session) -> anyhow::Result<()> {
    let attacking = Attacking::parse(&flags.attack, &stored.model.config().input)?;
    let roles = Roles::of(&flags.against, !flags.attack.attack.is_empty())?;
    let against = Against::parse(&roles.all())?;
    let classifier = flags.classifier.open(stored)?;
    let beside = if classifier.is_some() { Beside::Other } else { Beside::Head };
    let classifier = classifier.as_ref().map(|classifier| classifier as &dyn Classifier);
    let (decider, mut config) = flags.prediction.decider(stored, classifier, session.seeds.predict)?;
    if flags.prediction.by.is_none() && decider.classifier.is_some() {
        // Every way, side by side.
        config.by = By::Both;
    }
    let manipulations = manipulations(&sweeps::<D>(&flags.manipulate)?, !flags.no_clean);
    let load = |spec: &String| D::load(spec, true, stored, &flags.reading, session);
    let all: Vec<D> = flags.data.iter().map(load).collect::<cama::Result<_>>()?;
    session.detail(|| format!("{} with {config:?}", flags.data.join(", ")));

    let baselines = against.open::<D>(flags, stored, session)?;
    let judged: Vec<Judged> = [Judged::Cama(decider, &config, beside)]
        .into_iter()
        .chain(roles.judged(&baselines).map(|named| Judged::Baseline(&named.name, &named.baseline)))
        .collect();
    let bar = count(
        session,
        all.len() * manipulations.len() * judged.iter().map(Judged::len).sum::<usize>(),
        "evaluating",
    );
    let mut failed = Ok(());
    let mut rows = Vec::new();
    for data in &all {
        rows.extend(evaluate(&judged, data, &manipulations, session.seeds.manipulate, |row| {
            bar.inc(1);
            if flags.json && failed.is_ok() {
                failed = print_json(row);
            }
        })?);
    }
    bar.finish_and_clear();
    rows.extend(attacking.run(&judged, &all, (&roles, &baselines), session, |row| {
        if flags.json && failed.is_ok() {
            failed = print_json(row);
        }
    })?);
    failed?;
    warn_of_masking(&rows, session);
    if !flags.json {
        let text = table(&rows, stored.model.config().input.noun()).plain("");
        write!(std::io::stdout(), "{text}")?;
    }
    Ok(())
}

fn sweeps<D: Source>(specs: &[String]) -> cama::Result<Vec<Sweep<D::Manipulation>>> {
    specs.iter().map(|spec| spec.parse()).collect()
}

/// Every point of every sweep, the clean data first, none twice.
fn manipulations<M: Sweepable + PartialEq>(sweeps: &[Sweep<M>], clean: bool) -> Vec<(f64, M)> {
    let mut all: Vec<(f64, M)> = Vec::new();
    let first = clean.then(|| (0.0, "none".parse().expect("every kind of data can be left as it is")));
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

fn table(rows: &[Row], noun: &str) -> Table {
    // What is the same in all rows is left out.
    let same = |of: fn(&Row) -> &String| rows.iter().all(|row| of(row) == of(&rows[0]));
    let transferred = |row: &Row| row.attack.as_ref().is_some_and(|attack| attack.made_on != row.classifier);
    let named = [!same(|row| &row.data), true, rows.iter().any(transferred), !same(|row| &row.classifier)];
    let joined = |parts: [&str; 4]| {
        let parts = parts.into_iter().zip(named).filter(|(_, named)| *named).map(|(part, _)| part);
        parts.collect::<Vec<_>>().join(", ")
    };
    let first = joined(["data", "manipulation", "made on", "classifier"]);
    let examples = format!("{noun}s");
    let mut table = Table::new([
        first.as_str(),
        "severity",
        "accuracy",
        "95% interval",
        "log p(y|x)",
        "calibration error",
        "log p(x)",
        "restored",
        "unexplained",
        &examples,
    ]);
    for Row { data, classifier, manipulation, severity, score, guard, attack } in rows {
        let [low, high] = score.accuracy_interval;
        let share = |of: fn(&Shares) -> f64| guard.as_ref().map_or("–".into(), |g| format!("{:.3}", of(g)));
        table.row([
            joined([data, manipulation, attack.as_ref().map_or("–", |attack| &attack.made_on), classifier]),
            severity.to_string(),
            format!("{:.4}", score.accuracy),
            format!("{low:.4}–{high:.4}"),
            format!("{:.4}", score.log_likelihood),
            format!("{:.4}", score.calibration_error),
            score.log_px.map_or("–".into(), |log_px| format!("{log_px:.2}")),
            share(|guard| guard.restored),
            share(|guard| guard.unexplained),
            score.n.to_string(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use cama::manipulation::Manipulation;

    use super::*;

    #[test]
    fn clean_data_comes_first_and_nothing_comes_twice() {
        let sweeps =
            ["shift:0..0.2/0.1", "none", "shift:0.1"].map(|spec| Sweep::<Manipulation>::parse(spec).unwrap());
        let names =
            |clean| manipulations(&sweeps, clean).iter().map(|(_, m)| m.to_string()).collect::<Vec<_>>();
        assert_eq!(names(true), ["none", "shift:0", "shift:0.1", "shift:0.2"]);
        assert_eq!(names(false), ["shift:0", "shift:0.1", "shift:0.2", "none"]);
    }
}
