//! Eq. 6 against numerical integration over z, on a small model with non-linear networks.

use std::ops::ControlFlow;

use burn::tensor::{Tensor, TensorData};
use cama::data::Images;
use cama::mechanism::MechanismConfig;
use cama::{
    Cama, Config, DeepCama, Inference, Initialisation, M, ModelConfig, OptimiseConfig, PredictConfig, Rule,
    device, predict, predict_each, silent,
};

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
    let (log_weights, cell) = on_a_grid(model, x, m, 0.0);
    log_weights
        .iter()
        .map(|w| {
            let max = w.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            max + w.iter().map(|w| (w - max).exp()).sum::<f64>().ln() + cell.ln()
        })
        .collect()
}

/// log p(x|y,z,m) + log p(z) for each class on a grid of z over ±6 standard deviations, where each pixel is with probability
/// `share` of any grey, and the area of a cell.
fn on_a_grid(model: &DeepCama, x: &[f32], m: Option<&Tensor<2>>, share: f64) -> (Vec<Vec<f64>>, f64) {
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
                .map(|(p, &x)| (((1.0 - share) * p + 0.5 * share).clamp(1e-6, 1.0 - 1e-6), f64::from(x)))
                .map(|(p, x)| x * p.ln() + (1.0 - x) * (1.0 - p).ln())
                .sum();
            log_px - 0.5 * (z[0] * z[0] + z[1] * z[1]) - (2.0 * std::f64::consts::PI).ln()
        })
        .collect();
    let cell = (12.0 / (side - 1) as f64).powi(2);
    (log_weights.chunks(grid.len()).map(<[f64]>::to_vec).collect(), cell)
}

#[test]
fn prediction_agrees_with_numerical_integration() {
    let model = model();
    let pixels: Vec<f32> = (0..3 * PIXELS).map(|i| 0.5 + 0.45 * (i as f32 * 0.9).sin()).collect();
    let images = Images::new("waves", [1, 6, 6], pixels, None, vec![]).unwrap();
    for choice in [M::Null, M::Mean, M::Sample] {
        let config = PredictConfig {
            samples: 50_000,
            m: choice,
            seed: 1,
            chunk: Some(20_000),
            negligible: 0.0,
            ..PredictConfig::default()
        };
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

/// Waves of every class, in turn.
fn waves(n: usize) -> Images {
    let pixels = (0..n * PIXELS).map(|i| 0.5 + 0.45 * (i as f32 * 0.9).sin()).collect();
    let labels = (0..n).map(|i| i % CLASSES).collect();
    let classes = (0..CLASSES).map(|class| class.to_string()).collect();
    Images::new("waves", [1, 6, 6], pixels, Some(labels), classes).unwrap()
}

#[test]
fn a_search_finds_the_highest_point_of_a_grid() {
    let cama = Cama::bare(model()).with_bank(&waves(240), &mut silent).unwrap();
    let images = waves(3);
    for share in [0.0, 0.3] {
        let predictor = cama.predictor().rule(Rule::Bayes).configure(|config| {
            config.inference = Inference::Optimise;
            config.optimise =
                OptimiseConfig { steps: 150, starts: 4, floor: Some(share), ..OptimiseConfig::default() };
        });
        for (i, decision) in predictor.predict(&images).unwrap().iter().enumerate() {
            let (heights, _) = on_a_grid(cama.model(), images.image(i), None, share);
            let tops =
                heights.iter().map(|heights| heights.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            let tops: Vec<f64> = tops.collect();
            let sum: f64 = tops.iter().map(|top| (top - tops[0]).exp()).sum();
            for (class, top) in tops.iter().enumerate() {
                let exact = (top - tops[0]).exp() / sum;
                let found = decision.probabilities[class];
                // The grid is coarse: the true top is a little above.
                assert!(
                    (found - exact).abs() < 0.01,
                    "{share}, image {i}, class {class}: {found}, grid {exact}"
                );
            }
        }
    }
}

#[test]
fn an_integral_about_the_highest_point_is_that_of_a_grid() {
    let cama = Cama::bare(model()).with_bank(&waves(240), &mut silent).unwrap();
    let images = waves(2);
    let predictor = cama.predictor().rule(Rule::Bayes).configure(|config| {
        config.inference = Inference::Optimise;
        config.optimise = OptimiseConfig { samples: 5000, floor: Some(0.0), ..OptimiseConfig::default() };
    });
    for (i, decision) in predictor.predict(&images).unwrap().iter().enumerate() {
        let scores = integrated(cama.model(), images.image(i), None);
        let sum: f64 = scores.iter().map(|score| (score - scores[0]).exp()).sum();
        for (class, score) in scores.iter().enumerate() {
            let (found, exact) = (decision.probabilities[class], (score - scores[0]).exp() / sum);
            assert!((found - exact).abs() < 0.02, "image {i}, class {class}: {found}, exact {exact}");
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
