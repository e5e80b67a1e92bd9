//! Rehearsal: what adapting to damage that was done on purpose tells of adapting to damage that was not.
//!
//! Clean examples of the user's own are damaged, in ways that the mechanisms can express and in ways that they cannot, and
//! restored as if nothing were known of it. Their labels are known, so it shows from where on restoration helps, and how
//! much Bayes' rule is worth where the model explains an example badly.

mod damage;
mod images;
mod tables;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::data::{DataShape, Dataset, shuffled};
use crate::decide::{
    Answer, Answers, DecideConfig, Decider, Decision, Guard, Rule, Tempering, Thresholds, Weighed,
    fit_tempering,
};
use crate::model::{DeepCama, M, MChoice};
use crate::predict::{PredictConfig, highest};
use crate::{Config, Result};

/// What was rehearsed, and what it told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rehearsal {
    /// From where on data as a whole is restored.
    pub thresholds: Thresholds,
    /// Every damage that was tried; empty if nothing was, as with too few clean examples.
    #[serde(default)]
    pub trials: Vec<Trial>,
}

/// One damage that was done on purpose to clean examples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// What was done.
    pub damage: String,
    /// How strongly the rule was for restoring: standard errors by which the discriminative classifier is surer, alone or together with how
    /// much more often Bayes' rule agrees (images), or nats by which a number is explained better (tables).
    pub evidence: f64,
    /// Whether the thresholds then let it be restored.
    pub kept: bool,
    /// Accuracy if nothing is restored.
    pub before: f64,
    /// Accuracy if everything is.
    pub after: f64,
}

impl Trial {
    /// Whether what becomes of it costs no more than a point of accuracy.
    pub fn is_right(&self) -> bool {
        let worth = worth_of(self.after - self.before);
        if self.kept { worth >= 0.0 } else { worth <= 0.0 }
    }
}

impl Rehearsal {
    /// How often restoration was rightly kept, rightly refused, wrongly kept, and wrongly refused: wrong is what costs more
    /// than a point of accuracy.
    pub fn counts(&self) -> [usize; 4] {
        let mut counts = [0; 4];
        for trial in &self.trials {
            let place = match (trial.kept, trial.is_right()) {
                (true, true) => 0,
                (false, true) => 1,
                (true, false) => 2,
                (false, false) => 3,
            };
            counts[place] += 1;
        }
        counts
    }
}

/// A loss of accuracy, or a gain, that passes for none.
const SLACK: f64 = 0.01;

/// Shares of examples differ by more than this.
const ROUNDING: f64 = 1e-9;

/// What a point of accuracy lost, beyond the slack, weighs against one gained.
const HARM: f64 = 4.0;

/// The most examples that each damage is done to, and fewer of which nothing is learnt.
const EXAMPLES: usize = 200;

/// By how many standard errors classifiers must be for restoring rows, unless trials tell.
const USUAL_RISE: f64 = 2.0;

/// The most decisions that the tempering is fitted to.
const WEIGHED: usize = 4000;

/// What rehearsal has told.
pub(crate) struct Rehearsed {
    /// T of the product, and how it rises.
    pub product: Option<(f64, Tempering)>,
    pub rehearsal: Rehearsal,
}

/// A model that rehearses, with clean, labelled examples that it was not trained on.
pub(crate) struct Rehearsing<'a, D> {
    /// What stands beside the model, its guard included.
    pub decider: Decider<'a>,
    pub guard: &'a Guard,
    pub clean: &'a D,
    pub seed: u64,
    /// Sees a few examples of every damage to images: how it is called, the examples as they are, damaged, and restored.
    pub see: Option<&'a See<'a, D>>,
}

/// Sees what a damage is called, and examples as they are, damaged, and restored.
pub(crate) type See<'a, D> = dyn Fn(&str, [&D; 3]) + Sync + 'a;

/// Examples of a damage that are seen.
const SEEN: usize = 10;

/// A trial, before thresholds are known.
#[derive(Clone)]
struct Tried {
    damage: String,
    /// What can be kept, best first: evidence, and accuracy if it is.
    options: Vec<(f64, f64)>,
    /// Of a table: by how many standard errors the discriminative classifier is surer; below any threshold where Bayes'
    /// rule agrees with it no more often.
    surer: f64,
    before: f64,
}

impl<D: Dataset> Rehearsing<'_, D> {
    /// Rehearses.
    ///
    /// # Errors
    ///
    /// If numbers diverge.
    pub fn run(&self) -> Result<Rehearsed> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut weighed = Vec::new();
        let mut thresholds = self.decider.thresholds;
        let tried = match self.decider.model.config().data {
            DataShape::Image(_) => {
                let (tried, learnt) = self.images(&mut rng, &mut weighed)?;
                thresholds = learnt;
                tried
            }
            DataShape::Table(_) => self.tables(&mut weighed)?,
        };
        // Of what is not explained Bayes' rule says nothing.
        weighed.retain(|weighed| weighed.anomaly_score() <= self.guard.threshold);
        if weighed.len() > WEIGHED {
            let mut kept: Vec<Option<Weighed>> = weighed.into_iter().map(Some).collect();
            let chosen = shuffled(kept.len(), &mut rng).into_iter().take(WEIGHED);
            weighed = chosen.filter_map(|i| kept[i].take()).collect();
        }
        let asked = self.decider.direct.is_some() && !weighed.is_empty() && self.multiplies()?;
        let product = asked.then(|| fit_tempering(&weighed, self.guard.median));
        // What classifiers refuse outright tells nothing of thresholds.
        let open: Vec<Tried> =
            tried.iter().filter(|tried| tried.surer > f64::NEG_INFINITY).cloned().collect();
        let evidence = open.iter().flat_map(|tried| tried.options.iter().map(|(evidence, _)| *evidence));
        let least = least_evidence(&open, evidence.collect(), self.usual());
        match self.decider.model.config().data {
            DataShape::Image(_) => thresholds.rise = least,
            DataShape::Table(_) => {
                thresholds.gain = least;
                // Among what gains enough, the surer.
                let surer: Vec<Tried> = open.iter().filter_map(|tried| tried.by_surer(least)).collect();
                let evidence = surer.iter().map(|tried| tried.options[0].0).collect();
                thresholds.rise = least_evidence(&surer, evidence, USUAL_RISE);
            }
        }
        let asked = self.decider.model.config().data.table().is_some() && self.decider.direct.is_some();
        let trial = |tried: Tried| {
            let kept = tried.kept(least).filter(|_| !asked || tried.surer > thresholds.rise);
            let (evidence, after) =
                kept.or(tried.options.first().copied()).unwrap_or((f64::MIN, tried.before));
            Trial { damage: tried.damage, evidence, kept: kept.is_some(), before: tried.before, after }
        };
        let trials = tried.into_iter().map(trial).collect();
        Ok(Rehearsed { product, rehearsal: Rehearsal { thresholds, trials } })
    }

    /// The threshold that holds where trials do not tell.
    fn usual(&self) -> f64 {
        match self.decider.model.config().data {
            DataShape::Table(_) => self.decider.thresholds.gain,
            DataShape::Image(_) => self.decider.thresholds.rise,
        }
    }

    /// Examples to damage: some, or all of few several times.
    fn examples(&self, rng: &mut ChaCha8Rng) -> D {
        let n = self.clean.len();
        let indices: Vec<usize> = match n >= EXAMPLES {
            true => shuffled(n, rng).into_iter().take(EXAMPLES).collect(),
            false => (0..EXAMPLES).map(|_| rng.random_range(0..n)).collect(),
        };
        self.clean.select(&indices)
    }

    /// What classifiers say of all examples with this m, unguarded.
    fn ask(&self, model: &DeepCama, data: &D, m: MChoice) -> Result<Vec<Answer>> {
        let predict = PredictConfig { m, seed: self.seed, ..PredictConfig::default() };
        Decider { model, ..self.decider }.answer_each(data, predict)
    }

    /// Decisions about examples all of which are restored.
    fn decide(&self, model: &DeepCama, data: &D) -> Result<Vec<Decision>> {
        let predict = PredictConfig { samples: 1, m: M::Mean, seed: self.seed, ..PredictConfig::default() };
        let config = DecideConfig { rule: Rule::Bayes, predict }.check()?;
        Decider { model, guard: None, ..self.decider }.decide(data, &config)
    }

    /// By how many standard errors the discriminative classifier is surer of restored rows; below any threshold where Bayes'
    /// rule agrees with it no more often, above any where there is none.
    fn surer(&self, as_they_are: &[Answer], restored: &[Answer]) -> f64 {
        if self.decider.direct.is_none() {
            return f64::INFINITY;
        }
        let [before, after] =
            [as_they_are, restored].map(|answers| Answers::of(answers, Some(self.guard.threshold)));
        self.decider.evidence_of_table(&after, &before)
    }
}

impl Tried {
    /// The same trial with how much surer the discriminative classifier is for evidence, if it gains more than this.
    fn by_surer(&self, least: f64) -> Option<Self> {
        let (_, accuracy) = self.kept(least)?;
        Some(Self { options: vec![(self.surer, accuracy)], ..self.clone() })
    }

    /// Evidence and accuracy of the best option that a threshold lets be kept.
    fn kept(&self, least: f64) -> Option<(f64, f64)> {
        self.options.iter().copied().find(|(evidence, _)| *evidence > least)
    }

    /// What a threshold gains on it.
    fn worth(&self, least: f64) -> f64 {
        self.kept(least).map_or(0.0, |(_, after)| worth_of(after - self.before))
    }
}

/// What this gain of accuracy is worth: nothing within the slack, a few examples' worth; a loss beyond it counts several times.
fn worth_of(gained: f64) -> f64 {
    match gained {
        lost if lost < -SLACK - ROUNDING => HARM * lost,
        gained if gained > SLACK + ROUNDING => gained,
        _ => 0.0,
    }
}

/// The threshold that gains most: half-way between two pieces of evidence that were found; of several the nearest, as a
/// ratio, to the usual one.
fn least_evidence(tried: &[Tried], mut evidence: Vec<f64>, usual: f64) -> f64 {
    evidence.retain(|evidence| evidence.is_finite() && *evidence > 0.0);
    evidence.sort_by(f64::total_cmp);
    let between = evidence.windows(2).map(|pair| (pair[0] * pair[1]).sqrt());
    let worth = |least: f64| tried.iter().map(|tried| tried.worth(least)).sum::<f64>();
    worth_most(between, usual, worth, |least| (least / usual).ln().abs())
}

/// The threshold that is worth most, of several the one least far from the usual one, which is among them.
fn worth_most(
    all: impl Iterator<Item = f64>,
    usual: f64,
    worth: impl Fn(f64) -> f64,
    far: impl Fn(f64) -> f64,
) -> f64 {
    all.fold(usual, |best, one| {
        let (a, b) = (worth(one), worth(best));
        if a > b + ROUNDING || (a > b - ROUNDING && far(one) < far(best)) { one } else { best }
    })
}

/// On what share of examples the most probable class is theirs.
fn share(answers: &[Answer], labels: &[usize], log_p: impl Fn(&Answer) -> &Vec<f64>) -> f64 {
    let right = |(answer, label): (&Answer, &usize)| {
        let log_p = log_p(answer);
        !log_p.is_empty() && highest(log_p) == *label
    };
    answers.iter().zip(labels).filter(|pair| right(*pair)).count() as f64 / labels.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(before: f64, options: &[(f64, f64)]) -> Tried {
        Tried { damage: String::new(), options: options.to_vec(), surer: f64::INFINITY, before }
    }

    #[test]
    fn thresholds_let_through_what_helps_and_stop_what_harms() {
        let helps = [tried(0.5, &[(20.0, 0.9)]), tried(0.7, &[(8.0, 0.8)])];
        let harms = [tried(0.9, &[(4.0, 0.6)]), tried(0.9, &[(1.0, 0.88)])];
        let all: Vec<Tried> = helps.into_iter().chain(harms).collect();
        let evidence = || vec![20.0, 8.0, 4.0, 1.0];
        let least = least_evidence(&all, evidence(), 3.0);
        assert!((4.0..8.0).contains(&least), "{least}");
        // Where nothing tells, the usual one.
        assert_eq!(least_evidence(&[], Vec::new(), 3.0), 3.0);
        let usual = least_evidence(&[tried(0.5, &[(20.0, 0.9)])], vec![20.0], 3.0);
        assert_eq!(usual, 3.0);
    }
}
