//! Classifiers' scores under attacks: made on themselves, and on others.

use std::ops::ControlFlow;

use cama::{By, DecideConfig, Decider, Error, Observer, Result, Ways};
use serde::{Deserialize, Serialize};

use super::run::{Adversarial, Oracle, attack, cpu};
use super::victim::{CamaVictim, CamaWay, Plain, Victim};
use super::{Attack, Attackable, Limits};
use crate::Baseline;
use crate::evaluate::{Beside, Judged, Row};

/// What was attacked to make the examples of a [`Row`], and what that came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attacked {
    /// The classifier that the examples were made on: the row's own, or a surrogate.
    pub made_on: String,
    /// Mean loss of that one before the attack, without a guard, in nats: −log p(y|x) of the right class; of a targeted
    /// attack log p of the target.
    pub loss_before: f64,
    /// The same after half of the steps.
    pub loss_half: f64,
    /// The same in the end: attacks raise it.
    pub loss_after: f64,
    /// The share of the examples that it then takes for another class, or for the target.
    pub misled: f64,
}

impl Attacked {
    fn of<D>(made_on: &str, made: &Adversarial<D>) -> Self {
        let n = made.losses.len() as f64;
        let mean = |of: fn(&super::Losses) -> f64| made.losses.iter().map(of).sum::<f64>() / n;
        Self {
            made_on: made_on.into(),
            loss_before: mean(|losses| losses.before),
            loss_half: mean(|losses| losses.half),
            loss_after: mean(|losses| losses.after),
            misled: mean(|losses| f64::from(u8::from(losses.reached))),
        }
    }
}

/// A classifier whose adversarial examples are tried on all others.
#[derive(Clone, Copy)]
pub struct Surrogate<'a> {
    /// What it is called in rows: [`Attacked::made_on`].
    pub name: &'a str,
    /// It.
    pub baseline: &'a Baseline,
}

/// What is attacked, and how.
#[derive(Clone, Copy)]
pub struct AttackPlan<'a> {
    /// Which attacks.
    pub attacks: &'a [Attack],
    /// Which columns of a table, and how far.
    pub limits: &'a Limits,
    /// Whose examples are tried on all that are judged; of `square` none are.
    pub surrogates: &'a [Surrogate<'a>],
    /// The most examples that are attacked: the first ones.
    pub limit: usize,
    /// Where the attacks' random numbers come from.
    pub seed: u64,
}

/// Scores each classifier on the first examples of `data` under each attack: on examples made on itself, whatever else is
/// judged, and on those made on each surrogate; `each` sees every row as soon as it is there.
///
/// To an attack's gradient a deep CAMA model has no guard; `square` asks what decides, and what is judged is what decides,
/// guard included.
///
/// With the rows comes what could not be attacked, and why.
///
/// # Errors
///
/// If the data has no labels, does not fit a classifier or cannot be attacked within the limits, if an attack or a prediction
/// fails, or if the observer breaks.
pub fn attack_and_evaluate<D: Attackable>(
    judged: &[Judged],
    data: &D,
    plan: &AttackPlan,
    observer: &mut Observer,
    mut each: impl FnMut(&Row),
) -> Result<(Vec<Row>, Vec<String>)> {
    let data = &data.select(&(0..data.len().min(plan.limit)).collect::<Vec<_>>());
    let Some(labels) = data.labels().filter(|labels| !labels.is_empty()) else {
        return Err(Error::Mismatch(format!("{} has no labelled examples to attack", data.name())));
    };
    judged.iter().try_for_each(|classifiers| classifiers.check(data))?;
    let surrogates = plan.surrogates.iter().map(|surrogate| surrogate.baseline.check_classes(data));
    surrogates.collect::<Result<Vec<_>>>()?;
    let space = data.space(plan.limits)?;
    let (mut rows, mut notes): (Vec<Row>, Vec<String>) = (Vec::new(), Vec::new());
    let targets = judged.iter().map(|judged| targets(judged, data)).collect::<Result<Vec<_>>>()?;
    for one in plan.attacks {
        let mut made = |victim: &dyn Victim, oracle: Option<&dyn Oracle<D>>| {
            attack(victim, oracle, data, &space, one, plan.seed, observer)
        };
        let mut add = |judged: &Judged, only: Option<&str>, made_on: &str, found: &Adversarial<D>| {
            for (name, score, guard) in judged.scores(&found.data, labels)? {
                if only.is_some_and(|only| only != name) {
                    continue;
                }
                let row = Row {
                    data: data.name().into(),
                    classifier: name.into(),
                    manipulation: one.to_string(),
                    severity: one.eps,
                    score,
                    guard,
                    attack: Some(Attacked::of(made_on, found)),
                };
                each(&row);
                rows.push(row);
            }
            Ok::<(), Error>(())
        };
        for Target { name, judged, decider, way, config } in targets.iter().flatten() {
            let found = match (judged, decider, way) {
                (Judged::Baseline(_, baseline), ..) => {
                    let victim = Plain { classifier: *baseline, device: cpu() };
                    fits(&victim, one, name, &mut notes).then(|| made(&victim, None)).transpose()?
                }
                (_, Some(decider), Some(way)) => {
                    let victim = CamaVictim::new(decider, &config.predict, *way);
                    let oracle = Whole { decider, config, way: *way };
                    fits(&victim, one, name, &mut notes).then(|| made(&victim, Some(&oracle))).transpose()?
                }
                _ => None,
            };
            let Some(found) = found else { continue };
            let judged = match **judged {
                Judged::Cama(decider, _, beside) => Judged::Cama(decider, config, beside),
                baseline => baseline,
            };
            add(&judged, Some(name), name, &found)?;
        }
        for Surrogate { name, baseline } in plan.surrogates.iter().filter(|_| one.method.needs_gradient()) {
            let victim = Plain { classifier: *baseline, device: cpu() };
            if fits(&victim, one, name, &mut notes) {
                let found = made(&victim, None)?;
                // Examples made on itself it was judged on already.
                let own = |judged: &&Judged| !matches!(judged, Judged::Baseline(of, _) if of == name);
                judged.iter().filter(own).try_for_each(|judged| add(judged, None, name, &found))?;
            }
        }
    }
    Ok((rows, notes))
}

/// Whether a classifier can be attacked so; notes why not, once.
fn fits(victim: &dyn Victim, attack: &Attack, name: &str, notes: &mut Vec<String>) -> bool {
    let fits = victim.differentiable() || !attack.method.needs_gradient();
    let note = format!(
        "`{name}` has no gradient to follow, so `{}` is not made on it: only `square` and examples made on others \
         (--against transfer:NAME) attack it",
        attack.method.name()
    );
    if !fits && !notes.contains(&note) {
        notes.push(note);
    }
    fits
}

/// One classifier to attack.
struct Target<'a> {
    name: &'a str,
    judged: &'a Judged<'a>,
    decider: Option<Decider<'a>>,
    way: Option<CamaWay>,
    /// To judge no more than this way.
    config: DecideConfig,
}

/// Each of the classifiers alone; a guard has looked at the examples before the attack.
fn targets<'a, D: Attackable>(judged: &'a Judged<'a>, data: &D) -> Result<Vec<Target<'a>>> {
    let (decider, config, beside) = match judged {
        Judged::Baseline(name, _) => {
            let config = DecideConfig::default();
            return Ok(vec![Target { name, judged, decider: None, way: None, config }]);
        }
        Judged::Cama(decider, config, beside) => (decider, *config, beside),
    };
    let decider = decider.informed(data, config)?;
    let [head, alone] = beside.names();
    let head_ways = [(alone, CamaWay::HeadAlone, By::Head), (head, CamaWay::Head, By::Head)];
    let bayes = ("bayes", CamaWay::Bayes, By::Bayes);
    let ways = match config.by {
        By::Bayes => vec![bayes],
        By::Head => head_ways.to_vec(),
        By::Both => [&head_ways[..], &[bayes, ("both", CamaWay::Both, By::Both)]].concat(),
    };
    let target = |(name, way, by)| Target {
        name,
        judged,
        decider: Some(decider),
        way: Some(way),
        config: DecideConfig { by, ..config.clone() },
    };
    Ok(ways.into_iter().map(target).collect())
}

/// What decides, guard included, by one of its ways.
struct Whole<'a> {
    decider: &'a Decider<'a>,
    config: &'a DecideConfig,
    way: CamaWay,
}

impl<D: Attackable> Oracle<D> for Whole<'_> {
    fn probabilities(&self, data: &D, first: usize) -> Result<Vec<Vec<f64>>> {
        let mut all = Vec::with_capacity(data.len());
        self.decider.decide_each(data, first, self.config, |decision| {
            let Ways { bayes, head, both, head_alone } = decision.ways;
            all.push(match self.way {
                CamaWay::HeadAlone => head_alone,
                CamaWay::Head => head,
                CamaWay::Bayes => bayes,
                CamaWay::Both => both,
            });
            ControlFlow::Continue(())
        })?;
        Ok(all)
    }
}

impl Beside {
    /// The classifier on what is restored, and alone.
    pub(crate) fn names(self) -> [&'static str; 2] {
        match self {
            Beside::Head => ["head", "head-alone"],
            Beside::Other => ["classifier", "classifier-alone"],
        }
    }
}
