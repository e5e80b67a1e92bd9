//! m of single examples, searched from where q2(m|x) puts it.

use burn::tensor::{Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::ascent::Ascent;
use crate::batch::host;
use crate::model::{DeepCama, Observed};
use crate::noise::drawn;
use crate::objective::bound_of_likely_classes;

/// Adam's step length, in standard deviations of p(m), and its decay rates.
const RATE: f32 = 0.05;
const BETAS: [f32; 2] = [0.9, 0.95];

/// Probability of classes that have no part in the slope.
const NEGLIGIBLE: f64 = 1e-3;

/// m, `[batch, dim]`, after `steps` up log Σ_y exp ELBO(x, y, do(m)) + log p(m) (Eq. 7) from `m`, of each example the highest on the
/// way, its start included. `rngs` has a generator for each, of the one sample of z with which all its m are compared.
///
/// Each example climbs alone: Adam makes a whole step of a slope that is nothing but rounding, and how a slope is rounded depends
/// on what else is in its batch. So what an example gets follows from itself alone, to the bit.
pub(crate) fn refined(
    model: &DeepCama,
    observed: &Observed,
    m: &Tensor<2>,
    steps: usize,
    rngs: &[ChaCha8Rng],
) -> Tensor<2> {
    let climbed =
        |i: usize| climbed(model, &observed.example(i), &m.clone().narrow(0, i, 1), steps, &rngs[i]);
    let rows: Vec<Tensor<2>> = (0..rngs.len()).into_par_iter().map(climbed).collect();
    Tensor::cat(rows, 0)
}

/// The same of one example.
fn climbed(
    model: &DeepCama,
    observed: &Observed,
    m: &Tensor<2>,
    steps: usize,
    rng: &ChaCha8Rng,
) -> Tensor<2> {
    let [_, dim] = m.dims();
    let device = m.device();
    let z = model.config().z;
    let noise = Tensor::<2>::from_data(drawn(z, &mut [rng.clone()]), &device).reshape([1, 1, z]);
    let observed = &observed.clone().beside();
    let noise = noise.autodiff();
    let mut at = host(m.clone());
    let (mut best, mut highest) = (at.clone(), f32::NEG_INFINITY);
    let mut ascent = Ascent::new(at.len(), BETAS);
    for step in 1..=steps + 1 {
        let leaf = Tensor::<2>::from_data(TensorData::new(at.clone(), [1, dim]), &device);
        let leaf = leaf.autodiff().require_grad();
        let height = height(model, observed, &leaf, &noise);
        let slope = leaf.grad(&height.clone().sum().backward()).map(host).unwrap_or_default();
        let height = host(height)[0];
        if height > highest {
            highest = height;
            best.clone_from(&at);
        }
        if step <= steps {
            ascent.step(&mut at, &slope, RATE);
        }
    }
    Tensor::from_data(TensorData::new(best, [1, dim]), &device)
}

/// What is climbed, `[batch]`, in nats.
fn height(model: &DeepCama, observed: &Observed, m: &Tensor<2>, noise: &Tensor<3>) -> Tensor<1> {
    let mechanisms = model.mechanisms().expect("what is refined is of a mechanism");
    let bound = bound_of_likely_classes(model, observed, Some(m), noise.clone(), NEGLIGIBLE);
    bound + mechanisms.log_prior(m).squeeze_dim::<1>(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mechanism::MechanismConfig;
    use crate::noise::stream_rng;
    use crate::{Config, ConvolutionalConfig, ModelConfig, TrunkConfig};

    #[test]
    fn what_is_refined_stands_higher_and_depends_on_no_other_example() {
        let mechanisms = MechanismConfig::parse_list("affine,photometric").unwrap();
        let mut config = ModelConfig { mechanisms, z: 3, ..ModelConfig::fast([1, 8, 8], 4) };
        config.network.hidden = 8;
        config.network.trunk = TrunkConfig::Convolutional(ConvolutionalConfig {
            channels: 3,
            layers: 2,
            ..ConvolutionalConfig::default()
        });
        let model = DeepCama::new(&config.check().unwrap(), 1, &Default::default());
        let pixels: Vec<f32> = (0..3 * 64).map(|i| 0.5 + 0.4 * (i as f32 * 0.37).sin()).collect();
        let observed = Observed::of_x(Tensor::from_data(TensorData::new(pixels, [3, 64]), &model.device()));
        let rngs: Vec<ChaCha8Rng> = (0..3).map(|i| stream_rng(0, i)).collect();
        let m = model.mechanisms().unwrap().posterior(&observed).mean;
        let found = refined(&model, &observed, &m, 30, &rngs);
        let noise = Tensor::<2>::from_data(drawn(3, &mut rngs.clone()), &model.device()).reshape([3, 1, 3]);
        let height = |m: &Tensor<2>| {
            let (observed, noise) = (observed.clone().beside(), noise.clone().autodiff());
            host(height(&model, &observed, &m.clone().autodiff(), &noise))
        };
        let risen: Vec<f32> =
            height(&found).iter().zip(height(&m)).map(|(after, before)| after - before).collect();
        assert!(risen.iter().all(|nats| *nats > 0.1), "{risen:?}");
        let third = Observed::of_x(observed.x.clone().narrow(0, 2, 1));
        let alone = refined(&model, &third, &m.narrow(0, 2, 1), 30, &rngs[2..]);
        assert_eq!(host(alone), host(found.narrow(0, 2, 1)));
    }
}
