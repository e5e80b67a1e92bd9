//! p(m) of a mechanism's part of m.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, activation};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::network::DiagonalGaussian;

/// p of a mechanism's part of m; components are independent.
#[derive(Clone, Debug)]
pub enum Prior {
    /// Standard normal.
    Normal,
    /// Normal, with the mean and the variance of each component in a data set, `[1, dim]`.
    OfData(DiagonalGaussian<2>),
    /// Nothing was done, or what was done to this data.
    SpikeAndSlab(SpikeAndSlab),
}

/// An example is at rest, all components nearly zero, or manipulated. Then each component is nearly zero (the spike:
/// nothing was done to it) or normal with a mean and a standard deviation (the slab: what was done to the data at
/// hand). How often it is which, and the slab, are learnt with the rest of what depends on M; they start as equally
/// often, 0 and 1.
///
/// Clean examples so cost little, a manipulation that all the data shares costs each example little, and a parameter
/// that is at rest nothing.
#[derive(Module, Debug)]
pub struct SpikeAndSlab {
    /// Mean of the slab over [`PACE`], `[dim]`.
    mean: Param<Tensor<1>>,
    /// Log standard deviation of the slab over [`PACE`], `[dim]`.
    log_sd: Param<Tensor<1>>,
    /// Log odds of the slab over [`PACE`], `[dim]`.
    log_odds: Param<Tensor<1>>,
    /// Log odds that an example is manipulated over [`PACE`], `[1]`.
    log_odds_manipulated: Param<Tensor<1>>,
}

/// Standard deviation of the spike.
const SPIKE: f64 = 0.05;

/// Adam moves every parameter about as far in a step; these have farther to go than weights of a network.
const PACE: f64 = 10.0;

/// The slab stays wider than the spike.
const LEAST_LOG_SD: f64 = -2.5;

/// Standard deviation of the slab about a mean that was just found, and log odds of the slab.
const SETTLED_SD: f64 = 0.2;
const SETTLED_LOG_ODDS: f64 = 3.0;

/// Neither is ever ruled out.
const MOST_LOG_ODDS: f64 = 5.0;

impl SpikeAndSlab {
    /// A prior of `dim` components.
    pub fn new(dim: usize, device: &Device) -> Self {
        let zeros = |dim| Param::from_tensor(Tensor::zeros([dim], device));
        Self { mean: zeros(dim), log_sd: zeros(dim), log_odds: zeros(dim), log_odds_manipulated: zeros(1) }
    }

    /// The slab, `[1, dim]`.
    fn slab(&self) -> DiagonalGaussian<2> {
        let mean: Tensor<2> = self.mean.val().unsqueeze();
        let log_sd: Tensor<2> = self.log_sd.val().unsqueeze();
        DiagonalGaussian {
            mean: mean.mul_scalar(PACE),
            log_var: log_sd.mul_scalar(PACE).clamp_min(LEAST_LOG_SD).mul_scalar(2.0),
        }
    }

    /// log Σ over what can have been done to an example, `[batch, 1]`, of shares times exp of `spike` and of `slab`,
    /// which have a term for every component, `[batch, dim]`.
    fn mixed(&self, spike: Tensor<2>, slab: Tensor<2>) -> Tensor<2> {
        let [log_spike, log_slab] = log_shares(&self.log_odds);
        let [log_rest, log_manipulated] = log_shares(&self.log_odds_manipulated);
        let manipulated = log_sum_exp(log_spike + spike.clone(), log_slab + slab).sum_dim(1);
        log_sum_exp(log_rest + spike.sum_dim(1), log_manipulated + manipulated)
    }

    /// The spike, shaped like the slab.
    fn spike(slab: &DiagonalGaussian<2>) -> DiagonalGaussian<2> {
        let log_var = slab.log_var.zeros_like().add_scalar(2.0 * SPIKE.ln());
        DiagonalGaussian { mean: slab.mean.zeros_like(), log_var }
    }
}

impl Prior {
    /// KL(q ‖ p), `[batch, 1]`, in nats: exact for a normal prior, else the upper bound from the divergences from
    /// spike and slab, −log Σ_k π_k exp(−KL(q ‖ p_k)) (Hershey & Olsen, ICASSP 2007), so that an ELBO with it stays a
    /// lower bound.
    pub fn divergence(&self, q: &DiagonalGaussian<2>) -> Tensor<2> {
        match self {
            Self::Normal => q.kl_to_standard(),
            Self::OfData(p) => divergences(q, p).sum_dim(1),
            Self::SpikeAndSlab(prior) => {
                let slab = prior.slab();
                let from_spike = divergences(q, &SpikeAndSlab::spike(&slab)).neg();
                prior.mixed(from_spike, divergences(q, &slab).neg()).neg()
            }
        }
    }

    /// log p(m), `[batch, 1]`, in nats.
    pub fn log_prob(&self, m: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Normal => {
                let standard = DiagonalGaussian { mean: m.zeros_like(), log_var: m.zeros_like() };
                standard.log_prob(m)
            }
            Self::OfData(p) => log_densities(m, p).sum_dim(1),
            Self::SpikeAndSlab(prior) => {
                let slab = prior.slab();
                let spike = log_densities(m.clone(), &SpikeAndSlab::spike(&slab));
                prior.mixed(spike, log_densities(m, &slab))
            }
        }
    }

    /// The prior as numbers on the host, to draw from: dreams go through all that the world may do, not only what it has
    /// done to the data at hand.
    pub(crate) fn draws(&self) -> Draws {
        let host = |t: Tensor<2>| t.into_data().iter::<f32>().collect::<Vec<_>>();
        match self {
            Self::Normal | Self::OfData(_) => Draws(None),
            Self::SpikeAndSlab(prior) => {
                let slab = prior.slab();
                let [_, share] = log_shares(&prior.log_odds);
                let [_, manipulated] = log_shares(&prior.log_odds_manipulated);
                Draws(Some(SlabDraws {
                    mean: host(slab.mean),
                    sd: host(slab.log_var.mul_scalar(0.5).exp()),
                    share: host(share.exp()),
                    manipulated: host(manipulated.exp())[0],
                }))
            }
        }
    }

    /// One m for all the data, `[1, dim]`: the mean of the slab.
    pub(crate) fn shared(&self) -> Option<Tensor<2>> {
        match self {
            Self::Normal | Self::OfData(_) => None,
            Self::SpikeAndSlab(prior) => Some(prior.slab().mean),
        }
    }
}

impl SpikeAndSlab {
    /// The prior once this mean of its slab, `[dim]`, is known.
    pub(crate) fn about(self, mean: Tensor<1>) -> Self {
        Self { mean: self.mean.clone().map(|_| mean.div_scalar(PACE)), ..self }.recentred()
    }

    /// The prior once the mean of its slab is known: examples that are manipulated lie about it in all components.
    pub(crate) fn recentred(self) -> Self {
        let constant = |p: Param<Tensor<1>>, value: f64| p.map(|t| t.full_like(value / PACE));
        Self {
            log_sd: constant(self.log_sd, SETTLED_SD.ln()),
            log_odds: constant(self.log_odds, SETTLED_LOG_ODDS),
            log_odds_manipulated: constant(self.log_odds_manipulated, 0.0),
            ..self
        }
    }
}

/// Log probabilities of the first and of the second of two, each `[1, n]`, from log odds of the second over [`PACE`].
fn log_shares(log_odds: &Param<Tensor<1>>) -> [Tensor<2>; 2] {
    let log_odds: Tensor<2> = log_odds.val().unsqueeze();
    let log_odds = log_odds.mul_scalar(PACE).clamp(-MOST_LOG_ODDS, MOST_LOG_ODDS);
    [log_odds.clone().neg(), log_odds].map(activation::log_sigmoid)
}

/// A [`Prior`] to draw from.
pub(crate) struct Draws(Option<SlabDraws>);

struct SlabDraws {
    mean: Vec<f32>,
    sd: Vec<f32>,
    share: Vec<f32>,
    manipulated: f32,
}

impl Draws {
    /// Makes a draw from the prior of as many standard normal numbers.
    pub fn draw(&self, normals: &mut [f32], rng: &mut ChaCha8Rng) {
        let Some(slab) = &self.0 else { return };
        let manipulated = rng.random::<f32>() < slab.manipulated;
        for (i, value) in normals.iter_mut().enumerate() {
            // Drawn in any case, so that the numbers that follow do not depend on it.
            let from_slab = rng.random::<f32>() < slab.share[i];
            *value = match manipulated && from_slab {
                true => slab.mean[i] + *value * slab.sd[i],
                false => *value * SPIKE as f32,
            };
        }
    }
}

/// KL(q_i ‖ p_i) of every component, `[batch, dim]`.
fn divergences(q: &DiagonalGaussian<2>, p: &DiagonalGaussian<2>) -> Tensor<2> {
    let spread = q.log_var.clone().exp() + (q.mean.clone() - p.mean.clone()).square();
    (spread * p.log_var.clone().neg().exp() - 1.0 - q.log_var.clone() + p.log_var.clone()).mul_scalar(0.5)
}

/// log p_i(m_i) of every component, `[batch, dim]`.
fn log_densities(m: Tensor<2>, p: &DiagonalGaussian<2>) -> Tensor<2> {
    let scaled = (m - p.mean.clone()).square() * p.log_var.clone().neg().exp();
    (scaled + p.log_var.clone() + (2.0 * std::f64::consts::PI).ln()).mul_scalar(-0.5)
}

/// log (exp a + exp b), element by element, without overflow.
fn log_sum_exp(a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    let apart = (a.clone() - b.clone()).abs();
    a.max_pair(b) + apart.neg().exp().add_scalar(1.0).log()
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::noise::normals;

    fn row<const N: usize>(values: [f32; N]) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values.to_vec(), [1, N]), &Device::flex())
    }

    /// A spike and slab with this slab and this share of it.
    fn with_slab(mean: f64, sd: f64, share: f64) -> Prior {
        let param = |value: f64| Param::from_tensor(Tensor::full([1], value / PACE, &Device::flex()));
        let log_odds = param((share / (1.0 - share)).ln());
        let log_odds_manipulated = param(0.0);
        Prior::SpikeAndSlab(SpikeAndSlab {
            mean: param(mean),
            log_sd: param(sd.ln()),
            log_odds,
            log_odds_manipulated,
        })
    }

    fn log_density(prior: &Prior, m: f64) -> f64 {
        f64::from(prior.log_prob(row([m as f32])).into_scalar::<f32>())
    }

    #[test]
    fn densities_have_mass_one() {
        for prior in [Prior::Normal, with_slab(0.0, 1.0, 0.5), with_slab(2.0, 0.3, 0.1)] {
            let step = 2e-3;
            let grid = (-5000..5000).map(|i| (f64::from(i) + 0.5) * step);
            let mass: f64 = grid.map(|m| log_density(&prior, m).exp() * step).sum();
            assert!((mass - 1.0).abs() < 1e-3, "{prior:?} {mass}");
        }
    }

    /// The divergence that is used, and the true one by numerical integration.
    fn divergences_from(prior: &Prior, mean: f64, sd: f64) -> [f64; 2] {
        let q = DiagonalGaussian { mean: row([mean as f32]), log_var: row([2.0 * f64::ln(sd) as f32]) };
        let used = f64::from(prior.divergence(&q).into_scalar::<f32>());
        let step = sd / 200.0;
        let integrand = |m: f64| {
            let log_q = -0.5 * ((m - mean) / sd).powi(2) - sd.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln();
            log_q.exp() * (log_q - log_density(prior, m)) * step
        };
        [used, (-2000..2000).map(|i| integrand(mean + (f64::from(i) + 0.5) * step)).sum()]
    }

    #[test]
    fn divergences_are_upper_bounds_and_tight_for_what_is_either_spike_or_slab() {
        for (mean, sd) in [(0.0, 1.0), (0.3, 0.2), (-2.0, 0.5), (1.5, 0.4), (0.0, 0.05), (2.0, 0.1)] {
            let [used, exact] = divergences_from(&Prior::Normal, mean, sd);
            assert!((used - exact).abs() < 2e-3, "N({mean}, {sd}²): {used} {exact}");
            for prior in [with_slab(0.0, 1.0, 0.5), with_slab(2.0, 0.3, 0.1)] {
                let [used, exact] = divergences_from(&prior, mean, sd);
                assert!(used > exact - 2e-3, "{prior:?} N({mean}, {sd}²): {used} {exact}");
            }
        }
        for (mean, sd) in [(0.0, 0.03), (0.0, 0.05), (2.0, 0.3), (2.4, 0.1), (1.7, 0.2)] {
            let [used, exact] = divergences_from(&with_slab(2.0, 0.3, 0.1), mean, sd);
            assert!(used < exact + 2e-3, "N({mean}, {sd}²): {used} {exact}");
        }
    }

    #[test]
    fn what_is_at_rest_costs_nothing_and_what_all_share_costs_little() {
        let prior = with_slab(2.0, 0.1, 0.5);
        let cost = |mean: f32, sd: f32| {
            let q = DiagonalGaussian { mean: row([mean]), log_var: row([2.0 * sd.ln()]) };
            prior.divergence(&q).into_scalar::<f32>()
        };
        assert!(cost(0.0, 0.05) < 0.7 && cost(2.0, 0.1) < 1.5, "{} {}", cost(0.0, 0.05), cost(2.0, 0.1));
        assert!(cost(1.0, 0.1) > 10.0);
        // A clean example costs little, too, whatever the number of components.
        let prior = Prior::SpikeAndSlab(SpikeAndSlab::new(20, &Device::flex()));
        let log_var = row([2.0 * 0.05f32.ln(); 20]);
        let clean = DiagonalGaussian { mean: log_var.zeros_like(), log_var };
        assert!(prior.divergence(&clean).into_scalar::<f32>() < 0.7);
    }

    #[test]
    fn dreams_are_of_spike_and_slab() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let normal: Vec<f32> = normals(20_000, &mut rng).collect();
        let prior = with_slab(3.0, 0.5, 0.8).draws();
        let draw = |z: &f32, rng: &mut ChaCha8Rng| {
            let mut m = [*z];
            prior.draw(&mut m, rng);
            m[0]
        };
        let draws: Vec<f32> = normal.iter().map(|z| draw(z, &mut rng)).collect();
        let share = |from: f32, to: f32| {
            draws.iter().filter(|m| (from..to).contains(*m)).count() as f64 / draws.len() as f64
        };
        // Half at rest and a fifth of the others; of the rest as many as a normal distribution has.
        assert!((share(-0.15, 0.15) - 0.6).abs() < 0.01, "{}", share(-0.15, 0.15));
        assert!((share(2.5, 3.5) - 0.4 * 0.683).abs() < 0.01, "{}", share(2.5, 3.5));
        let mut m = [0.7];
        Prior::Normal.draws().draw(&mut m, &mut rng);
        assert_eq!(m, [0.7]);
    }
}
