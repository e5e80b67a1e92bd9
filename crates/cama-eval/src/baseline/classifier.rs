//! A baseline as a [`Classifier`], which can be the external one of a deep CAMA model.

use burn::tensor::{Device, Tensor, TensorData};
use cama::{Classifier, Error, Observed, Result};
use rand_chacha::ChaCha8Rng;

use super::features::{Features, concatenated};
use super::trained::{Baseline, Kind};

impl Baseline {
    /// Errors unless examples of so many features are what it was trained on.
    pub(super) fn check_width(&self, examples: &str, width: usize) -> Result<()> {
        if width == self.width {
            return Ok(());
        }
        Err(Error::Mismatch(format!(
            "{examples} have {width} features, but `{}` was trained on {}",
            self.name(),
            self.width
        )))
    }
}

impl Classifier for Baseline {
    fn classes(&self) -> usize {
        self.classes.len()
    }

    /// Networks are; trees are constant almost everywhere.
    fn differentiable(&self) -> bool {
        self.config.is_network()
    }

    /// Of networks, differentiable in X, A and C of `observed`.
    ///
    /// One that was adapted by [`tent`](Baseline::tent), or that adapts to what it predicts, takes the statistics of
    /// the rows of `observed` and adapts no further: give it 200 or more at a time.
    fn log_probabilities(&self, observed: &Observed, _rngs: &mut [ChaCha8Rng]) -> Result<Tensor<2>> {
        let features = concatenated(observed);
        let [rows, width] = features.dims();
        self.check_width("the examples", width)?;
        let device = features.device();
        let log_p = match &self.kind {
            Kind::Network(network) => {
                // Its weights are on the CPU, which a model may not be.
                let cpu = [Device::flex(), Device::flex().autodiff()];
                match cpu.contains(&device) {
                    true => network.log_probabilities(features),
                    false => {
                        let cpu = if device.is_autodiff() { &cpu[1] } else { &cpu[0] };
                        network.log_probabilities(features.to_device(cpu)).to_device(&device)
                    }
                }
            }
            Kind::Trees(trees) => {
                let values: Vec<f32> = features
                    .into_data()
                    .convert::<f32>()
                    .try_into_vec()
                    .expect("the data was converted to f32");
                let features = Features::of_rows(values.chunks_exact(width))?;
                let p = trees.probabilities(&features);
                // A score that is far below the others' is no probability of zero.
                let logs = p.iter().flatten().map(|p| p.max(f64::from(f32::MIN_POSITIVE)).ln() as f32);
                Tensor::from_data(
                    TensorData::new(logs.collect::<Vec<_>>(), [rows, self.classes.len()]),
                    &device,
                )
            }
        };
        let finite = log_p.clone().is_finite().all().into_scalar::<bool>();
        match finite {
            true => Ok(log_p),
            false => Err(Error::Diverged(format!("the outputs of `{}` are non-finite", self.name()))),
        }
    }
}
