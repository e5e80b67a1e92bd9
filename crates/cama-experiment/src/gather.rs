//! From finished cells to what came out of an experiment.

use std::collections::{BTreeMap, BTreeSet};

use cama::{Error, Result};
use cama_eval::{Row, signs_of_masking};
use toml::Value;

use crate::agreement::{self, Judgement};
use crate::cell::Cell;
use crate::claims;
use crate::declaration::{Measure, PanelDeclaration, SeriesDeclaration};
use crate::difference::student;
use crate::outcome::{Answers, Axis, Outcome, Panel, Point, Reach, Series};
use crate::plan::{Plan, Planned};
use crate::rows::read_rows;
use crate::store::{Record, Store};

/// What came out of a plan, as far as its cells are there; `command` is the command line of the whole for one experiment,
/// given its file.
///
/// # Errors
///
/// If a judgement does not have the row that a series asks for, or cannot be read.
pub fn gather(plan: &Plan, store: &Store, command: &dyn Fn(&Planned) -> String) -> Result<Reach> {
    let mut reach = Reach { outcomes: Vec::new(), left_out: plan.left_out.clone() };
    for planned in &plan.experiments {
        let cells: Vec<&Cell> = planned.cells.iter().filter_map(|id| plan.cell(id)).collect();
        let records: Vec<Record> = cells.iter().filter_map(|cell| store.finished(cell)).collect();
        let missing = cells.len() - records.len();
        if missing > 0 {
            let reason = format!("{missing} of its {} cells are not computed yet", cells.len());
            reach.left_out.push((planned.declaration.name.clone(), reason));
            continue;
        }
        let outcome = outcome(plan, planned, store, &cells, &records, command(planned));
        reach.outcomes.push(outcome.map_err(|error| match error {
            error @ (Error::Data { .. } | Error::Io { .. }) => error,
            error => Error::data(&planned.declaration.path, error.to_string(), "correct the file"),
        })?);
    }
    Ok(reach)
}

fn outcome(
    plan: &Plan,
    planned: &Planned,
    store: &Store,
    cells: &[&Cell],
    records: &[Record],
    command: String,
) -> Result<Outcome> {
    let declaration = &planned.declaration;
    let mut panels = Vec::new();
    // By what is judged: the same model or baseline under one attack after another, with the first series that shows it.
    let mut judged: BTreeMap<String, (&str, Vec<Row>)> = BTreeMap::new();
    let mut judgements = Vec::new();
    for (declared, points) in declaration.panels.iter().zip(&planned.panels) {
        let mut drawn = Vec::new();
        for (series, points) in declared.series.iter().zip(&points.series) {
            let mut all = Vec::new();
            for (x, cells) in points {
                let mut rows = Vec::new();
                let mut examples = Vec::new();
                for id in cells {
                    let cell = plan.cell(id).expect("every cell of a plan is in it");
                    let row = row(cell, store, series)?;
                    let (_, of) = judged.entry(judged_of(cell, store)).or_insert((&series.name, Vec::new()));
                    if !of.contains(&row) {
                        of.push(row.clone());
                    }
                    judgements.push(Judgement { place: (&series.name, *x), cell, row: row.clone() });
                    rows.push(row);
                    examples.push(cell.written().get("data").map(Value::to_string).unwrap_or_default());
                }
                all.push(point(*x, rows, examples, declared.y.measure));
            }
            drawn.push(Series { name: series.name.clone(), points: all });
        }
        panels.push(panel(declared, points.names.clone(), drawn));
    }
    let signs = judged.values().flat_map(|(name, rows)| {
        signs_of_masking(rows).into_iter().map(move |sign| format!("{name}: {sign}"))
    });
    let mut warnings: BTreeSet<String> = signs.collect();
    warnings.extend(agreement::warning(&plan.cells, &judgements));
    for (cell, record) in cells.iter().zip(records) {
        warnings
            .extend(record.warnings.iter().map(|warning| format!("{}: {}", cell.command, placed(warning))));
    }
    let of = |pick: fn(&Record) -> &String| records.iter().map(pick).cloned().collect::<BTreeSet<_>>();
    Ok(Outcome {
        name: declaration.name.clone(),
        title: declaration.title.clone(),
        paper: declaration.paper.clone(),
        about: declaration.about.clone(),
        scale: planned.scale.name().into(),
        claims: declaration.claims.iter().map(|claim| claims::judge(claim, &panels)).collect(),
        panels: shown(panels, &declaration.panels),
        picture: planned
            .picture
            .as_ref()
            .and_then(|id| plan.cell(id))
            .map(|cell| cell.result_in(store.folder())),
        settings: settings(planned),
        seeds: planned.seeds.clone(),
        command,
        steps: steps(cells, records),
        seconds: records.iter().map(|record| record.seconds).sum(),
        machines: of(|record| &record.machine).into_iter().collect(),
        date: of(|record| &record.date).pop_last().unwrap_or_default(),
        warnings: counted(warnings),
    })
}

/// The panels with the series that are drawn.
fn shown(panels: Vec<Panel>, declared: &[PanelDeclaration]) -> Vec<Panel> {
    let drawn = |(panel, declared): (Panel, &PanelDeclaration)| {
        let series = panel.series.into_iter().zip(&declared.series);
        let series = series.filter(|(_, declared)| declared.shown).map(|(series, _)| series).collect();
        Panel { series, ..panel }
    };
    panels.into_iter().zip(declared).map(drawn).collect()
}

/// What a judgement is of: the model's or the baseline's folder.
fn judged_of(cell: &Cell, store: &Store) -> String {
    let flags = cell.flags(store.folder());
    let of = ["model", "baseline"].iter().find_map(|key| flags.get(*key));
    of.map(Value::to_string).unwrap_or_default()
}

/// A warning without the folder in which its cell was under way, which is gone.
fn placed(warning: &str) -> String {
    let word = |word: &str| match word.split_once(".partial-") {
        Some((before, path)) => {
            let opening = if before.starts_with('(') { "(" } else { "" };
            format!("{opening}{}", path.rsplit('/').next().unwrap_or_default())
        }
        None => word.to_string(),
    };
    warning.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Warnings that differ in numbers or paths only are listed once.
fn counted(warnings: BTreeSet<String>) -> Vec<String> {
    let mut kinds: Vec<(String, String, usize)> = Vec::new();
    for warning in warnings {
        let words = warning.split(' ').filter(|word| !word.contains('/'));
        let kind: String = words.flat_map(str::chars).filter(|c| !c.is_ascii_digit()).collect();
        match kinds.iter_mut().find(|(known, ..)| *known == kind) {
            Some((.., n)) => *n += 1,
            None => kinds.push((kind, warning, 1)),
        }
    }
    let listed = |(_, warning, n): (String, String, usize)| match n {
        1 => warning,
        n => format!("{warning} (and {} more like it)", n - 1),
    };
    kinds.into_iter().map(listed).collect()
}

fn panel(declared: &PanelDeclaration, names: Option<Vec<String>>, series: Vec<Series>) -> Panel {
    let x = Axis {
        label: declared.x.label.clone(),
        range: declared.x.range,
        names,
        logarithmic: declared.x.logarithmic,
    };
    let y =
        Axis { label: declared.y.label.clone(), range: declared.y.range, names: None, logarithmic: false };
    Panel { title: declared.title.clone(), x, y, series }
}

/// The one row of a judgement that a series asks for.
fn row(cell: &Cell, store: &Store, series: &SeriesDeclaration) -> Result<Row> {
    let path = cell.result_in(store.folder());
    let rows = read_rows(&path)?;
    let made_on = |row: &Row| row.attack.as_ref().map(|attack| attack.made_on.clone());
    let asked = |row: &&Row| {
        series.row.as_ref().is_none_or(|name| *name == row.classifier)
            && series.made_on.as_ref().is_none_or(|name| made_on(row).as_ref() == Some(name))
    };
    let found: Vec<&Row> = rows.iter().filter(asked).collect();
    match found[..] {
        [row] => Ok(row.clone()),
        _ => {
            let name = |row: &Row| match made_on(row) {
                Some(made_on) => format!("{} (made_on {made_on})", row.classifier),
                None => row.classifier.clone(),
            };
            let there: Vec<String> = rows.iter().map(name).collect();
            Err(Error::config(
                "row",
                series.row.as_deref().unwrap_or("not given"),
                format!(
                    "for series `{}` one of the judged rows, distinguished by made_on: {}",
                    series.name,
                    there.join(", ")
                ),
            ))
        }
    }
}

/// The mean over the seeds' rows, of which `examples` are the data that they judged.
fn point(x: f64, rows: Vec<Row>, examples: Vec<String>, measure: Measure) -> Point {
    let value = |row: &Row| match measure {
        Measure::Accuracy => row.score.accuracy,
        Measure::LogLikelihood => row.score.log_likelihood,
        Measure::CalibrationError => row.score.calibration_error,
    };
    let values: Vec<f64> = rows.iter().map(value).collect();
    // All seeds judge the same examples.
    let n = rows.first().map_or(0, |row| row.score.n);
    let y = values.iter().sum::<f64>() / values.len() as f64;
    let over_seeds = student(&values);
    let interval = match measure {
        Measure::Accuracy => {
            let over_examples = cama_eval::wilson((y * n as f64).round() as usize, n);
            match over_seeds {
                Some([low, high]) => {
                    [low.min(over_examples[0]).max(0.0), high.max(over_examples[1]).min(1.0)]
                }
                None => over_examples,
            }
        }
        _ => over_seeds.unwrap_or([y, y]),
    };
    let judged = match measure {
        Measure::Accuracy => {
            let correct = rows.into_iter().map(|row| row.score.correct);
            examples
                .into_iter()
                .zip(correct)
                .map(|(examples, correct)| Answers { examples, correct })
                .collect()
        }
        _ => Vec::new(),
    };
    Point { x, y, interval, values, n, judged }
}

/// The values that were used, as text.
fn settings(planned: &Planned) -> Vec<(String, String)> {
    let shown = |(key, value): (&String, &Value)| match value {
        Value::String(text) => (key.clone(), text.clone()),
        other => (key.clone(), other.to_string()),
    };
    planned.values.iter().filter(|(key, _)| !["seeds", "scale"].contains(&key.as_str())).map(shown).collect()
}

/// One command line for each command with the same flags' names.
fn steps(cells: &[&Cell], records: &[Record]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut steps = Vec::new();
    for (cell, record) in cells.iter().zip(records) {
        let flags = cell.flags("".as_ref());
        // What is adapted to what, or judged on what, changes from point to point; the rest does not.
        let varying = ["data", "model", "baseline", "manipulate", "attack", "portion", "do", "from"];
        let fixed: Vec<String> = flags
            .iter()
            .filter(|(key, _)| !varying.contains(&key.as_str()))
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        if seen.insert((cell.command.clone(), fixed)) {
            steps.push(record.command.clone());
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_do_not_name_folders_that_are_gone() {
        let text = placed("some stay (/a/cells/.partial-ab-x/out/verdicts.csv says which) so");
        assert_eq!(text, "some stay (verdicts.csv says which) so");
    }

    #[test]
    fn warnings_that_differ_in_numbers_are_listed_once() {
        let warnings = ["a/b.csv: else", "c/d.csv: else"].map(String::from).into_iter().collect();
        assert_eq!(counted(warnings), ["a/b.csv: else (and 1 more like it)"]);
        let warnings = ["lost 3 points", "lost 4 points", "else"].map(String::from).into_iter().collect();
        assert_eq!(counted(warnings), ["else", "lost 3 points (and 1 more like it)"]);
    }
}
