//! Eq. 11 against exact posteriors, and adaptation of single columns, on rows made by known mechanisms.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use cama::data::Dataset;
use cama::mechanism::MechanismConfig;
use cama::{
    AdaptConfig, Config, Decider, DeepCama, DreamConfig, Initialisation, M, ModelConfig, Observed, Outcome,
    PredictConfig, Prediction, Previous, TrainConfig, Unlabelled, adapt, device, dream, silent,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::common::{Numbers, train_on};

const CLASSES: usize = 3;
const COLUMNS: usize = 4;
const PARENTS: usize = 2;
const CO_PARENTS: usize = 2;
const STYLES: usize = 2;

/// x = W_y + V c + U z + σ ε, p(y|a) = softmax(L a + l): all that is needed for the exact p(y|a,x,c).
struct LinearGaussian {
    w: Vec<Vec<f64>>,
    v: Vec<Vec<f64>>,
    u: Vec<Vec<f64>>,
    l: Vec<Vec<f64>>,
    /// Logits of the classes at a = 0.
    l0: Vec<f64>,
    sigma: f64,
}

impl LinearGaussian {
    fn new(rng: &mut ChaCha8Rng) -> Self {
        let mut matrix = |rows: usize, columns: usize, scale: f64| -> Vec<Vec<f64>> {
            let mut cell = || scale * Distribution::<f64>::sample(&StandardNormal, rng);
            (0..rows).map(|_| (0..columns).map(|_| cell()).collect()).collect()
        };
        Self {
            w: matrix(CLASSES, COLUMNS, 0.6),
            v: matrix(COLUMNS, CO_PARENTS, 0.8),
            u: matrix(COLUMNS, STYLES, 0.5),
            l: matrix(CLASSES, PARENTS, 1.0),
            l0: vec![0.0; CLASSES],
            sigma: 0.5,
        }
    }

    fn log_prior(&self, a: &[f64]) -> Vec<f64> {
        let logits: Vec<f64> = self.l.iter().zip(&self.l0).map(|(row, l0)| dot(row, a) + l0).collect();
        let norm = logsumexp(&logits);
        logits.iter().map(|l| l - norm).collect()
    }

    /// Rows in which every co-parent is moved by `shift`, all else drawn alike from `seed`.
    fn draw(&self, n: usize, shift: f64, seed: u64) -> Numbers {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut data =
            Numbers { classes: (0..CLASSES).map(|c| c.to_string()).collect(), ..Numbers::default() };
        let mut labels = Vec::new();
        for _ in 0..n {
            let mut normals =
                |n: usize| -> Vec<f64> { StandardNormal.sample_iter(&mut rng).take(n).collect() };
            let (a, mut c, z, noise) =
                (normals(PARENTS), normals(CO_PARENTS), normals(STYLES), normals(COLUMNS));
            c.iter_mut().for_each(|c| *c += shift);
            let mut left: f64 = rng.random();
            let y = self.log_prior(&a).iter().position(|p| {
                left -= p.exp();
                left < 0.0
            });
            let y = y.unwrap_or(CLASSES - 1);
            let x = (0..COLUMNS)
                .map(|j| self.w[y][j] + dot(&self.v[j], &c) + dot(&self.u[j], &z) + self.sigma * noise[j]);
            data.x.push(x.map(|x| x as f32).collect());
            data.a.push(single(&a));
            data.c.push(single(&c));
            labels.push(y);
        }
        data.labels = Some(labels);
        data
    }

    /// p(y|a,x,c), with x|y,c normal with mean W_y + V c and covariance U Uᵀ + σ² I.
    fn exact(&self, x: &[f32], a: &[f32], c: &[f32]) -> Vec<f64> {
        let [x, a, c] = [x, a, c].map(|values| values.iter().map(|&v| f64::from(v)).collect::<Vec<_>>());
        let covariance: Vec<Vec<f64>> = (0..COLUMNS)
            .map(|i| {
                (0..COLUMNS)
                    .map(|j| dot(&self.u[i], &self.u[j]) + if i == j { self.sigma.powi(2) } else { 0.0 })
                    .collect()
            })
            .collect();
        let prior = self.log_prior(&a);
        let scores: Vec<f64> = (0..CLASSES)
            .map(|y| {
                let residual: Vec<f64> =
                    (0..COLUMNS).map(|j| x[j] - self.w[y][j] - dot(&self.v[j], &c)).collect();
                prior[y] - 0.5 * dot(&residual, &solve(covariance.clone(), residual.clone()))
            })
            .collect();
        let norm = logsumexp(&scores);
        scores.iter().map(|s| (s - norm).exp()).collect()
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&v| v as f32).collect()
}

fn logsumexp(values: &[f64]) -> f64 {
    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    max + values.iter().map(|v| (v - max).exp()).sum::<f64>().ln()
}

/// Gaussian elimination for a positive definite matrix.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let n = right.len();
    for i in 0..n {
        for row in i + 1..n {
            let factor = matrix[row][i] / matrix[i][i];
            let pivot = matrix[i].clone();
            matrix[row].iter_mut().zip(&pivot).for_each(|(cell, pivot)| *cell -= factor * pivot);
            right[row] -= factor * right[i];
        }
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| matrix[i][j] * right[j]).sum();
        right[i] = (right[i] - known) / matrix[i][i];
    }
    right
}

fn linear_model(data: &Numbers, initialisation: Initialisation) -> DeepCama {
    let mut config = ModelConfig {
        z: STYLES,
        mechanisms: MechanismConfig::parse_list("none").unwrap(),
        ..data.model_config()
    };
    config.network.hidden = 16;
    config.network.cause_layers = 1;
    config.network.negative_slope = 1.0;
    config.network.initialisation = initialisation;
    DeepCama::new(&config.check().unwrap(), 3, &device("cpu").unwrap())
}

/// A model of these rows with so wide networks and the mechanisms of tables.
fn model(data: &Numbers, hidden: usize) -> DeepCama {
    let mut config = ModelConfig { z: STYLES, ..data.model_config() };
    config.network.hidden = hidden;
    DeepCama::new(&config.check().unwrap(), 3, &device("cpu").unwrap())
}

fn predict(model: &DeepCama, data: &Numbers, config: &PredictConfig) -> Vec<Prediction> {
    cama::predict(model, data, &config.check().unwrap()).unwrap()
}

fn posteriors(model: &DeepCama, data: &Numbers, samples: usize) -> Vec<Vec<f64>> {
    let config = PredictConfig { samples, ..PredictConfig::default() };
    predict(model, data, &config).into_iter().map(|p| p.probabilities).collect()
}

fn mean_distance(p: &[Vec<f64>], q: &[Vec<f64>]) -> f64 {
    let distance =
        |(p, q): (&Vec<f64>, &Vec<f64>)| 0.5 * p.iter().zip(q).map(|(p, q)| (p - q).abs()).sum::<f64>();
    p.iter().zip(q).map(distance).sum::<f64>() / p.len() as f64
}

fn accuracy(p: &[Vec<f64>], labels: &[usize]) -> f64 {
    let right = |(p, y): (&Vec<f64>, &usize)| p.iter().all(|other| *other <= p[*y]);
    p.iter().zip(labels).filter(|pair| right(*pair)).count() as f64 / p.len() as f64
}

/// Takes away the slopes that each class has of its own: C then moves X alike, whatever the class, and what X says of Y
/// does not depend on C.
struct OneSlope;

impl ModuleMapper for OneSlope {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match param.dims()[..] == [CO_PARENTS, CLASSES * COLUMNS] {
            true => param.map(|weights| weights.zeros_like()),
            false => param,
        }
    }
}

/// The structural model that an untrained, linear model itself is, less p(y|a), which is read off its evidence.
fn read_off(model: &DeepCama) -> LinearGaussian {
    let device = device("cpu").unwrap();
    let tensor =
        |values: Vec<f32>, shape: [usize; 2]| Tensor::<2>::from_data(TensorData::new(values, shape), &device);
    let means = |c: [f32; CO_PARENTS], z: [f32; STYLES]| -> Vec<Vec<f64>> {
        let z = Tensor::<1>::from_floats(z.as_slice(), &device).reshape([1, 1, 1, STYLES]);
        let z = z.repeat_dim(1, CLASSES);
        let observed = model.observe(None, Some(tensor(c.to_vec(), [1, CO_PARENTS])), z, None);
        let means: Vec<f64> =
            observed.means(&model.config().data).into_data().iter::<f32>().map(f64::from).collect();
        means.chunks(COLUMNS).map(<[f64]>::to_vec).collect()
    };
    let w = means([0.0; CO_PARENTS], [0.0; STYLES]);
    let columns = |moved: [Vec<Vec<f64>>; 2]| -> Vec<Vec<f64>> {
        (0..COLUMNS).map(|j| moved.iter().map(|m| m[0][j] - w[0][j]).collect()).collect()
    };
    let v = columns([means([1.0, 0.0], [0.0; 2]), means([0.0, 1.0], [0.0; 2])]);
    let u = columns([means([0.0; 2], [1.0, 0.0]), means([0.0; 2], [0.0, 1.0])]);
    let log_py = |a: [f32; PARENTS]| -> Vec<f64> {
        let observed = Observed {
            a: Some(tensor(a.to_vec(), [1, PARENTS])),
            c: Some(tensor(vec![0.0; CO_PARENTS], [1, CO_PARENTS])),
            ..Observed::of_x(tensor(vec![0.0; COLUMNS], [1, COLUMNS]))
        };
        let noise = Tensor::zeros([1, 1, STYLES], &device);
        model.joint(&observed, None, None, noise).log_py.into_data().iter::<f32>().map(f64::from).collect()
    };
    let base = log_py([0.0; 2]);
    let moved = [log_py([1.0, 0.0]), log_py([0.0, 1.0])];
    let l = (0..CLASSES).map(|y| moved.iter().map(|m| m[y] - base[y]).collect()).collect();
    LinearGaussian { w, v, u, l, l0: base, sigma: 1.0 }
}

#[test]
fn an_exact_model_gives_the_exact_posterior_whatever_is_done_to_the_co_parents() {
    let shape = LinearGaussian::new(&mut ChaCha8Rng::seed_from_u64(1)).draw(1, 0.0, 1);
    let model = linear_model(&shape, Initialisation::Uniform).map(&mut OneSlope);
    let truth = read_off(&model);
    let exact = |data: &Numbers| -> Vec<Vec<f64>> {
        (0..data.len()).map(|i| truth.exact(data.x(i), data.a(i), data.c(i))).collect()
    };
    let (clean, moved) = (truth.draw(40, 0.0, 2), truth.draw(40, 4.0, 2));
    // The truth of a co-parent shift first: X moves, what it says of Y does not.
    assert!(clean.x != moved.x && mean_distance(&exact(&clean), &exact(&moved)) < 1e-5);
    let (p, q) = (posteriors(&model, &clean, 20_000), posteriors(&model, &moved, 20_000));
    assert!(mean_distance(&p, &exact(&clean)) < 0.01, "{}", mean_distance(&p, &exact(&clean)));
    assert!(mean_distance(&p, &q) < 0.015, "{}", mean_distance(&p, &q));
}

#[test]
fn a_trained_model_agrees_with_the_exact_posterior_and_survives_co_parent_shifts() {
    let truth = LinearGaussian::new(&mut ChaCha8Rng::seed_from_u64(5));
    let data = truth.draw(8000, 0.0, 1);
    let model = linear_model(&data, Initialisation::He);
    let config = TrainConfig { epochs: 40, validation: 200, ..TrainConfig::table() };
    let model = train_on(model, &data, None, &config, 1).unwrap().model;
    let (clean, moved) = (truth.draw(500, 0.0, 2), truth.draw(500, 4.0, 2));
    let exact: Vec<Vec<f64>> =
        (0..clean.len()).map(|i| truth.exact(clean.x(i), clean.a(i), clean.c(i))).collect();
    let (p, q) = (posteriors(&model, &clean, 100), posteriors(&model, &moved, 100));
    let (off, changed) = (mean_distance(&p, &exact), mean_distance(&p, &q));
    assert!(off < 0.04, "{off}");
    assert!(changed < 0.06, "{changed}");
}

/// Whether rows are explained by a shift of one column, and the others left alone.
#[test]
fn a_shifted_column_is_found_and_undone_and_the_others_stay() {
    let mut truth = LinearGaussian { sigma: 0.3, ..LinearGaussian::new(&mut ChaCha8Rng::seed_from_u64(5)) };
    // Classes that lie well apart.
    truth.w.iter_mut().flatten().for_each(|w| *w *= 2.0);
    let data = truth.draw(4000, 0.0, 1);
    let model = model(&data, 32);
    let config = TrainConfig { epochs: 25, validation: 200, ..TrainConfig::table() };
    let clean_trained = train_on(model, &data, None, &config, 1).unwrap().model;
    let dreams = DreamConfig { steps: 300, ..DreamConfig::default() }.check().unwrap();
    let model = dream(clean_trained.clone(), &data, &dreams, 1, &mut silent).unwrap();
    let shifted = |seed| {
        let mut data = truth.draw(1000, 0.0, seed);
        data.x.iter_mut().for_each(|x| x[1] += 4.0);
        data
    };
    let previous =
        Previous { decider: Decider::bare(&clean_trained), m: M::Null, begins_stream: false, seed: 0 };
    let config = AdaptConfig::for_data(&data.data_shape()).check().unwrap();
    let unlabelled = shifted(2).without_labels();
    let unlabelled = Unlabelled::whole(&unlabelled);
    let adapted = adapt(&model, unlabelled, Some(&data), &config, previous, 1, &mut silent).unwrap();
    assert_eq!(adapted.report.outcome, Outcome::Adapted);
    let test = shifted(3);
    let labels = test.labels().unwrap();
    let before = accuracy(&posteriors(&clean_trained, &test, 20), labels);
    let best = accuracy(&posteriors(&clean_trained, &truth.draw(1000, 0.0, 3), 20), labels);
    let config = PredictConfig { samples: 20, m: M::Mean, ..PredictConfig::default() };
    let predicted = predict(&adapted.model, &test, &config);
    let after =
        predicted.iter().zip(labels).filter(|(p, y)| p.class == **y).count() as f64 / test.len() as f64;
    assert!(before < best - 0.1, "{before} {best}");
    // With four columns a row does not always tell whether it was shifted.
    assert!(after > best - 0.25 * (best - before), "{before} {after} {best}");
    let parameters = adapted.model.mechanisms().unwrap().parameters();
    let mean = |i: usize| predicted.iter().map(|p| parameters[i].value(p.m[i].into())).sum::<f64>() / 1000.0;
    for (i, parameter) in parameters.iter().enumerate().take(COLUMNS) {
        let (wanted, within) = if i == 1 { (4.0, 0.5) } else { (0.0, 0.1) };
        assert!((mean(i) - wanted).abs() < within, "{} is {}", parameter.name, mean(i));
    }
}

#[test]
fn a_cell_in_a_wrong_unit_costs_its_row_and_no_other() {
    let truth = LinearGaussian::new(&mut ChaCha8Rng::seed_from_u64(5));
    let data = truth.draw(300, 0.0, 1);
    let model = model(&data, 8);
    let config = TrainConfig { epochs: 1, validation: 50, ..TrainConfig::table() };
    let model = train_on(model, &data, None, &config, 1).unwrap().model;
    let mut wild = data.select(&[0, 1, 2]);
    wild.x[1][2] = 1e9;
    for m in [M::Null, M::Mean, M::Sample] {
        let config = PredictConfig { m, ..PredictConfig::default() };
        let predict = |data: &Numbers| predict(&model, data, &config);
        let (clean, wild) = (predict(&data.select(&[0, 1, 2])), predict(&wild));
        assert_eq!((&clean[0], &clean[2]), (&wild[0], &wild[2]));
        assert!(wild[1].log_px.is_finite() && wild[1].log_px < clean[1].log_px - 1e3, "{}", wild[1].log_px);
        assert!((wild[1].probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-6);
    }
}

#[test]
fn neglected_classes_save_samples_of_rows_too() {
    let mut truth = LinearGaussian::new(&mut ChaCha8Rng::seed_from_u64(5));
    // Classes that most rows leave no doubt about.
    truth.w.iter_mut().flatten().for_each(|w| *w *= 5.0);
    let (data, test) = (truth.draw(2000, 0.0, 1), truth.draw(300, 0.0, 2));
    let model = model(&data, 32);
    let config = TrainConfig { epochs: 8, validation: 50, ..TrainConfig::table() };
    let model = train_on(model, &data, None, &config, 1).unwrap().model;
    for m in [M::Null, M::Mean] {
        let with = |negligible| {
            let config = PredictConfig { samples: 40, m, negligible, ..PredictConfig::default() };
            predict(&model, &test, &config)
        };
        let (all, some) = (with(0.0), with(1e-3));
        assert!(all.iter().all(|p| p.samples == [40; CLASSES]));
        let samples: usize = some.iter().flat_map(|p| &p.samples).sum();
        assert!(samples < 300 * CLASSES * 40 * 9 / 10, "{samples}");
        for (all, some) in all.iter().zip(&some) {
            let off = all.probabilities.iter().zip(&some.probabilities).map(|(p, q)| (p - q).abs());
            assert!(off.fold(0.0, f64::max) < 1e-3 + 1e-5, "{all:?} {some:?}");
            assert!(all.class == some.class && (all.log_px - some.log_px).abs() < 1.1e-3);
        }
    }
}
