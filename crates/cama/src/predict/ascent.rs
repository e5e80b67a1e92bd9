//! Adam on numbers of the host, upwards.

/// ε.
pub(super) const EPSILON: f32 = 1e-8;

/// Adam's moments of so many numbers.
#[derive(Clone)]
pub(super) struct Ascent {
    /// Decay rates of the two moments.
    pub betas: [f32; 2],
    /// Running means of slopes, and of their squares.
    pub mean: Vec<f32>,
    pub square: Vec<f32>,
    done: i32,
}

impl Ascent {
    /// Before the first step of `n` numbers.
    pub fn new(n: usize, betas: [f32; 2]) -> Self {
        Self { betas, mean: vec![0.0; n], square: vec![0.0; n], done: 0 }
    }

    /// What the moments after `done` steps are multiplied with, as they began at zero.
    pub fn unbias(betas: [f32; 2], done: i32) -> [f32; 2] {
        betas.map(|beta| 1.0 / (1.0 - beta.powi(done)))
    }

    /// A step of this length up the slope. What is no number leads nowhere.
    pub fn step(&mut self, at: &mut [f32], slope: &[f32], rate: f32) {
        self.done += 1;
        let [first, second] = self.betas;
        let unbias = Self::unbias(self.betas, self.done);
        for (((at, g), mean), square) in at.iter_mut().zip(slope).zip(&mut self.mean).zip(&mut self.square) {
            let g = if g.is_finite() { *g } else { 0.0 };
            *mean = first * *mean + (1.0 - first) * g;
            *square = second * *square + (1.0 - second) * g * g;
            *at += rate * *mean * unbias[0] / ((*square * unbias[1]).sqrt() + EPSILON);
        }
    }

    /// Those rows of `width` numbers alone that are `kept`.
    pub fn only(&mut self, width: usize, kept: &[bool]) {
        for moments in [&mut self.mean, &mut self.square] {
            *moments = rows(moments, width, kept);
        }
    }
}

/// Those rows of `width` numbers that are `kept`.
pub(super) fn rows(all: &[f32], width: usize, kept: &[bool]) -> Vec<f32> {
    let rows = all.chunks(width).zip(kept).filter(|(_, kept)| **kept);
    rows.flat_map(|(row, _)| row.iter().copied()).collect()
}
