//! The field mechanism: what it learns from dreams on real digits, beside the others, and as a part of a model.

use burn::tensor::{Tensor, TensorData};
use cama::data::{self, Images, TableShape};
use cama::manipulation::Manipulation;
use cama::mechanism::{FieldConfig, MechanismConfig};
use cama::{
    Cama, Config, DeepCama, M, ModelConfig, Observed, PredictConfig, device, dream_field, predict, restore,
    silent,
};

use crate::common::convolutional;

/// A small model of digits with a small field, which has dreamt so many steps.
fn model(mechanisms: &str, steps: usize) -> DeepCama {
    let settings =
        FieldConfig { channels: 12, steps, batch: 32, learning_rate: 5e-3, ..FieldConfig::default() };
    let mut config = ModelConfig {
        z: 4,
        mechanisms: MechanismConfig::parse_list(mechanisms).unwrap(),
        ..ModelConfig::fast([1, 28, 28], 10)
    };
    for mechanism in &mut config.mechanisms {
        if let MechanismConfig::Field(field) = mechanism {
            *field = settings.clone();
        }
    }
    config.network.hidden = 16;
    config.network.trunk = convolutional(4, 3);
    let model = DeepCama::new(&config.check().unwrap(), 1, &device("cpu").unwrap());
    let clean = data::load("mnist:train[..600]").unwrap();
    dream_field(model, &clean, 0.25, 3, &mut silent).unwrap()
}

fn observed(images: &Images) -> Observed {
    let shape = [images.len(), images.volume()];
    Observed::of_x(Tensor::from_data(
        TensorData::new(images.pixels().to_vec(), shape),
        &device("cpu").unwrap(),
    ))
}

fn restored(model: &DeepCama, images: &Images) -> Vec<f32> {
    restore(model, &observed(images)).into_data().iter::<f32>().collect()
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>() / a.len() as f64
}

#[test]
fn what_was_done_to_digits_is_undone_by_what_has_only_seen_clean_ones() {
    let model = model("field", 150);
    let digits = data::load("mnist:test[..100]").unwrap();
    for (spec, share) in [("invert", 0.35), ("invert-part:0.5", 0.5), ("noise:0.3", 0.5), ("ramp:0.5", 0.8)] {
        let seen = spec.parse::<Manipulation>().unwrap().apply_seeded(&digits, 1);
        let before = distance(seen.pixels(), digits.pixels());
        let after = distance(&restored(&model, &seen), digits.pixels());
        assert!(after < share * before, "{spec}: {before} {after}");
    }
    // What is covered, and what is inverted, is told where it is.
    let half = "invert-part:=0.5".parse::<Manipulation>().unwrap().apply_seeded(&digits, 1);
    let field = model.field().unwrap();
    for (i, maps) in field.maps(&field.posterior(observed(&half).x)).iter().enumerate() {
        let inverted: Vec<bool> =
            half.image(i).iter().zip(digits.image(i)).map(|(seen, clean)| seen != clean).collect();
        let told = maps.inverted.iter().zip(&inverted).filter(|(p, was)| (**p > 0.5) == **was).count();
        assert!(told > 500, "image {i}: {told} of 784");
    }
}

#[test]
fn the_seed_fixes_what_is_learnt_and_bytes_keep_it() {
    let digits = data::load("mnist:test[..5]").unwrap();
    let (one, same) = (model("affine,field", 3), model("affine,field", 3));
    assert_eq!(restored(&one, &digits), restored(&same, &digits));
    let stored = Cama::bare(one.clone()).to_bytes().unwrap();
    let loaded = Cama::from_bytes(&stored).unwrap();
    assert_eq!(restored(loaded.model(), &digits), restored(&one, &digits));
    assert_eq!(loaded.model().config(), one.config());
}

#[test]
fn a_field_is_attached_and_taken_away_and_keeps_its_weights() {
    let digits = data::load("mnist:test[..5]").unwrap();
    let both = model("affine,field", 3);
    let mechanisms = both.config().mechanisms.clone();
    let only = both.clone().attach(&mechanisms[1..], 0).unwrap();
    assert!(only.mechanisms().is_none() && only.restores() && only.infers());
    let x = observed(&digits);
    let cleared = |model: &DeepCama| model.cleared(&x, true).x.into_data().iter::<f32>().collect::<Vec<_>>();
    assert_eq!(cleared(&only), cleared(&both));
    let without = both.clone().attach(&mechanisms[..1], 0).unwrap();
    assert!(without.field().is_none());
    assert_eq!(cleared(&without), digits.pixels());
    // Other settings, other weights.
    let mut other = mechanisms.clone();
    if let MechanismConfig::Field(field) = &mut other[1] {
        field.steps += 1;
    }
    assert_ne!(cleared(&both.attach(&other, 0).unwrap()), cleared(&only));
}

#[test]
fn a_model_with_a_field_alone_infers_and_predicts() {
    let digits = data::load("mnist:test[..6]").unwrap();
    let model = model("field", 2);
    let predicted = |m| {
        let config = PredictConfig { m, samples: 2, ..PredictConfig::default() };
        predict(&model, &digits, &config.check().unwrap()).unwrap()
    };
    // What is inferred is undone before the digit is explained.
    let cleared = digits.with_pixels("cleared", restored(&model, &digits)).unwrap();
    let config = PredictConfig { samples: 2, ..PredictConfig::default() }.check().unwrap();
    // The samples of z are others, as they follow from what an example holds.
    let cleared = predict(&model, &cleared, &config).unwrap();
    for ((mean, null), cleared) in predicted(M::Mean).iter().zip(&predicted(M::Null)).zip(&cleared) {
        let [mean, null] = [mean, null].map(|predicted| (predicted.log_px - cleared.log_px).abs());
        assert!(mean < 15.0 && null > 30.0, "{mean} {null}");
    }
}

#[test]
fn a_field_alone_is_kept_or_not_without_steps_of_eq_8() {
    let digits = data::load("mnist:test[..40]").unwrap();
    let clean = data::load("mnist:train[..40]").unwrap();
    let cama = Cama::bare(model("field", 2));
    let adaptation =
        cama.adapt(&digits).clean(&clean).guard(false).configure(|config| config.validation = 10);
    let adapted = adaptation.run().unwrap();
    assert_eq!(adapted.report().unwrap().steps, 0);
    assert_eq!(adapted.model().config().mechanisms, cama.model().config().mechanisms);
}

#[test]
fn wrong_settings_are_refused_and_tables_too() {
    let mut config = ModelConfig::fast([1, 28, 28], 10);
    for (change, part) in [
        ((|field: &mut FieldConfig| field.grid = 1) as fn(&mut FieldConfig), "field.grid = 1"),
        (|field| field.dreams.noisy = 1.5, "field.dreams.noisy = 1.5"),
        (|field| field.log_gain = 0.0, "field.log_gain = 0"),
        (|field| field.learning_rate = 2.0, "field.learning_rate = 2"),
    ] {
        let mut field = FieldConfig::default();
        change(&mut field);
        config.mechanisms = vec![MechanismConfig::Field(field)];
        let text = config.clone().check().unwrap_err().to_string();
        assert!(text.contains(part), "{text}");
    }
    let table = TableShape { parents: 1, ..TableShape::default() };
    let text = MechanismConfig::named("field").unwrap().check_data(&table.into()).unwrap_err().to_string();
    assert!(text.contains("it acts on images"), "{text}");
}
