//! Restoration, the direct classifier, the guard and what decides between them, on tiny models.

use burn::tensor::{Tensor, TensorData};
use cama::data::{self, Images};
use cama::manipulation::Manipulation;
use cama::mechanism::MechanismConfig;
use cama::{
    Checked, Classifier, Config, Context, DecideConfig, Decider, DeepCama, DirectClassifier, DirectConfig,
    Guard, M, MChoice, ModelConfig, Observed, PredictConfig, Result, Rule, Tempering, Verdict, device,
    fit_direct, fit_temperature, predict, restore, silent,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::common::convolutional;

fn model(image: [usize; 3], mechanisms: &str, negative_slope: f64) -> DeepCama {
    let mut config = ModelConfig {
        z: 3,
        mechanisms: MechanismConfig::parse_list(mechanisms).unwrap(),
        ..ModelConfig::fast(image, 10)
    };
    (config.network.hidden, config.network.negative_slope) = (8, negative_slope);
    config.network.trunk = convolutional(3, 2);
    DeepCama::new(&config.check().unwrap(), 2, &device("cpu").unwrap())
}

fn digits(n: usize) -> Images {
    data::load(&format!("mnist:test[..{n}]")).unwrap()
}

fn by(rule: Rule, m: MChoice) -> Checked<DecideConfig> {
    let predict = PredictConfig { samples: 2, m, seed: 5, ..PredictConfig::default() };
    DecideConfig { rule, predict }.check().unwrap()
}

/// Is always sure of one class, whatever it sees; or of one that how bright the image is says.
struct Sure(Option<usize>);

impl Classifier for Sure {
    fn classes(&self) -> usize {
        10
    }

    fn log_probabilities(&self, observed: &Observed, _: &mut [ChaCha8Rng]) -> Result<Tensor<2>> {
        let n = observed.x.dims()[0];
        let sums: Vec<f32> = observed.x.clone().sum_dim(1).into_data().iter::<f32>().collect();
        let row = |sum: &f32| {
            let class = self.0.unwrap_or(by_brightness(*sum));
            (0..10).map(move |y| if y == class { 0.91f32.ln() } else { 0.01f32.ln() })
        };
        let values: Vec<f32> = sums.iter().flat_map(row).collect();
        Ok(Tensor::from_data(TensorData::new(values, [n, 10]), &observed.x.device()))
    }
}

/// A class from the sum of an image's pixels.
fn by_brightness(sum: f32) -> usize {
    (sum * 0.7) as usize % 10
}

#[test]
fn restoration_is_differentiable_in_the_image() {
    // Smooth, but for the warp's pixel borders.
    let model = model([1, 8, 8], "affine,photometric", 1.0);
    let pixels: Vec<f32> = (0..64).map(|i| 0.5 + 0.3 * (i as f32 * 0.37).sin()).collect();
    let weights: Vec<f32> = (0..64).map(|i| (i as f32 * 1.3).cos()).collect();
    let weights: Tensor<2> = Tensor::from_data(TensorData::new(weights, [1, 64]), &model.device());
    let sum = |x: Tensor<2>| (restore(&model, &Observed::of_x(x)) * weights.clone()).sum();

    let leaf = Tensor::<2>::from_data(TensorData::new(pixels.clone(), [1, 64]), &model.device().autodiff());
    let leaf = leaf.require_grad();
    let trained = burn::module::Module::train(model.clone());
    let loss = (restore(&trained, &Observed::of_x(leaf.clone())) * Tensor::from_inner(weights.clone())).sum();
    let gradient: Vec<f32> = leaf.grad(&loss.backward()).unwrap().into_data().iter::<f32>().collect();
    for i in [9, 20, 27, 36, 50] {
        let step = 1e-3;
        let moved = |by: f32| {
            let mut pixels = pixels.clone();
            pixels[i] += by;
            let x = Tensor::from_data(TensorData::new(pixels, [1, 64]), &model.device());
            f64::from(sum(x).into_scalar::<f32>())
        };
        let difference = (moved(step) - moved(-step)) / f64::from(2.0 * step);
        let gradient = f64::from(gradient[i]);
        assert!(
            (difference - gradient).abs() < 0.02 * (1.0 + gradient.abs()),
            "{i}: {difference} {gradient}"
        );
    }
}

#[test]
fn unguarded_bayes_is_prediction() {
    let (model, images) = (model([1, 28, 28], "affine,photometric", 0.2), digits(12));
    for m in [M::Null, M::Mean, M::Sample] {
        let config = by(Rule::Bayes, m);
        let decided = Decider::bare(&model).decide(&images, &config).unwrap();
        let predicted = predict(&model, &images, &config.predict.check().unwrap()).unwrap();
        for (decided, predicted) in decided.iter().zip(&predicted) {
            assert_eq!(decided.probabilities, predicted.probabilities);
            assert_eq!((decided.class, decided.log_px), (predicted.class, predicted.log_px));
        }
        // Whatever the chunks.
        let small = PredictConfig { chunk: Some(40), ..config.predict.clone() };
        let small = DecideConfig { predict: small, ..config.into_inner() }.check().unwrap();
        assert_eq!(Decider::bare(&model).decide(&images, &small).unwrap(), decided);
    }
}

#[test]
fn the_guard_decides_what_the_classifier_reads() {
    let (model, images) = (model([1, 28, 28], "affine,photometric", 0.2), digits(12));
    let classifier = Sure(None);
    let with = |threshold: f64| {
        let guard = Guard { threshold, mean: threshold, median: threshold, agreement: 1.0, examples: 1 };
        let decider = Decider { external: Some(&classifier), guard: Some(&guard), ..Decider::bare(&model) };
        decider.decide(&images, &by(Rule::Direct, M::Mean)).unwrap()
    };
    // With the threshold above everything all is restored, with the threshold below everything nothing.
    let mut classes = Vec::new();
    for (threshold, verdict) in [(1e9, Verdict::Restored), (-1e9, Verdict::Unexplained)] {
        for (i, decision) in with(threshold).iter().enumerate() {
            assert_eq!(decision.verdict, verdict);
            let original = decision.restored == images.image(i);
            assert_eq!(original, verdict == Verdict::Unexplained, "an untrained q2 moves every image");
            let sum =
                Tensor::<1>::from_floats(&decision.restored[..], &model.device()).sum().into_scalar::<f32>();
            // Not where another order of the summands can change it.
            let at = f64::from(sum * 0.7).fract();
            assert!(!(0.001..0.999).contains(&at) || decision.class == by_brightness(sum), "{sum}");
            classes.push(decision.class);
        }
    }
    assert_ne!(classes[..12], classes[12..], "what it reads is not the same");
    let scored = with(0.0);
    let threshold = scored[3].anomaly_score[1];
    let restored = with(threshold).iter().filter(|decision| decision.verdict == Verdict::Restored).count();
    assert_eq!(restored, scored.iter().filter(|decision| decision.anomaly_score[1] <= threshold).count());
}

#[test]
fn the_product_is_one_and_the_unexplained_is_the_classifiers_alone() {
    let (model, images) = (model([1, 28, 28], "affine", 0.2), digits(6));
    let classifier = Sure(Some(4));
    let decide = |temperature, guard: Option<&Guard>| {
        let decider = Decider { external: Some(&classifier), temperature, guard, ..Decider::bare(&model) };
        decider.decide(&images, &by(Rule::Product, M::Null)).unwrap()
    };
    for decision in decide(3.0, None) {
        let by_rule = &decision.by_rule;
        let weights: Vec<f64> =
            by_rule.bayes.iter().zip(&by_rule.direct).map(|(b, d)| b.powf(1.0 / 3.0) * d).collect();
        let sum: f64 = weights.iter().sum();
        for (product, weight) in by_rule.product.iter().zip(weights) {
            assert!((product - weight / sum).abs() < 1e-6, "{product} {}", weight / sum);
        }
        assert_eq!(by_rule.direct, by_rule.direct_alone);
        assert_eq!(decision.probabilities, by_rule.product);
    }
    let guard = Guard { threshold: -1e9, mean: -1e9, median: -1e9, agreement: 1.0, examples: 1 };
    for decision in decide(1.0, Some(&guard)) {
        assert_eq!(decision.verdict, Verdict::Unexplained);
        assert_eq!(decision.by_rule.product, decision.by_rule.direct_alone);
        assert_eq!(decision.class, 4);
    }
}

#[test]
fn the_temperature_trusts_bayes_as_far_as_it_is_right() {
    // The classifier says nothing; Bayes' rule of an untrained model is noise that is far too sure.
    struct Silent;
    impl Classifier for Silent {
        fn classes(&self) -> usize {
            10
        }
        fn log_probabilities(&self, observed: &Observed, _: &mut [ChaCha8Rng]) -> Result<Tensor<2>> {
            Ok(Tensor::full([observed.x.dims()[0], 10], 0.1f64.ln(), &observed.x.device()))
        }
    }
    let (model, images) = (model([1, 28, 28], "none", 0.2), digits(60));
    let decider = Decider { external: Some(&Silent), ..Decider::bare(&model) };
    let fitted = fit_temperature(&decider, &images, 1, 3).unwrap();
    let loss = |temperature: f64| {
        let predict = PredictConfig { samples: 1, seed: 3, ..PredictConfig::default() };
        let config = DecideConfig { rule: Rule::Product, predict }.check().unwrap();
        let decided = Decider { temperature, ..decider }.decide(&images, &config).unwrap();
        let labels = images.labels().unwrap();
        decided.iter().zip(labels).map(|(d, &y)| -d.by_rule.product[y].ln()).sum::<f64>()
    };
    for other in [1.0, fitted * 0.8, fitted * 1.25, 1000.0] {
        assert!(
            loss(fitted) <= loss(other) + 1e-6,
            "T = {fitted}: {} at {other}: {}",
            loss(fitted),
            loss(other)
        );
    }
}

#[test]
fn a_direct_classifier_learns_digits_and_those_that_do_not_fit_are_refused() {
    let model = model([1, 28, 28], "affine,photometric", 0.2);
    let clean = data::load("mnist:train[..2000]").unwrap();
    let validation = data::load("mnist:train[2000..2300]").unwrap();
    let config = DirectConfig { epochs: 8, channels: 12, hidden: 64, ..DirectConfig::default() };
    let fit = |clean: &Images, config: &DirectConfig| {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        fit_direct(&model, clean, &validation, &config.check().unwrap(), &mut rng, &mut silent)
    };
    let direct = fit(&clean, &config).unwrap();
    let decider = Decider { direct: Some(&direct), ..Decider::bare(&model) };
    let images = digits(400);
    let decided = decider.decide(&images, &by(Rule::Direct, M::Null)).unwrap();
    let right = decided.iter().zip(images.labels().unwrap()).filter(|(d, y)| d.class == **y).count();
    assert!(right >= 340, "{right} of 400");
    // The same seed gives the same classifier.
    let short = DirectConfig { epochs: 1, ..config };
    let [again, twice] = [(); 2].map(|()| fit(&clean.slice(0..64), &short).unwrap());
    let observed = || Observed::of_x(Tensor::full([2, 784], 0.3, &model.device()));
    let said = |direct: DirectClassifier| {
        let log_p = direct.log_probabilities(&observed(), &mut []).unwrap();
        log_p.into_data().iter::<f32>().collect::<Vec<_>>()
    };
    assert_eq!(said(again), said(twice));

    let error = Decider::bare(&model).decide(&images, &by(Rule::Product, M::Null)).unwrap_err().to_string();
    assert!(error.contains("rule = product") && error.contains("no direct classifier"), "{error}");
    let config = ModelConfig { classes: 3, ..model.config().clone() };
    let other = DeepCama::new(&config.check().unwrap(), 1, &device("cpu").unwrap());
    let decider = Decider { direct: Some(&direct), ..Decider::bare(&other) };
    let error = decider.decide(&images, &by(Rule::Direct, M::Null)).unwrap_err().to_string();
    assert!(error.contains("10 classes, the model 3"), "{error}");
    let unlabelled = clean.without_labels();
    assert!(fit(&unlabelled, &DirectConfig::default()).is_err());
}

#[test]
fn without_the_decoder_examples_are_restored_to_the_same() {
    let digits = digits(30);
    for mechanisms in ["affine,photometric", "latent,affine"] {
        let model = model([1, 28, 28], mechanisms, 0.2);
        let cama = cama::Cama::bare(model);
        let predictor = cama.predictor().configure(|config| (config.m, config.samples) = (M::Mean, 1));
        let restorer = predictor.restorer().unwrap().expect("without a guard everything is restored");
        assert_eq!(restorer.verdict(), Verdict::Restored);
        let slow = predictor.predict(&digits).unwrap();
        let fast = restorer.restore(&digits).unwrap();
        assert_eq!(fast.len(), 30);
        for (fast, slow) in fast.iter().zip(&slow) {
            assert_eq!((fast.verdict, fast.field), (slow.verdict, slow.field));
            let same = |a: &[f32], b: &[f32]| {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-5 * (1.0 + b.abs()))
            };
            assert!(same(&fast.m, &slow.m) && same(&fast.m_sd, &slow.m_sd));
            assert!(same(&fast.restored, &slow.restored));
        }
        // As many at a time as one likes, and in parts.
        let chunked =
            predictor.clone().configure(|config| config.chunk = Some(7)).restorer().unwrap().unwrap();
        let again = chunked.restore(&digits).unwrap();
        assert!(
            again.iter().zip(&fast).all(|(a, b)| a.m.iter().zip(&b.m).all(|(a, b)| (a - b).abs() < 1e-5))
        );
        let mut stopped = 0;
        restorer
            .restore_part(&digits, 0, |_| {
                stopped += 1;
                std::ops::ControlFlow::Break(())
            })
            .unwrap();
        assert_eq!(stopped, 1);
        let larger = Images::new("", [1, 30, 30], vec![0.5; 900], None, vec![]).unwrap();
        assert!(restorer.restore(&larger).is_err());
    }
}

#[test]
fn all_are_restored_or_none_as_the_guard_has_judged_the_data() {
    let (model, digits) = (model([1, 28, 28], "affine", 0.2), digits(8));
    let guard = Guard { threshold: 1.0, mean: 0.5, median: 0.5, agreement: 1.0, examples: 100 };
    let cama = cama::Cama::bare(model).with_guard(Some(guard));
    let judged = |context: Context| {
        let mut predictor = cama.predictor().configure(|config| config.m = M::Mean);
        predictor.decider.context = context;
        predictor.restorer().unwrap()
    };
    for context in [Context::Unknown, Context::Mixed] {
        assert!(judged(context).is_none(), "{context:?}");
    }
    for context in [Context::AtRest, Context::Outside] {
        let left = judged(context).unwrap().restore(&digits).unwrap();
        for (i, restoration) in left.iter().enumerate() {
            assert_eq!((restoration.verdict, &restoration.restored[..]), (Verdict::AsItWas, digits.image(i)));
            assert!(!restoration.m.is_empty());
        }
    }
    let restored = judged(Context::Inside).unwrap().restore(&digits).unwrap();
    assert!(restored.iter().all(|restoration| restoration.verdict == Verdict::Restored));
    assert!(restored.iter().enumerate().any(|(i, restoration)| restoration.restored != digits.image(i)));
    // What takes the decoder, and what cannot be undone, is refused.
    let wrong = |change: fn(&mut PredictConfig)| cama.predictor().configure(change).restorer().err().unwrap();
    assert!(wrong(|config| config.m = M::Null).to_string().starts_with("predict.m"));
    assert!(
        wrong(|config| (config.m, config.refine) = (M::Mean, 3)).to_string().starts_with("predict.refine")
    );
    let latent = cama::Cama::bare(self::model([1, 28, 28], "latent", 0.2));
    assert!(latent.predictor().configure(|config| config.m = M::Mean).restorer().is_err());
}

#[test]
fn hostile_images_are_no_danger_to_restoration() {
    // So far from all that q2 knows that exponentials of its m would overflow.
    let model = model([1, 28, 28], "affine,photometric", 0.2);
    let images = Manipulation::parse("invert").unwrap().apply_seeded(&digits(4), 1);
    let huge = |x: Tensor<2>| x.mul_scalar(1e4);
    let x = Tensor::from_data(TensorData::new(images.pixels().to_vec(), [4, 784]), &model.device());
    let restored = restore(&model, &Observed::of_x(huge(x)));
    let values: Vec<f32> = restored.into_data().iter::<f32>().collect();
    assert!(values.iter().all(|v| (0.0..=1.0).contains(v)));
}

#[test]
fn the_guard_sees_of_all_the_data_what_no_example_tells() {
    // Never trained: what its q2 restores is no better explained than what it was given.
    let (model, images) = (model([1, 28, 28], "affine,photometric", 0.2), digits(60));
    let own = Sure(Some(4));
    let config = by(Rule::Direct, M::Mean);
    let context = |guard: &Guard, direct, n: usize| {
        let decider = Decider { guard: Some(guard), direct: Some(direct), ..Decider::bare(&model) };
        decider.informed(&images.slice(0..n), &config).unwrap().context
    };
    let guard = |median: f64| Guard { threshold: 1e9, mean: 0.0, median, agreement: 0.0, examples: 100 };
    // A classifier that is never surer of what is restored: nothing is, and whether anything was done to the data is told
    // by how it is explained as it is.
    assert_eq!(context(&guard(1e9), &own, 60), Context::AtRest);
    let unexplained = Guard { threshold: -1e9, ..guard(-1e9) };
    assert_eq!(context(&unexplained, &own, 60), Context::Outside);
    // Few say nothing.
    assert_eq!(context(&unexplained, &own, 49), Context::Unknown);
    // Without one, by how well it is explained restored.
    let alone = |guard: &Guard| {
        let decider = Decider { guard: Some(guard), ..Decider::bare(&model) };
        decider.informed(&images, &by(Rule::Bayes, M::Mean)).unwrap().context
    };
    assert_eq!(alone(&guard(1e9)), Context::Inside);
    assert_eq!(alone(&guard(-1e9)), Context::Outside);
    let asked = guard(1e9);
    // With do(m = 0) nothing is restored.
    let decider = Decider { guard: Some(&asked), direct: Some(&own), ..Decider::bare(&model) };
    let null = decider.informed(&images, &by(Rule::Bayes, M::Null)).unwrap();
    assert_eq!(null.context, Context::Unknown);
}

#[test]
fn bayes_rule_has_no_say_on_data_on_which_the_two_hardly_ever_agree() {
    let (model, images) = (model([1, 28, 28], "affine,photometric", 0.2), digits(60));
    let config = by(Rule::Product, M::Null);
    let decided = |class: usize, agreement: f64, n: usize| {
        let own = Sure(Some(class));
        let guard = Guard { threshold: 1e9, mean: 0.0, median: 0.0, agreement, examples: 100 };
        let decider = Decider {
            guard: Some(&guard),
            direct: Some(&own),
            // Bayes' rule would count for all.
            temperature: 1e-3,
            tempering: Some(Tempering::CONSTANT),
            ..Decider::bare(&model)
        };
        let informed = decider.informed(&images.slice(0..n), &config).unwrap();
        let decisions = informed.decide(&images, &config).unwrap();
        let as_direct = decisions.iter().all(|decision| {
            let pairs = decision.by_rule.product.iter().zip(&decision.by_rule.direct);
            pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-6)
        });
        (informed.bayes_has_say, as_direct)
    };
    // Never trained, Bayes' rule gives a few classes, and the other always one that it seldom gives, or always one of the few.
    let classes = Decider::bare(&model).decide(&images, &by(Rule::Bayes, M::Null)).unwrap();
    let given = |class: usize| classes.iter().filter(|decision| decision.class == class).count();
    let [seldom, often] =
        [(0..10).min_by_key(|c| given(*c)), (0..10).max_by_key(|c| given(*c))].map(Option::unwrap);
    assert_eq!(decided(seldom, 0.9, 60), (false, true));
    // Where they agree as seldom on clean examples, it has a say, and where few examples are looked at.
    assert_eq!(decided(often, 0.15, 60), (true, false));
    assert_eq!(decided(seldom, 0.9, 49), (true, false));
}
