//! Which m the classes of an example share.

use std::convert::Infallible;

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// Which m all classes of an example share: in the objectives, in prediction and in restoration.
///
/// Configurations hold an [`MChoice`], in which no tensor can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", bound = "")]
pub enum M<T = Tensor<2>> {
    /// do(m = 0): the examples are taken as clean (Eq. 3).
    Null,
    /// do(m = m0): the examples were made by a known intervention, `[batch, dim]`.
    #[serde(skip)]
    Given(T),
    /// The m that a whole data set shares: the mean of p(m | data set), the same for every example.
    Global,
    /// The mean of q2(m|x).
    Mean,
    /// One sample of q2(m|x) (Eqs. 4, 6, 7).
    Sample,
}

/// An [`M`] that a configuration can hold: without a given one.
pub type MChoice = M<Infallible>;

impl From<MChoice> for M {
    fn from(choice: MChoice) -> Self {
        match choice {
            M::Null => M::Null,
            M::Global => M::Global,
            M::Mean => M::Mean,
            M::Sample => M::Sample,
        }
    }
}

impl<T> M<T> {
    /// Whether what was done to each example is inferred of it.
    pub(crate) fn is_inferred(&self) -> bool {
        matches!(self, M::Mean | M::Sample)
    }
}
