//! `--set SECTION.FIELD=VALUE` and the tables of a configuration file reach every field, or say why they do not.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::table::put;
use crate::common::{done, model, refused, run, train_args};

/// What `cama info` says of the model folder `name`.
fn info(folder: &Path, name: &str) -> Value {
    serde_json::from_str(&done(folder, &["info", name, "--json"])).unwrap()
}

/// Arguments of a command on the shared model.
fn args<'a>(command: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&[command, "--model", model(), "--data", "mnist:test[..9]"], more].concat()
}

#[test]
fn mistakes_name_the_field_and_what_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (setting, parts) in [
        ("train.lambda=2", &["train.lambda = 2", "from 0 to 1"][..]),
        ("trian.lambda=1", &["unknown section of settings `trian`", "did you mean `train`?"]),
        ("train.lamda=1", &["unknown setting `lamda`", "did you mean `lambda`?"]),
        ("train.lambda=much", &["train.lambda = \"much\""]),
        ("train.lambda", &["SECTION.FIELD=VALUE"]),
        ("lambda=1", &["SECTION.FIELD=VALUE"]),
        (
            "predict.samples=2",
            &["unknown section of settings `predict`", "model, factor, train, dream, direct"],
        ),
        ("model.network.trunk.channels=0", &["model.network.trunk.channels = 0", "from 1 to"]),
        ("model.network.trunk.chanels=4", &["did you mean `channels`?"]),
        ("model.network.trunk=4", &["model.network.trunk = 4"]),
        ("model.netwrok.hidden=4", &["did you mean `network`?"]),
        ("dream.off=1", &["dream.off = 1"]),
        ("direct.jitter=-1", &["direct.jitter = -1"]),
        ("affine.rotation=-1", &["affine.rotation = -1", "positive"]),
    ] {
        refused(folder, &train_args("mnist:train[..50]", "m", &["--set", setting]), parts, "m");
    }
    for (setting, parts) in [
        ("adapt.steps=0", &["adapt.steps = 0"][..]),
        ("adapt.rule=byes", &["adapt.rule = \"byes\"", "`bayes`"]),
        ("adpat.steps=1", &["did you mean `adapt`?"]),
        ("train.epochs=1", &["unknown section of settings `train`"]),
        ("dream.off=1", &["dream.off = 1"]),
    ] {
        refused(folder, &args("adapt", &["--out", "a", "--set", setting]), parts, "a");
    }
    for command in [&["predict"][..], &["evaluate"], &["show", "--out", "s.png"]] {
        for (setting, parts) in [
            ("predict.samples=0", &["predict.samples = 0"][..]),
            ("predict.sample=1", &["did you mean `samples`?"]),
            ("predicts.samples=1", &["did you mean `predict`?"]),
        ] {
            refused(
                folder,
                &args(command[0], &[&command[1..], &["--set", setting]].concat()),
                parts,
                "s.png",
            );
        }
    }
}

#[test]
fn settings_reach_the_model_and_win_over_flags() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let flags = ["--epochs", "1", "--channels", "6", "-q"];
    let settings =
        ["--set", "model.network.trunk.channels=4", "--set", "direct.hidden=24", "--set", "dream.steps=3"];
    done(folder, &train_args("mnist:train[..60]", "set", &[&flags[..], &settings].concat()));
    let said = info(folder, "set");
    assert_eq!(said["model"]["network"]["trunk"]["channels"], Value::from(4));
    assert_eq!(said["model"]["network"]["trunk"]["kind"], "convolutional");
    assert_eq!(said["direct"]["config"]["hidden"], Value::from(24));
    assert_eq!(said["card"]["dream_steps"], Value::from(3));

    // A setting is the flag of the same meaning.
    let predicted = |more: &[&str]| done(folder, &args("predict", more));
    assert_eq!(predicted(&["--set", "predict.samples=2"]), predicted(&["--samples", "2"]));
    assert_ne!(predicted(&["--set", "predict.samples=3"]), predicted(&["--samples", "2"]));
    let adapt = [
        "--out",
        "a",
        "--no-guard",
        "-q",
        "--steps",
        "2",
        "--set",
        "adapt.steps=1",
        "--set",
        "adapt.batch=4",
    ];
    done(folder, &args("adapt", &adapt));
    assert_eq!(info(folder, "a")["card"]["adaptations"][0]["report"]["steps"], Value::from(1));
}

#[test]
fn tables_of_a_file_are_settings_and_commands_without_such_a_section_pass_them_over() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = "[train]\nepochs = 1\nz = 4\nhidden = 16\n\
                [model.network.trunk]\nchannels = 4\n\
                [dream]\nsteps = 3\noff = 0.25\n\
                [direct]\nepochs = 1\nhidden = 16\nchannels = 4\n\
                [affine]\nrotation = 0.9\nlog-scale = [0.1, 0.2]\n\
                [adapt]\nsteps = 1\nbatch = 4\n\
                [predict]\nsamples = 2\n[evaluate]\nsamples = 2\njson = true\n[restore]\nsamples = 2\n";
    put(folder, "run.toml", file);
    let config = ["--config", "run.toml"];
    let train =
        ["train", "--data", "mnist:train[..60]", "--mechanism", "affine", "--manipulated", "rotate:30", "-q"];
    done(folder, &[&train[..], &["--out", "m"], &config].concat());
    let said = info(folder, "m");
    assert_eq!(said["model"]["network"]["trunk"]["channels"], Value::from(4));
    assert_eq!(said["direct"]["config"]["hidden"], Value::from(16));
    assert_eq!(said["card"]["dream_steps"], Value::from(3));
    assert_eq!(said["model"]["mechanisms"][0]["rotation"], Value::from(0.9));
    assert_eq!(said["model"]["mechanisms"][0]["log_scale"], serde_json::json!([0.1, 0.2]));
    // The command line wins, one setting at a time.
    let other = ["--out", "n", "--set", "model.network.trunk.channels=3"];
    done(folder, &[&train[..], &other, &config].concat());
    let said = info(folder, "n");
    assert_eq!(said["model"]["network"]["trunk"]["channels"], Value::from(3));
    assert_eq!(said["model"]["mechanisms"][0]["rotation"], Value::from(0.9));

    let base = ["--model", "m", "--data", "mnist:test[..9]"];
    let with = |args: &[&str]| done(folder, &[args, &base, &config].concat());
    let lines = with(&["evaluate", "--rule", "bayes"]);
    assert_eq!(lines.lines().count(), 1, "{lines}");
    let two = done(folder, &[&["predict", "--samples", "2"], &base[..]].concat());
    assert_eq!(with(&["predict"]), two);
    with(&["restore", "--out", "r.npz"]);
    with(&["adapt", "--out", "a", "-q"]);
    assert_eq!(info(folder, "a")["card"]["adaptations"][0]["report"]["steps"], Value::from(1));
    for command in [&["info", "m"][..], &["simulate", "--out", "s", "--rows", "4"]] {
        done(folder, &[command, &config].concat());
    }

    // What is wrong in a table is told by the name of the field, what is no table by that of the file.
    for (name, file, parts) in [
        ("bounds", "[model.network.trunk]\nchannels = 0\n", &["model.network.trunk.channels = 0"][..]),
        ("field", "[model.network.trunk]\nchanels = 4\n", &["did you mean `channels`?"]),
        ("section", "[modle.network.trunk]\nchannels = 4\n", &["section.toml", "did you mean `model`?"]),
        ("scalar", "direct = 4\n", &["scalar.toml", "direct = 4", "[direct]"]),
    ] {
        let path = format!("{name}.toml");
        fs::write(folder.join(&path), file).unwrap();
        refused(folder, &train_args("mnist:train[..50]", "x", &["--config", &path]), parts, "x");
    }
    let ran = run(folder, &[&["info", "m"][..], &["--config", "section.toml"]].concat());
    assert_eq!(ran.code, 2, "a table that no command has is a mistake for all\n{}", ran.err);
}
