//! Scores of all classes by searching z.

use burn::tensor::{Tensor, TensorData};
use rand_chacha::ChaCha8Rng;

use super::bank::Bank;
use super::climb::{Climb, Hill};
use super::config::{Inference, OptimiseConfig};
use crate::batch::host;
use crate::model::{DeepCama, Given, Observed, Pairs};
use crate::noise::normals;
use crate::predict::config::PredictConfig;
use crate::predict::scores::normalised;

/// Parts of the steps after which classes may be left behind.
const LOOKS: [f64; 3] = [0.2, 0.4, 0.7];

/// What the search for z needs besides an example.
#[derive(Clone, Copy)]
pub(crate) struct Optimised<'a> {
    pub model: &'a DeepCama,
    pub bank: &'a Bank,
    pub config: &'a OptimiseConfig,
    /// Probability below which classes are not searched to the end: see [`PredictConfig::negligible`](crate::PredictConfig).
    pub negligible: f64,
}

/// The best z of an example under a class.
#[derive(Clone)]
pub(crate) struct Best {
    /// log p(x|y,z,m) + log p(z), or an estimate of log p(x|y,m), in nats.
    pub score: f64,
    pub z: Vec<f32>,
}

/// What was found of some examples.
pub(crate) struct Searched {
    /// Of every class.
    pub best: Vec<Vec<Best>>,
}

impl Searched {
    /// The scores with log p(y|a), of which there is a row for each example or one for all.
    pub fn scores(&self, log_py: &[f32]) -> Vec<Vec<f64>> {
        let with = |(i, best): (usize, &Vec<Best>)| {
            let first = if log_py.len() == best.len() { 0 } else { i * best.len() };
            best.iter().zip(&log_py[first..]).map(|(best, py)| best.score + f64::from(*py)).collect()
        };
        self.best.iter().enumerate().map(with).collect()
    }
}

impl<'a> Optimised<'a> {
    /// The search for z, if that is how it is to be got at and there is a bank to start from.
    pub fn of(model: &'a DeepCama, bank: Option<&'a Bank>, predict: &'a PredictConfig) -> Option<Self> {
        let bank = bank.filter(|_| predict.inference == Inference::Optimise)?;
        Some(Self { model, bank, config: &predict.optimise, negligible: predict.negligible })
    }

    /// The probability of an outlier.
    pub fn share(&self) -> f64 {
        self.config.floor.unwrap_or(self.bank.config().floor)
    }

    /// log p(y|a) + the best score of every class, for every example; `rngs` has a generator for each, of the samples, where there are any.
    pub fn scores(
        &self,
        observed: &Observed,
        m: Option<&Tensor<2>>,
        rngs: &mut [ChaCha8Rng],
    ) -> Vec<Vec<f64>> {
        let log_py = self.model.log_py(observed, None);
        if let Some(exact) = self.model.exact_scores_with_outliers(observed, m, self.share()) {
            let classes = self.model.config().classes;
            let rows = host(exact + log_py);
            return rows
                .chunks(classes)
                .map(|row| row.iter().map(|score| f64::from(*score)).collect())
                .collect();
        }
        let log_py = host(log_py);
        self.search(observed, m, &log_py, rngs).scores(&log_py)
    }

    /// Searches z for every class of every example.
    pub fn search(
        &self,
        observed: &Observed,
        m: Option<&Tensor<2>>,
        log_py: &[f32],
        rngs: &mut [ChaCha8Rng],
    ) -> Searched {
        let (model, classes) = (self.model, self.model.config().classes);
        let given = model.given(observed, None, m);
        let hill = Hill { model, given: &given, share: self.share() };
        let mut climb = self.begin(observed, m, &given);
        let none = Best { score: f64::NEG_INFINITY, z: Vec::new() };
        let mut searched = Searched { best: vec![vec![none; classes]; given.batch()] };
        let steps = self.config.steps;
        let mut before: Option<(usize, Vec<Vec<f64>>)> = None;
        for until in LOOKS.map(|part| (part * steps as f64).ceil() as usize).into_iter().chain([steps]) {
            climb.steps(&hill, until, steps, self.config.rate);
            searched.take(&climb);
            let now = searched.scores(log_py);
            if let Some((at, before)) = before.filter(|_| until < steps && self.negligible > 0.0) {
                climb.only(&self.kept(&climb, &now, &before, (steps - until) as f64 / (until - at) as f64));
            }
            before = Some((until, now));
        }
        climb.finish(&hill);
        searched.take(&climb);
        if self.config.samples > 0 {
            self.integrate(&hill, &climb, &mut searched, rngs);
        }
        searched
    }

    /// Every class of every example at its starts.
    pub(super) fn begin(&self, observed: &Observed, m: Option<&Tensor<2>>, given: &Given) -> Climb {
        let (model, dim) = (self.model, self.model.config().z);
        let (batch, classes) = (observed.x.dims()[0], model.config().classes);
        let amortised = host(given.q1().expect("z is not integrated out").mean.clone());
        let x = match (m, model.mechanisms()) {
            (Some(m), Some(mechanisms)) => mechanisms.restore(m, observed.x.clone()),
            _ => observed.x.clone(),
        };
        let restored = Observed { x, ..observed.clone() };
        let others = self.config.starts - 1;
        let nearest = match others {
            0 => Vec::new(),
            _ => self.bank.nearest(model, given, &restored, (others, self.share())),
        };
        let mut z = Vec::with_capacity(batch * classes * self.config.starts * dim);
        for pair in 0..batch * classes {
            z.extend_from_slice(&amortised[pair * dim..(pair + 1) * dim]);
            z.extend_from_slice(&nearest[pair * others * dim..(pair + 1) * others * dim]);
        }
        let pairs = (0..batch).flat_map(|i| (0..classes).map(move |class| (i, class))).collect();
        Climb::new(pairs, z, self.config.starts, dim)
    }

    /// Which classes are searched on: those that would not stay negligible if they rose `ahead` times as much as since the look
    /// before, which is what they do if in every step left they rise as much as they did on average in the last ones. Searches rise ever more slowly, as their steps get shorter; those of which that is not so
    /// could be left behind wrongly.
    fn kept(&self, climb: &Climb, now: &[Vec<f64>], before: &[Vec<f64>], ahead: f64) -> Vec<bool> {
        let bar = (self.negligible / self.model.config().classes as f64).ln();
        let is_negligible = |&(i, class): &(usize, usize)| {
            let risen = (now[i][class] - before[i][class]).max(0.0);
            now[i][class] + risen * ahead - normalised(&now[i]).0 < bar
        };
        // What is not a number is searched on.
        climb.pairs.iter().map(|pair| !is_negligible(pair)).collect()
    }

    /// Estimates log p(x|y,m) of the classes that were searched to the end by samples about their best z, as Eq. 6 does about
    /// q1's mean; the others keep their distance to the best.
    fn integrate(&self, hill: &Hill, climb: &Climb, searched: &mut Searched, rngs: &mut [ChaCha8Rng]) {
        let (dim, samples) = (climb.dim, self.config.samples);
        let device = self.model.device();
        let pairs = Pairs::new(&climb.pairs, &device);
        let q1 = hill.given.pairs(&pairs);
        let log_var = host(q1.q1().expect("z is not integrated out").log_var.clone());
        let noise: Vec<Vec<f32>> = rngs.iter_mut().map(|rng| normals(samples * dim, rng).collect()).collect();
        let mut z = Vec::with_capacity(climb.pairs.len() * samples * dim);
        let mut log_q = Vec::with_capacity(climb.pairs.len() * samples);
        for (&(i, class), log_var) in climb.pairs.iter().zip(log_var.chunks(dim)) {
            for noise in noise[i].chunks(dim) {
                let at = &searched.best[i][class].z;
                z.extend(at.iter().zip(noise).zip(log_var).map(|((z, e), v)| z + e * (0.5 * v).exp()));
                let terms = noise.iter().zip(log_var).map(|(e, v)| f64::from(-0.5 * (e * e + v)));
                log_q.push(terms.sum::<f64>() - 0.5 * dim as f64 * (2.0 * std::f64::consts::PI).ln());
            }
        }
        let heights = hill.at(&climb.pairs, z, [samples, dim]);
        let mut risen = vec![f64::INFINITY; rngs.len()];
        for ((&(i, class), heights), log_q) in
            climb.pairs.iter().zip(heights.chunks(samples)).zip(log_q.chunks(samples))
        {
            let weights: Vec<f64> = heights.iter().zip(log_q).map(|(h, q)| f64::from(*h) - q).collect();
            let estimate = normalised(&weights).0 - (samples as f64).ln();
            let best = &mut searched.best[i][class].score;
            risen[i] = risen[i].min(estimate - *best);
            *best = estimate;
        }
        let finished: std::collections::HashSet<(usize, usize)> = climb.pairs.iter().copied().collect();
        for (i, classes) in searched.best.iter_mut().enumerate() {
            for (class, best) in classes.iter_mut().enumerate() {
                if !finished.contains(&(i, class)) {
                    best.score += risen[i];
                }
            }
        }
    }
}

impl Searched {
    /// Takes over what the classes still on their way have found.
    fn take(&mut self, climb: &Climb) {
        for (&(i, class), (score, at)) in climb.pairs.iter().zip(climb.summits()) {
            self.best[i][class] = Best { score: f64::from(score), z: climb.best_z[at].to_vec() };
        }
    }
}

/// Latents of `model`, one after another, `[batch, targets, 1, z]`, as constants beside what is differentiated.
pub(crate) fn latents(z: Vec<f32>, [batch, targets]: [usize; 2], model: &DeepCama) -> Tensor<4> {
    let dim = model.config().z;
    Tensor::<4>::from_data(TensorData::new(z, [batch, targets, 1, dim]), &model.device()).autodiff()
}
