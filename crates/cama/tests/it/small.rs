//! Small data is trained enough, and a classifier that guesses is told.

use std::ops::ControlFlow;

use cama::data::Images;
use cama::data::table::{LearnOptions, Table};
use cama::{Cama, Event, FitConfig, GeneratorChoice};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

/// Rows of four classes that eight numbers tell apart well.
fn rows(n: usize, seed: u64) -> cama::data::table::Learnt {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut columns = vec![Vec::new(); 8];
    for i in 0..n {
        for (j, column) in columns.iter_mut().enumerate() {
            let noise: f64 = StandardNormal.sample(&mut rng);
            column.push(Some(((i % 4 * 5 + j * 3) as f64).sin() + 0.5 * noise));
        }
    }
    let classes: Vec<&str> = (0..n).map(|i| ["a", "b", "c", "d"][i % 4]).collect();
    let named = columns.into_iter().enumerate().map(|(j, column)| (format!("x{j}"), column.into()));
    let roles = cama::causal::Roles {
        target: "y".into(),
        children: (0..8).map(|j| format!("x{j}")).collect(),
        ..Default::default()
    };
    let table = Table::from_columns("rows", [("y".to_string(), classes.into())].into_iter().chain(named));
    table.unwrap().learn(&roles, &LearnOptions::default()).unwrap()
}

/// The model and the notices of its fit, with settings changed by `change`.
fn fitted(rows: &cama::data::table::Rows, change: impl FnOnce(&mut FitConfig)) -> (Cama, String) {
    let mut notices = String::new();
    let mut observer = |event: Event| {
        if let Event::Notice(notice) = event {
            notices += notice;
        }
        ControlFlow::Continue(())
    };
    let fit = Cama::builder(rows).seed(1).observer(&mut observer).configure(|config| {
        config.generator = GeneratorChoice::Network;
        change(config);
    });
    let cama = fit.fit().unwrap();
    (cama, notices)
}

fn accuracy(cama: &Cama, rows: &cama::data::table::Rows) -> f64 {
    use cama::data::Dataset;
    let decided = cama.predictor().rule(cama::Rule::Bayes).predict(rows).unwrap();
    decided.iter().zip(rows.labels().unwrap()).filter(|(d, y)| d.class == **y).count() as f64
        / rows.len() as f64
}

#[test]
fn a_hundred_rows_are_learnt_and_not_by_heart() {
    let learnt = rows(120, 1);
    let (others, _) = {
        let more = rows(400, 2);
        (more.rows, ())
    };
    let (cama, notices) = fitted(&learnt.rows, |_| {});
    assert!(!notices.contains("most frequent class"), "{notices}");
    assert!(cama.guard().is_some() && !notices.contains("too few for a guard"), "{notices}");
    let [own, other] = [&learnt.rows, &others].map(|rows| accuracy(&cama, rows));
    assert!(own > 0.9 && other > 0.8, "{own} {other}");
    // Validations are few, and the best state is the one that was kept.
    let card = cama.card();
    assert!(card.history.len() <= 40 && card.history.last().unwrap().epoch > 40, "{:?}", card.history);
    let best = card.history.iter().map(|epoch| epoch.elbo).fold(f64::NEG_INFINITY, f64::max);
    assert_eq!(card.trained().unwrap().elbo, best);

    // Too few rows to tell whether Bayes' rule is better than the direct classifier: it does not decide alone.
    let (of_fewer, told) = fitted(&rows(70, 1).rows, |_| {});
    assert!(of_fewer.guard().is_none() && of_fewer.predictor().best_rule() == cama::Rule::Product);
    assert!(told.contains("the validation set has 7 rows: too few for a guard"), "{told}");

    // Forty epochs of it are a step each.
    let (short, _) = fitted(&learnt.rows, |config| config.train.epochs = 40);
    assert_eq!(short.card().history.len(), 40, "what is asked for is done");
    assert_eq!((short.card().trained().unwrap().epoch, short.card().kept_epoch), (40, None));
    let of_few = accuracy(&short, &others);
    assert!(of_few < other - 0.02, "{of_few} {other}");
}

#[test]
fn labels_that_depend_on_nothing_are_told() {
    use cama::data::Dataset;
    let rows = rows(400, 3).rows;
    let shuffled = {
        // The labels of other rows.
        let order = cama::data::shuffled(rows.len(), &mut ChaCha8Rng::seed_from_u64(5));
        let kept = rows.to_kept(&(0..rows.len()).collect::<Vec<_>>()).unwrap();
        let labels = order.iter().map(|i| kept.labels[*i]).collect();
        let kept = cama::data::KeptExamples { labels, ..kept };
        rows.of_kept("shuffled", &kept, rows.classes()).unwrap().unwrap()
    };
    let (_, notices) = fitted(&shuffled, |config| (config.train.epochs, config.direct.epochs) = (20, 5));
    assert!(
        notices.contains("rows of the validation set") && notices.contains("most frequent class"),
        "{notices}"
    );
    let (_, notices) = fitted(&rows, |config| (config.train.epochs, config.direct.epochs) = (60, 30));
    assert!(!notices.contains("most frequent class"), "{notices}");
}

#[test]
fn settings_of_large_data_are_those_of_the_preset() {
    let images = |n: usize| {
        Images::new(
            "images",
            [1, 1, 1],
            vec![0.5; n],
            Some((0..n).map(|i| i % 2).collect()),
            vec!["a".into(), "b".into()],
        )
        .unwrap()
    };
    let config = |n| FitConfig::preset("fast", &images(n)).unwrap();
    // A direct classifier of 20,000 learns from 282 batches an epoch, so six make 1,500 steps.
    for (n, direct_epochs) in [(60_000, 4), (20_000, 6)] {
        let FitConfig { train, direct, .. } = config(n);
        let found = (train.epochs, train.patience, train.validate_every, direct.epochs);
        assert_eq!(found, (8, 0, 1, direct_epochs), "{n}");
    }
    let FitConfig { train, direct, .. } = config(200);
    // 180 are learnt from in 3 batches.
    assert_eq!((train.epochs, train.patience, train.validate_every, direct.epochs), (500, 125, 13, 500));
}
