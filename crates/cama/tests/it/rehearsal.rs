//! Rehearsal where networks make the rows of a table: what it learns decides what adaptation keeps.

use std::ops::ControlFlow;

use cama::causal::structural::{Simulation, StructuralConfig, StructuralModel};
use cama::causal::{CausalGraph, Roles};
use cama::data::Dataset;
use cama::data::table::{LearnOptions, Rows, Schema};
use cama::manipulation::TableManipulation;
use cama::{Cama, GeneratorChoice, Outcome, Rule, Trial};

/// Rows of a simulated table.
fn simulated(rows: u64) -> Rows {
    let folder = tempfile::tempdir().unwrap();
    let model = StructuralModel::draw(&StructuralConfig::default(), 1).unwrap();
    let simulation = Simulation { model, rows: 0..rows, interventions: vec![] };
    simulation.save(folder.path(), "", &mut |_| ControlFlow::Continue(())).unwrap();
    let graph = CausalGraph::read(&folder.path().join("graph.dot")).unwrap();
    let table = folder.path().join("table.csv").display().to_string();
    Schema::learn(&table, &Roles::of(&graph, "Y").unwrap(), &LearnOptions::default()).unwrap().1
}

fn accuracy(cama: &Cama, rows: &Rows) -> f64 {
    let decided = cama.predict(rows).unwrap();
    let right = decided.iter().zip(rows.labels().unwrap()).filter(|(d, y)| d.class == **y).count();
    right as f64 / rows.len() as f64
}

/// Damage that a shift and a scale of every column undo is repaired, and exchanged columns are left alone.
#[test]
fn networks_rehearse_what_their_rows_can_be_repaired_of() {
    let rows = simulated(3000);
    let [train, others] = [0..2400, 2400..3000].map(|part| rows.select(&part.collect::<Vec<_>>()));
    let choose = |config: &mut cama::FitConfig| config.generator = GeneratorChoice::Network;
    let cama = Cama::builder(&train).seed(1).configure(choose).fit().unwrap();
    let trials = &cama.rehearsal().trials;
    let trial = |damage: &str| trials.iter().find(|trial| trial.damage == damage).expect("rehearsed");
    assert!(trials.iter().filter(|trial| trial.is_right()).count() >= 9, "{trials:#?}");
    let repaired = |Trial { kept, before, after, .. }: &Trial| *kept && after - before > 0.2;
    assert!(repaired(trial("large shifts")), "{trials:#?}");
    assert!(!trial("none").kept && !trial("columns exchanged").kept, "{trials:#?}");
    // Bayes' rule follows co-parents; the product is for models of which it is the better on clean rows.
    assert_eq!(cama.predictor().best_rule(), Rule::Bayes);

    let adapted_to = |rows: &Rows| cama.adapt(&rows.clone().without_labels()).seed(1).run().unwrap();
    let clean = accuracy(&cama, &others);
    let shifted = TableManipulation::parse("shift:X*:2").unwrap().apply_seeded(&others, 1).unwrap();
    let (before, adapted) = (accuracy(&cama, &shifted), adapted_to(&shifted));
    assert_eq!(adapted.report().unwrap().outcome, Outcome::Adapted, "{:?}", adapted.report());
    let after = accuracy(&adapted, &shifted);
    assert!(before < clean - 0.2 && after > clean - 0.05, "{before} {after} {clean}");

    // No shift and no scale undoes noise.
    let noisy = TableManipulation::parse("noise:X*:1.5").unwrap().apply_seeded(&others, 1).unwrap();
    let (before, adapted) = (accuracy(&cama, &noisy), adapted_to(&noisy));
    let after = accuracy(&adapted, &noisy);
    // Within two standard errors of a paired difference.
    assert!(after > before - 0.03, "{before} {after} {:?}", adapted.report());
    assert_eq!(adapted_to(&others).report().unwrap().outcome, Outcome::RolledBack);
}
