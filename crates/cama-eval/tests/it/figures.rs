//! Panels show what they say, on an untrained model.

use cama::data::Images;
use cama::manipulation::Manipulation;
use cama::{
    Config, ContextFrom, DecideConfig, Decider, DeepCama, Guard, M, MChoice, Observed, PredictConfig,
    Predictor, Rule,
};
use cama_eval::pictures::{Picture, inferred, reconstructions, restored, samples, walk};
use cama_eval::{Evaluated, evaluate};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn model(mechanisms: &str) -> DeepCama {
    crate::model(mechanisms, [4, 4, 16], 1)
}

fn digits(n: usize) -> Images {
    cama::data::load(&format!("mnist:test[..{n}]")).unwrap()
}

fn one_sample(m: MChoice) -> PredictConfig {
    PredictConfig { samples: 1, m, ..PredictConfig::default() }
}

#[test]
fn images_stand_over_their_reconstructions() {
    let images = digits(3);
    for m in [M::Null, M::Mean] {
        let panel = reconstructions(&model("latent,affine"), &images, &one_sample(m)).unwrap();
        assert_eq!(panel.strips.len(), 2);
        assert_eq!(panel.strips[0].images[2], images.image(2));
        assert_eq!(panel.strips[1].images.len(), 3);
        assert!(panel.strips[1].images.iter().flatten().all(|pixel| pixel.is_finite()));
    }
}

#[test]
fn what_was_inferred_is_undone() {
    let (model, originals) = (model("affine"), digits(3));
    let seen = Manipulation::parse("rotate:=40").unwrap().apply_seeded(&originals, 1);
    let panel = inferred(&model, &seen, Some(&originals), originals.classes(), &one_sample(M::Null)).unwrap();
    let labels: Vec<&str> = panel.strips.iter().map(|strip| strip.label.as_str()).collect();
    assert_eq!(labels, ["original", "seen", "do(m=0)"]);
    assert_eq!(panel.columns.len(), 3);
    assert_eq!(inferred(&model, &seen, None, &[], &one_sample(M::Null)).unwrap().strips.len(), 2);
}

/// Bayes' rule alone.
fn bayes<'a>(model: &'a DeepCama, guard: Option<&'a Guard>, predict: PredictConfig) -> Predictor<'a> {
    let decider = Decider { guard, ..Decider::bare(model) };
    let config = DecideConfig { rule: Rule::Bayes, predict };
    Predictor { decider, config, surveyed: None, context_from: ContextFrom::Batch }
}

#[test]
fn what_is_restored_stands_under_what_was_seen_and_over_what_was_inferred() {
    let (model, originals) = (model("affine"), digits(4));
    let seen = Manipulation::parse("shift:0.2").unwrap().apply_seeded(&originals, 1);
    let draw = |originals| {
        restored(&bayes(&model, None, one_sample(M::Null)), &seen, originals, seen.classes()).unwrap()
    };
    let panel = draw(Some(&originals));
    let labels: Vec<&str> = panel.strips.iter().map(|strip| strip.label.as_str()).collect();
    assert_eq!(labels, ["truth", "seen", "restored", "do(m=0)"]);
    assert_eq!((panel.columns.len(), panel.captions.len()), (4, 4));
    assert_eq!(draw(None).strips, panel.strips[1..]);

    let pixels = burn::tensor::TensorData::new(seen.pixels().to_vec(), [4, seen.volume()]);
    let pixels = burn::tensor::Tensor::<2>::from_data(pixels, &model.device());
    let undone = cama::restore(&model, &Observed::of_x(pixels)).into_data().iter::<f32>().collect::<Vec<_>>();
    let drawn = panel.strips[2].images.concat();
    assert!(undone.iter().zip(&drawn).all(|(a, b)| (a - b).abs() < 1e-5));
    assert_ne!(panel.strips[2].images, panel.strips[1].images);
    assert!(panel.strips[2].framed.is_empty());
    // What is wrong is said to be, and nothing else.
    let labels = seen.labels().unwrap();
    for ((class, caption), label) in panel.columns.iter().zip(&panel.captions).zip(labels) {
        assert_eq!(caption.contains(&format!("(it is {label})")), class != &label.to_string(), "{caption}");
    }
    for name in ["latent", "none"] {
        let model = self::model(name);
        let error = restored(&bayes(&model, None, one_sample(M::Null)), &seen, None, &[]).unwrap_err();
        assert!(error.to_string().starts_with(&format!("mechanism = {name}: must be explicit")), "{error}");
    }
}

#[test]
fn what_a_field_tells_of_every_pixel_is_drawn() {
    let seen = Manipulation::parse("invert-part:0.5").unwrap().apply_seeded(&digits(3), 1);
    for mechanisms in ["field", "affine,field"] {
        let model = model(mechanisms);
        let panel = restored(&bayes(&model, None, one_sample(M::Null)), &seen, None, seen.classes()).unwrap();
        let labels: Vec<&str> = panel.strips.iter().map(|strip| strip.label.as_str()).collect();
        assert_eq!(labels, ["seen", "covered", "inverted", "light", "restored", "do(m=0)"]);
        let x = burn::tensor::TensorData::new(seen.pixels().to_vec(), [3, 784]);
        let x = burn::tensor::Tensor::<2>::from_data(x, &model.device());
        let field = model.field().unwrap();
        let maps = field.maps(&field.posterior(x));
        for (i, map) in maps.iter().enumerate() {
            assert_eq!(
                (&panel.strips[1].images[i], &panel.strips[2].images[i]),
                (&map.covered, &map.inverted)
            );
        }
    }
}

#[test]
fn what_the_guard_rejects_is_framed_and_says_so() {
    // As grey as an untrained decoder's means; what is moved into the canvas is black.
    let classes = (0..10).map(|class: usize| class.to_string()).collect();
    let images = Images::new("grey", [1, 28, 28], vec![0.12; 3 * 28 * 28], None, classes).unwrap();
    let model = model("affine");
    let predictor = bayes(&model, None, one_sample(M::Mean));
    let decisions = predictor.decider.decide(&images, &predictor.config.check().unwrap()).unwrap();
    // One that is explained better as it is than restored, and just so.
    let worse = |i: &usize| decisions[*i].anomaly_score[0] < decisions[*i].anomaly_score[1];
    let left = (0..3).find(worse).expect("it is no less grey for being moved");
    for (threshold, caption) in [(decisions[left].anomaly_score[0], "left as it was"), (0.0, "unexplained")] {
        let guard = Guard { threshold, mean: 0.0, median: 0.0, agreement: 1.0, examples: 1 };
        let guarded = bayes(&model, Some(&guard), one_sample(M::Mean));
        let panel = restored(&guarded, &images, None, &[]).unwrap();
        assert_eq!(panel.captions[left], caption);
        assert!(panel.strips[1].framed.contains(&left));
        assert_eq!(panel.strips[1].images[left], images.image(left));
        // With m = 0 it is rebuilt as what it is.
        let null = reconstructions(&model, &images, &one_sample(M::Null)).unwrap();
        assert_eq!(panel.strips[2].images[left], null.strips[1].images[left]);
    }
}

#[test]
fn samples_share_z_across_classes_and_follow_the_seed() {
    let model = model("affine");
    let panel = |seed| samples(&model, &[], 3, &mut ChaCha8Rng::seed_from_u64(seed));
    assert_eq!((panel(1).strips.len(), panel(1).strips[0].images.len()), (10, 3));
    assert_eq!(panel(1), panel(1));
    assert_ne!(panel(1), panel(2));
}

#[test]
fn a_walk_passes_the_image_itself_at_zero() {
    let images = digits(2);
    let panel = walk(&model("affine,photometric"), &images).unwrap();
    assert_eq!((panel.strips.len(), panel.columns.len()), (8, 9));
    assert_eq!((panel.columns[0].as_str(), panel.columns[4].as_str()), ("-2", "0"));
    for strip in &panel.strips {
        let difference = |at: usize| -> f32 {
            strip.images[at].iter().zip(images.image(0)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
        };
        assert!(difference(4) < 1e-5 && difference(0) > 0.1, "{}", strip.label);
    }
    // Of a latent mechanism, the first components, on the reconstruction.
    let panel = walk(&model("latent"), &images).unwrap();
    assert_eq!((panel.strips.len(), panel.strips[0].label.as_str()), (8, "m0"));
    assert!(walk(&model("none"), &images).is_err());
    assert!(Picture::new(images.shape()).panel(panel).draw().height() > 8 * 84);
}

#[test]
fn rows_are_scored_with_the_same_manipulation_every_time() {
    let (model, images) = (model("affine"), digits(20));
    let specs = ["none", "shift:0.2", "invert"].map(|spec| Manipulation::parse(spec).unwrap());
    let specs: Vec<_> = specs.into_iter().map(|m| (m.severity(), m)).collect();
    let evaluated = [Evaluated::Cama(Box::new(bayes(&model, None, one_sample(M::Null))))];
    let score = |seed, seen: &mut Vec<String>| {
        let each = |row: &cama_eval::Row| seen.push(row.manipulation.clone());
        evaluate(&evaluated, &images, &specs, seed, each).unwrap()
    };
    let mut seen = Vec::new();
    let first = score(1, &mut seen);
    assert_eq!(seen, ["none", "shift:0.2", "invert"]);
    assert_eq!(first, score(1, &mut seen));
    let other = score(2, &mut seen);
    assert!(first[0] == other[0] && first[1] != other[1] && first[2] == other[2]);
    let unlabelled = images.without_labels();
    assert!(evaluate(&evaluated, &unlabelled, &specs, 1, |_| ()).is_err());
}
