//! Who kills the program at any moment loses nothing that was finished.
//!
//! `CAMA_KILLS` is how often each command is killed, 6 times unless given. With `--nocapture` each command says how often it was
//! killed and how often it was faster:
//!
//!     CAMA_KILLS=20 cargo test --release --workspace --test it kill -- --nocapture

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::common::{cama, done, files, model, train_args};

/// Kills of each command, unless the environment says otherwise.
const KILLS: usize = 6;

fn kills() -> usize {
    std::env::var("CAMA_KILLS").map_or(KILLS, |kills| kills.parse().expect("CAMA_KILLS is a number"))
}

/// How long a command takes that nobody kills.
fn timed(folder: &Path, args: &[&str]) -> Duration {
    let began = Instant::now();
    done(folder, args);
    began.elapsed()
}

/// Runs a command and kills it after some part of the time that it takes; whether it was not faster.
fn killed(folder: &Path, args: &[&str], takes: Duration, rng: &mut ChaCha8Rng) -> bool {
    let mut child = cama(folder, args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(takes.mul_f64(f64::from(rng.next_u32()) / f64::from(u32::MAX)));
    // The system's own SIGKILL, which nobody can catch.
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

/// Says how often a command was killed.
fn tell(command: &str, killed: &[bool]) {
    let of = killed.iter().filter(|killed| **killed).count();
    eprintln!("{command}: killed {of} times; {} times it had ended before", killed.len() - of);
}

/// What is hidden in a folder and below: what was not finished.
fn hidden(folder: &Path) -> Vec<PathBuf> {
    let is_hidden = |path: &PathBuf| path.iter().any(|part| part.to_string_lossy().starts_with('.'));
    files(folder).into_iter().filter(is_hidden).collect()
}

/// What is in a folder and below, but for what is hidden: that is left of what was not finished. Files that a killed program had
/// all written, and not all of them put in their places, are those of the folder.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let visible = |path: &PathBuf| !path.iter().any(|part| part.to_string_lossy().starts_with('.'));
    let read = |place: PathBuf| -> Vec<(PathBuf, Vec<u8>)> {
        let names = files(&place).into_iter().filter(visible);
        names.map(|name| (name.clone(), fs::read(place.join(name)).unwrap())).collect()
    };
    let mut all: BTreeMap<_, _> = read(folder.to_path_buf()).into_iter().collect();
    if folder.join(".complete").is_dir() {
        all.extend(read(folder.join(".complete")));
    }
    all
}

#[test]
fn training_that_is_killed_again_and_again_ends_as_if_it_had_not_been() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fn args(out: &str) -> Vec<&str> {
        train_args("mnist:train[..800]", out, &["--epochs", "6", "--seed", "4"])
    }
    let takes = timed(folder, &args("unbroken"));
    let same = |out: &str| {
        for name in ["model.safetensors", "direct.safetensors", "clean.bin"] {
            let [one, other] = [out, "unbroken"].map(|m| fs::read(folder.join(m).join(name)).unwrap());
            assert!(one == other, "{out}: {name} differs");
        }
        let out = folder.join(out);
        let epochs = fs::read_to_string(out.join("log.jsonl")).unwrap().lines().count();
        assert_eq!((epochs, out.join("checkpoints").exists()), (6, false));
        assert_eq!(hidden(&out), Vec::<PathBuf>::new());
    };
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (mut at, mut were) = (0, Vec::new());
    for _ in 0..kills() {
        let out = format!("m{at}");
        were.push(killed(folder, &[&args(&out)[..], &["--resume"]].concat(), takes, &mut rng));
        // Once one is trained, another is.
        if were.last() == Some(&false) {
            same(&out);
            at += 1;
        }
    }
    tell("train --resume", &were);
    let out = format!("m{at}");
    done(folder, &[&args(&out)[..], &["--resume"]].concat());
    same(&out);
}

#[test]
fn results_that_are_being_replaced_are_there_whole_at_every_moment() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // A model that infers m, for there to be something to restore.
    let first = ["adapt", "--model", model(), "--data", "mnist:test[..40]", "--steps", "2", "--keep", "last"];
    done(folder, &[&first[..], &["--out", "first"]].concat());
    let data = ["--model", "first", "--data", "mnist:test[..300]", "--force"];
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for (out, args) in [
        ("p.csv", &["predict", "--out", "p.csv", "--rule", "bayes"][..]),
        ("r", &["restore", "--out", "r"]),
        ("a", &["adapt", "--out", "a", "--steps", "4", "--keep", "last", "--manipulate", "rotate:60"]),
    ] {
        let path = folder.join(out);
        let all = |path: &Path| match path.is_dir() {
            true => contents(path),
            false => [(PathBuf::new(), fs::read(path).unwrap())].into(),
        };
        let with = |seed| [args, &data, &["--seed", seed]].concat();
        // The same command makes the same bytes, another seed others: what is there is whole, and one of the two.
        let takes = timed(folder, &with("1"));
        let one = all(&path);
        done(folder, &with("2"));
        let two = all(&path);
        assert!(!one.is_empty() && one != two, "{out}");
        let mut were = Vec::new();
        for i in 0..kills() {
            were.push(killed(folder, &with(["1", "2"][i % 2]), takes, &mut rng));
            let there = all(&path);
            assert!(there == one || there == two, "{out}: {:?}", there.keys().collect::<Vec<_>>());
            if out == "a" {
                done(folder, &["info", out]);
            }
        }
        tell(args[0], &were);
        // What kills have left is in nobody's way, and cleared by who writes the same.
        std::thread::sleep(Duration::from_millis(1100));
        done(folder, &with("1"));
        assert!(all(&path) == one, "{out}");
        assert_eq!(hidden(folder), Vec::<PathBuf>::new(), "{out}");
    }
}
