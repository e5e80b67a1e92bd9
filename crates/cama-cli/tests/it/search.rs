//! `cama bank`, and Bayes' rule by searching z.

use serde_json::Value;

use crate::common::{done, refused, train_args};

#[test]
fn z_is_searched_once_there_is_a_bank() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    done(folder, &train_args("mnist:train[..1200]", "m", &["--epochs", "4", "-q", "--seed", "1"]));
    let searched = ["predict", "--model", "m", "--data", "mnist:test[..40]", "--inference", "optimise"];
    refused(folder, &searched, &["predict.inference = optimise", "`cama bank`"], "");
    refused(
        folder,
        &["bank", "--model", "m", "--data", "mnist:train[..100]"],
        &["100 images: too few", "give 200 at least"],
        "m/bank.safetensors",
    );
    let told = done(folder, &["bank", "--model", "m"]);
    assert!(told.contains("accuracy on clean examples") && told.contains("latents of 10 classes"), "{told}");
    // Nothing else of the model has changed.
    let amortised = done(folder, &["predict", "--model", "m", "--data", "mnist:test[..40]"]);
    let out = done(folder, &searched);
    assert_ne!(amortised, out);
    assert_eq!(out, done(folder, &searched), "nothing is drawn at random");
    let part = ["predict", "--model", "m", "--data", "mnist:test[20..40]", "--inference", "optimise"];
    let rows = |text: &str, skip: usize| {
        let of = |line: &str| line.split_once(',').unwrap().1.to_string();
        text.lines().skip(skip).map(of).collect::<Vec<_>>()
    };
    assert_eq!(rows(&out, 21), rows(&done(folder, &part), 1), "a digit's answer depends on no other");
    let lines = done(folder, &[&searched[..], &["--out", "p.jsonl"]].concat());
    assert!(lines.contains("p.jsonl") || lines.is_empty(), "{lines}");
    let lines = std::fs::read_to_string(folder.join("p.jsonl")).unwrap();
    let suspicions =
        lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["suspicion"].as_f64());
    assert!(suspicions.clone().count() == 40 && suspicions.flatten().all(|nats| nats >= 0.0));
    for (flags, part) in [
        (&["--floor", "1.5"][..], "predict.optimise.floor = 1.5"),
        (&["--steps", "0"], "predict.optimise.steps = 0"),
        (&["--set", "predict.optimise.rate=-1"], "predict.optimise.rate = -1"),
    ] {
        refused(folder, &[&searched[..], flags].concat(), &[part], "");
    }
}

#[test]
fn a_search_withstands_what_misleads_amortised_inference() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sizes = ["--z", "16", "--hidden", "64", "--channels", "8", "--warm-up", "20", "--dream-steps", "5"];
    let train =
        ["train", "--data", "mnist:train[..4000]", "--out", "m", "--epochs", "4", "-q", "--seed", "1"];
    done(folder, &[&train[..], &sizes].concat());
    done(folder, &["bank", "--model", "m", "-q"]);
    let base =
        ["evaluate", "--model", "m", "--data", "mnist:test[..20]", "--rule", "bayes", "--json", "--no-clean"];
    let accuracy = |flags: &[&str], attack: &str| {
        let out = done(folder, &[&base[..], &["--attack", attack], flags].concat());
        serde_json::from_str::<Value>(out.trim()).unwrap()["accuracy"].as_f64().unwrap()
    };
    let search = ["--inference", "optimise", "--floor", "0.4"];
    let [amortised, searched] =
        [&["--samples", "1"][..], &search].map(|flags| accuracy(flags, "pgd:0.1:steps=10"));
    assert!(searched >= amortised + 0.3, "amortised {amortised}, searched {searched}");
    // Other attacks follow the search, too.
    for attack in ["sparse:3:targets=2", "pgd:0.1:steps=2:unrolled", "mim:1:norm=l2:steps=3:targets=2"] {
        assert!((0.0..=1.0).contains(&accuracy(&search, attack)), "{attack}");
    }
}

/// The rows with so many of the readings of each, in turn, stuck at a value that is none of any reading.
fn broken(rows: &str, count: usize) -> String {
    let mut lines = rows.lines();
    let header = lines.next().unwrap();
    let places: Vec<usize> =
        header.split(',').enumerate().filter(|(_, name)| *name != "gas").map(|(i, _)| i).collect();
    let mut text = format!("{header}\n");
    for (i, line) in lines.enumerate() {
        let mut cells: Vec<String> = line.split(',').map(String::from).collect();
        for k in 0..count {
            cells[places[(7 * i + 5 * k) % places.len()]] =
                if i % 2 == 0 { "900000".into() } else { "-70000".into() };
        }
        text += &(cells.join(",") + "\n");
    }
    text
}

#[test]
fn readings_of_broken_sensors_are_left_out_under_a_factor_model() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let data = |name: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/gas-drift").join(name);
        path.display().to_string()
    };
    let (rows, graph) = (data("batch1.csv"), data("graph.dot"));
    let train =
        ["train", "--data", &rows, "--graph", &graph, "--target", "gas", "--generator", "factor", "-q"];
    done(folder, &[&train[..], &["--out", "m"]].concat());
    let told = done(folder, &["bank", "--model", "m"]);
    assert!(told.contains("accuracy on clean examples") && !told.contains("latents"), "{told}");
    std::fs::write(folder.join("broken.csv"), broken(&std::fs::read_to_string(&rows).unwrap(), 4)).unwrap();
    let accuracy = |data: &str, flags: &[&str]| {
        let base = ["evaluate", "--model", "m", "--data", data, "--rule", "bayes", "--json"];
        let out = done(folder, &[&base[..], flags].concat());
        serde_json::from_str::<Value>(out.trim()).unwrap()["accuracy"].as_f64().unwrap()
    };
    let search = ["--inference", "optimise"];
    let (clean, searched) = (accuracy(&rows, &[]), accuracy(&rows, &search));
    assert!(searched > clean - 0.02, "clean rows {clean}, searched {searched}");
    let (before, after) = (accuracy("broken.csv", &[]), accuracy("broken.csv", &search));
    assert!(after > before + 0.1 && after > 0.9, "broken rows {before}, searched {after}");
    // Sets of outliers have no gradient to follow; questions can still be asked.
    let base = ["evaluate", "--model", "m", "--data", &rows, "--rule", "bayes", "--json", "--no-clean"];
    let attack = ["--attack", "square:0.5:steps=3", "--attack-limit", "5"];
    done(folder, &[&base[..], &attack, &search].concat());
}
