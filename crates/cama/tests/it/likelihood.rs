//! Mechanisms that change the likelihood, and not its means alone, against closed forms.

use burn::tensor::{Tensor, TensorData};
use cama::data::{ChildColumn, ChildKind, DataShape, TableShape};
use cama::mechanism::{Mechanism, PerColumn, PerColumnConfig};
use cama::network::{Init, Initialisation};
use cama::{LikelihoodParams, device};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Means of the numbers and the logit of the boolean between them, log standard deviations, and what is observed.
const OUTPUTS: [f64; 3] = [0.4, -1.2, -0.7];
const LOG_SIGMA: [f64; 3] = [-0.9, 0.0, 0.3];
const X: [f64; 3] = [1.7, 1.0, 0.2];

fn tensor<const D: usize>(values: &[f64], shape: [usize; D]) -> Tensor<D> {
    let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), &device("cpu").unwrap())
}

/// log N(x; mean, sd²).
fn log_normal(x: f64, mean: f64, sd: f64) -> f64 {
    -0.5 * ((x - mean) / sd).powi(2) - sd.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln()
}

fn likelihood() -> LikelihoodParams {
    let (outputs, log_sigma) = (tensor(&OUTPUTS, [1, 1, 3]), tensor(&LOG_SIGMA, [1, 1, 3]));
    LikelihoodParams::Columns { outputs, log_sigma }
}

#[test]
fn a_column_varies_about_its_mean_as_far_as_it_was_stretched() {
    let device = device("cpu").unwrap();
    let column = |(name, kind): (&str, ChildKind)| ChildColumn { name: name.into(), kind };
    let kinds = [("x1", ChildKind::Number), ("x2", ChildKind::Boolean), ("x3", ChildKind::Number)];
    let data: DataShape = TableShape { children: kinds.map(column).to_vec(), ..TableShape::default() }.into();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut init = Init {
        scheme: Initialisation::He,
        negative_slope: 0.2,
        rng: &mut rng,
        device: &device,
        blank: false,
    };
    let config = PerColumnConfig::default();
    let mechanism = PerColumn::new(&config, &data, 4, &mut init);
    let log_prob = |m: Option<[f64; 4]>| {
        let params = match m {
            Some(m) => mechanism.observe(tensor(&m, [1, 4]), likelihood()),
            None => likelihood(),
        };
        f64::from(params.log_prob(&data, tensor(&X, [1, 3])).into_scalar::<f32>())
    };
    let boolean = -(-OUTPUTS[1]).exp().ln_1p();
    for m in [[0.0; 4], [0.5, -1.0, 0.0, 0.0], [0.3, 0.2, 2.0, -1.5], [-0.4, 0.0, -2.5, 3.0]] {
        // Shifts stand before log factors.
        let exact: f64 = [0, 2]
            .iter()
            .enumerate()
            .map(|(number, &at)| {
                let (shift, log_scale) = (config.shift * m[number], config.log_scale * m[2 + number]);
                let (mean, sd) = (log_scale.exp() * OUTPUTS[at] + shift, (LOG_SIGMA[at] + log_scale).exp());
                // The same density as of T_m⁻¹(x) under the clean likelihood, by a change of variables.
                let undone = (X[at] - shift) / log_scale.exp();
                let changed = log_normal(undone, OUTPUTS[at], LOG_SIGMA[at].exp()) - log_scale;
                assert!((log_normal(X[at], mean, sd) - changed).abs() < 1e-12);
                changed
            })
            .sum();
        let found = log_prob(Some(m));
        assert!((found - exact - boolean).abs() < 1e-4, "{m:?}: {found}, exact {}", exact + boolean);
    }
    assert_eq!(log_prob(Some([0.0; 4])), log_prob(None), "the identity at m = 0");
}

#[test]
fn pixels_without_a_variance_are_left_alone() {
    let device = device("cpu").unwrap();
    let logits: Tensor<3> = Tensor::full([1, 1, 4], 0.3, &device);
    let params = LikelihoodParams::BernoulliLogits(logits).map_log_sigma(|_| unreachable!("it has none"));
    let data = DataShape::from([1, 2, 2]);
    let found = f64::from(params.log_prob(&data, Tensor::ones([1, 4], &device)).into_scalar::<f32>());
    assert!((found + 4.0 * (-0.3f64).exp().ln_1p()).abs() < 1e-5, "{found}");
}

#[test]
fn with_outliers_a_density_still_sums_to_one() {
    let device = device("cpu").unwrap();
    let column = |(name, kind): (&str, ChildKind)| ChildColumn { name: name.into(), kind };
    let probability = |kind: ChildKind, outputs: &[f64], x: &[f64], share: f64| {
        let data: DataShape =
            TableShape { children: vec![column(("x", kind))], ..TableShape::default() }.into();
        let width = outputs.len();
        let params = LikelihoodParams::Columns {
            outputs: tensor(outputs, [1, 1, width]),
            log_sigma: tensor(&vec![-1.5; width], [1, 1, width]),
        };
        let log_p = params.with_outliers(share).log_prob(&data, tensor(x, [1, width]));
        f64::from(log_p.into_scalar::<f32>()).exp()
    };
    for share in [0.0, 0.2, 0.9] {
        let step = 0.002;
        let number =
            (0..10_000).map(|i| probability(ChildKind::Number, &[0.7], &[-10.0 + i as f64 * step], share));
        let sums = [
            number.sum::<f64>() * step,
            [0.0, 1.0].iter().map(|x| probability(ChildKind::Boolean, &[-3.0], &[*x], share)).sum(),
            [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
                .iter()
                .map(|x| probability(ChildKind::Category(3), &[0.3, 5.0, -2.0], x, share))
                .sum(),
        ];
        // Of outliers, some are beyond what was summed.
        let beyond = share * (1.0 - 10.0f64.atan() * 2.0 / std::f64::consts::PI);
        let expected = [1.0 - beyond, 1.0, 1.0];
        assert!(
            sums.iter().zip(expected).all(|(sum, expected)| (sum - expected).abs() < 1e-3),
            "{share}: {sums:?}"
        );
    }
    // One value alone is never less probable than an outlier is.
    let far = probability(ChildKind::Number, &[0.7], &[-2.0], 0.2);
    assert!((far / (0.2 / (5.0 * std::f64::consts::PI)) - 1.0).abs() < 1e-3, "{far}");
    // Of pixels, too, and of pixels whose likelihood is Gaussian by integration.
    let data = DataShape::from([1, 1, 1]);
    let step = 0.001;
    let of = |x: f64| {
        let params = LikelihoodParams::Gaussian {
            means: tensor(&[0.4], [1, 1, 1]),
            log_sigma: tensor(&[-3.0], [1, 1, 1]),
        };
        f64::from(params.with_outliers(0.3).log_prob(&data, tensor(&[x], [1, 1])).into_scalar::<f32>()).exp()
    };
    let sum: f64 = (0..1000).map(|i| of((i as f64 + 0.5) * step)).sum::<f64>() * step;
    assert!((sum - 1.0).abs() < 1e-3, "{sum}");
    let black = LikelihoodParams::BernoulliLogits(Tensor::full([1, 1, 1], 80.0, &device)).with_outliers(0.3);
    let black = f64::from(black.log_prob(&data, tensor(&[0.0], [1, 1])).into_scalar::<f32>());
    assert!((black - 0.15f64.ln()).abs() < 1e-4, "{black}");
}
