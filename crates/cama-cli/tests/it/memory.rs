//! Data that is more than is kept in memory, and how much memory that takes.

use std::fs;
use std::path::Path;

use crate::common::{Ran, done, model, run, table};

/// What `--verbose` says was resident at most, in MiB.
fn peak(err: &str) -> u64 {
    let line =
        err.lines().find(|line| line.contains("of memory were resident")).unwrap_or_else(|| panic!("{err}"));
    let words: Vec<&str> = line.split(' ').collect();
    let at = words.iter().position(|word| *word == "MiB").unwrap();
    words[at - 1].parse().unwrap()
}

#[test]
#[cfg_attr(not(unix), ignore = "the peak is not known everywhere")]
fn verbose_tells_the_peak_of_the_memory_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let Ran { code, err, .. } = run(folder.path(), &["info", model(), "-v"]);
    assert_eq!(code, 0, "{err}");
    assert!((4..1000).contains(&peak(&err)), "{err}");
    assert!(err.trim_end().lines().last().unwrap().contains("of memory were resident"), "{err}");
    let Ran { err, .. } = run(folder.path(), &["info", model()]);
    assert!(!err.contains("resident"), "{err}");
}

/// `index` of every line of `verdicts.csv`.
fn indices(folder: &Path, name: &str) -> Vec<usize> {
    let text = fs::read_to_string(folder.join(name).join("verdicts.csv")).unwrap();
    let index = |line: &str| {
        let (index, verdict) = line.split_once(',').unwrap();
        assert!(["restored", "as-it-was", "unexplained"].contains(&verdict), "{line}");
        index.parse().unwrap()
    };
    text.lines().skip(1).map(index).collect()
}

/// Adapts to a MiB of images, of which 334 fit.
fn adapted(folder: &Path, out: &str, more: &[&str]) -> String {
    let args = ["adapt", "--model", model(), "--data", "mnist:test[..900]", "--out", out];
    let quick = ["--steps", "2", "--subsample", "1", "--clean", "mnist:train[..300]"];
    let Ran { code, out, err } = run(folder, &[&args[..], &quick, more].concat());
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("334 of 900 examples are kept in memory, drawn at random"), "{err}");
    out
}

#[test]
fn of_more_than_is_kept_a_seeded_selection_is_adapted_to_and_all_get_verdicts() {
    let folder = tempfile::tempdir().unwrap();
    let out = adapted(folder.path(), "a", &[]);
    // 66 of the 334 are of the validation set.
    assert!(out.contains("268 unlabelled images"), "{out}");
    assert_eq!(indices(folder.path(), "a"), (0..900).collect::<Vec<_>>());
    adapted(folder.path(), "b", &[]);
    let read = |name: &str, file: &str| fs::read(folder.path().join(name).join(file)).unwrap();
    for file in ["verdicts.csv", "model.safetensors"] {
        assert!(read("a", file) == read("b", file), "{file}");
    }
    let log_of = |seed: &str| {
        adapted(folder.path(), &format!("s{seed}"), &["--seed", seed, "--manipulate", "rotate:20"])
    };
    assert_ne!(log_of("1"), log_of("2").replace("s2", "s1"));
}

#[test]
fn what_fits_is_used_whole() {
    let folder = tempfile::tempdir().unwrap();
    let adapt = |out: &str, more: &[&str]| {
        let args = ["adapt", "--model", model(), "--data", "mnist:test[..300]", "--out", out, "--steps", "2"];
        done(folder.path(), &[&args[..], more].concat())
    };
    assert!(adapt("a", &[]).contains("240 unlabelled images"));
    adapt("b", &["--subsample", "1"]);
    let read = |name: &str| fs::read(folder.path().join(name).join("model.safetensors")).unwrap();
    assert!(read("a") == read("b"));
}

#[test]
fn of_a_long_table_every_row_that_is_read_gets_its_verdict_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    // So many that a guard can be learnt from the validation set.
    table::put(folder.path(), "train.csv", table::csv(&table::patients(600)));
    table::put(folder.path(), "g.dot", table::GRAPH);
    done(folder.path(), &table::train_args("train.csv", "g.dot", "m", &["-q"]));
    let n = 33_500;
    let text = table::with_cell(&table::csv(&table::patients(n)), 5, "fever", "");
    table::put(folder.path(), "t.csv", text);
    let args = ["adapt", "--model", "m", "--data", "t.csv[2..]", "--missing", "drop", "--out", "a"];
    let Ran { code, err, .. } =
        run(folder.path(), &[&args[..], &["--subsample", "1"], table::STEPS].concat());
    assert_eq!(code, 0, "{err}");
    assert!(err.contains(" of 33497 examples are kept in memory"), "{err}");
    assert_eq!(err.matches("1 row with missing values left out").count(), 1, "{err}");
    assert_eq!(indices(folder.path(), "a"), (2..n).filter(|i| *i != 5).collect::<Vec<_>>());
}
