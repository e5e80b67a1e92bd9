//! Tables as people and their programs write them.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::common::table::{GRAPH, csv, patients, put, train_args, trained, with_cell};
use crate::common::{cama, done, ran, refused, run};

fn predicted(folder: &Path, data: &str, more: &[&str]) -> String {
    let args = ["predict", "--model", &trained().model, "--data", data, "--samples", "2"];
    done(folder, &[&args, more].concat())
}

/// The text with semicolons between the fields and commas before the decimals.
fn european(text: &str) -> String {
    text.replace(',', ";").replace('.', ",")
}

#[test]
fn decimal_commas_are_numbers_in_training_and_in_prediction() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = csv(&patients(120));
    put(folder, "g.dot", GRAPH);
    put(folder, "t.csv", european(&text));
    let ran = run(folder, &train_args("t.csv", "g.dot", "m", &["-q"]));
    assert!(ran.err.contains("warning: t.csv: decimal commas in the columns fever, season: "), "{}", ran.err);
    let config = |model: &Path| -> Value {
        serde_json::from_str(&fs::read_to_string(model.join("config.json")).unwrap()).unwrap()
    };
    let (comma, point) = (config(&folder.join("m")), config(Path::new(&trained().model)));
    assert_eq!(comma["schema"]["columns"], point["schema"]["columns"]);
    assert_eq!(
        (&comma["schema"]["decimal"], &point["schema"]["decimal"]),
        (&Value::from("comma"), &Value::Null)
    );
    // Each table is read as it is written.
    put(folder, "p.csv", &text);
    assert_eq!(predicted(folder, "t.csv", &[]), predicted(folder, "p.csv", &[]));
    let restore =
        ["restore", "--model", "m", "--data", "t.csv", "--out", "r.csv", "--no-guard", "--samples", "1"];
    let restored = run(folder, &restore);
    if restored.code == 0 {
        let table = fs::read_to_string(folder.join("r.csv")).unwrap();
        assert!(table.starts_with("age;sick;") && !table.contains('.'), "{table}");
    }
    // What could be meant otherwise is told, and can be said.
    put(folder, "a.csv", with_cell(&csv(&patients(3)), 1, "age", "1 234").replace("1 234", "\"1,234\""));
    let told =
        run(folder, &["predict", "--model", &trained().model, "--data", "a.csv", "--samples", "1"]).err;
    assert!(
        told.contains("`1,234` in row 1 (line 3) is read as 1234; if it is 1.234, give --decimal comma"),
        "{told}"
    );
    let args = ["predict", "--model", &trained().model, "--data", "a.csv", "--decimal", "comma"];
    refused(folder, &args, &["has a decimal point, where the column writes a comma"], "");
}

#[test]
fn codes_with_leading_zeros_are_text_with_a_notice() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put(folder, "g.dot", GRAPH);
    let text = csv(&patients(120)).replace("never", "00123").replace("some", "0123").replace("often", "123");
    put(folder, "t.csv", text);
    let ran = run(folder, &train_args("t.csv", "g.dot", "m", &["-q"]));
    assert!(ran.err.contains("column `cough`: taken for codes, and so for a category"), "{}", ran.err);
    let config = fs::read_to_string(folder.join("m/config.json")).unwrap();
    assert!(config.contains("\"00123\"") && config.contains("\"0123\""));
    let ran = run(folder, &train_args("t.csv", "g.dot", "n", &["-q", "--type", "cough=number"]));
    assert!(ran.code != 0 && ran.err.contains("is 123 in every row"), "{}", ran.err);
}

#[test]
fn an_unseen_value_costs_its_row_and_not_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put(folder, "t.csv", with_cell(&csv(&patients(10)), 4, "cough", "barking"));
    let args = ["predict", "--model", &trained().model, "--data", "t.csv", "--samples", "2"];
    let ran = run(folder, &args);
    assert_eq!((ran.code, ran.out.lines().count()), (0, 10), "{}", ran.err);
    let told = "column `cough`: `barking` is not a value of the training data; known: never, often, some (row 4 (line 6)); its \
                row is left out";
    assert!(ran.err.contains(told), "{}", ran.err);
    assert!(!ran.out.lines().any(|line| line.starts_with("4,")) && ran.out.contains("\n5,"));
    assert_eq!(predicted(folder, "t.csv", &["--missing", "impute"]).lines().count(), 11);
    let strict = [&args[..], &["--unseen", "error"]].concat();
    refused(
        folder,
        &strict,
        &["row 4 (line 6), column `cough`: `barking` is not a value", "--unseen missing"],
        "",
    );
    refused(folder, &[&args[..], &["--unseen", "drop"]].concat(), &["expected `error` or `missing`"], "");
}

#[test]
fn words_for_missing_values_are_kept_with_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put(folder, "g.dot", GRAPH);
    let text = csv(&patients(120));
    put(folder, "t.csv", with_cell(&with_cell(&text, 7, "fever", "-999"), 9, "cough", "unknown"));
    let own = ["--missing", "drop", "--missing-values", "-999,unknown", "-q"];
    let ran = run(folder, &train_args("t.csv", "g.dot", "m", &own));
    assert!(ran.err.contains("2 rows with missing values left out"), "{}", ran.err);
    let predict = ["predict", "--model", "m", "--data", "t.csv", "--samples", "1"];
    assert_eq!(done(folder, &predict).lines().count(), 119);
    // The usual ones, where none are given.
    for word in ["-", "#N/A", "nan"] {
        put(folder, "u.csv", with_cell(&text, 7, "fever", word));
        assert_eq!(predicted(folder, "u.csv", &["--missing", "drop"]).lines().count(), 120, "{word}");
    }
}

#[test]
fn compressed_tables_and_standard_input_are_read_alike() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = csv(&patients(30));
    put(folder, "t.csv", &text);
    let expected = predicted(folder, "t.csv", &[]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    put(folder, "t.csv.gz", &gzip);
    assert_eq!(predicted(folder, "t.csv.gz", &[]), expected);
    let piped = |args: &[&str], bytes: &[u8]| {
        let mut child = cama(folder, args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        let done = ran(child.wait_with_output().unwrap());
        assert_eq!(done.code, 0, "{}", done.err);
        done.out
    };
    let args = ["predict", "--model", &trained().model, "--data", "-", "--samples", "2"];
    for bytes in [text.as_bytes(), &gzip] {
        assert_eq!(piped(&args, bytes), expected);
    }
    // Training goes through the rows more than once.
    put(folder, "g.dot", GRAPH);
    let whole = csv(&patients(120));
    piped(&train_args("-", "g.dot", "m", &["-q"]), whole.as_bytes());
    let weights = |model: &Path| fs::read(model.join("model.safetensors")).unwrap();
    assert!(weights(&folder.join("m")) == weights(Path::new(&trained().model)));
    // What was read so is gone, and not waited for.
    let adapt = ["adapt", "--model", "m", "--data", "t.csv", "--steps", "2", "--out", "a"];
    let mut child = cama(folder, &adapt)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let open = child.stdin.take();
    let adapted = ran(child.wait_with_output().unwrap());
    drop(open);
    assert!(
        adapted.code == 0 && adapted.err.contains("-: was read from standard input, and is gone"),
        "{}",
        adapted.err
    );
    refused(
        folder,
        &["predict", "--model", &trained().model, "--data", "t.xlsx"],
        &[".csv.gz or .csv.zst, or -"],
        "",
    );
}

#[test]
fn a_check_tells_what_is_understood_before_anything_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put(folder, "g.dot", GRAPH);
    put(folder, "t.csv", european(&with_cell(&csv(&patients(60)), 3, "cough", "")));
    let ran = run(folder, &["check", "--data", "t.csv", "--graph", "g.dot", "--target", "sick"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for told in ["rows        60\ntarget      sick\nclasses     2\n", "no       40\n", "yes      20\n"] {
        assert!(ran.out.contains(told), "{told}: {}", ran.out);
    }
    let line = |name: &str| ran.out.lines().find(|line| line.starts_with(name)).unwrap().to_string();
    assert!(
        line("age").contains("parent (A), co-parent (C)") && line("age").contains("number"),
        "{}",
        ran.out
    );
    assert!(
        line("cough").contains("child (X)") && line("cough").contains("never, often, some"),
        "{}",
        ran.out
    );
    assert!(line("rash").contains("boolean") && line("season").contains("co-parent (C)"), "{}", ran.out);
    assert!(ran.err.contains("decimal commas in the columns fever, season"), "{}", ran.err);
    assert!(ran.err.contains("column `cough`: 1 missing value filled in"), "{}", ran.err);
    let out = done(folder, &["check", "--data", "mnist:test[..50]"]);
    assert!(out.starts_with("images      50\nsize        28×28 (height×width), grey\n"), "{out}");
    assert!(out.contains("classes     10\n"), "{out}");
    let args = ["check", "--data", "t.csv"];
    refused(
        folder,
        &args,
        &["t.csv: is a table with the columns age, sick, fever", "give its causal graph"],
        "",
    );
}
