//! What the parameters of a likelihood are.

/// Means are kept this far from 0 and 1.
pub const MARGIN: f32 = 1e-6;

/// What the parameters of a Bernoulli distribution are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// Log-odds.
    Logits,
    /// Means, which may have left [0, 1]: they are brought back, [`MARGIN`] inside, and have no gradient beyond.
    Means,
}
