//! A batch of examples under attack, and ascent along the gradient.

use burn::tensor::{Device, Tensor, TensorData};
use cama::{Classifier, Error, Observed, Result};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::loss::Goal;
use super::space::Space;
use super::spec::{Attack, Method, Norm};

/// Examples that are attacked together: X and C concatenated, `[example][value]`.
pub(super) struct Batch<'a> {
    pub classifier: &'a dyn Classifier,
    /// What is asked for gradients in its place in the search under way.
    pub follower: Option<Box<dyn Classifier + 'a>>,
    pub space: &'a Space,
    pub attack: &'a Attack,
    pub goals: Vec<Goal>,
    /// The examples before the attack.
    pub origin: Vec<f32>,
    /// A of every example, one after another; empty where there is none.
    pub a: Vec<f32>,
    /// One where X was observed, zero where it is filled in, one example after another; empty where all was observed.
    pub known: Vec<f32>,
    /// A generator for each example, of what the attack draws.
    pub rngs: Vec<ChaCha8Rng>,
    /// The generators of the classifier's noise, with which all points of an example are compared.
    pub comparing: Vec<ChaCha8Rng>,
}

/// What one search found.
pub(super) struct Found {
    /// Where it ended.
    pub end: Vec<f32>,
    /// Where it was after half of the steps.
    pub half: Vec<f32>,
    /// Of each example, whether the gradient where the search began was exactly zero.
    pub flat: Vec<bool>,
}

impl Batch<'_> {
    pub fn len(&self) -> usize {
        self.goals.len()
    }

    /// The points as tensors: X, and C where there is one.
    fn tensors(&self, points: &[f32], device: &Device) -> (Tensor<2>, Option<Tensor<2>>) {
        let (n, width, x) = (self.len(), self.space.width(), self.space.x);
        let part = |from: usize, to: usize| {
            let values: Vec<f32> =
                points.chunks_exact(width).flat_map(|point| point[from..to].iter().copied()).collect();
            Tensor::from_data(TensorData::new(values, [n, to - from]), device)
        };
        (part(0, x), (width > x).then(|| part(x, width)))
    }

    fn parents(&self, device: &Device) -> Option<Tensor<2>> {
        self.rows_of(&self.a, device)
    }

    fn known(&self, device: &Device) -> Option<Tensor<2>> {
        self.rows_of(&self.known, device)
    }

    fn rows_of(&self, values: &[f32], device: &Device) -> Option<Tensor<2>> {
        let (n, width) = (self.len(), values.len() / self.len().max(1));
        (width > 0).then(|| Tensor::from_data(TensorData::new(values.to_vec(), [n, width]), device))
    }

    /// log p(y|x) at the points, `[example][class]`, with the same noise whatever the points.
    pub fn log_probabilities(&self, points: &[f32]) -> Result<Vec<Vec<f32>>> {
        let device = self.classifier.device();
        let (x, c) = self.tensors(points, &device);
        let observed =
            Observed { known: self.known(&device), a: self.parents(&device), c, ..Observed::of_x(x) };
        let log_p = self.classifier.log_probabilities(&observed, &mut self.comparing.clone())?;
        let classes = self.classifier.classes();
        let values: Vec<f32> = log_p.into_data().iter::<f32>().collect();
        Ok(values.chunks_exact(classes).map(<[f32]>::to_vec).collect())
    }

    /// The loss of every example at the points and its gradient, averaged over draws of the classifier's randomness.
    pub fn gradient(&mut self, points: &[f32]) -> Result<(Vec<f64>, Vec<f32>)> {
        let draws = if self.classifier.is_random() { self.attack.eot } else { 1 };
        let mut losses = vec![0.0; self.len()];
        let mut gradient = vec![0.0; points.len()];
        for _ in 0..draws {
            self.add_gradient(points, 1.0 / draws as f64, &mut losses, &mut gradient)?;
        }
        match gradient.iter().chain(&[losses.iter().sum::<f64>() as f32]).all(|v| v.is_finite()) {
            true => Ok((losses, gradient)),
            false => Err(Error::Diverged("the gradient of an attacked classifier is not finite".into())),
        }
    }

    /// Of each example, whether its gradient is exactly zero in all that may change.
    pub fn flat(&self, gradient: &[f32]) -> Vec<bool> {
        let rows = gradient.chunks_exact(self.space.width());
        rows.map(|row| self.space.free().all(|i| row[i] == 0.0)).collect()
    }

    fn add_gradient(
        &mut self,
        points: &[f32],
        share: f64,
        losses: &mut [f64],
        gradient: &mut [f32],
    ) -> Result<()> {
        let device = self.classifier.device();
        let (x, c) = self.tensors(points, &device);
        let leaf = |values: Tensor<2>| values.autodiff().require_grad();
        let (x, c) = (leaf(x), c.map(leaf));
        let [known, a] = [self.known(&device), self.parents(&device)].map(|t| t.map(Tensor::autodiff));
        let observed = Observed { known, a, c: c.clone(), ..Observed::of_x(x.clone()) };
        let asked = self.follower.as_deref().unwrap_or(self.classifier);
        let log_p = asked.log_probabilities(&observed, &mut self.rngs)?;
        let loss = self.attack.loss.of(log_p, &self.goals);
        for (sum, value) in losses.iter_mut().zip(loss.clone().into_data().iter::<f32>()) {
            *sum += share * f64::from(value);
        }
        if !loss.is_tracked() {
            return Err(Error::Mismatch("the classifier has no gradient; attack it with `square`".into()));
        }
        let gradients = loss.sum().backward();
        let (width, x_width) = (self.space.width(), self.space.x);
        let mut add = |leaf: &Tensor<2>, from: usize, to: usize| {
            // What a classifier does not read has no gradient.
            let Some(part) = leaf.grad(&gradients) else { return };
            let part: Vec<f32> = part.into_data().iter::<f32>().collect();
            for (row, part) in gradient.chunks_exact_mut(width).zip(part.chunks_exact(to - from)) {
                row[from..to].iter_mut().zip(part).for_each(|(sum, v)| *sum += share as f32 * v);
            }
        };
        add(&x, 0, x_width);
        c.iter().for_each(|c| add(c, x_width, width));
        Ok(())
    }

    /// Projects every point onto the ball and the ranges.
    pub fn project(&self, points: &mut [f32]) {
        let width = self.space.width();
        for (point, origin) in points.chunks_exact_mut(width).zip(self.origin.chunks_exact(width)) {
            self.space.project(point, origin, self.attack.eps, self.attack.norm);
        }
    }

    /// Where a search begins: uniformly distributed in the ball, or at the examples.
    pub fn start(&mut self) -> Vec<f32> {
        let mut points = self.origin.clone();
        if !self.attack.random_start {
            return points;
        }
        let (width, eps) = (self.space.width(), self.attack.eps);
        let free: Vec<usize> = self.space.free().collect();
        for (point, rng) in points.chunks_exact_mut(width).zip(&mut self.rngs) {
            let mut direction: Vec<f64> = match self.attack.norm {
                Norm::Linf => free.iter().map(|_| eps * (2.0 * unit(rng) - 1.0)).collect(),
                Norm::L2 | Norm::L0 => free.iter().map(|_| StandardNormal.sample(rng)).collect(),
            };
            if self.attack.norm == Norm::L2 {
                let length = direction.iter().map(|v| v * v).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
                let radius = eps * unit(rng).powf(1.0 / free.len() as f64);
                direction.iter_mut().for_each(|v| *v *= radius / length);
            }
            for (&i, by) in free.iter().zip(direction) {
                point[i] += (by * f64::from(self.space.unit[i])) as f32;
            }
        }
        self.project(&mut points);
        points
    }

    /// `fgsm`, `pgd` and `mim`: steps along the gradient, or along its momentum.
    pub fn ascend(&mut self) -> Result<Found> {
        let Attack { steps, norm, method, .. } = *self.attack;
        let (width, length) = (self.space.width(), self.attack.step_length());
        let mut points = self.start();
        let mut half = points.clone();
        let mut momentum = vec![0.0; points.len()];
        let mut flat = Vec::new();
        for step in 0..steps {
            let (_, gradient) = self.gradient(&points)?;
            if step == 0 {
                flat = self.flat(&gradient);
            }
            for (i, (point, gradient)) in
                points.chunks_exact_mut(width).zip(gradient.chunks_exact(width)).enumerate()
            {
                let mut towards = gradient;
                if method == Method::Mim {
                    let scaled = gradient.iter().zip(&self.space.unit).map(|(g, u)| (g * u).abs());
                    let size = scaled.sum::<f32>().max(f32::MIN_POSITIVE);
                    let sum = &mut momentum[i * width..(i + 1) * width];
                    sum.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += g / size);
                    towards = sum;
                }
                self.space.ascend(point, towards, length, norm);
            }
            self.project(&mut points);
            if step + 1 == steps.div_ceil(2) {
                half.clone_from(&points);
            }
        }
        Ok(Found { end: points, half, flat })
    }
}

/// A number from 0 to below 1.
pub(super) fn unit(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}
