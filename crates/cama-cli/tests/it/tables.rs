//! The program on tables: from simulation to prediction, in every format, on every shape of graph.

use std::fs;
use std::path::Path;

use crate::common::table::{
    PARQUET, STEPS, TINY, Trained, columns, csv, patients, put, shuffled, train_args, trained, with_cell,
    write_parquet,
};
use crate::common::{done, files, npz_array, run};
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(json).collect()
}

/// The predictions of the shared model, with few samples, as CSV.
fn predicted(folder: &Path, data: &str, more: &[&str]) -> String {
    let args = ["predict", "--model", &trained().model, "--data", data, "--samples", "3"];
    done(folder, &[&args, more].concat())
}

#[test]
fn the_whole_way_from_a_simulation_to_predictions() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sizes = ["--parents", "1", "--co-parents", "2", "--children", "3", "--classes", "3"];
    done(folder, &[&["simulate", "--out", "s", "--rows", "600"][..], &sizes].concat());
    let graph = run(folder, &["graph", "s/graph.dot", "--target", "Y", "--data", "s/table.csv"]);
    assert_eq!((graph.code, graph.err.as_str()), (0, ""));
    assert!(graph.out.contains("A  parents     A1\nX  children    X1, X2, X3\n"), "{}", graph.out);

    let base = ["train", "--data", "s/table.csv[..500]", "--graph", "s/graph.dot", "--target", "Y"];
    let train = |out: &str, seed: &str| {
        // Networks: their q2 infers an m of each row, of which the formats below tell.
        let more = ["--test", "s/table.csv[500..]", "--out", out, "--seed", seed, "--generator", "network"];
        (
            done(folder, &[&base, TINY, &more].concat()),
            fs::read(folder.join(out).join("model.safetensors")).unwrap(),
        )
    };
    let (out, weights) = train("m", "1");
    assert!(out.contains("validation  accuracy") && out.contains("(100 rows)"), "{out}");
    assert_eq!(
        files(&folder.join("m")),
        ["README.md", "clean.bin", "config.json", "direct.safetensors", "log.jsonl", "model.safetensors"]
            .map(Path::new)
    );
    let (again, same) = train("again", "1");
    assert_eq!(again, out.replacen("     m\n", "     again\n", 1));
    assert!(same == weights && train("other", "2").1 != weights);

    let judge = ["evaluate", "--model", "m", "--data", "s/table.csv[500..]", "--samples", "3"];
    let sweep = ["--manipulate", "shift:X*:0..2/1", "--against", "mlp,trees"];
    let rows = lines(&done(folder, &[&judge[..], &sweep, &["--json"]].concat()));
    let manipulations = ["none", "shift:X*:0", "shift:X*:1", "shift:X*:2"];
    assert_eq!(rows.len(), 24);
    let classifiers = ["direct-alone", "direct", "bayes", "product", "mlp", "trees"];
    for (i, row) in rows.iter().enumerate() {
        assert_eq!(
            (&row["manipulation"], &row["classifier"]),
            (&Value::from(manipulations[i / 6]), &Value::from(classifiers[i % 6]))
        );
        let (accuracy, interval) = (row["accuracy"].as_f64().unwrap(), &row["accuracy_interval"]);
        assert!(interval[0].as_f64().unwrap() <= accuracy && accuracy <= interval[1].as_f64().unwrap());
        assert_eq!((&row["n"], row["log_px"].is_f64()), (&Value::from(100), i % 6 == 2));
    }
    // Nothing moved, nothing changed; and what moved was made out.
    assert_eq!(rows[2]["log_px"], rows[8]["log_px"]);
    assert!(rows[20]["log_px"].as_f64() < rows[14]["log_px"].as_f64());
    assert!(rows[14]["log_px"].as_f64() < rows[2]["log_px"].as_f64());
    let table = done(folder, &[&judge[..], &["--manipulate", "shift:X*:1", "--no-clean"]].concat());
    assert!(table.starts_with("manipulation") && table.contains("shift:X*:1"), "{table}");

    let adapt = ["adapt", "--model", "m", "--data", "s/table.csv[500..]", "--manipulate", "shift:X*:1.5"];
    let out = done(folder, &[&adapt[..], STEPS, &["--out", "a"]].concat());
    assert!(
        out.contains("adapted on  s/table.csv[500..]|shift:X*:1.5: ") && out.contains(" unlabelled rows"),
        "{out}"
    );
    let card = &json(&done(folder, &["info", "a", "--json"]))["card"];
    assert_eq!(card["adaptations"][0]["on"], "s/table.csv[500..]|shift:X*:1.5");
    assert_eq!(
        (&card["classes"], &card["commands"].as_array().unwrap().len()),
        (&serde_json::json!(["y0", "y1", "y2"]), &2)
    );

    for model in ["m", "a"] {
        agree_in_every_format(folder, model);
    }
}

/// Predicts with `model`, of three classes and three columns that m acts on, in every format.
fn agree_in_every_format(folder: &Path, model: &str) {
    let base = ["predict", "--model", model, "--data", "s/table.csv[..20]", "--samples", "3", "--m", "mean"];
    let with = |more: &[&str]| done(folder, &[&base, more].concat());
    let text = with(&[]);
    assert_eq!(text, with(&[]));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header: Vec<String> = reader.headers().unwrap().iter().map(String::from).collect();
    assert_eq!(header, ["index", "class", "class_index", "log_px", "verdict", "p(y0)", "p(y1)", "p(y2)"]);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!((rows.len(), &rows[7][0]), (20, "7"));

    with(&["--out", "p.csv", "--force"]);
    assert_eq!(fs::read_to_string(folder.join("p.csv")).unwrap(), text);
    with(&["--out", "p.jsonl", "--force"]);
    let objects = lines(&fs::read_to_string(folder.join("p.jsonl")).unwrap());
    // A shift and a scale for each of three columns.
    assert_eq!((objects.len(), objects[0]["m"].as_array().unwrap().len()), (20, 6));
    with(&["--out", "p.npz", "--force"]);
    let (_, indices) = npz_array::<i64>(folder.join("p.npz"), "class");
    let (_, sure) = npz_array::<f64>(folder.join("p.npz"), "probabilities");
    for (i, (row, object)) in rows.iter().zip(&objects).enumerate() {
        assert_eq!((&row[1], row[2].parse().ok()), (object["class"].as_str().unwrap(), Some(indices[i])));
        for class in 0..3 {
            let p: f64 = row[5 + class].parse().unwrap();
            assert_eq!((object["probabilities"][class].as_f64(), sure[3 * i + class]), (Some(p), p));
        }
    }
}

#[test]
fn the_order_of_the_columns_and_other_columns_do_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = csv(&patients(30));
    put(folder, "t.csv", &text);
    put(folder, "shuffled.csv", shuffled(&text));
    let without_target: String = text
        .lines()
        .map(|line| line.replacen(",yes,", ",", 1).replacen(",no,", ",", 1).replace("sick,", "") + "\n")
        .collect();
    put(folder, "unlabelled.csv", without_target);
    put(folder, "tabs.tsv", text.replace(',', "\t"));
    let plain = predicted(folder, "t.csv", &[]);
    for other in ["shuffled.csv", "unlabelled.csv", "tabs.tsv", "t.csv[..30]"] {
        assert_eq!(predicted(folder, other, &[]), plain, "{other}");
    }
    let args = ["predict", "--model", &trained().model, "--data", "shuffled.csv"];
    let err = run(folder, &args).err;
    assert!(err.contains("warning: shuffled.csv: columns not used: other"), "{err}");
    // The model's own graph and target may be given again.
    let same = ["--graph", &trained().graph, "--target", "sick"];
    assert_eq!(predicted(folder, "t.csv", &same), plain);
    assert_ne!(predicted(folder, "t.csv", &["--manipulate", "shift:fever:1.5"]), plain);
}

#[test]
fn a_streamed_table_is_predicted_as_one_that_is_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // More than are in memory at a time, with a gap.
    let text = with_cell(&csv(&patients(17_000)), 5, "fever", "");
    put(folder, "t.csv", text);
    let predict = |more: &[&str]| {
        predicted(folder, "t.csv", &[&["--missing", "drop", "--samples", "1"], more].concat())
    };
    let streamed = predict(&[]);
    assert!(streamed == predict(&["--manipulate", "none"]));
    let indices: Vec<&str> = streamed.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!((indices.len(), indices[4], indices[5], indices[16_998]), (16_999, "4", "6", "16999"));
    let part = predicted(folder, "t.csv[10..20]", &["--samples", "1"]);
    let begins: Vec<&str> = part.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!((begins.first(), begins.last()), (Some(&"10"), Some(&"19")));
}

#[test]
fn parquet_is_read_as_csv_is() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows = patients(120);
    put(folder, "t.csv", csv(&rows));
    put(folder, "g.dot", crate::common::table::GRAPH);
    write_parquet(&folder.join("t.parquet"), PARQUET, columns(&rows));
    for range in ["", "[7..30]"] {
        let predicted = |name: &str| predicted(folder, &format!("{name}{range}"), &[]);
        assert_eq!(predicted("t.parquet"), predicted("t.csv"));
    }
    let graph = run(folder, &["graph", "g.dot", "--target", "sick", "--data", "t.parquet"]);
    assert_eq!((graph.code, graph.err.as_str()), (0, ""));
    done(folder, &train_args("t.parquet", "g.dot", "m", &[]));
    let weights = |model: &Path| fs::read(model.join("model.safetensors")).unwrap();
    assert!(weights(&folder.join("m")) == weights(Path::new(&trained().model)));
    let judge = ["evaluate", "--model", "m", "--data", "t.parquet", "--samples", "2", "--json"];
    assert_eq!(lines(&done(folder, &judge))[0]["n"], Value::from(120));
    done(folder, &[&["adapt", "--model", "m", "--data", "t.parquet", "--out", "a", "-q"], STEPS].concat());
}

#[test]
fn every_shape_of_graph_and_every_kind_of_child_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put(folder, "t.csv", csv(&patients(90)));
    for (name, graph, shape, kind) in [
        ("both", "age -> {sick fever} sick -> {fever cough rash} season -> fever", "2,1", "per-column"),
        ("orphan", "sick -> {fever cough} season -> fever", "0,1", "per-column"),
        ("no-co-parent", "age -> sick -> {fever rash}", "1,0", "per-column"),
        ("alone", "sick -> fever", "0,0", "per-column"),
        ("boolean", "age -> sick -> rash", "1,0", "latent"),
        ("category", "sick -> cough season -> cough", "0,1", "latent"),
    ] {
        let dot = format!("{name}.dot");
        put(folder, &dot, format!("digraph {{ {graph} }}"));
        done(folder, &train_args("t.csv", &dot, name, &[]));
        let config: Value =
            serde_json::from_str(&fs::read_to_string(folder.join(name).join("config.json")).unwrap())
                .unwrap();
        let shape_of = &config["model"]["data"]["table"];
        // A parent that causes a child is a co-parent too.
        let wanted = if name == "both" { "1,2" } else { shape };
        assert_eq!(format!("{},{}", shape_of["parents"], shape_of["co_parents"]), wanted, "{name}");
        assert_eq!(config["model"]["mechanisms"][0]["kind"], kind, "{name}");
        let base = ["--model", name, "--data", "t.csv[..40]"];
        let predicted = done(folder, &[&["predict", "--samples", "2"], &base[..]].concat());
        assert_eq!(predicted.lines().count(), 41, "{name}");
        let out = format!("{name}-adapted");
        done(folder, &[&["adapt", "--out", &out, "-q"], &base[..], STEPS].concat());
        let permuted = ["evaluate", "--samples", "2", "--json", "--manipulate", "permute:*"];
        assert_eq!(lines(&done(folder, &[&permuted, &base[..]].concat())).len(), 8, "{name}");
    }
}

#[test]
fn every_kind_of_manipulated_rows_trains() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Trained { table, graph, .. } = trained();
    put(folder, "new.csv", csv(&patients(60)));
    for (out, more, m) in [
        (
            "specs",
            &["--manipulated", "shift:fever:-2:2", "noise:@children:0.5", "--mechanism", "per-column,latent"]
                [..],
            "mean",
        ),
        ("data", &["--manipulated-data", "new.csv"], "mean"),
        ("known", &["--manipulated-mechanisms", "--set", "per-column.shift=3"], "null"),
        (
            "roles",
            &["--role", "age=parent", "season=ignore", "--type", "age=integer", "rash=category"],
            "null",
        ),
    ] {
        done(folder, &train_args(table, graph, out, more));
        let info = &json(&done(folder, &["info", out, "--json"]));
        assert_eq!(info["card"]["m"], m, "{out}");
        done(folder, &["predict", "--model", out, "--data", "new.csv", "--samples", "1"]);
    }
}

#[test]
fn what_is_done_about_missing_values_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = csv(&patients(60));
    let text = with_cell(&with_cell(&text, 4, "fever", ""), 9, "cough", "NA");
    let text = with_cell(&text, 12, "sick", "?");
    put(folder, "t.csv", text);
    put(folder, "g.dot", crate::common::table::GRAPH);
    let base = ["--model", &trained().model, "--data", "t.csv", "--samples", "2"];
    let (unlabelled, dropped) =
        ("t.csv: 1 row without a value of `sick` left out", "2 rows with missing values left out");
    let (fever, cough) =
        ("column `fever`: 1 missing value filled in with the mean", "column `cough`: 1 missing value");
    for (missing, parts, not) in [("drop", [unlabelled, dropped], fever), ("impute", [fever, cough], dropped)]
    {
        let asked = ["--missing", missing];
        let train = train_args("t.csv", "g.dot", missing, &asked);
        let judge = [&["evaluate", "--json"], &base[..], &asked].concat();
        let predict = [&["predict"], &base[..], &asked].concat();
        let adapt = [&["adapt", "--out", "a", "--force", "-q"], &base[..4], &asked, STEPS].concat();
        for args in [&train, &judge, &predict, &adapt] {
            let ran = run(folder, args);
            assert_eq!(ran.code, 0, "{args:?}\n{}", ran.err);
            let labels = matches!(args[0], "train" | "evaluate");
            for part in parts.iter().filter(|part| labels || **part != unlabelled) {
                assert!(ran.err.contains("warning: ") && ran.err.contains(part), "{args:?}: {}", ran.err);
            }
            assert_eq!(
                (ran.err.contains(unlabelled), ran.err.contains(not)),
                (labels, false),
                "{args:?}: {}",
                ran.err
            );
        }
        // Rows without a label are of no use to evaluate, but can be predicted.
        let rows = if missing == "drop" { [57, 58] } else { [59, 60] };
        assert_eq!(lines(&done(folder, &judge))[0]["n"], Value::from(rows[0]));
        assert_eq!(done(folder, &predict).lines().count(), 1 + rows[1]);
        // The model does the same from then on, unless told otherwise.
        let by_habit = ["predict", "--model", missing, "--data", "t.csv", "--samples", "1"];
        assert_eq!(done(folder, &by_habit).lines().count(), 1 + rows[1]);
    }
}

#[test]
fn a_model_folder_says_what_its_table_is() {
    let page = done(Path::new("."), &["info", &trained().model]);
    for part in [
        "- classes: no, yes\n- target (Y): sick\n- parents (A): age\n- children (X): fever, cough, rash\n",
        "- co-parents (C): age, season\n",
        "- mechanisms: per-column\n",
    ] {
        assert!(page.contains(part), "{page}");
    }
}
