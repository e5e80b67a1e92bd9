//! Bayes' rule as a differentiable function of what is observed (Eqs. 6, 11).

use burn::tensor::{Tensor, TensorData};
use rand_chacha::ChaCha8Rng;

use crate::batch::host;
use crate::classifier::Follow;
use crate::model::{DeepCama, Given, M, MChoice, Observed, Pairs};
use crate::noise::drawn;
use crate::predict::{Optimised, Unrolled, Warm, latents, m_of};

/// log p(x|y,m) + log p(y) of every class, in tables log p(x|y,a,c,m) + log p(y|a), `[batch, classes]`, in nats, by
/// importance sampling with `samples` samples of z.
///
/// Differentiable in x and c: through the likelihood, through q1, and through m, which [`M::Mean`] and
/// [`M::Sample`] take from q2(m|x). Weights of a model at rest are constants. `rngs` has a generator for each
/// example, which gives the same noise as [`predict`](crate::predict) draws from it; that sums in double precision and
/// agrees up to rounding. A model without a mechanism has do(m = 0) whatever is asked.
///
/// # Panics
///
/// If there is not one generator an example, or `samples` is zero.
pub fn class_scores(
    model: &DeepCama,
    observed: &Observed,
    choice: MChoice,
    samples: usize,
    rngs: &mut [ChaCha8Rng],
) -> Tensor<2> {
    let n = rngs.len();
    assert!(samples > 0 && observed.x.dims()[0] == n, "a sample at least, and a generator an example");
    let observed = &model.cleared(observed, choice.is_inferred());
    let m = chosen_m(model, observed, choice, rngs);
    let z = model.config().z;
    let noise = Tensor::<2>::from_data(drawn(samples * z, rngs), &model.device());
    let noise = noise.reshape([n, samples, z]);
    let joint = model.joint(observed, None, m.as_ref(), noise);
    let weights = joint.log_px + joint.log_ratio_z;
    // Relative to the highest, which is a constant: its part in the gradient cancels.
    let highest = weights.clone().max_dim(2).detach();
    let sums = (weights - highest.clone()).exp().sum_dim(2).log() + highest;
    sums.squeeze_dim::<2>(2).sub_scalar((samples as f64).ln()) + joint.log_py
}

/// As [`class_scores`], with z searched: the best score of every class. Differentiable in x and c at the z that were found, which are
/// constants to the gradient: where a search has come to rest, moving z changes nothing (the envelope theorem).
pub(crate) fn searched_scores(
    optimised: &Optimised,
    observed: &Observed,
    choice: MChoice,
    rngs: &mut [ChaCha8Rng],
) -> Tensor<2> {
    // Without samples nothing is drawn, and there may be no generators.
    let (model, n) = (optimised.model, observed.x.dims()[0]);
    let observed = &model.cleared(observed, choice.is_inferred());
    let m = chosen_m(model, observed, choice, rngs);
    let still = observed.clone().constant();
    let m_still = m.clone().map(Tensor::without_autodiff);
    if model.factor().is_some() {
        // What is searched there, sets of outliers, has no slope.
        let scores = optimised.scores(&still, m_still.as_ref(), rngs).concat();
        let scores: Vec<f32> = scores.into_iter().map(|score| score as f32).collect();
        return Tensor::from_data(TensorData::new(scores, [n, model.config().classes]), &model.device());
    }
    let log_py = host(model.log_py(&still, None));
    let z = optimised.search(&still, m_still.as_ref(), &log_py, rngs).best;
    let z = z.into_iter().flatten().flat_map(|best| best.z).collect();
    let given = model.given(observed, None, m.as_ref());
    let z = latents(z, [n, model.config().classes], model);
    model.explain_at(&given, z, optimised.share()).squeeze_dim::<2>(2) + model.log_py(observed, None)
}

/// As [`searched_scores`], going on from where the searches for the same examples stood, a small change ago. Only the best
/// classes are searched on; the scores of the others are constants. [`Follow::Unrolled`] searches those classes anew, and is
/// differentiated through all of that.
pub(crate) fn followed_scores(
    optimised: &Optimised,
    observed: &Observed,
    (choice, how): (MChoice, Follow),
    rngs: &mut [ChaCha8Rng],
    warm: &mut Option<Warm>,
) -> Tensor<2> {
    let (model, n) = (optimised.model, observed.x.dims()[0]);
    let observed = &model.cleared(observed, choice.is_inferred());
    let m = chosen_m(model, observed, choice, rngs);
    let m_still = m.clone().map(Tensor::without_autodiff);
    let found = optimised.follow(&observed.clone().constant(), m_still.as_ref(), warm.take());
    let (classes, device) = (model.config().classes, model.device());
    let tracked = found.pairs.len() / n;
    let mut places = vec![0.0f32; n * tracked * classes];
    let mut others: Vec<f32> = found.scores.iter().flatten().map(|score| *score as f32).collect();
    for (slot, &(i, class)) in found.pairs.iter().enumerate() {
        places[slot * classes + class] = 1.0;
        others[i * classes + class] = 0.0;
    }
    let places = Tensor::<3>::from_data(TensorData::new(places, [n, tracked, classes]), &device).autodiff();
    let others = Tensor::<2>::from_data(TensorData::new(others, [n, classes]), &device).autodiff();
    let given = model.given(observed, None, m.as_ref()).pairs(&Pairs::new(&found.pairs, &device));
    let scores = match how {
        Follow::Envelope => {
            let z = latents(found.z.clone(), [found.pairs.len(), 1], model);
            model.explain_at(&given, z, optimised.share()).reshape([n, tracked, 1])
        }
        Follow::Unrolled => {
            let still = observed.clone().constant();
            let unrolled = optimised.unroll(&still, m_still.as_ref(), &found.pairs);
            unrolled_scores(&unrolled, &given).reshape([n, tracked, 1])
        }
    };
    let log_py = (places.clone() * model.log_py(observed, None).unsqueeze_dim::<3>(1)).sum_dim(1);
    *warm = Some(found);
    ((scores * places).sum_dim(1) + log_py).squeeze_dim::<2>(1) + others
}

/// Scores, `[pairs]`, that have the slopes which were found: in X, and in q1's mean, which depends on X. `given` is of the pairs, and
/// differentiated.
fn unrolled_scores(unrolled: &Unrolled, given: &Given) -> Tensor<1> {
    let x = given.x().expect("z is searched").clone();
    let mean = given.q1().expect("z is searched").mean.clone();
    let ([n, width], [_, _, dim], device) = (x.dims(), mean.dims(), x.device().inner());
    let constant = |values: &[f32], width: usize| {
        Tensor::<2>::from_data(TensorData::new(values.to_vec(), [n, width]), &device).autodiff()
    };
    // Both are zero, as nothing has moved yet, and have the slopes.
    let along = |moves: Tensor<2>, slopes: &[f32], width: usize| {
        ((moves.clone() - moves.detach()) * constant(slopes, width)).sum_dim(1).reshape([n])
    };
    let by_x = along(x, &unrolled.of_x, width);
    let by_start = along(mean.reshape([n, dim]), &unrolled.of_start, dim);
    constant(&unrolled.scores, 1).reshape([n]) + by_x + by_start
}

/// m of every example, `[batch, dim]`; nothing with do(m = 0) or without a mechanism.
fn chosen_m(
    model: &DeepCama,
    observed: &Observed,
    choice: MChoice,
    rngs: &mut [ChaCha8Rng],
) -> Option<Tensor<2>> {
    let parts = model.mechanisms().filter(|_| choice != M::Null)?;
    Some(match choice {
        M::Global => parts.global_m().expect("checked to have one").repeat_dim(0, observed.x.dims()[0]),
        _ => m_of(&parts.posterior(observed), choice, rngs),
    })
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData, activation};

    use super::*;
    use crate::mechanism::MechanismConfig;
    use crate::noise::{example_rng, stream_rng};
    use crate::predict::{Bank, BankConfig, OptimiseConfig};
    use crate::predict::{PredictConfig, predict};
    use crate::{Config, ConvolutionalConfig, ModelConfig, TrunkConfig, data};

    fn model(shape: [usize; 3], mechanisms: &str, negative_slope: f64) -> DeepCama {
        let mechanisms = MechanismConfig::parse_list(mechanisms).unwrap();
        let mut config = ModelConfig { mechanisms, z: 3, ..ModelConfig::fast(shape, 10) };
        (config.network.hidden, config.network.negative_slope) = (8, negative_slope);
        config.network.trunk = TrunkConfig::Convolutional(ConvolutionalConfig {
            channels: 3,
            layers: 2,
            ..ConvolutionalConfig::default()
        });
        DeepCama::new(&config.check().unwrap(), 1, &Device::flex())
    }

    fn rngs(n: usize) -> Vec<ChaCha8Rng> {
        (0..n).map(|i| stream_rng(0, i as u64)).collect()
    }

    #[test]
    fn they_are_what_prediction_says() {
        let (model, images) = (model([1, 28, 28], "affine", 0.2), data::load("mnist:test[..4]").unwrap());
        for m in [M::Null, M::Mean, M::Sample] {
            let config = PredictConfig { m, samples: 3, ..PredictConfig::default() };
            let predicted = predict(&model, &images, &config.check().unwrap()).unwrap();
            let observed = crate::batch::observed(&images, 0..4, &model.device());
            let mut rngs: Vec<_> = (0..4).map(|i| example_rng(0, &images, i)).collect();
            let scores = class_scores(&model, &observed, m, 3, &mut rngs);
            let p: Vec<f32> = activation::softmax(scores, 1).into_data().iter::<f32>().collect();
            for (prediction, p) in predicted.iter().zip(p.chunks(10)) {
                for (expected, p) in prediction.probabilities.iter().zip(p) {
                    assert!((expected - f64::from(*p)).abs() < 1e-3, "{m:?}: {expected} {p}");
                }
            }
        }
    }

    #[test]
    fn their_gradient_is_that_of_finite_differences() {
        // Without kinks, and with classes that differ.
        let pixels: Vec<f32> = (0..64).map(|i| 0.5 + 0.3 * (i as f32 * 0.37).sin()).collect();
        for (mechanism, choice) in
            [("affine", M::Null), ("affine", M::Mean), ("affine,photometric", M::Sample), ("latent", M::Mean)]
        {
            let model = model([1, 8, 8], mechanism, 1.0);
            let score = |x: Tensor<2>| {
                let scores = class_scores(&model, &Observed::of_x(x), choice, 2, &mut rngs(1));
                scores.clone().narrow(1, 7, 1).sum() + scores.narrow(1, 2, 1).sum().mul_scalar(0.5)
            };
            let tensor =
                |values: Vec<f32>| Tensor::<2>::from_data(TensorData::new(values, [1, 64]), &model.device());
            let leaf = tensor(pixels.clone()).autodiff().require_grad();
            let gradient = leaf.grad(&score(leaf.clone()).backward()).unwrap();
            let gradient: Vec<f32> = gradient.into_data().iter::<f32>().collect();
            for direction in 0..6 {
                let towards: Vec<f32> =
                    (0..64).map(|i| (i as f32 * (0.7 + direction as f32)).sin()).collect();
                let moved = |by: f32| {
                    let x = pixels.iter().zip(&towards).map(|(p, d)| p + by * d).collect();
                    f64::from(score(tensor(x)).into_scalar::<f32>())
                };
                let difference = (moved(4e-3) - moved(-4e-3)) / 8e-3;
                let along: f64 =
                    gradient.iter().zip(&towards).map(|(g, d)| f64::from(*g) * f64::from(*d)).sum();
                assert!(
                    (difference - along).abs() < 0.03 * (0.5 + along.abs()),
                    "{mechanism} {choice:?} {direction}: {difference} {along}"
                );
            }
        }
    }

    /// A search with steps in a small, smooth model.
    fn searching<T>(steps: usize, of: impl FnOnce(&Optimised) -> T) -> T {
        let model = model([1, 8, 8], "affine", 1.0);
        let config =
            BankConfig { latents: vec![1; 10], z: 3, floor: 0.3, suspicious_above: 0.0, tried: vec![] };
        let bank = Bank::empty(&config, &model.device());
        let config = OptimiseConfig { steps, starts: 1, ..OptimiseConfig::default() };
        of(&Optimised { model: &model, bank: &bank, config: &config, negligible: 0.0 })
    }

    /// Checks the gradient of `score` in x against differences of it, in some directions.
    fn check_gradient(score: impl Fn(Tensor<2>) -> Tensor<1>, tolerance: f64) {
        let pixels: Vec<f32> = (0..64).map(|i| 0.5 + 0.3 * (i as f32 * 0.37).sin()).collect();
        let tensor =
            |values: Vec<f32>| Tensor::<2>::from_data(TensorData::new(values, [1, 64]), &Device::flex());
        let leaf = tensor(pixels.clone()).autodiff().require_grad();
        let gradient: Vec<f32> = host(leaf.grad(&score(leaf.clone()).backward()).unwrap());
        for direction in 0..6 {
            let towards: Vec<f32> = (0..64).map(|i| (i as f32 * (0.7 + direction as f32)).sin()).collect();
            let moved = |by: f32| {
                let x = pixels.iter().zip(&towards).map(|(p, d)| p + by * d).collect();
                f64::from(score(tensor(x).autodiff()).into_scalar::<f32>())
            };
            let difference = (moved(8e-3) - moved(-8e-3)) / 16e-3;
            let along: f64 = gradient.iter().zip(&towards).map(|(g, d)| f64::from(g * d)).sum();
            assert!(
                (difference - along).abs() < tolerance * (0.5 + along.abs()),
                "{direction}: {difference} {along}"
            );
        }
    }

    #[test]
    fn the_end_of_a_long_search_has_the_slope_of_its_score() {
        for choice in [M::Null, M::Mean] {
            searching(400, |optimised| {
                let score = |x: Tensor<2>| {
                    let scores = searched_scores(optimised, &Observed::of_x(x), choice, &mut rngs(1));
                    (scores.clone().narrow(1, 7, 1) - scores.narrow(1, 2, 1)).reshape([1])
                };
                check_gradient(score, 0.03);
            });
        }
    }

    #[test]
    fn a_search_that_draws_nothing_needs_no_generators() {
        searching(5, |optimised| {
            let x = Tensor::<2>::full([1, 64], 0.4, &optimised.model.device()).autodiff();
            let with = |rngs: &mut [ChaCha8Rng]| {
                host(searched_scores(optimised, &Observed::of_x(x.clone()), M::Null, rngs))
            };
            let found = with(&mut []);
            assert_eq!((found.len(), &found), (10, &with(&mut rngs(1))));
        });
    }

    #[test]
    fn a_search_unrolled_has_the_slope_of_its_few_steps() {
        for steps in [1, 2, 6] {
            searching(steps, |optimised| {
                let score = |x: Tensor<2>| {
                    let observed = Observed::of_x(x);
                    let unrolled = optimised.unroll(&observed.clone().constant(), None, &[(0, 7), (0, 2)]);
                    let given = optimised.model.given(&observed, None, None);
                    let given = given.pairs(&Pairs::new(&[(0, 7), (0, 2)], &optimised.model.device()));
                    let scores = unrolled_scores(&unrolled, &given);
                    scores.clone().narrow(0, 0, 1) - scores.narrow(0, 1, 1)
                };
                check_gradient(score, 0.03);
            });
        }
    }
}
