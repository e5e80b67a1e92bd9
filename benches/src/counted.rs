//! Pieces of work whose instructions are counted, each alone; see `benches/instructions.sh`.
//!
//! A new kernel is a line in [`ALL`]: its name, and a function that gets its inputs ready and returns what is counted.

use burn::tensor::{Device, Int, Tensor, TensorData};
use cama::objective::{elbo, elbo_unlabelled};
use cama::optimise::{Optimiser, shards};
use cama::{Config, DeepCama, M, Observed, PredictConfig, predict};
use cama_kernels::activation::leaky_relu;
use cama_kernels::adam::{Step, adam};
use cama_kernels::conv::{Geometry, Layer, Order, convolve};
use cama_kernels::likelihood::{Given, bernoulli};
use cama_kernels::linear::linear;
use cama_kernels::warp::warp;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::{Setup, mnist};

/// Does one piece of work, on inputs of its own.
pub type Work = Box<dyn FnMut()>;

/// A name, and what gets the work ready.
pub type Named = (&'static str, fn() -> Work);

/// Every piece of work by its name.
pub const ALL: &[Named] = &[
    ("conv-5x5-64-pooled", || convolution([64, 14, 14], 64, 5, 1)),
    ("conv-3x3-64-pooled", || convolution([64, 7, 7], 64, 3, 1)),
    ("conv-5x5-32-stride-2", || convolution([32, 14, 14], 32, 5, 2)),
    ("conv-5x5-from-1", || convolution([1, 28, 28], 32, 5, 2)),
    ("conv-transpose-64", || transposed(64, 7, 64)),
    ("conv-transpose-to-1", || transposed(32, 14, 1)),
    ("linear-256", linear_layer),
    ("activation", activated),
    ("bernoulli-of-logits", || likelihood(Given::Logits)),
    ("bernoulli-of-means", || likelihood(Given::Means)),
    ("warp", warped),
    ("adam", adam_step),
    ("fast-q1-forward", || q1_forward("fast")),
    ("fast-q2-forward", || q2_forward("fast")),
    ("fast-decoder-forward", || decoder_forward("fast")),
    ("fast-train-clean", || train_step("fast", "latent", false)),
    ("fast-train-m", || train_step("fast", "latent", true)),
    ("fast-train-affine", || train_step("fast", "affine", true)),
    ("fast-unlabelled-backward", || unlabelled_step("fast", "latent")),
    ("fast-unlabelled-affine", || unlabelled_step("fast", "affine,photometric")),
    ("fast-predict", || prediction("fast")),
    ("paper-q1-forward", || q1_forward("paper")),
    ("paper-q2-forward", || q2_forward("paper")),
    ("paper-decoder-forward", || decoder_forward("paper")),
    ("paper-train-clean", || train_step("paper", "latent", false)),
];

/// Does `work`. Its own name in the program is what the counter waits for, so it must stay a function.
#[inline(never)]
pub fn counted(work: &mut dyn FnMut()) {
    work();
}

/// Images: few, since an instruction that is counted takes fifty times as long as one that is not.
const BATCH: usize = 4;

fn model(preset: &str, mechanisms: &str) -> DeepCama {
    Setup::new(preset, mechanisms).model(&Device::flex()).expect("a known preset")
}

/// Images and their labels.
fn batch() -> (Observed, Tensor<1, Int>) {
    let images = mnist("train", BATCH, [1, 28, 28], 10).expect("bundled");
    let x = TensorData::new(images.pixels().to_vec(), [BATCH, images.volume()]);
    let labels: Vec<i64> = images.labels().expect("labelled").iter().map(|label| *label as i64).collect();
    let device = Device::flex();
    (
        Observed::of_x(Tensor::from_data(x, &device)),
        Tensor::from_data(TensorData::new(labels, [BATCH]), &device),
    )
}

fn noise() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

/// A tensor of values from 0.2 to 0.8, the same every time.
fn values<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    let n: usize = shape.iter().product();
    let all: Vec<f32> = (0..n).map(|i| 0.2 + 0.6 * ((i * 7919) % 1000) as f32 / 1000.0).collect();
    Tensor::from_data(TensorData::new(all, shape), &Device::flex())
}

fn leaf<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    values(shape).autodiff().require_grad()
}

/// Forward and backward, to all inputs.
fn both<const D: usize>(of: impl Fn() -> Tensor<D> + 'static) -> Work {
    Box::new(move || drop(of().sum().backward()))
}

fn layer(layer: Layer) -> Work {
    let Geometry { large, small, kernel, .. } = layer.geometry;
    let x = leaf([BATCH, layer.from().iter().product()]);
    let (weight, bias) = (leaf([small[0], large[0], kernel, kernel]), leaf([layer.to()[0]]));
    both(move || convolve(x.clone(), weight.clone(), bias.clone(), &layer))
}

fn convolution(large: [usize; 3], channels: usize, kernel: usize, stride: usize) -> Work {
    let side = large[1].div_ceil(stride);
    let geometry = Geometry { large, small: [channels, side, side], kernel, stride, padding: kernel / 2 };
    let order = Order::Pixels;
    layer(Layer {
        geometry,
        transposed: false,
        slope: 0.2,
        pooling: stride == 1,
        input: order,
        output: order,
    })
}

fn transposed(from: usize, side: usize, to: usize) -> Work {
    let large = [to, 2 * side, 2 * side];
    let geometry = Geometry { large, small: [from, side, side], kernel: 3, stride: 2, padding: 1 };
    let order = Order::Pixels;
    layer(Layer { geometry, transposed: true, slope: 0.2, pooling: false, input: order, output: order })
}

fn linear_layer() -> Work {
    let (x, weight, bias) = (leaf([64, 256]), leaf([256, 256]), leaf([256]));
    both(move || linear(x.clone(), weight.clone(), bias.clone(), 0.2))
}

fn activated() -> Work {
    let x = leaf([64, 1024]);
    both(move || leaky_relu(x.clone(), 0.2))
}

fn likelihood(given: Given) -> Work {
    let (parameters, x) = (leaf([BATCH, 10, 784]), values([BATCH, 784]));
    both(move || bernoulli(parameters.clone(), x.clone(), given))
}

fn warped() -> Work {
    let (x, places) = (leaf([BATCH, 10, 784]), leaf([BATCH, 784]));
    both(move || warp(x.clone(), [1, 28, 28], places.clone(), places.clone()))
}

fn adam_step() -> Work {
    let step = Step { learning_rate: 1e-3, betas: [0.9, 0.999], epsilon: 1e-8, weight_decay: 0.0, time: 2 };
    let (parameters, gradient) = (values([1 << 16]), values([1 << 16]));
    let moments = [values([1 << 16]), values([1 << 16])];
    Box::new(move || drop(adam(parameters.clone(), gradient.clone(), Some(moments.clone()), step)))
}

fn q1_forward(preset: &str) -> Work {
    let (model, (observed, labels)) = (model(preset, "latent"), batch());
    Box::new(move || drop(model.style(&observed, Some(labels.clone()), None)))
}

fn q2_forward(preset: &str) -> Work {
    let (model, (observed, _)) = (model(preset, "latent"), batch());
    Box::new(move || drop(model.mechanisms().expect("latent").posterior(&observed)))
}

fn decoder_forward(preset: &str) -> Work {
    let (model, (_, labels)) = (model(preset, "latent"), batch());
    let z = Tensor::<4>::ones([BATCH, 1, 1, model.config().z], &model.device());
    Box::new(move || drop(model.observe(Some(labels.clone()), None, z.clone(), None)))
}

/// A step of Eq. 3, or of Eq. 4.
fn train_step(preset: &str, mechanisms: &str, manipulated: bool) -> Work {
    step(model(preset, mechanisms), move |model, observed, labels, rng| {
        let m = if manipulated { M::Sample } else { M::Null };
        elbo(model, observed, labels, m, 1, rng).weighted(1.0, 1.0)
    })
}

/// A step of Eq. 7, of all parameters.
fn unlabelled_step(preset: &str, mechanisms: &str) -> Work {
    step(model(preset, mechanisms), |model, observed, _, rng| {
        elbo_unlabelled(model, observed, M::Sample, 1, 1.0, rng)
    })
}

/// A step up a bound of a batch, in as many parts as the library's own loops cut it.
fn step(
    model: DeepCama,
    bound: impl Fn(&DeepCama, &Observed, Tensor<1, Int>, &mut ChaCha8Rng) -> Tensor<1> + Sync + 'static,
) -> Work {
    let (observed, labels) = batch();
    let shards = shards(&model.device());
    let part = BATCH / shards;
    let mut optimiser = Optimiser::new(200.0);
    let mut model = Some(model);
    Box::new(move || {
        let loss = |model: &DeepCama, i: usize| {
            let observed = Observed::of_x(observed.x.clone().narrow(0, i * part, part));
            let labels = labels.clone().narrow(0, i * part, part);
            bound(model, &observed, labels, &mut noise()).sum().mul_scalar(-1.0 / BATCH as f64)
        };
        let before = model.take().expect("put back after every step");
        let (after, _) = optimiser.step(before, shards, loss, 1e-4).expect("first steps are finite");
        model = Some(after);
    })
}

fn prediction(preset: &str) -> Work {
    let model = model(preset, "latent");
    let images = mnist("test", BATCH, [1, 28, 28], 10).expect("bundled");
    let config = PredictConfig { samples: 2, ..PredictConfig::default() }.check().expect("allowed");
    Box::new(move || drop(predict(&model, &images, &config).expect("first weights are finite")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_their_own_and_the_work_can_be_repeated() {
        for (i, (name, prepare)) in ALL.iter().enumerate() {
            assert!(name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-'), "{name}");
            assert!(ALL[..i].iter().all(|(other, _)| other != name), "{name} comes twice");
            if !name.starts_with("paper") {
                let mut work = prepare();
                counted(&mut *work);
                counted(&mut *work);
            }
        }
    }
}
