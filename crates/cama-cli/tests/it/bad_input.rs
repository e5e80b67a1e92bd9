//! Bad input is refused: exit code 2, one clear line, nothing half-written.

use std::fs::{self, File};
use std::path::Path;

use crate::common::{cama, model, ran, refused, run, train_args};
use npyz::WriterBuilder;

/// A file with these bytes.
fn put(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// The head and, of `declared` images of 2×2, `given` bytes.
fn idx(magic: u32, declared: u32, given: usize) -> Vec<u8> {
    let head = [magic, declared, 2, 2].map(u32::to_be_bytes).concat();
    [head, vec![0; given]].concat()
}

/// An archive of arrays, each with its name, its shape and its values.
fn npz(folder: &Path, name: &str, arrays: &[(&str, &[u64], &[f32])]) {
    let mut archive = zip::ZipWriter::new(File::create(folder.join(name)).unwrap());
    for (array, shape, values) in arrays {
        archive.start_file(format!("{array}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
        let options = npyz::WriteOptions::new().default_dtype().shape(shape);
        let mut writer = options.writer(&mut archive).begin_nd().unwrap();
        writer.extend(values.iter().copied()).unwrap();
        writer.finish().unwrap();
    }
    archive.finish().unwrap();
}

fn png(folder: &Path, name: &str, side: u32) {
    fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
    image::GrayImage::new(side, side).save(folder.join(name)).unwrap();
}

/// Data that `cama train` refuses, saying `parts`.
fn bad_data(folder: &Path, data: &str, parts: &[&str]) {
    refused(folder, &train_args(data, "m", &[]), parts, "m");
}

#[test]
fn idx_files() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    bad_data(folder, "gone-idx3-ubyte", &["gone-idx3-ubyte", "no such file"]);
    put(folder, "short-idx3-ubyte", &idx(0x803, 3, 5));
    bad_data(folder, "short-idx3-ubyte", &["short-idx3-ubyte"]);
    put(folder, "magic-idx3-ubyte", &idx(0x123, 1, 4));
    bad_data(folder, "magic-idx3-ubyte", &["magic"]);
    put(folder, "plain-idx3-ubyte.gz", &idx(0x803, 1, 4));
    bad_data(folder, "plain-idx3-ubyte.gz", &["gz"]);
    put(folder, "unlabelled-idx3-ubyte", &idx(0x803, 3, 12));
    bad_data(folder, "unlabelled-idx3-ubyte", &["no labels"]);
    bad_data(folder, "mnist:trian", &["did you mean `train`?"]);
    bad_data(folder, "mnist:train[5..2]", &["mnist:train[5..2]"]);
    bad_data(folder, "mnist:train[70000..]", &["60000"]);
    bad_data(folder, "", &["no file or folder is named"]);
}

#[test]
fn npz_files() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let labels: (&str, &[u64], &[f32]) = ("y", &[2], &[0.0, 1.0]);
    npz(folder, "shape.npz", &[("x", &[4], &[0.0; 4])]);
    bad_data(folder, "shape.npz", &["shape.npz"]);
    npz(folder, "nan.npz", &[("x", &[2, 1, 2], &[0.0, 0.5, f32::NAN, 1.0]), labels]);
    bad_data(folder, "nan.npz", &["NaN", "image 1"]);
    npz(folder, "range.npz", &[("x", &[2, 1, 2], &[0.0, 0.5, 0.0, 1.25]), labels]);
    bad_data(folder, "range.npz", &["image 1", "column 1", "1.25"]);
    npz(folder, "other.npz", &[("images", &[2, 1, 2], &[0.0; 4])]);
    bad_data(folder, "other.npz", &["no labels to learn from"]);
    npz(folder, "sorted.npz", &[("x", &[4, 1, 2], &[0.0; 8]), ("y", &[4], &[0.0, 0.0, 1.0, 1.0])]);
    bad_data(folder, "sorted.npz[..2]", &["all images are of one class, `0`", "sorted by class"]);
    put(folder, "text.npz", b"this is no archive");
    bad_data(folder, "text.npz", &["text.npz"]);
}

#[test]
fn folders_of_images() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    png(folder, "empty/a/1.png", 8);
    fs::create_dir_all(folder.join("empty/b")).unwrap();
    bad_data(folder, "empty", &["empty/b"]);
    png(folder, "one/a/1.png", 8);
    bad_data(folder, "one", &["data `one`", "`a`", "two classes or more"]);
    png(folder, "broken/a/1.png", 8);
    put(folder, "broken/b/2.png", b"no picture");
    bad_data(folder, "broken", &["2.png"]);
}

#[test]
fn data_that_does_not_fit_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for class in ["a", "b", "c"] {
        png(folder, &format!("three/{class}/1.png"), 28);
        png(folder, &format!("small/{class}/1.png"), 8);
    }
    let refuse = |command: &[&str], part: &str| {
        refused(folder, &[command, &["--model", model()]].concat(), &["does not fit the model", part], "o");
    };
    for (data, part) in [("three", "the model has 10 classes, three has 3"), ("small", "28×28")] {
        refuse(&["evaluate", "--data", data], part);
        refuse(&["adapt", "--data", "mnist:test[..9]", "--clean", data, "--out", "o"], part);
    }
    for (command, out) in [("predict", "o.csv"), ("show", "o.png"), ("adapt", "o")] {
        refuse(&[command, "--data", "small", "--out", out], "28×28");
    }
    // Labels that are not used need not fit.
    let out = crate::common::done(folder, &["predict", "--data", "three", "--model", model()]);
    assert_eq!(out.lines().count(), 4);
    refused(
        folder,
        &train_args("mnist:train[..50]", "o", &["--manipulated-data", "three"]),
        &["10 classes"],
        "o",
    );
    refused(folder, &train_args("mnist:train[..50]", "o", &["--test", "small"]), &["28×28"], "o");
}

#[test]
fn names_that_are_nearly_right() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let data = "mnist:train[..50]";
    let train = |more: &[&str], part: &str| refused(folder, &train_args(data, "m", more), &[part], "m");
    train(&["--preset", "fsat"], "did you mean `fast`?");
    train(&["--mechanism", "afine"], "did you mean `affine`?");
    train(&["--mechanism", "affine,affine"], "listed only once");
    train(&["--manipulated", "rotat:20"], "did you mean `rotate`?");
    train(&["--manipulated", "rotate:20", "--mechanism", "none"], "mechanism");
    train(&["--manipulated-mechanisms", "--mechanism", "latent"], "explicit mechanism");
    train(&["--set", "affine.rotatoin=1"], "did you mean `rotation`?");
    train(&["--set", "latent.dim=4"], "unknown section of settings `latent`");
    train(&["--likelihood", "bernouli"], "bernoulli");
    train(&["--epoch", "3"], "--epochs");
    train(&["--device", "cud"], "did you mean `cuda`?");
    if !cfg!(feature = "cuda") {
        train(&["--device", "cuda"], "--features cuda");
    }
    train(&["--device", "cpu:7"], "one CPU device");
    put(folder, "run.toml", b"[train]\nepoch = 3\n");
    train(&["--config", "run.toml"], "did you mean `epochs`?");
    train(&["--config", "gone.toml"], "gone.toml");
    put(folder, "torn.toml", b"[train\nepochs = 3\n");
    train(&["--config", "torn.toml"], "torn.toml: line 1");
    let base = ["--model", model(), "--data", "mnist:test[..9]"];
    refused(folder, &[&["predict", "--out", "p.cvs"], &base[..]].concat(), &["did you mean `csv`?"], "p.cvs");
    refused(folder, &[&["predict", "--m", "maen"], &base[..]].concat(), &["mean"], "");
    refused(folder, &[&["show", "--out", "p.jpg"], &base[..]].concat(), &["png"], "p.jpg");
    refused(
        folder,
        &[&["evaluate", "--manipulate", "shift:0..1"], &base[..]].concat(),
        &["FROM..TO/STEP"],
        "",
    );
    refused(folder, &["evalute"], &["evaluate"], "");
}

#[test]
fn numbers_that_are_not_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (flag, value, part) in [
        ("--epochs", "0", "train.epochs = 0"),
        ("--epochs", "-3", "--epochs"),
        ("--epochs", "many", "--epochs"),
        ("--batch", "0", "train.batch = 0"),
        ("--learning-rate", "-0.1", "train.learning_rate = -0.1"),
        ("--learning-rate", "nan", "train.learning_rate = NaN"),
        ("--learning-rate", "7", "at most 1"),
        ("--lambda", "1.5", "train.lambda = 1.5"),
        ("--gradient-clip", "-1", "train.gradient_clip = -1"),
        ("--kl-warm-up", "inf", "train.kl_warm_up"),
        ("--validation", "50", "less than the number of training images, 50"),
        ("--validation", "0", "train.validation = 0"),
        ("--samples", "0", "train.samples = 0"),
        ("--z", "0", "model.z = 0"),
        ("--hidden", "999999999", "model.network.hidden"),
        ("--kernel-z", "4", "odd"),
        ("--negative-slope", "2", "model.network.negative_slope"),
        ("--dream-steps", "99999999999", "dream.steps"),
        ("--dream-off", "1", "dream.off = 1"),
        ("--threads", "0", "threads = 0"),
        ("--seed", "-1", "--seed"),
        ("--set", "affine.rotation=-1", "affine.rotation = -1"),
    ] {
        let args = train_args("mnist:train[..50]", "m", &[flag, value]);
        // Of sizes that are given twice, the last counts.
        refused(folder, &args, &[part], "m");
    }
    let base = ["--model", model(), "--data", "mnist:test[..9]"];
    for (flag, value, part) in [
        ("--steps", "0", "adapt.steps = 0"),
        ("--alpha", "-0.5", "adapt.alpha = -0.5"),
        ("--portion", "0", "adapt.portion = 0"),
        ("--tolerance", "2", "adapt.tolerance = 2"),
        ("--kl-m", "-1", "adapt.kl_m = -1"),
        ("--negligible", "0.6", "adapt.negligible = 0.6"),
        ("--manipulate", "shift:7", "7 is not allowed"),
        ("--mechanism", "none", "nothing to adapt"),
    ] {
        refused(folder, &[&["adapt", "--out", "a", flag, value], &base[..]].concat(), &[part], "a");
    }
    refused(folder, &[&["predict", "--samples", "0"], &base[..]].concat(), &["predict.samples = 0"], "");
    for command in [&["predict"][..], &["evaluate"], &["restore", "--out", "r"]] {
        let args = [command, &["--negligible", "-0.1"], &base].concat();
        refused(folder, &args, &["predict.negligible = -0.1", "from 0, which neglects nothing, to 0.5"], "r");
    }
    refused(
        folder,
        &[&["show", "--images", "0", "--out", "s.png"], &base[..]].concat(),
        &["images = 0"],
        "s.png",
    );
}

/// A copy of the model with one file changed.
fn damaged(folder: &Path, name: &str, change: impl Fn(Vec<u8>) -> Option<Vec<u8>>) {
    let _ = fs::remove_dir_all(folder.join("m"));
    fs::create_dir_all(folder.join("m")).unwrap();
    for file in ["config.json", "model.safetensors", "direct.safetensors", "clean.bin"] {
        let bytes = fs::read(Path::new(model()).join(file)).unwrap();
        if let Some(bytes) = if file == name { change(bytes) } else { Some(bytes) } {
            fs::write(folder.join("m").join(file), bytes).unwrap();
        }
    }
}

#[test]
fn model_folders_that_are_not_whole() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let info = |parts: &[&str]| refused(folder, &["info", "m"], parts, "");
    info(&["no config.json"]);
    damaged(folder, "model.safetensors", |_| None);
    info(&["model.safetensors is missing"]);
    damaged(folder, "model.safetensors", |mut bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        Some(bytes)
    });
    info(&["damaged, or of another model"]);
    damaged(folder, "model.safetensors", |bytes| Some(bytes[..bytes.len() / 2].to_vec()));
    info(&["damaged"]);
    damaged(folder, "direct.safetensors", |_| None);
    info(&["direct.safetensors is missing"]);
    damaged(folder, "clean.bin", |_| None);
    info(&["clean.bin is missing"]);
    damaged(folder, "clean.bin", |bytes| Some(bytes[..bytes.len() / 2].to_vec()));
    info(&["clean.bin", "damaged, or of another model"]);
    damaged(folder, "direct.safetensors", |bytes| Some(bytes[..bytes.len() / 2].to_vec()));
    info(&["direct.safetensors", "damaged, or of another model"]);
    damaged(folder, "config.json", |bytes| Some(bytes[..bytes.len() / 2].to_vec()));
    info(&["config.json is damaged"]);
    damaged(folder, "config.json", |_| Some(b"{\"format\": \"else\", \"version\": 1}".to_vec()));
    info(&["`else`"]);
    let edit = |from: &'static str, to: &'static str| {
        move |bytes: Vec<u8>| Some(String::from_utf8(bytes).unwrap().replace(from, to).into_bytes())
    };
    damaged(folder, "config.json", edit("\"version\": 4", "\"version\": 99"));
    info(&["version is 99"]);
    damaged(folder, "config.json", edit("\"version\": 4", "\"version\": 2"));
    let remedy = "train anew, or use the program that wrote it";
    info(&["model m", "version is 2", "reads version 4", remedy]);
    for args in [
        &["predict", "--model", "m", "--data", "mnist:test[..9]"][..],
        &["adapt", "--model", "m", "--data", "mnist:test[..9]", "--out", "a"],
    ] {
        refused(folder, args, &["version is 2", remedy], "a");
    }
    damaged(folder, "config.json", edit("\"hidden\": 32", "\"hidden\": 33"));
    info(&["model m"]);
    damaged(folder, "config.json", edit("\"hidden\"", "\"hiden\""));
    info(&["hiden"]);
    damaged(folder, "config.json", edit("\"classes\": [", "\"classes\": [\"another\","));
    info(&["model m: config.json is damaged", "11 classes"]);
    let adapt = ["adapt", "--model", "m", "--data", "mnist:test[..9]", "--out", "a"];
    refused(folder, &adapt, &["model m"], "a");
}

#[test]
fn outputs_that_exist_or_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put(folder, "there", b"mine");
    put(folder, "full/mine", b"mine");
    let base = ["--model", model(), "--data", "mnist:test[..9]"];
    let with = |args: &[&'static str]| [args, &base[..]].concat();
    refused(folder, &with(&["predict", "--out", "there.csv/p.csv"]), &["no such folder"], "there.csv");
    put(folder, "p.csv", b"mine");
    refused(folder, &with(&["predict", "--out", "p.csv"]), &["p.csv: exists already", "--force"], "");
    assert_eq!(fs::read(folder.join("p.csv")).unwrap(), b"mine");
    put(folder, "s.png", b"mine");
    refused(folder, &with(&["show", "--out", "s.png"]), &["exists already"], "");
    for command in [&["adapt", "--steps", "1"][..], &["adapt", "--steps", "1", "--force"]] {
        refused(folder, &with(&[command, &["--out", "there"]].concat()), &["there: "], "");
        refused(folder, &with(&[command, &["--out", "there/below"]].concat()), &["there"], "");
    }
    refused(folder, &with(&["adapt", "--out", "full"]), &["full: exists already"], "full/config.json");
    refused(folder, &train_args("mnist:train[..50]", "full", &[]), &["exists already"], "full/config.json");
    refused(
        folder,
        &train_args("mnist:train[..50]", "full", &["--resume"]),
        &["no checkpoint"],
        "full/config.json",
    );
    assert_eq!(fs::read(folder.join("full/mine")).unwrap(), b"mine");
    // What --force replaces is a model, and what is not the program's own stays.
    let args = train_args("mnist:train[..50]", "full", &["--epochs", "1", "--force"]);
    put(folder, "full/README.md", b"mine");
    put(folder, "full/checkpoints/epoch-00009/mine", b"mine");
    let refusal = ["full: holds neither a model nor a training run"];
    refused(folder, &args, &refusal, "full/config.json");
    refused(
        folder,
        &with(&["adapt", "--steps", "1", "--force", "--out", "full"]),
        &refusal,
        "full/config.json",
    );
    fs::copy(Path::new(model()).join("config.json"), folder.join("full/config.json")).unwrap();
    put(folder, "full/log.jsonl", b"{}\n");
    assert_eq!(run(folder, &args).code, 0);
    for mine in ["full/mine", "full/checkpoints/epoch-00009/mine"] {
        assert_eq!(fs::read(folder.join(mine)).unwrap(), b"mine");
    }
    assert_eq!(fs::read_to_string(folder.join("full/log.jsonl")).unwrap().lines().count(), 1);
    assert!(folder.join("full/model.safetensors").exists());
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_spares_the_former_model() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    damaged(folder, "nothing", Some);
    let before = fs::read(folder.join("m/model.safetensors")).unwrap();
    let files = crate::common::files(&folder.join("m"));
    let args =
        ["adapt", "--model", "m", "--data", "mnist:test[..9]", "--steps", "1", "--out", "m", "--force"];
    let mut command = std::process::Command::new("sh");
    let script = "trap '' XFSZ; ulimit -f 20; exec \"$0\" \"$@\"";
    command.args(["-c", script, env!("CARGO_BIN_EXE_cama")]).args(args).current_dir(folder);
    let full = ran(command.output().unwrap());
    assert_eq!(full.code, 2, "{}", full.err);
    assert!(full.err.contains("error: cannot write"), "{}", full.err);
    assert_eq!(fs::read(folder.join("m/model.safetensors")).unwrap(), before);
    assert_eq!(crate::common::files(&folder.join("m")), files);
    assert_eq!(run(folder, &["info", "m"]).code, 0);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["predict", "--model", model(), "--data", "mnist:test[..2000]", "--samples", "1", "-q"];
    let mut command = cama(folder.path(), &args);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));

    // Nor is one that has seen enough of what training tells on its way.
    let mut command = cama(folder.path(), &train_args("mnist:train[..100]", "m", &["--epochs", "2"]));
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(folder.path().join("m/model.safetensors").exists());
}
