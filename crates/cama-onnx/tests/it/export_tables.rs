//! Exported restorers of tables give what the library gives.

use std::fmt::Write;
use std::ops::ControlFlow;
use std::sync::OnceLock;

use burn::tensor::{Tensor, TensorData};
use cama::causal::{CausalGraph, Roles};
use cama::data::Dataset;
use cama::data::table::{Cell, LearnOptions, Rows, Schema};
use cama::{Cama, Decision, GeneratorChoice, M, Observed, Outcome, Rule, Verdict, device};
use cama_onnx::{ExportOptions, PROBABILITIES, RESTORED, Undone, export};

use crate::exported::{furthest, run};

const GRAPH: &str = "digraph { sick -> {fever b0 b1 b2 b3 lab cough grade}; age -> {b1 b2}; smoker -> {sick b0}; ward -> sick }";

/// The columns in the order of the file.
const COLUMNS: [&str; 11] =
    ["age", "grade", "fever", "b0", "b1", "b2", "b3", "lab", "cough", "smoker", "ward"];
/// Their codes are their places in the schema, which sorts them.
const WARDS: [&str; 3] = ["east", "north", "south"];

/// Numbers between 0 and 1.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// About normal.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// Rows as text, and as the numbers that a file takes; `moved` is measured by others.
fn patients(n: usize, seed: u64, moved: bool) -> (String, Vec<f32>) {
    let mut random = Random(seed);
    let mut text = format!("sick,{}\n", COLUMNS.join(","));
    let mut numbers = Vec::new();
    for _ in 0..n {
        let (smoker, ward) = (random.uniform() < 0.4, (3.0 * random.uniform()) as usize);
        let chance = 3.0 * random.uniform() + f64::from(u8::from(smoker)) * 0.8 + 0.3 * ward as f64;
        let sick = (chance / 4.4 * 3.0) as usize;
        let (age, effect) = (50.0 + 15.0 * random.normal(), sick as f64);
        let mut values = [
            37.0 + effect + 0.4 * random.normal(),
            2.0 * effect + random.normal() + f64::from(u8::from(smoker)),
            -1.5 * effect + random.normal() + (age - 50.0) / 15.0,
            f64::from(u8::from(sick == 1)) * 3.0 + random.normal() - (age - 50.0) / 30.0,
            random.normal() - effect,
            (2.0 + 1.2 * effect + 0.8 * random.normal()).exp(),
        ];
        if moved {
            values[0] = values[0] * 1.8 + 32.0;
            values[2] -= 5.0;
            values[5] *= 3.0;
        }
        let cough = random.uniform() < 0.2 + 0.3 * effect;
        let grade = 1 + ((effect + 2.0 * random.uniform()) as usize).min(2);
        let [fever, b0, b1, b2, b3, lab] = values;
        let name = WARDS[ward];
        writeln!(text, "s{sick},{age},{grade},{fever},{b0},{b1},{b2},{b3},{lab},{cough},{smoker},{name}")
            .unwrap();
        let truth = |truth: bool| f64::from(u8::from(truth));
        let row = [age, grade as f64, fever, b0, b1, b2, b3, lab, truth(cough), truth(smoker), ward as f64];
        numbers.extend(row.map(|value| value as f32));
    }
    (text, numbers)
}

fn learn(text: &str) -> (Schema, Rows) {
    let folder = tempfile::tempdir().unwrap();
    let (graph, table) = (folder.path().join("graph.dot"), folder.path().join("t.csv"));
    std::fs::write(&graph, GRAPH).unwrap();
    std::fs::write(&table, text).unwrap();
    let roles = Roles::of(&CausalGraph::read(&graph).unwrap(), "sick").unwrap();
    let types = [("grade".to_string(), cama::data::table::ColumnType::Category)].into();
    let (schema, rows, _) =
        Schema::learn(table.to_str().unwrap(), &roles, &LearnOptions { types, ..Default::default() })
            .unwrap();
    (schema, rows)
}

fn read(schema: &Schema, text: &str) -> Rows {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("t.csv");
    std::fs::write(&table, text).unwrap();
    schema.read(table.to_str().unwrap(), false).unwrap().0
}

/// A model of the patients that has learnt a little of everything, with what it learnt from.
fn fitted(generator: GeneratorChoice) -> (Cama, Rows) {
    let (_, rows) = learn(&patients(300, 1, false).0);
    let configure = move |config: &mut cama::FitConfig| {
        config.generator = generator;
        (config.model.z, config.model.network.hidden) = (2, 16);
        (config.train.epochs, config.dream.steps, config.direct.epochs) = (1, 200, 5);
        config.direct.hidden = 16;
    };
    (Cama::builder(&rows).configure(configure).seed(1).fit().unwrap(), rows)
}

fn adapted() -> &'static Cama {
    static ADAPTED: OnceLock<Cama> = OnceLock::new();
    ADAPTED.get_or_init(|| {
        let (cama, clean) = fitted(GeneratorChoice::Factor);
        let moved = read(cama.schema().unwrap(), &patients(200, 2, true).0);
        let adapted = cama.adapt(&moved).clean(&clean).run().unwrap();
        assert_ne!(adapted.report().unwrap().outcome, Outcome::RolledBack);
        adapted
    })
}

/// The file's order of the columns.
fn options() -> ExportOptions {
    ExportOptions { columns: COLUMNS.map(String::from).to_vec(), ..ExportOptions::default() }
}

/// A row of the file after its children were restored by the library.
fn with_children(schema: &Schema, row: &[f32], x: &[f32]) -> Vec<f32> {
    let mut row = row.to_vec();
    for (column, cell) in schema.children().zip(schema.decode_x(x)) {
        let place = COLUMNS.iter().position(|name| *name == column.name).unwrap();
        if let Cell::Number(number) = cell {
            row[place] = number as f32;
        }
    }
    row
}

/// Every value within the rounding of single precision, in the unit of its column.
fn assert_close(found: &[f32], wanted: &[f32]) {
    assert_eq!(found.len(), wanted.len());
    for (i, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        let (row, column) = (i / COLUMNS.len(), COLUMNS[i % COLUMNS.len()]);
        assert!(
            (found - wanted).abs() <= 1e-4 * (1.0 + wanted.abs()),
            "row {row}, {column}: {found} {wanted}"
        );
    }
}

fn observed(rows: &Rows) -> Observed {
    let device = device("cpu").unwrap();
    let tensor = |of: &dyn Fn(usize) -> Vec<f32>| {
        let values: Vec<f32> = (0..rows.len()).flat_map(of).collect();
        let width = values.len() / rows.len();
        Tensor::from_data(TensorData::new(values, [rows.len(), width]), &device)
    };
    Observed {
        a: Some(tensor(&|i| rows.a(i).to_vec())),
        c: Some(tensor(&|i| rows.c(i).to_vec())),
        ..Observed::of_x(tensor(&|i| rows.x(i).to_vec()))
    }
}

fn host(x: Tensor<2>) -> Vec<f32> {
    x.into_data().iter::<f32>().collect()
}

fn decided(cama: &Cama, rows: &Rows) -> Vec<Decision> {
    let mut all = Vec::new();
    let each = |decision| {
        all.push(decision);
        ControlFlow::Continue(())
    };
    cama.predictor()
        .context(cama::ContextFrom::Adapted)
        .rule(Rule::Direct)
        .predict_part(rows, 0, each)
        .unwrap();
    all
}

#[test]
fn a_factor_model_undoes_row_by_row_what_the_library_does_and_leaves_what_it_leaves() {
    let cama = adapted();
    let schema = cama.schema().unwrap();
    let exported = export(cama, &ExportOptions { classifier: true, ..options() }).unwrap();
    assert_eq!(exported.undone(), &Undone::Global);
    // Rows that were moved, rows that were not, and one far from all.
    let parts = [patients(60, 3, true), patients(60, 4, false)];
    let text = parts[0].0.clone() + parts[1].0.split_once('\n').unwrap().1;
    let numbers = [&parts[0].1[..], &parts[1].1[..]].concat();
    let rows = read(schema, &text);
    let decisions = decided(cama, &rows);
    let restored = decisions.iter().filter(|decision| decision.verdict == Verdict::Restored).count();
    assert!((30..115).contains(&restored), "some are restored and some are not: {restored}");
    let wanted: Vec<f32> = decisions
        .iter()
        .zip(numbers.chunks(COLUMNS.len()))
        .flat_map(|(decision, row)| with_children(schema, row, &decision.restored))
        .collect();
    let dims = [rows.len(), COLUMNS.len()];
    assert_close(&run(&exported, &dims, &numbers, RESTORED), &wanted);
    let factors = run(&exported, &dims, &numbers, "log_bayes_factor");
    for (found, decision) in factors.iter().zip(&decisions) {
        let wanted = decision.log_bayes_factor as f32;
        assert!((found - wanted).abs() < 1e-3 + 1e-6 * wanted.abs(), "{found} {wanted}");
    }
    let direct: Vec<f32> =
        decisions.iter().flat_map(|d| d.by_rule.direct.iter().map(|p| *p as f32)).collect();
    assert!(furthest(&run(&exported, &dims, &numbers, PROBABILITIES[0]), &direct) < 1e-4);
    let alone = decisions.iter().flat_map(|d| d.by_rule.direct_alone.iter().map(|p| *p as f32));
    let alone: Vec<f32> = alone.collect();
    assert!(furthest(&run(&exported, &dims, &numbers, PROBABILITIES[1]), &alone) < 1e-4);
}

#[test]
fn another_order_and_other_versions_of_the_operators_give_the_same() {
    let cama = adapted();
    let (_, numbers) = patients(20, 5, true);
    let dims = [20, COLUMNS.len()];
    let wanted = run(&export(cama, &options()).unwrap(), &dims, &numbers, RESTORED);
    for opset in cama_onnx::OPSETS {
        let exported = export(cama, &ExportOptions { opset, ..options() }).unwrap();
        assert_close(&run(&exported, &dims, &numbers, RESTORED), &wanted);
    }
    // That of the schema, unless one is given.
    let names: Vec<&str> = cama.schema().unwrap().columns.iter().map(|column| column.name.as_str()).collect();
    let place = |name: &&str| COLUMNS.iter().position(|known| known == name).unwrap();
    let reordered = |rows: &[f32]| -> Vec<f32> {
        rows.chunks(COLUMNS.len()).flat_map(|row| names.iter().map(|name| row[place(name)])).collect()
    };
    let exported = export(cama, &ExportOptions::default()).unwrap();
    assert_eq!(run(&exported, &dims, &reordered(&numbers), RESTORED), reordered(&wanted));
}

#[test]
fn networks_undo_what_they_infer_of_each_row() {
    let (cama, _) = fitted(GeneratorChoice::Network);
    let exported = export(&cama, &ExportOptions { m: Some(M::Mean), ..options() }).unwrap();
    let schema = cama.schema().unwrap();
    let (text, numbers) = patients(50, 6, true);
    let rows = read(schema, &text);
    let restored = host(cama::restore(cama.model(), &observed(&rows)));
    let wanted: Vec<f32> = restored
        .chunks(schema.x_width())
        .zip(numbers.chunks(COLUMNS.len()))
        .flat_map(|(x, row)| with_children(schema, row, x))
        .collect();
    let found = run(&exported, &[50, COLUMNS.len()], &numbers, RESTORED);
    assert_close(&found, &wanted);
    assert!(furthest(&found, &numbers) > 0.1, "it undoes something");
}

#[test]
fn columns_that_are_not_all_there_are_named() {
    let cama = adapted();
    let with = |columns: &[&str]| {
        let columns = columns.iter().map(|name| name.to_string()).collect();
        export(cama, &ExportOptions { columns, ..ExportOptions::default() }).unwrap_err().to_string()
    };
    assert!(with(&COLUMNS[1..]).contains("`age` is missing"));
    let unknown = with(&["feve"]);
    assert!(unknown.contains("did you mean `fever`?"), "{unknown}");
    assert!(with(&[&COLUMNS[..], &["age"]].concat()).contains("names that differ"));
    let mean = ExportOptions { m: Some(M::Mean), ..options() };
    assert!(
        export(cama, &mean).unwrap_err().to_string().contains("a factor model infers no m of single rows")
    );
}
