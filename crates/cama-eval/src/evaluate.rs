//! Classifiers' scores under each of several manipulations.

use cama::data::Dataset;
use cama::{By, DecideConfig, Decider, Decision, Error, Result, Verdict, Ways};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use crate::attack::Attacked;
use crate::{Baseline, Score};

/// Classifiers that are judged.
#[derive(Clone, Copy)]
pub enum Judged<'a> {
    /// A deep CAMA model with what stands beside it, and how it decides: one classifier for each way that is computed.
    Cama(Decider<'a>, &'a DecideConfig, Beside),
    /// A baseline, and what it is called in rows.
    Baseline(&'a str, &'a Baseline),
}

/// What the discriminative classifier beside a model is called in tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// The model's own head: `head`.
    Head,
    /// Somebody else's: `classifier`.
    Other,
}

/// p(y|x) by one of the ways.
type Way = fn(&Ways) -> &Vec<f64>;

/// The score of one of the classifiers, by its name.
type Scored<'a> = (&'a str, Score, Option<Shares>);

impl<'a> Judged<'a> {
    /// How many classifiers they are.
    pub fn len(&self) -> usize {
        match self {
            Self::Cama(_, config, _) => match config.by {
                By::Bayes => 1,
                By::Head => 2,
                By::Both => 4,
            },
            Self::Baseline(..) => 1,
        }
    }

    /// Whether they are none; they never are.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Errors unless they can be judged on `data`.
    pub(crate) fn check(&self, data: &impl Dataset) -> Result<()> {
        match self {
            Self::Cama(decider, ..) => decider.model.check_labelled(data),
            Self::Baseline(_, baseline) => baseline.check_classes(data),
        }
    }

    /// How good they are on `data`, of which `labels` are the true classes.
    pub(crate) fn scores(&self, data: &impl Dataset, labels: &[usize]) -> Result<Vec<Scored<'a>>> {
        match self {
            Self::Cama(decider, config, beside) => {
                let decisions = decider.informed(data, config)?.decide(data, config)?;
                let shares = Shares::of(&decisions);
                let [head, alone] = beside.names();
                let ways: [(&str, Way); 4] = [
                    (alone, |ways| &ways.head_alone),
                    (head, |ways| &ways.head),
                    ("bayes", |ways| &ways.bayes),
                    ("both", |ways| &ways.both),
                ];
                let computed = ways.into_iter().filter(|(_, way)| !way(&decisions[0].ways).is_empty());
                let score = |(name, way): (&'static str, Way)| {
                    let probabilities: Vec<_> = decisions.iter().map(|d| way(&d.ways).clone()).collect();
                    let mut score = Score::of_probabilities(&probabilities, labels)?;
                    if name == "bayes" {
                        let sum: f64 = decisions.iter().map(|decision| decision.log_px).sum();
                        score.log_px = Some(sum / decisions.len() as f64);
                    }
                    // As it is, nothing is restored and nothing guarded.
                    Ok((name, score, (name != alone).then_some(shares)))
                };
                computed.map(score).collect()
            }
            Self::Baseline(name, baseline) => {
                let score = Score::of_probabilities(&baseline.probabilities(data)?, labels)?;
                Ok(vec![(name, score, None)])
            }
        }
    }
}

/// What the guard makes of the examples, as shares that sum to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shares {
    /// Restored, and explained so.
    pub restored: f64,
    /// Left as they were, and explained so.
    pub as_they_were: f64,
    /// Explained neither way, and left as they were.
    pub unexplained: f64,
}

impl Shares {
    fn of(decisions: &[Decision]) -> Self {
        let share = |of| decisions.iter().filter(|d| d.verdict == of).count() as f64 / decisions.len() as f64;
        Self {
            restored: share(Verdict::Restored),
            as_they_were: share(Verdict::AsItWas),
            unexplained: share(Verdict::Unexplained),
        }
    }
}

/// The score of one classifier under one manipulation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The data, as it is called.
    pub data: String,
    /// What is judged: a way of a deep CAMA model (`bayes`, `head`, `both`, `head-alone`; `classifier`,
    /// `classifier-alone` for somebody else's in the head's place), or a baseline.
    pub classifier: String,
    /// What was done to the data, as a specification.
    pub manipulation: String,
    /// How much of it, in its own unit.
    pub severity: f64,
    /// How good the predictions were.
    #[serde(flatten)]
    pub score: Score,
    /// What became of the examples: with do(m=0) none is restored, without a guard all are. None of what reads them as
    /// they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<Shares>,
    /// What the examples were made on, where the manipulation is an attack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attack: Option<Attacked>,
}

/// Scores each classifier on `data` under each manipulation, given with its severity; `each` sees every row as
/// soon as it is there.
///
/// Every manipulation is done with the same `seed`, so that classifiers can be compared example by example.
///
/// # Errors
///
/// If the data has no labels or does not fit a classifier, if a manipulation cannot be done to it, or if prediction
/// fails.
pub fn evaluate<D: Dataset>(
    judged: &[Judged],
    data: &D,
    manipulations: &[(f64, D::Manipulation)],
    seed: u64,
    mut each: impl FnMut(&Row),
) -> Result<Vec<Row>> {
    if data.is_empty() {
        return Err(Error::Mismatch(format!("{} is empty: there is nothing to judge", data.name())));
    }
    let Some(labels) = data.labels() else {
        return Err(Error::Mismatch(format!("{} has no labels to compare predictions with", data.name())));
    };
    judged.iter().try_for_each(|classifiers| classifiers.check(data))?;
    let mut rows = Vec::new();
    for (severity, manipulation) in manipulations {
        let manipulated = data.manipulated(manipulation, &mut ChaCha8Rng::seed_from_u64(seed))?;
        for classifiers in judged {
            for (name, score, guard) in classifiers.scores(&manipulated, labels)? {
                let row = Row {
                    data: data.name().into(),
                    classifier: name.into(),
                    manipulation: manipulation.to_string(),
                    severity: *severity,
                    score,
                    guard,
                    attack: None,
                };
                each(&row);
                rows.push(row);
            }
        }
    }
    Ok(rows)
}
