//! Gradients of the objectives against finite differences, for every tensor of a model with all mechanisms.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Int, Tensor, TensorData};
use cama::mechanism::MechanismConfig;
use cama::objective::{elbo, elbo_of_likely_classes, elbo_tempered, elbo_unlabelled};
use cama::{Config, DeepCama, M, ModelConfig, Observed, device};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::common::convolutional;

const BATCH: usize = 3;

fn model() -> DeepCama {
    let mut config = ModelConfig {
        z: 3,
        mechanisms: MechanismConfig::parse_list("latent,affine,photometric").unwrap(),
        ..ModelConfig::fast([1, 6, 6], 4)
    };
    config.network.hidden = 7;
    config.network.trunk = convolutional(3, 2);
    // Smooth but for the warp's pixel borders, so that finite differences mean something.
    config.network.negative_slope = 1.0;
    DeepCama::new(&config.check().unwrap(), 2, &device("cpu").unwrap())
}

/// −(ELBO(x, y) + ELBO(x)) with fixed noise: every parameter takes part in it.
fn loss(model: &DeepCama) -> Tensor<1> {
    let pixels: Vec<f32> = (0..BATCH * 36).map(|i| 0.5 + 0.45 * (i as f32 * 0.7).sin()).collect();
    let x: Tensor<2> = Tensor::from_data(TensorData::new(pixels, [BATCH, 36]), &model.device());
    let y: Tensor<1, Int> = Tensor::from_data([0i64, 3, 1], &model.device());
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let observed = Observed::of_x(x);
    let labelled = elbo(model, &observed, y, M::Sample, 2, &mut rng).weighted(1.0, 1.0);
    let unlabelled = elbo_unlabelled(model, &observed, M::Sample, 2, 1.0, &mut rng);
    (labelled + unlabelled).mean().neg()
}

/// Every tensor's analytic gradient along a fixed direction of unit length.
struct Slopes<'a>(&'a GradientsParams, Vec<f64>);

impl ModuleVisitor for Slopes<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let shape: [usize; D] = param.val().dims();
        let gradient = self.0.get::<D>(param.id);
        let slope = gradient.map(|g| f64::from((g * direction(shape)).sum().into_scalar::<f32>()));
        self.1.push(slope.unwrap_or(f64::NAN));
    }
}

/// Moves the `target`-th tensor along its direction.
struct Move {
    target: usize,
    by: f64,
    seen: usize,
}

impl ModuleMapper for Move {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let here = self.seen == self.target;
        self.seen += 1;
        if !here {
            return param;
        }
        let by = self.by;
        param.map(|w| {
            let shape: [usize; D] = w.dims();
            w + direction(shape).mul_scalar(by)
        })
    }
}

fn direction<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    let n: usize = shape.iter().product();
    let values: Vec<f32> = (0..n).map(|i| ((i * i) as f32 * 1.3 + 0.4).sin()).collect();
    let length = values.iter().map(|v| v * v).sum::<f32>().sqrt();
    let values = values.iter().map(|v| v / length).collect::<Vec<_>>();
    Tensor::from_data(TensorData::new(values, shape), &device("cpu").unwrap())
}

#[test]
fn every_tensor_has_the_gradient_that_finite_differences_show() {
    let model = model();
    let trained = model.clone().train();
    let grads = GradientsParams::from_grads(loss(&trained).backward(), &trained);
    let mut slopes = Slopes(&grads, Vec::new());
    trained.visit(&mut slopes);
    assert!(slopes.1.len() > 40, "a model with all mechanisms has more than 40 tensors");
    let value = |target: usize, by: f64| {
        let moved = model.clone().map(&mut Move { target, by, seen: 0 });
        f64::from(loss(&moved).into_scalar::<f32>())
    };
    for (target, &slope) in slopes.1.iter().enumerate() {
        assert!(slope.is_finite(), "tensor {target} has no gradient");
        // Richardson's extrapolation of central differences: wide enough for f32, fourth-order accurate.
        let central = |h: f64| (value(target, h) - value(target, -h)) / (2.0 * h);
        let numeric = (4.0 * central(0.01) - central(0.02)) / 3.0;
        let tolerance = 0.02 * slope.abs() + 0.02;
        assert!(
            (slope - numeric).abs() < tolerance,
            "tensor {target}: backward {slope}, differences {numeric}"
        );
    }
}

/// Value of Σ ELBO(x), and every tensor's gradient along its direction; classes are left out of it below a weight, if given.
fn unlabelled(model: &DeepCama, negligible: Option<f64>) -> (f64, Vec<f64>) {
    let pixels: Vec<f32> = (0..BATCH * 36).map(|i| 0.5 + 0.45 * (i as f32 * 0.7).sin()).collect();
    let trained = model.clone().train();
    let x: Tensor<2> = Tensor::from_data(TensorData::new(pixels, [BATCH, 36]), &trained.device());
    let (observed, mut rng) = (Observed::of_x(x), ChaCha8Rng::seed_from_u64(5));
    let bound = match negligible {
        Some(negligible) => {
            elbo_of_likely_classes(&trained, &observed, M::Sample, 2, (0.7, negligible), &mut rng)
        }
        None => elbo_unlabelled(&trained, &observed, M::Sample, 2, 0.7, &mut rng),
    };
    let sum = bound.sum();
    let value = f64::from(sum.clone().into_scalar::<f32>());
    let grads = GradientsParams::from_grads(sum.backward(), &trained);
    let mut slopes = Slopes(&grads, Vec::new());
    trained.visit(&mut slopes);
    (value, slopes.1)
}

#[test]
fn classes_without_weight_are_left_out_of_the_gradient_alone() {
    let model = model();
    let (value, full) = unlabelled(&model, None);
    for (negligible, tolerance) in [(1e-9, 2e-3), (0.02, 0.2)] {
        let (same, sparse) = unlabelled(&model, Some(negligible));
        assert!((value - same).abs() < 1e-3 * value.abs(), "{value} {same}");
        let length = |slopes: &[f64]| slopes.iter().map(|s| s * s).sum::<f64>().sqrt();
        let off: Vec<f64> =
            full.iter().zip(&sparse).map(|(a, b)| a - b).filter(|off| off.is_finite()).collect();
        assert!(off.len() > 40, "{}", off.len());
        assert!(length(&off) < tolerance * length(&full), "{negligible}: {} {}", length(&off), length(&full));
    }
}

#[test]
fn tempered_responsibilities_go_from_eq_7_to_the_mean_over_classes() {
    let model = model();
    let pixels: Vec<f32> = (0..BATCH * 36).map(|i| 0.5 + 0.45 * (i as f32 * 0.7).sin()).collect();
    let x: Tensor<2> = Tensor::from_data(TensorData::new(pixels, [BATCH, 36]), &model.device());
    let observed = Observed::of_x(x);
    let rng = || ChaCha8Rng::seed_from_u64(6);
    let host = |t: Tensor<1>| t.into_data().iter::<f32>().map(f64::from).collect::<Vec<_>>();
    // With do(m=0) there is no divergence of m, and all that is random is z.
    let tempered = |power| host(elbo_tempered(&model, &observed, M::Null, 1, (1.0, power), &mut rng()));
    assert_eq!(tempered(1.0), host(elbo_unlabelled(&model, &observed, M::Null, 1, 1.0, &mut rng())));
    let of_class = |class: i64| {
        let y: Tensor<1, Int> = Tensor::from_data([class; BATCH], &model.device());
        host(elbo(&model, &observed, y, M::Null, 1, &mut rng()).weighted(1.0, 1.0))
    };
    let classes: Vec<Vec<f64>> = (0..4).map(of_class).collect();
    for power in [0.5, 0.1, 1e-3] {
        for (i, found) in tempered(power).into_iter().enumerate() {
            let sum: f64 = classes.iter().map(|bounds| (power * (bounds[i] - classes[0][i])).exp()).sum();
            let expected = classes[0][i] + sum.ln() / power;
            assert!((found - expected).abs() < 1e-3 * expected.abs(), "{power} {i}: {found} {expected}");
        }
    }
    let mean = |i: usize| classes.iter().map(|bounds| bounds[i]).sum::<f64>() / 4.0;
    let found = tempered(1e-3)[0] - 4f64.ln() / 1e-3;
    assert!((found - mean(0)).abs() < 0.05 * mean(0).abs() + 0.5, "{found} {}", mean(0));
}
