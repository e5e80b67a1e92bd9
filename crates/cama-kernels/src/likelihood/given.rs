//! What the parameters of a likelihood are.

/// Means are kept this far from 0 and 1.
pub const MARGIN: f32 = 1e-6;

/// What the parameters of a Bernoulli distribution are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Given {
    /// Log-odds.
    Logits,
    /// Log-odds l of means that a share π, in (0, 1), of even odds is mixed with: (1 − π) σ(l) + π/2. No pixel is then less
    /// probable than π/2, whatever the log-odds.
    Floored(f32),
    /// Means, which may have left [0, 1]: they are brought back, [`MARGIN`] inside, and have no gradient beyond.
    Means,
}
