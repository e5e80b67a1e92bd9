//! Adam on z, for some examples under some classes at once.

use burn::tensor::{Tensor, TensorData};

use super::super::ascent::{Ascent, rows};
use crate::batch::host;
use crate::model::{DeepCama, Given, Pairs};

/// Adam's decay rates: short memories, as there are few steps.
pub(super) const BETAS: [f32; 2] = [0.8, 0.95];

/// The length of step `t` of `steps`, relative to the first: it falls to a tenth along a line.
pub(super) fn rate_at(t: usize, steps: usize) -> f32 {
    1.0 - 0.9 * t as f32 / steps as f32
}

/// z of some examples under some classes, several of each, on their way up.
#[derive(Clone)]
pub(super) struct Climb {
    /// Example and class of each.
    pub pairs: Vec<(usize, usize)>,
    /// z of each, `[pairs][starts][z]`, and its way up.
    z: Vec<f32>,
    ascent: Ascent,
    /// The best z so far, alike, and its score, `[pairs][starts]`.
    pub best_z: Vec<f32>,
    pub best: Vec<f32>,
    pub starts: usize,
    pub dim: usize,
    /// Steps so far.
    done: usize,
}

/// What is climbed: log p(x|y,z,m) + log p(z) of some examples.
pub(super) struct Hill<'a> {
    pub model: &'a DeepCama,
    pub given: &'a Given,
    /// Probability of an outlier.
    pub share: f64,
}

impl Hill<'_> {
    /// How high z, `[pairs, 1, starts, z]`, stands, `[pairs][starts]`.
    pub fn at(&self, pairs: &[(usize, usize)], z: Vec<f32>, [starts, dim]: [usize; 2]) -> Vec<f32> {
        let device = self.model.device();
        let z = Tensor::from_data(TensorData::new(z, [pairs.len(), 1, starts, dim]), &device);
        host(self.model.explain_at(&self.given.pairs(&Pairs::new(pairs, &device)), z, self.share))
    }

    /// The same, and its slope.
    pub fn slope(&self, given: &Given, z: &[f32], dims: [usize; 4]) -> (Vec<f32>, Vec<f32>) {
        let z = Tensor::<4>::from_data(TensorData::new(z.to_vec(), dims), &self.model.device());
        let z = z.autodiff().require_grad();
        let height = self.model.explain_at(given, z.clone(), self.share);
        let gradients = height.clone().sum().backward();
        let slope = z.grad(&gradients).expect("the height depends on z");
        (host(height.without_autodiff()), host(slope))
    }
}

impl Climb {
    /// From these z, `[pairs][starts][z]`.
    pub fn new(pairs: Vec<(usize, usize)>, z: Vec<f32>, starts: usize, dim: usize) -> Self {
        let ascent = Ascent::new(z.len(), BETAS);
        let best = vec![f32::NEG_INFINITY; pairs.len() * starts];
        Self { pairs, best_z: z.clone(), z, ascent, best, starts, dim, done: 0 }
    }

    /// Climbs until `until` of `steps` steps are done, with this first step length.
    pub fn steps(&mut self, hill: &Hill, until: usize, steps: usize, rate: f64) {
        let device = hill.model.device();
        let given = hill.given.pairs(&Pairs::new(&self.pairs, &device)).constant();
        let dims = [self.pairs.len(), 1, self.starts, self.dim];
        while self.done < until {
            let (height, slope) = hill.slope(&given, &self.z, dims);
            self.keep(&height);
            self.ascent.step(&mut self.z, &slope, rate as f32 * rate_at(self.done, steps));
            self.done += 1;
        }
    }

    /// Keeps z where it stands higher than before.
    fn keep(&mut self, height: &[f32]) {
        for (i, (&height, best)) in height.iter().zip(&mut self.best).enumerate() {
            if height > *best {
                *best = height;
                let at = i * self.dim..(i + 1) * self.dim;
                self.best_z[at.clone()].copy_from_slice(&self.z[at]);
            }
        }
    }

    /// Looks at where the last step led.
    pub fn finish(&mut self, hill: &Hill) {
        let height = hill.at(&self.pairs, self.z.clone(), [self.starts, self.dim]);
        self.keep(&height);
    }

    /// The best start of each pair: its score, and where its z stands.
    pub fn summits(&self) -> impl Iterator<Item = (f32, std::ops::Range<usize>)> + '_ {
        self.best.chunks(self.starts).enumerate().map(|(pair, scores)| {
            let best = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or(0);
            let at = (pair * self.starts + best) * self.dim;
            (scores[best], at..at + self.dim)
        })
    }

    /// Those of these pairs, of which it has all, at their starts.
    pub fn of(self, pairs: &[(usize, usize)]) -> Self {
        let length = self.starts * self.dim;
        let at = |pair: &(usize, usize)| {
            let at = self.pairs.iter().position(|known| known == pair).expect("it has all pairs");
            &self.z[at * length..(at + 1) * length]
        };
        let z = pairs.iter().flat_map(at).copied().collect();
        Self::new(pairs.to_vec(), z, self.starts, self.dim)
    }

    /// Without the pairs that are not `kept`.
    pub fn only(&mut self, kept: &[bool]) {
        let (starts, dim) = (self.starts, self.dim);
        self.ascent.only(starts * dim, kept);
        for (all, width) in
            [(&mut self.z, starts * dim), (&mut self.best_z, starts * dim), (&mut self.best, starts)]
        {
            *all = rows(all, width, kept);
        }
        let mut kept = kept.iter();
        self.pairs.retain(|_| *kept.next().expect("one a pair"));
    }
}
