//! Pieces of work whose instructions are counted, each alone; see `benches/instructions.sh`.
//!
//! A new kernel is a line in [`ALL`]: its name, and a function that gets its inputs ready and returns what is counted.

use burn::tensor::{Device, Int, Tensor, TensorData};
use cama::objective::{Manipulated, elbo, elbo_unlabelled};
use cama::optimise::{Optimiser, shards};
use cama::{DeepCama, Evidence, PredictConfig, predict};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::{Setup, mnist};

/// Does one piece of work, on inputs of its own.
pub type Work = Box<dyn FnMut()>;

/// Every piece of work by its name.
pub const ALL: &[(&str, fn() -> Work)] = &[
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
fn batch() -> (Evidence, Tensor<1, Int>) {
    let images = mnist("train", BATCH, 28, 10).expect("bundled");
    let x = TensorData::new(images.pixels().to_vec(), [BATCH, images.volume()]);
    let labels: Vec<i64> = images.labels().expect("labelled").iter().map(|label| *label as i64).collect();
    let device = Device::flex();
    (
        Evidence::of_x(Tensor::from_data(x, &device)),
        Tensor::from_data(TensorData::new(labels, [BATCH]), &device),
    )
}

fn noise() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

fn q1_forward(preset: &str) -> Work {
    let (model, (seen, labels)) = (model(preset, "latent"), batch());
    Box::new(move || drop(model.style(&seen, Some(labels.clone()), None)))
}

fn q2_forward(preset: &str) -> Work {
    let (model, (seen, _)) = (model(preset, "latent"), batch());
    Box::new(move || drop(model.manipulation().expect("latent").posterior(&seen)))
}

fn decoder_forward(preset: &str) -> Work {
    let (model, (_, labels)) = (model(preset, "latent"), batch());
    let z = Tensor::<4>::ones([BATCH, 1, 1, model.config().z], &model.device());
    Box::new(move || drop(model.observe(Some(labels.clone()), None, z.clone(), None)))
}

/// A step of Eq. 3, or of Eq. 4.
fn train_step(preset: &str, mechanisms: &str, manipulated: bool) -> Work {
    step(model(preset, mechanisms), move |model, seen, labels, rng| {
        let m = if manipulated { Manipulated::Unknown } else { Manipulated::Null };
        elbo(model, seen, labels, m, 1, rng).weighted(1.0, 1.0)
    })
}

/// A step of Eq. 7, of all parameters.
fn unlabelled_step(preset: &str, mechanisms: &str) -> Work {
    step(model(preset, mechanisms), |model, seen, _, rng| {
        elbo_unlabelled(model, seen, Manipulated::Unknown, 1, 1.0, rng)
    })
}

/// A step up a bound of a batch, in as many parts as the library's own loops cut it.
fn step(
    model: DeepCama,
    bound: impl Fn(&DeepCama, &Evidence, Tensor<1, Int>, &mut ChaCha8Rng) -> Tensor<1> + Sync + 'static,
) -> Work {
    let (seen, labels) = batch();
    let shards = shards(&model.device());
    let part = BATCH / shards;
    let mut optimiser = Optimiser::new(200.0);
    let mut model = Some(model);
    Box::new(move || {
        let loss = |model: &DeepCama, i: usize| {
            let seen = Evidence::of_x(seen.x.clone().narrow(0, i * part, part));
            let labels = labels.clone().narrow(0, i * part, part);
            bound(model, &seen, labels, &mut noise()).sum().mul_scalar(-1.0 / BATCH as f64)
        };
        let before = model.take().expect("put back after every step");
        let (after, _) = optimiser.step(before, shards, loss, 1e-4).expect("first steps are finite");
        model = Some(after);
    })
}

fn prediction(preset: &str) -> Work {
    let model = model(preset, "latent");
    let images = mnist("test", BATCH, 28, 10).expect("bundled");
    let config = PredictConfig { samples: 2, ..PredictConfig::default() };
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
            if name.starts_with("fast") {
                let mut work = prepare();
                counted(&mut *work);
                counted(&mut *work);
            }
        }
    }
}
