//! Who kills the program at any moment loses nothing that was finished.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::common::{cama, done, files, model, train_args};

/// Kills of each command.
const KILLS: usize = 6;

/// How long a command takes that nobody kills.
fn timed(folder: &Path, args: &[&str]) -> Duration {
    let began = Instant::now();
    done(folder, args);
    began.elapsed()
}

/// Runs a command and kills it after some part of the time that it takes; it may be faster.
fn killed(folder: &Path, args: &[&str], takes: Duration, rng: &mut ChaCha8Rng) {
    let mut child = cama(folder, args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(takes.mul_f64(f64::from(rng.next_u32()) / f64::from(u32::MAX)));
    // The system's own SIGKILL, which nobody can catch.
    child.kill().unwrap();
    child.wait().unwrap();
}

/// What is in a folder and below, but for what is hidden: that is left of what was not finished.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let visible = |path: &PathBuf| !path.iter().any(|part| part.to_string_lossy().starts_with('.'));
    let names = files(folder).into_iter().filter(visible);
    names.map(|name| (name.clone(), fs::read(folder.join(name)).unwrap())).collect()
}

#[test]
fn training_that_is_killed_again_and_again_ends_as_if_it_had_not_been() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let more: &[&str] = &["--epochs", "6", "--seed", "4"];
    let args = |out| train_args("mnist:train[..800]", out, more);
    let takes = timed(folder, &args("unbroken"));
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..KILLS {
        killed(folder, &[&args("m")[..], &["--resume"]].concat(), takes, &mut rng);
        if folder.join("m/config.json").exists() {
            break;
        }
    }
    if !folder.join("m/config.json").exists() {
        done(folder, &[&args("m")[..], &["--resume"]].concat());
    }
    for name in ["model.safetensors", "direct.safetensors", "clean.bin"] {
        let [one, other] = ["m", "unbroken"].map(|m| fs::read(folder.join(m).join(name)).unwrap());
        assert!(one == other, "{name} differs");
    }
    let epochs = fs::read_to_string(folder.join("m/log.jsonl")).unwrap().lines().count();
    assert_eq!((epochs, folder.join("m/checkpoints").exists()), (6, false));
}

#[test]
fn results_that_are_being_replaced_are_there_whole_at_every_moment() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // A model that infers m, for there to be something to restore.
    let first = [
        "adapt",
        "--model",
        model(),
        "--data",
        "mnist:test[..40]",
        "--steps",
        "2",
        "--keep",
        "last",
        "--out",
        "first",
    ];
    done(folder, &first);
    let data = ["--model", "first", "--data", "mnist:test[..300]"];
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for (out, args) in [
        ("p.csv", &["predict", "--out", "p.csv"][..]),
        ("r", &["restore", "--out", "r"]),
        ("a", &["adapt", "--out", "a", "--steps", "4", "--manipulate", "rotate:60"]),
    ] {
        let args = [args, &data, &["--force"]].concat();
        let takes = timed(folder, &args);
        let path = folder.join(out);
        let all = |path: &Path| match path.is_dir() {
            true => contents(path),
            false => [(PathBuf::new(), fs::read(path).unwrap())].into(),
        };
        let sound = all(&path);
        assert!(!sound.is_empty(), "{out}");
        for _ in 0..KILLS {
            killed(folder, &args, takes, &mut rng);
            let there = all(&path);
            // The same command makes the same bytes: what is there is what was, or what takes its place.
            assert_eq!(there.keys().collect::<Vec<_>>(), sound.keys().collect::<Vec<_>>(), "{out}");
            assert!(there == sound, "{out}: a file is half of one");
        }
        // What kills have left is in nobody's way.
        done(folder, &args);
        assert!(all(&path) == sound, "{out}");
    }
}
