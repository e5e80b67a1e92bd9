//! The bounds against closed forms, on a model whose networks are all linear.
//!
//! With identity activations and a Gaussian likelihood, x given y and z is Gaussian with mean b_y + W z, so
//! log p(x|y) and every expectation in an ELBO have closed forms. W and b_y are read off the decoder.

use burn::tensor::{Int, Tensor, TensorData};
use cama::mechanism::MechanismConfig;
use cama::objective::{elbo, elbo_unlabelled};
use cama::{
    Config, DeepCama, Initialisation, Likelihood, M, ModelConfig, Observed, PredictConfig, data, device,
    predict,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::common::convolutional;

const CLASSES: usize = 3;
const PIXELS: usize = 16;
/// The standard deviation that a Gaussian model starts with.
const SIGMA: f64 = 0.3;

fn model(mechanisms: &str) -> DeepCama {
    let mut config = ModelConfig {
        z: 2,
        likelihood: Likelihood::Gaussian,
        mechanisms: MechanismConfig::parse_list(mechanisms).unwrap(),
        ..ModelConfig::fast([1, 4, 4], CLASSES)
    };
    config.network.hidden = 6;
    config.network.trunk = convolutional(3, 1);
    config.network.negative_slope = 1.0;
    config.network.initialisation = Initialisation::Uniform;
    DeepCama::new(&config.check().unwrap(), 5, &device("cpu").unwrap())
}

fn tensor<const D: usize>(values: &[f64], shape: [usize; D]) -> Tensor<D> {
    let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), &device("cpu").unwrap())
}

fn observed(x: &[f64]) -> Observed {
    Observed::of_x(tensor(x, [x.len() / PIXELS, PIXELS]))
}

fn host<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    x.into_data().iter::<f32>().map(f64::from).collect()
}

/// b_y of each class and the columns of W, transformed by the mechanisms at `m`.
fn decoder(model: &DeepCama, m: Option<&Tensor<2>>) -> (Vec<Vec<f64>>, [Vec<f64>; 2]) {
    let means = |z: [f64; 2]| {
        let z: Vec<f64> = z.iter().copied().cycle().take(2 * CLASSES).collect();
        let likelihood = model.observe(None, None, tensor(&z, [1, CLASSES, 1, 2]), m);
        host(likelihood.means(&model.config().data)).chunks(PIXELS).map(<[f64]>::to_vec).collect::<Vec<_>>()
    };
    let b = means([0.0, 0.0]);
    let column = |z| means(z)[0].iter().zip(&b[0]).map(|(a, b)| a - b).collect();
    let w = [column([1.0, 0.0]), column([0.0, 1.0])];
    (b, w)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// E_q[log N(x; b + W z, σ²I)] − KL(q ‖ N(0, I)) + log p(y) for a diagonal Gaussian q.
fn exact_elbo(x: &[f64], b: &[f64], w: &[Vec<f64>; 2], mean: &[f64], log_var: &[f64]) -> f64 {
    let residual: Vec<f64> =
        (0..PIXELS).map(|i| x[i] - b[i] - w[0][i] * mean[0] - w[1][i] * mean[1]).collect();
    let spread: f64 = (0..2).map(|k| log_var[k].exp() * dot(&w[k], &w[k])).sum();
    let log_px = -0.5 * PIXELS as f64 * (2.0 * std::f64::consts::PI * SIGMA * SIGMA).ln()
        - 0.5 * (dot(&residual, &residual) + spread) / (SIGMA * SIGMA);
    let kl: f64 = (0..2).map(|k| 0.5 * (mean[k].powi(2) + log_var[k].exp() - log_var[k] - 1.0)).sum();
    log_px - kl - (CLASSES as f64).ln()
}

/// log N(x; b, σ²I + W Wᵀ) + log p(y), by the matrix determinant lemma and Woodbury's identity.
fn exact_log_joint(x: &[f64], b: &[f64], w: &[Vec<f64>; 2]) -> f64 {
    let r: Vec<f64> = x.iter().zip(b).map(|(x, b)| x - b).collect();
    let s2 = SIGMA * SIGMA;
    let (p, q, o) = (s2 + dot(&w[0], &w[0]), s2 + dot(&w[1], &w[1]), dot(&w[0], &w[1]));
    let det = p * q - o * o;
    let (u, v) = (dot(&w[0], &r), dot(&w[1], &r));
    let quadratic = (dot(&r, &r) - (u * u * q - 2.0 * u * v * o + v * v * p) / det) / s2;
    let log_det = (PIXELS as f64 - 2.0) * s2.ln() + det.ln();
    -0.5 * (PIXELS as f64 * (2.0 * std::f64::consts::PI).ln() + log_det + quadratic) - (CLASSES as f64).ln()
}

/// Four images that resemble class means.
fn images(model: &DeepCama) -> Vec<f64> {
    let (b, _) = decoder(model, None);
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    (0..4)
        .flat_map(|i| b[i % CLASSES].clone())
        .map(|mean| (mean + 0.3 * Distribution::<f64>::sample(&StandardNormal, &mut rng)).clamp(0.0, 1.0))
        .collect()
}

fn assert_close(estimate: f64, exact: f64, tolerance: f64, what: &str) {
    assert!((estimate - exact).abs() < tolerance, "{what}: estimate {estimate}, exact {exact}");
}

#[test]
fn the_elbo_of_a_clean_image_is_the_closed_form_and_below_the_evidence() {
    let model = model("none");
    let x = images(&model);
    let labels = [0i64, 1, 2, 2];
    let y: Tensor<1, Int> = Tensor::from_data(labels, &device("cpu").unwrap());
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let estimate = elbo(&model, &observed(&x), y.clone(), M::Null, 20_000, &mut rng);
    let estimate = host(estimate.weighted(1.0, 1.0));
    let q1 = model.style(&observed(&x), Some(y), None);
    let (mean, log_var) = (host(q1.mean), host(q1.log_var));
    let (b, w) = decoder(&model, None);
    for i in 0..4 {
        let (x, b) = (&x[i * PIXELS..][..PIXELS], &b[labels[i] as usize]);
        let exact = exact_elbo(x, b, &w, &mean[2 * i..][..2], &log_var[2 * i..][..2]);
        assert_close(estimate[i], exact, 0.05, "ELBO(x, y, do(m=0))");
        assert!(exact < exact_log_joint(x, b, &w), "the bound lies below the evidence");
    }
}

#[test]
fn the_unlabelled_elbo_is_the_closed_form_given_m() {
    let model = model("photometric");
    let parts = model.mechanisms().unwrap();
    let x = images(&model);
    let seed = 8;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let estimate = elbo_unlabelled(&model, &observed(&x), M::Sample, 20_000, 1.0, &mut rng);
    let estimate = host(estimate);
    // The same m: noise for it is drawn first.
    let q2 = parts.posterior(&observed(&x));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let noise: Vec<f64> =
        (0..8).map(|_| f64::from(Distribution::<f32>::sample(&StandardNormal, &mut rng))).collect();
    let m = q2.sample(tensor(&noise, [4, 2]));
    let kl_m = host(q2.kl_to_standard());
    for i in 0..4 {
        let m = m.clone().narrow(0, i, 1);
        let (b, w) = decoder(&model, Some(&m));
        let x = &x[i * PIXELS..][..PIXELS];
        let q1 = model.style(&observed(x), None, Some(&m));
        let (mean, log_var) = (host(q1.mean), host(q1.log_var));
        let by_class: Vec<f64> = (0..CLASSES)
            .map(|c| exact_elbo(x, &b[c], &w, &mean[2 * c..][..2], &log_var[2 * c..][..2]))
            .collect();
        let max = by_class.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let exact = max + by_class.iter().map(|e| (e - max).exp()).sum::<f64>().ln() - kl_m[i];
        assert_close(estimate[i], exact, 0.05, "ELBO(x)");
    }
}

#[test]
fn prediction_is_bayes_rule_with_and_without_m() {
    let model = model("photometric");
    let pixels: Vec<f32> = images(&model).iter().map(|&v| v as f32).collect();
    let images = data::Images::new("test", [1, 4, 4], pixels, None, vec![]).unwrap();
    for choice in [M::Null, M::Mean] {
        let config = PredictConfig { samples: 200_000, m: choice, ..PredictConfig::default() };
        let config = config.check().unwrap();
        for (i, prediction) in predict(&model, &images, &config).unwrap().into_iter().enumerate() {
            let m: Vec<f64> = prediction.m.iter().map(|&m| f64::from(m)).collect();
            let m = (choice == M::Mean).then(|| tensor(&m, [1, 2]));
            let (b, w) = decoder(&model, m.as_ref());
            let x: Vec<f64> = images.image(i).iter().map(|&v| f64::from(v)).collect();
            let joint: Vec<f64> = b.iter().map(|b| exact_log_joint(&x, b, &w)).collect();
            let max = joint.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = joint.iter().map(|j| (j - max).exp()).sum();
            for (c, joint) in joint.iter().enumerate() {
                assert_close(prediction.probabilities[c], (joint - max).exp() / sum, 0.01, "p(y|x)");
            }
            if choice == M::Null {
                assert_close(prediction.log_px, max + sum.ln(), 0.03, "log p(x|do(m=0))");
            }
        }
    }
}
