//! The whole workflow through `Cama`, on images and on a simulated table, with little of everything.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::OnceLock;

use cama::causal::structural::{Simulation, StructuralConfig, StructuralModel};
use cama::causal::{CausalGraph, Roles};
use cama::data::table::{LearnOptions, Rows, Schema};
use cama::data::{self, Dataset, Images};
use cama::manipulation::Manipulation;
use cama::mechanism::MechanismConfig;
use cama::{
    Augmentation, Builder, Cama, Card, Decision, Error, Event, GeneratorChoice, Keep, M, Observed, Outcome,
    Phase, Rule, Verdict, restore,
};

use crate::common::convolutional;

/// It borrows from nothing and goes to any thread.
const _: fn() = || {
    fn is_free<T: Send + Sync + 'static>() {}
    is_free::<Cama>();
};

fn digits() -> Images {
    data::load("mnist:train[..300]").unwrap()
}

/// Digits that fade to two greys: far from anything that a model of clean digits explains, and a gain and a bias undo it.
fn faded() -> Images {
    let fade: Manipulation = "contrast:0.3:0.6".parse().unwrap();
    fade.apply_seeded(&data::load("mnist:test[..60]").unwrap(), 1)
}

/// A fit that takes a moment.
fn quick<D: Dataset>(clean: &D) -> Builder<'_, D> {
    Cama::builder(clean).seed(1).configure(|config| {
        (config.model.z, config.model.network.hidden) = (8, 32);
        if config.model.data.image().is_some() {
            config.model.network.trunk = convolutional(6, 3);
        }
        (config.train.epochs, config.dream.steps, config.direct.epochs) = (2, 100, 1);
        (config.direct.channels, config.direct.hidden) = (4, 16);
    })
}

/// A model of digits, made once for all tests, of which Eq. 8 fits all that infers what was done.
fn of_digits() -> &'static Cama {
    static MODEL: OnceLock<Cama> = OnceLock::new();
    let mechanisms = || MechanismConfig::parse_list("affine,photometric").unwrap();
    MODEL.get_or_init(|| quick(&digits()).mechanisms(mechanisms()).fit().unwrap())
}

/// The rows of a simulated table, and the same after one child was shifted.
fn simulated() -> [Rows; 2] {
    let folder = tempfile::tempdir().unwrap();
    let (clean, moved) = (folder.path().join("clean"), folder.path().join("moved"));
    let config = StructuralConfig { children: 4, classes: 3, ..StructuralConfig::default() };
    let model = StructuralModel::draw(&config, 1).unwrap();
    let mut simulation = Simulation { model, rows: 0..400, interventions: vec![] };
    simulation.save(&clean, "", &mut |_| ControlFlow::Continue(())).unwrap();
    simulation.interventions.push("X1+=3".parse().unwrap());
    simulation.save(&moved, "", &mut |_| ControlFlow::Continue(())).unwrap();
    let roles = Roles::of(&CausalGraph::read(&clean.join("graph.dot")).unwrap(), "Y").unwrap();
    let [clean, moved] = [clean, moved].map(|folder| folder.join("table.csv").display().to_string());
    let (schema, rows, _) = Schema::learn(&clean, &roles, &LearnOptions::default()).unwrap();
    let (moved, _) = schema.read(&moved, true).unwrap();
    [rows, moved]
}

/// Saved and loaded, and as bytes, it predicts the same.
fn comes_back<D: Dataset>(cama: &Cama, data: &D) -> Vec<Decision> {
    let decisions = cama.predict(data).unwrap();
    let folder = tempfile::tempdir().unwrap();
    cama.save(folder.path()).unwrap();
    let bytes = cama.to_bytes().unwrap();
    for again in [Cama::load(folder.path()).unwrap(), Cama::from_bytes(&bytes).unwrap()] {
        assert_eq!(again.predict(data).unwrap(), decisions);
        assert_eq!(again.card(), cama.card());
        assert_eq!(again.guard(), cama.guard());
        assert_eq!(again.model().config(), cama.model().config());
        assert_eq!(again.to_bytes().unwrap(), bytes);
    }
    assert_eq!(folder.path().join("verdicts.csv").exists(), !cama.verdicts().is_empty());
    decisions
}

#[test]
fn images_are_fitted_adapted_to_predicted_saved_and_loaded() {
    let (clean, incoming) = (digits(), faded());
    let cama = of_digits();
    assert_eq!(cama.card().history.len(), 2);
    assert!(cama.direct().is_some() && cama.guard().is_some() && cama.report().is_none());
    assert_eq!(cama.classes(), clean.classes());

    let unlabelled = incoming.clone().without_labels();
    let adapted = cama
        .adapt(&unlabelled)
        .clean(&clean)
        .seed(2)
        .configure(|config| (config.steps, config.validate_every, config.tolerance) = (30, 10, 1.0))
        .guard(false)
        .provenance("digits", "adapt them")
        .run()
        .unwrap();
    let report = adapted.report().unwrap();
    assert_eq!((report.steps, report.outcome), (30, Outcome::Adapted));
    assert!(report.elbo_after > report.elbo_before);
    assert_eq!((adapted.card().m, cama.card().m), (M::Mean, M::Null));
    let [entry] = &adapted.card().adaptations[..] else { panic!("one adaptation") };
    assert_eq!((entry.from.as_str(), entry.on.as_str(), entry.seed), ("digits", unlabelled.name(), 2));
    // p(m) is that of the data from now on: narrow, as all images were changed alike.
    let prior = adapted.model().config().prior_of_data.as_ref().expect("learnt of the data");
    assert!(prior.mean.len() == 8 && prior.sd.iter().all(|sd| *sd < 0.5), "{prior:?}");
    // The model that it was adapted from is as it was.
    assert!(cama.report().is_none() && cama.model().config().prior_of_data.is_none());

    let decisions = comes_back(&adapted, &incoming);
    assert_eq!(decisions.len(), incoming.len());
    assert!(decisions.iter().all(|decision| !decision.m.is_empty() && decision.by_rule.product.len() == 10));
}

#[test]
fn a_prior_that_cannot_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    of_digits().save(folder.path()).unwrap();
    let config = folder.path().join("config.json");
    let whole = fs::read_to_string(&config).unwrap();
    for (prior, what) in [
        (r#"{"mean": [0.5], "sd": [1.0]}"#, "8 finite numbers, one for each component of m"),
        (r#"{"mean": [0,0,0,0,0,0,0,0], "sd": [1,1,1,1,1,1,1,0]}"#, "prior_of_data.sd"),
    ] {
        let mut damaged: serde_json::Value = serde_json::from_str(&whole).unwrap();
        damaged["model"]["prior_of_data"] = serde_json::from_str(prior).unwrap();
        fs::write(&config, damaged.to_string()).unwrap();
        let error = Cama::load(folder.path()).expect_err("refused").to_string();
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn a_guarded_adaptation_has_a_verdict_for_every_example_or_rolls_back() {
    let (clean, incoming) = (digits(), faded().without_labels());
    let before = of_digits();
    let adapted = before.adapt(&incoming).clean(&clean).configure(|config| config.steps = 2).run().unwrap();
    let report = adapted.report().unwrap();
    assert_eq!(report.restored + report.as_they_were + report.unexplained, incoming.len());
    assert_eq!(adapted.verdicts().len(), incoming.len());
    let indices: Vec<usize> = adapted.verdicts().iter().map(|(index, _)| *index).collect();
    assert_eq!(indices, (0..incoming.len()).collect::<Vec<_>>());
    let decisions = comes_back(&adapted, &incoming);
    if report.outcome == Outcome::RolledBack {
        assert!(report.rollback_reason.is_some());
        assert_eq!(adapted.card().m, before.card().m);
        assert_eq!(decisions, before.predict(&incoming).unwrap());
    }
}

#[test]
fn the_last_state_is_kept_whatever_it_is_worth_and_a_folder_keeps_whether_it_is_guarded() {
    let (clean, incoming) = (digits(), faded().without_labels());
    let before = of_digits();
    let adapted = |keep| {
        let adaptation = before.adapt(&incoming).clean(&clean).seed(3).guard(false);
        // Steps so long that every state is worse than none.
        let spoilt = adaptation.configure(|config| {
            (config.steps, config.validate_every, config.learning_rate, config.keep) = (6, 2, 1.0, keep);
        });
        spoilt.run().unwrap()
    };
    let (best, last) = (adapted(Keep::Best), adapted(Keep::Last));
    let kept = |cama: &Cama| cama.report().map(|report| (report.outcome, report.kept_step)).unwrap();
    assert_eq!((kept(&best), best.card().m), ((Outcome::RolledBack, 0), M::Null));
    assert_eq!((kept(&last), last.card().m), ((Outcome::Adapted, 6), M::Mean));

    let folder = tempfile::tempdir().unwrap();
    for (name, cama, guarded) in [("before", before, true), ("last", &last, false)] {
        let path = folder.path().join(name);
        cama.save(&path).unwrap();
        let again = Cama::load(&path).unwrap();
        assert_eq!((again.guard(), again.guard().is_some()), (cama.guard(), guarded), "{name}");
        assert_eq!(again.report(), cama.report(), "{name}");
        let decisions = again.predict(&incoming).unwrap();
        assert_eq!(decisions, cama.predict(&incoming).unwrap(), "{name}");
        // Without a guard nothing is sent back to do(m=0).
        let restored = decisions.iter().filter(|decision| decision.verdict == Verdict::Restored).count();
        assert_eq!(restored == decisions.len(), !guarded, "{name}: {restored} restored");
    }
}

#[test]
fn a_table_is_fitted_adapted_to_predicted_saved_and_loaded_by_the_same_calls() {
    let [clean, moved] = simulated();
    let networks = quick(&clean).configure(|config| {
        (config.train.epochs, config.generator) = (5, GeneratorChoice::Network);
    });
    let cama = networks.fit().unwrap();
    assert_eq!(cama.schema().unwrap(), &**clean.schema());
    let unlabelled = moved.clone().without_labels();
    let adapted = cama
        .adapt(&unlabelled)
        .clean(&clean)
        .configure(|config| {
            (config.global_steps, config.recentre_steps, config.steps) = (20, 5, 5);
            config.tolerance = 1.0;
        })
        .guard(false)
        .run()
        .unwrap();
    assert_eq!(adapted.report().unwrap().outcome, Outcome::Adapted);
    let decisions = comes_back(&adapted, &moved);
    assert!(decisions.iter().all(|decision| decision.probabilities.len() == 3));
    // Bayes' rule is the one for rows that networks make, and the direct classifier is there for whoever asks it.
    assert!(decisions.iter().all(|decision| decision.by_rule.product.is_empty()));
    let product = adapted.predictor().rule(Rule::Product).predict(&moved).unwrap();
    assert!(product.iter().all(|decision| decision.by_rule.product.len() == 3));

    // Unguarded, so that every row is restored however little was learnt.
    let unguarded = adapted.clone().with_guard(None);
    let restored = unguarded.restore(&moved).unwrap();
    is_restored(&unguarded, &moved, &restored.data, &restored.decisions);
    assert_eq!(restored.data.schema(), moved.schema());
    for i in 0..moved.len() {
        assert_eq!((restored.data.a(i), restored.data.c(i)), (moved.a(i), moved.c(i)));
        assert_eq!(restored.data.index(i), moved.index(i));
    }
}

/// What was restored is T_m⁻¹(x) at the mean of q2 where the verdict says so, and x elsewhere; all else is as it was.
fn is_restored<D: Dataset>(cama: &Cama, given: &D, restored: &D, decisions: &[Decision]) {
    assert_eq!((restored.len(), restored.labels()), (given.len(), given.labels()));
    assert_eq!(restored.classes(), given.classes());
    let device = cama.model().device();
    let row = |values: &[f32]| burn::tensor::Tensor::<1>::from_floats(values, &device).unsqueeze::<2>();
    for (i, decision) in decisions.iter().enumerate() {
        let other = |values: &[f32]| (!values.is_empty()).then(|| row(values));
        let observed =
            Observed { a: other(given.a(i)), c: other(given.c(i)), ..Observed::of_x(row(given.x(i))) };
        let undone: Vec<f32> = restore(cama.model(), &observed).into_data().iter::<f32>().collect();
        let expected = if decision.verdict == Verdict::Restored { &undone[..] } else { given.x(i) };
        for (found, expected) in restored.x(i).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-4, "example {i}: {found} {expected}");
        }
        assert_eq!(restored.x(i), decision.restored);
    }
    let undone = decisions.iter().filter(|decision| decision.verdict == Verdict::Restored).count();
    assert!(undone > 0, "something is restored");
}

#[test]
fn images_come_back_restored() {
    let (clean, incoming) = (digits(), faded());
    let turns = Augmentation::Manipulations(vec!["rotate:60".parse().unwrap()]);
    let affine = MechanismConfig::parse_list("affine").unwrap();
    // Too few examples for a guard: all are restored.
    let unguarded = |config: &mut cama::FitConfig| config.train.validation = 10;
    let cama = quick(&clean).manipulated(&turns).mechanisms(affine).configure(unguarded).fit().unwrap();
    assert_eq!(cama.card().m, M::Mean);
    assert!(cama.guard().is_none());
    let restored = cama.restore(&incoming).unwrap();
    is_restored(&cama, &incoming, &restored.data, &restored.decisions);
    assert_eq!(restored.data.shape(), incoming.shape());
    assert_ne!(restored.data.pixels(), incoming.pixels());
    assert!(restored.data.pixels().iter().all(|pixel| (0.0..=1.0).contains(pixel)));

    // A model that infers no m leaves everything as it is.
    let left = of_digits().restore(&incoming).unwrap();
    assert_eq!(left.data.pixels(), incoming.pixels());
    assert!(left.decisions.iter().all(|decision| decision.m.is_empty()));
}

/// The card without what a clock says.
fn timeless(card: &Card) -> Card {
    let mut card = card.clone();
    card.history.iter_mut().for_each(|epoch| (epoch.seconds, epoch.examples_per_second) = (0.0, 0.0));
    card
}

#[test]
fn a_resumed_fit_ends_with_the_same_bytes_as_an_unbroken_one() {
    let clean = digits();
    let unbroken = &quick(&clean).fit().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = folder.path().join("checkpoints");
    let mut stop = |event: Event| match event {
        Event::Epoch(epoch) if epoch.epoch == 1 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let error = quick(&clean).checkpoints(&checkpoints).observer(&mut stop).fit().unwrap_err();
    assert!(matches!(error, Error::Interrupted(_)), "{error}");
    assert!(error.to_string().contains("1 of 2 epochs are kept in"), "{error}");

    let other = quick(&clean).checkpoints(&checkpoints).seed(2).fit().unwrap_err().to_string();
    assert!(other.contains("another run"), "{other}");

    // Neither does it dream again, nor train the first epoch again.
    let mut steps = Vec::new();
    let mut count = |event: Event| {
        if let Event::Step { phase: phase @ (Phase::Dream | Phase::Train), done, .. } = event {
            steps.push((phase, done));
        }
        ControlFlow::Continue(())
    };
    let resumed = quick(&clean).checkpoints(&checkpoints).observer(&mut count).fit().unwrap();
    assert_eq!(steps.first(), Some(&(Phase::Train, 6)));
    let saved = |cama: &Cama, name: &str| -> Vec<Vec<u8>> {
        let folder = folder.path().join(name);
        cama.save(&folder).unwrap();
        ["model.safetensors", "direct.safetensors"].map(|name| fs::read(folder.join(name)).unwrap()).into()
    };
    assert!(saved(&resumed, "resumed") == saved(unbroken, "unbroken"), "the same weights");
    assert_eq!(resumed.temperature(), unbroken.temperature());
    assert_eq!(resumed.guard(), unbroken.guard());
    assert_eq!(timeless(resumed.card()), timeless(unbroken.card()));
    assert!(Path::new(&checkpoints).exists(), "they are removed by whoever has saved the model");
}

#[test]
fn an_observer_that_breaks_interrupts() {
    let clean = digits();
    let unlabelled = faded().without_labels();
    for wanted in [Phase::Dream, Phase::Train, Phase::Direct, Phase::Adapt] {
        let mut stop = |event: Event| match event {
            Event::Step { phase, done: 2, .. } if phase == wanted => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        let stopped = match wanted {
            Phase::Adapt => of_digits().adapt(&unlabelled).clean(&clean).observer(&mut stop).run(),
            _ => quick(&clean).observer(&mut stop).fit(),
        };
        let error = stopped.unwrap_err();
        assert!(matches!(error, Error::Interrupted(_)), "{wanted:?}: {error}");
        assert!(error.to_string().contains("kept"), "{wanted:?}: {error}");
    }
    // A notice can be the last that it wants to hear.
    let mut stop = |event: Event| match event {
        Event::Notice(notice) if notice.contains("too few for a guard") => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let fit = quick(&clean).configure(|config| config.train.validation = 10).observer(&mut stop);
    assert!(matches!(fit.fit().unwrap_err(), Error::Interrupted(_)));
}

#[test]
fn what_cannot_be_fitted_is_refused_with_what_to_do() {
    let clean = digits();
    let error = quick(&clean.clone().without_labels()).fit().unwrap_err().to_string();
    assert!(error.contains("has no labels to learn from"), "{error}");
    let error = quick(&clean).configure(|config| config.train.batch = 0).fit().unwrap_err().to_string();
    assert!(error.starts_with("train.batch = 0"), "{error}");
    let error = quick(&clean).preset("fsat").fit().unwrap_err().to_string();
    assert!(error.contains("`fast`"), "{error}");
    let error = of_digits().adapt(&clean).configure(|config| config.steps = 0).run().unwrap_err().to_string();
    assert!(error.starts_with("adapt.steps = 0"), "{error}");
    let per_column = MechanismConfig::parse_list("per-column").unwrap();
    let error = of_digits().adapt(&clean).mechanisms(per_column).run().unwrap_err().to_string();
    assert!(error.contains("it acts on tables"), "{error}");
    let error = of_digits().schema().unwrap_err().to_string();
    assert!(error.contains("for images, not for tables"), "{error}");
}

/// After each data set of a stream the model is one that was adapted, or again the one that the stream began with.
fn follows<D: Dataset>(trained: &Cama, clean: &D, sets: &[&D]) -> Vec<bool> {
    let mut last = trained.clone();
    let mut adapted = Vec::new();
    for set in sets {
        let next = last.adapt(*set).clean(clean).stream(trained).configure(|config| {
            (config.steps, config.global_steps, config.recentre_steps) = (6, 20, 20);
        });
        last = next.seed(1).run().unwrap();
        let kept = last.report().unwrap().outcome != Outcome::RolledBack;
        assert_eq!(last.card().m, if kept { M::Mean } else { trained.card().m });
        if !kept {
            assert_eq!(last.predict(*set).unwrap(), trained.predict(*set).unwrap());
        }
        adapted.push(kept);
    }
    assert_eq!(last.card().adaptations.len(), sets.len());
    adapted
}

#[test]
fn streams_of_images_and_of_rows_return_to_the_trained_model_on_clean_data() {
    let (trained, clean) = (of_digits(), digits());
    let untouched = data::load("mnist:test[60..200]").unwrap();
    let adapted = follows(trained, &clean, &[&faded(), &untouched, &faded()]);
    assert_eq!(adapted, [adapted[0], false, adapted[0]]);

    let [rows, moved] = simulated();
    let trained = quick(&rows).configure(|config| config.generator = GeneratorChoice::Network).fit().unwrap();
    let adapted = follows(&trained, &rows, &[&moved, &rows, &moved]);
    assert_eq!(adapted.len(), 3);
}
