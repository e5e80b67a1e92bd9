//! Adapted models that answer as if they had not been adapted.

use std::collections::HashMap;

use cama_eval::Row;
use toml::{Table, Value};

use crate::cell::Cell;

/// A judgement: where it is shown, its cell, and what came of it.
pub struct Judgement<'a> {
    /// The series, and where on the axis.
    pub place: (&'a str, f64),
    /// The cell that judged.
    pub cell: &'a Cell,
    /// The row that the series shows.
    pub row: Row,
}

/// Flags that say how a model is judged, and not on what.
const HOW: [&str; 2] = ["m", "no-guard"];

/// A warning if adapted models are judged exactly as the models that they were made of: to the last digit of every score, on
/// the same data. What was adapted then decided nothing: it was not kept, or a guard set it aside.
pub fn warning(cells: &[Cell], judgements: &[Judgement]) -> Option<String> {
    let by_place: HashMap<(String, String), &Judgement> = judgements
        .iter()
        .map(|judgement| ((key(judgement.cell, None), name(judgement)), judgement))
        .collect();
    let mut pairs = 0;
    let mut same: Vec<&Judgement> = Vec::new();
    for judgement in judgements {
        let Some(from) = adapted_from(cells, judgement.cell) else { continue };
        let Some(before) = by_place.get(&(key(judgement.cell, Some(from)), name(judgement))) else {
            continue;
        };
        pairs += 1;
        if before.row.score == judgement.row.score {
            same.push(judgement);
        }
    }
    let mut places: Vec<(&str, Vec<String>)> = Vec::new();
    for (series, x) in same.iter().map(|judgement| judgement.place) {
        match places.iter_mut().find(|(known, _)| *known == series) {
            Some((_, all)) if all.contains(&x.to_string()) => {}
            Some((_, all)) => all.push(x.to_string()),
            None => places.push((series, vec![x.to_string()])),
        }
    }
    let places: Vec<String> =
        places.iter().map(|(series, all)| format!("`{series}` at {}", all.join(", "))).collect();
    (!same.is_empty()).then(|| {
        format!(
            "{} of {pairs} judgements of adapted models agree to the last digit with those of the model that was adapted ({}): \
             there adaptation decided nothing, as it was not kept or a guard set it aside; `cama info` of the adapted model says \
             which",
            same.len(),
            places.join("; ")
        )
    })
}

/// The model that the judged model was adapted from, as flags refer to it.
fn adapted_from<'a>(cells: &'a [Cell], cell: &Cell) -> Option<&'a Value> {
    let judged = cell.written().get("model")?.as_str()?;
    let made = cells.iter().find(|made| made.command == "adapt" && judged == Cell::reference(&made.id))?;
    made.written().get("model")
}

/// What a cell judges on: its flags less those that say how, with `model` in place of its own.
fn key(cell: &Cell, model: Option<&Value>) -> String {
    let flags: Table = cell
        .written()
        .iter()
        .filter(|(key, _)| !HOW.contains(&key.as_str()))
        .map(|(key, value)| match (key.as_str(), model) {
            ("model", Some(model)) => (key.clone(), model.clone()),
            _ => (key.clone(), value.clone()),
        })
        .collect();
    format!("{} {} {flags}", cell.command, cell.seed)
}

/// The row of the judgement.
fn name(judgement: &Judgement) -> String {
    let made_on = judgement.row.attack.as_ref().map(|attack| attack.made_on.clone());
    format!("{} {made_on:?} {}", judgement.row.classifier, judgement.row.manipulation)
}

#[cfg(test)]
mod tests {
    use cama_eval::Score;

    use super::*;

    fn cell(command: &str, flags: &[(&str, String)]) -> Cell {
        let flags =
            flags.iter().map(|(key, value)| (key.to_string(), Value::String(value.clone()))).collect();
        Cell::new(command, flags, 1, vec![], &[])
    }

    fn row(right: usize) -> Row {
        let labels: Vec<usize> = (0..10).map(|i| usize::from(i >= right)).collect();
        Row {
            data: "d".into(),
            classifier: "bayes".into(),
            manipulation: "none".into(),
            severity: 0.0,
            score: Score::of_probabilities(&vec![vec![0.6, 0.4]; 10], &labels).unwrap(),
            guard: None,
            attack: None,
        }
    }

    #[test]
    fn adapted_models_that_answer_as_before_are_noticed() {
        let train = cell("train", &[("data", "d".into())]);
        let model = |cell: &Cell| ("model", Cell::reference(&cell.id));
        let adapt = cell("adapt", &[model(&train), ("data", "u".into())]);
        let judge = |of: &Cell, more: &[(&str, String)]| {
            cell("evaluate", &[&[model(of), ("data", "t".to_string())], more].concat())
        };
        let before = judge(&train, &[]);
        let after = judge(&adapt, &[("no-guard", "true".into())]);
        let cells = vec![train, adapt.clone(), before.clone(), after.clone()];
        let judged = |after: &Cell, right| {
            let judgement = |name, cell, right| Judgement { place: (name, 0.3), cell, row: row(right) };
            warning(&cells, &[judgement("clean", &before, 5), judgement("adapted", after, right)])
        };
        let said = judged(&after, 5).unwrap();
        assert!(said.starts_with("1 of 1 judgements") && said.contains("`adapted` at 0.3"), "{said}");
        assert_eq!(judged(&after, 6), None);
        // On other data they cannot be compared.
        assert_eq!(judged(&judge(&adapt, &[("manipulate", "noise:0.1".into())]), 5), None);
    }
}
