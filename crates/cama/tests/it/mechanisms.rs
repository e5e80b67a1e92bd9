//! Mechanisms against known pixels, against the manipulations of data, and undone.

use burn::tensor::{Tensor, TensorData};
use cama::data::{self, Images};
use cama::manipulation::Manipulation;
use cama::mechanism::{MECHANISMS, MechanismConfig};
use cama::{Config, DeepCama, Mechanisms, ModelConfig, device};

use crate::common::convolutional;

fn model(mechanisms: &str, image: [usize; 3]) -> DeepCama {
    let mut config = ModelConfig {
        mechanisms: MechanismConfig::parse_list(mechanisms).unwrap(),
        ..ModelConfig::fast(image, 3)
    };
    config.network.hidden = 8;
    config.network.trunk = convolutional(2, 3);
    DeepCama::new(&config.check().unwrap(), 1, &device("cpu").unwrap())
}

/// m with the named parameters at the given values, in their units.
fn m(parts: &Mechanisms, values: &[(&str, f64)]) -> Tensor<2> {
    let component = |name: &str, scale: f64, exponential: bool| {
        let value = values.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
        value.map_or(0.0, |v| (if exponential { v.ln() } else { v }) / scale) as f32
    };
    let row: Vec<f32> =
        parts.parameters().iter().map(|p| component(&p.name, p.scale, p.exponential)).collect();
    for (name, _) in values {
        assert!(parts.parameters().iter().any(|p| p.name == *name), "no parameter {name}");
    }
    let n = row.len();
    Tensor::from_data(TensorData::new(row, [1, n]), &device("cpu").unwrap())
}

fn rows(images: &Images) -> Tensor<2> {
    let shape = [images.len(), images.volume()];
    Tensor::from_data(TensorData::new(images.pixels().to_vec(), shape), &device("cpu").unwrap())
}

fn transform(parts: &Mechanisms, m: &Tensor<2>, x: Tensor<2>) -> Vec<f32> {
    host(parts.transform(m, x.unsqueeze_dim(0)))
}

fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().iter::<f32>().collect()
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn every_mechanism_is_exactly_the_identity_at_zero() {
    let digits = data::load("mnist:test[..3]").unwrap();
    let paper = ModelConfig::paper([1, 28, 28], 3).check().unwrap();
    let paper = DeepCama::new(&paper, 1, &device("cpu").unwrap());
    let shape = [1, 28, 28].into();
    // What has no part of m is at rest where m is: `PixelManipulation` has a test of its own.
    let for_images = |name: &&&str| {
        let mechanism = MechanismConfig::named(name).unwrap();
        mechanism.is_of_m() && mechanism.check_data(&shape).is_ok()
    };
    let listed = MECHANISMS.iter().filter(for_images).map(|name| (*name, model(name, [1, 28, 28])));
    for (name, model) in listed.chain([("the paper's model", paper)]) {
        let parts = model.mechanisms().unwrap();
        let null = m(parts, &[]);
        assert_eq!(transform(parts, &null, rows(&digits)), digits.pixels(), "T_0 of {name}");
        assert_eq!(
            host(parts.restore(&null.clone().repeat_dim(0, 3), rows(&digits))),
            digits.pixels(),
            "T_0⁻¹ of {name}"
        );
        let z = Tensor::ones([1, 3, 2, 64], &device("cpu").unwrap());
        let data = &model.config().data;
        let with = host(model.observe(None, None, z.clone(), Some(&null)).means(data));
        let without = host(model.observe(None, None, z, None).means(data));
        assert_eq!(with, without, "p(x|y,z,m=0) of {name}");
    }
}

#[test]
fn whole_pixel_shifts_move_known_pixels() {
    let mut pixels = vec![0.0; 5 * 7];
    pixels[2 * 7 + 3] = 1.0;
    let image = Images::new("dot", [1, 5, 7], pixels, None, vec![]).unwrap();
    let model = model("affine", [1, 5, 7]);
    let parts = model.mechanisms().unwrap();
    let shifted = transform(parts, &m(parts, &[("shift right", 2.0), ("shift down", -1.0)]), rows(&image));
    for (i, value) in shifted.iter().enumerate() {
        let expected = if i == 7 + 5 { 1.0 } else { 0.0 };
        assert!((value - expected).abs() < 1e-5, "pixel {i} is {value}");
    }
}

#[test]
fn affine_does_what_the_manipulations_of_data_do() {
    let digits = data::load("mnist:test[..8]").unwrap();
    let model = model("affine", [1, 28, 28]);
    let parts = model.mechanisms().unwrap();
    let cases: [(&str, &[(&str, f64)]); 5] = [
        ("rotate:=25", &[("rotation", 25.0)]),
        ("shift-vertical:=0.2", &[("shift down", 5.6)]),
        ("shift-horizontal:=-0.1", &[("shift right", -2.8)]),
        ("scale:=1.2", &[("width", 1.2), ("height", 1.2)]),
        ("rotate:=-40+shift-vertical:=0.1", &[("rotation", -40.0), ("shift down", 2.8)]),
    ];
    for (spec, values) in cases {
        let expected = spec.parse::<Manipulation>().unwrap().apply_seeded(&digits, 0);
        let got = transform(parts, &m(parts, values), rows(&digits));
        let difference = largest_difference(&got, expected.pixels());
        assert!(difference < 2e-4, "{spec}: a pixel differs by {difference}");
    }
}

#[test]
fn photometric_does_what_contrast_does() {
    let digits = data::load("mnist:test[..4]").unwrap();
    let model = model("photometric", [1, 28, 28]);
    let parts = model.mechanisms().unwrap();
    let m = m(parts, &[("gain", 0.35), ("bias", 0.35)]);
    let expected = "contrast:0.35:0.7".parse::<Manipulation>().unwrap().apply_seeded(&digits, 0);
    let got = transform(parts, &m, rows(&digits));
    assert!(largest_difference(&got, expected.pixels()) < 1e-5);
    let restored = host(parts.restore(&m.clone().repeat_dim(0, 4), rows(&expected)));
    assert!(largest_difference(&restored, digits.pixels()) < 1e-4);
}

#[test]
fn restoring_undoes_the_transformation_inside_the_canvas() {
    // Smooth, and dark near the border, so that nothing leaves the canvas and interpolation blurs little.
    let (h, w) = (32, 28);
    let smooth = |r: usize, c: usize| {
        let (v, u) = (r as f32 - 15.5, c as f32 - 13.5);
        (-(v * v + u * u) / 24.0).exp() * (0.6 + 0.3 * (0.4 * u).sin())
    };
    let pixels: Vec<f32> = (0..h * w).map(|i| smooth(i / w, i % w)).collect();
    let image = Images::new("smooth", [1, h, w], pixels, None, vec![]).unwrap();
    let model = model("affine,photometric", [1, h, w]);
    let parts = model.mechanisms().unwrap();
    let m = m(
        parts,
        &[
            ("shift right", 2.4),
            ("shift down", -1.7),
            ("rotation", 30.0),
            ("width", 1.1),
            ("height", 0.9),
            ("shear", 0.2),
            ("gain", 0.5),
            ("bias", 0.2),
        ],
    );
    let moved = parts.transform(&m, rows(&image).unsqueeze_dim(1));
    assert!(
        largest_difference(&host(moved.clone()), image.pixels()) > 0.2,
        "the transformation does something"
    );
    let restored = host(parts.restore(&m, moved.squeeze_dim(1)));
    let difference = largest_difference(&restored, image.pixels());
    assert!(difference < 0.03, "T_m⁻¹ T_m changes a pixel by {difference}");
}

#[test]
fn colours_are_warped_alike() {
    let image: Vec<f32> = (0..3 * 36).map(|i| (i % 36) as f32 / 36.0).collect();
    let image = Images::new("grey in colour", [3, 6, 6], image, None, vec![]).unwrap();
    let model = model("affine", [3, 6, 6]);
    let parts = model.mechanisms().unwrap();
    let warped = transform(parts, &m(parts, &[("rotation", 20.0), ("shift down", 0.5)]), rows(&image));
    assert_eq!(warped[..36], warped[36..72]);
    assert_eq!(warped[..36], warped[72..]);
}
