//! `cama evaluate --attack`, on tiny models.

use crate::common::{done, model, refused, run, table};
use serde_json::Value;

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

fn told(row: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("–").to_string();
    format!("{} {} {}", text(&row["manipulation"]), text(&row["classifier"]), text(&row["attack"]["made_on"]))
}

#[test]
fn attacks_are_made_on_every_way_and_transferred() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let train = ["baseline", "--data", "mnist:train[..60]", "--kind"];
    done(folder, &[&train[..], &["cnn", "--steps", "3", "--set", "cnn.channels=2", "--out", "n"]].concat());
    done(folder, &[&train[..], &["trees", "--set", "trees.rounds=2", "--out", "t"]].concat());
    let base = [
        "evaluate",
        "--model",
        model(),
        "--data",
        "mnist:test[..9]",
        "--samples",
        "1",
        "--json",
        "--no-clean",
    ];
    let attack = ["--attack", "fgsm:0,0.1", "square:0.1:steps=2", "--attack-limit", "4"];
    let against = ["--against", "t,transfer:n"];
    let run = run(folder, &[&base[..], &attack, &against].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    let rows = rows(&run.out);
    let ways = ["direct-alone", "direct", "bayes", "product"];
    let mut expected = Vec::new();
    for eps in ["fgsm:0", "fgsm:0.1"] {
        expected.extend(ways.map(|way| format!("{eps} {way} {way}")));
        expected.extend(ways.map(|way| format!("{eps} {way} cnn")));
        expected.push(format!("{eps} trees cnn"));
    }
    expected.extend(ways.map(|way| format!("square:0.1:steps=2 {way} {way}")));
    expected.push("square:0.1:steps=2 trees trees".into());
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), expected);
    assert!(rows.iter().all(|row| row["n"] == 4));
    // Nothing is done by no strength.
    assert_eq!(rows[2]["log_px"], rows[6]["log_px"]);
    let loss = |row: &Value, when: &str| row["attack"][when].as_f64().unwrap();
    assert_eq!(loss(&rows[0], "loss_before"), loss(&rows[0], "loss_after"));
    assert!(loss(&rows[9], "loss_before") < loss(&rows[9], "loss_after"));
    assert!(run.err.contains("attacking 4 of the 9 examples of mnist:test[..9]"), "{}", run.err);
    assert!(
        run.err.contains("warning: `trees` has no gradient to follow, so `fgsm` is not made on it"),
        "{}",
        run.err
    );

    // As a table, after the data as it is.
    let table = done(
        folder,
        &[
            "evaluate",
            "--model",
            model(),
            "--data",
            "mnist:test[..9]",
            "--rule",
            "bayes",
            "--samples",
            "1",
            "--attack",
            "fgsm:0.1",
            "--against",
            "transfer:n",
        ],
    );
    let names: Vec<&str> = table.lines().skip(1).filter_map(|line| line.split("  ").next()).collect();
    assert!(table.starts_with("manipulation, made on "), "{table}");
    assert!(
        ["none, –", "fgsm:0.1, bayes", "fgsm:0.1, cnn"].iter().all(|name| names.contains(name)),
        "{table}"
    );
}

#[test]
fn rows_without_attacks_are_written_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["evaluate", "--model", model(), "--data", "mnist:test[..3]", "--samples", "1", "--json"];
    let out = done(folder.path(), &args);
    assert!(rows(&out).iter().all(|row| row.get("attack").is_none()), "{out}");
}

#[test]
fn what_is_written_wrongly_is_refused_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let base = ["evaluate", "--model", model(), "--data", "mnist:test[..3]"];
    for (more, parts) in [
        (&["--attack", "pdg:0.3"][..], &["unknown attack `pdg`", "did you mean `pgd`?"][..]),
        (&["--attack", "pgd"], &["how strong is missing; write `pgd:0.3`"]),
        (&["--attack", "pgd:0.3:norm=l1"], &["must be `linf` or `l2`"]),
        (
            &["--attack", "pgd:0.3", "--attack-columns", "x"],
            &["--attack-columns", "says nothing about images"],
        ),
        (&["--attack", "pgd:0.3", "--attack-limit", "0"], &["attack-limit = 0: must be 1 or more"]),
        (&["--against", "transfer:mlp"], &["there is nothing to transfer without --attack"]),
        (&["--attack", "pgd:0.3", "--against", "transfer:mpl"], &["did you mean `mlp`?"]),
        (&["--attack-limit", "3"], &["--attack"]),
        (&["--no-clean"], &["--manipulate", "--attack"]),
    ] {
        refused(folder.path(), &[&base[..], more].concat(), parts, "");
    }
}

#[test]
fn columns_of_tables_are_attacked_in_their_own_units() {
    let folder = tempfile::tempdir().unwrap();
    let trained = table::trained();
    let base = [
        "evaluate",
        "--model",
        &trained.model,
        "--data",
        &trained.table,
        "--samples",
        "1",
        "--json",
        "--attack-limit",
        "30",
        "--attack",
        "pgd:1:steps=3",
    ];
    let limits =
        ["--attack-columns", "fever,season", "--attack-eps", "fever=0.5", "--attack-range", "season=-1..1"];
    let out = rows(&done(folder.path(), &[&base[..], &limits, &["--against", "mlp"]].concat()));
    // The data as it is, and five classifiers on themselves.
    assert_eq!((out.len(), told(&out[9])), (10, "pgd:1:steps=3 mlp mlp".into()));
    assert!(out[5..].iter().all(|row| row["n"] == 30));
    for (more, part) in [
        (&["--attack-columns", "age"][..], "`age` causes the target `sick`"),
        (&["--attack-columns", "sick"], "`sick` is the target"),
        (&["--attack-columns", "cough"], "`cough` holds no numbers"),
        (&["--attack-eps", "fever"], "write COLUMN=V"),
        (&["--attack-range", "fever=2..1"], "must not end below its start"),
        (&["--attack-columns", "season", "--attack-eps", "fever=1"], "not among those that are attacked"),
    ] {
        refused(folder.path(), &[&base[..], more].concat(), &[part], "");
    }
}

#[test]
#[cfg(feature = "onnx")]
fn classifiers_of_others_are_only_asked_and_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let onnx = concat!(env!("CARGO_MANIFEST_DIR"), "/../cama-onnx/tests/files/mnist-cnn.onnx");
    let base = [
        "evaluate",
        "--model",
        model(),
        "--data",
        "mnist:test[..3]",
        "--samples",
        "1",
        "--json",
        "--no-clean",
    ];
    let attack = ["--classifier", onnx, "--attack", "fgsm:0.1", "square:0.1:steps=2"];
    let run = run(folder.path(), &[&base[..], &attack].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    let made: Vec<String> = rows(&run.out).iter().map(told).collect();
    let square = ["external-alone", "external", "bayes", "product"];
    let square = square.map(|way| format!("square:0.1:steps=2 {way} {way}"));
    assert_eq!(made, [&["fgsm:0.1 bayes bayes".to_string()], &square[..]].concat());
    for way in ["external-alone", "external", "product"] {
        let warning = format!("warning: `{way}` has no gradient to follow, so `fgsm` is not made on it");
        assert!(run.err.contains(&warning), "{}", run.err);
    }
}

#[test]
fn adaptation_meets_attacked_data() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let adapt = ["adapt", "--model", model(), "--data", "mnist:test[..20]", "--steps", "2", "--batch", "4"];
    let adapt = [&adapt[..], &["--validation", "5", "--no-guard", "-q"]].concat();
    let with = |attack: &[&str], out: &'static str| {
        done(folder, &[&adapt[..], attack, &["--out", out]].concat());
        let report = done(folder, &["info", out, "--json"]);
        let card: Value = serde_json::from_str(&report).unwrap();
        card["card"]["adaptations"][0].clone()
    };
    let (plain, attacked) = (with(&[], "plain"), with(&["--attack", "fgsm:0.3"], "attacked"));
    assert_eq!(attacked["on"], "mnist:test[..20]|fgsm:0.3");
    assert_ne!(plain["report"]["elbo_before"], attacked["report"]["elbo_before"]);
    for (spec, part) in [("pgd:0.1,0.2", "one strength"), ("pgdd:0.1", "did you mean `pgd`?")] {
        refused(folder, &[&adapt[..], &["--attack", spec, "--out", "bad"]].concat(), &[part], "bad");
    }
}

#[test]
fn examples_made_on_another_model_are_tried_and_the_worst_for_each_example_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let adapt = [
        "adapt",
        "--model",
        model(),
        "--data",
        "mnist:test[..8]",
        "--clean",
        "mnist:train[..20]",
        "--steps",
        "1",
    ];
    let how = ["--no-guard", "--keep", "last", "--validation", "4", "--dream-steps", "1", "--out", "a"];
    done(folder, &[&adapt[..], &how].concat());
    let transfer = format!("transfer:{}", model());
    let evaluate =
        ["evaluate", "--model", "a", "--data", "mnist:test[..9]", "--samples", "1", "--rule", "bayes"];
    let attack = [
        "--attack",
        "fgsm:0.2:loss=cross-entropy",
        "pgd:0.2:steps=2",
        "--attack-worst",
        "--against",
        &transfer,
    ];
    let run = run(folder, &[&evaluate[..], &attack, &["--no-clean", "--json"]].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    let (entropy, odds) = ("fgsm:0.2:loss=cross-entropy", "pgd:0.2:steps=2");
    let expected = [
        format!("{entropy} bayes bayes"),
        format!("{entropy} bayes model"),
        format!("{odds} bayes bayes"),
        format!("{odds} bayes model"),
        "worst of 4:0.2 bayes the worst for each".into(),
    ];
    let rows = rows(&run.out);
    assert_eq!(rows.iter().map(told).collect::<Vec<_>>(), expected);
    let accuracy = |i: usize| rows[i]["accuracy"].as_f64().unwrap();
    assert!((0..4).all(|i| accuracy(4) <= accuracy(i)), "{}", run.out);
    // What was kept, and how it is judged.
    assert!(
        run.err.contains("the state after the last step, 1, was kept, whatever it is worth"),
        "{}",
        run.err
    );
    assert!(run.err.contains("judged with the mean of q2(m|x), without a guard"), "{}", run.err);
    assert!(done(folder, &["info", "a"]).contains("the last step, 1, was kept"));
}
