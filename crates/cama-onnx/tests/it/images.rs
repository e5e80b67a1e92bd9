//! Networks from PyTorch give here what they give there.

use std::path::{Path, PathBuf};

use burn::tensor::{Tensor, TensorData};
use cama::data::{self, Images};
use cama::{Classifier, Observed, device};
use cama_onnx::{OnnxClassifier, OnnxOptions, OutputKind, Reads};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name)
}

fn digits(n: usize) -> Images {
    data::load(&format!("mnist:test[..{n}]")).unwrap()
}

fn open(name: &str, options: &OnnxOptions) -> OnnxClassifier {
    let classes: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
    OnnxClassifier::open(&file(name), options, Reads::Images { shape: [1, 28, 28] }, &classes).unwrap()
}

/// log p(y|x), `[image][class]`.
fn logs(classifier: &OnnxClassifier, images: &Images) -> Vec<Vec<f32>> {
    let n = images.len();
    let x = TensorData::new(images.pixels().to_vec(), [n, images.pixels().len() / n]);
    let observed = Observed::of_x(Tensor::from_data(x, &device("cpu").unwrap()));
    let values: Vec<f32> =
        classifier.log_probabilities(&observed, &mut []).unwrap().into_data().iter::<f32>().collect();
    values.chunks(10).map(<[f32]>::to_vec).collect()
}

fn furthest(a: &[Vec<f32>], b: &[Vec<f32>]) -> f32 {
    a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn the_outputs_are_those_of_pytorch_for_any_and_for_a_fixed_batch() {
    let reference: Vec<Vec<f32>> =
        serde_json::from_slice(&std::fs::read(file("mnist-cnn.json")).unwrap()).unwrap();
    let images = digits(reference.len());
    for name in ["mnist-cnn.onnx", "mnist-cnn-one.onnx"] {
        let classifier = open(name, &OnnxOptions::default());
        assert_eq!((classifier.classes(), classifier.output_kind()), (10, OutputKind::Logits));
        let apart = furthest(&logs(&classifier, &images), &reference);
        assert!(apart < 1e-4, "{name}: {apart}");
    }
}

#[test]
fn digits_are_recognised_in_chunks_as_well() {
    let classifier = open("mnist-cnn.onnx", &OnnxOptions::default());
    // More than go through the network at once.
    let images = digits(600);
    let logs = logs(&classifier, &images);
    let best = |row: &Vec<f32>| (0..10).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
    let right = logs.iter().zip(images.labels().unwrap()).filter(|(row, label)| best(row) == **label).count();
    assert!(right > 570, "{right} of 600");
    assert_eq!(logs, self::logs(&classifier, &images), "the same again");
    let one = open("mnist-cnn-one.onnx", &OnnxOptions::default());
    assert!(furthest(&self::logs(&one, &digits(30)), &logs[..30]) < 1e-4);
}

#[test]
fn labels_put_the_classes_in_the_models_order() {
    let labels = tempfile::NamedTempFile::new().unwrap();
    let names: Vec<String> = (0..10).rev().map(|digit| digit.to_string()).collect();
    std::fs::write(labels.path(), names.join("\n")).unwrap();
    let images = digits(10);
    let plain = logs(&open("mnist-cnn.onnx", &OnnxOptions::default()), &images);
    let options = OnnxOptions { labels: Some(labels.path().into()), ..OnnxOptions::default() };
    let turned = logs(&open("mnist-cnn.onnx", &options), &images);
    for (plain, turned) in plain.iter().zip(turned) {
        assert_eq!(*plain, turned.into_iter().rev().collect::<Vec<_>>());
    }
}

#[test]
fn normalisation_undoes_a_scale() {
    let images = digits(10);
    let plain = logs(&open("mnist-cnn.onnx", &OnnxOptions::default()), &images);
    // (x · 255 − 0) / 255, and (x · 2 − 1) / 1.
    let same = OnnxOptions { scale: 255.0, std: vec![255.0], ..OnnxOptions::default() };
    assert!(furthest(&logs(&open("mnist-cnn.onnx", &same), &images), &plain) < 1e-4);
    let other = OnnxOptions { scale: 2.0, mean: vec![1.0], ..OnnxOptions::default() };
    assert!(furthest(&logs(&open("mnist-cnn.onnx", &other), &images), &plain) > 0.1);
}
