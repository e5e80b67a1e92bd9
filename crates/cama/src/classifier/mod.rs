//! Classifiers: what prediction, attacks and comparisons ask of one, and the model's own direct classifier.

mod direct;

pub use direct::{DirectClassifier, DirectConfig, fit_direct};

use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha8Rng;

use crate::Result;
use crate::model::Observed;

/// How the gradient of a classifier that searches for z takes account of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// What was found is a constant: where a search has come to rest, moving its end changes nothing. The search goes on from
    /// the last one.
    Envelope,
    /// Through every step of the search, and its start; many times as slow.
    Unrolled,
}

/// A classifier p(y|x), in tables p(y|a,x,c): a discriminative one, which restored inputs make robust, or a deep CAMA
/// model under one of its [rules](crate::Rule).
pub trait Classifier: Send + Sync {
    /// Number of classes; beside a model they have the same meaning and order as its own.
    fn classes(&self) -> usize;

    /// Where it computes.
    fn device(&self) -> Device {
        Device::flex()
    }

    /// How many examples it should be given at a time; bounds the memory.
    fn batch_size(&self) -> usize {
        200
    }

    /// Whether [`log_probabilities`](Self::log_probabilities) of tensors that are differentiated can be differentiated
    /// in x and c: then it can be attacked by its gradient.
    fn differentiable(&self) -> bool {
        false
    }

    /// Whether it draws random numbers.
    fn is_random(&self) -> bool {
        false
    }

    /// What an attack asks for gradients in its place, where it asks about the same examples again and again, each time
    /// changed a little: it may go on from what it found before. Nothing where that would save nothing.
    fn follower(&self, _how: Follow) -> Option<Box<dyn Classifier + '_>> {
        None
    }

    /// log p(y|x) of every class, `[batch, classes]`, in nats: normalised over the classes, and finite.
    ///
    /// X of `observed` is what the model reads: pixels in [0, 1], `[batch, channels·height·width]`, or encoded columns.
    /// `rngs` has a generator for each example where the classifier [`is_random`](Self::is_random), and may be empty
    /// where it is not.
    ///
    /// # Errors
    ///
    /// If the classifier cannot be run, or gives non-finite numbers.
    fn log_probabilities(&self, observed: &Observed, rngs: &mut [ChaCha8Rng]) -> Result<Tensor<2>>;
}
