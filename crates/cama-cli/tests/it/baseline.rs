//! The program's baselines: trained, adapted, kept and judged.

use std::fs;
use std::path::Path;

use crate::common::table::{TINY, csv, patients, put};
use crate::common::{done, files, model, refused, run};
use serde_json::Value;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Arguments that make a small `kind` of few digits.
fn small<'a>(kind: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let args = ["baseline", "--kind", kind, "--data", "mnist:train[..300]", "--out", out, "-q"];
    [&args[..], more].concat()
}

const SMALL: &[&str] = &["--steps", "40", "--set", "cnn.channels=8", "--set", "cnn.kernel=3"];

#[test]
fn baselines_are_kept_and_judged_with_a_model_and_without() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    done(folder, &small("cnn-bn", "bn", SMALL));
    assert_eq!(files(&folder.join("bn")), ["baseline.json", "baseline.safetensors"].map(Path::new));
    done(folder, &small("cnn+shift:0.2", "met", &[SMALL, &["--manipulated", "rotate:20"]].concat()));
    done(folder, &small("trees", "trees", &["--set", "trees.rounds=2"]));
    let adapt = [
        "baseline",
        "--tent-from",
        "bn",
        "--unlabelled",
        "mnist:test[..200]",
        "--manipulate",
        "contrast:0.5",
    ];
    let out = done(folder, &[&adapt[..], &["--out", "adapted"]].concat());
    assert_eq!(out, "baseline  cnn-bn-tent in adapted\n");
    let config: Value =
        serde_json::from_slice(&fs::read(folder.join("adapted/baseline.json")).unwrap()).unwrap();
    assert_eq!(config["origin"]["commands"].as_array().unwrap().len(), 2);
    assert_eq!(config["origin"]["adaptations"][0]["on"], "mnist:test[..200]|contrast:0.5");

    let judge = ["evaluate", "--data", "mnist:test[..200]", "--manipulate", "contrast:0.5", "--json"];
    let rows = lines(&done(folder, &[&judge[..], &["--baseline", "bn", "met", "trees", "adapted"]].concat()));
    let names: Vec<&str> = rows.iter().map(|row| row["classifier"].as_str().unwrap()).collect();
    let kept = ["cnn-bn", "cnn+shift:0.2|rotate:20", "trees", "cnn-bn-tent"];
    assert_eq!(names, [kept, kept].concat());
    assert_eq!((&rows[4]["manipulation"], &rows[4]["n"]), (&Value::from("contrast:0.5"), &Value::from(200)));
    assert!(
        rows[4]["accuracy"] != rows[7]["accuracy"] || rows[4]["log_likelihood"] != rows[7]["log_likelihood"]
    );

    // In the direct classifier's place, on what the model restores.
    let place =
        ["--model", model(), "--samples", "1", "--m", "mean", "--classifier", "bn", "--rule", "direct"];
    let placed = lines(&done(folder, &[&judge[..], &place].concat()));
    let names: Vec<&str> = placed.iter().map(|row| row["classifier"].as_str().unwrap()).collect();
    assert_eq!(names, ["external-alone", "external"].repeat(2));
    assert_eq!(placed[0]["accuracy"], rows[0]["accuracy"]);
    let scaled = [&judge[..], &place, &["--classifier-scale", "255"]].concat();
    refused(folder, &scaled, &["--classifier-", "says nothing about baselines"], "");

    // Beside a model, the same rows.
    let beside = ["--model", model(), "--rule", "direct", "--samples", "1", "--against", "bn,trees,met"];
    let judged = lines(&done(folder, &[&judge[..], &beside, &["--baseline", "bn"]].concat()));
    let names: Vec<&str> = judged[..6].iter().map(|row| row["classifier"].as_str().unwrap()).collect();
    // What would share a name goes by its folder.
    assert_eq!(names, ["direct-alone", "direct", "bn", "trees", "cnn+shift:0.2|rotate:20", "bn"]);
    assert_eq!(judged[2]["accuracy"], rows[0]["accuracy"]);

    let table = done(folder, &["evaluate", "--data", "mnist:test[..50]", "--baseline", "trees"]);
    assert!(table.contains("images") && table.contains("accuracy"), "{table}");
}

#[test]
fn kinds_and_specifications_are_trained_beside_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let judge = ["evaluate", "--model", model(), "--data", "mnist:test[..210]", "--samples", "1", "--json"];
    let against = ["--rule", "bayes", "--against", "cnn+shift-vertical:0.2|rotate:30,tent"];
    let rows = lines(&done(folder.path(), &[&judge[..], &against].concat()));
    let names: Vec<&str> = rows.iter().map(|row| row["classifier"].as_str().unwrap()).collect();
    assert_eq!(names[names.len() - 2..], ["cnn+shift-vertical:0.2|rotate:30", "tent"]);
    assert!(rows.last().unwrap()["accuracy"].as_f64().unwrap() > 0.3);
}

#[test]
fn a_table_is_read_again_as_in_training() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put(folder, "t.csv", csv(&patients(200)));
    put(folder, "g.dot", crate::common::table::GRAPH);
    let table = ["--graph", "g.dot", "--target", "sick"];
    let train = |kind: &str, out: &str, more: &[&str]| {
        let args = ["baseline", "--kind", kind, "--data", "t.csv", "--out", out, "-q"];
        done(folder, &[&args[..], &table, more].concat());
    };
    train("mlp", "plain", &["--steps", "60", "--set", "mlp.hidden=[20]"]);
    train("mlp", "met", &["--steps", "60", "--manipulated", "shift:fever:1"]);
    train("trees", "trees", &[]);
    let judge = ["evaluate", "--data", "t.csv", "--manipulate", "shift:fever:1", "--json"];
    let kept = ["--baseline", "plain", "met", "trees"];
    let alone = lines(&done(folder, &[&judge[..], &kept].concat()));
    assert_eq!((alone.len(), &alone[2]["classifier"]), (6, &Value::from("trees")));
    assert!(alone[2]["accuracy"].as_f64().unwrap() > 0.9);
    // Beside a model of the same table they say the same.
    done(folder, &[&["train", "--data", "t.csv", "--out", "m", "-q"], &table[..], TINY].concat());
    let beside = lines(&done(folder, &[&judge[..], &kept, &["--model", "m", "--samples", "1"]].concat()));
    let of = |rows: &[Value], name: &str| {
        let row = rows.iter().find(|row| row["classifier"] == name).unwrap();
        row["log_likelihood"].clone()
    };
    for name in ["mlp", "trees", "mlp+shift:fever:1"] {
        assert_eq!(of(&alone, name), of(&beside, name), "{name}");
    }
}

#[test]
fn mistakes_are_told_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let refuse = |args: &[&str], parts: &[&str]| refused(folder, args, parts, "o");
    refuse(&small("cnm", "o", &[]), &["unknown baseline `cnm` (did you mean `cnn`?)"]);
    refuse(&small("cnn+rotat:3", "o", &[]), &["unknown manipulation `rotat`"]);
    refuse(&small("trees", "o", &["--steps", "3"]), &["--set trees.rounds=N"]);
    refuse(&small("cnn", "o", &["--set", "cnn.kernel=4"]), &["cnn.kernel = 4: must be odd"]);
    refuse(&["baseline", "--kind", "cnn", "--data", "mnist:tset", "--out", "o"], &["did you mean `test`?"]);
    refuse(
        &["baseline", "--tent-from", "no", "--unlabelled", "mnist:test", "--out", "o"],
        &["no baseline.json"],
    );
    refuse(&["evaluate", "--data", "mnist:test", "--baseline", "no"], &["no: there is no baseline.json"]);
    put(folder, "t.csv", csv(&patients(40)));
    put(folder, "g.dot", crate::common::table::GRAPH);
    let table = ["baseline", "--data", "t.csv", "--graph", "g.dot", "--target", "sick", "--out", "o"];
    refuse(&[&table[..], &["--kind", "cnn"]].concat(), &["`cnn` convolves images, and t.csv has none"]);

    done(folder, &small("mlp", "mlp", &["--steps", "3"]));
    let tent = ["baseline", "--tent-from", "mlp", "--unlabelled", "mnist:test[..200]", "--out", "o"];
    refuse(&tent, &["`mlp` has none; give a `cnn-bn`"]);
    refuse(
        &["evaluate", "--data", "t.csv", "--baseline", "mlp"],
        &["the baseline takes images, t.csv is a table"],
    );
    refuse(&["evaluate", "--data", "shapes:20", "--baseline", "mlp"], &["the classes of shapes:20"]);
    refuse(
        &["evaluate", "--data", "shapes:20:32", "--baseline", "mlp", "--rule", "direct"],
        &["--rule", "says nothing about baselines, without a --model"],
    );
    refused(folder, &small("mlp", "mlp", &[]), &["exists already", "--force"], "");
    fs::create_dir(folder.join("other")).unwrap();
    put(folder, "other/file", "x");
    refused(folder, &small("mlp", "other", &["--force"]), &["holds no baseline, but other files"], "");
    assert_eq!(run(folder, &small("mlp", "mlp", &["--steps", "4", "--force"])).code, 0);
}
