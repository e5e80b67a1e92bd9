//! Networks on images: what each learns, from clean and from manipulated data, and what TENT makes of it.

use burn::tensor::{Device, Tensor, TensorData};
use cama::data::{Images, load};
use cama::manipulation::Manipulation;
use cama::silent;

use super::*;

/// Small versions of all networks for images, which learn in moments.
pub fn small_networks() -> Vec<BaselineConfig> {
    let cnn = small_cnn();
    let mlp = MlpConfig { hidden: vec![64], steps: 200, ..MlpConfig::default() };
    vec![
        BaselineConfig::Mlp(mlp),
        BaselineConfig::MlpPaper(MlpConfig { epochs: Some(25), batch: 32, ..MlpConfig::paper() }),
        BaselineConfig::Cnn(cnn.clone()),
        BaselineConfig::CnnBn(cnn.clone()),
        BaselineConfig::Tent(OnlineConfig { cnn, tent: TentConfig::default() }),
    ]
}

pub fn small_cnn() -> CnnConfig {
    CnnConfig { channels: 8, hidden: 32, kernel: 3, batch: 32, steps: Some(200), ..CnnConfig::default() }
}

pub fn digits() -> [Images; 2] {
    ["mnist:train[..600]", "mnist:test[..400]"].map(|spec| load(spec).unwrap())
}

pub fn manipulated(data: &Images, spec: &str) -> Images {
    spec.parse::<Manipulation>().unwrap().apply_seeded(data, 1)
}

fn accuracy(baseline: &Baseline, data: &Images) -> f64 {
    let probabilities = baseline.probabilities(data).unwrap();
    Score::of_probabilities(&probabilities, data.labels().unwrap()).unwrap().accuracy
}

/// Mean entropy of the predictions, in nats.
fn entropy(baseline: &Baseline, data: &Images) -> f64 {
    let rows = baseline.probabilities(data).unwrap();
    let of = |row: &Vec<f64>| -row.iter().map(|p| p * p.max(1e-30).ln()).sum::<f64>();
    rows.iter().map(of).sum::<f64>() / rows.len() as f64
}

#[test]
fn every_network_learns_digits() {
    let [train, test] = digits();
    for config in small_networks() {
        let baseline = fit(&config, &train, 1).unwrap();
        let found = accuracy(&baseline, &test);
        assert!(found > 0.75, "{} {found}", config.name());
        assert_eq!((baseline.name(), baseline.image_shape()), (config.name(), Some([1, 28, 28])));
        assert!(baseline.differentiable());
    }
}

#[test]
fn convolutional_networks_can_be_differentiated_in_pixels_and_stay_as_they_are() {
    let [train, test] = digits();
    for config in small_networks().into_iter().skip(2) {
        let config = config.with("cnn.steps", 20.into()).unwrap();
        let baseline = fit(&config, &train, 1).unwrap();
        let before = baseline.probabilities(&test).unwrap();
        let pixels = TensorData::new(test.pixels()[..784 * 8].to_vec(), [8, 784]);
        // One direction, and what all examples' first classes gain along it.
        let along =
            Tensor::<2>::from_data(TensorData::new(test.image(9).to_vec(), [1, 784]), &Device::flex());
        let log_p = |x: Tensor<2>| {
            baseline.log_probabilities(&Observed::of_x(x), &mut []).unwrap().narrow(1, 0, 1).sum()
        };
        let x = Tensor::<2>::from_data(pixels.clone(), &Device::flex().autodiff()).require_grad();
        let gradient = x.grad(&log_p(x.clone()).backward()).unwrap();
        let found = f64::from((gradient * along.clone()).sum().into_scalar::<f32>());
        let at = |step: f64| {
            let x = Tensor::<2>::from_data(pixels.clone(), &Device::flex());
            f64::from(log_p(x + along.clone() * step).into_scalar::<f32>())
        };
        let wanted = (at(2e-3) - at(-2e-3)) / 4e-3;
        assert!((found - wanted).abs() < 0.1 * wanted.abs().max(1.0), "{} {found} {wanted}", config.name());
        assert!(baseline.probabilities(&test).unwrap() == before);
    }
}

#[test]
fn images_of_any_size_are_convolved_and_others_refused() {
    let pixels = (0..40 * 3 * 5 * 9).map(|i| (i as f32 * 0.618).fract()).collect();
    let labels = Some((0..40).map(|i| i % 2).collect());
    let classes = vec!["a".to_string(), "b".to_string()];
    let wide = Images::new("wide", [3, 5, 9], pixels, labels, classes).unwrap();
    let config = BaselineConfig::CnnBn(CnnConfig { steps: Some(3), ..small_cnn() });
    let baseline = fit(&config, &wide, 1).unwrap();
    assert_eq!(baseline.probabilities(&wide).unwrap().len(), 40);
    let turned = Images::new("turned", [3, 9, 5], wide.pixels().to_vec(), None, vec![]).unwrap();
    let text = baseline.probabilities(&turned).unwrap_err().to_string();
    assert!(text.contains("turned are 3×9×5") && text.contains("trained on 3×5×9"), "{text}");
    let points = Points::exclusive_or(40, 1);
    let text = fit(&config, &points, 1).unwrap_err().to_string();
    assert!(text.contains("`cnn-bn` convolves images, and points has none"), "{text}");
}

#[test]
fn a_seed_fixes_a_network_whatever_the_threads() {
    let [train, test] = digits();
    let (train, test) = (train.slice(0..100), test.slice(0..30));
    for config in small_networks().into_iter().skip(2) {
        let config = config.with("cnn.steps", 5.into()).unwrap();
        let with = |threads, seed| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let shift = ["shift:0.2".parse().unwrap()];
            pool.install(|| {
                let fitted =
                    Baseline::fit_manipulated(&config.check().unwrap(), &train, &shift, seed, &mut silent);
                fitted.unwrap().probabilities(&test).unwrap()
            })
        };
        let once = with(1, 7);
        assert!(once == with(3, 7) && once != with(1, 8), "{}", config.name());
    }
}

#[test]
fn networks_learn_from_manipulated_data_what_clean_data_does_not_teach() {
    let [train, test] = digits();
    let shifted = manipulated(&test, "shift-vertical:0.3");
    for config in small_networks().into_iter().filter(|c| ["mlp", "cnn"].contains(&c.name())) {
        let manipulations = ["shift-vertical:0.3", "rotate:10"].map(|spec| spec.parse().unwrap());
        let steps = format!("{}.steps", config.group());
        let config = config.with(&steps, 800.into()).unwrap();
        let plain = fit(&config, &train, 1).unwrap();
        let met = Baseline::fit_manipulated(&config.check().unwrap(), &train, &manipulations, 1, &mut silent)
            .unwrap();
        let (before, after) = (accuracy(&plain, &shifted), accuracy(&met, &shifted));
        assert!(after > before + 0.1, "{} {before} {after}", config.name());
        assert_eq!(met.name(), format!("{}+shift-vertical:0.3|rotate:10", config.name()));
        assert_eq!(met.origin().manipulated, ["shift-vertical:0.3", "rotate:10"]);
    }
    let trees = BaselineConfig::named("trees").unwrap();
    let shift = ["shift:0.2".parse().unwrap()];
    let text = Baseline::fit_manipulated(&trees.check().unwrap(), &train, &shift, 1, &mut silent)
        .unwrap_err()
        .to_string();
    assert!(text.contains("trees+shift:0.2") && text.contains("only networks"), "{text}");
}

#[test]
fn entropy_minimisation_makes_predictions_on_other_contrast_surer_and_better() {
    let [train, test] = digits();
    let config = BaselineConfig::CnnBn(small_cnn());
    let baseline = fit(&config, &train, 1).unwrap();
    let pale = manipulated(&test, "contrast:0.3:0.6");
    let before = accuracy(&baseline, &pale);
    let tent = |epochs| {
        let config = TentConfig { epochs, learning_rate: 1e-2, ..TentConfig::default() };
        baseline.tent(&pale.clone().without_labels(), &config.check().unwrap(), 1, &mut silent).unwrap()
    };
    let (short, long) = (tent(1), tent(10));
    assert!(accuracy(&short, &pale) > before + 0.1, "{before} {}", accuracy(&short, &pale));
    assert!(accuracy(&long, &pale) > before + 0.1, "{before} {}", accuracy(&long, &pale));
    let [once, often] = [&short, &long].map(|baseline| entropy(baseline, &pale));
    assert!(often < once - 0.05, "{once} {often}");
    // Others of the same contrast are read as well, and the baseline is as it was.
    let others = manipulated(&load("mnist:test[400..800]").unwrap(), "contrast:0.3:0.6");
    assert!(accuracy(&long, &others) > accuracy(&baseline, &others) + 0.1);
    assert_eq!(accuracy(&baseline, &pale), before);
    assert_eq!((long.name(), long.origin().adaptations.len()), ("cnn-bn-tent", 1));

    let cnn = fit(&BaselineConfig::Cnn(CnnConfig { steps: Some(1), ..small_cnn() }), &train, 1);
    let text = cnn
        .unwrap()
        .tent(&pale, &TentConfig::default().check().unwrap(), 1, &mut silent)
        .unwrap_err()
        .to_string();
    assert!(text.contains("`cnn` has none; give a `cnn-bn`"), "{text}");
    let refused = TentConfig { batch: 1, ..TentConfig::default() }.check();
    assert!(refused.unwrap_err().to_string().contains("tent.batch = 1"));
}

#[test]
fn tent_adapts_to_what_it_predicts_and_forgets_it() {
    let [train, test] = digits();
    let online = |tent| {
        let config = BaselineConfig::Tent(OnlineConfig { cnn: small_cnn(), tent });
        fit(&config, &train, 1).unwrap()
    };
    let tent = online(TentConfig { learning_rate: 1e-2, ..TentConfig::default() });
    let pale = manipulated(&test, "contrast:0.3:0.6");
    let plain = fit(&BaselineConfig::CnnBn(small_cnn()), &train, 1).unwrap();
    assert!(accuracy(&tent, &pale) > accuracy(&plain, &pale) + 0.1);
    let clean = tent.probabilities(&test).unwrap();
    tent.probabilities(&pale).unwrap();
    assert!(tent.probabilities(&test).unwrap() == clean);
    // The first of its batches is predicted before any step, the others are not.
    let still = online(TentConfig { learning_rate: 1e-30, ..TentConfig::default() });
    let same = still.probabilities(&test).unwrap().iter().zip(&clean).filter(|(a, b)| a == b).count();
    assert_eq!(same, 200);
}

#[test]
#[ignore = "trains for minutes; run with --release"]
fn the_default_networks_are_strong_on_all_of_mnist() {
    let [train, test] = ["mnist:train", "mnist:test"].map(|spec| load(spec).unwrap());
    for (name, least) in [("cnn", 0.99), ("cnn-bn", 0.99), ("mlp-paper", 0.975)] {
        let began = std::time::Instant::now();
        let config = BaselineConfig::named(name).unwrap();
        let baseline = fit(&config, &train, 1).unwrap();
        let found = accuracy(&baseline, &test);
        println!("{name} {found} {:?}", began.elapsed());
        assert!(found > least, "{name} {found}");
    }
}
