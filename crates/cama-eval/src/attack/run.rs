//! Attacking all examples of a data set.

use std::ops::Range;

use burn::tensor::Device;
use cama::{Error, Event, Observer, Phase, Result};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;

use super::ascent::{Batch, Found};
use super::loss::{Goal, Loss, best};
use super::square::Ask;
use super::{Attack, Attackable, Method, Space, Victim};

/// What is judged, to be asked and nothing more; `square` needs no more.
pub trait Oracle<D>: Sync {
    /// p(y|x) of every class for every example of `data`, which are those from `first` on of all that are attacked.
    ///
    /// # Errors
    ///
    /// If it cannot be asked about them.
    fn probabilities(&self, data: &D, first: usize) -> Result<Vec<Vec<f64>>>;
}

/// The loss of one example, in nats: −log p(y|x) of the right class; of a targeted attack log p of the target. Attacks raise
/// it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Losses {
    /// As it was.
    pub before: f64,
    /// After half of the steps of the search that was kept.
    pub half: f64,
    /// In the end.
    pub after: f64,
    /// Whether it is then taken for another class, or for the target.
    pub reached: bool,
}

/// Adversarial examples.
#[derive(Clone, Debug)]
pub struct Adversarial<D> {
    /// The examples after the attack, with the same labels.
    pub data: D,
    /// What the attacked classifier makes of each, without a guard.
    pub losses: Vec<Losses>,
}

/// What the attack's generators and those that compare its points are salted with.
const SALT: u64 = 0x6174_7461_636b_0000;

/// Attacks `victim` at every labelled example of `data`; the same `seed` gives the same examples, whatever the threads.
///
/// `square` asks `oracle` if there is one, and else the victim. `observer` sees how many examples are done.
///
/// # Errors
///
/// If the data has no labels or more classes than the victim, `space` is not of such data, the victim has no gradient where
/// one is needed, too few classes or numbers that are not finite, or the observer breaks.
pub fn attack<D: Attackable>(
    victim: &dyn Victim,
    oracle: Option<&dyn Oracle<D>>,
    data: &D,
    space: &Space,
    attack: &Attack,
    seed: u64,
    observer: &mut Observer,
) -> Result<Adversarial<D>> {
    let Some(labels) = data.labels() else {
        return Err(Error::Mismatch(format!("{} has no labels: nothing to mislead from", data.name())));
    };
    mislead(victim, oracle, data, labels, space, attack, seed, observer)
}

/// As [`attack`], from the classes that `victim` itself gives the examples: of those that nobody has labelled.
///
/// # Errors
///
/// As [`attack`], less what has to do with labels.
pub fn attack_unlabelled<D: Attackable>(
    victim: &dyn Victim,
    data: &D,
    space: &Space,
    attack: &Attack,
    seed: u64,
    observer: &mut Observer,
) -> Result<Adversarial<D>> {
    let guess = |start: &usize| -> Result<Vec<usize>> {
        let range = *start..data.len().min(start + victim.at_once());
        let batch = Batch {
            victim,
            space,
            attack,
            goals: vec![Goal::Not(0); range.len()],
            origin: range.clone().flat_map(|i| data.x(i).iter().chain(data.c(i)).copied()).collect(),
            a: range.clone().flat_map(|i| data.a(i).iter().copied()).collect(),
            streams: Vec::new(),
            judging: streams(seed ^ SALT.rotate_left(8), range),
        };
        let log_p = batch.log_probabilities(&batch.origin)?;
        Ok(log_p.iter().map(|log_p| best(log_p, &[])).collect())
    };
    let starts: Vec<usize> = (0..data.len()).step_by(victim.at_once()).collect();
    let guessed: Vec<Vec<usize>> = starts.par_iter().map(guess).collect::<Result<_>>()?;
    mislead(victim, None, data, &guessed.concat(), space, attack, seed, observer)
}

/// The attack on examples of which `labels` are the classes to lead away from.
#[expect(clippy::too_many_arguments, reason = "those of the public functions, and the labels")]
fn mislead<D: Attackable>(
    victim: &dyn Victim,
    oracle: Option<&dyn Oracle<D>>,
    data: &D,
    labels: &[usize],
    space: &Space,
    attack: &Attack,
    seed: u64,
    observer: &mut Observer,
) -> Result<Adversarial<D>> {
    check(victim, data, labels, space, attack)?;
    let name = format!("{}|{attack}", data.name());
    let (n, at_once) = (data.len(), victim.at_once());
    let chunk = |range: Range<usize>| -> Result<(Vec<f32>, Vec<Losses>)> {
        let mut origin = Vec::with_capacity(range.len() * space.width());
        range.clone().for_each(|i| origin.extend(data.x(i).iter().chain(data.c(i))));
        let batch = Batch {
            victim,
            space,
            attack,
            goals: range.clone().map(|i| Goal::Not(labels[i])).collect(),
            origin,
            a: range.clone().flat_map(|i| data.a(i).iter().copied()).collect(),
            streams: streams(seed ^ SALT, range.clone()),
            judging: streams(seed ^ SALT.rotate_left(8), range.clone()),
        };
        let own: Vec<usize> = range.clone().collect();
        let ask = oracle.map(|oracle| {
            let own = &own;
            let name = &name;
            move |which: &[usize], points: &[f32]| {
                let log = |p: &f64| p.max(f64::from(f32::MIN_POSITIVE)).ln() as f32;
                let mut answers = Vec::with_capacity(which.len());
                // Neighbours together: what decides draws for an example by where it stands among all.
                for (run, points) in neighbours(which, points) {
                    let run: Vec<usize> = run.iter().map(|i| own[*i]).collect();
                    let asked = data.select(&run).changed(name.clone(), points)?;
                    let rows = oracle.probabilities(&asked, run[0])?;
                    answers.extend(rows.iter().map(|row| row.iter().map(log).collect::<Vec<f32>>()));
                }
                Ok(answers)
            }
        });
        searched(batch, ask.as_ref().map(|ask| ask as &Ask))
    };
    let starts: Vec<usize> = (0..n).step_by(at_once).collect();
    let (mut points, mut losses) = (Vec::with_capacity(n * space.width()), Vec::with_capacity(n));
    for starts in starts.chunks(rayon::current_num_threads()) {
        let chunk = |&start: &usize| chunk(start..n.min(start + at_once));
        let done: Vec<_> = starts.par_iter().map(chunk).collect::<Result<_>>()?;
        for (found, of) in done {
            points.extend(found);
            losses.extend(of);
        }
        let loss = losses.iter().map(|losses: &Losses| losses.after).sum::<f64>() / losses.len() as f64;
        if observer(Event::Step { phase: Phase::Attack, done: losses.len(), total: n, loss }).is_break() {
            return Err(Error::Interrupted(format!("nothing was kept of the attack {attack}")));
        }
    }
    Ok(Adversarial { data: data.changed(name, &points)?, losses })
}

/// Errors unless the data can be attacked so.
fn check<D: Attackable>(
    victim: &dyn Victim,
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
    let classes = victim.classes();
    if let Some(label) = labels.iter().find(|label| **label >= classes) {
        return Err(Error::Mismatch(format!("label {label} is beyond the classifier's {classes} classes")));
    }
    let loss = if attack.method == Method::ApgdDlr { Loss::Ratio } else { Loss::LogOdds };
    loss.check(classes, attack.targeted)?;
    if attack.method.needs_gradient() && !victim.differentiable() {
        return Err(Error::Mismatch(format!(
            "`{}` needs a gradient, and the classifier has none; use `square`, or transfer",
            attack.method.name()
        )));
    }
    Ok(())
}

/// One search for adversarial examples of images, `[image][value]`, of these classes: for training, where nothing is judged.
pub(crate) fn perturbed(
    victim: &dyn Victim,
    space: &Space,
    attack: &Attack,
    origin: Vec<f32>,
    labels: &[usize],
    rng: &ChaCha8Rng,
) -> Result<Vec<f32>> {
    let stream = |i: usize| {
        let mut stream = rng.clone();
        stream.set_stream(i as u64 + 1);
        stream
    };
    let streams: Vec<ChaCha8Rng> = (0..labels.len()).map(stream).collect();
    let goals = labels.iter().map(|&label| Goal::Not(label)).collect();
    let judging = streams.clone();
    let mut batch = Batch { victim, space, attack, goals, origin, a: Vec::new(), streams, judging };
    if attack.eps == 0.0 { Ok(batch.origin) } else { Ok(search(&mut batch, None)?.end) }
}

fn streams(seed: u64, range: Range<usize>) -> Vec<ChaCha8Rng> {
    let stream = |i: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(i as u64);
        rng
    };
    range.map(stream).collect()
}

/// One search.
fn search(batch: &mut Batch, ask: Option<&Ask>) -> Result<Found> {
    match batch.attack.method {
        Method::Fgsm | Method::Pgd | Method::Mim => batch.ascend(),
        Method::Apgd | Method::ApgdDlr => batch.climb(),
        Method::Square => match ask {
            Some(ask) => batch.search(ask),
            None => {
                let (victim, a, judging) = (batch.victim, batch.a.clone(), batch.judging.clone());
                let (space, attack, goals) = (batch.space, batch.attack, batch.goals.clone());
                let parents = a.len() / goals.len().max(1);
                batch.search(&move |which, points| {
                    let part = Batch {
                        victim,
                        space,
                        attack,
                        goals: which.iter().map(|&i| goals[i]).collect(),
                        origin: Vec::new(),
                        a: which
                            .iter()
                            .flat_map(|&i| a[i * parents..(i + 1) * parents].iter().copied())
                            .collect(),
                        streams: Vec::new(),
                        judging: which.iter().map(|&i| judging[i].clone()).collect(),
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
    let losses = |batch: &Batch, log_p: &[Vec<f32>]| -> Vec<(bool, f64)> {
        batch
            .goals
            .iter()
            .zip(log_p)
            .map(|(goal, log_p)| (goal.is_reached(log_p), goal.loss(log_p)))
            .collect()
    };
    let before = losses(&batch, &clean);
    let mut points = batch.origin.clone();
    let mut kept: Vec<Losses> = before
        .iter()
        .map(|&(reached, loss)| Losses { before: loss, half: loss, after: loss, reached })
        .collect();
    if batch.attack.eps == 0.0 {
        return Ok((points, kept));
    }
    for restart in 0..batch.attack.restarts {
        let Found { end, half } = search(&mut batch, ask)?;
        let ends = losses(&batch, &judge(&batch, &end)?);
        let halves = losses(&batch, &judge(&batch, &half)?);
        for (i, (&(reached, after), &(_, half))) in ends.iter().zip(&halves).enumerate() {
            let better = (reached, after) > (kept[i].reached, kept[i].after);
            // What is misled as it was stays so where the search leads it back.
            if better || (restart == 0 && !kept[i].reached) {
                kept[i] = Losses { half, after, reached, ..kept[i] };
                let range = i * width..(i + 1) * width;
                points[range.clone()].copy_from_slice(&end[range]);
            }
        }
    }
    Ok((points, kept))
}

/// The longest stretches of `which` without a gap, each with its part of `points`.
fn neighbours<'a>(which: &'a [usize], points: &'a [f32]) -> Vec<(&'a [usize], &'a [f32])> {
    let width = points.len() / which.len().max(1);
    let mut rest = points;
    let stretches = which.chunk_by(|a, b| *b == a + 1);
    let mut with_points = |stretch: &'a [usize]| {
        let (part, left) = rest.split_at(stretch.len() * width);
        rest = left;
        (stretch, part)
    };
    stretches.map(&mut with_points).collect()
}

/// Where baselines compute.
pub(super) fn cpu() -> Device {
    Device::flex()
}

#[cfg(test)]
mod tests {
    use super::neighbours;

    #[test]
    fn examples_are_asked_about_by_where_they_stand() {
        let points = [0.0, 0.5, 1.0, 1.5, 4.0, 4.5, 6.0, 6.5];
        let found = neighbours(&[0, 1, 4, 6], &points);
        assert_eq!(found, [(&[0, 1][..], &points[..4]), (&[4], &points[4..6]), (&[6], &points[6..])]);
        assert!(neighbours(&[], &[]).is_empty());
    }
}
