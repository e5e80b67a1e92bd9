//! Adam, on the CPU in one pass over all parameters.

use burn::optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, Optimizer};
use burn::tensor::{Device, Tensor};
use cama_kernels::adam::{Step, adam};
use cama_kernels::is_native;

/// PyTorch's default; Burn's own, 1e-5, damps small gradients.
const EPSILON: f32 = 1e-8;

/// Decay rates of the moments.
const BETAS: [f32; 2] = [0.9, 0.999];

/// Adam (Kingma & Ba, ICLR 2015) with decoupled weight decay (Loshchilov & Hutter, ICLR 2019), 0 for none.
#[derive(Clone)]
pub struct Adam {
    weight_decay: f32,
    elsewhere: AdamW,
}

impl Adam {
    pub fn new(weight_decay: f32) -> Self {
        let config = AdamWConfig::new().with_epsilon(EPSILON).with_beta_1(BETAS[0]).with_beta_2(BETAS[1]);
        Self { weight_decay, elsewhere: config.with_weight_decay(weight_decay).build() }
    }
}

impl Optimizer for Adam {
    type State<const D: usize> = AdamWState<D>;

    fn step<const D: usize>(
        &self,
        learning_rate: f64,
        parameters: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdamWState<D>>,
    ) -> (Tensor<D>, Option<AdamWState<D>>) {
        if !is_native(&parameters.device()) {
            return self.elsewhere.step(learning_rate, parameters, gradient, state);
        }
        let time = 1 + state.as_ref().map_or(0, |state| state.momentum.time);
        let step = Step {
            learning_rate,
            betas: BETAS.map(f64::from),
            epsilon: f64::from(EPSILON),
            weight_decay: f64::from(self.weight_decay),
            time,
        };
        let moments = state.map(|AdamWState { momentum }| [momentum.moment_1, momentum.moment_2]);
        let (parameters, [first, second]) = adam(parameters, gradient, moments, step);
        (parameters, Some(AdamWState::new(AdaptiveMomentumState::new(time, first, second))))
    }

    fn to_device<const D: usize>(state: AdamWState<D>, device: &Device) -> AdamWState<D> {
        AdamW::to_device(state, device)
    }
}
