//! Classifiers' scores under attacks: made on themselves, and on surrogates.

use std::ops::ControlFlow;

use burn::tensor::Tensor;
use cama::data::Dataset;
use cama::{Classifier, Error, Observed, Observer, Predictor, Result, Rule, RuleClassifier};
use rand_chacha::ChaCha8Rng;

use super::evaluated::{Answers, Evaluated, Scored, computed, row_name};
use super::row::{Attacked, Row};
use crate::attack::{Adversarial, Attack, Attackable, Limits, Losses, Norm, Oracle, Space, attack};
use crate::baseline::Baseline;
use crate::metrics::Score;

impl Attacked {
    fn of<D>(made_on: &str, made: &Adversarial<D>) -> Self {
        let n = made.losses.len() as f64;
        let mean = |of: fn(&Losses) -> f64| made.losses.iter().map(of).sum::<f64>() / n;
        Self {
            made_on: made_on.into(),
            loss_before: mean(|losses| losses.before),
            loss_half: mean(|losses| losses.half),
            loss_after: mean(|losses| losses.after),
            misled: mean(|losses| f64::from(u8::from(losses.reached))),
            flat: mean(|losses| f64::from(u8::from(losses.flat))),
        }
    }
}

/// A classifier whose adversarial examples are tried on all others.
#[derive(Clone, Copy)]
pub struct Surrogate<'a> {
    /// Its name in rows: [`Attacked::made_on`].
    pub name: &'a str,
    /// The classifier.
    pub classifier: &'a dyn Classifier,
}

impl Surrogate<'_> {
    /// Errors unless it has as many classes as the data.
    fn check(&self, data: &impl Dataset) -> Result<()> {
        let (own, wanted) = (self.classifier.classes(), data.classes().len());
        match own == wanted {
            true => Ok(()),
            false => Err(Error::Mismatch(format!(
                "`{}`, whose examples are to be tried on all, has {own} classes, {} has {wanted}",
                self.name,
                data.name()
            ))),
        }
    }
}

/// [`Attacked::made_on`] of the rows with, for each example, the attack that misleads most.
pub const WORST: &str = "the worst for each";

/// Which attacks are made, and how.
#[derive(Clone, Copy)]
pub struct AttackPlan<'a> {
    /// Which attacks.
    pub attacks: &'a [Attack],
    /// Which columns of a table, and how far.
    pub limits: &'a Limits,
    /// Whose examples are tried on all that are evaluated; of `square` none are.
    pub surrogates: &'a [Surrogate<'a>],
    /// Whether each classifier gets a row for each radius, too, in which every example counts under the attack that misleads
    /// most: one that is misclassified, or else that with the lowest probability of the correct class.
    pub worst: bool,
    /// The most examples that are attacked: the first ones.
    pub limit: usize,
    /// Where the attacks' random numbers come from.
    pub seed: u64,
}

/// Scores each classifier on the first examples of `data` under each attack: on examples made on itself, whatever else is
/// evaluated, and on those made on each surrogate; `each` sees every row as soon as it is computed.
///
/// To an attack's gradient a deep CAMA model has no guard; `square` asks the decision with its guard, and the decision
/// with its guard is what is scored.
///
/// Returns the rows, and notes on what could not be attacked, and why.
///
/// # Errors
///
/// If the data has no labels, does not fit a classifier or cannot be attacked within the limits, if an attack or a prediction
/// fails, or if the observer breaks.
pub fn attack_and_evaluate<D: Attackable>(
    evaluated: &[Evaluated<D>],
    data: &D,
    plan: &AttackPlan,
    observer: &mut Observer,
    mut each: impl FnMut(&Row),
) -> Result<(Vec<Row>, Vec<String>)> {
    let data = &data.select(&(0..data.len().min(plan.limit)).collect::<Vec<_>>());
    let Some(labels) = data.labels().filter(|labels| !labels.is_empty()) else {
        return Err(Error::Mismatch(format!("{} has no labelled examples to attack", data.name())));
    };
    evaluated.iter().try_for_each(|one| one.check(data))?;
    plan.surrogates.iter().try_for_each(|surrogate| surrogate.check(data))?;
    let space = data.space(plan.limits)?;
    let mut all = Vec::new();
    for one in evaluated {
        all.extend(targets(one, data)?);
    }
    let (rows, notes) = (Vec::new(), Vec::new());
    let worst = plan.worst.then(Vec::new);
    let mut run = Run { data, labels, space, seed: plan.seed, observer, each: &mut each, rows, notes, worst };
    for attack in plan.attacks {
        for target in &all {
            run.on_itself(attack, target)?;
        }
        for surrogate in plan.surrogates.iter().filter(|_| attack.method.needs_gradient()) {
            run.transferred(attack, surrogate, evaluated)?;
        }
    }
    run.add_worst()?;
    Ok((run.rows, run.notes))
}

/// One classifier to attack.
struct Target<'a, D> {
    /// Its name in rows.
    name: &'a str,
    kind: Kind<'a, D>,
}

enum Kind<'a, D> {
    Baseline(&'a Baseline),
    Other(&'a dyn Answers<D>),
    /// A model by one rule.
    Model {
        /// As it is evaluated, up to this rule.
        evaluated: Box<Predictor<'a>>,
        /// The same after its guard has looked at the examples before the attack.
        informed: Box<Predictor<'a>>,
    },
}

/// Each of the classifiers alone.
fn targets<'a, D: Attackable>(evaluated: &Evaluated<'a, D>, data: &D) -> Result<Vec<Target<'a, D>>> {
    let (predictor, only) = match evaluated {
        Evaluated::Baseline(name, baseline) => {
            return Ok(vec![Target { name, kind: Kind::Baseline(baseline) }]);
        }
        Evaluated::Other(name, other) => return Ok(vec![Target { name, kind: Kind::Other(*other) }]),
        Evaluated::Cama(predictor) => (predictor, None),
        Evaluated::Named(name, predictor) => (predictor, Some(*name)),
    };
    let informed = predictor.as_ref().clone().informed(data)?;
    let target = |&rule: &Rule| Target {
        name: only.unwrap_or_else(|| row_name(predictor, rule)),
        kind: Kind::Model {
            evaluated: Box::new(predictor.as_ref().clone().rule(rule)),
            informed: Box::new(informed.clone().rule(rule)),
        },
    };
    Ok(match only {
        Some(_) => vec![target(&predictor.config.rule)],
        None => computed(predictor.config.rule).iter().map(target).collect(),
    })
}

/// Attacks and scores under way.
struct Run<'a, 'o, D> {
    data: &'a D,
    labels: &'a [usize],
    space: Space,
    seed: u64,
    observer: &'a mut Observer<'o>,
    each: &'a mut dyn FnMut(&Row),
    rows: Vec<Row>,
    notes: Vec<String>,
    /// The worst of each classifier at each radius, if that is asked for.
    worst: Option<Vec<Worst>>,
}

/// Stands for what can only be asked: attacks are told by it that there is no gradient, and ask the other.
struct Asked {
    classes: usize,
}

impl Classifier for Asked {
    fn classes(&self) -> usize {
        self.classes
    }

    fn log_probabilities(&self, _: &Observed, _: &mut [ChaCha8Rng]) -> Result<Tensor<2>> {
        Err(Error::Mismatch("what can only be asked has no tensors; attack it with `square`".into()))
    }
}

/// What the worst attacks at one radius leave of a classifier.
struct Worst {
    name: String,
    eps: f64,
    norm: Norm,
    /// p(y|x) of every class, of each example under the attack that misleads most.
    probabilities: Vec<Vec<f64>>,
    /// How many attacks that is of.
    attacks: usize,
}

impl Worst {
    /// Takes for each example the worse of what is there and `other`.
    fn add(&mut self, other: &[Vec<f64>], labels: &[usize]) {
        self.attacks += 1;
        for ((kept, other), &label) in self.probabilities.iter_mut().zip(other).zip(labels) {
            if is_worse(other, kept, label) {
                kept.clone_from(other);
            }
        }
    }
}

/// Whether an example of this class is misled more with the probabilities `one` than with `other`.
fn is_worse(one: &[f64], other: &[f64], label: usize) -> bool {
    let wrong = |p: &[f64]| p.iter().enumerate().any(|(class, v)| class != label && *v >= p[label]);
    (wrong(one), -one[label]) > (wrong(other), -other[label])
}

impl<D: Attackable> Run<'_, '_, D> {
    /// Scores a classifier on examples made on itself.
    fn on_itself(&mut self, attack: &Attack, target: &Target<D>) -> Result<()> {
        let name = target.name;
        let (evaluated, made) = match &target.kind {
            Kind::Baseline(baseline) => {
                (Evaluated::Baseline(name, baseline), self.made(*baseline, None, attack, name)?)
            }
            Kind::Other(other) => {
                let oracle = |part: &D| other.probabilities(part);
                let asked = Asked { classes: self.data.classes().len() };
                (Evaluated::Other(name, *other), self.made(&asked, Some(&oracle), attack, name)?)
            }
            Kind::Model { evaluated, informed } => {
                let (rule, predict) = (informed.config.rule, &informed.config.predict);
                let classifier = RuleClassifier::new(&informed.decider, predict, rule)?;
                let oracle = |part: &D| guarded(informed, part);
                let made = self.made(&classifier, Some(&oracle), attack, name)?;
                (Evaluated::Named(name, evaluated.clone()), made)
            }
        };
        match made {
            Some(made) => self.score(&evaluated, attack, name, &made),
            None => Ok(()),
        }
    }

    /// Scores all classifiers on examples made on a surrogate.
    fn transferred(
        &mut self,
        attack: &Attack,
        surrogate: &Surrogate,
        evaluated: &[Evaluated<D>],
    ) -> Result<()> {
        let Surrogate { name, classifier } = surrogate;
        let Some(made) = self.made(*classifier, None, attack, name)? else { return Ok(()) };
        // On examples made on itself it was scored already.
        let own = |one: &&Evaluated<D>| !matches!(one, Evaluated::Baseline(of, _) if of == name);
        evaluated.iter().filter(own).try_for_each(|one| self.score(one, attack, name, &made))
    }

    /// Adversarial examples made on `classifier`; where it has no gradient that the attack needs, nothing and a note.
    fn made(
        &mut self,
        classifier: &dyn Classifier,
        oracle: Option<&Oracle<D>>,
        one: &Attack,
        name: &str,
    ) -> Result<Option<Adversarial<D>>> {
        if classifier.differentiable() || !one.method.needs_gradient() {
            let made = attack(classifier, oracle, self.data, &self.space, one, self.seed, self.observer)?;
            return Ok(Some(made));
        }
        let note = format!(
            "`{name}` has no gradient to follow, so `{}` is not made on it: only `square` and examples made on others \
             (--against transfer:NAME) attack it",
            one.method.name()
        );
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
        Ok(None)
    }

    /// Adds the rows of a classifier on examples made on `made_on`.
    fn score(
        &mut self,
        evaluated: &Evaluated<D>,
        attack: &Attack,
        made_on: &str,
        made: &Adversarial<D>,
    ) -> Result<()> {
        for Scored { name, score, guard, probabilities } in evaluated.scores(&made.data, self.labels)? {
            self.count(name, attack, probabilities);
            let row = Row {
                data: self.data.name().into(),
                classifier: name.into(),
                manipulation: attack.to_string(),
                severity: attack.eps,
                score,
                guard,
                attack: Some(Attacked::of(made_on, made)),
            };
            (self.each)(&row);
            self.rows.push(row);
        }
        Ok(())
    }
}

impl<D: Attackable> Run<'_, '_, D> {
    /// Counts the answers of a classifier under an attack among the worst at its radius.
    fn count(&mut self, name: &str, attack: &Attack, probabilities: Vec<Vec<f64>>) {
        let (eps, norm) = (attack.eps, attack.norm);
        let Some(worst) = &mut self.worst else { return };
        match worst.iter_mut().find(|worst| worst.name == name && (worst.eps, worst.norm) == (eps, norm)) {
            Some(worst) => worst.add(&probabilities, self.labels),
            None => worst.push(Worst { name: name.into(), eps, norm, probabilities, attacks: 1 }),
        }
    }

    /// Adds the rows of the worst attacks.
    fn add_worst(&mut self) -> Result<()> {
        for Worst { name, eps, norm, probabilities, attacks } in self.worst.take().unwrap_or_default() {
            let score = Score::of_probabilities(&probabilities, self.labels)?;
            let misled = 1.0 - score.accuracy;
            let made_on = WORST.into();
            let [loss_before, loss_half, loss_after] = [0.0, 0.0, -score.log_likelihood];
            let row = Row {
                data: self.data.name().into(),
                classifier: name,
                manipulation: match norm {
                    Norm::Linf => format!("worst of {attacks}:{eps}"),
                    norm => format!("worst of {attacks}:{eps}:norm={}", norm.name()),
                },
                severity: eps,
                score,
                guard: None,
                attack: Some(Attacked { made_on, loss_before, loss_half, loss_after, misled, flat: 0.0 }),
            };
            (self.each)(&row);
            self.rows.push(row);
        }
        Ok(())
    }
}

/// p(y|x) of every class as it is decided, guard included.
fn guarded<D: Attackable>(informed: &Predictor, part: &D) -> Result<Vec<Vec<f64>>> {
    let mut all = Vec::with_capacity(part.len());
    informed.predict_part(part, 0, |decision| {
        all.push(decision.probabilities);
        ControlFlow::Continue(())
    })?;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_attacks_the_one_that_misleads_counts_for_each_example() {
        let labels = [0, 0, 0, 1];
        let first = vec![vec![0.9, 0.1], vec![0.4, 0.6], vec![0.7, 0.3], vec![0.5, 0.5]];
        let second = vec![vec![0.2, 0.8], vec![0.8, 0.2], vec![0.6, 0.4], vec![0.1, 0.9]];
        let mut worst = Worst {
            name: "one".into(),
            eps: 0.1,
            norm: Norm::Linf,
            probabilities: first.clone(),
            attacks: 1,
        };
        worst.add(&second, &labels);
        // A tie is a mistake: it counts as misled.
        let expected = [&second[0], &first[1], &second[2], &first[3]].map(Clone::clone);
        assert_eq!((worst.probabilities.as_slice(), worst.attacks), (&expected[..], 2));
    }
}
