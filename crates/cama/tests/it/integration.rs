//! Eq. 6 against numerical integration over z, on a small model with non-linear networks.

use std::ops::ControlFlow;

use burn::tensor::{Tensor, TensorData};
use cama::data::Images;
use cama::mechanism::MechanismConfig;
use cama::{Config, DeepCama, Initialisation, M, ModelConfig, PredictConfig, device, predict, predict_each};

use crate::common::convolutional;

const CLASSES: usize = 3;
const PIXELS: usize = 36;

fn model() -> DeepCama {
    let mut config = ModelConfig {
        z: 2,
        mechanisms: MechanismConfig::parse_list("latent,affine,photometric").unwrap(),
        ..ModelConfig::fast([1, 6, 6], CLASSES)
    };
    config.network.hidden = 12;
    config.network.trunk = convolutional(4, 2);
    // Wide posteriors, as importance sampling needs them.
    config.network.initialisation = Initialisation::Uniform;
    DeepCama::new(&config.check().unwrap(), 3, &device("cpu").unwrap())
}

/// log ∫ p(x|y,z,m) p(z) dz for each class, by the rectangle rule on a grid over ±6 standard deviations.
fn integrated(model: &DeepCama, x: &[f32], m: Option<&Tensor<2>>) -> Vec<f64> {
    let side = 121;
    let at = |i: usize| -6.0 + 12.0 * i as f64 / (side - 1) as f64;
    let grid: Vec<[f64; 2]> = (0..side * side).map(|i| [at(i / side), at(i % side)]).collect();
    let z: Vec<f32> = (0..CLASSES).flat_map(|_| grid.iter().flatten().map(|&v| v as f32)).collect();
    let z = Tensor::from_data(TensorData::new(z, [1, CLASSES, grid.len(), 2]), &device("cpu").unwrap());
    let means = model.observe(None, None, z, m).means(&model.config().data);
    let means: Vec<f64> = means.into_data().iter::<f32>().map(f64::from).collect();
    let log_weights: Vec<f64> = means
        .chunks(PIXELS)
        .zip(grid.iter().cycle())
        .map(|(p, z)| {
            let log_px: f64 = p
                .iter()
                .zip(x)
                .map(|(p, &x)| (p.clamp(1e-6, 1.0 - 1e-6), f64::from(x)))
                .map(|(p, x)| x * p.ln() + (1.0 - x) * (1.0 - p).ln())
                .sum();
            log_px - 0.5 * (z[0] * z[0] + z[1] * z[1]) - (2.0 * std::f64::consts::PI).ln()
        })
        .collect();
    let cell = (12.0 / (side - 1) as f64).powi(2);
    log_weights
        .chunks(grid.len())
        .map(|w| {
            let max = w.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            max + w.iter().map(|w| (w - max).exp()).sum::<f64>().ln() + cell.ln()
        })
        .collect()
}

#[test]
fn prediction_agrees_with_numerical_integration() {
    let model = model();
    let pixels: Vec<f32> = (0..3 * PIXELS).map(|i| 0.5 + 0.45 * (i as f32 * 0.9).sin()).collect();
    let images = Images::new("waves", [1, 6, 6], pixels, None, vec![]).unwrap();
    for choice in [M::Null, M::Mean, M::Sample] {
        let config =
            PredictConfig { samples: 50_000, m: choice, seed: 1, chunk: Some(20_000), negligible: 0.0 };
        let config = config.check().unwrap();
        for (i, prediction) in predict(&model, &images, &config).unwrap().iter().enumerate() {
            let m = (choice != M::Null).then(|| {
                let shape = [1, prediction.m.len()];
                Tensor::from_data(TensorData::new(prediction.m.clone(), shape), &device("cpu").unwrap())
            });
            let scores = integrated(&model, images.image(i), m.as_ref());
            let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = scores.iter().map(|s| (s - max).exp()).sum();
            for (c, score) in scores.iter().enumerate() {
                let (got, exact) = (prediction.probabilities[c], (score - max).exp() / sum);
                assert!((got - exact).abs() < 0.01, "{choice:?}, image {i}, class {c}: {got}, exact {exact}");
            }
            if choice == M::Null {
                let exact = max + sum.ln() - (CLASSES as f64).ln();
                assert!((prediction.log_px - exact).abs() < 0.02, "{} exact {exact}", prediction.log_px);
            }
        }
    }
}

#[test]
fn chunks_change_nothing() {
    let model = model();
    let pixels: Vec<f32> = (0..5 * PIXELS).map(|i| 0.5 + 0.45 * (i as f32 * 0.9).sin()).collect();
    let images = Images::new("waves", [1, 6, 6], pixels, None, vec![]).unwrap();
    let with = |chunk| {
        let config = PredictConfig { samples: 4, m: M::Sample, seed: 1, chunk, ..PredictConfig::default() };
        predict(&model, &images, &config.check().unwrap()).unwrap()
    };
    for (a, b) in with(Some(1000)).iter().zip(with(Some(12))) {
        assert_eq!(a.class, b.class);
        assert!((a.log_px - b.log_px).abs() < 1e-3);
    }
}

#[test]
fn who_has_seen_enough_gets_no_more_predictions() {
    let model = model();
    let images = Images::new("grey", [1, 6, 6], vec![0.5; 5 * PIXELS], None, vec![]).unwrap();
    let config = PredictConfig { samples: 1, ..PredictConfig::default() }.check().unwrap();
    let mut seen = 0;
    let stop_at_two = |_| {
        seen += 1;
        if seen == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    predict_each(&model, &images, 0, &config, stop_at_two).unwrap();
    assert_eq!(seen, 2);
}
