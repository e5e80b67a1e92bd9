//! `cama drift`, `cama rehearse`, and the m of a data set, on real drift.

use std::path::Path;

use serde_json::Value;

use crate::common::{done, run};

fn data(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/gas-drift").join(name).display().to_string()
}

/// A factor model of the first batch, as `m`. With a fourth of the readings its direct classifier takes longer to tell whether restored
/// rows are easier.
fn train(folder: &Path) {
    let (first, graph) = (data("batch1.csv"), data("graph.dot"));
    let of = ["train", "--data", &first, "--graph", &graph, "--target", "gas", "--out", "m", "--seed", "1"];
    done(folder, &[&of[..], &["--generator", "factor", "--direct-epochs", "72"]].concat());
}

#[test]
fn drift_is_told_adapted_to_undone_and_rehearsed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let later = data("batch5.csv");
    train(folder);
    let page = done(folder, &["info", "m"]);
    assert!(page.contains("X is made by: a factor model") && page.contains("## Rehearsal"), "{page}");

    let rehearsed = done(folder, &["rehearse", "--model", "m"]);
    assert!(rehearsed.contains("large shifts") && rehearsed.contains("Of 12 kinds of damage"), "{rehearsed}");
    let value: Value = serde_json::from_str(&done(folder, &["rehearse", "--model", "m", "--json"])).unwrap();
    assert_eq!(value["rehearsal"]["trials"].as_array().unwrap().len(), 12);

    let drift = ["drift", "--model", "m", "--data", &later];
    let words = done(folder, &drift);
    assert!(words.contains("s1_1 shift") && words.contains("ethanol"), "{words}");
    let value: Value =
        serde_json::from_str(&done(folder, &[&drift[..], &["--format", "json"]].concat())).unwrap();
    assert_eq!(value["parameters"].as_array().unwrap().len(), 64);
    assert!(value["gain"].as_f64().unwrap() > 0.3 && value["unexplained"].as_f64().unwrap() > 0.5);
    let metrics = done(folder, &[&drift[..], &["--format", "prometheus"]].concat());
    assert!(
        metrics.contains("# TYPE cama_drift_value gauge\ncama_drift_value{parameter=\"s1_1 shift\""),
        "{metrics}"
    );
    assert!(
        metrics
            .lines()
            .all(|line| line.starts_with('#') || line.rsplit(' ').next().unwrap().parse::<f64>().is_ok())
    );

    let early = run(folder, &["restore", "--model", "m", "--data", &later, "--out", "r.csv"]);
    assert!(early.code != 0 && early.err.contains("run `cama adapt` first"), "{}", early.err);
    done(folder, &["adapt", "--model", "m", "--data", &later, "--out", "a", "--seed", "1"]);
    let accuracy = |model: &str| {
        let rows = done(folder, &["evaluate", "--model", model, "--data", &later, "--json"]);
        let mut rows = rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.next_back().unwrap()["accuracy"].as_f64().unwrap()
    };
    let (before, after) = (accuracy("m"), accuracy("a"));
    assert!(after > before + 0.15, "{before} {after}");
    done(folder, &["restore", "--model", "a", "--data", &later, "--out", "r.csv"]);
    let report = std::fs::read_to_string(folder.join("r-m.csv")).unwrap();
    let restored = report.lines().skip(1).filter(|line| line.split(',').nth(1) == Some("restored")).count();
    assert!(restored > 180, "{restored}");
    // One m for all rows, and no other.
    let refused = run(folder, &["predict", "--model", "a", "--data", &later, "--m", "mean"]);
    assert!(refused.code != 0 && refused.err.contains("null or global"), "{}", refused.err);
    rows_stand_alone(folder, &later, &data("batch1.csv"));

    let page =
        ["evaluate", "--model", "a", "--data", &later, "--manipulate", "shift:s1_1:1", "--page", "e.html"];
    done(folder, &page);
    let written = std::fs::read_to_string(folder.join("e.html")).unwrap();
    assert!(written.contains("How right classifiers stay") && written.contains("shift:s1_1:1"), "{written}");
    let again = run(folder, &page);
    assert!(again.code != 0 && again.err.contains("--force"), "{}", again.err);
}

/// With what the guard learnt in adaptation, or nothing, what a row gets does not depend on the rows beside it.
fn rows_stand_alone(folder: &Path, drifted: &str, clean: &str) {
    let of = |spec: &str, context: &str| -> Vec<String> {
        let predict = ["predict", "--model", "a", "--data", spec, "--context", context];
        let out = done(folder, &predict);
        // But for its index.
        out.lines().skip(1).map(|line| line.split_once(',').unwrap().1.to_string()).collect()
    };
    // Few drifted rows among many clean ones.
    let lines =
        |path: &str| std::fs::read_to_string(path).unwrap().lines().map(String::from).collect::<Vec<_>>();
    let (drifted, clean) = (lines(drifted), lines(clean));
    let mixed = [&clean[..], &drifted[1..8]].concat().join("\n") + "\n";
    std::fs::write(folder.join("mixed.csv"), mixed).unwrap();
    let first = clean.len() - 1;
    for context in ["adapted", "none"] {
        let whole = of("mixed.csv", context);
        for i in [0, 3, first, first + 6] {
            assert_eq!(
                of(&format!("mixed.csv[{i}..{}]", i + 1), context),
                [whole[i].clone()],
                "{context} {i}"
            );
        }
    }
    let restore =
        ["restore", "--model", "a", "--data", "mixed.csv", "--context", "adapted", "--out", "mixed-r.csv"];
    done(folder, &restore);
    let part = [
        "restore",
        "--model",
        "a",
        "--data",
        "mixed.csv[2..5]",
        "--context",
        "adapted",
        "--out",
        "part-r.csv",
    ];
    done(folder, &part);
    let rows = |name: &str| lines(folder.join(name).to_str().unwrap());
    assert_eq!(rows("part-r.csv")[1..], rows("mixed-r.csv")[3..6]);
}

#[test]
fn a_stream_keeps_every_state_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (first, later) = (data("batch1.csv"), data("batch5.csv"));
    train(folder);

    let twice = run(folder, &["adapt", "--model", "m", "--out", "s", "--data", &later, &first]);
    assert!(twice.code != 0 && twice.err.contains("give --stream"), "{}", twice.err);
    let specs = ["--manipulate", "none", "none", "none"];
    let stream = ["adapt", "--stream", "--model", "m", "--out", "s", "--seed", "1", "--data", &later, &first];
    let uneven = run(folder, &[&stream[..], &specs].concat());
    assert!(uneven.code != 0 && uneven.err.contains("one for each of 2"), "{}", uneven.err);

    let told = done(folder, &stream);
    assert!(told.contains("left as trained") && told.contains("states/002"), "{told}");
    let states = |model: &str| {
        let mut names: Vec<_> = std::fs::read_dir(folder.join(model).join("states"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(states("s"), ["001", "002", "trained"]);
    let page = done(folder, &["info", "s"]);
    assert!(page.contains("## Adaptations so far") && page.contains("| rolled back |"), "{page}");
    let accuracy = |model: &str| {
        let rows = done(folder, &["evaluate", "--model", model, "--data", &later, "--json"]);
        let mut rows = rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.next_back().unwrap()["accuracy"].as_f64().unwrap()
    };
    // Clean rows came last: the model is again the one that was trained.
    assert_eq!(accuracy("s"), accuracy("m"));
    assert!(accuracy("s/states/001") > accuracy("m") + 0.15);

    // It goes on where it was, in the same folder or in another.
    let next = ["adapt", "--stream", "--model", "s", "--seed", "1", "--data", &later];
    done(folder, &[&next[..], &["--out", "s", "--force"]].concat());
    assert_eq!(states("s"), ["001", "002", "003", "trained"]);
    assert!(accuracy("s") > accuracy("m") + 0.15);
    let missing = run(folder, &[&next[..], &["absent.csv", "--out", "other"]].concat());
    assert!(
        missing.code != 0 && missing.err.contains("data set 2 of the stream; 1 before it"),
        "{}",
        missing.err
    );
    assert_eq!(states("other"), ["004", "trained"]);
    // A model that is no stream leaves nothing of one.
    done(folder, &["adapt", "--model", "m", "--data", &later, "--out", "s", "--force"]);
    assert!(!folder.join("s/states").exists());
}

#[test]
fn the_demonstration_tells_what_would_be_repaired_of_data_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (rows, graph) = (data("batch1.csv"), data("graph.dot"));
    let demo = ["demo", "--data", &rows, "--graph", &graph, "--target", "gas", "--seed", "1", "--out"];
    let told = done(folder, &[&demo[..], &["own"]].concat());
    assert!(told.contains("Of 12 kinds of damage") && told.contains("own/rehearsal.html"), "{told}");
    let page = std::fs::read_to_string(folder.join("own/rehearsal.html")).unwrap();
    assert!(page.contains("<h1>What would be repaired</h1>") && page.contains("large shifts"), "{page}");
    let report: Value =
        serde_json::from_slice(&std::fs::read(folder.join("own/report.json")).unwrap()).unwrap();
    assert_eq!(report["rehearsal"]["trials"].as_array().unwrap().len(), 12);
    assert!(done(folder, &["info", "own/model"]).contains("a factor model"));
    // A page of what training found, and of what has changed.
    done(folder, &["rehearse", "--model", "own/model", "--page", "r.html"]);
    done(folder, &["drift", "--model", "own/model", "--data", &data("batch5.csv"), "--page", "d.html"]);
    let [rehearsed, drift] =
        ["r.html", "d.html"].map(|name| std::fs::read_to_string(folder.join(name)).unwrap());
    assert!(rehearsed.contains("kinds of damage") && drift.contains("s1_1 shift"), "{drift}");
    let again = run(folder, &["rehearse", "--model", "own/model", "--page", "r.html"]);
    assert!(again.code != 0 && again.err.contains("--force"), "{}", again.err);
}
