//! Every command does what it says, on tiny models.

use std::fs;
use std::path::Path;

use crate::common::{done, files, model, npz_array, refused, run, train_args};
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(json).collect()
}

#[test]
fn train_writes_a_model_folder_with_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let args = train_args(
        "mnist:train[..300]",
        "m",
        &["--epochs", "2", "--seed", "3", "--test", "mnist:test[..20]"],
    );
    let out = done(folder.path(), &args);
    assert!(out.contains("test        accuracy") && out.contains("(20 images)"), "{out}");
    let names: Vec<_> = files(&folder.path().join("m"));
    assert_eq!(
        names,
        ["README.md", "clean.bin", "config.json", "direct.safetensors", "log.jsonl", "model.safetensors"]
            .map(Path::new)
    );
    let log = lines(&fs::read_to_string(folder.path().join("m/log.jsonl")).unwrap());
    assert_eq!(log.iter().map(|line| line["epoch"].as_u64()).collect::<Vec<_>>(), [Some(1), Some(2)]);
    for field in ["train_loss", "elbo", "log_px", "kl_z", "log_py", "accuracy", "examples_per_second"] {
        assert!(log[1][field].is_f64(), "{field}");
    }
    let card = &json(&fs::read_to_string(folder.path().join("m/config.json")).unwrap())["card"];
    assert_eq!((&card["seed"], &card["dream_steps"]), (&Value::from(3), &Value::from(5)));
    assert_eq!(card["data"], "mnist:train[..300]");
    let command = card["commands"][0].as_str().unwrap();
    assert!(command.starts_with("cama train --data 'mnist:train[..300]' --out m"), "{command}");
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let weights = |out: &str, seed: &str| {
        done(folder.path(), &train_args("mnist:train[..150]", out, &["--epochs", "1", "--seed", seed, "-q"]));
        fs::read(folder.path().join(out).join("model.safetensors")).unwrap()
    };
    let first = weights("a", "1");
    assert!(first == weights("b", "1"));
    assert!(first != weights("c", "2"));
}

#[test]
fn every_kind_of_manipulated_data_trains() {
    let folder = tempfile::tempdir().unwrap();
    for (out, more, m) in [
        ("specs", &["--manipulated", "rotate:30", "invert", "--mechanism", "latent"][..], "mean"),
        ("data", &["--manipulated-data", "mnist:test[..50]"], "mean"),
        ("known", &["--manipulated-mechanisms", "--mechanism", "affine"], "null"),
        (
            "gaussian",
            &["--likelihood", "gaussian", "--pooling", "--preset", "paper", "--mechanism", "none"],
            "null",
        ),
    ] {
        let more = [more, &["--epochs", "1", "--batch", "32", "--set", "latent.dim=4"]].concat();
        let more = if out == "specs" { &more[..] } else { &more[..more.len() - 2] };
        done(folder.path(), &train_args("mnist:train[..100]", out, more));
        let info = json(&done(folder.path(), &["info", out, "--json"]));
        assert_eq!(info["card"]["m"], m, "{out}");
    }
}

#[test]
fn predict_writes_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let base = ["predict", "--model", model(), "--data", "mnist:test[..7]", "--samples", "2"];
    let with = |more: &[&str]| done(folder.path(), &[&base, more].concat());
    let csv = with(&[]);
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let header: Vec<String> = rows.headers().unwrap().iter().map(String::from).collect();
    assert_eq!(header[..6], ["index", "class", "class_index", "log_px", "verdict", "p(0)"]);
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!((rows.len(), header.len()), (7, 15));
    for row in &rows {
        let sum: f64 = row.iter().skip(5).map(|p| p.parse::<f64>().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-9);
    }

    with(&["--out", "p.jsonl", "--m", "mean"]);
    let objects = lines(&fs::read_to_string(folder.path().join("p.jsonl")).unwrap());
    assert_eq!((objects.len(), objects[0]["m"].as_array().unwrap().len()), (7, 8));
    with(&["--out", "p.csv"]);
    assert_eq!(fs::read_to_string(folder.path().join("p.csv")).unwrap(), csv);

    with(&["--out", "p.npz"]);
    let (_, classes) = npz_array::<i64>(folder.path().join("p.npz"), "class");
    let expected: Vec<i64> = rows.iter().map(|row| row[2].parse().unwrap()).collect();
    assert_eq!(classes, expected);
    assert_eq!(npz_array::<f64>(folder.path().join("p.npz"), "probabilities").0, [7, 10]);
    // A manipulated image is another image.
    assert_ne!(with(&["--manipulate", "invert"]), csv);
}

#[test]
fn evaluate_prints_a_table_and_json() {
    let folder = tempfile::tempdir().unwrap();
    let specs = ["--manipulate", "shift-vertical:0..0.2/0.1", "invert"];
    let base = ["evaluate", "--model", model(), "--data", "mnist:test[..30]", "--samples", "1"];
    let rows = lines(&done(folder.path(), &[&base[..], &specs, &["--json"]].concat()));
    let names: Vec<&str> = rows.iter().map(|row| row["manipulation"].as_str().unwrap()).collect();
    let specs_in_order = ["none", "shift-vertical:0", "shift-vertical:0.1", "shift-vertical:0.2", "invert"];
    assert_eq!(names, specs_in_order.map(|spec| [spec; 4]).concat());
    assert_eq!(rows[12]["severity"], Value::from(0.2));
    for (i, row) in rows.iter().enumerate() {
        assert_eq!(row["classifier"], ["direct-alone", "direct", "bayes", "product"][i % 4]);
        // The model has met nothing manipulated, so it restores nothing.
        assert_eq!(row["guard"]["restored"].as_f64(), (i % 4 > 0).then_some(0.0));
        assert_eq!(row["n"], Value::from(30));
        let (accuracy, interval) = (row["accuracy"].as_f64().unwrap(), &row["accuracy_interval"]);
        assert!(interval[0].as_f64().unwrap() <= accuracy && accuracy <= interval[1].as_f64().unwrap());
        assert!(
            row["log_likelihood"].is_f64()
                && row["calibration_error"].is_f64()
                && row["log_px"].is_f64() == (i % 4 == 2)
        );
    }
    // Nothing moved, nothing changed.
    assert_eq!(rows[2]["log_px"], rows[6]["log_px"]);
    // One rule, if one is asked for; the model's own direct classifier takes no other's place.
    for (rule, classifiers) in [("bayes", &["bayes"][..]), ("direct", &["direct-alone", "direct"])] {
        let rows = lines(&done(folder.path(), &[&base[..], &["--json", "--rule", rule]].concat()));
        assert_eq!(
            rows.iter().map(|row| row["classifier"].as_str().unwrap()).collect::<Vec<_>>(),
            classifiers
        );
    }
    let table = done(folder.path(), &[&base[..], &specs, &["--no-clean"]].concat());
    assert_eq!(table.lines().count(), 18);
    assert!(table.starts_with("manipulation") && !table.contains("none"), "{table}");
}

#[test]
fn evaluate_says_if_the_data_is_of_one_class() {
    let folder = tempfile::tempdir().unwrap();
    let said = |data: &str| run(folder.path(), &["evaluate", "--model", model(), "--data", data]).err;
    let two_sixes = said("mnist:test[21..23]");
    assert!(two_sixes.contains("all of mnist:test[21..23] is of one class, `6`"), "{two_sixes}");
    for several in ["mnist:test[20..23]", "mnist:test[21..22]"] {
        assert!(!said(several).contains("one class"), "{several}");
    }
}

#[test]
fn adapt_attaches_dreams_and_records() {
    let folder = tempfile::tempdir().unwrap();
    let steps =
        ["--steps", "4", "--validate-every", "2", "--batch", "8", "--clean-batch", "4", "--dream-steps", "3"];
    let base = ["adapt", "--model", model(), "--data", "mnist:test[..40]", "--manipulate", "rotate:60"];
    let adapt = |more: &[&str]| done(folder.path(), &[&base[..], &steps, more].concat());
    let out = adapt(&["--out", "a"]);
    assert!(out.contains("ELBO(x) of unlabelled data") && out.contains("accuracy on clean data"), "{out}");
    let card = &json(&done(folder.path(), &["info", "a", "--json"]))["card"];
    // The model had dreamt of these mechanisms already.
    assert_eq!(card["dream_steps"], Value::from(5));
    assert_eq!(card["commands"].as_array().unwrap().len(), 2);
    assert_eq!(card["adaptations"][0]["on"], "mnist:test[..40]|rotate:60");
    let report = &card["adaptations"][0]["report"];
    assert_eq!(report["examples"], Value::from(32));
    // The guard has judged each of them, and the file says how.
    let verdicts = fs::read_to_string(folder.path().join("a/verdicts.csv")).unwrap();
    assert_eq!((verdicts.lines().count(), verdicts.lines().next()), (41, Some("index,verdict")));
    for (field, verdict) in
        [("restored", "restored"), ("as_they_were", "as-it-was"), ("unexplained", "unexplained")]
    {
        let n = verdicts.lines().filter(|line| line.ends_with(&format!(",{verdict}"))).count();
        assert_eq!(report[field], Value::from(n), "{field}");
    }
    // Prediction says the same of each.
    let predict = [
        "predict",
        "--model",
        "a",
        "--data",
        "mnist:test[..40]",
        "--manipulate",
        "rotate:60",
        "--samples",
        "2",
    ];
    let predicted = done(folder.path(), &predict);
    let at = predicted.lines().next().unwrap().split(',').position(|name| name == "verdict").unwrap();
    for (line, of_adapt) in predicted.lines().zip(verdicts.lines()).skip(1) {
        assert_eq!(line.split(',').nth(at), of_adapt.split(',').nth(1), "{line}");
    }
    adapt(&["--out", "a", "--force", "--no-guard"]);
    assert!(!folder.path().join("a/verdicts.csv").exists(), "those of the former model are gone");

    let attach = ["--mechanism", "latent,affine", "--set", "affine.rotation=0.7", "--set", "latent.dim=4"];
    // Enough for the guard to let the new mechanisms stand.
    let lasting = ["--steps", "40", "--learning-rate", "0.01", "--tolerance", "1"];
    adapt(&[&["--out", "b", "--no-guard"], &attach[..], &lasting].concat());
    // Without a guard there are no verdicts.
    assert!(!folder.path().join("b/verdicts.csv").exists());
    let info = json(&done(folder.path(), &["info", "b", "--json"]));
    let kinds: Vec<_> = info["model"]["mechanisms"].as_array().unwrap().iter().map(|m| &m["kind"]).collect();
    assert_eq!(kinds, ["latent", "affine"]);
    assert_eq!(info["model"]["mechanisms"][1]["rotation"], Value::from(0.7));
    assert_eq!(info["card"]["dream_steps"], Value::from(8));

    let out = adapt(&["--out", "c", "--no-clean", "--kl-m", "2", "--clean-m", "null", "--portion", "0.5"]);
    assert!(out.contains("accuracy on clean data             –") || out.contains('–'), "{out}");
    // An adapted model can be adapted again, judged and shown.
    done(
        folder.path(),
        &["adapt", "--model", "a", "--data", "mnist:test[..10]", "--steps", "2", "--out", "d"],
    );
    let page = done(folder.path(), &["info", "d"]);
    assert_eq!(page.matches("## Adaptation").count(), 2, "{page}");
}

/// The model with the training data that it was trained on under another name.
fn of_other_data(folder: &Path, name: &str, change: impl Fn(&mut Value)) {
    fs::create_dir_all(folder).unwrap();
    for file in ["config.json", "model.safetensors", "direct.safetensors", "clean.bin"] {
        let mut bytes = fs::read(Path::new(model()).join(file)).unwrap();
        if file == "config.json" {
            let mut config: Value = serde_json::from_slice(&bytes).unwrap();
            config["card"]["data"] = Value::from(name);
            change(&mut config);
            bytes = serde_json::to_vec(&config).unwrap();
        }
        fs::write(folder.join(file), bytes).unwrap();
    }
}

#[test]
fn training_data_that_is_gone_or_has_changed_is_replaced_by_what_the_model_keeps() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["adapt", "--model", "m", "--data", "mnist:test[..10]", "--steps", "1", "--out", "a"];
    let adapt = |more: &[&str]| run(folder.path(), &[&args[..], more].concat());
    let kept = |model: &str, why: &str| {
        of_other_data(&folder.path().join("m"), model, |_| {});
        let ran = adapt(&["--force"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(
            ran.err.contains("clean data: 300 images kept in the model folder, as") && ran.err.contains(why),
            "{}",
            ran.err
        );
        assert!(!ran.out.contains('–'), "the accuracy on clean data is known: {}", ran.out);
        assert!(folder.path().join("a/clean.bin").exists());
    };
    kept("gone.npz", "gone.npz");
    // Other data under the name.
    kept("mnist:train[300..600]", "mnist:train[300..600] is not the data that it was trained on");
    // The data itself.
    of_other_data(&folder.path().join("m"), "mnist:train[..300]", |_| {});
    assert!(!adapt(&["--force"]).err.contains("kept in the model folder"));

    // A model that keeps none.
    of_other_data(&folder.path().join("m"), "gone.npz", |config| {
        config.as_object_mut().unwrap().remove("clean");
    });
    fs::remove_dir_all(folder.path().join("a")).unwrap();
    refused(folder.path(), &args, &["model's training data", "gone.npz", "--clean", "--no-clean"], "a");
    done(folder.path(), &[&args[..], &["--no-clean"]].concat());
    done(folder.path(), &[&args[..], &["--clean", "mnist:train[..20]", "--force"]].concat());
    assert!(!folder.path().join("a/clean.bin").exists(), "that of the former model is gone");
}

#[test]
fn a_part_of_the_data_may_lack_the_last_classes() {
    let folder = tempfile::tempdir().unwrap();
    let all = cama::data::load("mnist:test[..20]").unwrap();
    let few: Vec<usize> = (0..20).filter(|i| all.labels().unwrap()[*i] < 8).collect();
    let few = all.select(&few);
    let numbers = (0..8).map(|class: usize| class.to_string()).collect();
    let labels = few.labels().map(<[usize]>::to_vec);
    let few = cama::data::Images::new("few", few.shape(), few.pixels().to_vec(), labels, numbers).unwrap();
    cama::data::write_npz(folder.path().join("few.npz"), &few).unwrap();
    let base = ["--model", model(), "--data", "few.npz"];
    let with = |more: &[&str]| run(folder.path(), &[more, &base[..]].concat());
    for args in [
        &["evaluate", "--samples", "1", "--json"][..],
        &["predict", "--samples", "1"],
        &["adapt", "--steps", "1", "--clean", "few.npz", "--out", "a"],
    ] {
        let ran = with(args);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(!ran.err.contains("are called"), "{}", ran.err);
    }
    let more = ["--manipulated-data", "few.npz", "--test", "few.npz", "--epochs", "1"];
    done(folder.path(), &train_args("mnist:train[..50]", "m", &more));
}

#[test]
fn a_model_that_infers_m_dreams_only_if_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let more = ["--manipulated", "rotate:30", "--no-dream", "--epochs", "1"];
    done(folder.path(), &train_args("mnist:train[..50]", "m", &more));
    let dreams = |out: &str, more: &[&str]| {
        let args = ["adapt", "--model", "m", "--data", "mnist:test[..10]", "--steps", "1", "--out", out];
        let ran = run(folder.path(), &[&args, more].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.err.contains("dreaming: ")
    };
    assert!(!dreams("a", &[]));
    assert!(dreams("b", &["--dream-steps", "2"]));
}

#[test]
fn show_draws_everything() {
    let folder = tempfile::tempdir().unwrap();
    let base = ["show", "--model", model(), "--data", "mnist:test[..20]", "--images", "5"];
    let size = |name: &str, more: &[&str]| {
        done(folder.path(), &[&base[..], &["--out", name], more].concat());
        image::image_dimensions(folder.path().join(name)).unwrap()
    };
    let moved = ["--manipulate", "rotate:30", "--m", "mean"];
    let all = size("all.png", &moved);
    let parts = ["reconstructions", "restored", "samples", "walk"]
        .map(|what| size(&format!("{what}.png"), &[&moved[..], &["--what", what]].concat()));
    assert!(parts.iter().all(|part| part.1 > 100 && part.1 < all.1 && part.0 <= all.0), "{all:?} {parts:?}");
    assert!(size("clean.png", &["--what", "clean"]).1 > 100);
    // A model that infers no m is shown without what it would infer.
    assert!(size("null.png", &["--manipulate", "rotate:30"]).1 < all.1 - parts[1].1);
    assert_eq!(done(folder.path(), &[&base[..], &["--out", "again.png"]].concat()), "again.png\n");
}

#[test]
fn show_draws_what_was_done_and_undone() {
    let folder = tempfile::tempdir().unwrap();
    let base = ["show", "--model", model(), "--data", "mnist:test[..20]", "--images", "4"];
    let size = |name: &str, more: &[&str]| {
        done(folder.path(), &[&base[..], &["--out", name], more].concat());
        image::image_dimensions(folder.path().join(name)).unwrap()
    };
    let moved = ["--manipulate", "shift:0.2", "--m", "mean"];
    let [long, short] = [&["--what", "restored"][..], &["--restore"]].map(|flag| [flag, &moved].concat());
    let (manipulated, as_it_is) = (size("a.png", &long), size("c.png", &["--restore", "--m", "mean"]));
    size("b.png", &short);
    let bytes = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert!(bytes("a.png") == bytes("b.png"));
    // Four rows and three rows of images of 112 pixels.
    assert!(manipulated.1 > 4 * 112 && as_it_is.1 > 3 * 112 && as_it_is.1 < manipulated.1);

    let refuse = |model: &str, more: &[&str], parts: &[&str]| {
        let base = ["show", "--model", model, "--data", "mnist:test[..20]", "--out", "no.png"];
        refused(folder.path(), &[&base, more].concat(), parts, "no.png");
    };
    let parts = ["it does not infer what was done", "cama adapt", "--m mean"];
    refuse(model(), &["--restore"], &parts);
    refuse(model(), &["--restore", "--m", "null"], &parts);
    refuse(model(), &["--restore", "--what", "walk"], &["--restore", "--what", "cannot be used with"]);
    let latent = ["--mechanism", "latent", "--epochs", "1", "-q"];
    done(folder.path(), &train_args("mnist:train[..60]", "latent", &latent));
    refuse(
        "latent",
        &["--restore", "--m", "mean"],
        &["no explicit mechanism", "cama adapt --mechanism affine"],
    );
}

#[test]
fn flags_can_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = "seed = 5\n[train]\ndata = \"mnist:train[..100]\"\nepochs = 7\nhidden = 16\nchannels = 4\nz = 4\n\
                no-dream = true\n[train.affine]\nrotation = 0.9\n[evaluate]\njson = true\n";
    fs::write(folder.path().join("run.toml"), file).unwrap();
    let setting = ["--set", "affine.shear=0.1"];
    let args = ["train", "--config", "run.toml", "--out", "m", "--epochs", "1"];
    done(folder.path(), &[&args[..], &setting].concat());
    let info = json(&done(folder.path(), &["info", "m", "--json"]));
    assert_eq!(info["card"]["history"].as_array().unwrap().len(), 1);
    assert_eq!((&info["card"]["seed"], &info["card"]["dream_steps"]), (&Value::from(5), &Value::from(0)));
    assert_eq!(info["model"]["mechanisms"][0]["rotation"], Value::from(0.9));
    assert_eq!(info["model"]["mechanisms"][0]["shear"], Value::from(0.1));
    let args = ["evaluate", "--config", "run.toml", "--model", "m", "--data", "mnist:test[..5]"];
    assert_eq!(lines(&done(folder.path(), &args)).len(), 4);
}

#[test]
fn help_and_version_are_there() {
    let folder = tempfile::tempdir().unwrap();
    assert!(done(folder.path(), &["--version"]).starts_with("cama 0"));
    for command in ["demo", "train", "predict", "adapt", "restore", "evaluate", "show", "info"] {
        let help = done(folder.path(), &[command, "--help"]);
        for flag in ["--seed", "--device", "--threads", "--quiet", "--config"] {
            assert!(help.contains(flag), "{command} {flag}");
        }
    }
}
