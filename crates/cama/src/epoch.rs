//! What an epoch of training came to.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::objective::Elbo;

/// One epoch: means over the validation examples, in nats each, unless said otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Counted from 1.
    pub epoch: usize,
    /// Mean loss over the training steps since the last validation: −Eq. 5.
    pub train_loss: f64,
    /// ELBO(x, y, do(m=0)) (Eq. 3).
    pub elbo: f64,
    /// E\[log p(x|y,c,z,0)\].
    pub log_px: f64,
    /// KL(q1(z|x,y,0) ‖ p(z)).
    pub kl_z: f64,
    /// log p(y|a).
    pub log_py: f64,
    /// The same for the manipulated data, if there is any: ELBO(x, y) (Eq. 4), or ELBO(x, y, do(m=m0)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manipulated: Option<Terms>,
    /// Share of the validation examples classified correctly with do(m = 0), K = 1.
    pub accuracy: f64,
    /// Training examples a second, clean and manipulated.
    pub examples_per_second: f64,
    /// Seconds since the epochs up to this validation began, the validation included.
    pub seconds: f64,
}

impl Epoch {
    /// Eq. 5 on the validation examples: what the best epoch has most of.
    pub(crate) fn objective(&self, lambda: f64) -> f64 {
        match &self.manipulated {
            Some(manipulated) => lambda * self.elbo + (1.0 - lambda) * manipulated.elbo,
            None => self.elbo,
        }
    }
}

/// An ELBO in its terms, in nats an example.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// The bound.
    pub elbo: f64,
    /// E\[log p(x|y,z,m)\].
    pub log_px: f64,
    /// KL(q1(z|x,y,m) ‖ p(z)).
    pub kl_z: f64,
    /// KL(q2(m|x) ‖ p(m)).
    pub kl_m: f64,
    /// log p(y|a).
    pub log_py: f64,
}

impl Terms {
    /// Adds the terms of some of `n` examples.
    pub(crate) fn add(&mut self, elbo: &Elbo, n: usize) {
        let mean = |term: &Tensor<1>| f64::from(term.clone().sum().into_scalar::<f32>()) / n as f64;
        let [log_px, kl_z, kl_m, log_py] = [&elbo.log_px, &elbo.kl_z, &elbo.kl_m, &elbo.log_py].map(mean);
        self.elbo += log_px - kl_z - kl_m + log_py;
        self.log_px += log_px;
        self.kl_z += kl_z;
        self.kl_m += kl_m;
        self.log_py += log_py;
    }
}
