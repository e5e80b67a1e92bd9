//! One optimiser step, shared by training, dreaming and adaptation.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, OptimizerRecord};
use burn::tensor::Tensor;

use crate::{Error, Result};

/// PyTorch's default; Burn's own, 1e-5, damps small gradients.
const ADAM_EPSILON: f32 = 1e-8;

/// Adam with a bound on the norm of the whole gradient.
pub(crate) struct Optimiser {
    adam: ModuleOptimizer,
    max_norm: f64,
}

impl Optimiser {
    /// `max_norm` bounds the Euclidean norm of the gradient of all parameters together; 0 is no bound.
    pub fn new(max_norm: f64) -> Self {
        Self { adam: AdamConfig::new().with_epsilon(ADAM_EPSILON).init(), max_norm }
    }

    /// Moves `module` down the gradient of `loss`, `[1]`, and returns it with the loss.
    ///
    /// # Errors
    ///
    /// [`Error::Diverged`] if the loss or the gradient is not finite.
    pub fn step<M: Module>(&mut self, module: M, loss: Tensor<1>, learning_rate: f64) -> Result<(M, f64)> {
        let value = f64::from(loss.clone().into_scalar::<f32>());
        if !value.is_finite() {
            return Err(Error::Diverged(format!("the loss is {value}")));
        }
        let mut grads = GradientsParams::from_grads(loss.backward(), &module);
        let norm = gradient_norm(&module, &grads);
        if !norm.is_finite() {
            return Err(Error::Diverged(format!("the gradient's norm is {norm}")));
        }
        if self.max_norm > 0.0 && norm > self.max_norm {
            grads = scaled(&module, grads, self.max_norm / norm);
        }
        Ok((self.adam.step(learning_rate, module, grads), value))
    }

    pub fn to_record(&self) -> OptimizerRecord {
        self.adam.to_record()
    }

    pub fn load_record(self, record: OptimizerRecord) -> Self {
        Self { adam: self.adam.load_record(record), ..self }
    }
}

/// Learning rate at `step` of `total`: linear warm-up to `peak`, then half a cosine down to zero.
pub(crate) fn cosine(peak: f64, warm_up: usize, step: usize, total: usize) -> f64 {
    if step < warm_up {
        return peak * (step + 1) as f64 / warm_up as f64;
    }
    let progress = (step - warm_up) as f64 / total.saturating_sub(warm_up).max(1) as f64;
    peak * 0.5 * (1.0 + (std::f64::consts::PI * progress.min(1.0)).cos())
}

fn gradient_norm<M: Module>(module: &M, grads: &GradientsParams) -> f64 {
    struct Squares<'a>(&'a GradientsParams, Vec<Tensor<1>>);
    impl ModuleVisitor for Squares<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.1.extend(self.0.get::<D>(param.id).map(|g| g.square().sum()));
        }
    }
    let mut squares = Squares(grads, Vec::new());
    module.visit(&mut squares);
    if squares.1.is_empty() {
        return 0.0;
    }
    f64::from(Tensor::cat(squares.1, 0).sum().into_scalar::<f32>()).sqrt()
}

fn scaled<M: Module>(module: &M, grads: GradientsParams, factor: f64) -> GradientsParams {
    struct Scale(GradientsParams, f64);
    impl ModuleVisitor for Scale {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(grad) = self.0.remove::<D>(param.id) {
                self.0.register(param.id, grad.mul_scalar(self.1));
            }
        }
    }
    let mut scale = Scale(grads, factor);
    module.visit(&mut scale);
    scale.0
}

#[cfg(test)]
mod tests {
    use super::cosine;

    #[test]
    fn the_learning_rate_warms_up_peaks_and_decays_to_zero() {
        assert_eq!(cosine(1.0, 4, 0, 100), 0.25);
        assert_eq!(cosine(1.0, 4, 3, 100), 1.0);
        assert_eq!(cosine(1.0, 4, 4, 100), 1.0);
        assert!((cosine(1.0, 4, 52, 100) - 0.5).abs() < 1e-12);
        assert!(cosine(1.0, 4, 100, 100) < 1e-12);
        assert!(cosine(1.0, 0, 0, 1) == 1.0);
    }
}
