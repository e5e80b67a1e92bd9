//! Attacking all examples of a data set.

use std::ops::Range;

use cama::{Classifier, Error, Event, Follow, Observer, Phase, Result};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;

use super::ascent::{Batch, Found};
use super::loss::{Goal, best};
use super::space::{Attackable, Space};
use super::sparse;
use super::spec::{Attack, Method, Norm};
use super::square::Ask;

/// What decides in place of the attacked classifier, and can be asked and nothing more; only `square` asks it.
///
/// Returns p(y|x) of every class for every given example, which are some of those that are attacked, changed.
pub type Oracle<'a, D> = dyn Fn(&D) -> Result<Vec<Vec<f64>>> + Sync + 'a;

/// The loss of one example, in nats: −log p(y|x) of the correct class; of a targeted attack log p of the target. Attacks
/// raise it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Losses {
    /// Before the attack.
    pub before: f64,
    /// After half of the steps of the search that was kept.
    pub half: f64,
    /// In the end.
    pub after: f64,
    /// Whether it is then taken for another class, or for the target.
    pub reached: bool,
    /// Whether the gradient where the first search began was exactly zero: the attack then stays there. False for `square`,
    /// which has none.
    pub flat: bool,
}

/// Adversarial examples.
#[derive(Clone, Debug)]
pub struct Adversarial<D> {
    /// The examples after the attack, with the same labels.
    pub data: D,
    /// The losses of the attacked classifier on each, without a guard.
    pub losses: Vec<Losses>,
}

/// What the attack's generators and those that compare its points are salted with.
const SALT: u64 = 0x6174_7461_636b_0000;

/// Attacks `classifier` at every labelled example of `data`; the same `seed` gives the same examples, whatever the
/// threads.
///
/// `square` asks `oracle` if there is one, and else the classifier. `observer` sees how many examples are done.
///
/// # Errors
///
/// If the data has no labels or more classes than the classifier, `space` is not of such data, the classifier has no
/// gradient where one is needed, too few classes or non-finite outputs, or the observer breaks.
pub fn attack<D: Attackable>(
    classifier: &dyn Classifier,
    oracle: Option<&Oracle<D>>,
    data: &D,
    space: &Space,
    attack: &Attack,
    seed: u64,
    observer: &mut Observer,
) -> Result<Adversarial<D>> {
    let Some(labels) = data.labels() else {
        return Err(Error::Mismatch(format!("{} has no labels: nothing to mislead from", data.name())));
    };
    Run { classifier, oracle, data, space, attack, seed }.mislead(labels, observer)
}

/// As [`attack`], from the classes that `classifier` itself predicts for the examples: for unlabelled ones.
///
/// # Errors
///
/// As [`attack`], except those about labels.
pub fn attack_unlabelled<D: Attackable>(
    classifier: &dyn Classifier,
    data: &D,
    space: &Space,
    attack: &Attack,
    seed: u64,
    observer: &mut Observer,
) -> Result<Adversarial<D>> {
    let run = Run { classifier, oracle: None, data, space, attack, seed };
    let predicted: Vec<Vec<usize>> =
        run.starts().into_par_iter().map(|start| run.predicted(start)).collect::<Result<_>>()?;
    run.mislead(&predicted.concat(), observer)
}

/// One attack on a data set.
struct Run<'a, D> {
    classifier: &'a dyn Classifier,
    oracle: Option<&'a Oracle<'a, D>>,
    data: &'a D,
    space: &'a Space,
    attack: &'a Attack,
    seed: u64,
}

impl<D: Attackable> Run<'_, D> {
    /// Where each batch begins.
    fn starts(&self) -> Vec<usize> {
        (0..self.data.len()).step_by(self.classifier.batch_size()).collect()
    }

    /// The examples of the batch that begins at `start`.
    fn range(&self, start: usize) -> Range<usize> {
        start..self.data.len().min(start + self.classifier.batch_size())
    }

    /// The name of the data after the attack.
    fn name(&self) -> String {
        format!("{}|{}", self.data.name(), self.attack)
    }

    fn batch(&self, range: Range<usize>, goals: Vec<Goal>) -> Batch<'_> {
        let data = self.data;
        Batch {
            classifier: self.classifier,
            follower: None,
            space: self.space,
            attack: self.attack,
            goals,
            origin: range.clone().flat_map(|i| data.x(i).iter().chain(data.c(i)).copied()).collect(),
            a: range.clone().flat_map(|i| data.a(i).iter().copied()).collect(),
            known: known(data, range.clone()),
            rngs: example_rngs(self.seed ^ SALT, range.clone()),
            comparing: example_rngs(self.seed ^ SALT.rotate_left(8), range),
        }
    }

    /// The classes that the classifier predicts for the batch that begins at `start`.
    fn predicted(&self, start: usize) -> Result<Vec<usize>> {
        let range = self.range(start);
        let goals = vec![Goal::Not(0); range.len()];
        let batch = self.batch(range, goals);
        let log_p = batch.log_probabilities(&batch.origin)?;
        Ok(log_p.iter().map(|log_p| best(log_p, &[])).collect())
    }

    /// The attack on all examples, away from the classes `labels`.
    fn mislead(&self, labels: &[usize], observer: &mut Observer) -> Result<Adversarial<D>> {
        check(self.classifier, self.data, labels, self.space, self.attack)?;
        let n = self.data.len();
        let (mut points, mut losses) = (Vec::with_capacity(n * self.space.width()), Vec::with_capacity(n));
        for starts in self.starts().chunks(rayon::current_num_threads()) {
            let searched = |&start: &usize| self.searched(start, labels);
            let done: Vec<_> = starts.par_iter().map(searched).collect::<Result<_>>()?;
            for (found, of) in done {
                points.extend(found);
                losses.extend(of);
            }
            let loss = losses.iter().map(|losses: &Losses| losses.after).sum::<f64>() / losses.len() as f64;
            if observer(Event::Step { phase: Phase::Attack, done: losses.len(), total: n, loss }).is_break() {
                return Err(Error::Interrupted(format!("nothing was kept of the attack {}", self.attack)));
            }
        }
        Ok(Adversarial { data: self.data.changed(self.name(), &points)?, losses })
    }

    /// The points and losses of the batch that begins at `start`.
    fn searched(&self, start: usize, labels: &[usize]) -> Result<(Vec<f32>, Vec<Losses>)> {
        let range = self.range(start);
        let goals = range.clone().map(|i| Goal::Not(labels[i])).collect();
        let batch = self.batch(range, goals);
        match self.oracle {
            Some(oracle) => searched(batch, Some(&|which, points| self.ask(oracle, start, which, points))),
            None => searched(batch, None),
        }
    }

    /// The oracle's log-probabilities of the examples `which` of the batch that begins at `start`, at `points`.
    fn ask(
        &self,
        oracle: &Oracle<D>,
        start: usize,
        which: &[usize],
        points: &[f32],
    ) -> Result<Vec<Vec<f32>>> {
        let log = |p: &f64| p.max(f64::from(f32::MIN_POSITIVE)).ln() as f32;
        let which: Vec<usize> = which.iter().map(|i| start + i).collect();
        let asked = self.data.select(&which).changed(self.name(), points)?;
        Ok(oracle(&asked)?.iter().map(|row| row.iter().map(log).collect()).collect())
    }
}

/// Errors unless the data can be attacked in this way.
fn check<D: Attackable>(
    classifier: &dyn Classifier,
    data: &D,
    labels: &[usize],
    space: &Space,
    attack: &Attack,
) -> Result<()> {
    if data.is_empty() {
        return Err(Error::Mismatch(format!("{} is empty: there is nothing to attack", data.name())));
    }
    let wide = [space.width(), space.low.len(), space.high.len()];
    if wide != [data.x(0).len() + data.c(0).len(); 3] || space.x != data.x(0).len() {
        return Err(Error::Mismatch(format!("{} has not the values that are to be attacked", data.name())));
    }
    if space.free().count() != space.grid.iter().product::<usize>() {
        return Err(Error::Mismatch(format!(
            "{:?} is no grid of the values of {} that may change",
            space.grid,
            data.name()
        )));
    }
    let classes = classifier.classes();
    if let Some(label) = labels.iter().find(|label| **label >= classes) {
        return Err(Error::Mismatch(format!("label {label} is beyond the classifier's {classes} classes")));
    }
    attack.loss.check(classes, attack.targeted || attack.targets > 0)?;
    if attack.norm == Norm::L0 {
        sparse::check(space, attack.method)?;
    }
    if attack.method.needs_gradient() && !classifier.differentiable() {
        return Err(Error::Mismatch(format!(
            "`{}` needs a gradient, and the classifier has none; use `square`, or transfer",
            attack.method.name()
        )));
    }
    Ok(())
}

/// One search for adversarial examples of images, `[image][value]`, of these classes: for training.
pub(crate) fn perturbed(
    classifier: &dyn Classifier,
    space: &Space,
    attack: &Attack,
    origin: Vec<f32>,
    labels: &[usize],
    rng: &ChaCha8Rng,
) -> Result<Vec<f32>> {
    let of_example = |i: usize| {
        let mut rng = rng.clone();
        rng.set_stream(i as u64 + 1);
        rng
    };
    let rngs: Vec<ChaCha8Rng> = (0..labels.len()).map(of_example).collect();
    let goals = labels.iter().map(|&label| Goal::Not(label)).collect();
    let comparing = rngs.clone();
    let (a, known) = (Vec::new(), Vec::new());
    let follower = None;
    let mut batch = Batch { classifier, follower, space, attack, goals, origin, a, known, rngs, comparing };
    if attack.eps == 0.0 { Ok(batch.origin) } else { Ok(search(&mut batch, None)?.end) }
}

/// Which of X was observed, one example after another; empty where all was.
fn known<D: Attackable>(data: &D, range: Range<usize>) -> Vec<f32> {
    if range.clone().all(|i| data.x_known(i).is_none_or(|known| !known.contains(&false))) {
        return Vec::new();
    }
    let all = vec![true; data.x(range.start).len()];
    let known = range.flat_map(|i| data.x_known(i).unwrap_or(&all));
    known.map(|known| f32::from(u8::from(*known))).collect()
}

/// A generator for each example.
fn example_rngs(seed: u64, range: Range<usize>) -> Vec<ChaCha8Rng> {
    let of_example = |i: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(i as u64);
        rng
    };
    range.map(of_example).collect()
}

impl Batch<'_> {
    /// A search that only asks for probabilities.
    fn asked(&mut self, ask: &Ask) -> Result<Found> {
        match self.attack.method {
            Method::SparseRs => self.sparsely_at_random(ask),
            _ => self.search(ask),
        }
    }
}

/// One search.
fn search(batch: &mut Batch, ask: Option<&Ask>) -> Result<Found> {
    let how = if batch.attack.unrolled { Follow::Unrolled } else { Follow::Envelope };
    batch.follower = batch.classifier.follower(how);
    match batch.attack.method {
        Method::Sparse => batch.sparsely(),
        Method::Fgsm | Method::Pgd | Method::Mim => batch.ascend(),
        Method::Apgd | Method::ApgdDlr => batch.climb(),
        Method::Square | Method::SparseRs => match ask {
            Some(ask) => batch.asked(ask),
            None => {
                let (classifier, a, comparing) = (batch.classifier, batch.a.clone(), batch.comparing.clone());
                let (space, attack, goals) = (batch.space, batch.attack, batch.goals.clone());
                let known = batch.known.clone();
                let of = |all: &[f32], which: &[usize]| -> Vec<f32> {
                    let width = all.len() / goals.len().max(1);
                    which.iter().flat_map(|&i| all[i * width..(i + 1) * width].iter().copied()).collect()
                };
                batch.asked(&|which, points| {
                    let part = Batch {
                        classifier,
                        follower: None,
                        space,
                        attack,
                        goals: which.iter().map(|&i| goals[i]).collect(),
                        origin: Vec::new(),
                        a: of(&a, which),
                        known: of(&known, which),
                        rngs: Vec::new(),
                        comparing: which.iter().map(|&i| comparing[i].clone()).collect(),
                    };
                    part.log_probabilities(points)
                })
            }
        },
    }
}

/// All searches of a batch: for every example the point of the one that reached the goal, or came closest.
fn searched(mut batch: Batch, ask: Option<&Ask>) -> Result<(Vec<f32>, Vec<Losses>)> {
    let (n, width) = (batch.len(), batch.space.width());
    let all: Vec<usize> = (0..n).collect();
    let judge = |batch: &Batch, points: &[f32]| match ask {
        Some(ask) if !batch.attack.method.needs_gradient() => ask(&all, points),
        _ => batch.log_probabilities(points),
    };
    let clean = judge(&batch, &batch.origin)?;
    if batch.attack.targeted {
        for (goal, log_p) in batch.goals.iter_mut().zip(&clean) {
            if let Goal::Not(class) = *goal {
                *goal = Goal::From(class, best(log_p, &[class]));
            }
        }
    }
    let losses = |goals: &[Goal], log_p: &[Vec<f32>]| -> Vec<(bool, f64)> {
        let of = |(goal, log_p): (&Goal, &Vec<f32>)| (goal.is_reached(log_p), goal.loss(log_p));
        goals.iter().zip(log_p).map(of).collect()
    };
    let goals = batch.goals.clone();
    let before = losses(&goals, &clean);
    let mut points = batch.origin.clone();
    let mut kept: Vec<Losses> = before
        .iter()
        .map(|&(reached, loss)| Losses { before: loss, half: loss, after: loss, reached, flat: false })
        .collect();
    if batch.attack.eps == 0.0 {
        return Ok((points, kept));
    }
    let targets = batch.attack.targets.min(clean.first().map_or(0, |log_p| log_p.len() - 1));
    for round in 0..batch.attack.restarts * targets.max(1) {
        // Whoever is misled already needs no other target.
        if targets > 0 && round > 0 && kept.iter().all(|losses| losses.reached) {
            break;
        }
        if targets > 0 {
            batch.goals =
                goals.iter().zip(&clean).map(|(goal, log_p)| goal.towards(log_p, round % targets)).collect();
        }
        let Found { end, half, flat } = search(&mut batch, ask)?;
        if round == 0 {
            kept.iter_mut().zip(flat).for_each(|(kept, flat)| kept.flat = flat);
        }
        let ends = losses(&goals, &judge(&batch, &end)?);
        let halves = losses(&goals, &judge(&batch, &half)?);
        for (i, (&(reached, after), &(_, half))) in ends.iter().zip(&halves).enumerate() {
            let better = (reached, after) > (kept[i].reached, kept[i].after);
            // An example that is misled before the attack stays so, even if the search leads it back.
            if better || (round == 0 && !kept[i].reached) {
                kept[i] = Losses { half, after, reached, ..kept[i] };
                let range = i * width..(i + 1) * width;
                points[range.clone()].copy_from_slice(&end[range]);
            }
        }
    }
    Ok((points, kept))
}
