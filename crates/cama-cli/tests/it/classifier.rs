//! A classifier of the user's own beside a model.

use std::fs;
use std::path::Path;

use crate::common::table::put;
use crate::common::{done, model, refused};
use serde_json::Value;

/// A file of the crate that reads ONNX.
fn onnx(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cama-onnx/tests/files");
    folder.join(name).display().to_string()
}

#[test]
fn evaluate_sets_it_alone_beside_it_on_restored_input() {
    let folder = tempfile::tempdir().unwrap();
    let cnn = onnx("mnist-cnn.onnx");
    let args = ["evaluate", "--classifier", &cnn, "--restore-with", model(), "--data", "mnist:test[..200]"];
    let out = done(folder.path(), &[&args[..], &["--samples", "1", "--m", "mean", "--json"]].concat());
    let rows: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = rows.iter().map(|row| row["classifier"].as_str().unwrap()).collect();
    assert_eq!(names, ["external-alone", "external", "bayes", "product"]);
    assert!(rows[0]["accuracy"].as_f64().unwrap() > 0.9, "{out}");
    // The tiny model's q2 has dreamt for a moment: what it restores is worse for anyone, and not the same.
    let unguarded = ["--samples", "1", "--m", "mean", "--json", "--no-guard", "--rule", "direct"];
    let out = done(folder.path(), &[&args[..], &unguarded].concat());
    let rows: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 2);
    assert_ne!(rows[0]["log_likelihood"], rows[1]["log_likelihood"]);
}

#[test]
fn predict_uses_it_in_place_of_the_direct_classifier() {
    let folder = tempfile::tempdir().unwrap();
    let cnn = onnx("mnist-cnn.onnx");
    let args = [
        "predict",
        "--model",
        model(),
        "--classifier",
        &cnn,
        "--rule",
        "direct",
        "--data",
        "mnist:test[..100]",
    ];
    done(folder.path(), &[&args[..], &["--out", "p.csv"]].concat());
    let text = fs::read_to_string(folder.path().join("p.csv")).unwrap();
    let images = cama::data::load("mnist:test[..100]").unwrap();
    let classes = text.lines().skip(1).map(|line| line.split(',').nth(2).unwrap().parse::<usize>().unwrap());
    let right = classes.zip(images.labels().unwrap()).filter(|(class, label)| class == *label).count();
    assert!(right > 90, "{right}");
}

#[test]
fn what_cannot_stand_beside_the_model_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put(folder, "text.onnx", b"this is no network");
    put(folder, "labels.txt", b"0\n1\n2\n3\n4\n5\n6\n7\n8\nnine\n");
    let (cnn, table) = (onnx("mnist-cnn.onnx"), onnx("table-mlp.onnx"));
    let with = |more: &[&str], parts: &[&str]| {
        let args = ["predict", "--model", model(), "--data", "mnist:test[..5]", "--out", "p.csv"];
        refused(folder, &[&args[..], more].concat(), parts, "p.csv");
    };
    with(&["--classifier", "text.onnx"], &["text.onnx"]);
    with(&["--classifier", "absent.onnx"], &["absent.onnx"]);
    with(&["--classifier", &table], &["table-mlp.onnx"]);
    with(&["--classifier", &cnn, "--classifier-labels", "labels.txt"], &["labels.txt", "nine"]);
    with(&["--classifier", &cnn, "--classifier-columns", "a,b"], &["--classifier-columns"]);
    with(&["--classifier", &cnn, "--temperature", "0"], &["temperature"]);
    with(&["--classifier-labels", "labels.txt"], &["--classifier"]);
}
