//! Exported restorers of images give what the library gives.

use std::sync::OnceLock;

use burn::tensor::{Tensor, TensorData};
use cama::data::{self, Images};
use cama::manipulation::Manipulation;
use cama::mechanism::{AffineConfig, MechanismConfig};
use cama::{
    Cama, Card, Classifier, Config, DeepCama, Initialisation, M, ModelConfig, Observed, TrunkConfig, device,
};
use cama_onnx::{
    ExportOptions, Layout, OnnxClassifier, OnnxOptions, OutputKind, PROBABILITIES, RESTORED, Reads, Undone,
    export,
};

use crate::exported::{TOLERANCE, furthest, run};

/// A digit classifier that has learnt a little of everything.
fn fitted() -> &'static Cama {
    static FITTED: OnceLock<Cama> = OnceLock::new();
    FITTED.get_or_init(|| {
        let clean = data::load("mnist:train[..190]").unwrap();
        let configure = |config: &mut cama::FitConfig| {
            (config.model.z, config.model.network.hidden) = (4, 24);
            if let TrunkConfig::Convolutional(trunk) = &mut config.model.network.trunk {
                trunk.channels = 6;
            }
            (config.train.epochs, config.dream.steps, config.direct.epochs) = (1, 150, 2);
            (config.direct.channels, config.direct.hidden) = (6, 16);
        };
        Cama::builder(&clean).configure(configure).seed(1).fit().unwrap()
    })
}

/// A model of images of this shape with random weights.
fn random(shape: [usize; 3], change: impl FnOnce(&mut ModelConfig)) -> Cama {
    let mut config = ModelConfig::fast(shape, 3);
    (config.z, config.network.hidden) = (2, 12);
    // So wide a prior that random weights move and turn images far.
    let affine = AffineConfig { translation: [3.0, 3.0], rotation: 20.0, log_scale: [3.0, 3.0], shear: 5.0 };
    config.mechanisms[0] = MechanismConfig::Affine(affine);
    change(&mut config);
    let model = DeepCama::new(&config.check().unwrap(), 3, &device("cpu").unwrap());
    Cama::bare(model).with_card(Card { dream_steps: 1, ..Card::default() })
}

fn mean() -> ExportOptions {
    ExportOptions { m: Some(M::Mean), ..ExportOptions::default() }
}

/// Pixels that are anything in [0, 1].
fn pixels(n: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7919 + i / 13 * 31) % 101) as f32 / 100.0).collect()
}

fn tensor(x: &[f32], n: usize) -> Tensor<2> {
    Tensor::from_data(TensorData::new(x.to_vec(), [n, x.len() / n]), &device("cpu").unwrap())
}

fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().iter::<f32>().collect()
}

/// Digits that were turned, moved and faded.
fn manipulated(n: usize) -> Images {
    let clean = data::load(&format!("mnist:test[..{n}]")).unwrap();
    "rotate:40+shift:0.2+contrast:0.4:0.8".parse::<Manipulation>().unwrap().apply_seeded(&clean, 1)
}

#[test]
fn what_a_fitted_model_undoes_is_undone_alike() {
    let cama = fitted();
    let images = manipulated(40);
    let (x, n) = (images.pixels().to_vec(), images.len());
    let options = ExportOptions { classifier: true, ..mean() };
    let exported = export(cama, &options).unwrap();
    assert_eq!(exported.undone(), &Undone::Inferred);
    let dims = [n, 1, 28, 28];

    let restored = cama::restore(cama.model(), &Observed::of_x(tensor(&x, n)));
    let found = run(&exported, &dims, &x, RESTORED);
    assert!(furthest(&found, &host(restored.clone())) < TOLERANCE);
    assert!(furthest(&found, &x) > 0.3, "it undoes something");

    // Parameters in their units, as prediction has them.
    let predictor = cama.predictor().guard(false).configure(|config| config.m = M::Mean);
    let decisions = predictor.predict(&images).unwrap();
    let parameters = cama.model().mechanisms().unwrap().parameters();
    let [values, sds] = ["parameters", "parameters_sd"].map(|name| run(&exported, &dims, &x, name));
    for (i, decision) in decisions.iter().enumerate() {
        for (j, parameter) in parameters.iter().enumerate() {
            let (m, sd) = (f64::from(decision.m[j]), f64::from(decision.m_sd[j]));
            let at = i * parameters.len() + j;
            // Degrees and pixels are large numbers.
            let close = |found: f32, wanted: f64| {
                assert!((f64::from(found) - wanted).abs() < 1e-4 * (1.0 + wanted.abs()), "{found} {wanted}");
            };
            close(values[at], parameter.value(m));
            close(sds[at], parameter.sd(m, sd));
        }
    }

    let direct = cama.direct().unwrap();
    for (name, x_of) in PROBABILITIES.into_iter().zip([restored, tensor(&x, n)]) {
        let wanted = host(direct.forward(&Observed::of_x(x_of)).exp());
        assert!(furthest(&run(&exported, &dims, &x, name), &wanted) < TOLERANCE, "{name}");
    }
}

#[test]
fn a_field_is_cleared_before_m_is_inferred() {
    let field = || {
        let mut field = MechanismConfig::named("field").unwrap();
        if let MechanismConfig::Field(field) = &mut field {
            field.channels = 4;
        }
        field
    };
    for (shape, alone) in [([1, 28, 28], false), ([3, 9, 14], false), ([1, 7, 5], true)] {
        let cama = random(shape, |config| match alone {
            true => config.mechanisms = vec![field()],
            false => *config.mechanisms.last_mut().unwrap() = field(),
        });
        let x = pixels(4 * shape.iter().product::<usize>());
        let exported = export(&cama, &mean()).unwrap();
        // A field alone has no parameters.
        assert_eq!(exported.tensors().len(), if alone { 2 } else { 4 });
        let wanted = host(cama::restore(cama.model(), &Observed::of_x(tensor(&x, 4))));
        let found = run(&exported, &[4, shape[0], shape[1], shape[2]], &x, RESTORED);
        assert!(furthest(&found, &wanted) < TOLERANCE, "{shape:?}");
    }
}

#[test]
fn colours_odd_sides_pooling_and_every_version_of_the_operators() {
    let photometric = || MechanismConfig::named("photometric").unwrap();
    let pooled = |config: &mut ModelConfig| {
        let TrunkConfig::Convolutional(trunk) = &mut config.network.trunk else { unreachable!() };
        (trunk.pooling, trunk.channels) = (true, 5);
        (config.network.initialisation, config.network.negative_slope) = (Initialisation::Uniform, 0.0);
        config.mechanisms = vec![photometric(), config.mechanisms[0].clone()];
    };
    let with_latent = |config: &mut ModelConfig| {
        config.mechanisms.insert(1, MechanismConfig::named("latent").unwrap());
    };
    let models = [
        random([3, 13, 18], |_| {}),
        random([1, 9, 28], pooled),
        random([2, 7, 5], with_latent),
        random([1, 1, 3], |_| {}),
    ];
    for (i, cama) in models.iter().enumerate() {
        let shape = cama.model().config().data.image().unwrap();
        let n = 5;
        let x = pixels(n * shape.iter().product::<usize>());
        let dims = [n, shape[0], shape[1], shape[2]];
        let wanted = host(cama::restore(cama.model(), &Observed::of_x(tensor(&x, n))));
        assert!(i == 3 || furthest(&wanted, &x) > 0.05, "model {i} undoes something");
        for opset in cama_onnx::OPSETS {
            let exported = export(cama, &ExportOptions { opset, ..mean() }).unwrap();
            let apart = furthest(&run(&exported, &dims, &x, RESTORED), &wanted);
            assert!(apart < TOLERANCE, "model {i}, opset {opset}: {apart}");
        }
    }
}

#[test]
fn layouts_are_layouts_of_the_same() {
    let cama = random([3, 6, 8], |_| {});
    let x = pixels(2 * 3 * 6 * 8);
    let wanted = run(&export(&cama, &mean()).unwrap(), &[2, 3, 6, 8], &x, RESTORED);
    let last = |x: &[f32]| -> Vec<f32> {
        let of = |image: &[f32]| -> Vec<f32> { (0..144).map(|i| image[i % 3 * 48 + i / 3]).collect() };
        x.chunks(144).flat_map(of).collect()
    };
    let exported = |layout| export(&cama, &ExportOptions { layout, ..mean() });
    let flat = run(&exported(Layout::Flat).unwrap(), &[2, 144], &x, RESTORED);
    assert_eq!(flat, wanted);
    let nhwc = run(&exported(Layout::Nhwc).unwrap(), &[2, 6, 8, 3], &last(&x), RESTORED);
    assert_eq!(nhwc, last(&wanted));
    let error = exported(Layout::Nhw).unwrap_err().to_string();
    assert!(error.contains("the images have colours"), "{error}");
    let grey = random([1, 6, 8], |_| {});
    let wanted = run(&export(&grey, &mean()).unwrap(), &[2, 1, 6, 8], &x[..96], RESTORED);
    let options = ExportOptions { layout: Layout::Nhw, ..mean() };
    assert_eq!(run(&export(&grey, &options).unwrap(), &[2, 6, 8], &x[..96], RESTORED), wanted);
}

#[test]
fn what_is_not_to_be_undone_is_not() {
    let cama = fitted();
    // It has met no manipulated data: what to export is for the user to say.
    let error = export(cama, &ExportOptions::default()).unwrap_err().to_string();
    assert!(error.contains("run `cama adapt` first"), "{error}");
    let null = ExportOptions { m: Some(M::Null), classifier: true, ..ExportOptions::default() };
    let exported = export(cama, &null).unwrap();
    let x = pixels(2 * 784);
    assert_eq!(run(&exported, &[2, 1, 28, 28], &x, RESTORED), x);
    assert_eq!(exported.tensors().len(), 3, "input, the same again, and its probabilities");

    // Clean data asks for no restoration: the adaptation rolls back.
    let clean = data::load("mnist:test[..120]").unwrap();
    let quick = |config: &mut cama::AdaptConfig| config.steps = 2;
    let rolled_back = cama.adapt(&clean).configure(quick).run().unwrap();
    assert_eq!(rolled_back.report().unwrap().outcome, cama::Outcome::RolledBack);
    let exported = export(&rolled_back, &ExportOptions::default()).unwrap();
    let Undone::Nothing(why) = exported.undone() else { panic!("{:?}", exported.undone()) };
    assert!(why.contains("was rolled back: "), "{why}");
    assert_eq!(run(&exported, &[2, 1, 28, 28], &x, RESTORED), x);

    let untrained = random([1, 6, 8], |_| {}).with_card(Card::default());
    let error = export(&untrained, &mean()).unwrap_err().to_string();
    assert!(error.contains("neither dreamt"), "{error}");
    let global = ExportOptions { m: Some(M::Global), ..ExportOptions::default() };
    assert!(export(cama, &global).unwrap_err().to_string().contains("only a factor model"));
    let none = random([1, 6, 8], |config| config.mechanisms.clear());
    assert!(export(&none, &mean()).unwrap_err().to_string().contains("nothing to export"));
    let old = ExportOptions { opset: 11, ..mean() };
    assert!(export(cama, &old).unwrap_err().to_string().contains("from 16 to 22"));
}

#[test]
fn our_own_reader_takes_the_probabilities() {
    let cama = fitted();
    let options = ExportOptions { classifier: true, ..mean() };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("restorer.onnx");
    export(cama, &options).unwrap().write(&path).unwrap();
    let reads = Reads::Images { shape: [1, 28, 28] };
    let classifier = OnnxClassifier::open(&path, &OnnxOptions::default(), reads, cama.classes()).unwrap();
    assert_eq!(classifier.output_kind(), OutputKind::Probabilities);
    let images = manipulated(8);
    let observed = Observed::of_x(tensor(images.pixels(), 8));
    let restored = cama::restore(cama.model(), &observed);
    let wanted = host(cama.direct().unwrap().forward(&Observed::of_x(restored)).exp());
    let found = host(classifier.log_probabilities(&observed, &mut []).unwrap().exp());
    assert!(furthest(&found, &wanted) < TOLERANCE);
}
