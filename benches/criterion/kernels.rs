//! Criterion benches of the CPU's own operations, forward and backward, each beside the same composed of Burn's.

use burn::tensor::{Device, Tensor, TensorData};
use cama_kernels::conv::{self, Geometry, Layer, Order};
use cama_kernels::likelihood::{self, Given};
use cama_kernels::warp;
use criterion::{Criterion, criterion_group, criterion_main};

/// Images of a batch.
const BATCH: usize = 64;

fn leaf<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    let n: usize = shape.iter().product();
    let values: Vec<f32> = (0..n).map(|i| 0.2 + 0.6 * ((i * 7919) % 1000) as f32 / 1000.0).collect();
    Tensor::from_data(TensorData::new(values, shape), &Device::flex()).autodiff().require_grad()
}

/// The layers that most of the presets' time goes to.
fn layers() -> Vec<(&'static str, Layer)> {
    let order = Order::Pixels;
    let conv = |channels: [usize; 2], side: usize, stride: usize| {
        let small = side.div_ceil(stride);
        Layer {
            geometry: Geometry {
                large: [channels[0], side, side],
                small: [channels[1], small, small],
                kernel: 5,
                stride,
                padding: 2,
            },
            transposed: false,
            slope: 0.2,
            pooling: stride == 1,
            input: order,
            output: order,
        }
    };
    let up = |channels: [usize; 2], side: usize| Layer {
        geometry: Geometry {
            large: [channels[1], 2 * side, 2 * side],
            small: [channels[0], side, side],
            kernel: 3,
            stride: 2,
            padding: 1,
        },
        transposed: true,
        slope: 0.2,
        pooling: false,
        input: order,
        output: order,
    };
    vec![
        ("conv-5x5-1-64-pooled", conv([1, 64], 28, 1)),
        ("conv-5x5-64-64-pooled", conv([64, 64], 14, 1)),
        ("conv-5x5-32-32-stride-2", conv([32, 32], 14, 2)),
        ("conv-transpose-64-64", up([64, 64], 7)),
        ("conv-transpose-32-32", up([32, 32], 7)),
        ("conv-transpose-32-1", up([32, 1], 14)),
    ]
}

fn convolutions(c: &mut Criterion) {
    for (name, layer) in layers() {
        let Geometry { large, small, kernel, .. } = layer.geometry;
        let x = leaf([BATCH, layer.from().iter().product()]);
        let (weight, bias) = (leaf([small[0], large[0], kernel, kernel]), leaf([layer.to()[0]]));
        let mut group = c.benchmark_group(format!("kernels/{name}"));
        for (who, run) in [("ours", conv::convolve as fn(_, _, _, &_) -> _), ("burn", conv::composed)] {
            let one = || run(x.clone(), weight.clone(), bias.clone(), &layer).sum().backward();
            group.bench_function(who, |b| b.iter(one));
        }
    }
}

fn pixels(c: &mut Criterion) {
    let (parameters, x) = (leaf([BATCH, 10, 784]), leaf([BATCH, 784]).without_autodiff());
    let doubts =
        [("logits", Given::Logits, 0.0), ("means", Given::Means, 0.0), ("in-doubt", Given::Logits, 0.5)];
    for (name, given, doubt) in doubts {
        let mut group = c.benchmark_group(format!("kernels/bernoulli-{name}"));
        for (who, run) in
            [("ours", likelihood::bernoulli_in_doubt as fn(_, _, _, _) -> _), ("burn", likelihood::composed)]
        {
            group.bench_function(who, |b| {
                b.iter(|| run(parameters.clone(), x.clone(), given, doubt).sum().backward())
            });
        }
    }
    let places = leaf([BATCH, 784]);
    let mut group = c.benchmark_group("kernels/warp");
    for (who, run) in [("ours", warp::warp as fn(_, _, _, _) -> _), ("burn", warp::composed)] {
        let one = || run(parameters.clone(), [1, 28, 28], places.clone(), places.clone()).sum().backward();
        group.bench_function(who, |b| b.iter(one));
    }
}

criterion_group! { name = benches; config = Criterion::default().sample_size(20); targets = convolutions, pixels }
criterion_main!(benches);
