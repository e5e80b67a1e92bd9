//! Restoration, the head, the guard and what decides between them, on tiny models.

use burn::tensor::{Tensor, TensorData};
use cama::data::{self, Images};
use cama::manipulation::Manipulation;
use cama::mechanism::MechanismConfig;
use cama::{
    By, Classifier, Context, DecideConfig, Decider, DeepCama, Evidence, Guard, HeadConfig, ImageInput,
    MChoice, ModelConfig, PredictConfig, Result, Verdict, device, fit_head, fit_temperature, predict,
    restore, silent,
};

fn model(image: [usize; 3], mechanisms: &str, negative_slope: f64) -> DeepCama {
    let image = ImageInput { channels: 3, conv_layers: 2, ..ImageInput::fast(image) };
    let config = ModelConfig {
        z: 3,
        hidden: 8,
        negative_slope,
        mechanisms: MechanismConfig::parse_list(mechanisms).unwrap(),
        ..ModelConfig::fast(image, 10)
    };
    DeepCama::new(&config, 2, &device("cpu").unwrap()).unwrap()
}

fn digits(n: usize) -> Images {
    data::load(&format!("mnist:test[..{n}]")).unwrap()
}

fn by(by: By, m: MChoice) -> DecideConfig {
    DecideConfig { by, predict: PredictConfig { samples: 2, m, seed: 5, ..PredictConfig::default() } }
}

/// Is always sure of one class, whatever it sees; or of one that how bright the image is says.
struct Sure(Option<usize>);

impl Classifier for Sure {
    fn classes(&self) -> usize {
        10
    }

    fn log_probabilities(&self, seen: &Evidence) -> Result<Tensor<2>> {
        let n = seen.x.dims()[0];
        let sums: Vec<f32> = seen.x.clone().sum_dim(1).into_data().iter::<f32>().collect();
        let row = |sum: &f32| {
            let class = self.0.unwrap_or(by_brightness(*sum));
            (0..10).map(move |y| if y == class { 0.91f32.ln() } else { 0.01f32.ln() })
        };
        let values: Vec<f32> = sums.iter().flat_map(row).collect();
        Ok(Tensor::from_data(TensorData::new(values, [n, 10]), &seen.x.device()))
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
    let sum = |x: Tensor<2>| (restore(&model, &Evidence::of_x(x)) * weights.clone()).sum();

    let leaf = Tensor::<2>::from_data(TensorData::new(pixels.clone(), [1, 64]), &model.device().autodiff());
    let leaf = leaf.require_grad();
    let trained = burn::module::Module::train(model.clone());
    let loss = (restore(&trained, &Evidence::of_x(leaf.clone())) * Tensor::from_inner(weights.clone())).sum();
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
    for m in [MChoice::Null, MChoice::Mean, MChoice::Sample] {
        let config = by(By::Bayes, m);
        let decided = Decider::bare(&model).decide(&images, &config).unwrap();
        let predicted = predict(&model, &images, &config.predict).unwrap();
        for (decided, predicted) in decided.iter().zip(&predicted) {
            assert_eq!(decided.probabilities, predicted.probabilities);
            assert_eq!((decided.class, decided.log_px), (predicted.class, predicted.log_px));
        }
        // Whatever the chunks.
        let small = PredictConfig { chunk: Some(40), ..config.predict.clone() };
        assert_eq!(
            Decider::bare(&model).decide(&images, &DecideConfig { predict: small, ..config }).unwrap(),
            decided
        );
    }
}

#[test]
fn the_guard_decides_what_the_classifier_reads() {
    let (model, images) = (model([1, 28, 28], "affine,photometric", 0.2), digits(12));
    let classifier = Sure(None);
    let with = |bar: f64| {
        let guard = Guard { bar, mean: bar, median: bar, agreement: 1.0, examples: 1 };
        let decider = Decider { other: Some(&classifier), guard: Some(&guard), ..Decider::bare(&model) };
        decider.decide(&images, &by(By::Head, MChoice::Mean)).unwrap()
    };
    // With the bar above everything all is restored, with the bar below everything nothing.
    let mut classes = Vec::new();
    for (bar, verdict) in [(1e9, Verdict::Restored), (-1e9, Verdict::Unexplained)] {
        for (i, decision) in with(bar).iter().enumerate() {
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
    let bars = with(0.0);
    let bar = bars[3].misfit[1];
    let restored = with(bar).iter().filter(|decision| decision.verdict == Verdict::Restored).count();
    assert_eq!(restored, bars.iter().filter(|decision| decision.misfit[1] <= bar).count());
}

#[test]
fn both_is_the_product_and_the_unexplained_is_the_classifiers_alone() {
    let (model, images) = (model([1, 28, 28], "affine", 0.2), digits(6));
    let classifier = Sure(Some(4));
    let decide = |temperature, guard: Option<&Guard>| {
        let decider = Decider { other: Some(&classifier), temperature, guard, ..Decider::bare(&model) };
        decider.decide(&images, &by(By::Both, MChoice::Null)).unwrap()
    };
    for decision in decide(3.0, None) {
        let ways = &decision.ways;
        let weights: Vec<f64> =
            ways.bayes.iter().zip(&ways.head).map(|(b, h)| b.powf(1.0 / 3.0) * h).collect();
        let sum: f64 = weights.iter().sum();
        for (both, weight) in ways.both.iter().zip(weights) {
            assert!((both - weight / sum).abs() < 1e-6, "{both} {}", weight / sum);
        }
        assert_eq!(ways.head, ways.head_alone);
        assert_eq!(decision.probabilities, ways.both);
    }
    let guard = Guard { bar: -1e9, mean: -1e9, median: -1e9, agreement: 1.0, examples: 1 };
    for decision in decide(1.0, Some(&guard)) {
        assert_eq!(decision.verdict, Verdict::Unexplained);
        assert_eq!(decision.ways.both, decision.ways.head_alone);
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
        fn log_probabilities(&self, seen: &Evidence) -> Result<Tensor<2>> {
            Ok(Tensor::full([seen.x.dims()[0], 10], 0.1f64.ln(), &seen.x.device()))
        }
    }
    let (model, images) = (model([1, 28, 28], "none", 0.2), digits(60));
    let decider = Decider { other: Some(&Silent), ..Decider::bare(&model) };
    let fitted = fit_temperature(&decider, &images, 1, 3).unwrap();
    let loss = |temperature: f64| {
        let config = DecideConfig {
            by: By::Both,
            predict: PredictConfig { samples: 1, seed: 3, ..PredictConfig::default() },
        };
        let decided = Decider { temperature, ..decider }.decide(&images, &config).unwrap();
        let labels = images.labels().unwrap();
        decided.iter().zip(labels).map(|(d, &y)| -d.ways.both[y].ln()).sum::<f64>()
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
fn a_head_learns_digits_and_classifiers_that_do_not_fit_are_refused() {
    let model = model([1, 28, 28], "affine,photometric", 0.2);
    let clean = data::load("mnist:train[..2000]").unwrap();
    let watched = data::load("mnist:train[2000..2300]").unwrap();
    let config = HeadConfig { epochs: 8, channels: 12, hidden: 64, ..HeadConfig::default() };
    let head = fit_head(&model, &clean, &watched, &config, 1, &mut silent).unwrap();
    let decider = Decider { head: Some(&head), temperature: head.temperature(), ..Decider::bare(&model) };
    let images = digits(400);
    let decided = decider.decide(&images, &by(By::Head, MChoice::Null)).unwrap();
    let right = decided.iter().zip(images.labels().unwrap()).filter(|(d, y)| d.class == **y).count();
    assert!(right >= 340, "{right} of 400");
    // The same seed gives the same head.
    let again = fit_head(
        &model,
        &clean.slice(0..64),
        &watched,
        &HeadConfig { epochs: 1, ..config.clone() },
        1,
        &mut silent,
    );
    let twice =
        fit_head(&model, &clean.slice(0..64), &watched, &HeadConfig { epochs: 1, ..config }, 1, &mut silent);
    let seen = || Evidence::of_x(Tensor::full([2, 784], 0.3, &model.device()));
    let said = |head: Result<cama::Head>| {
        head.unwrap().log_probabilities(&seen()).unwrap().into_data().iter::<f32>().collect::<Vec<_>>()
    };
    assert_eq!(said(again), said(twice));

    let error = Decider::bare(&model).decide(&images, &by(By::Both, MChoice::Null)).unwrap_err().to_string();
    assert!(error.contains("by = both") && error.contains("no head"), "{error}");
    let config = ModelConfig { classes: 3, ..model.config().clone() };
    let other = DeepCama::new(&config, 1, &device("cpu").unwrap()).unwrap();
    let decider = Decider { head: Some(&head), ..Decider::bare(&other) };
    let error = decider.decide(&images, &by(By::Head, MChoice::Null)).unwrap_err().to_string();
    assert!(error.contains("10 classes, the model 3"), "{error}");
    let unlabelled = clean.without_labels();
    assert!(fit_head(&model, &unlabelled, &watched, &HeadConfig::default(), 1, &mut silent).is_err());
}

#[test]
fn hostile_images_are_no_danger_to_restoration() {
    // So far from all that q2 knows that exponentials of its m would overflow.
    let model = model([1, 28, 28], "affine,photometric", 0.2);
    let images = Manipulation::parse("invert").unwrap().apply_seeded(&digits(4), 1);
    let huge = |x: Tensor<2>| x.mul_scalar(1e4);
    let x = Tensor::from_data(TensorData::new(images.pixels().to_vec(), [4, 784]), &model.device());
    let restored = restore(&model, &Evidence::of_x(huge(x)));
    let values: Vec<f32> = restored.into_data().iter::<f32>().collect();
    assert!(values.iter().all(|v| (0.0..=1.0).contains(v)));
}

#[test]
fn the_guard_sees_of_all_the_data_what_no_example_tells() {
    // Never trained: what its q2 restores is no better explained than what it was given.
    let (model, images) = (model([1, 28, 28], "affine,photometric", 0.2), digits(60));
    let own = Sure(Some(4));
    let config = by(By::Head, MChoice::Mean);
    let context = |guard: &Guard, witness, n: usize| {
        let decider = Decider { guard: Some(guard), head: Some(witness), ..Decider::bare(&model) };
        decider.informed(&images.slice(0..n), &config).unwrap().context
    };
    let guard = |median: f64| Guard { bar: 1e9, mean: 0.0, median, agreement: 0.0, examples: 100 };
    // By how well it is explained.
    assert_eq!(context(&guard(1e9), &own, 60), Context::Inside);
    assert_eq!(context(&guard(-1e9), &own, 60), Context::Outside);
    // Few say nothing.
    assert_eq!(context(&guard(-1e9), &own, 49), Context::Unknown);
    // By whether the two agree: a witness that never changes its mind, and Bayes' rule that does not follow it.
    let asked = Guard { agreement: 1.0, ..guard(1e9) };
    assert_eq!(context(&asked, &own, 60), Context::Outside);
    // With do(m = 0) nothing is restored, and nothing looked at.
    let decider = Decider { guard: Some(&asked), head: Some(&own), ..Decider::bare(&model) };
    let null = decider.informed(&images, &by(By::Bayes, MChoice::Null)).unwrap();
    assert_eq!(null.context, Context::Unknown);
}
