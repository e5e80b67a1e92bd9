//! Answers can be matched to the files and the rows that they are about.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use cama::data::write_folder;
use serde_json::Value;

use crate::common::table::{GRAPH, STEPS, csv, patients, put, train_args as table_args};
use crate::common::{done, model, npz_array, train_args};

/// Digits as files that are called as a camera calls them, not in the order of their numbers.
fn photographs(folder: &Path, n: usize) -> Vec<String> {
    let digits = cama::data::load(&format!("mnist:test[..{n}]")).unwrap().without_labels();
    fs::create_dir(folder.join("in")).unwrap();
    write_folder(folder.join("in"), &digits, &mut || ControlFlow::Continue(())).unwrap();
    let name = |i: usize| format!("IMG_{}, {i}.png", 9000 - i);
    for i in 0..n {
        fs::rename(folder.join(format!("in/{i:06}.png")), folder.join("in").join(name(i))).unwrap();
    }
    let mut names: Vec<String> = (0..n).map(name).collect();
    names.sort();
    names
}

/// The column `name` of a CSV file.
fn column(path: impl AsRef<Path>, name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_path(path.as_ref()).unwrap();
    let header: Vec<String> = reader.headers().unwrap().iter().map(String::from).collect();
    let at = header.iter().position(|other| other == name).unwrap_or_else(|| panic!("{name}: {header:?}"));
    reader.records().map(|record| record.unwrap()[at].to_string()).collect()
}

#[test]
fn answers_about_images_name_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let names = photographs(folder, 30);
    let predict = ["predict", "--model", model(), "--data", "in", "--samples", "1"];
    let out = done(folder, &predict);
    assert!(out.starts_with("index,file,class,class_index,log_px,verdict,"), "{out}");
    for name in ["p.csv", "p.jsonl", "p.npz"] {
        done(folder, &[&predict[..], &["--out", name]].concat());
    }
    assert_eq!(column(folder.join("p.csv"), "file"), names);
    let lines = fs::read_to_string(folder.join("p.jsonl")).unwrap();
    let of_line =
        |line: &str| serde_json::from_str::<Value>(line).unwrap()["file"].as_str().unwrap().to_string();
    assert_eq!(lines.lines().map(of_line).collect::<Vec<_>>(), names);
    assert_eq!(npz_array::<String>(folder.join("p.npz"), "name"), (vec![30], names.clone()));
    // A range of them, and one of them.
    done(
        folder,
        &["predict", "--model", model(), "--data", "in[10..12]", "--samples", "1", "--out", "r.csv"],
    );
    assert_eq!(column(folder.join("r.csv"), "file"), names[10..12]);

    let steps =
        ["--steps", "2", "--validate-every", "1", "--batch", "8", "--clean-batch", "4", "--dream-steps", "2"];
    done(folder, &[&["adapt", "--model", model(), "--data", "in", "--out", "a"], &steps[..]].concat());
    assert_eq!(column(folder.join("a/verdicts.csv"), "file"), names);
    // Of what is not files there is no such column.
    done(
        folder,
        &["predict", "--model", model(), "--data", "mnist:test[..2]", "--samples", "1", "--out", "m.csv"],
    );
    assert!(fs::read_to_string(folder.join("m.csv")).unwrap().starts_with("index,class,"));
}

#[test]
fn restored_images_keep_their_names_and_folders() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let names = photographs(folder, 12);
    let args = ["--epochs", "1", "--manipulated", "rotate:30", "-q", "--mechanism", "affine"];
    done(folder, &train_args("mnist:train[..100]", "m", &args));
    for (i, name) in names.iter().enumerate() {
        let class = folder.join(format!("sorted/{}", ["cat", "dog"][i % 2]));
        fs::create_dir_all(&class).unwrap();
        fs::copy(folder.join("in").join(name), class.join(name)).unwrap();
    }
    let restore = ["restore", "--model", "m", "--samples", "1", "--no-guard"];
    let files = |out: &str| column(folder.join(out).join("restored.csv"), "file");
    for (data, out) in [("in", "flat"), ("sorted", "by-class")] {
        let args = [&restore[..], &["--data", data, "--out", out]].concat();
        done(folder, &args);
        // What was written before can be replaced.
        done(folder, &[&args[..], &["--force"]].concat());
        assert!(files(out).iter().all(|name| folder.join(out).join(name).is_file()), "{out}");
        assert_eq!(files(out).len(), 12);
        let read = cama::data::load(folder.join(out).to_str().unwrap()).unwrap();
        assert_eq!(read.names().unwrap().iter().collect::<Vec<_>>(), files(out));
    }
    assert_eq!(files("flat"), names);
    assert!(files("by-class")[0].starts_with("cat/IMG_") && files("by-class")[11].starts_with("dog/IMG_"));
    // A folder with another picture in it is not replaced.
    put(folder, "flat/mine.png", "");
    let args = [&restore[..], &["--data", "in", "--out", "flat", "--force"]].concat();
    crate::common::refused(folder, &args, &["holds other files"], "");
    done(folder, &[&restore[..], &["--data", "in", "--out", "r.npz", "--report", "r.parquet"]].concat());
    assert_eq!(
        cama::data::table::columns(folder.join("r.parquet").to_str().unwrap()).unwrap()[..3],
        ["index", "file", "verdict"]
    );
}

#[test]
fn answers_about_rows_stand_beside_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = csv(&patients(120));
    let keyed = |(i, line): (usize, &str)| match i {
        0 => format!("{line},patient\n"),
        i => format!("{line},0{}\n", 500 - i),
    };
    put(folder, "t.csv", &text);
    put(folder, "g.dot", GRAPH);
    put(folder, "k.csv", text.lines().enumerate().map(keyed).collect::<String>());
    let keys: Vec<String> = (1..=120).map(|i| format!("0{}", 500 - i)).collect();
    done(folder, &table_args("t.csv", "g.dot", "m", &["--manipulated", "shift:fever:-2:2", "-q"]));
    let key = ["--key", "patient"];
    let of_model = |command: &'static str| [command, "--model", "m", "--data", "k.csv"];
    let predict = [&of_model("predict")[..], &["--samples", "1", "--out"]].concat();
    done(folder, &[&predict[..], &["p.csv"], &key].concat());
    assert_eq!(column(folder.join("p.csv"), "patient"), keys);
    done(folder, &[&predict[..], &["without.csv"]].concat());
    assert_eq!(column(folder.join("without.csv"), "class"), column(folder.join("p.csv"), "class"));
    let restore = [&of_model("restore")[..], &["--samples", "1", "--no-guard", "--out", "r.csv"]].concat();
    done(folder, &[&restore[..], &key].concat());
    assert_eq!(column(folder.join("r-m.csv"), "patient"), keys);
    assert_eq!(column(folder.join("r.csv"), "patient"), keys, "and what is not read is copied");
    let err = crate::common::run(folder, &[&of_model("predict")[..], &["--key", "patent"]].concat()).err;
    assert!(err.contains("has no column `patent` (did you mean `patient`?)"), "{err}");
    done(folder, &table_args("t.csv", "g.dot", "f", &["--generator", "factor", "-q"]));
    let args = ["adapt", "--model", "f", "--data", "k.csv", "--no-guard", "--out", "a"];
    done(folder, &[&args[..], STEPS, &key].concat());
    assert_eq!(column(folder.join("a/verdicts.csv"), "patient"), keys);
    crate::common::refused(
        folder,
        &["predict", "--model", model(), "--data", "mnist:test[..2]", "--key", "id"],
        &["--key"],
        "",
    );
}

#[test]
fn clean_data_is_found_from_any_folder() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let digits = cama::data::load("mnist:test[..60]").unwrap();
    fs::create_dir(folder.join("a")).unwrap();
    cama::data::write_npz(folder.join("a/x.npz"), &digits).unwrap();
    cama::data::write_npz(folder.join("y.npz"), &digits.slice(20..50)).unwrap();
    done(&folder.join("a"), &train_args("x.npz[..50]", "m", &["--epochs", "1", "-q"]));
    let steps =
        ["--steps", "2", "--validate-every", "1", "--batch", "8", "--clean-batch", "4", "--dream-steps", "2"];
    done(
        folder,
        &[&["adapt", "--model", "a/m", "--data", "y.npz", "--out", "n", "--no-guard"], &steps[..]].concat(),
    );
    let info: Value = serde_json::from_str(&done(folder, &["info", "n", "--json"])).unwrap();
    assert_eq!(info["card"]["data"], "x.npz[..50]");
    assert!(info["card"]["location"].as_str().unwrap().ends_with("/a/x.npz[..50]"), "{}", info["card"]);

    // Where the model and its data are moved together, it is found, too.
    fs::rename(folder.join("a"), folder.join("b")).unwrap();
    let adapt = ["adapt", "--model", "b/m", "--data", "y.npz", "--out", "o", "--no-guard"];
    let ran = crate::common::run(folder, &[&adapt[..], &steps].concat());
    assert!(ran.code == 0 && !ran.err.contains("kept in the model folder"), "{}", ran.err);
    let info: Value = serde_json::from_str(&done(folder, &["info", "o", "--json"])).unwrap();
    assert!(info["card"]["location"].as_str().unwrap().ends_with("/b/x.npz[..50]"), "{}", info["card"]);
    assert_eq!(info["card"]["relative"], "../b/x.npz[..50]");
}
