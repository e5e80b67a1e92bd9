//! How well the model explains examples: what the guard judges by.

use burn::tensor::Tensor;
use cama_kernels::likelihood::{Given, bernoulli, negative_entropy};
use rand_chacha::ChaCha8Rng;

use crate::batch::host;
use crate::data::Dataset;
use crate::likelihood::Likelihood;
use crate::model::{DeepCama, Observed};
use crate::noise::{example_rng, stream_rng};
use crate::predict::{Sampling, class_scores, highest, normalised};

/// Samples of z for each class from which the guard estimates how well an example is explained.
pub(super) const SAMPLES: usize = 2;

/// The guard's generators are not those of prediction.
const SALT: u64 = 0x6775_6172_6400_0000;

/// The guard's generators for the examples of `data` at `indices`.
pub(super) fn rngs(seed: u64, data: &impl Dataset, indices: impl Iterator<Item = usize>) -> Vec<ChaCha8Rng> {
    indices.map(|i| example_rng(seed ^ SALT, data, i)).collect()
}

/// As many generators as a batch has examples, where only tensors of them are there.
pub(super) fn batch_rngs(seed: u64, n: usize) -> Vec<ChaCha8Rng> {
    (0..n).map(|i| stream_rng(seed ^ SALT, i as u64)).collect()
}

/// How examples are explained, with do(m = 0) or with what no restoration undoes.
pub(super) struct Explained {
    /// How badly each is explained, in nats.
    pub anomaly_scores: Vec<f64>,
    /// log p(x|·), in nats.
    pub log_px: Vec<f64>,
    /// The class that Bayes' rule gives each.
    pub classes: Vec<usize>,
    /// Its log p(y|x) of every class of each.
    pub log_probabilities: Vec<Vec<f64>>,
}

impl Explained {
    /// Anomaly score and log p(x|·) of example `i`.
    pub fn of(&self, i: usize) -> [f64; 2] {
        [self.anomaly_scores[i], self.log_px[i]]
    }
}

/// Explains every example of `observed`, whose X are `rows`; `m` is for mechanisms that no restoration undoes.
pub(super) fn explain<'a>(
    model: &DeepCama,
    observed: &Observed,
    m: Option<&Tensor<2>>,
    rows: impl Iterator<Item = &'a [f32]>,
    sampling: &Sampling,
    rngs: &mut [ChaCha8Rng],
) -> Explained {
    let sampling = Sampling { samples: SAMPLES, ..*sampling };
    let scores = class_scores(model, observed, m, &sampling, &[], rngs);
    let mut scores: Vec<Vec<f64>> = scores.into_iter().map(|(scores, _)| scores).collect();
    let log_px: Vec<f64> = scores.iter().map(|scores| normalised(scores).0).collect();
    let likelihood = model.config().likelihood;
    let anomaly_scores =
        rows.zip(&log_px).map(|(x, log_px)| highest_log_px(likelihood, x, observed.doubt) - log_px).collect();
    for (scores, log_px) in scores.iter_mut().zip(&log_px) {
        scores.iter_mut().for_each(|score| *score -= log_px);
    }
    let classes = scores.iter().map(|scores| highest(scores)).collect();
    Explained { anomaly_scores, log_px, classes, log_probabilities: scores }
}

/// How far each example, `x` being `[batch, width]`, is from anything that its `m` makes of clean X, in nats: KL(x ‖ T_m(T_m⁻¹(x)))
/// of Bernoulli pixels, which is zero unless restoration clips some. Without it an image of noise could be turned into an empty
/// one by a great gain, and pass for explained.
pub(super) fn clipped_away(model: &DeepCama, m: &Tensor<2>, x: &Tensor<2>) -> Vec<f64> {
    let n = x.dims()[0];
    let mut away = vec![0.0; n];
    let mechanisms = model.mechanisms().filter(|_| model.config().likelihood == Likelihood::Bernoulli);
    for [x, reachable] in mechanisms.map_or_else(Vec::new, |mechanisms| mechanisms.clipped(m, x.clone())) {
        let log_p = host(bernoulli(reachable.unsqueeze_dim(1), x.clone(), Given::Means).squeeze_dim::<1>(1));
        let x = host(x);
        for ((away, x), log_p) in away.iter_mut().zip(x.chunks(x.len() / n)).zip(log_p) {
            *away += negative_entropy(x) - f64::from(log_p);
        }
    }
    away
}

/// The highest log p(x|·) of any mean, in nats; zero for what has a density. Of pixels in doubt a bound on it, which those reach that
/// are black or white.
pub(super) fn highest_log_px(likelihood: Likelihood, x: &[f32], doubt: f64) -> f64 {
    match likelihood {
        Likelihood::Bernoulli if doubt == 0.0 => negative_entropy(x),
        // As a grey a pixel is most probable with its own as the mean, as black or white with that which is more probable.
        Likelihood::Bernoulli => {
            let of = |x: f32| {
                let likelier = f64::from(x.max(1.0 - x));
                ((1.0 - doubt) * negative_entropy(&[x]).exp() + doubt * likelier).ln()
            };
            x.iter().copied().map(of).sum()
        }
        Likelihood::Gaussian | Likelihood::Columns => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};
    use cama_kernels::likelihood::bernoulli_in_doubt;

    use super::*;
    use crate::Config;
    use crate::model::ModelConfig;

    #[test]
    fn what_restoration_clips_away_is_a_divergence() {
        let device = Device::flex();
        let mut config = ModelConfig::fast([1, 2, 2], 2);
        config.mechanisms = crate::mechanism::MechanismConfig::parse_list("affine,photometric").unwrap();
        let model = DeepCama::new(&config.check().unwrap(), 1, &device);
        // Nothing was done to the first two; the third can be of a gain of 1/2 and a bias of 1/4, the last cannot.
        let x = [0.0, 1.0, 0.3, 0.7, 0.0, 0.0, 1.0, 1.0, 0.25, 0.75, 0.4, 0.6, 0.1, 0.75, 0.9, 0.5f32];
        let affine = model.mechanisms().unwrap().dim() - 2;
        let mut m = vec![0.0; 4 * (affine + 2)];
        for example in [2, 3] {
            // Prior standard deviations of the logarithm of the gain and of the bias are .5 and .3.
            m[example * (affine + 2) + affine..][..2].copy_from_slice(&[-(2f32.ln()) / 0.5, 0.25 / 0.3]);
        }
        let tensor = |values: &[f32]| {
            Tensor::<2>::from_data(TensorData::new(values.to_vec(), [4, values.len() / 4]), &device)
        };
        let away = clipped_away(&model, &tensor(&m), &tensor(&x));
        let divergence = |p: f64, q: f64| p * (p / q).ln() + (1.0 - p) * ((1.0 - p) / (1.0 - q)).ln();
        let expected = [0.0, 0.0, 0.0, divergence(0.1, 0.25) + divergence(0.9, 0.75)];
        for (away, expected) in away.into_iter().zip(expected) {
            assert!((away - expected).abs() < 1e-4, "{away} {expected}");
        }
    }

    #[test]
    fn the_best_mean_of_grey_pixels_is_their_own_grey() {
        let expected = 2.0 * 0.5f64.ln() * 0.5 + (0.25 * 0.25f64.ln() + 0.75 * 0.75f64.ln());
        assert!((highest_log_px(Likelihood::Bernoulli, &[0.5, 0.25, 1.0], 0.0) - expected).abs() < 1e-6);
    }

    /// No mean of any grey is more probable than the bound, and of pixels that are all but black or white one is as probable.
    #[test]
    fn of_what_is_in_doubt_no_mean_is_more_probable() {
        let device = Device::flex();
        let row = |values: Vec<f32>| Tensor::<1>::from_floats(values.as_slice(), &device).unsqueeze::<2>();
        for doubt in [0.3, 1.0] {
            for x in [0.0, 0.1, 0.5, 0.8, 1.0f32] {
                let bound = highest_log_px(Likelihood::Bernoulli, &[x], doubt);
                let means: Vec<f32> = (0..=100).map(|i| i as f32 / 100.0).collect();
                let n = means.len();
                let means = row(means).reshape([1, n, 1]);
                let log_p = host(bernoulli_in_doubt(means, row(vec![x]), Given::Means, doubt as f32));
                let highest = log_p.into_iter().map(f64::from).fold(f64::NEG_INFINITY, f64::max);
                assert!(highest < bound + 1e-5, "{doubt} {x}: {highest} {bound}");
                assert!(highest > bound - 0.3 && (x.min(1.0 - x) > 0.0 || highest > bound - 1e-5));
            }
        }
    }
}
