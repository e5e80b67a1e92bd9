//! Steps and predictions of the presets, by criterion: `cargo bench -p cama-bench`.

use std::hint::black_box;
use std::time::Duration;

use cama::{Config, DeepCama, M, PredictConfig, device, predict};
use cama_bench::{Adapting, Setup, Training, adapt_steps, default_batch, mnist, train_steps};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// A preset with mechanisms.
fn model(preset: &str, mechanisms: &str) -> DeepCama {
    Setup::new(preset, mechanisms).model(&device("cpu").expect("there is a CPU")).expect("a known preset")
}

/// A step each of Eq. 3 and of Eq. 4; with an explicit mechanism Eq. 3 is the same as without one.
fn training(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("train");
    for (preset, mechanisms, manipulated) in [
        ("fast", "latent", false),
        ("fast", "latent", true),
        ("fast", "affine", true),
        ("fast", "affine,photometric", true),
        ("paper", "latent", false),
        ("paper", "latent", true),
    ] {
        let batch = default_batch(preset);
        let model = model(preset, mechanisms);
        let of = if manipulated { mechanisms } else { "clean" };
        group.throughput(Throughput::Elements(batch as u64));
        group.bench_function(BenchmarkId::new(preset, of), |bencher| {
            bencher.iter_custom(|steps| {
                let training = Training { batch, manipulated };
                let (times, _) =
                    train_steps(model.clone(), preset, training, steps as usize).expect("it can be trained");
                times.wall.iter().sum()
            });
        });
    }
}

/// A step of Eq. 8.
fn adaptation(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("adapt");
    for (preset, mechanisms) in
        [("fast", "latent"), ("fast", "affine"), ("fast", "affine,photometric"), ("paper", "latent")]
    {
        let model = model(preset, mechanisms);
        // The library's own sizes.
        let adapting = Adapting { batch: 48, clean_batch: 16 };
        group.bench_function(BenchmarkId::new(preset, mechanisms), |bencher| {
            bencher.iter_custom(|steps| {
                adapt_steps(&model, adapting, steps as usize).expect("it can be adapted").wall.iter().sum()
            });
        });
    }
}

/// Eq. 6 with K = 10, by a model that was trained a little: what is hopeless is left out sooner by a better one.
fn prediction(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("predict");
    for (preset, images, steps) in [("fast", 200, 200), ("paper", 20, 20)] {
        let training = Training { batch: default_batch(preset), manipulated: false };
        let (_, model) =
            train_steps(model(preset, "latent"), preset, training, steps).expect("it can be trained");
        let data = mnist("test", images, [1, 28, 28], 10).expect("bundled");
        let config = PredictConfig { m: M::Mean, ..PredictConfig::default() }.check().expect("allowed");
        group.throughput(Throughput::Elements(images as u64));
        group.bench_function(BenchmarkId::new(preset, images), |bencher| {
            bencher.iter(|| black_box(predict(&model, &data, &config).expect("finite weights")));
        });
    }
}

criterion_group! {
    name = steps;
    // A step takes up to a second: ten samples, and no longer than they need.
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    targets = training, adaptation, prediction
}
criterion_main!(steps);
