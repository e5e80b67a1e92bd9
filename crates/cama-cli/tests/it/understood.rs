//! What is understood of data is said, drawn and kept; and a folder has one writer.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::common::{cama, done, model, refused, run, train_args};

#[test]
fn a_sheet_shows_images_of_every_class() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let check = ["check", "--data", "mnist:train[..200]", "--sheet", "s.png"];
    done(folder, &check);
    let sheet = image::open(folder.join("s.png")).unwrap();
    // Ten rows of eight images, enlarged, with labels at their left.
    assert!(sheet.width() > 8 * 84 && sheet.height() > 10 * 84, "{}×{}", sheet.width(), sheet.height());
    refused(folder, &check, &["s.png: exists already", "--force"], "");
    done(folder, &[&check[..], &["--force"]].concat());
    fs::write(folder.join("t.csv"), "y,x\na,1\nb,2\na,3\nb,4\n").unwrap();
    fs::write(folder.join("g.dot"), "digraph { y -> x }").unwrap();
    let table = ["check", "--data", "t.csv", "--graph", "g.dot", "--target", "y", "--sheet", "t.png"];
    refused(folder, &table, &["--sheet"], "t.png");
}

#[test]
fn check_says_what_training_will_refuse() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let says = |args: &[&str], part: &str| {
        let ran = run(folder, &[&["check", "--data"], args].concat());
        assert!(ran.code == 0 && ran.err.contains(part), "{}", ran.err);
    };
    let classes = ["a", "b"].map(String::from).to_vec();
    let alike =
        cama::data::Images::new("alike", [1, 8, 8], vec![0.5; 4 * 64], Some(vec![0; 4]), classes).unwrap();
    cama::data::write_npz(folder.join("alike.npz"), &alike).unwrap();
    says(&["alike.npz"], "alike.npz: all images are of one class; to train");
    fs::write(folder.join("t.csv"), "y,x\na,1\nb,2\na,\nb,4\n").unwrap();
    fs::write(folder.join("g.dot"), "digraph { y -> x }").unwrap();
    let table = ["t.csv", "--graph", "g.dot", "--target", "y"];
    says(&table, "values are missing: to train, give --missing impute, as here, or --missing drop");
    let given = run(folder, &[&["check", "--data"], &table[..], &["--missing", "impute"]].concat());
    assert!(!given.err.contains("to train, give --missing"), "{}", given.err);
}

#[test]
fn training_says_what_it_understood_and_the_model_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let page = done(folder, &["info", model()]);
    assert!(page.contains("300 images of 28×28, grey; 10 classes of"), "{page}");
    assert!(page.contains("holds 300 images, drawn at random of the training data"), "{page}");

    let mut rows = String::from("y,x,k,when,id\n");
    for i in 0..60 {
        let share = if i % 3 == 0 { "12 %".to_string() } else { format!("0.{i}1") };
        rows += &format!(
            "{},{share},{},2026-11-{:02},{}\n",
            [0, 1, 4][i % 3],
            ["u", "v"][i % 2],
            i % 28 + 1,
            100 + i
        );
    }
    fs::write(folder.join("t.csv"), rows).unwrap();
    fs::write(folder.join("g.dot"), "digraph { y -> x y -> k y -> when y -> id }").unwrap();
    let sizes = ["--z", "2", "--hidden", "16", "--epochs", "1", "--direct-epochs", "1"];
    let train = ["train", "--data", "t.csv", "--out", "m", "--graph", "g.dot", "--target", "y"];
    let ran = run(folder, &[&train[..], &sizes].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let page = done(folder, &["info", "m"]);
    for part in [
        "60 rows; X: 2 numbers (1 by logarithm), 2 categories; 3 classes of 20 each",
        "column `when`: holds dates",
        "column `id`: counts the rows",
        "column `x`: 20 of its 60 values are percentages",
        "values of the target `y` go from 0 to 4, but only 3",
    ] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[test]
fn images_without_labels_are_refused_before_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // Whose pixels cannot be read at all: nobody has tried.
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 8, 8), }";
    let mut npy = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    npy.extend(format!("{header:<117}\n").as_bytes());
    fs::write(folder.join("cut.npy"), npy).unwrap();
    refused(folder, &train_args("cut.npy", "m", &[]), &["cut.npy", "no labels to learn from"], "m");
}

#[test]
fn a_second_writer_of_a_folder_is_refused_at_its_start() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let args = train_args("mnist:train[..2000]", "m", &["--epochs", "500"]);
    let mut first = cama(folder, &args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while !folder.join(".m.lock").exists() {
        assert!(began.elapsed() < Duration::from_secs(60), "nothing was locked");
        std::thread::sleep(Duration::from_millis(5));
    }
    for more in [&["--force"][..], &["--resume"]] {
        refused(folder, &[&args[..], more].concat(), &["m: is being written by another program"], "");
    }
    let adapt = ["adapt", "--model", model(), "--data", "mnist:test[..9]", "--out", "m", "--force"];
    refused(folder, &adapt, &["another program"], "");
    first.kill().unwrap();
    first.wait().unwrap();
    // Who was killed holds nothing any more.
    done(folder, &train_args("mnist:train[..60]", "m", &["--epochs", "1", "--force"]));
    assert!(!folder.join(".m.lock").exists());
}
