//! What is observed of a batch.

use burn::tensor::Tensor;

/// What is observed of a batch besides Y.
#[derive(Clone, Debug)]
pub struct Observed {
    /// X, `[batch, width]`.
    pub x: Tensor<2>,
    /// One where X was observed, zero where it was missing and is filled in, `[batch, width]`; nothing where all of it was
    /// observed. A factor model integrates what is missing out; networks take it as it is filled in.
    pub known: Option<Tensor<2>>,
    /// How probably a pixel of X was not of that grey but black or white, with X as the probability of white: 0 of what was seen;
    /// of what a field inferred, what the model has learnt of it.
    pub doubt: f64,
    /// A, `[batch, parents]`; nothing where Y has no observed parents.
    pub a: Option<Tensor<2>>,
    /// C, `[batch, co-parents]`; nothing where Y has no observed co-parents.
    pub c: Option<Tensor<2>>,
}

impl Observed {
    /// Images, or children without parents and co-parents.
    pub fn of_x(x: Tensor<2>) -> Self {
        Self { x, known: None, doubt: 0.0, a: None, c: None }
    }

    /// The same, as constants beside what is differentiated.
    pub(crate) fn beside(self) -> Self {
        let Self { x, known, doubt, a, c } = self;
        let [known, a, c] = [known, a, c].map(|rows| rows.map(Tensor::autodiff));
        Self { x: x.autodiff(), known, doubt, a, c }
    }

    /// The same, of which nothing is differentiated.
    pub(crate) fn constant(self) -> Self {
        let Self { x, known, doubt, a, c } = self;
        let [known, a, c] = [known, a, c].map(|rows| rows.map(Tensor::without_autodiff));
        Self { x: x.without_autodiff(), known, doubt, a, c }
    }

    /// One example, as a batch of its own.
    pub(crate) fn example(&self, i: usize) -> Self {
        let one = |rows: &Tensor<2>| rows.clone().narrow(0, i, 1);
        let [known, a, c] = [&self.known, &self.a, &self.c].map(|rows| rows.as_ref().map(one));
        Self { x: one(&self.x), known, doubt: self.doubt, a, c }
    }

    /// All examples, and all of them again.
    pub(crate) fn twice(self) -> Self {
        let twice = |rows: Tensor<2>| rows.repeat_dim(0, 2);
        let [known, a, c] = [self.known, self.a, self.c].map(|rows| rows.map(twice));
        Self { x: twice(self.x), known, doubt: self.doubt, a, c }
    }

    /// X, A and C side by side, `[batch, width + parents + co-parents]`.
    pub(crate) fn concatenated(self) -> Tensor<2> {
        let others = [self.a, self.c].into_iter().flatten();
        others.fold(self.x, |all, other| Tensor::cat(vec![all, other], 1))
    }
}
