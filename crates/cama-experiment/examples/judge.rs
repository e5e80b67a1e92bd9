//! Judges the claims of experiments by values that were recorded, a `results.csv` or a part of it: the cells are not needed.
//!
//! ```sh
//! cargo run --release -p cama-experiment --example judge -- results/experiments/protocol/measurements.csv experiments/fig12.toml
//! ```
//!
//! Series that are not drawn are not recorded. One that is of clean data (`…, on clean rows`) is the same at every point, and
//! is taken from where the drawn series has no manipulation; claims that need another one say that it was not measured.

use std::path::{Path, PathBuf};

use cama_experiment::{Axis, Declaration, Holds, Panel, Point, Series, judge};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut paths = std::env::args().skip(1).map(PathBuf::from);
    let recorded = paths.next().ok_or("give a results.csv, and experiments")?;
    let experiments: Vec<PathBuf> = paths.collect();
    for declaration in Declaration::read_all(&experiments)? {
        let mut panels = panels(&recorded, &declaration.name)?;
        panels.iter_mut().for_each(add_clean);
        println!("### {}\n\n| claim | measured here | |\n|---|---|---|", declaration.name);
        for claim in &declaration.claims {
            let judged = judge(claim, &panels);
            let holds = match judged.holds {
                Holds::Yes => "holds",
                Holds::Partly => "holds partly",
                Holds::No => "does not hold",
                Holds::Unknown => "not measured",
            };
            let whose = if judged.by_paper { "" } else { "ours: " };
            println!("| {whose}{} | {} | {holds} |", judged.says, judged.numbers);
        }
        println!();
    }
    Ok(())
}

/// What was recorded of one experiment; names on an axis become the places 0, 1, 2, ….
fn panels(path: &Path, experiment: &str) -> Result<Vec<Panel>, Box<dyn std::error::Error>> {
    let mut panels: Vec<Panel> = Vec::new();
    for record in csv::Reader::from_path(path)?.records() {
        let record = record?;
        if record[0] != *experiment {
            continue;
        }
        let axis = || Axis { label: String::new(), range: None, names: None, logarithmic: false };
        if !panels.iter().any(|panel| panel.title == record[1]) {
            panels.push(Panel { title: record[1].into(), x: axis(), y: axis(), series: Vec::new() });
        }
        let panel = panels.iter_mut().find(|panel| panel.title == record[1]).ok_or("no panel")?;
        let x = match record[3].parse() {
            Ok(x) => x,
            Err(_) => {
                let names = panel.x.names.get_or_insert_default();
                let place = names.iter().position(|name| *name == record[3]).unwrap_or(names.len());
                if place == names.len() {
                    names.push(record[3].into());
                }
                place as f64
            }
        };
        let values: Result<Vec<f64>, _> = record[9].split(';').map(str::parse).collect();
        let point = Point {
            x,
            y: record[4].parse()?,
            interval: [record[5].parse()?, record[6].parse()?],
            n: record[7].parse()?,
            values: values?,
            judged: Vec::new(),
        };
        match panel.series.iter_mut().find(|series| series.name == record[2]) {
            Some(series) => series.points.push(point),
            None => panel.series.push(Series { name: record[2].into(), points: vec![point] }),
        }
    }
    Ok(panels)
}

/// Adds the series on clean data that are not drawn.
fn add_clean(panel: &mut Panel) {
    let mut clean = Vec::new();
    for series in &panel.series {
        let Some(unmanipulated) = series.points.iter().find(|point| point.x == 0.0) else { continue };
        for noun in ["rows", "digits"] {
            let name = format!("{}, on clean {noun}", series.name);
            if panel.series.iter().all(|series| series.name != name) {
                let points = series.points.iter().map(|point| Point { x: point.x, ..unmanipulated.clone() });
                clean.push(Series { name, points: points.collect() });
            }
        }
    }
    panel.series.extend(clean);
}
