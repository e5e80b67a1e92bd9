//! Rows that lie far from all others are set aside, and the others are adapted as if they were not there.

use std::sync::OnceLock;

use cama::data::table::{LearnOptions, Learnt, Rows, Table};
use cama::data::{Appendable, Dataset, shuffled};
use cama::manipulation::TableManipulation;
use cama::{Cama, ContextFrom, GeneratorChoice, Outcome, Outliers, Verdict};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal, StudentT};

const COLUMNS: usize = 6;

/// Rows of three classes of different shares, each a mean and a factor of its own. Of the columns the first has long tails, and
/// every third is positive and spreads over decades.
fn table(n: usize, seed: u64) -> Table {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let long = StudentT::new(3.0).unwrap();
    let mut columns = vec![Vec::new(); COLUMNS];
    let mut classes = Vec::with_capacity(n);
    for i in 0..n {
        let class = [0, 0, 0, 1, 1, 2][i % 6];
        let z: f64 = StandardNormal.sample(&mut rng);
        for (j, column) in columns.iter_mut().enumerate() {
            let noise: f64 = if j == 0 { long.sample(&mut rng) } else { StandardNormal.sample(&mut rng) };
            let mean = ((3 * class + 5 * j) as f64).sin() * 1.5;
            let value = mean + 0.6 * ((class + 2 * j) as f64).cos() * z + 0.4 * noise;
            column.push(Some(if j % 3 == 2 { 50.0 * value.exp() } else { value }));
        }
        classes.push(["a", "b", "c"][class]);
    }
    let named = columns.into_iter().enumerate().map(|(j, column)| (format!("x{j}"), column.into()));
    Table::from_columns("rows", [("y".to_string(), classes.into())].into_iter().chain(named)).unwrap()
}

fn learnt() -> &'static Learnt {
    static LEARNT: OnceLock<Learnt> = OnceLock::new();
    let roles = || cama::causal::Roles {
        target: "y".into(),
        children: (0..COLUMNS).map(|j| format!("x{j}")).collect(),
        ..Default::default()
    };
    LEARNT.get_or_init(|| table(600, 1).learn(&roles(), &LearnOptions::default()).unwrap())
}

fn rows(n: usize, seed: u64) -> Rows {
    table(n, seed).read(&learnt().schema, true).unwrap().0
}

fn after(rows: &Rows, damage: &str) -> Rows {
    TableManipulation::parse(damage).unwrap().apply_seeded(rows, 1).unwrap()
}

fn accuracy(cama: &Cama, rows: &Rows) -> f64 {
    let decided = cama.predict(rows).unwrap();
    let right = decided.iter().zip(rows.labels().unwrap()).filter(|(d, y)| d.class == **y).count();
    right as f64 / rows.len() as f64
}

const DRIFT: &str = "shift:x1:1.5+shift:x4:-1.2+scale:x2:6+scale:x5:0.2";

/// Drifted rows, of which a fifth is a thousand times what it was, all of them in random order; those that are not; and which
/// are.
fn with_outliers(n: usize, seed: u64) -> (Rows, Rows, Vec<bool>) {
    let drifted = after(&rows(n, seed), DRIFT);
    let far = n / 5;
    let others = drifted.select(&(far..n).collect::<Vec<_>>());
    let mut all = after(&drifted.select(&(0..far).collect::<Vec<_>>()), "scale:x*:1000");
    all.append(&others);
    let order = shuffled(n, &mut ChaCha8Rng::seed_from_u64(seed));
    (all.select(&order), others, order.iter().map(|i| *i < far).collect())
}

#[test]
fn a_fifth_of_the_rows_a_thousand_times_too_large_changes_nothing_for_the_others() {
    for generator in [GeneratorChoice::Factor, GeneratorChoice::Network] {
        let fit = Cama::builder(&learnt().rows).seed(1);
        let fit = fit.configure(|config| {
            config.generator = generator;
            (config.train.epochs, config.direct.epochs, config.dream.steps) = (60, 10, 300);
        });
        let cama = fit.fit().unwrap();
        let (all, others, far) = with_outliers(500, 2);
        let adapt = |rows: &Rows| {
            let incoming = rows.clone().without_labels();
            let adaptation = cama.adapt(&incoming).seed(1);
            adaptation.configure(|config| config.global_steps = config.global_steps.min(100)).run().unwrap()
        };
        let (without, with) = (adapt(&others), adapt(&all));
        let [plain, robust] = [&without, &with].map(|cama| cama.report().unwrap());
        assert_eq!(
            (plain.outcome != Outcome::RolledBack, plain.outliers),
            (true, 0),
            "{generator:?} {plain:?}"
        );
        assert_eq!(
            (robust.outcome, robust.outliers),
            (Outcome::AdaptedForSome, 100),
            "{generator:?} {robust:?}"
        );
        // All their verdicts say so, and next to none of the others.
        let unexplained: Vec<bool> =
            with.verdicts().iter().map(|(_, v)| *v == Verdict::Unexplained).collect();
        let count = |of: bool| unexplained.iter().zip(&far).filter(|(u, far)| **u && **far == of).count();
        assert!(count(true) == 100 && count(false) < 20, "{generator:?}: {} {}", count(true), count(false));
        let [before, plain, robust] = [&cama, &without, &with].map(|cama| accuracy(cama, &others));
        assert!(before < plain - 0.05, "{generator:?}: {before} {plain}");
        assert!((plain - robust).abs() < 0.02, "{generator:?}: {plain} {robust}");
        // So does what is saved, of all rows and of a single one.
        let again = Cama::from_bytes(&with.to_bytes().unwrap()).unwrap();
        let outliers: Vec<usize> = (0..all.len()).filter(|i| far[*i]).collect();
        for rows in [all.select(&outliers), all.select(&outliers[..1])] {
            let verdicts = again.predictor().context(ContextFrom::Adapted).predict_all(&rows);
            assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Unexplained), "{generator:?}");
        }
    }
}

/// Predictions of rows one by one, as they come from a stream.
trait PredictAll {
    fn predict_all(&self, rows: &Rows) -> Vec<Verdict>;
}

impl PredictAll for cama::Predictor<'_> {
    fn predict_all(&self, rows: &Rows) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        let each = |decision: cama::Decision| {
            verdicts.push(decision.verdict);
            std::ops::ControlFlow::Continue(())
        };
        self.predict_part(rows, 0, each).unwrap();
        verdicts
    }
}

#[test]
fn what_columns_can_do_as_a_whole_makes_no_outliers() {
    let clean = &learnt().rows;
    let mistaken: usize = (0..40)
        .map(|seed| {
            let others = rows(300, 100 + seed);
            let damage =
                ["scale:x2:1", DRIFT, "scale:x2:100+shift:x*:3", "noise:x1:2+noise:x3:2"][seed as usize % 4];
            let moved = after(&others, damage);
            let outliers = Outliers::find(&moved, clean);
            outliers.map_or(0, |outliers| moved.len() - outliers.others(&moved).len())
        })
        .sum();
    // Of 12,000 rows; one in a hundred data sets is to have one.
    assert!(mistaken <= 4, "{mistaken}");
    // Rows of one class alone are no outliers of each other, and a single one is none.
    let one_class: Vec<usize> = (0..clean.len()).filter(|i| clean.labels().unwrap()[*i] == 2).collect();
    assert!(Outliers::find(&clean.select(&one_class), clean).is_none());
    assert!(Outliers::find(&clean.select(&[0]), clean).is_none());
    // Too few clean rows tell nothing.
    let (all, ..) = with_outliers(200, 3);
    assert!(Outliers::find(&all, &clean.select(&(0..49).collect::<Vec<_>>())).is_none());
    assert!(Outliers::find(&all, &clean.select(&(0..60).collect::<Vec<_>>())).is_some());
}

#[test]
fn outliers_are_no_drift() {
    let fit = Cama::builder(&learnt().rows).seed(1);
    let cama = fit.configure(|config| config.generator = GeneratorChoice::Factor).fit().unwrap();
    let (all, others, _) = with_outliers(500, 4);
    let [with, without] = [&all, &others].map(|rows| cama.drift(rows, 1).unwrap());
    assert_eq!((with.outliers, without.outliers), (100, 0));
    for (with, without) in with.parameters.iter().zip(&without.parameters) {
        let near = (with.value - without.value).abs() < 6.0 * with.sd.max(1e-3);
        assert!(near, "{with:?} {without:?}");
    }
}
