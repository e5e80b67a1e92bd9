//! Attacks reach what can be computed by hand, stay within their bounds, and are as strong as they say.

use std::fs;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::tensor::{Device, Tensor, TensorData, activation};
use cama::causal::{CausalGraph, Roles};
use cama::data::table::{LearnOptions, Rows, Schema};
use cama::data::{self, Dataset, Images};
use cama::{
    Classifier, Config, ContextFrom, DecideConfig, Decider, DeepCama, DirectClassifier, DirectConfig, M,
    Observed, PredictConfig, Predictor, Result, Rule, RuleClassifier, silent,
};
use cama_eval::attack::{Adversarial, Attack, Attackable, Limits, attack, attack_unlabelled};
use cama_eval::baseline::{Dropout, MlpConfig};
use cama_eval::{
    Answers, AttackPlan, Baseline, BaselineConfig, Evaluated, Surrogate, attack_and_evaluate, evaluate,
};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;

/// Two classes, distinguished by the sign of w·x + b.
struct Linear {
    w: Vec<f32>,
    b: f32,
}

impl Linear {
    fn score(&self, x: &[f32]) -> f32 {
        self.w.iter().zip(x).map(|(w, x)| w * x).sum::<f32>() + self.b
    }
}

impl Classifier for Linear {
    fn classes(&self) -> usize {
        2
    }

    fn differentiable(&self) -> bool {
        true
    }

    fn log_probabilities(&self, observed: &Observed, _rngs: &mut [ChaCha8Rng]) -> Result<Tensor<2>> {
        let w = Tensor::<2>::from_data(TensorData::new(self.w.clone(), [self.w.len(), 1]), &Device::flex());
        let score = observed.x.clone().matmul(w).add_scalar(self.b);
        Ok(activation::log_softmax(Tensor::cat(vec![score.clone(), -score], 1).mul_scalar(0.5), 1))
    }
}

fn images(pixels: Vec<f32>, labels: Vec<usize>) -> Images {
    let width = pixels.len() / labels.len();
    let classes = vec!["a".into(), "b".into()];
    Images::new("some", [1, 1, width], pixels, Some(labels), classes).unwrap()
}

fn attacked<D: Attackable>(classifier: &dyn Classifier, data: &D, spec: &str) -> Adversarial<D> {
    let spec: Attack = spec.parse().unwrap();
    let space = data.space(&Limits::default()).unwrap();
    attack(classifier, None, data, &space, &spec, 3, &mut silent).unwrap()
}

fn mean_loss<D>(made: &Adversarial<D>) -> f64 {
    made.losses.iter().map(|losses| losses.after).sum::<f64>() / made.losses.len() as f64
}

#[test]
fn linear_classifiers_are_moved_as_far_as_can_be() {
    let linear = Linear { w: vec![1.0, -2.0, 0.5, 3.0, -0.25, 0.0], b: -0.3 };
    let x = vec![0.5, 0.4, 0.6, 0.5, 0.45, 0.55];
    // Of the first class the score falls, of the second it rises.
    let data = images([x.clone(), x.clone()].concat(), vec![0, 1]);
    let (one, two) = (6.75, (1.0f32 + 4.0 + 0.25 + 9.0 + 0.0625).sqrt());
    for (method, options) in [
        ("fgsm", ""),
        ("pgd", ""),
        ("mim", ""),
        ("apgd", ""),
        ("pgd", ":no-random-start"),
        ("pgd", ":targeted"),
    ] {
        for (norm, size) in [("linf", one), ("l2", two)] {
            let made = attacked(&linear, &data, &format!("{method}:0.1:norm={norm}{options}")).data;
            for (i, sign) in [(0, -1.0), (1, 1.0)] {
                let moved = sign * (linear.score(made.x(i)) - linear.score(&x));
                assert!(
                    (moved - 0.1 * size).abs() < 1e-3,
                    "{method} {norm} {options}: {moved} {}",
                    0.1 * size
                );
            }
        }
    }
    // At the border there is less room.
    let x = vec![0.05, 0.98, 0.5, 0.0, 1.0, 0.3];
    let data = images(x.clone(), vec![0]);
    let room: f32 =
        linear.w.iter().zip(&x).map(|(w, x)| w * ((x - 0.1 * w.signum()).clamp(0.0, 1.0) - x)).sum();
    for method in ["fgsm", "pgd", "mim", "apgd"] {
        let moved =
            linear.score(attacked(&linear, &data, &format!("{method}:0.1")).data.x(0)) - linear.score(&x);
        assert!((moved - room).abs() < 1e-4, "{method}: {moved} {room}");
    }
}

#[test]
fn few_values_of_a_linear_classifier_are_changed_where_that_does_most() {
    // Never misled, so that the searches go on to the end.
    let linear = Linear { w: vec![1.0, -2.0, 0.5, 3.0, -0.25, 0.0], b: 10.0 };
    let x = vec![0.5, 0.4, 0.6, 0.1, 0.45, 0.55];
    let data = images(x.clone(), vec![0]);
    // The score falls by w·x where w is above zero and by −w·(1 − x) where it is below: .5, 1.2, .3, .3, .1375 and nothing.
    for (most, fallen) in [(0, 0.0), (1, 1.2), (2, 1.7), (3, 2.0), (6, 2.4375)] {
        let made = attacked(&linear, &data, &format!("sparse:{most}")).data;
        let moved = linear.score(made.x(0)) - linear.score(&x);
        assert!((moved + fallen).abs() < 1e-4, "{most}: {moved} {fallen}");
        assert!(made.x(0).iter().zip(&x).filter(|(a, b)| a != b).count() <= most);
        // At random, with questions enough, it comes near.
        let asked = attacked(&linear, &data, &format!("sparse-rs:{most}:steps=3000")).data;
        let moved = linear.score(asked.x(0)) - linear.score(&x);
        assert!((moved + fallen).abs() < 0.1, "{most} at random: {moved} {fallen}");
        assert!(asked.x(0).iter().zip(&x).filter(|(a, b)| a != b).count() <= most);
    }
}

#[test]
fn any_wrong_class_will_do_where_several_are_aimed_at() {
    let linear = Linear { w: vec![1.0, -2.0], b: 0.3 };
    let data = images(vec![0.5, 0.5], vec![0]);
    let [one, three] = ["pgd:0.1", "pgd:0.1:targets=3"].map(|spec| attacked(&linear, &data, spec));
    assert_eq!(one.losses[0].reached, three.losses[0].reached);
    assert!((one.losses[0].after - three.losses[0].after).abs() < 1e-4);
}

#[test]
fn a_confident_classifier_is_attacked_as_well() {
    // Its cross-entropy has no gradient left in single precision.
    let linear = Linear { w: vec![100.0, -200.0], b: 250.0 };
    let data = images(vec![0.5, 0.5], vec![0]);
    let moved = linear.score(attacked(&linear, &data, "pgd:0.1").data.x(0)) - 200.0;
    assert!((moved + 30.0).abs() < 0.1, "{moved}");
}

#[test]
fn an_attack_on_the_cross_entropy_of_a_confident_classifier_stays_where_it_is_and_says_so() {
    let linear = Linear { w: vec![100.0, -200.0], b: 190.0 };
    // 140 nats from the border, 10 nats from it, and misclassified.
    let data = images(vec![0.5, 0.5, 0.2, 1.0, 0.5, 0.5], vec![0, 0, 1]);
    for method in ["fgsm", "pgd", "mim", "apgd"] {
        let start = if method == "fgsm" { "" } else { ":no-random-start" };
        let made = attacked(&linear, &data, &format!("{method}:0.01:loss=cross-entropy{start}"));
        let flat: Vec<bool> = made.losses.iter().map(|losses| losses.flat).collect();
        assert_eq!(flat, [true, false, false], "{method}");
        let moved = |i: usize| made.data.x(i).iter().zip(data.x(i)).any(|(to, from)| to != from);
        assert!(!moved(0) && moved(1), "{method}");
        let made = attacked(&linear, &data, &format!("{method}:0.01{start}"));
        assert!(made.losses.iter().all(|losses| !losses.flat), "{method}");
    }
    let made = attacked(&linear, &data, "square:0.01:steps=3");
    assert!(made.losses.iter().all(|losses| !losses.flat));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn no_attack_leaves_the_ball_or_the_box(
        pixels in prop::collection::vec(0.0f32..=1.0, 12), w in prop::collection::vec(-3.0f32..3.0, 6),
        eps in 0.0f64..1.5, method in 0usize..5, l2: bool, targeted: bool,
    ) {
        let linear = Linear { w, b: 0.1 };
        let data = images(pixels, vec![0, 1]);
        let method = ["fgsm", "pgd", "mim", "apgd", "square"][method];
        let steps = if method == "fgsm" { "" } else { ":steps=7" };
        let (norm, targeted) = (if l2 { "l2" } else { "linf" }, if targeted { ":targeted" } else { "" });
        let made = attacked(&linear, &data, &format!("{method}:{eps}:norm={norm}{steps}{targeted}")).data;
        for i in 0..2 {
            let change: Vec<f64> =
                made.x(i).iter().zip(data.x(i)).map(|(a, b)| f64::from(a - b)).collect();
            let length = match l2 {
                true => change.iter().map(|v| v * v).sum::<f64>().sqrt(),
                false => change.iter().fold(0.0, |most, v| v.abs().max(most)),
            };
            prop_assert!(length <= eps + 1e-5, "{} {}", length, eps);
            prop_assert!(made.x(i).iter().all(|v| (0.0..=1.0).contains(v)));
        }
    }
}

/// A small network and images that it was not trained on.
fn network() -> &'static (Baseline, Images) {
    static NETWORK: OnceLock<(Baseline, Images)> = OnceLock::new();
    NETWORK.get_or_init(|| {
        let config =
            MlpConfig { hidden: vec![32], steps: 150, dropout: Dropout::All(0.0), ..MlpConfig::default() };
        let data = data::load("mnist:train[..600]").unwrap();
        let baseline =
            Baseline::fit(&BaselineConfig::Mlp(config).check().unwrap(), &data, 1, &mut silent).unwrap();
        (baseline, data::load("mnist:test[..40]").unwrap())
    })
}

#[test]
fn more_is_never_less() {
    let (network, data) = network();
    let loss = |spec: &str| mean_loss(&attacked(network, data, spec));
    for norm in ["", ":norm=l2"] {
        let eps = if norm.is_empty() { 0.05 } else { 1.0 };
        let losses: Vec<f64> = [3, 10, 40]
            .map(|steps| loss(&format!("pgd:{eps}:steps={steps}:step={}{norm}", eps / 10.0)))
            .into();
        assert!(losses.is_sorted() && losses[0] + 0.01 < losses[2], "{norm}: {losses:?}");
        let [fgsm, pgd, apgd] = ["fgsm", "pgd", "apgd"].map(|method| loss(&format!("{method}:{eps}{norm}")));
        assert!(fgsm < pgd && pgd <= apgd + 0.01, "{norm}: {fgsm} {pgd} {apgd}");
    }
    let made = attacked(network, data, "pgd:0.05");
    assert!(made.losses.iter().all(|l| l.before < l.after));
    assert!(made.losses.iter().map(|l| l.after - l.half).sum::<f64>() >= 0.0);
}

#[test]
fn restarts_never_weaken_any_example() {
    let (network, data) = network();
    for spec in ["pgd:0.05:steps=3", "square:0.05:steps=20", "apgd-dlr:0.05:steps=5"] {
        let (one, four) =
            (attacked(network, data, spec), attacked(network, data, &format!("{spec}:restarts=4")));
        let pairs = one.losses.iter().zip(&four.losses);
        assert!(pairs.clone().all(|(a, b)| (a.reached, a.after) <= (b.reached, b.after)), "{spec}");
        assert!(pairs.clone().any(|(a, b)| a.after < b.after), "{spec}");
    }
}

#[test]
fn targets_become_more_probable() {
    let (network, data) = network();
    // The ratio weighs the target against the right class only, and a third may gain; what `square` raises is the margin of
    // the target.
    for (method, least) in
        [("fgsm:0.03", 36), ("pgd:0.03", 36), ("apgd-dlr:0.03", 30), ("square:0.1:steps=150", 30)]
    {
        let made = attacked(network, data, &format!("{method}:targeted"));
        let risen = made.losses.iter().filter(|losses| losses.after > losses.before).count();
        assert!(risen >= least, "{method}: {risen} of 40");
    }
}

#[test]
fn nothing_is_changed_by_no_strength_and_the_seed_decides() {
    let (network, data) = network();
    for method in ["fgsm", "pgd", "mim", "apgd", "apgd-dlr", "square"] {
        assert_eq!(attacked(network, data, &format!("{method}:0")).data.pixels(), data.pixels());
    }
    assert_eq!(
        attacked(network, data, "pgd:0.1:steps=2").data,
        attacked(network, data, "pgd:0.1:steps=2").data
    );
    let name = attacked(network, data, "pgd:0.1:steps=2").data;
    assert_eq!(name.name(), "mnist:test[..40]|pgd:0.1:steps=2");
}

#[test]
fn unlabelled_examples_are_led_away_from_their_predicted_classes() {
    let (network, data) = network();
    let taken = network.probabilities(data).unwrap();
    let taken: Vec<usize> =
        taken.iter().map(|p| (0..10).max_by(|&a, &b| p[a].total_cmp(&p[b])).unwrap()).collect();
    let relabelled =
        Images::new(data.name(), data.shape(), data.pixels().to_vec(), Some(taken), data.classes().to_vec());
    let labelled = attacked(network, &relabelled.unwrap(), "pgd:0.1:steps=5");
    let space = data.space(&Limits::default()).unwrap();
    let spec = "pgd:0.1:steps=5".parse().unwrap();
    let unlabelled = data.clone().without_labels();
    let made = attack_unlabelled(network, &unlabelled, &space, &spec, 3, &mut silent).unwrap();
    assert_eq!(made.data.pixels(), labelled.data.pixels());
    assert!(made.data.labels().is_none() && made.losses == labelled.losses);
    assert!(made.losses.iter().filter(|losses| losses.reached).count() > data.len() / 2);
}

#[test]
fn what_has_no_gradient_is_only_asked() {
    let config = BaselineConfig::named("trees").unwrap().check().unwrap();
    let trees = Baseline::fit(&config, &data::load("mnist:train[..200]").unwrap(), 1, &mut silent).unwrap();
    let data = data::load("mnist:test[..10]").unwrap();
    let made = attacked(&trees, &data, "square:0.3:steps=60");
    assert!(mean_loss(&made) > made.losses.iter().map(|l| l.before).sum::<f64>() / 10.0 + 0.3);
    assert!(made.data.pixels().iter().zip(data.pixels()).all(|(a, b)| (a - b).abs() <= 0.300_01));
    let space = data.space(&Limits::default()).unwrap();
    let error = attack(&trees, None, &data, &space, &"pgd:0.1".parse().unwrap(), 1, &mut silent).unwrap_err();
    assert!(error.to_string().contains("`pgd` needs a gradient"), "{error}");
}

fn model(mechanisms: &str) -> DeepCama {
    crate::model(mechanisms, [3, 3, 16], 2)
}

fn direct(model: &DeepCama) -> DirectClassifier {
    let config = DirectConfig { channels: 3, hidden: 8, ..DirectConfig::default() };
    DirectClassifier::new(model.config(), &config.check().unwrap(), 1, &Device::flex())
}

#[test]
fn a_model_is_attacked_by_every_rule() {
    let model = model("affine");
    let direct = direct(&model);
    let decider = Decider { direct: Some(&direct), ..Decider::bare(&model) };
    let data = data::load("mnist:test[..6]").unwrap();
    for m in [M::Null, M::Mean, M::Sample] {
        let predict = PredictConfig { m, samples: 2, ..PredictConfig::default() };
        for rule in Rule::ALL {
            let classifier = RuleClassifier::new(&decider, &predict, rule).unwrap();
            for spec in ["pgd:0.1:steps=4", "pgd:0.1:steps=4:eot=2"] {
                let made = attacked(&classifier, &data, spec);
                let before: f64 = made.losses.iter().map(|l| l.before).sum::<f64>() / 6.0;
                assert!(mean_loss(&made) > before, "{m:?} {rule:?}: {before} {}", mean_loss(&made));
            }
        }
    }
}

#[test]
fn everything_is_evaluated_on_itself_and_on_surrogates() {
    let model = model("affine");
    let direct = direct(&model);
    let decider = Decider { direct: Some(&direct), ..Decider::bare(&model) };
    let (network, data) = network();
    let config = DecideConfig {
        predict: PredictConfig { samples: 1, ..PredictConfig::default() },
        ..DecideConfig::default()
    };
    let trees = BaselineConfig::named("trees").unwrap().check().unwrap();
    let trees = Baseline::fit(&trees, &data::load("mnist:train[..100]").unwrap(), 1, &mut silent).unwrap();
    let evaluated = [
        Evaluated::Cama(Box::new(Predictor {
            decider,
            config,
            surveyed: None,
            context_from: ContextFrom::Batch,
        })),
        Evaluated::Baseline("net", network),
        Evaluated::Baseline("trees", &trees),
    ];
    let attacks: Vec<Attack> =
        ["pgd:0.2:steps=2", "square:0.2:steps=3"].map(|spec| spec.parse().unwrap()).into();
    let plan = AttackPlan {
        attacks: &attacks,
        limits: &Limits::default(),
        surrogates: &[Surrogate { name: "other", classifier: network }],
        worst: false,
        limit: 5,
        seed: 1,
    };
    let mut seen = 0;
    let (rows, notes) = attack_and_evaluate(&evaluated, data, &plan, &mut silent, |_| seen += 1).unwrap();
    let found: Vec<String> = rows
        .iter()
        .map(|row| {
            let attack = row.attack.as_ref().unwrap();
            format!("{} {} {}", row.manipulation.split(':').next().unwrap(), row.classifier, attack.made_on)
        })
        .collect();
    let own = |method: &str, names: &[&str]| -> Vec<String> {
        names.iter().map(|name| format!("{method} {name} {name}")).collect()
    };
    let names = ["direct-alone", "direct", "bayes", "product", "net"];
    let transfer = [&names[..], &["trees"]].concat();
    let expected = [
        own("pgd", &names),
        transfer.iter().map(|name| format!("pgd {name} other")).collect(),
        own("square", &transfer),
    ]
    .concat();
    assert_eq!(found, expected);
    assert_eq!((seen, rows[0].score.n, rows[0].severity), (rows.len(), 5, 0.2));
    assert!(notes.len() == 1 && notes[0].contains("`trees` has no gradient to follow"), "{notes:?}");
    // The same network as target and as surrogate.
    let of = |name: &str, on: &str| {
        rows.iter().find(|row| row.classifier == name && row.attack.as_ref().unwrap().made_on == on).unwrap()
    };
    assert_eq!(of("net", "net").score, of("net", "other").score);
}

/// The network, as what can only be asked; it counts how often.
struct AskedOnly<'a>(&'a Baseline, AtomicUsize);

impl Answers<Images> for AskedOnly<'_> {
    fn check(&self, data: &Images) -> Result<()> {
        self.0.check_classes(data)
    }

    fn probabilities(&self, data: &Images) -> Result<Vec<Vec<f64>>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.probabilities(data)
    }
}

#[test]
fn what_can_only_be_asked_is_judged_and_attacked_as_what_has_gradients_is() {
    let (network, data) = network();
    let asked = AskedOnly(network, AtomicUsize::new(0));
    let evaluated = [Evaluated::Baseline("net", network), Evaluated::Other("asked", &asked)];
    let attacks: Vec<Attack> =
        ["pgd:0.2:steps=2", "square:0.2:steps=8"].map(|spec| spec.parse().unwrap()).into();
    let plan = AttackPlan {
        attacks: &attacks,
        limits: &Limits::default(),
        surrogates: &[Surrogate { name: "other", classifier: network }],
        worst: false,
        limit: 6,
        seed: 1,
    };
    let (rows, notes) = attack_and_evaluate(&evaluated, data, &plan, &mut silent, |_| ()).unwrap();
    let of = |method: &str, name: &str, on: &str| {
        let is = |row: &&cama_eval::Row| {
            row.manipulation.starts_with(method)
                && row.classifier == name
                && row.attack.as_ref().unwrap().made_on == on
        };
        rows.iter().find(is).map(|row| row.score.clone())
    };
    assert!(of("square", "asked", "asked").is_some());
    assert_eq!(of("square", "asked", "asked"), of("square", "net", "net"));
    assert_eq!(of("pgd", "asked", "other"), of("pgd", "net", "other"));
    assert_eq!(of("pgd", "asked", "asked"), None);
    assert!(notes.len() == 1 && notes[0].contains("`asked` has no gradient to follow"), "{notes:?}");
    // Once before, all examples together in each step, twice in the end; and twice to score.
    let times = asked.1.load(Ordering::Relaxed);
    assert!((4..=14).contains(&times), "{times}");
    let clean = [(0.0, "none".parse().unwrap())];
    let judged = evaluate(&evaluated, data, &clean, 1, |_| ()).unwrap();
    assert_eq!(judged[0].score, judged[1].score);
}

/// Rows with a numeric child, a category, a numeric co-parent, a parent that causes a child too, and a parent.
fn rows() -> Rows {
    let folder = tempfile::tempdir().unwrap();
    let graph = "digraph { age -> sick; dose -> sick; dose -> fever; sick -> fever; sick -> pulse; sick -> cough; \
                 season -> fever }";
    fs::write(folder.path().join("g.dot"), graph).unwrap();
    let mut table = "age,dose,sick,fever,pulse,cough,season\n".to_string();
    for i in 0..120 {
        let spread = |by: f64| (f64::from(i) * by).fract();
        let sick = i % 3 == 0;
        let fever = 37.0 + f64::from(u8::from(sick)) + spread(0.618);
        let (pulse, cough) =
            (60.0 + 20.0 * spread(0.73) + 5.0 * f64::from(u8::from(sick)), ["a", "b", "c"][i as usize % 3]);
        table +=
            &format!("{},{},{sick},{fever},{pulse},{cough},{}\n", spread(0.41), spread(0.23), spread(0.91));
    }
    let path = folder.path().join("t.csv");
    fs::write(&path, table).unwrap();
    let roles = Roles::of(&CausalGraph::read(&folder.path().join("g.dot")).unwrap(), "sick").unwrap();
    Schema::learn(path.to_str().unwrap(), &roles, &LearnOptions::default()).unwrap().1
}

#[test]
fn columns_keep_to_their_own_radii_and_ranges() {
    let rows = rows();
    let limits = Limits {
        columns: vec!["f*".into(), "season".into(), "@children".into()],
        eps: vec![("fever".into(), 0.25)],
        ranges: vec![("season".into(), [0.2, 0.8]), ("fever".into(), [f64::NEG_INFINITY, 38.0])],
    };
    let space = rows.space(&limits).unwrap();
    let config =
        MlpConfig { hidden: vec![16], steps: 100, dropout: Dropout::All(0.0), ..MlpConfig::default() };
    let network =
        Baseline::fit(&BaselineConfig::Mlp(config).check().unwrap(), &rows, 1, &mut silent).unwrap();
    let schema = rows.schema();
    let at = |name: &str| schema.columns.iter().position(|column| column.name == name).unwrap();
    let sd = |name: &str| match schema.columns[at(name)].kind {
        cama::data::table::Kind::Number { sd, .. } => sd,
        _ => panic!("{name}"),
    };
    for spec in ["pgd:2", "square:2:steps=30", "fgsm:2", "apgd:2"] {
        let made =
            attack(&network, None, &rows, &space, &spec.parse().unwrap(), 1, &mut silent).unwrap().data;
        let cells = |rows: &Rows, i: usize| schema.decode(rows.x(i), rows.a(i), rows.c(i));
        let number = |cell: &cama::data::table::Cell| cell.to_string().parse::<f64>().unwrap();
        let mut moved = [0.0f64; 3];
        for i in 0..rows.len() {
            let (old, new) = (cells(&rows, i), cells(&made, i));
            for same in ["age", "dose", "cough"] {
                assert_eq!(old[at(same)], new[at(same)], "{spec} {same}");
            }
            for (moved, name) in moved.iter_mut().zip(["fever", "pulse", "season"]) {
                *moved = moved.max((number(&new[at(name)]) - number(&old[at(name)])).abs());
            }
            let (fever, season) = (number(&new[at("fever")]), number(&new[at("season")]));
            assert!(fever <= number(&old[at("fever")]).max(38.0) + 1e-5);
            let was = number(&old[at("season")]);
            assert!(season >= was.min(0.2) - 1e-5 && season <= was.max(0.8) + 1e-5, "{season} {was}");
        }
        // The radius is 2: half a degree of fever, and two standard deviations of what has no radius of its own.
        assert!((moved[0] - 0.5).abs() < 1e-4, "{spec}: {moved:?}");
        assert!((moved[1] - 2.0 * sd("pulse")).abs() < 1e-3, "{spec}: {moved:?}");
        assert!(moved[2] > 0.1);
    }
}

#[test]
fn causes_and_the_target_are_refused_with_the_reason() {
    let rows = rows();
    let refusal = |limits: Limits| rows.space(&limits).unwrap_err().to_string();
    for (column, part) in [
        ("age", "`age` causes the target `sick`: to change it changes the target"),
        ("dose", "`dose` causes the target"),
        ("sick", "`sick` is the target, so the labels no longer hold"),
        ("cough", "`cough` holds no numbers"),
        ("fevr", "did you mean `fever`?"),
    ] {
        let text = refusal(Limits { columns: vec![column.into()], ..Limits::default() });
        assert!(text.contains(part), "{column}: {text}");
        let text = refusal(Limits { eps: vec![(column.into(), 1.0)], ..Limits::default() });
        assert!(text.contains(part), "{column}: {text}");
    }
    for eps in [1e-300, 1e300] {
        let text = refusal(Limits { eps: vec![("fever".into(), eps)], ..Limits::default() });
        assert!(text.contains("attack `fever`: ") && text.contains("standard deviation"), "{text}");
    }
    let columns = vec!["fever".to_string()];
    let ranges = vec![("pulse".to_string(), [0.0, 1.0])];
    let text = refusal(Limits { columns, ranges, ..Limits::default() });
    assert!(text.contains("attack `pulse`: this column is not among those that are attacked"), "{text}");
    // A grid that is not one of what may change, however it came to be.
    let space = cama_eval::attack::Space { grid: [1, 9, 9], ..rows.space(&Limits::default()).unwrap() };
    let linear = Linear { w: vec![1.0; 5], b: 0.0 };
    let error =
        attack(&linear, None, &rows, &space, &"square:1".parse().unwrap(), 1, &mut silent).unwrap_err();
    assert!(error.to_string().contains("is no grid"), "{error}");
    let images = images(vec![0.5; 4], vec![0]);
    let limits = Limits { columns: vec!["x".into()], ..Limits::default() };
    assert!(images.space(&limits).unwrap_err().to_string().contains("columns are attacked in tables"));
}
