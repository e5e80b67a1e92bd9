//! A baseline as the classifier beside a deep CAMA model.

use burn::tensor::{Tensor, TensorData};
use cama::{Classifier, Error, Evidence, Result};

use super::features::{Features, side_by_side};
use super::{Baseline, Kind};

impl Baseline {
    /// Whether its probabilities can be differentiated in what it reads: those of networks can, those of trees are
    /// constant almost everywhere.
    pub fn is_differentiable(&self) -> bool {
        match self.kind {
            Kind::Mlp(_) => true,
            Kind::Trees(_) => false,
        }
    }

    /// Errors unless examples of so many numbers are what it was trained on.
    pub(super) fn check_width(&self, examples: &str, width: usize) -> Result<()> {
        if width == self.width {
            return Ok(());
        }
        Err(Error::Mismatch(format!(
            "{examples} have {width} numbers, but `{}` was trained on {}",
            self.name(),
            self.width
        )))
    }
}

impl Classifier for Baseline {
    fn classes(&self) -> usize {
        self.classes.len()
    }

    fn differentiable(&self) -> bool {
        self.is_differentiable()
    }

    /// Of networks, differentiable in X, A and C of `seen`.
    fn log_probabilities(&self, seen: &Evidence) -> Result<Tensor<2>> {
        let features = side_by_side(seen);
        let [rows, width] = features.dims();
        self.check_width("the examples", width)?;
        let log_p = match &self.kind {
            Kind::Mlp(mlp) => mlp.log_probabilities(features),
            Kind::Trees(trees) => {
                let device = features.device();
                let values: Vec<f32> = features.into_data().convert::<f32>().try_into_vec().expect("f32");
                let features = Features::of_rows(values.chunks_exact(width))?;
                let p = trees.probabilities(&features);
                // A score that is far below the others' is no probability of zero.
                let logs = p.iter().flatten().map(|p| p.max(f64::from(f32::MIN_POSITIVE)).ln() as f32);
                let values: Vec<f32> = logs.collect();
                Tensor::from_data(TensorData::new(values, [rows, self.classes.len()]), &device)
            }
        };
        let finite = log_p.clone().is_finite().all().into_scalar::<bool>();
        match finite {
            true => Ok(log_p),
            false => Err(Error::Diverged(format!("the numbers of `{}` are not finite", self.name()))),
        }
    }
}
