//! Interrupted training resumes as if nothing had happened.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::common::{cama, done, files, ran, refused, run, train_args};

const DATA: &str = "mnist:train[..1500]";
const RUN: &[&str] = &["--epochs", "8", "--patience", "7"];

/// The weights of the unbroken run.
fn unbroken() -> &'static [u8] {
    static WEIGHTS: OnceLock<Vec<u8>> = OnceLock::new();
    WEIGHTS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        done(folder.path(), &train_args(DATA, "m", RUN));
        fs::read(folder.path().join("m/model.safetensors")).unwrap()
    })
}

/// Starts the run and sends it `signal` after its first checkpoint.
fn broken(folder: &Path, signal: &str) -> crate::common::Ran {
    let mut command = cama(folder, &train_args(DATA, "m", RUN));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for_checkpoint(&folder.join("m/checkpoints"));
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    ran(child.wait_with_output().unwrap())
}

fn wait_for_checkpoint(folder: &Path) {
    let began = Instant::now();
    while !has_checkpoint(folder) {
        assert!(began.elapsed() < Duration::from_secs(60), "no checkpoint was written");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn has_checkpoint(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("epoch-"))
}

fn finish(folder: &Path) {
    done(folder, &[&train_args(DATA, "m", RUN)[..], &["--resume"]].concat());
    assert!(fs::read(folder.join("m/model.safetensors")).unwrap() == unbroken(), "the weights differ");
    let log = fs::read_to_string(folder.join("m/log.jsonl")).unwrap();
    let epochs: Vec<_> = log.lines().map(|line| line.split([':', ',']).nth(1).unwrap().to_string()).collect();
    assert_eq!(epochs, ["1", "2", "3", "4", "5", "6", "7", "8"]);
    assert_eq!(files(&folder.join("m")).len(), 6);
}

#[test]
fn after_ctrl_c_the_last_checkpoint_is_kept_and_training_resumes_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let stopped = broken(folder.path(), "-INT");
    assert_eq!(stopped.code, 130, "{}", stopped.err);
    assert!(
        stopped.err.contains("error: stopped on request") && stopped.err.contains("--resume"),
        "{}",
        stopped.err
    );
    assert!(!folder.path().join("m/config.json").exists());

    let args = train_args(DATA, "m", RUN);
    let broken_off = ["exists already, with a training that was broken off", "--resume", "--force"];
    refused(folder.path(), &args, &broken_off, "m/config.json");
    let other = [&args[..], &["--resume", "--seed", "1"]].concat();
    // What differs is named, and nothing else.
    let parts = ["of another run:\n  seed was 0, is 1; give the same data"];
    refused(folder.path(), &other, &parts, "m/config.json");
    let other = [&args[..], &["--resume", "--learning-rate", "0.001"]].concat();
    refused(
        folder.path(),
        &other,
        &["of another run:\n  config.train.learning_rate was 0.003, is 0.001; give the same data"],
        "m/config.json",
    );
    finish(folder.path());
    let again = [&args[..], &["--resume"]].concat();
    refused(folder.path(), &again, &["trained to its end"], "");
}

#[test]
fn after_a_kill_training_resumes_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let killed = broken(folder.path(), "-KILL");
    assert_eq!(killed.code, -1);
    finish(folder.path());
}

#[test]
fn after_a_kill_before_the_first_checkpoint_training_begins() {
    let folder = tempfile::tempdir().unwrap();
    let args = train_args("mnist:train[..100]", "m", &["--epochs", "1", "--resume"]);
    for left in ["checkpoints/partial/model.bpk", "checkpoints/partial", "log.jsonl", "checkpoints"] {
        let path = folder.path().join("m").join(left);
        fs::create_dir_all(if left.contains('.') { path.parent().unwrap() } else { &path }).unwrap();
        if left.contains('.') {
            fs::write(&path, "").unwrap();
        }
        done(folder.path(), &args);
        // Its clean examples, its configuration, its weights, those of the direct classifier, its log and its page.
        assert_eq!(files(&folder.path().join("m")).len(), 6, "{left}");
        // What a kill leaves of a run that was to replace a model.
        fs::create_dir_all(folder.path().join("m/checkpoints/partial")).unwrap();
        done(folder.path(), &args);
        fs::remove_dir_all(folder.path().join("m")).unwrap();
    }
}

#[test]
fn a_disk_that_is_full_keeps_the_former_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    broken(folder.path(), "-KILL");
    let _ = fs::remove_dir_all(folder.path().join("m/checkpoints/partial"));
    let before = files(&folder.path().join("m/checkpoints"));
    // Files of more than 20 blocks cannot be written.
    let mut command = Command::new("sh");
    let args = [&train_args(DATA, "m", RUN)[..], &["--resume"]].concat();
    let script = "trap '' XFSZ; ulimit -f 20; exec \"$0\" \"$@\"";
    command.args(["-c", script, env!("CARGO_BIN_EXE_cama")]).args(&args).current_dir(folder.path());
    let full = ran(command.output().unwrap());
    assert_eq!(full.code, 2, "{}", full.err);
    assert!(
        full.err.contains("cannot write the checkpoint") && full.err.contains("--resume"),
        "{}",
        full.err
    );
    assert_eq!(files(&folder.path().join("m/checkpoints")), before);
    finish(folder.path());
}

#[test]
fn numbers_that_diverge_name_the_step_and_keep_the_last_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let wild = ["--epochs", "30", "--learning-rate", "1", "--gradient-clip", "0", "--warm-up", "300"];
    let args = train_args("mnist:train[..600]", "m", &wild);
    let diverged = run(folder.path(), &args);
    assert_eq!(diverged.code, 2, "{}", diverged.err);
    assert!(diverged.err.contains("error: the ") && diverged.err.contains("of training"), "{}", diverged.err);
    assert!(diverged.err.contains("in step "), "{}", diverged.err);
    assert!(!folder.path().join("m/config.json").exists());
    assert!(diverged.err.contains("the last good checkpoint is kept in m/checkpoints"), "{}", diverged.err);
    assert!(has_checkpoint(&folder.path().join("m/checkpoints")));
}

#[test]
fn force_trains_anew_and_a_run_that_has_not_begun_can_be_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let args = train_args("mnist:train[..100]", "m", &["--epochs", "1"]);
    done(folder.path(), &[&args[..], &["--resume"]].concat());
    let first = fs::read(folder.path().join("m/model.safetensors")).unwrap();
    refused(folder.path(), &args, &["exists already"], "");
    done(folder.path(), &[&args[..], &["--force", "--seed", "9"]].concat());
    assert!(fs::read(folder.path().join("m/model.safetensors")).unwrap() != first);
}
