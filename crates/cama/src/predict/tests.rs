//! What neglecting classes saves, and what it costs.

use std::ops::Range;
use std::sync::OnceLock;

use burn::tensor::Tensor;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::race::Race;
use super::*;
use crate::batch::{self, host};
use crate::data::{Dataset, Images};
use crate::manipulation::Manipulation;
use crate::model::{DeepCama, M, MChoice, Observed};
use crate::noise::{drawn, example_rng};
use crate::{
    Cama, Classifier, Config, ConvolutionalConfig, DecideConfig, Decider, ModelConfig, Result, Rule, Split,
    TrainConfig, TrunkConfig, data, device, silent, train,
};

/// log p(x|y,z,m) + log p(z) − log q1 of examples, classes and samples, one after another.
fn weights<D: Dataset>(model: &DeepCama, data: &D, range: Range<usize>, m: MChoice, k: usize) -> Vec<f32> {
    let mut rngs: Vec<_> = range.clone().map(|i| example_rng(0, data, i)).collect();
    let observed = batch::observed(data, range, &model.device());
    let m = infer_m(model, &observed, (m, 0), &mut rngs).map(|inferred| inferred.m);
    let (n, z) = (rngs.len(), model.config().z);
    let noise = Tensor::<2>::from_data(drawn(k * z, &mut rngs), &model.device()).reshape([n, k, z]);
    let [log_px, log_ratio_z] = model.explain(&model.given(&observed, None, m.as_ref()), noise);
    host(log_px + log_ratio_z)
}

/// What is different when negligible classes are left behind.
#[derive(Default)]
struct Difference {
    examples: usize,
    /// Samples, as a share of all.
    decoded: f64,
    /// Most probable classes that are not the same.
    changed: usize,
    largest: f64,
    mean: f64,
    log_px: f64,
    /// Examples in which a probability moved by more than ε.
    beyond: usize,
    left_behind: usize,
    /// Classes whose remaining samples weighed more than was allowed for, and those of them that were not negligible.
    lucky: usize,
    missed: usize,
}

impl Difference {
    /// Predicts `data` with all samples of all classes, and with what `sampling` makes of the same weights.
    fn measure(model: &DeepCama, data: &Images, m: MChoice, config: &PredictConfig) -> Self {
        let (k, classes) = (config.samples, model.config().classes);
        let log_py = vec![-(classes as f32).ln(); classes];
        let mut all = Self { examples: data.len(), ..Self::default() };
        for i in 0..data.len() {
            let weights = weights(model, data, i..i + 1, m, k);
            all.add(&weights.chunks(k).collect::<Vec<_>>(), &log_py, config.sampling(model));
        }
        all.decoded /= (data.len() * classes * k) as f64;
        all.mean /= (data.len() * classes) as f64;
        all
    }

    fn add(&mut self, weights: &[&[f32]], log_py: &[f32], sampling: Sampling) {
        let (mut race, mut whole) = (Race::new(log_py, None), Race::new(log_py, None));
        let mut had = 0;
        for samples in sampling.rounds() {
            for class in race.running().collect::<Vec<_>>() {
                race.add(class, &weights[class][had..samples]);
            }
            had = samples;
            if had < sampling.samples {
                race.leave_behind(sampling.samples, sampling.negligible);
            }
        }
        (0..weights.len()).for_each(|class| whole.add(class, weights[class]));
        let ((scores, samples), (exact, _)) = (race.scores(), whole.scores());
        let ((log_px, p), (exact_log_px, exact_p)) = (normalised(&scores), normalised(&exact));
        self.decoded += samples.iter().sum::<usize>() as f64;
        self.changed += usize::from(highest(&scores) != highest(&exact));
        let off: Vec<f64> = p.iter().zip(&exact_p).map(|(p, exact)| (p - exact).abs()).collect();
        let largest = off.iter().copied().fold(0.0, f64::max);
        self.beyond += usize::from(largest > sampling.negligible);
        self.largest = self.largest.max(largest);
        self.mean += off.iter().sum::<f64>();
        self.log_px = self.log_px.max((log_px - exact_log_px).abs());
        let mut is_lucky = false;
        for (class, allowed) in race.left_behind.iter().enumerate() {
            let Some(allowed) = allowed else { continue };
            self.left_behind += 1;
            let rest: Vec<f64> = weights[class][samples[class]..].iter().map(|&w| f64::from(w)).collect();
            if normalised(&rest).0 - (rest.len() as f64).ln() > *allowed {
                is_lucky = true;
                self.lucky += 1;
                self.missed += usize::from(exact_p[class] > sampling.negligible / weights.len() as f64);
            }
        }
        // The bounds as they are documented, on their condition.
        let bound = sampling.negligible + 1e-12;
        let log_bound = -(-bound).ln_1p();
        assert!(is_lucky || largest <= bound && (log_px - exact_log_px).abs() <= log_bound + 1e-9);
        assert!(is_lucky || highest(&scores) == highest(&exact));
    }
}

/// A small model that has learnt digits.
fn trained() -> DeepCama {
    static MODEL: OnceLock<DeepCama> = OnceLock::new();
    MODEL.get_or_init(learn).clone()
}

fn learn() -> DeepCama {
    let mut config = ModelConfig { z: 16, ..ModelConfig::fast([1, 28, 28], 10) };
    config.network.hidden = 64;
    config.network.trunk =
        TrunkConfig::Convolutional(ConvolutionalConfig { channels: 8, ..ConvolutionalConfig::default() });
    let model = DeepCama::new(&config.check().unwrap(), 1, &device("cpu").unwrap());
    let images = data::load("mnist:train[..6000]").unwrap();
    let training = TrainConfig {
        epochs: 3,
        validation: 100,
        ..TrainConfig::preset("fast", &model.config().data).unwrap()
    }
    .check()
    .unwrap();
    let split = Split::new(&images, &training, 1).unwrap();
    train(model, &split, None, &training, 1, None, &mut silent).unwrap().model
}

#[test]
fn neglecting_classes_saves_samples_and_keeps_predictions() {
    let model = trained();
    let clean = data::load("mnist:test[..100]").unwrap();
    let turned =
        "rotate:60".parse::<Manipulation>().unwrap().apply(&clean, &mut ChaCha8Rng::seed_from_u64(1));
    let config = PredictConfig { samples: 50, ..PredictConfig::default() };
    for images in [&clean, &turned] {
        let difference = Difference::measure(&model, images, M::Null, &config);
        assert!(difference.decoded < 0.7, "{}", difference.decoded);
        assert!(
            difference.changed == 0 && difference.beyond <= 2,
            "{} {}",
            difference.changed,
            difference.beyond
        );

        // Prediction does what was measured.
        let predict = |config: PredictConfig| predict(&model, images, &config.check().unwrap()).unwrap();
        let all = predict(PredictConfig { negligible: 0.0, ..config.clone() });
        let some = predict(config.clone());
        let samples: usize = some.iter().flat_map(|p| &p.samples).sum();
        let expected = difference.decoded * (images.len() * 10 * 50) as f64;
        assert!((samples as f64 - expected).abs() < 0.01 * expected, "{samples} {expected}");
        let far = |(p, q): &(&Prediction, &Prediction)| {
            p.probabilities
                .iter()
                .zip(&q.probabilities)
                .any(|(p, q)| (p - q).abs() > config.negligible + 1e-5)
        };
        assert!(all.iter().zip(&some).filter(far).count() <= 2);
        assert!(all.iter().zip(&some).all(|(p, q)| p.class == q.class));

        // Two samples of each class are the fewest.
        let with = |negligible| predict(PredictConfig { samples: 2, negligible, ..config.clone() });
        assert_eq!(with(0.0), with(0.5));
    }
}

#[test]
fn predictions_depend_neither_on_chunks_nor_on_threads() {
    let model = trained();
    let images = data::load("mnist:test[..23]").unwrap();
    let with = |chunk, threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let config = PredictConfig { samples: 9, chunk, ..PredictConfig::default() };
        pool.install(|| predict(&model, &images, &config.check().unwrap()).unwrap())
    };
    let expected = with(None, 1);
    assert_eq!(expected, with(None, 3));
    for chunk in [1, 17, 100, 5000] {
        for (p, q) in expected.iter().zip(with(Some(chunk), 2)) {
            assert_eq!((p.class, &p.samples), (q.class, &q.samples), "{chunk}");
            assert!((p.log_px - q.log_px).abs() < 1e-3, "{chunk}: {} {}", p.log_px, q.log_px);
        }
    }
}

/// Knows nothing but that its last class is rare.
struct Flat;

impl Classifier for Flat {
    fn classes(&self) -> usize {
        10
    }

    fn log_probabilities(&self, observed: &Observed, _: &mut [ChaCha8Rng]) -> Result<Tensor<2>> {
        let mut row = [-10f32.ln(); 10];
        row[9] = -12.0;
        let row = Tensor::<1>::from_floats(row, &observed.x.device());
        Ok(row.unsqueeze::<2>().expand([observed.x.dims()[0], 10]))
    }
}

#[test]
fn a_tempered_product_gets_the_samples_it_needs() {
    let (model, images) = (trained(), data::load("mnist:test[..60]").unwrap());
    let decider = Decider { external: Some(&Flat), temperature: 4.0, ..Decider::bare(&model) };
    let with = |negligible| {
        let predict = PredictConfig { samples: 40, negligible, ..PredictConfig::default() };
        decider.decide(&images, &DecideConfig { rule: Rule::Product, predict }.check().unwrap()).unwrap()
    };
    let (all, some) = (with(0.0), with(1e-3));
    for (all, some) in all.iter().zip(&some) {
        for rule in [Rule::Product, Rule::Bayes] {
            let (p, q) = (&all.by_rule, &some.by_rule);
            let off = p.get(rule).iter().zip(q.get(rule)).map(|(p, q)| (p - q).abs());
            assert!(off.fold(0.0, f64::max) < 1e-3 + 1e-5, "{p:?} {q:?}");
        }
    }
    // It is not that nothing was left behind.
    assert!(all.iter().zip(&some).any(|(all, some)| all.by_rule.product != some.by_rule.product));
}

/// Prints a row of `results/performance.md` for each; `CAMA_MODEL` is the folder of a model of MNIST with a
/// mechanism, `CAMA_EXAMPLES` how many images.
#[test]
#[ignore = "a measurement, by hand"]
fn measured() {
    let folder = std::env::var("CAMA_MODEL").expect("CAMA_MODEL is a model folder");
    let n: usize = std::env::var("CAMA_EXAMPLES").map_or(500, |n| n.parse().expect("a whole number"));
    let model = Cama::load(folder).unwrap().model;
    let clean = data::load("mnist:test").unwrap().slice(0..n);
    let cases = [
        ("", M::Null),
        ("shift-vertical:0.5", M::Null),
        ("shift-vertical:0.5", M::Mean),
        ("rotate:60", M::Null),
        ("rotate:60", M::Mean),
    ];
    for (spec, m) in cases {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let images = match spec {
            "" => clean.clone(),
            spec => spec.parse::<Manipulation>().unwrap().apply(&clean, &mut rng),
        };
        for samples in [10, 100] {
            let config = PredictConfig { samples, ..PredictConfig::default() };
            let d = Difference::measure(&model, &images, m, &config);
            println!(
                "| {spec} | {m:?} | {samples} | {} | {:.1}% | {} | {:.1e} | {:.1e} | {:.1e} | {} | {} | {} | {} |",
                d.examples,
                100.0 * (1.0 - d.decoded),
                d.changed,
                d.largest,
                d.mean,
                d.log_px,
                d.beyond,
                d.left_behind,
                d.lucky,
                d.missed
            );
        }
    }
}
