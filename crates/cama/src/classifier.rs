//! Discriminative classifiers, which restoration repairs.

use burn::tensor::Tensor;

use crate::Result;
use crate::model::Evidence;

/// A discriminative classifier p(y|x), in tables p(y|a,x,c): it knows nothing of manipulations, and reads an example
/// as it is or restored.
pub trait Classifier: Send + Sync {
    /// Number of classes; they have the same meaning and order as those of the model it stands beside.
    fn classes(&self) -> usize;

    /// Whether [`log_probabilities`](Self::log_probabilities) of tensors that are differentiated can be differentiated
    /// in x and c: then it can be attacked by its gradient.
    fn differentiable(&self) -> bool {
        false
    }

    /// log p(y|x) of every class, `[batch, classes]`, in nats: normalised over the classes, and finite.
    ///
    /// X of `seen` is what the model reads: pixels in [0, 1], `[batch, channels·height·width]`, or encoded columns.
    ///
    /// # Errors
    ///
    /// If the classifier cannot be run, or its numbers are not finite.
    fn log_probabilities(&self, seen: &Evidence) -> Result<Tensor<2>>;
}
