//! `cama export`: the restorer as an ONNX file.

use serde_json::Value;

use crate::common::{done, model, refused, run};

#[test]
fn what_is_exported_is_told_and_can_be_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let args = ["export", "--model", model(), "--onnx", "r.onnx", "--m", "mean", "--with-classifier"];
    let ran = run(folder, &args);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("input  image, FLOAT [?, 1, 28, 28]"), "{}", ran.out);
    assert!(ran.out.contains("output restored, FLOAT [?, 1, 28, 28]"), "{}", ran.out);
    assert!(ran.out.contains("output probabilities, FLOAT [?, 10]"), "{}", ran.out);
    assert!(ran.err.contains("no guard is exported"), "{}", ran.err);
    refused(folder, &args, &["r.onnx", "--force"], "");
    let said: Value =
        serde_json::from_str(&done(folder, &[&args[..], &["--force", "--json"]].concat())).unwrap();
    assert_eq!(said["parameters"][2]["name"], "rotation");
    assert_eq!(said["images"]["layout"], "nchw");
    // Its probabilities make it a classifier.
    let evaluate =
        ["evaluate", "--model", model(), "--data", "mnist:test[..20]", "--classifier", "r.onnx", "--json"];
    assert!(!done(folder, &evaluate).is_empty());
}

#[test]
fn a_model_that_undoes_nothing_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let args = ["export", "--model", model(), "--onnx", "r.onnx"];
    refused(folder, &args, &["has met no manipulated data", "cama adapt"], "r.onnx");
    let clean = ["--data", "mnist:test[..60]", "--steps", "1", "--out", "same", "-q"];
    done(folder, &[&["adapt", "--model", model()], &clean[..]].concat());
    let ran = run(folder, &["export", "--model", "same", "--onnx", "r.onnx"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("restores NOTHING") && ran.err.contains("was rolled back"), "{}", ran.err);
    assert!(folder.join("r.onnx").exists());
    refused(
        folder,
        &[&args[..3], &["--onnx", "x.onnx", "--columns", "a"]].concat(),
        &["--columns", "images"],
        "x.onnx",
    );
    refused(folder, &[&args[..3], &["--onnx", "x.onnx", "--layout", "nwhc"]].concat(), &["nhwc"], "x.onnx");
}
