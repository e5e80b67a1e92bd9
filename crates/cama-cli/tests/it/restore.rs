//! `cama restore`: images and rows as they would have been, read back as data, and what was inferred of them.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use cama::data::Images;
use serde_json::{Value, json};

use crate::common::table::{
    GRAPH, PARQUET, columns, csv, patients, put, train_args as table_args, trained, with_cell, write_parquet,
};
use crate::common::{done, files, model as unadapted, refused, run, train_args};

/// A folder with models that were made for all tests: `images`, `field` and `table` infer m, `latent` has nothing to undo.
fn models() -> &'static Path {
    static MODELS: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = MODELS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let manipulated = ["--epochs", "1", "--manipulated", "rotate:30", "-q", "--mechanism"];
        let images = |out, mechanisms| {
            done(path, &train_args("mnist:train[..100]", out, &[&manipulated[..], &[mechanisms]].concat()));
        };
        images("images", "latent,affine,photometric");
        images("latent", "latent");
        let small = ["--set", "field.channels=4", "--set", "field.steps=2", "--mechanism", "affine,field"];
        done(path, &train_args("mnist:train[..100]", "field", &[&manipulated[..5], &small].concat()));
        put(path, "t.csv", csv(&patients(120)));
        put(path, "g.dot", GRAPH);
        done(path, &table_args("t.csv", "g.dot", "table", &["--manipulated", "shift:fever:-2:2", "-q"]));
        folder
    });
    folder.path()
}

fn model(name: &str) -> String {
    models().join(name).display().to_string()
}

/// Arguments of `cama restore` with the model of this name.
fn args<'a>(model: &'a str, data: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["restore", "--model", model, "--data", data, "--samples", "2"], more].concat()
}

fn load(folder: &Path, name: &str) -> Images {
    cama::data::load(folder.join(name).to_str().unwrap()).unwrap()
}

/// The header and the rows of a report or a table.
fn table(folder: &Path, name: &str) -> (Vec<String>, Vec<csv::StringRecord>) {
    let mut reader = csv::Reader::from_path(folder.join(name)).unwrap();
    let header = reader.headers().unwrap().iter().map(String::from).collect();
    (header, reader.records().map(Result::unwrap).collect())
}

const NATS: [&str; 4] = ["log_bayes_factor", "log_px", "anomaly score as it was", "anomaly score restored"];

#[test]
fn restored_images_are_read_back_from_a_file_and_from_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let model = &model("images");
    let restore = |more: &[&str]| done(folder, &args(model, "mnist:test[..80]", more));
    let told = restore(&["--out", "r.npz", "--no-guard"]);
    assert_eq!(files(folder), ["r-m.csv", "r.npz"].map(Path::new));
    assert!(
        told.contains("restored  r.npz\nreport    r-m.csv\n") && told.contains("rotation (degrees)"),
        "{told}"
    );

    let (header, rows) = table(folder, "r-m.csv");
    assert_eq!(header[..4], ["index", "verdict", "shift right (pixels)", "shift right sd (pixels)"]);
    let of_m = ["rotation sd (degrees)", "width (factor)", "shear (pixels per pixel)", "gain (factor)"];
    assert!(of_m.iter().all(|name| header.iter().any(|column| column == name)), "{header:?}");
    assert_eq!(header[header.len() - 4..], NATS);
    // Eight parameters that can be undone with their standard deviations; the latent ones are not among them.
    assert_eq!((header.len(), rows.len()), (2 + 2 * 8 + 4, 80));
    for (i, row) in rows.iter().enumerate() {
        assert_eq!((&row[0], &row[1]), (i.to_string().as_str(), "restored"));
        let numbers: Vec<f64> = row.iter().skip(2).map(|cell| cell.parse().unwrap()).collect();
        assert!(numbers.iter().all(|n| n.is_finite()) && (1..16).step_by(2).all(|sd| numbers[sd] > 0.0));
    }

    let (before, after) = (load(Path::new(""), "mnist:test[..80]"), load(folder, "r.npz"));
    assert_eq!((before.labels(), before.classes()), (after.labels(), after.classes()));
    assert_ne!(before.pixels(), after.pixels());

    restore(&["--out", "r/s", "--no-guard"]);
    assert_eq!(fs::read(folder.join("r/s/restored.csv")).unwrap(), fs::read(folder.join("r-m.csv")).unwrap());
    assert!(folder.join("r/s/7/000000.png").exists());
    let read = load(folder, "r/s");
    let mut order: Vec<usize> = (0..80).collect();
    order.sort_by_key(|i| before.labels().unwrap()[*i]);
    let sorted = after.select(&order);
    assert_eq!((read.labels(), read.classes()), (sorted.labels(), sorted.classes()));
    let apart = read.pixels().iter().zip(sorted.pixels()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(apart <= 0.5001 / 255.0, "{apart}");
    // A restored folder is data like any other, also without its labels.
    done(folder, &["predict", "--model", model, "--data", "r/s", "--samples", "1"]);
    done(folder, &args(model, "r/s/7", &["--out", "flat"]));
    assert!(folder.join("flat/000000.png").exists() && load(folder, "flat").labels().is_none());
}

#[test]
fn fast_restoration_is_the_same_without_what_the_decoder_says() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let model = &model("images");
    let data = "mnist:test[..80]";
    done(folder, &args(model, data, &["--out", "slow.npz", "--no-guard"]));
    let fast = |out: &str| {
        done(folder, &["restore", "--model", model, "--data", data, "--out", out, "--no-guard", "--fast"]);
    };
    fast("fast.npz");
    fast("fast");
    let (slow, quick) = (load(folder, "slow.npz"), load(folder, "fast.npz"));
    assert_eq!(slow.labels(), quick.labels());
    assert!(slow.pixels().iter().zip(quick.pixels()).all(|(a, b)| (a - b).abs() < 1e-4));
    assert!(folder.join("fast/7/000000.png").exists());
    let [(header, rows), (of_fast, fast_rows)] = ["slow-m.csv", "fast-m.csv"].map(|name| table(folder, name));
    assert_eq!(of_fast, header[..header.len() - 4]);
    for (slow, fast) in rows.iter().zip(&fast_rows) {
        assert_eq!((&slow[0], &slow[1]), (&fast[0], &fast[1]));
        for (slow, fast) in slow.iter().zip(fast).skip(2) {
            let [slow, fast] = [slow, fast].map(|cell| cell.parse::<f64>().unwrap());
            assert!((slow - fast).abs() <= 1e-4 * (1.0 + slow.abs()), "{slow} {fast}");
        }
    }
    // Where there is a guard, so few are judged one by one, which is told.
    let guard = json!({"threshold": 1e4, "mean": 100.0, "median": 100.0, "agreement": 1.0, "examples": 100});
    guarded("images", &folder.join("guarded"), Some(guard));
    let few = ["restore", "--model", "guarded", "--data", "mnist:test[..5]", "--out", "few.npz", "--fast"];
    let told = run(folder, &few);
    assert!(told.code == 0 && told.err.contains("judged by itself"), "{}", told.err);
    assert_eq!(table(folder, "few-m.csv").0, of_fast);
    refused(
        folder,
        &[&few[..6], &["no.npz", "--fast", "--refine", "2"]].concat(),
        &["--fast", "--refine"],
        "no.npz",
    );
}

#[test]
fn images_larger_than_memory_are_restored_as_those_in_memory_are() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // More than is held whole, by many times the same digits; written as plain IDX.
    let digits = load(Path::new(""), "mnist:test[..1000]");
    let bytes: Vec<u8> = digits.pixels().iter().map(|pixel| (pixel * 255.0).round() as u8).collect();
    let n: u32 = 22_000;
    let mut idx: Vec<u8> = [0x803, n, 28, 28].iter().flat_map(|word| word.to_be_bytes()).collect();
    (0..n / 1000).for_each(|_| idx.extend(&bytes));
    fs::write(folder.join("many-images-idx3-ubyte"), &idx).unwrap();
    let fast = |data: &str, out: &str| {
        let fast = [
            "restore",
            "--model",
            &model("images"),
            "--data",
            data,
            "--out",
            out,
            "--no-guard",
            "--fast",
            "-q",
        ];
        done(folder, &fast);
    };
    fast("many-images-idx3-ubyte", "many.npz");
    fast("many-images-idx3-ubyte[..1000]", "few.npz");
    let (many, few) = (load(folder, "many.npz"), load(folder, "few.npz"));
    assert_eq!((many.len(), few.len()), (22_000, 1000));
    for at in [0, 999, 21_000] {
        let apart = many.image(at).iter().zip(few.image(at % 1000)).map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f32::max) < 1e-4, "{at}");
    }
    let (_, rows) = table(folder, "many-m.csv");
    assert!(rows.iter().enumerate().all(|(i, row)| row[0] == *i.to_string()));
}

/// Copies a model of [`models`] into `folder`, with another guard or without one.
fn guarded(name: &str, folder: &Path, guard: Option<Value>) {
    fs::create_dir(folder).unwrap();
    for file in files(&models().join(name)) {
        fs::copy(models().join(name).join(&file), folder.join(&file)).unwrap();
    }
    let path = folder.join("config.json");
    let mut config: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    match guard {
        Some(guard) => config["guard"] = guard,
        None => drop(config.as_object_mut().unwrap().remove("guard")),
    }
    fs::write(path, config.to_string()).unwrap();
}

#[test]
fn what_a_field_tells_stands_in_the_report_and_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let told = done(folder, &args(&model("field"), "mnist:test[..6]", &["--out", "r.npz", "--no-guard"]));
    let field = [
        "covered (share of the image)",
        "inverted (share of the image)",
        "mean gain (factor)",
        "mean bias (of the pixel range)",
    ];
    assert!(field.iter().all(|name| told.contains(name)) && told.contains("rotation (degrees)"), "{told}");
    let (header, rows) = table(folder, "r-m.csv");
    // Six parameters with their standard deviations before it.
    assert_eq!(header[14..18], field);
    assert_eq!(header[18..], NATS);
    for row in &rows {
        let number = |at: usize| row[at].parse::<f64>().unwrap();
        assert!((0.0..=1.0).contains(&number(14)) && (0.0..=1.0).contains(&number(15)) && number(16) > 0.0);
    }
    let restored = load(folder, "r.npz");
    assert_ne!(restored.pixels(), cama::data::load("mnist:test[..6]").unwrap().pixels());
    done(
        folder,
        &["show", "--model", &model("field"), "--data", "mnist:test[..6]", "--restore", "--out", "f.png"],
    );
}

#[test]
fn what_the_guard_holds_back_stays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // The same model with a guard that lets nothing through.
    let strict = json!({"threshold": -1.0, "mean": -1.0, "median": -1.0, "agreement": 1.0, "examples": 9});
    guarded("images", &folder.join("strict"), Some(strict));
    guarded("images", &folder.join("without"), None);
    let data = ["mnist:test[..30]", "--manipulate", "rotate:40"];
    let restore = |model: &str, out: &str, more: &[&str]| {
        let ran = run(folder, &args(model, data[0], &[&data[1..], &["--out", out], more].concat()));
        assert_eq!(ran.code, 0, "{}", ran.err);
        let (_, rows) = table(folder, &out.replace(".npz", "-m.csv"));
        (ran, rows.iter().map(|row| row[1].to_string()).collect::<Vec<_>>(), load(folder, out))
    };
    let (ran, verdicts, images) = restore("strict", "a.npz", &[]);
    assert_eq!(verdicts, ["unexplained"; 30]);
    assert!(ran.out.contains("explains 30 images neither restored nor as it was"), "{}", ran.out);
    let plain = load(Path::new(""), data[0]);
    assert_ne!(images.pixels(), plain.pixels());
    // Of several, the last counts.
    let (_, _, untouched) = restore("strict", "b.npz", &["--manipulate", "none"]);
    assert_eq!(untouched.pixels(), plain.pixels());

    let (_, verdicts, restored) = restore("strict", "c.npz", &["--no-guard"]);
    assert_eq!(verdicts, ["restored"; 30]);
    assert_ne!(restored.pixels(), images.pixels());
    let (ran, verdicts, unguarded) = restore("without", "d.npz", &[]);
    assert!(
        ran.err.contains("warning: the model has no guard") && verdicts == ["restored"; 30],
        "{}",
        ran.err
    );
    assert_eq!(unguarded.pixels(), restored.pixels());
}

/// The cells of one column.
fn column(folder: &Path, name: &str, column: &str) -> Vec<String> {
    let (header, rows) = table(folder, name);
    let at = header.iter().position(|name| name == column).unwrap();
    rows.iter().map(|row| row[at].to_string()).collect()
}

#[test]
fn restore_predict_and_evaluate_agree_on_the_verdicts() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put(folder, "t.csv", csv(&patients(40)));
    for (name, data, manipulate, out) in [
        ("images", "mnist:test[..40]", "rotate:40", "r.npz"),
        ("table", "t.csv", "shift:fever:1.5+noise:fever:0.5", "r.csv"),
    ] {
        let moved = ["--manipulate", manipulate, "--force", "--out", out];
        let restore = |model: &str, more: &[&str]| {
            done(folder, &args(model, data, &[&moved[..], &["--report", "m.csv"], more].concat()));
        };
        restore(&model(name), &["--no-guard"]);
        let of_report = |name: &str| -> Vec<f64> {
            column(folder, "m.csv", name).iter().map(|cell| cell.parse().unwrap()).collect()
        };
        let mut scores = of_report("anomaly score restored");
        scores.sort_by(f64::total_cmp);
        // So few say nothing of the data that they are from: each is judged by itself, and half of them are explained as
        // well as this where the two classifiers agree or do not.
        let threshold = scores[0] + 2.0 * (scores[20] - scores[0]);
        let guard = json!({
            "threshold": threshold, "mean": scores[0], "median": scores[20], "agreement": 0.0, "examples": 80
        });
        guarded(name, &folder.join(name), Some(guard));
        restore(name, &[]);
        let verdicts = column(folder, "m.csv", "verdict");
        let n = |verdict: &str| verdicts.iter().filter(|other| *other == verdict).count();
        assert!(n("restored") > 5 && n("restored") < 35, "{name}: {verdicts:?}");

        let base = ["--model", name, "--data", data, "--manipulate", manipulate, "--samples", "2"];
        for more in [&[][..], &["--rule", "bayes"], &["--rule", "direct"]] {
            done(folder, &[&["predict", "--out", "p.jsonl", "--force"], &base[..], more].concat());
            let text = fs::read_to_string(folder.join("p.jsonl")).unwrap();
            let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let said: Vec<&str> = lines.iter().map(|line| line["verdict"].as_str().unwrap()).collect();
            assert_eq!(said, verdicts, "{name} {more:?}");
            for (field, heading) in [
                ("anomaly_score_as_it_was", "anomaly score as it was"),
                ("anomaly_score_restored", "anomaly score restored"),
            ] {
                let said: Vec<f64> = lines.iter().map(|line| line[field].as_f64().unwrap()).collect();
                assert_eq!(said, of_report(heading), "{name} {more:?}");
            }
        }
        let judged = done(folder, &[&["evaluate", "--json", "--no-clean"], &base[..]].concat());
        let rows: Vec<Value> = judged.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(rows.len(), 4);
        for row in &rows[1..] {
            let share = |field: &str| (row["guard"][field].as_f64().unwrap() * 40.0).round() as usize;
            let shares = ["restored", "as_they_were", "unexplained"].map(share);
            assert_eq!(shares, ["restored", "as-it-was", "unexplained"].map(n), "{name} {row}");
        }
    }
}

#[test]
fn restored_tables_differ_in_the_numeric_children_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let model = &model("table");
    let patients = patients(60);
    // A column more than the model knows, in another place than in training.
    let text = crate::common::table::shuffled(&csv(&patients))
        .replacen(",other,", ",note,", 1)
        .replace(",other,", ",\"a, b\",");
    put(folder, "t.csv", &text);
    done(folder, &args(model, "t.csv", &["--out", "r.csv", "--no-guard"]));
    let (before, after) = (table(folder, "t.csv"), table(folder, "r.csv"));
    assert_eq!(before.0, after.0);
    let fever = before.0.iter().position(|name| name == "fever").unwrap();
    for (old, new) in before.1.iter().zip(&after.1) {
        for at in (0..old.len()).filter(|at| *at != fever) {
            assert_eq!(old[at], new[at]);
        }
    }
    let (header, rows) = table(folder, "r-m.csv");
    let of_m = [
        "fever shift (own unit)",
        "fever shift sd (own unit)",
        "fever factor (factor)",
        "fever factor sd (factor)",
    ];
    assert_eq!(header[2..6], of_m);
    assert_eq!(header[6..], NATS);
    // Undone by what the report says, in the user's own units: x' = mean + (x − mean − shift) / factor.
    let mean = patients_mean();
    for ((old, new), row) in before.1.iter().zip(&after.1).zip(&rows) {
        let number = |text: &str| text.parse::<f64>().unwrap();
        let wanted = mean + (number(&old[fever]) - mean - number(&row[2])) / number(&row[4]);
        let found = number(&new[fever]);
        assert!((found - wanted).abs() < 1e-5, "{row:?}: {found} {wanted}");
    }
    // The same from Parquet and into Parquet, and the report as Parquet too.
    let parquet = ["--out", "p.parquet", "--report", "q.parquet", "--no-guard"];
    put(folder, "u.csv", csv(&patients));
    write_parquet(&folder.join("u.parquet"), PARQUET, columns(&patients));
    done(folder, &args(model, "u.csv", &["--out", "c.csv", "--no-guard"]));
    done(folder, &args(model, "u.parquet", &parquet));
    done(folder, &args(model, "u.parquet", &["--out", "pc.csv", "--no-guard"]));
    done(folder, &args(model, "u.csv", &["--out", "cp.parquet", "--no-guard"]));
    assert_eq!(fs::read(folder.join("pc-m.csv")).unwrap(), fs::read(folder.join("c-m.csv")).unwrap());
    assert_eq!(fs::read(folder.join("cp-m.csv")).unwrap(), fs::read(folder.join("c-m.csv")).unwrap());
    assert_eq!(column(folder, "pc.csv", "fever"), column(folder, "c.csv", "fever"));
    assert_eq!(column(folder, "pc.csv", "cough"), column(folder, "c.csv", "cough"));
    let predicted =
        |data: &str| done(folder, &["predict", "--model", model, "--data", data, "--samples", "1"]);
    for data in ["p.parquet", "pc.csv", "cp.parquet"] {
        assert_eq!(predicted(data), predicted("c.csv"), "{data}");
    }
    assert_eq!(cama::data::table::columns(folder.join("q.parquet").to_str().unwrap()).unwrap(), header);
    assert_eq!(
        cama::data::table::columns(folder.join("p.parquet").to_str().unwrap()).unwrap(),
        crate::common::table::HEADER.split(',').collect::<Vec<_>>()
    );
}

/// The mean of the children `fever` that the model was trained on, from its own schema.
fn patients_mean() -> f64 {
    let config = fs::read_to_string(models().join("table/config.json")).unwrap();
    let config: Value = serde_json::from_str(&config).unwrap();
    let column = &config["schema"]["columns"][0];
    assert_eq!(column["name"], "fever");
    column["kind"]["number"]["mean"].as_f64().unwrap()
}

#[test]
fn rows_stand_in_their_places_whatever_is_missing_and_however_many_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let model = &model("table");
    // More than are in memory at a time.
    let text = with_cell(&with_cell(&csv(&patients(17_000)), 5, "season", ""), 16_990, "fever", "NA");
    put(folder, "t.csv", &text);
    let restore = |missing: &str, more: &[&str]| {
        let ran = run(
            folder,
            &args(
                model,
                "t.csv",
                &[&["--missing", missing, "--no-guard", "--samples", "1", "--force"], more].concat(),
            ),
        );
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.err
    };
    let err = restore("drop", &["--out", "a.csv"]);
    assert!(err.contains("2 rows stay as they were, and are not in the report"), "{err}");
    let (before, after) = (table(folder, "t.csv").1, table(folder, "a.csv").1);
    assert_eq!((before[5].clone(), before[16_990].clone()), (after[5].clone(), after[16_990].clone()));
    let changed = before.iter().zip(&after).filter(|(a, b)| a != b).count();
    assert!(after.len() == 17_000 && changed > 16_000, "{changed}");
    let (_, report) = table(folder, "a-m.csv");
    assert_eq!((report.len(), &report[4][0], &report[5][0]), (16_998, "4", "6"));
    // In one piece, because of the manipulation that is none.
    restore("drop", &["--out", "b.csv", "--manipulate", "none"]);
    assert!(fs::read(folder.join("a.csv")).unwrap() == fs::read(folder.join("b.csv")).unwrap());
    assert!(fs::read(folder.join("a-m.csv")).unwrap() == fs::read(folder.join("b-m.csv")).unwrap());
    // What is filled in is not written: a missing cell stays one.
    restore("impute", &["--out", "c.csv"]);
    let imputed = table(folder, "c.csv").1;
    assert_eq!((&imputed[5][5], &imputed[16_990][2]), ("", "NA"));
    assert_eq!(imputed[16_989], after[16_989]);
    // A part of the rows, with their places in the file.
    done(folder, &args(model, "t.csv[10..20]", &["--out", "d.csv", "--report", "dr.csv"]));
    assert_eq!((table(folder, "d.csv").1.len(), column(folder, "dr.csv", "index")[0].as_str()), (10, "10"));
    // What was manipulated first is written manipulated, where it is not restored.
    done(
        folder,
        &args(model, "t.csv[10..20]", &["--out", "e.csv", "--manipulate", "constant:season:0+permute:rash"]),
    );
    let seasons: Vec<f64> =
        column(folder, "e.csv", "season").iter().map(|cell| cell.parse().unwrap()).collect();
    assert!(seasons.windows(2).all(|pair| pair[0] == pair[1]), "{seasons:?}");
}

#[test]
fn what_cannot_be_restored_or_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (images, tables, latent) = (&model("images"), &model("table"), &model("latent"));
    put(folder, "t.csv", csv(&patients(30)));
    let refuse = |model: &str, data: &str, more: &[&str], parts: &[&str], absent: &str| {
        refused(folder, &args(model, data, more), parts, absent);
    };
    let digits = "mnist:test[..9]";
    let nothing = "so there is nothing to restore with; run `cama adapt` first";
    refuse(unadapted(), digits, &["--out", "o"], &["it has met no manipulated data", nothing], "o");
    refuse(
        &trained().model,
        "t.csv",
        &["--out", "o.csv"],
        &["it has met no manipulated data", nothing],
        "o.csv",
    );
    refuse(latent, digits, &["--out", "o"], &["no mechanism that acts on the image itself", nothing], "o");

    // Two ways to write one path.
    let twice = ["--out", "o.csv", "--report", "./o.csv"];
    refuse(tables, "t.csv", &twice, &["is to be both --out and --report"], "o.csv");
    let format = "give a folder, for PNG files, or a file that ends in .npz";
    refuse(images, digits, &["--out", "o.csv"], &["images are not written as .csv", format], "o.csv");
    refuse(images, digits, &["--out", "o.png"], &["images are not written as .png", format], "o.png");
    let known = "known: csv, tsv, parquet";
    refuse(tables, "t.csv", &["--out", "o.npz"], &["unknown table format `npz`", known], "o.npz");
    refuse(tables, "t.csv", &["--out", "o"], &["unknown table format", known], "o");
    refuse(
        tables,
        "t.csv",
        &["--out", "o.csv", "--report", "r.npz"],
        &["unknown report format `npz`"],
        "o.csv",
    );
    refuse(tables, "t.csv", &["--out", "o.csv", "--report", "o.csv"], &["both --out and --report"], "o.csv");
    refuse(tables, "t.csv", &["--out", "no/o.csv"], &["no such folder"], "no");

    refuse(images, "t.csv", &["--out", "o"], &["the model takes images, t.csv is a table"], "o");
    refuse(
        tables,
        digits,
        &["--out", "o.csv"],
        &["the model takes tables, mnist:test[..9] is none"],
        "o.csv",
    );
    refuse(images, digits, &["--out", "o", "--missing", "drop"], &["missing"], "o");
    refuse(images, digits, &["--out", "o", "--samples", "0"], &["predict.samples = 0"], "o");
    let null = ["--out", "o", "--set", "predict.m=\"null\""];
    refuse(images, digits, &null, &["predict.m = null", "mean or sample"], "o");
    refuse(images, digits, &["--out", "o", "--manipulate", "rotat:3"], &["did you mean `rotate`?"], "o");
    put(folder, "bad.csv", with_cell(&csv(&patients(30)), 7, "fever", "high"));
    refuse(
        tables,
        "bad.csv",
        &["--out", "o.csv"],
        &["bad.csv: row 7 (line 9), column `fever`: `high`"],
        "o.csv",
    );
    assert!(!folder.join("o-m.csv").exists());

    put(folder, "o.csv", "mine");
    refuse(tables, "t.csv", &["--out", "o.csv"], &["o.csv: exists already", "--force"], "");
    put(folder, "p-m.csv", "mine");
    refuse(tables, "t.csv", &["--out", "p.csv"], &["p-m.csv: exists already"], "p.csv");
    refuse(tables, "t.csv", &["--out", "t.csv", "--force"], &["t.csv: is the data itself"], "");
    fs::create_dir(folder.join("full")).unwrap();
    put(folder, "full/mine.png", "mine");
    refuse(images, digits, &["--out", "full"], &["full: exists already"], "");
    refuse(
        images,
        digits,
        &["--out", "full", "--force"],
        &["holds other files than those of `cama restore`"],
        "",
    );
    assert_eq!(fs::read(folder.join("full/mine.png")).unwrap(), b"mine");
    done(folder, &args(tables, "t.csv", &["--out", "o.csv", "--force"]));
    assert_eq!(table(folder, "o.csv").1.len(), 30);
    // What it wrote itself it replaces, whole.
    done(folder, &args(images, "mnist:test[..9]", &["--out", "own"]));
    done(folder, &args(images, "mnist:test[..3]", &["--out", "own", "--force", "--report", "own/r.parquet"]));
    assert_eq!(files(&folder.join("own")).len(), 4);
    assert!(folder.join("own/r.parquet").exists());
    let hidden = files(folder).into_iter().filter(|file| file.to_string_lossy().starts_with('.')).count();
    assert_eq!(hidden, 0);
}

#[test]
fn classes_that_a_folder_cannot_keep_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let images = load(Path::new(""), "mnist:test[..12]");
    let named = |name: &str, last: &str| {
        let mut classes: Vec<String> = images.classes().to_vec();
        classes[9] = last.into();
        let labels = images.labels().map(<[usize]>::to_vec);
        let images = Images::new("", images.shape(), images.pixels().to_vec(), labels, classes).unwrap();
        cama::data::write_npz(folder.join(name), &images).unwrap();
    };
    let model = &model("images");
    // No digit 3 is among them.
    let ran = run(folder, &args(model, "mnist:test[..12]", &["--out", "few"]));
    assert!(
        ran.code == 0 && ran.err.contains("warning: read as data, few has the classes 0, 1, 2, 4"),
        "{}",
        ran.err
    );
    named("slash.npz", "a/b");
    refused(
        folder,
        &args(model, "slash.npz", &["--out", "o"]),
        &["the class `a/b` cannot be the name of a folder; write NPZ"],
        "o",
    );
    done(folder, &args(model, "slash.npz", &["--out", "o.npz"]));
    assert_eq!(load(folder, "o.npz").classes()[9], "a/b");
}

#[test]
#[cfg(unix)]
fn ctrl_c_leaves_nothing_behind() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put(folder, "t.csv", csv(&patients(30_000)));
    let model = &model("table");
    let more = ["--out", "r.csv", "--samples", "500"];
    let mut command = crate::common::cama(folder, &args(model, "t.csv", &more));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    while files(folder).len() < 3 {
        assert!(began.elapsed() < Duration::from_secs(60), "nothing was begun");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ran = crate::common::ran(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 130, "{}", ran.err);
    assert!(ran.err.contains("error: stopped on request; nothing was written"), "{}", ran.err);
    assert_eq!(files(folder), [Path::new("t.csv")]);
}
