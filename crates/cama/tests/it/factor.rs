//! The factor model and the m of a data set, against what is known to have made the rows.

use std::sync::OnceLock;

use cama::causal::Roles;
use cama::data::Dataset;
use cama::data::table::{LearnOptions, Learnt, Missing, Rows, Table};
use cama::manipulation::TableManipulation;
use cama::{Cama, GeneratorChoice, Keep, M, Outcome, Rule, Verdict};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

const COLUMNS: usize = 8;

/// Rows of three classes, each a mean and a factor of its own; every other column is positive and spreads over decades.
fn table(n: usize, seed: u64) -> Table {
    with_missing(n, seed, |_, _| false)
}

/// The same, of which cells (row, column) are missing.
fn with_missing(n: usize, seed: u64, missing: impl Fn(usize, usize) -> bool) -> Table {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
    let mut columns = vec![Vec::new(); COLUMNS];
    let mut classes = Vec::with_capacity(n);
    for i in 0..n {
        let class = i % 3;
        let z = normal();
        for (j, column) in columns.iter_mut().enumerate() {
            let mean = ((3 * class + 5 * j) as f64).sin() * 1.5;
            let value = mean + 0.6 * ((class + 2 * j) as f64).cos() * z + 0.4 * normal();
            let value = if j % 2 == 0 { value } else { 50.0 * value.exp() };
            column.push((!missing(i, j)).then_some(value));
        }
        classes.push(["a", "b", "c"][class]);
    }
    let named = columns.into_iter().enumerate().map(|(j, column)| (format!("x{j}"), column.into()));
    Table::from_columns("rows", [("y".to_string(), classes.into())].into_iter().chain(named)).unwrap()
}

fn learnt() -> Learnt {
    let roles = Roles {
        target: "y".into(),
        children: (0..COLUMNS).map(|j| format!("x{j}")).collect(),
        ..Roles::default()
    };
    table(600, 1).learn(&roles, &LearnOptions::default()).unwrap()
}

fn fitted(rows: &Rows) -> Cama {
    let builder = Cama::builder(rows).seed(1);
    builder.configure(|config| config.generator = GeneratorChoice::Factor).fit().unwrap()
}

/// The rows and a model of them, made once for all tests.
fn shared() -> &'static (Learnt, Cama) {
    static SHARED: OnceLock<(Learnt, Cama)> = OnceLock::new();
    SHARED.get_or_init(|| {
        let learnt = learnt();
        let cama = fitted(&learnt.rows);
        (learnt, cama)
    })
}

fn accuracy(cama: &Cama, rows: &Rows) -> f64 {
    let decided = cama.predict(rows).unwrap();
    let right = decided.iter().zip(rows.labels().unwrap()).filter(|(d, y)| d.class == **y).count();
    right as f64 / rows.len() as f64
}

#[test]
fn a_data_set_that_was_shifted_scaled_and_made_noisier_is_found_out_and_undone() {
    let (Learnt { schema, .. }, cama) = shared();
    let linear: Vec<bool> = schema
        .columns
        .iter()
        .map(|column| match &column.kind {
            cama::data::table::Kind::Number { reading, .. } => reading.is_linear(),
            _ => panic!("all are numbers"),
        })
        .collect();
    assert_eq!(
        linear,
        (0..COLUMNS).map(|j| j % 2 == 0).collect::<Vec<_>>(),
        "decades are read as logarithms"
    );

    let (others, _) = table(400, 2).read(schema, true).unwrap();
    let clean = accuracy(cama, &others);
    assert!(clean > 0.93, "{clean}");
    // A gain of the columns that are read as logarithms, a shift and a noise of others.
    let damage = "scale:x1:6+scale:x3:0.15+scale:x5:4+shift:x0:1.2+shift:x4:-1.5+noise:x2:0.7";
    let moved = TableManipulation::parse(damage).unwrap().apply_seeded(&others, 1).unwrap();
    let before = accuracy(cama, &moved);
    assert!(before < 0.8, "{before}");
    let adapted = cama.adapt(&moved.clone().without_labels()).seed(1).run().unwrap();
    let report = adapted.report().unwrap();
    assert_eq!((report.outcome, adapted.card().m), (Outcome::Adapted, M::Global), "{report:?}");
    let after = accuracy(&adapted, &moved);
    assert!(after > clean - 0.05, "{after}, clean {clean}");

    // The m that was found is what was done, in the units that it is told in.
    let drift = cama.drift(&moved, 1).unwrap();
    let value = |name: &str| drift.parameters.iter().find(|changed| changed.name == name).unwrap().value;
    let sd_of = |j: usize| match schema.columns[j].kind {
        cama::data::table::Kind::Number { sd, .. } => sd,
        _ => panic!("a number"),
    };
    for (column, j, expected) in [("x0", 0, 1.2), ("x4", 4, -1.5), ("x6", 6, 0.0)] {
        let found = value(&format!("{column} shift"));
        assert!((found - expected * sd_of(j)).abs() < 0.3 * sd_of(j), "{column}: {found}");
    }
    // ln 6 of a logarithm with this standard deviation, far above its unit.
    let found = value("x1 shift") * sd_of(1);
    assert!((found - 6f64.ln()).abs() < 0.35, "{found}");
    assert!(drift.unexplained.unwrap() > 0.3 && drift.gain.unwrap() > 0.3, "{drift:?}");

    // Clean rows are left as they are, and data that returns to clean returns to do(m = 0).
    let decided = adapted.predict(&others).unwrap();
    let left = decided.iter().filter(|decision| decision.verdict != Verdict::Restored).count();
    assert!(left as f64 > 0.9 * others.len() as f64, "{left}");
    assert!(accuracy(&adapted, &others) > clean - 0.02);
    let again = Cama::from_bytes(&adapted.to_bytes().unwrap()).unwrap();
    assert_eq!(again.predict(&moved).unwrap(), adapted.predict(&moved).unwrap());
}

#[test]
fn clean_rows_and_garbage_are_no_reason_to_adapt() {
    let (Learnt { schema, .. }, cama) = shared();
    assert_eq!(cama.rehearsal().trials.len(), 12);
    let (others, _) = table(300, 3).read(schema, true).unwrap();
    for damage in ["none", "permute:*", "constant:*:4"] {
        let data = TableManipulation::parse(damage).unwrap().apply_seeded(&others, 1).unwrap();
        let before = accuracy(cama, &data);
        let adapted = cama.adapt(&data.clone().without_labels()).run().unwrap();
        let after = accuracy(&adapted, &data);
        assert!(after >= before - 0.02, "{damage}: {before} {after} {:?}", adapted.report());
    }
    // One class only, moved: its share is bound, not free.
    let of_one: Vec<usize> = (0..300).filter(|i| i % 3 == 0).collect();
    let one =
        TableManipulation::parse("shift:*:0.5").unwrap().apply_seeded(&others.select(&of_one), 1).unwrap();
    let before = accuracy(cama, &one);
    let adapted = cama.adapt(&one.clone().without_labels()).run().unwrap();
    assert!(accuracy(&adapted, &one) >= before - 0.02, "{before} {:?}", adapted.report());
}

#[test]
fn the_product_trusts_what_the_model_explains() {
    let (Learnt { schema, .. }, cama) = shared();
    assert_eq!(cama.predictor().best_rule(), Rule::Product);
    let (others, _) = table(300, 4).read(schema, true).unwrap();
    // Far off everything: the direct classifier decides.
    let far = TableManipulation::parse("shift:*:40").unwrap().apply_seeded(&others, 1).unwrap();
    for decision in cama.predict(&far).unwrap() {
        let of = |p: &[f64]| (0..p.len()).max_by(|&a, &b| p[a].total_cmp(&p[b]));
        assert_eq!(of(&decision.by_rule.product), of(&decision.by_rule.direct_alone));
    }
}

/// Fourteen months of real drift: sensors in another state, gases in other shares, one of them gone.
#[test]
fn drifting_sensors_are_read_as_they_were() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/gas-drift");
    let path = |name: &str| folder.join(name).to_str().unwrap().to_string();
    let graph = cama::causal::CausalGraph::read(&folder.join("graph.dot")).unwrap();
    let roles = Roles::of(&graph, "gas").unwrap();
    let Learnt { schema, rows, .. } =
        Table::open(&path("batch1.csv")).unwrap().learn(&roles, &LearnOptions::default()).unwrap();
    let (later, _) = schema.read(&path("batch5.csv"), true).unwrap();
    // With a fourth of the readings, the direct classifier that is to tell whether restored rows are easier is trained for longer; with
    // its default adaptation is kept from one seed in two.
    let builder = Cama::builder(&rows).seed(1).configure(|config| {
        (config.generator, config.direct.epochs) = (GeneratorChoice::Factor, 72);
    });
    let cama = builder.fit().unwrap();
    let before = accuracy(&cama, &later);
    let adapted = cama.adapt(&later.clone().without_labels()).seed(1).run().unwrap();
    let after = accuracy(&adapted, &later);
    assert_eq!(adapted.report().unwrap().outcome, Outcome::Adapted, "{:?}", adapted.report());
    assert!(before < 0.75 && after > 0.82, "{before} {after}");
    assert!(accuracy(&adapted, &rows) > 0.95, "clean rows are still read as they were");
}

/// Data sets in order of time: moved a little, farther, not at all, and far again at once.
#[test]
fn a_stream_follows_what_moves_and_returns_to_the_trained_model_on_clean_rows() {
    let (Learnt { schema, .. }, trained) = shared();
    let data = |seed, damage: &str| {
        let (rows, _) = table(300, seed).read(schema, true).unwrap();
        TableManipulation::parse(damage).unwrap().apply_seeded(&rows, 1).unwrap()
    };
    let far = "shift:x0:2.4+shift:x4:-3+scale:x1:8+scale:x5:8";
    let sets =
        [data(5, "shift:x0:1.2+shift:x4:-1.5+scale:x1:3"), data(6, far), data(7, "none"), data(8, far)];
    let mut last = trained.clone();
    let mut moved = Vec::new();
    for set in &sets {
        let incoming = set.clone().without_labels();
        last = last.adapt(&incoming).stream(trained).seed(1).run().unwrap();
        let (before, after) = (accuracy(trained, set), accuracy(&last, set));
        assert!(after >= before - 0.01, "{before} {after}");
        moved.push((last.report().unwrap().outcome != Outcome::RolledBack, last.card().m, after));
    }
    let adapted: Vec<bool> = moved.iter().map(|(adapted, ..)| *adapted).collect();
    assert_eq!(adapted, [true, true, false, true], "{moved:?}");
    assert_eq!(
        moved.iter().map(|(_, m, _)| *m).collect::<Vec<_>>(),
        [M::Global, M::Global, M::Null, M::Global]
    );
    assert!([0, 1, 3].iter().all(|i| moved[*i].2 > 0.88), "{moved:?}");
    assert_eq!(last.card().adaptations.len(), 4);
    assert!(last.readme().contains("| 3 | rows | rolled back |"), "{}", last.readme());

    let rows = learnt().rows;
    let other = Cama::builder(&rows).seed(9);
    let other = other.configure(|config| config.generator = GeneratorChoice::Factor).fit().unwrap();
    let error = last.adapt(&sets[0]).stream(&other).run().unwrap_err().to_string();
    assert!(error.contains("began with a model of another training"), "{error}");
}

#[test]
fn what_is_kept_without_a_guard_predicts_without_one() {
    let (Learnt { schema, .. }, trained) = shared();
    let (rows, _) = table(200, 8).read(schema, true).unwrap();
    let incoming = rows.clone().without_labels();
    // Nothing was done to these rows: the last state is kept all the same, and guarded; without a guard the model has none.
    let last = trained.adapt(&incoming).configure(|config| config.keep = Keep::Last).run().unwrap();
    assert_eq!((last.report().unwrap().outcome, last.card().m), (Outcome::Adapted, M::Global));
    assert!(last.guard().is_some());
    let unguarded = trained.adapt(&incoming).guard(false).run().unwrap();
    let again = Cama::from_bytes(&unguarded.to_bytes().unwrap()).unwrap();
    assert!(unguarded.guard().is_none() && again.guard().is_none());
    let kept = trained.adapt(&incoming).run().unwrap();
    assert!(kept.report().unwrap().outcome == Outcome::RolledBack && kept.guard().is_some());
}

#[test]
fn columns_that_are_missing_are_no_drift_and_say_nothing() {
    let (Learnt { schema, .. }, cama) = shared();
    let impute = schema.clone().with_missing(Missing::Impute);
    let cells = |i: usize, j: usize| j == 2 || j == 5 || (j == 0 && i.is_multiple_of(2));
    let (rows, _) = with_missing(300, 9, cells).read(&impute, true).unwrap();
    assert_eq!(rows.x_known(0).unwrap(), [false, true, false, true, true, false, true, true]);
    let before = accuracy(cama, &rows);
    let adapted = cama.adapt(&rows.clone().without_labels()).seed(1).run().unwrap();
    assert_eq!(adapted.report().unwrap().outcome, Outcome::RolledBack, "{:?}", adapted.report());
    let drift = cama.drift(&rows, 1).unwrap();
    let of = |name: &str| drift.parameters.iter().find(|p| p.name == name).unwrap().value;
    assert!((of("x2 factor") - 1.0).abs() < 0.2 && (of("x0 factor") - 1.0).abs() < 0.2, "{drift:?}");

    // The columns that are there move, and are moved back; what is filled in stays so.
    let moved = "shift:x4:-2+scale:x1:8+scale:x3:0.1";
    let moved = TableManipulation::parse(moved).unwrap().apply_seeded(&rows, 1).unwrap();
    let adapted = cama.adapt(&moved.clone().without_labels()).seed(1).run().unwrap();
    let (lost, after) = (accuracy(cama, &moved), accuracy(&adapted, &moved));
    assert!(lost < before - 0.1 && after > before - 0.04, "{before} {lost} {after}");
    let decided = adapted.predict(&moved).unwrap();
    let filled = decided.iter().enumerate().all(|(i, d)| d.restored[2] == moved.x(i)[2]);
    assert!(filled);
}
