//! Training, dreaming and adaptation on real digits, small enough to be run always.

use std::ops::ControlFlow;
use std::sync::OnceLock;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use cama::data::{self, Images};
use cama::manipulation::Manipulation;
use cama::mechanism::MechanismConfig;
use cama::{
    AdaptConfig, Adapted, Augmentation, Cama, Checkpoints, Config, Decider, DeepCama, DreamConfig, Error,
    Event, M, MChoice, ModelConfig, Outcome, PredictConfig, Previous, TrainConfig, Unlabelled, adapt, device,
    dream, predict, silent,
};

use crate::common::{convolutional, train_on, train_with};

/// A small model with these mechanisms, not trained.
fn untrained(mechanisms: &str) -> DeepCama {
    let mut config = ModelConfig {
        z: 16,
        mechanisms: MechanismConfig::parse_list(mechanisms).unwrap(),
        ..ModelConfig::fast([1, 28, 28], 10)
    };
    config.network.hidden = 96;
    config.network.trunk = convolutional(12, 3);
    DeepCama::new(&config.check().unwrap(), 1, &device("cpu").unwrap())
}

fn clean() -> Images {
    data::load("mnist:train[..6000]").unwrap()
}

/// A model trained on clean digits, made once for all tests.
fn trained() -> DeepCama {
    static MODEL: OnceLock<DeepCama> = OnceLock::new();
    let make = || {
        let config = TrainConfig { epochs: 5, validation: 300, warm_up: 50, ..TrainConfig::fast() };
        let trained = train_on(untrained("affine"), &clean(), None, &config, 1).unwrap();
        let dreams = DreamConfig { steps: 400, ..DreamConfig::default() }.check().unwrap();
        dream(trained.model, &clean(), &dreams, 1, &mut silent).unwrap()
    };
    MODEL.get_or_init(make).clone()
}

fn accuracy(model: &DeepCama, images: &Images, m: MChoice) -> f64 {
    let config = PredictConfig { samples: 4, m, ..PredictConfig::default() }.check().unwrap();
    let predicted = predict(model, images, &config).unwrap();
    let right = predicted.iter().zip(images.labels().unwrap()).filter(|(p, y)| p.class == **y).count();
    right as f64 / images.len() as f64
}

/// Path and bits of every tensor.
#[derive(Default)]
struct Tensors {
    path: Vec<String>,
    found: Vec<(String, Vec<u32>)>,
}

impl ModuleVisitor for Tensors {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.into());
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let bits = param.val().into_data().iter::<f32>().map(f32::to_bits).collect();
        self.found.push((self.path.join("."), bits));
    }
}

fn tensors(model: &DeepCama) -> Vec<(String, Vec<u32>)> {
    let mut tensors = Tensors::default();
    model.visit(&mut tensors);
    tensors.found
}

#[test]
fn adaptation_recovers_shifted_digits_and_changes_nothing_but_the_parts_of_m() {
    let model = trained();
    let shift: Manipulation = "shift-vertical:0.25".parse().unwrap();
    let unlabelled = shift.apply_seeded(&data::load("mnist:test[..600]").unwrap(), 1).without_labels();
    let others = data::load("mnist:test[5000..5400]").unwrap();
    let shifted = shift.apply_seeded(&others, 2);
    let config = AdaptConfig { steps: 60, validate_every: 20, validation: 100, ..AdaptConfig::default() };
    let config = config.check().unwrap();
    let previous = Previous { decider: Decider::bare(&model), m: M::Null, begins_stream: false, seed: 0 };
    let unlabelled = Unlabelled::whole(&unlabelled);
    let Adapted { model: adapted, report, .. } =
        adapt(&model, unlabelled, Some(&clean()), &config, previous, 1, &mut silent).unwrap();
    assert_eq!(report.outcome, Outcome::Adapted);
    assert!(report.elbo_after > report.elbo_before);

    let (before, after) = (accuracy(&model, &shifted, M::Null), accuracy(&adapted, &shifted, M::Mean));
    assert!(before < 0.65, "the shift breaks the clean model: {before}");
    assert!(after > 0.85, "adaptation recovers: {after}, from {before}");
    let clean_before = accuracy(&model, &others, M::Null);
    let clean_after = accuracy(&adapted, &others, M::Mean);
    assert!(clean_after >= clean_before - 0.02, "clean digits: {clean_after}, before {clean_before}");

    let (before, after) = (tensors(&model), tensors(&adapted));
    assert_eq!(before.len(), after.len());
    for ((path, old), (_, new)) in before.iter().zip(&after) {
        assert_eq!(path.starts_with("m."), old != new, "{path}: only q2 and NN_M may change, and they must");
    }
}

#[test]
fn the_guard_rolls_back_to_what_predicted_before() {
    let previous = trained();
    // Clean images, and mechanisms that have learnt nothing: inferring m only costs, so do(m = 0) must stand.
    let mechanisms = MechanismConfig::parse_list("affine,photometric").unwrap();
    let model = previous.clone().attach(&[], 1).unwrap().attach(&mechanisms, 1).unwrap();
    let unlabelled = data::load("mnist:test[..200]").unwrap();
    let config = AdaptConfig { steps: 6, validate_every: 2, validation: 40, ..AdaptConfig::default() };
    let config = config.check().unwrap();
    let before = Previous { decider: Decider::bare(&previous), m: M::Null, begins_stream: false, seed: 0 };
    let unlabelled = Unlabelled::whole(&unlabelled);
    let adapted = adapt(&model, unlabelled, Some(&clean()), &config, before, 1, &mut silent).unwrap();
    assert_eq!(adapted.report.outcome, Outcome::RolledBack);
    assert_eq!(adapted.report.kept_step, 0);
    assert_eq!(adapted.report.clean_after, adapted.report.clean_before);
    assert_eq!(tensors(&adapted.model), tensors(&previous));
    assert_eq!(adapted.model.config(), previous.config());
}

#[test]
fn mechanisms_come_and_go_and_every_such_model_can_be_stored() {
    let model = trained();
    let folder = tempfile::tempdir().unwrap();
    let mut model = model;
    for list in ["latent", "affine,latent", "affine", "none", "photometric"] {
        let clean_part = |model: &DeepCama| -> Vec<_> {
            tensors(model)
                .into_iter()
                .filter(|(path, _)| path.starts_with("p.nn") || path.contains("trunk"))
                .collect()
        };
        let before = clean_part(&model).into_iter().filter(|(p, _)| !p.starts_with("m.")).collect::<Vec<_>>();
        model = model.attach(&MechanismConfig::parse_list(list).unwrap(), 3).unwrap();
        let after = clean_part(&model).into_iter().filter(|(p, _)| !p.starts_with("m.")).collect::<Vec<_>>();
        assert_eq!(before, after, "{list}");
        let path = folder.path().join(list);
        Cama::bare(model.clone()).save(&path).unwrap();
        let loaded = Cama::load(&path).unwrap();
        assert_eq!(tensors(loaded.model()), tensors(&model), "{list}");
    }
    let mut other = MechanismConfig::parse_list("latent").unwrap();
    if let MechanismConfig::Latent(latent) = &mut other[0] {
        latent.dim = 5;
    }
    let model = model.attach(&MechanismConfig::parse_list("latent").unwrap(), 1).unwrap();
    let model = model.attach(&other, 1).unwrap();
    let images = data::load("mnist:test[..2]").unwrap();
    let config = PredictConfig { samples: 1, m: M::Sample, ..PredictConfig::default() }.check().unwrap();
    assert_eq!(predict(&model, &images, &config).unwrap()[0].m.len(), 5);
}

#[test]
fn latent_and_known_manipulations_train() {
    let model = untrained("latent,affine");
    let before = tensors(&model);
    let small = data::load("mnist:train[..400]").unwrap();
    let config = TrainConfig { epochs: 1, validation: 100, ..TrainConfig::fast() };
    let shifts = Augmentation::Manipulations(vec!["shift-vertical:0.5".parse().unwrap()]);
    let trained = train_on(model.clone(), &small, Some(&shifts), &config, 1).unwrap();
    for ((path, old), (_, new)) in before.iter().zip(&tensors(&trained.model)) {
        assert_ne!(old, new, "{path} is trained by Eq. 5");
    }
    let model = untrained("affine");
    let before = tensors(&model);
    let known = train_on(model, &small, Some(&Augmentation::Mechanisms), &config, 1).unwrap();
    for ((path, old), (_, new)) in before.iter().zip(&tensors(&known.model)) {
        assert_eq!(old == new, path.starts_with("m."), "{path}: q2 has nothing to learn where m is known");
    }
}

#[test]
fn a_lambda_at_either_end_learns_from_one_kind_of_data_alone() {
    let model = untrained("latent");
    let digits = data::load("mnist:train[..300]").unwrap();
    let blank = digits.map_images("blank", |_, image| image.fill(0.0));
    let losses = |lambda: f64, clean: &Images, manipulated: Option<&Images>| {
        let config = TrainConfig { epochs: 1, validation: 100, warm_up: 0, lambda, ..TrainConfig::fast() };
        let augmentation = manipulated.cloned().map(Augmentation::Data);
        let trained = train_on(model.clone(), clean, augmentation.as_ref(), &config, 1).unwrap();
        (trained.history[0].train_loss, tensors(&trained.model))
    };
    assert_eq!(losses(1.0, &digits, Some(&blank)), losses(1.0, &digits, None), "Eq. 3");
    let only_blank = losses(0.0, &digits, Some(&blank));
    assert_eq!(only_blank, losses(0.0, &blank, Some(&blank)), "Eq. 4");
    let mut of_q2 =
        only_blank.1.iter().zip(tensors(&model)).filter(|((path, _), _)| path.starts_with("m.q2"));
    assert!(of_q2.any(|((_, new), (_, old))| *new != old), "q2 is trained by Eq. 4");
}

#[test]
fn a_resumed_run_ends_with_the_same_bytes_as_an_unbroken_one() {
    let small = data::load("mnist:train[..500]").unwrap();
    let shifts = Augmentation::Manipulations(vec!["shift:0.3".parse().unwrap()]);
    let config = TrainConfig { epochs: 3, validation: 100, patience: 2, ..TrainConfig::fast() };
    let run = |checkpoints: Option<&Checkpoints>, stop_after: usize| {
        let mut observer = |event: Event| match event {
            Event::Epoch(epoch) if epoch.epoch == stop_after => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        let model = untrained("latent");
        train_with(model, &small, Some(&shifts), &config, 7, checkpoints, &mut observer).unwrap()
    };
    let unbroken = run(None, 0);
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::new(folder.path().join("checkpoints"), "the same run");
    assert!(run(Some(&checkpoints), 1).stopped);
    assert!(checkpoints.exist());
    let resumed = run(Some(&checkpoints), 0);
    assert_eq!(tensors(&resumed.model), tensors(&unbroken.model));
    let elbos = |t: &cama::Trained| t.history.iter().map(|e| e.elbo.to_bits()).collect::<Vec<_>>();
    assert_eq!(elbos(&resumed), elbos(&unbroken));

    let other = Checkpoints::new(folder.path().join("checkpoints"), "another run");
    let refused = train_with(untrained("latent"), &small, None, &config, 7, Some(&other), &mut silent);
    let refused = refused.unwrap_err();
    assert!(refused.to_string().contains("another run"), "{refused}");
}

#[test]
fn nan_in_the_weights_stops_training_and_names_the_step() {
    struct Poison;
    impl burn::module::ModuleMapper for Poison {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|w| w.mul_scalar(f32::NAN))
        }
    }
    let model = trained().map(&mut Poison);
    let small = data::load("mnist:train[..300]").unwrap();
    let config = TrainConfig { epochs: 1, validation: 100, ..TrainConfig::fast() };
    let error = train_on(model.clone(), &small, None, &config, 1).unwrap_err();
    assert!(matches!(error, Error::Diverged(_)) && error.to_string().contains("step 1"), "{error}");
    let error = predict(&model, &small, &PredictConfig::default().check().unwrap()).unwrap_err();
    assert!(matches!(error, Error::Diverged(_)), "{error}");
}
