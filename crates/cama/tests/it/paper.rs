//! The preset `paper` against a plain reading of the paper's networks: loops over numbers, in double precision.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Int, Tensor, TensorData};
use cama::data::{ChildColumn, ChildKind, TableShape};
use cama::mechanism::{LatentConfig, MechanismConfig, ZWeights};
use cama::objective::elbo;
use cama::{Config, DeepCama, M, ModelConfig, Observed, device};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Sets every weight to a fixed pattern, of about the size that keeps features at the size of their inputs.
struct Pattern {
    phase: usize,
}

impl ModuleMapper for Pattern {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let phase = self.phase;
        self.phase += 1;
        param.map(|w| {
            let shape: [usize; D] = w.dims();
            let n: usize = shape.iter().product();
            let fan_in = match shape[..] {
                [d_in, _] => d_in,
                [_, d_in, k, l] => d_in * k * l,
                _ => 100,
            };
            let size = 2.0 / (fan_in as f64).sqrt();
            let value = |i: usize| (size * ((i * (i % 91 + 7) + 13 * phase) as f64 * 0.7 + 0.3).sin()) as f32;
            Tensor::from_data(TensorData::new((0..n).map(value).collect::<Vec<_>>(), shape), &w.device())
        })
    }
}

/// Every tensor by its place in the model: its shape and its values.
#[derive(Default)]
struct Weights {
    path: Vec<String>,
    all: BTreeMap<String, (Vec<usize>, Vec<f64>)>,
}

impl ModuleVisitor for Weights {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let values = param.val().into_data().iter::<f32>().map(f64::from).collect();
        self.all.insert(self.path.join("."), (param.val().dims().to_vec(), values));
    }

    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }
}

impl Weights {
    fn of(model: &DeepCama) -> Self {
        let mut weights = Self::default();
        model.visit(&mut weights);
        weights
    }

    fn get(&self, name: &str) -> (&[usize], &[f64]) {
        let (shape, values) =
            self.all.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.all.keys()));
        (shape, values)
    }

    /// W x + b of a linear layer; its weights are `[d_in, d_out]`.
    fn linear(&self, name: &str, x: &[f64]) -> Vec<f64> {
        self.concatenated(&[(name, x)], name)
    }

    /// One linear layer on several inputs side by side, whose weights are kept apart: those of each input under its name,
    /// the bias under `bias`.
    fn concatenated(&self, inputs: &[(&str, &[f64])], bias: &str) -> Vec<f64> {
        let (_, b) = self.get(&format!("{bias}.bias"));
        let mut y = b.to_vec();
        for (name, x) in inputs {
            let (shape, w) = self.get(&format!("{name}.weight"));
            assert_eq!(shape, [x.len(), y.len()], "{name}");
            for (i, x) in x.iter().enumerate() {
                y.iter_mut().zip(&w[i * shape[1]..]).for_each(|(y, w)| *y += x * w);
            }
        }
        y
    }

    /// A fully connected network whose every layer has a ReLU.
    fn mlp(&self, name: &str, depth: usize, x: &[f64]) -> Vec<f64> {
        (0..depth).fold(x.to_vec(), |x, i| relu(self.linear(&format!("{name}.layers.{i}"), &x)))
    }

    /// A k×k convolution that keeps the sides of an image, `[channels][side][side]`.
    fn convolution(&self, name: &str, x: &[f64], side: usize) -> Vec<f64> {
        let (shape, w) = self.get(&format!("{name}.weight"));
        let (_, b) = self.get(&format!("{name}.bias"));
        let [to, from, k] = [shape[0], shape[1], shape[2]];
        let mut y: Vec<f64> = (0..to * side * side).map(|i| b[i / (side * side)]).collect();
        for (o, c, row, col) in each([to, from, side, side]) {
            let mut sum = 0.0;
            for (i, j) in (0..k).flat_map(|i| (0..k).map(move |j| (i, j))) {
                let (r, s) = ((row + i).wrapping_sub(k / 2), (col + j).wrapping_sub(k / 2));
                if r < side && s < side {
                    sum += w[((o * from + c) * k + i) * k + j] * x[(c * side + r) * side + s];
                }
            }
            y[(o * side + row) * side + col] += sum;
        }
        y
    }

    /// A 3×3 transposed convolution of stride 2 and padding 1, to an image of side `large`.
    fn transposed(&self, name: &str, x: &[f64], side: usize, large: usize) -> Vec<f64> {
        let (shape, w) = self.get(&format!("{name}.weight"));
        let (_, b) = self.get(&format!("{name}.bias"));
        let [from, to] = [shape[0], shape[1]];
        let mut y: Vec<f64> = (0..to * large * large).map(|i| b[i / (large * large)]).collect();
        for (c, o, row, col) in each([from, to, side, side]) {
            for (i, j) in (0..3).flat_map(|i| (0..3).map(move |j| (i, j))) {
                let (r, s) = ((2 * row + i).wrapping_sub(1), (2 * col + j).wrapping_sub(1));
                if r < large && s < large {
                    y[(o * large + r) * large + s] +=
                        w[((c * to + o) * 3 + i) * 3 + j] * x[(c * side + row) * side + col];
                }
            }
        }
        y
    }

    /// 3×{convolution, ReLU, maximum over 2×2}, 28 → 14 → 7 → 4, then a layer with a ReLU.
    fn encoder(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let mut x = x.to_vec();
        for (i, side) in [28, 14, 7].into_iter().enumerate() {
            x = pooled(&relu(self.convolution(&format!("{name}.convs.{i}"), &x, side)), side);
        }
        relu(self.linear(&format!("{name}.out"), &x))
    }
}

fn each([a, b, c, d]: [usize; 4]) -> impl Iterator<Item = (usize, usize, usize, usize)> {
    (0..a * b * c * d).map(move |i| (i / (b * c * d), i / (c * d) % b, i / d % c, i % d))
}

fn relu(x: Vec<f64>) -> Vec<f64> {
    x.into_iter().map(|x| x.max(0.0)).collect()
}

/// The maximum over 2×2; an odd side is padded by one at either end.
fn pooled(x: &[f64], side: usize) -> Vec<f64> {
    let pad = side % 2;
    let half = (side + 2 * pad) / 2;
    let at = |c: usize, row: usize, col: usize| match (row.wrapping_sub(pad), col.wrapping_sub(pad)) {
        (r, s) if r < side && s < side => x[(c * side + r) * side + s],
        _ => f64::NEG_INFINITY,
    };
    let most = |(c, row, col, _)| {
        [(0, 0), (0, 1), (1, 0), (1, 1)]
            .iter()
            .map(|(i, j)| at(c, 2 * row + i, 2 * col + j))
            .fold(f64::NEG_INFINITY, f64::max)
    };
    each([x.len() / (side * side), half, half, 1]).map(most).collect()
}

fn one_hot(class: usize, classes: usize) -> Vec<f64> {
    (0..classes).map(|i| f64::from(u8::from(i == class))).collect()
}

/// log p(z) − log q1(z|·) of z = mean + sd·noise, and z.
fn sampled(mean: &[f64], log_var: &[f64], noise: &[f64]) -> (f64, Vec<f64>) {
    let z: Vec<f64> = (0..mean.len()).map(|i| mean[i] + (log_var[i] / 2.0).exp() * noise[i]).collect();
    let log_ratio = (0..z.len()).map(|i| 0.5 * (noise[i].powi(2) - z[i].powi(2) + log_var[i])).sum();
    (log_ratio, z)
}

/// What the plain reading says of one example under one class.
struct Plain {
    log_px: f64,
    log_ratio_z: f64,
    /// Mean and log-variance of q2(m|x).
    q2: [Vec<f64>; 2],
}

/// The paper's MNIST networks (Figure 4).
fn image(w: &Weights, x: &[f64], class: usize, m: &[f64], noise: &[f64]) -> Plain {
    let y = one_hot(class, 10);
    let features = w.encoder("q1.trunk.Image", x);
    let parts = [("q1.features", &features[..]), ("q1.class", &y), ("q1.m", m)];
    let h = relu(w.concatenated(&parts, "q1.features"));
    let (log_ratio_z, z) = sampled(&w.linear("q1.head.mean", &h), &w.linear("q1.head.log_var", &h), noise);
    let h_y = w.mlp("p.nn_y", 2, &y);
    let h_z = w.mlp("p.nn_z", 2, &z);
    let h_m = w.mlp("m.mechanisms.0.Latent.nn_m", 4, m);
    let parts = [("p.merge_y", &h_y[..]), ("p.merge_z", &h_z), ("p.merge_m", &h_m)];
    let mut h = relu(w.concatenated(&parts, "p.merge_z"));
    for (i, (side, large)) in [(4, 7), (7, 14), (14, 28)].into_iter().enumerate() {
        h = w.transposed(&format!("p.output.Image.ups.{i}"), &h, side, large);
        h = if i < 2 { relu(h) } else { h };
    }
    let softplus = |l: f64| l.max(0.0) + (-l.abs()).exp().ln_1p();
    let log_px = x.iter().zip(&h).map(|(x, l)| x * l - softplus(*l)).sum();
    let h = w.encoder("m.q2.trunk.Image", x);
    let q2 = ["mean", "log_var"].map(|part| w.linear(&format!("m.q2.heads.0.{part}"), &h));
    Plain { log_px, log_ratio_z, q2 }
}

/// A row: X, A, C.
type Row = [Vec<f64>; 3];

/// Eqs. 9 and 10 for a table of numbers.
fn row(w: &Weights, [x, a, c]: &Row, class: usize, m: &[f64], noise: &[f64]) -> Plain {
    let y = one_hot(class, 3);
    let features = w.mlp("q1.trunk.Table", 2, &[&x[..], a, c].concat());
    let parts = [("q1.features", &features[..]), ("q1.class", &y), ("q1.m", m)];
    let h = relu(w.concatenated(&parts, "q1.features"));
    let (log_ratio_z, z) = sampled(&w.linear("q1.head.mean", &h), &w.linear("q1.head.log_var", &h), noise);
    let (h_y, h_z, h_c) = (w.mlp("p.nn_y", 2, &y), w.mlp("p.nn_z", 2, &z), w.mlp("p.c.nn_c", 2, c));
    let h_m = w.mlp("m.mechanisms.0.Latent.nn_m", 4, m);
    let parts = [("p.merge_y", &h_y[..]), ("p.merge_z", &h_z), ("p.merge_m", &h_m), ("p.c.merge_c", &h_c)];
    let means = w.linear("p.output.Table", &relu(w.concatenated(&parts, "p.merge_z")));
    let (_, log_sigma) = w.get("p.log_sigma");
    let log_px = (0..x.len())
        .map(|i| {
            let standard = (x[i] - means[i]) / log_sigma[i].exp();
            -0.5 * standard.powi(2) - log_sigma[i] - 0.5 * (2.0 * std::f64::consts::PI).ln()
        })
        .sum();
    // q2 sees X alone.
    let h = w.mlp("m.q2.trunk.Table", 2, x);
    let q2 = ["mean", "log_var"].map(|part| w.linear(&format!("m.q2.heads.0.{part}"), &h));
    Plain { log_px, log_ratio_z, q2 }
}

fn patterned(config: ModelConfig) -> DeepCama {
    DeepCama::new(&config.check().unwrap(), 1, &device("cpu").unwrap()).map(&mut Pattern { phase: 1 })
}

fn table() -> ModelConfig {
    let column = |i| ChildColumn { name: format!("X{i}"), kind: ChildKind::Number };
    let shape = TableShape { children: (0..4).map(column).collect(), parents: 2, co_parents: 3 };
    ModelConfig::paper(shape, 3)
}

fn tensor(values: &[f64], shape: [usize; 2]) -> Tensor<2> {
    let values: Vec<f32> = values.iter().map(|v| *v as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), &device("cpu").unwrap())
}

fn host<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    x.into_data().iter::<f32>().map(f64::from).collect()
}

fn wave(n: usize, step: f64, size: f64, centre: f64) -> Vec<f64> {
    // As single precision has it.
    (0..n).map(|i| f64::from((centre + size * (i as f64 * step + 0.2).sin()) as f32)).collect()
}

fn close(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let size = expected.iter().map(|e| e.abs()).fold(1.0, f64::max);
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f - e).abs() < 1e-3 * size, "{what} {i}: {f}, plainly {e}");
    }
}

/// Compares a model with the plain reading, of one example under every class, with m and with do(m = 0).
fn compare(model: &DeepCama, seen: &Observed, plain: impl Fn(&Weights, usize, &[f64], &[f64]) -> Plain) {
    let weights = Weights::of(model);
    let config = model.config();
    let dim = model.mechanisms().unwrap().dim();
    let noise = wave(config.z, 1.1, 1.2, 0.0);
    let of_model = |m: Option<&Tensor<2>>| {
        let noise = tensor(&noise, [1, config.z]).unsqueeze_dim(1);
        let joint = model.joint(seen, None, m, noise);
        [host(joint.log_px), host(joint.log_ratio_z)]
    };
    let given = wave(dim, 0.9, 1.0, 0.1);
    let given_m = tensor(&given, [1, dim]);
    for (m, row) in [(Some(&given_m), given), (None, vec![0.0; dim])] {
        let [log_px, log_ratio_z] = of_model(m);
        let plain: Vec<Plain> = (0..config.classes).map(|y| plain(&weights, y, &row, &noise)).collect();
        close(&log_px, &plain.iter().map(|p| p.log_px).collect::<Vec<_>>(), "log p(x|y,z,m)");
        let expected = plain.iter().map(|p| p.log_ratio_z).collect::<Vec<_>>();
        close(&log_ratio_z, &expected, "log p(z) − log q1(z|x,y,m)");
        let q2 = model.mechanisms().unwrap().posterior(seen);
        close(&host(q2.mean), &plain[0].q2[0], "mean of q2(m|x)");
        close(&host(q2.log_var), &plain[0].q2[1], "log-variance of q2(m|x)");
    }
    let [with, without] = [of_model(Some(&given_m)), of_model(None)];
    assert!((with[0][0] - without[0][0]).abs() > 0.1, "m changes what is made: {with:?} {without:?}");
    assert!((with[1][0] - without[1][0]).abs() > 1e-2, "m changes the inference of z: {with:?} {without:?}");
}

#[test]
fn images_are_explained_as_a_plain_reading_has_it() {
    let model = patterned(ModelConfig::paper([1, 28, 28], 10));
    let x = wave(784, 0.37, 0.5, 0.5);
    let seen = Observed::of_x(tensor(&x, [1, 784]));
    compare(&model, &seen, |w, y, m, noise| image(w, &x, y, m, noise));
}

#[test]
fn rows_are_explained_as_a_plain_reading_has_it() {
    let model = patterned(table());
    let parts: Row = [wave(4, 0.9, 1.0, 0.0), wave(2, 1.3, 1.0, 0.2), wave(3, 0.4, 1.5, -0.3)];
    let part = |i: usize| tensor(&parts[i], [1, parts[i].len()]);
    let seen = Observed { a: Some(part(1)), c: Some(part(2)), ..Observed::of_x(part(0)) };
    compare(&model, &seen, |w, y, m, noise| row(w, &parts, y, m, noise));
}

#[test]
fn the_paper_has_as_many_parameters_as_its_layers() {
    let dense = |sizes: &[usize]| sizes.windows(2).map(|d| d[0] * d[1] + d[1]).sum::<usize>();
    let conv = |from: usize, to: usize, k: usize| from * to * k * k + to;
    let encoder = |k| conv(1, 64, k) + 2 * conv(64, 64, k);
    let p = dense(&[10, 500, 500])
        + dense(&[64, 500, 500])
        + dense(&[32, 500, 500, 500, 500])
        + dense(&[1500, 4 * 4 * 64])
        + 2 * conv(64, 64, 3)
        + conv(64, 1, 3);
    let q1 = encoder(5) + dense(&[1024, 500]) + dense(&[542, 500, 2 * 64]);
    let q2 = encoder(3) + dense(&[1024, 500, 2 * 32]);
    let model =
        DeepCama::new(&ModelConfig::paper([1, 28, 28], 10).check().unwrap(), 1, &device("cpu").unwrap());
    assert_eq!(model.num_params(), p + q1 + q2);

    let p = dense(&[3, 100, 100])
        + dense(&[8, 100, 100])
        + dense(&[3, 100, 100])
        + dense(&[32, 100, 100, 100, 100])
        + dense(&[400, 100, 4])
        // Of each column its standard deviation; p(y|a).
        + 4
        + dense(&[2, 100, 100, 3]);
    let q1 = dense(&[4 + 2 + 3, 100, 100]) + dense(&[100 + 3 + 32, 100, 2 * 8]);
    let q2 = dense(&[4, 100, 100, 2 * 32]);
    let model = DeepCama::new(&table().check().unwrap(), 1, &device("cpu").unwrap());
    assert_eq!(model.num_params(), p + q1 + q2);
}

/// Norms of the gradients of ELBO(x, y) with this m, by the place of the tensor in the model.
fn gradients(model: &DeepCama, m: M) -> BTreeMap<String, f64> {
    struct Norms<'a>(&'a GradientsParams, Vec<String>, BTreeMap<String, f64>);
    impl ModuleVisitor for Norms<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let gradient = self.0.get::<D>(param.id);
            let norm = gradient.map_or(0.0, |g| f64::from(g.square().sum().sqrt().into_scalar::<f32>()));
            self.2.insert(self.1.join("."), norm);
        }
        fn enter_module(&mut self, name: &str, _container: &str) {
            self.1.push(name.into());
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.1.pop();
        }
    }
    let trained = model.clone().train();
    let device = trained.device();
    let x = Tensor::from_data(tensor(&wave(2 * 784, 0.37, 0.5, 0.5), [2, 784]).into_data(), &device);
    let y: Tensor<1, Int> = Tensor::from_data([3i64, 7], &device);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let bound = elbo(&trained, &Observed::of_x(x), y, m, 1, &mut rng).weighted(1.0, 1.0).mean();
    let gradients = GradientsParams::from_grads(bound.backward(), &trained);
    let mut norms = Norms(&gradients, Vec::new(), BTreeMap::new());
    trained.visit(&mut norms);
    norms.2
}

const NN_M: &str = "m.mechanisms.0.Latent.nn_m.layers.3.bias";

#[test]
fn clean_training_feeds_nn_m_of_zero_and_the_weights_of_q1_on_m_learn_where_m_is_inferred() {
    let paper =
        DeepCama::new(&ModelConfig::paper([1, 28, 28], 10).check().unwrap(), 1, &device("cpu").unwrap());
    let clean = gradients(&paper, M::Null);
    assert!(clean["p.merge_m.weight"] > 0.0 && clean[NN_M] > 0.0, "{clean:?}");
    assert_eq!(clean["q1.m.weight"], 0.0);
    let inferred = gradients(&paper, M::Sample);
    assert!(inferred["q1.m.weight"] > 0.0 && inferred["m.q2.heads.0.mean.weight"] > 0.0, "{inferred:?}");

    // Centred, NN_M(0) is no part of the clean model.
    let latent = MechanismConfig::parse_list("latent").unwrap();
    let fast = ModelConfig { mechanisms: latent, ..ModelConfig::fast([1, 28, 28], 10) };
    let fast = DeepCama::new(&fast.check().unwrap(), 1, &device("cpu").unwrap());
    let clean = gradients(&fast, M::Null);
    assert_eq!((clean["p.merge_m.weight"], clean[NN_M]), (0.0, 0.0));
    assert!(clean["p.merge_z.weight"] > 0.0);
}

#[test]
fn q1_reads_m_from_the_start_only_where_its_weights_are_random() {
    let seen = Observed::of_x(tensor(&wave(784, 0.37, 0.5, 0.5), [1, 784]));
    let differs = |z_weights| {
        let latent = LatentConfig { z_weights, ..LatentConfig::default() };
        let mechanisms = vec![MechanismConfig::Latent(latent)];
        let config = ModelConfig { mechanisms, ..ModelConfig::fast([1, 28, 28], 10) };
        let model = DeepCama::new(&config.check().unwrap(), 1, &device("cpu").unwrap());
        let at = |value: f64| host(model.style(&seen, None, Some(&tensor(&[value; 32], [1, 32]))).mean);
        at(0.0) != at(1.0)
    };
    assert!(!differs(ZWeights::Zero) && differs(ZWeights::Random));
}

#[test]
fn what_do_m_zero_means_cannot_be_changed_by_attaching() {
    let model = |config: ModelConfig| DeepCama::new(&config.check().unwrap(), 1, &device("cpu").unwrap());
    let paper = || model(ModelConfig::paper([1, 28, 28], 10));
    let list = |names| MechanismConfig::parse_list(names).unwrap();
    let text = paper().attach(&list("affine"), 1).unwrap_err().to_string();
    assert!(text.contains("`latent` as it was trained"), "{text}");
    let both = [paper().config().mechanisms.clone(), list("affine")].concat();
    assert_eq!(paper().attach(&both, 1).unwrap().config().mechanisms, both);
    let fast = model(ModelConfig::fast([1, 28, 28], 10));
    let uncentred = vec![MechanismConfig::Latent(LatentConfig::paper())];
    let text = fast.clone().attach(&uncentred, 1).unwrap_err().to_string();
    assert!(text.contains("latent.centred"), "{text}");
    assert!(fast.attach(&list("latent"), 1).is_ok());
}

#[test]
fn a_shared_m_is_the_same_for_every_example_and_learns() {
    let latent = MechanismConfig::Latent(LatentConfig { shared: true, dim: 3, ..LatentConfig::default() });
    let config = ModelConfig { mechanisms: vec![latent], ..ModelConfig::fast([1, 28, 28], 10) };
    let model = DeepCama::new(&config.check().unwrap(), 1, &device("cpu").unwrap());
    let q2 = model
        .mechanisms()
        .unwrap()
        .posterior(&Observed::of_x(tensor(&wave(2 * 784, 0.37, 0.5, 0.5), [2, 784])));
    let rows = host(q2.mean);
    assert_eq!(rows[..3], rows[3..]);
    let gradients = gradients(&model, M::Sample);
    assert!(gradients["m.q2.heads.0.mean.bias"] > 0.0, "{gradients:?}");
    assert_eq!((gradients["m.q2.heads.0.mean.weight"], gradients["m.q2.trunk.Image.out.weight"]), (0.0, 0.0));
}
