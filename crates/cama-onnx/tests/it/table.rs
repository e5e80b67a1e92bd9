//! scikit-learn's classifiers give here what they give there.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use burn::tensor::{Tensor, TensorData};
use cama::causal::{CausalGraph, Roles};
use cama::data::Dataset;
use cama::data::table::{ColumnType, LearnOptions, Rows, Schema};
use cama::{Classifier, Observed, Result, device};
use cama_onnx::{OnnxClassifier, OnnxOptions, OutputKind, Reads};
use serde::Deserialize;

const GRAPH: &str =
    "digraph { state -> {pressure weight}; smoker -> {state pressure}; ward -> {state weight} }";

fn files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files")
}

/// What scikit-learn says about the first rows.
#[derive(Deserialize)]
struct Reference {
    classes: Vec<String>,
    probabilities: Vec<Vec<f32>>,
}

fn references() -> HashMap<String, Reference> {
    serde_json::from_slice(&std::fs::read(files().join("table.json")).unwrap()).unwrap()
}

/// The table as a model has it, with the ward as a category.
fn table() -> (Schema, Rows) {
    let folder = tempfile::tempdir().unwrap();
    let graph = folder.path().join("graph.dot");
    std::fs::write(&graph, GRAPH).unwrap();
    let roles = Roles::of(&CausalGraph::read(&graph).unwrap(), "state").unwrap();
    let options = LearnOptions {
        types: [("ward".to_string(), ColumnType::Category)].into(),
        ..LearnOptions::default()
    };
    let (schema, rows, _) =
        Schema::learn(files().join("table.csv").to_str().unwrap(), &roles, &options).unwrap();
    (schema, rows)
}

/// The order of the columns in the file.
fn order() -> Vec<String> {
    cama::data::table::columns(files().join("table.csv").to_str().unwrap()).unwrap()
}

fn observed(rows: &Rows, n: usize) -> Observed {
    let device = device("cpu").unwrap();
    let tensor = |of: &dyn Fn(usize) -> Vec<f32>| {
        let values: Vec<f32> = (0..n).flat_map(of).collect();
        let width = values.len() / n;
        (width > 0).then(|| Tensor::from_data(TensorData::new(values, [n, width]), &device))
    };
    Observed {
        a: tensor(&|i| rows.a(i).to_vec()),
        c: tensor(&|i| rows.c(i).to_vec()),
        ..Observed::of_x(tensor(&|i| rows.x(i).to_vec()).unwrap())
    }
}

fn open_with(
    name: &str,
    options: &OnnxOptions,
    order: Vec<String>,
    classes: &[String],
) -> Result<OnnxClassifier> {
    let path = files().join(format!("table-{name}.onnx"));
    OnnxClassifier::open(&path, options, Reads::Table { schema: table().0, order }, classes)
}

fn open(name: &str, classes: &[String]) -> OnnxClassifier {
    open_with(name, &OnnxOptions::default(), order(), classes).unwrap()
}

/// p(y|x), `[row][class]`.
fn probabilities(classifier: &OnnxClassifier, observed: &Observed) -> Vec<Vec<f32>> {
    let logs = classifier.log_probabilities(observed, &mut []).unwrap();
    let values: Vec<f32> = logs.into_data().iter::<f32>().map(f32::exp).collect();
    values.chunks(classifier.classes()).map(<[f32]>::to_vec).collect()
}

fn text(result: Result<OnnxClassifier>) -> String {
    result.err().expect("an error").to_string()
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| name.to_string()).collect()
}

#[test]
fn every_export_gives_scikit_learns_probabilities_whatever_the_order_of_the_classes() {
    let (_, rows) = table();
    let references = references();
    assert_eq!(references.len(), 13);
    for (name, reference) in &references {
        let n = reference.probabilities.len();
        let observed = observed(&rows, n);
        let mut classes = reference.classes.clone();
        // Those that keep the names of their classes in the file are put in the model's order by them.
        if !["mlp", "logistic-double"].contains(&name.as_str()) {
            classes.reverse();
        }
        let classifier = open(name, &classes);
        for (row, (ours, theirs)) in
            probabilities(&classifier, &observed).iter().zip(&reference.probabilities).enumerate()
        {
            for (class, p) in classes.iter().zip(ours) {
                let place = reference.classes.iter().position(|name| name == class).unwrap();
                assert!(
                    (p - theirs[place]).abs() < 1e-4,
                    "{name}, row {row}, {class}: {p}, not {}",
                    theirs[place]
                );
            }
        }
        let scores = name == "logistic-scores";
        let kind = if scores { OutputKind::Logits } else { OutputKind::Probabilities };
        assert_eq!(classifier.output_kind(), kind, "{name}");
    }
}

#[test]
fn columns_may_be_given_in_another_order_than_the_files() {
    let (_, rows) = table();
    let reference = &references()["logistic"];
    let observed = observed(&rows, 5);
    let given =
        OnnxOptions { columns: strings(&["pressure", "smoker", "weight", "ward"]), ..OnnxOptions::default() };
    // As long as they are given, nobody asks for the file's order.
    let right = open_with("logistic", &given, vec![], &reference.classes).unwrap();
    let swapped = OnnxOptions { columns: strings(&["pressure", "ward", "weight", "smoker"]), ..given };
    let swapped = open_with("logistic", &swapped, order(), &reference.classes).unwrap();
    let (right, swapped) = (probabilities(&right, &observed), probabilities(&swapped, &observed));
    let apart = |a: &[Vec<f32>], b: &[Vec<f32>]| {
        a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    assert!(apart(&right, &reference.probabilities[..5]) < 1e-4);
    assert!(apart(&right, &swapped) > 0.1);
}

#[test]
fn columns_that_do_not_fit_are_named() {
    let classes = strings(&["grave", "ill", "well"]);
    let columns = |names: &[&str]| OnnxOptions { columns: strings(names), ..OnnxOptions::default() };
    for (name, options, part) in [
        (
            "mlp",
            columns(&["pressure", "wight", "smoker", "ward"]),
            "unknown column of the model `wight` (did you mean `weight`?)",
        ),
        ("mlp", columns(&["pressure", "weight"]), "it takes 4 columns, not these 2: pressure, weight"),
        (
            "mlp",
            columns(&["ward", "weight", "ward", "smoker"]),
            "classifier.columns[2] = ward: must be names that differ",
        ),
        ("logistic-columns", columns(&["ward", "weight"]), "4 inputs do not take 2 columns"),
    ] {
        let text = text(open_with(name, &options, order(), &classes));
        assert!(text.contains(part), "{text}");
    }
    let text = text(open_with("mlp", &OnnxOptions::default(), vec![], &classes));
    assert!(
        text.contains(
            "table-mlp.onnx: its input is `x, FLOAT [?, 4]`: the order of the columns is not known"
        ),
        "{text}"
    );
}

#[test]
fn a_category_that_is_no_number_is_named() {
    let (mut schema, _) = table();
    let ward = schema.columns.iter_mut().find(|column| column.name == "ward").unwrap();
    ward.kind = cama::data::table::Kind::Category { values: strings(&["1", "2", "3", "north"]) };
    let reads = Reads::Table { schema, order: order() };
    let path = files().join("table-forest.onnx");
    let classes = strings(&["grave", "ill", "well"]);
    let text = text(OnnxClassifier::open(&path, &OnnxOptions::default(), reads, &classes));
    assert!(text.contains("column `ward` holds names that are none"), "{text}");
}

#[test]
fn classes_are_the_models_or_said_by_a_file() {
    let open = |name, classes: &[&str], labels: Option<PathBuf>| {
        let options = OnnxOptions { labels, ..OnnxOptions::default() };
        open_with(name, &options, order(), &strings(classes))
    };
    let error = text(open("logistic", &["a", "b", "c"], None));
    assert!(
        error.contains("its classes are grave, ill, well, the model's a, b, c; say with --classifier-labels"),
        "{error}"
    );
    let error = text(open("logistic", &["well", "ill"], None));
    assert!(error.contains("it gives 3 values for each example, and the model has 2 classes"), "{error}");
    let labels = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(labels.path(), "0,c\n1,a\n2,b\n").unwrap();
    let renamed = open("logistic", &["a", "b", "c"], Some(labels.path().into())).unwrap();
    let reference = &references()["logistic"].probabilities[0];
    let ours = &probabilities(&renamed, &observed(&table().1, 1))[0];
    assert!(
        ours.iter().zip([1, 2, 0]).all(|(p, place)| (p - reference[place]).abs() < 1e-4),
        "{ours:?} {reference:?}"
    );
    std::fs::write(labels.path(), "c\na\nd\n").unwrap();
    let error = text(open("logistic", &["a", "b", "c"], Some(labels.path().into())));
    assert!(error.contains("class `d` is not one of the model"), "{error}");
}

#[test]
fn images_are_no_rows() {
    let path = files().join("mnist-cnn.onnx");
    let classes: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
    let reads = Reads::Table { schema: table().0, order: order() };
    let text = text(OnnxClassifier::open(&path, &OnnxOptions::default(), reads, &classes));
    assert!(text.contains("image, FLOAT [?, 1, 28, 28]`: rows are not given in such a shape"), "{text}");
}
