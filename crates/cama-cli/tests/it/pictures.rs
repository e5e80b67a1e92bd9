//! Images as people and their programs keep them: of any size, colour and file, and in arrays of any name and type.

use std::fs;
use std::io::Write;
use std::path::Path;

use image::{GrayImage, Luma, Rgb, RgbImage};
use serde_json::Value;

use crate::common::{done, npz_array, refused, run, train_args};

const EPOCH: &[&str] = &["--epochs", "1", "-q"];

/// Rings and bars of different sizes, most of them grey.
fn photographs(folder: &Path, n: u32) {
    for class in ["bar", "ring"] {
        fs::create_dir_all(folder.join(class)).unwrap();
        for i in 0..n {
            let (width, height) = (20 + 2 * (i % 3), 18 + (i % 4));
            let light = |x: u32, y: u32| match class {
                "bar" => 200 * u8::from(x > width / 2),
                _ => 200 * u8::from((x as i32 - 10).pow(2) + (y as i32 - 9).pow(2) < 40),
            };
            let path = folder.join(class).join(format!("IMG_{i}.png"));
            match i {
                0 => RgbImage::from_fn(width, height, |x, y| Rgb([light(x, y), 0, 9])).save(path).unwrap(),
                _ => GrayImage::from_fn(width, height, |x, y| Luma([light(x, y)])).save(path).unwrap(),
            }
        }
    }
}

fn card(folder: &Path, model: &str) -> Value {
    let info = done(folder, &["info", model, "--json"]);
    serde_json::from_str::<Value>(&info).unwrap()["card"].clone()
}

#[test]
fn a_model_keeps_how_its_pictures_were_prepared_and_repeats_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    photographs(&folder.join("in"), 12);
    let ran = run(
        folder,
        &train_args("in", "m", &[EPOCH, &["--manipulated", "rotate:30", "--mechanism", "affine"]].concat()),
    );
    assert_eq!(ran.code, 0, "{}", ran.err);
    let told = "warning: in: pictures of 18×20 to 21×24 (height×width) are made 20×22; --size chooses another size; 22 of 24 are \
                grey and get three equal channels beside colour";
    assert!(ran.err.contains(told), "{}", ran.err);
    let preparation = &card(folder, "m")["preparation"];
    assert_eq!(
        (&preparation["shape"], &preparation["background"]),
        (&serde_json::json!([3, 20, 22]), &Value::from(1.0))
    );
    assert!(done(folder, &["info", "m"]).contains("- images are made: 3×20×22"));
    // Pictures of another size, without further words.
    fs::create_dir(folder.join("new")).unwrap();
    for i in 0..3 {
        GrayImage::from_pixel(50 + i, 40, Luma([90])).save(folder.join(format!("new/{i}.png"))).unwrap();
    }
    let out = done(folder, &["predict", "--model", "m", "--data", "new", "--samples", "1"]);
    assert_eq!(out.lines().count(), 4);
    done(folder, &["evaluate", "--model", "m", "--data", "in", "--samples", "1"]);
    done(folder, &["restore", "--model", "m", "--data", "new", "--samples", "1", "--no-guard", "--out", "r"]);
    let restored = cama::data::load(folder.join("r").to_str().unwrap()).unwrap();
    assert_eq!((restored.shape(), restored.names().unwrap().get(2)), ([3, 20, 22], "2.png"));
    let steps =
        ["--steps", "2", "--validate-every", "1", "--batch", "8", "--clean-batch", "4", "--dream-steps", "2"];
    done(
        folder,
        &[&["adapt", "--model", "m", "--data", "new", "--out", "a", "--no-guard"], &steps[..]].concat(),
    );
    assert_eq!(&card(folder, "a")["preparation"], preparation);
    // A class that a part of the data lacks does not move the others.
    fs::create_dir(folder.join("part")).unwrap();
    fs::rename(folder.join("in/ring"), folder.join("part/ring")).unwrap();
    let of = |data: &str| {
        let out = done(
            folder,
            &["evaluate", "--model", "m", "--data", data, "--samples", "1", "--rule", "bayes", "--json"],
        );
        serde_json::from_str::<Value>(out.lines().next().unwrap()).unwrap()["accuracy"].as_f64().unwrap()
    };
    let predicted =
        done(folder, &["predict", "--model", "m", "--data", "part", "--samples", "1", "--rule", "bayes"]);
    let right = predicted.lines().skip(1).filter(|line| line.contains(",ring,1,")).count();
    assert!((of("part") - right as f64 / 12.0).abs() < 1e-9, "{predicted}");
}

#[test]
fn sizes_are_chosen_and_large_photographs_say_how() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    photographs(&folder.join("in"), 6);
    done(folder, &train_args("in", "m", &[EPOCH, &["--size", "12x10"]].concat()));
    assert_eq!(card(folder, "m")["preparation"]["shape"], serde_json::json!([3, 12, 10]));
    for class in ["a", "b"] {
        fs::create_dir_all(folder.join("large").join(class)).unwrap();
        GrayImage::from_pixel(1600, 1200, Luma([90]))
            .save(folder.join(format!("large/{class}/1.png")))
            .unwrap();
    }
    let args = train_args("large", "l", EPOCH);
    refused(
        folder,
        &args,
        &[
            "large: images of 1200×1600 pixels are too large to train on; resize them with --size, such as --size 48x64",
        ],
        "l",
    );
    refused(folder, &train_args("in", "l", &["--size", "3x"]), &["write HEIGHTxWIDTH in pixels"], "l");
    // A model of pictures that were alike takes others once it is asked to.
    fs::remove_dir_all(folder.join("in")).unwrap();
    done(folder, &train_args("shapes:40", "s", EPOCH));
    let predict = ["predict", "--model", "s", "--data", "large/a", "--samples", "1"];
    refused(folder, &predict, &["28×28", "--size 28x28 makes them alike"], "");
    assert_eq!(done(folder, &[&predict[..], &["--size", "28"]].concat()).lines().count(), 2);
}

/// An NPZ file of these arrays: name, type, shape, bytes.
fn npz(path: &Path, arrays: &[(&str, &str, &[u64], &[u8])]) {
    let mut archive = cama::data::NpzWriter::deflated(fs::File::create(path).unwrap());
    for (name, element, shape, bytes) in arrays {
        archive.array(name, element, shape).unwrap().write_all(bytes).unwrap();
    }
    archive.finish().unwrap();
}

#[test]
fn arrays_are_found_by_their_names_and_labels_are_the_classes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let pixels: Vec<u8> =
        (0..40 * 8 * 8).map(|i| if i / 64 % 2 == 0 { 200 } else { (i % 64 * 4) as u8 }).collect();
    let labels: Vec<u8> = (0..40i64).flat_map(|i| (11 + i % 2).to_le_bytes()).collect();
    let few = &pixels[..10 * 64];
    npz(
        &folder.join("keras.npz"),
        &[
            ("x_train", "|u1", &[40, 8, 8], &pixels),
            ("y_train", "<i8", &[40], &labels),
            ("x_test", "|u1", &[10, 8, 8], few),
            ("y_test", "<i8", &[10], &labels[..80]),
        ],
    );
    let ran = run(folder, &train_args("keras.npz", "m", EPOCH));
    let told = "warning: keras.npz: images from the array `x_train`, labels from `y_train`; --x and --y choose others, there are \
                x_test, y_test";
    assert!(ran.code == 0 && ran.err.contains(told), "{}", ran.err);
    assert_eq!(card(folder, "m")["classes"], serde_json::json!(["11", "12"]));
    let predict = ["predict", "--model", "m", "--data", "keras.npz", "--samples", "1"];
    assert_eq!(done(folder, &predict).lines().count(), 41);
    assert_eq!(done(folder, &[&predict[..], &["--x", "x_test"]].concat()).lines().count(), 11);
    refused(folder, &[&predict[..], &["--x", "x_tset"]].concat(), &["did you mean `x_test`?"], "");
    // Other types of the same numbers are the same images.
    let floats: Vec<u8> = few.iter().flat_map(|byte| f32::from(*byte).to_le_bytes()).collect();
    npz(&folder.join("f.npz"), &[("data", "<f4", &[10, 8, 8], &floats)]);
    npz(&folder.join("b.npz"), &[("x", "|u1", &[10, 8, 8], few)]);
    let predicted =
        |data: &str| done(folder, &["predict", "--model", "m", "--data", data, "--samples", "1", "-q"]);
    assert_eq!(predicted("f.npz"), predicted("b.npz"));
    // Words are names of classes.
    let words: Vec<u8> = (0..40).flat_map(|i| if i % 2 == 0 { *b"ill\0" } else { *b"well" }).collect();
    npz(&folder.join("w.npz"), &[("images", "|u1", &[40, 8, 8], &pixels), ("labels", "|S4", &[40], &words)]);
    done(folder, &train_args("w.npz", "w", EPOCH));
    assert_eq!(card(folder, "w")["classes"], serde_json::json!(["ill", "well"]));
    done(folder, &["predict", "--model", "w", "--data", "b.npz", "--samples", "1", "--out", "p.npz"]);
    assert_eq!(npz_array::<String>(folder.join("p.npz"), "classes").1, ["ill", "well"]);
}

#[test]
fn large_pictures_are_told_to_have_no_field() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    photographs(&folder.join("in"), 6);
    let trained = |out: &str, more: &[&str]| {
        let ran = run(folder, &train_args("in", out, &[&["--epochs", "1"], more].concat()));
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out + &ran.err
    };
    let told = trained("m", &["--size", "66"]);
    assert!(told.contains("images of 66×66 pixels have no mechanism `field`"), "{told}");
    let others = [&["--size", "66", "--mechanism", "affine,photometric"][..], &["--size", "20"]];
    for (out, more) in ["asked", "small"].into_iter().zip(others) {
        let told = trained(out, more);
        assert!(!told.contains("have no mechanism `field`"), "{told}");
    }
}
