//! One optimiser step, shared by training, dreaming and adaptation, and by whatever else trains networks like them.

mod adam;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{GradientsParams, ModuleOptimizer, OptimizerRecord};
use burn::tensor::{Device, Tensor};
use cama_kernels::adam::sum_of_squares;
use cama_kernels::is_native;
use rayon::prelude::*;

use self::adam::Adam;
use crate::batch::host;
use crate::{Error, Result};

/// How many parts a batch is cut into, each differentiated by a thread of its own.
///
/// On a CPU always the same number, whatever the threads, so that they do not change the result; a GPU is
/// kept busy best by the whole batch.
pub fn shards(device: &Device) -> usize {
    if is_native(device) { 2 } else { 1 }
}

/// Adam with a bound on the norm of the whole gradient.
pub struct Optimiser {
    adam: ModuleOptimizer,
    max_norm: f64,
}

impl Optimiser {
    /// `max_norm` bounds the Euclidean norm of the gradient of all parameters together; 0 is no bound.
    pub fn new(max_norm: f64) -> Self {
        Self::decaying(max_norm, 0.0)
    }

    /// The same with weight decay, decoupled from the gradient but times the learning rate (Loshchilov & Hutter, ICLR
    /// 2019).
    pub fn decaying(max_norm: f64, weight_decay: f64) -> Self {
        Self { adam: Adam::new(weight_decay as f32).into(), max_norm }
    }

    /// Moves `module`, at rest, down the gradient of the sum of `loss` over all shards, and returns it, at rest,
    /// with that sum. `loss` is given the module to differentiate and the number of the shard, and returns `[1]`.
    ///
    /// # Errors
    ///
    /// [`Error::Diverged`] if a loss or the gradient is not finite.
    pub fn step<M: Module + Sync>(
        &mut self,
        module: M,
        shards: usize,
        loss: impl Fn(&M, usize) -> Tensor<1> + Sync,
        learning_rate: f64,
    ) -> Result<(M, f64)> {
        let differentiate = |shard| {
            // Leaves of its own for each shard: its graph is then no other thread's.
            let module = module.clone().train();
            let loss = loss(&module, shard);
            let value = loss.clone().without_autodiff();
            (GradientsParams::from_grads(loss.backward(), &module), value)
        };
        let parts: Vec<_> = (0..shards).into_par_iter().map(differentiate).collect();
        let (grads, mut read): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let mut grads = grads.into_iter().reduce(|a, b| added(&module, a, b)).unwrap_or_default();
        read.extend(squares(&module, &grads));
        // Read back together: a GPU would stop for each.
        let read = host(Tensor::cat(read, 0));
        let sum = |numbers: &[f32]| numbers.iter().copied().map(f64::from).sum::<f64>();
        let (value, norm) = (sum(&read[..shards]), sum(&read[shards..]).sqrt());
        for (what, number) in [("loss", value), ("gradient's norm", norm)] {
            if !number.is_finite() {
                return Err(Error::Diverged(format!("the {what} is {number}")));
            }
        }
        if self.max_norm > 0.0 && norm > self.max_norm {
            grads = scaled(&module, grads, self.max_norm / norm);
        }
        Ok((self.adam.step(learning_rate, module.train(), grads).valid(), value))
    }

    pub(crate) fn to_record(&self) -> OptimizerRecord {
        self.adam.to_record()
    }

    pub(crate) fn load_record(self, record: OptimizerRecord) -> Self {
        Self { adam: self.adam.load_record(record), ..self }
    }
}

/// The sum of squares of each parameter's gradient, `[1]`.
fn squares<M: Module>(module: &M, grads: &GradientsParams) -> Vec<Tensor<1>> {
    struct Squares<'a>(&'a GradientsParams, Vec<Tensor<1>>);
    impl ModuleVisitor for Squares<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.1.extend(self.0.get::<D>(param.id).map(sum_of_squares));
        }
    }
    let mut squares = Squares(grads, Vec::new());
    module.visit(&mut squares);
    squares.1
}

fn added<M: Module>(module: &M, a: GradientsParams, b: GradientsParams) -> GradientsParams {
    struct Add(GradientsParams, GradientsParams);
    impl ModuleVisitor for Add {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(b) = self.1.remove::<D>(param.id) {
                let sum = match self.0.remove::<D>(param.id) {
                    Some(a) => a + b,
                    None => b,
                };
                self.0.register(param.id, sum);
            }
        }
    }
    let mut add = Add(a, b);
    module.visit(&mut add);
    add.0
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
