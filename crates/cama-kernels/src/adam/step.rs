//! What determines a step of Adam.

/// The numbers of a step (Kingma & Ba, ICLR 2015), with decoupled weight decay (Loshchilov & Hutter, ICLR 2019).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// α.
    pub learning_rate: f64,
    /// β₁ and β₂.
    pub betas: [f64; 2],
    /// ε.
    pub epsilon: f64,
    /// What is taken off the parameters, times the learning rate.
    pub weight_decay: f64,
    /// Which step it is, counted from 1.
    pub time: usize,
}
