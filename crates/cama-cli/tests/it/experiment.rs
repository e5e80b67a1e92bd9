//! Experiments: all that are declared run, broken runs resume, bad files are refused.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{done, files, refused, run};

/// An experiment that takes a moment: a model, adapted to two manipulations, and judged.
const TINY: &str = r#"
title = "A tiny experiment"
about = "Something small."

[let]
test = "mnist:test[..20]"
[let.smoke]
epochs = 1

[make.model]
command = "train"
data = "mnist:train[..200]"
mechanism = "affine"
epochs = "{epochs}"
z = 4
hidden = 16
channels = 4
warm_up = 2
dream_steps = 2
direct_epochs = 0

[make.adapted]
command = "adapt"
model = "@model"
data = "mnist:test[20..60]"
manipulate = "shift-vertical:{x}"
steps = 2
batch = 4
validation = 5

[judge]
data = "{test}"
manipulate = "shift-vertical:{x}"
no_clean = true
samples = 1

[[panel]]
title = "Shifts"
x = { label = "largest shift", values = [0, 0.5] }
[[panel.series]]
name = "trained"
on = "model"
row = "bayes"
[[panel.series]]
name = "adapted"
on = "adapted"
row = "bayes"

[[claim]]
says = "Something is right now and then"
more = "adapted"
than = -1.0
"#;

/// What the figures are at least.
const FIGURE: &str = if cfg!(feature = "figures") { "png" } else { "svg" };

/// The cells of `TINY`: a model, two adaptations, and four judgements.
const CELLS: usize = 7;

fn tiny(folder: &Path, name: &str, change: [&str; 2]) -> String {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    assert!(TINY.contains(change[0]), "{}", change[0]);
    fs::write(&path, TINY.replacen(change[0], change[1], 1)).unwrap();
    name.to_string()
}

fn unchanged(folder: &Path) -> String {
    tiny(folder, "tiny.toml", ["", ""])
}

fn run_args<'a>(file: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["experiment", file, "--scale", "smoke", "--out", "out"], more].concat()
}

/// How many cells a run said it computed.
fn computed(out: &str) -> usize {
    let line = out.lines().find(|line| line.contains("cells computed")).expect(out);
    line.split(' ').next().unwrap().parse().expect(line)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

#[test]
fn a_broken_run_resumes_and_what_is_half_written_is_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = unchanged(folder);
    assert_eq!(computed(&done(folder, &run_args(&file, &[]))), CELLS);
    for made in ["report.html", "results.csv", "figures/tiny.svg"] {
        assert!(folder.join("out").join(made).exists(), "{made}");
    }
    assert_eq!(folder.join("out/figures/tiny.png").exists(), cfg!(feature = "figures"));
    let results = fs::read_to_string(folder.join("out/results.csv")).unwrap();
    let again = done(folder, &run_args(&file, &[]));
    assert!(computed(&again) == 0 && again.contains("7 of 7 are there"), "{again}");

    let cells = folder.join("out/cells");
    let judgement = files(&cells).into_iter().find(|path| path.ends_with("rows.jsonl")).unwrap();
    let whole = fs::read(cells.join(&judgement)).unwrap();
    fs::write(cells.join(&judgement), &whole[..whole.len() / 2]).unwrap();
    assert_eq!(computed(&done(folder, &run_args(&file, &[]))), 1);
    assert_eq!(fs::read(cells.join(&judgement)).unwrap(), whole);
    // As a kill leaves it: no record yet, and a folder beside.
    fs::remove_file(cells.join(&judgement).with_file_name("cell.json")).unwrap();
    let id = judgement.components().next().unwrap().as_os_str().to_str().unwrap();
    fs::create_dir(cells.join(format!(".partial-{id}-x"))).unwrap();
    assert_eq!(computed(&done(folder, &run_args(&file, &[]))), 1);
    assert!(!files(&cells).iter().any(|path| path.starts_with(format!(".partial-{id}-x"))));
    assert_eq!(fs::read_to_string(folder.join("out/results.csv")).unwrap(), results);

    // Another test set is other cells; the models are shared.
    assert_eq!(computed(&done(folder, &run_args(&file, &["--let", "test=mnist:test[..10]"]))), 4);
}

#[test]
fn shards_share_a_folder_and_make_one_report() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = unchanged(folder);
    let mut sum = 0;
    for shard in ["1/2", "2/2"] {
        let ran = run(folder, &run_args(&file, &["--shard", shard]));
        assert_eq!(ran.code, 0, "{}", ran.err);
        sum += computed(&ran.out);
        assert_eq!(ran.err.contains("not in the report"), sum < CELLS, "{}", ran.err);
    }
    assert_eq!(sum, CELLS);
    refused(folder, &run_args(&file, &["--shard", "3/2"]), &["3/2", "i/n"], "");
}

#[test]
fn bad_files_are_refused_before_anything_is_computed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (change, parts) in [
        (["title =", "titel ="], &["line 2", "unknown field `titel`"][..]),
        (["epochs = \"{epochs}\"", "epochz = 1"], &["bad.toml", "epochz", "did you mean `epochs`?"]),
        (["\nsteps = 2", "\nsteps = \"many\""], &["bad.toml", "adapt", "many"]),
        (["row = \"bayes\"", "rwo = \"bayes\""], &["unknown field `rwo`"]),
        (["\"{epochs}\"", "\"{epoch}\""], &["unknown value `epoch`", "did you mean `epochs`?"]),
        (["\"@model\"", "\"@modle\""], &["unknown thing `modle`", "did you mean `model`?"]),
        (["\"@model\"", "\"@adapted\""], &["made of itself"]),
        (["on = \"adapted\"", "on = \"adopted\""], &["unknown thing `adopted`"]),
        (["command = \"adapt\"", "command = \"demo\""], &["unknown command", "`demo`"]),
        (["mnist:test[20..60]", "gone/photos"], &["gone/photos", "no such file or folder"]),
        (
            ["manipulate = \"shift-vertical:{x}\"\nno_clean", "attack = \"pgd:nan\"\nno_clean"],
            &["bad.toml", "pgd:nan"],
        ),
        (["steps = 2\nbatch", "out = \"x\"\nbatch"], &["[make.adapted]", "`out`"]),
        (["epochs = 1\n", "x = 1\n"], &["[let] has `x`"]),
        (["make.adapted", "make.b_c"], &["[make.b_c]", "letters, digits"]),
        (["row = \"bayes\"", "at = [0.3]"], &["at", "among x.values"]),
        (["values = [0, 0.5]", "values = [0, 0]"], &["x.values", "twice"]),
        (["than = -1.0", "than = nan"], &["Something is right", "numbers"]),
        (["than = -1.0", "than = -1.0\nat = [3, 1]"], &["from a lower to a higher"]),
        (["[let]", "[let]\nseeds = [1, 1]"], &["seeds", "twice"]),
        (["more = \"adapted\"", "more = \"others\""], &["unknown series `others`"]),
        (["values = [0, 0.5]", "values = []"], &["x.values"]),
        (["title = \"A", "include = [\"gone.toml\"]\ntitle = \"A"], &["gone.toml"]),
    ] {
        let file = tiny(folder, "bad.toml", change);
        refused(folder, &run_args(&file, &[]), parts, "out/report.html");
        assert!(
            !folder.join("out/cells").exists() || files(&folder.join("out/cells")).is_empty(),
            "{change:?}"
        );
    }
    let file = unchanged(folder);
    refused(folder, &run_args(&file, &["--let", "tset=1"]), &["tset", "did you mean `test`?"], "");
    refused(folder, &run_args("gone.toml", &[]), &["gone.toml"], "");
    refused(folder, &run_args(&file, &["--scale", "tiny"]), &["tiny", "smoke, cpu, full"], "");
    refused(folder, &run_args(&file, &["--seed", "7"]), &["--seed=7", "--let seeds"], "");
    // The row that a series asks for is known once it was judged.
    let file = tiny(folder, "row.toml", ["row = \"bayes\"", "row = \"product\""]);
    refused(folder, &run_args(&file, &[]), &["row.toml", "row", "bayes"], "out/report.html");
}

#[test]
fn two_experiments_of_one_name_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let first = unchanged(folder);
    let second = tiny(folder, "other/tiny.toml", ["A tiny", "Another"]);
    refused(
        folder,
        &run_args(&first, &[&second]),
        &["other/tiny.toml", "called `tiny`", "tiny.toml already"],
        "out/report.html",
    );
}

#[test]
fn a_folder_that_cannot_be_written_to_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = unchanged(folder);
    fs::write(folder.join("file"), "").unwrap();
    let args = ["experiment", &file, "--scale", "smoke", "--out", "file/below"];
    refused(folder, &args, &["file"], "");
}

/// A folder of photographs in two NPZ files: airplanes and frogs of noise, read from CIFAR-10's binary form.
fn photographs(folder: &Path) -> String {
    let record = |label: u8, i: usize| {
        let pixels = (0..3072).map(move |p| ((p * 31 + i * 97 + usize::from(label) * 53) % 256) as u8);
        std::iter::once(label).chain(pixels)
    };
    let labels = [0, 6, 0, 6, 3];
    let file = |n: usize| -> Vec<u8> { (0..n).flat_map(|i| record(labels[i % labels.len()], i)).collect() };
    for i in 1..=5 {
        fs::write(folder.join(format!("data_batch_{i}.bin")), file(40)).unwrap();
    }
    fs::write(folder.join("test_batch.bin"), file(60)).unwrap();
    for part in ["train", "test"] {
        let spec = format!("cifar10:{}:{part}:airplane,frog", folder.display());
        cama::data::write_npz(folder.join(format!("{part}.npz")), &cama::data::load(&spec).unwrap()).unwrap();
    }
    folder.display().to_string()
}

#[test]
fn every_experiment_runs_at_the_scale_smoke() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out").display().to_string();
    fs::create_dir(folder.path().join("photographs")).unwrap();
    let given = format!("photographs={}", photographs(&folder.path().join("photographs")));
    let mut all: Vec<String> = fs::read_dir(root().join("experiments"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| path.display().to_string())
        .collect();
    all.sort();
    let mut args = vec!["experiment", "--scale", "smoke", "--out", &out, "--let", &given];
    args.extend(all.iter().map(String::as_str));
    let told = done(&root(), &args);
    assert!(computed(&told) > 100, "{told}");
    let results = fs::read_to_string(folder.path().join("out/results.csv")).unwrap();
    for path in &all {
        let name = Path::new(path).file_stem().unwrap().to_str().unwrap();
        let figure = folder.path().join("out/figures").join(format!("{name}.{FIGURE}"));
        assert!(figure.exists(), "{name}");
        let drawn = name == "fig9";
        assert_eq!(results.lines().any(|line| line.starts_with(&format!("{name},"))), !drawn, "{name}");
    }
}
