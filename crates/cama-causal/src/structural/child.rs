//! The mechanism of a child: what the class, co-parents and latents make of it.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use super::config::StructuralConfig;
use super::standard::{Standard, miscounted, out_of_bounds, rounded};

/// Units of the hidden layer.
const HIDDEN: usize = 6;
/// Scale of a, what the class adds.
const OFFSET: f64 = 0.5;
/// Scale of b, how strongly co-parents move a child.
const SLOPE: f64 = 1.5;
/// Scale of d, how much the slopes of co-parents differ from class to class.
const CLASS_SLOPE: f64 = 0.2;
/// Scale of e, how strongly latents move a child.
const LATENT_SLOPE: f64 = 0.5;
/// Scale of w, the size of the bounded part.
const BOUNDED: f64 = 1.0;

/// f_j, and what it is standardised by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChildMechanism {
    /// S_j, in order, counted from 0.
    pub(super) co_parents: Vec<usize>,
    /// T_j, in order, counted from 0.
    pub(super) latents: Vec<usize>,
    /// a, one a class.
    offset: Vec<f64>,
    /// b, one for each of S_j.
    slope: Vec<f64>,
    /// d, one row a class.
    class_slope: Vec<Vec<f64>>,
    /// e, one for each of T_j.
    latent_slope: Vec<f64>,
    hidden: Vec<Unit>,
    /// Of f_j.
    pub(super) standard: Standard,
}

/// A unit of the hidden layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unit {
    /// u, one for each of S_j, then one for each of T_j.
    inputs: Vec<f64>,
    /// v, one a class.
    class: Vec<f64>,
    /// w.
    output: f64,
}

impl ChildMechanism {
    /// A random one of these causes, not yet standardised.
    pub(super) fn draw(
        co_parents: Vec<usize>,
        latents: Vec<usize>,
        classes: usize,
        rng: &mut ChaCha8Rng,
    ) -> Self {
        let (n, m) = (co_parents.len(), latents.len());
        let per_root = |scale: f64, number: usize| scale / (number.max(1) as f64).sqrt();
        let offset = levels(classes, rng);
        // All of one sign: a shift of all co-parents at once must not cancel out.
        let sign = if rng.random::<bool>() { 1.0 } else { -1.0 };
        let slope =
            (0..n).map(|_| rounded(sign * per_root(SLOPE, n) * (0.5 + rng.random::<f64>()))).collect();
        let mut normals = |number: usize, scale: f64| -> Vec<f64> {
            (0..number).map(|_| rounded(scale * rng.sample::<f64, _>(StandardNormal))).collect()
        };
        Self {
            offset,
            slope,
            class_slope: (0..classes).map(|_| normals(n, per_root(CLASS_SLOPE, n))).collect(),
            latent_slope: normals(m, per_root(LATENT_SLOPE, m)),
            hidden: (0..HIDDEN)
                .map(|_| Unit {
                    inputs: normals(n + m, 1.0),
                    class: normals(classes, 1.0),
                    output: normals(1, per_root(BOUNDED, HIDDEN))[0],
                })
                .collect(),
            standard: Standard::default(),
            co_parents,
            latents,
        }
    }

    /// f_j, of the class and of all co-parents and latents.
    pub(super) fn raw(&self, class: usize, c: &[f64], z: &[f64]) -> f64 {
        let slopes = self.slope.iter().zip(&self.class_slope[class]);
        let linear: f64 = self.co_parents.iter().zip(slopes).map(|(i, (b, d))| (b + d) * c[*i]).sum();
        let latent: f64 = self.latents.iter().zip(&self.latent_slope).map(|(i, e)| e * z[*i]).sum();
        let causes = || self.co_parents.iter().map(|i| c[*i]).chain(self.latents.iter().map(|i| z[*i]));
        let bounded: f64 = self
            .hidden
            .iter()
            .map(|unit| {
                let sum: f64 = unit.inputs.iter().zip(causes()).map(|(u, cause)| u * cause).sum();
                unit.output * (sum + unit.class[class]).tanh()
            })
            .sum();
        self.offset[class] + linear + latent + bounded
    }

    /// X_j, with its own noise ε at scale σ.
    pub(super) fn value(&self, class: usize, [c, z]: [&[f64]; 2], epsilon: f64, sigma: f64) -> f64 {
        (1.0 - sigma * sigma).sqrt() * self.standard.of(self.raw(class, c, z)) + sigma * epsilon
    }

    /// What is wrong with it as a mechanism of these sizes, if anything.
    pub(super) fn problem(&self, config: &StructuralConfig) -> Option<String> {
        let (n, m, classes) = (self.co_parents.len(), self.latents.len(), config.classes);
        causes("co_parents", &self.co_parents, config.co_parents)
            .or_else(|| causes("latents", &self.latents, config.latents))
            .or_else(|| miscounted("offset", self.offset.len(), classes))
            .or_else(|| miscounted("slope", self.slope.len(), n))
            .or_else(|| miscounted("class_slope", self.class_slope.len(), classes))
            .or_else(|| {
                self.class_slope.iter().find_map(|row| miscounted("a row of class_slope", row.len(), n))
            })
            .or_else(|| miscounted("latent_slope", self.latent_slope.len(), m))
            .or_else(|| self.hidden.iter().find_map(|unit| miscounted("inputs", unit.inputs.len(), n + m)))
            .or_else(|| self.hidden.iter().find_map(|unit| miscounted("class", unit.class.len(), classes)))
            .or_else(|| self.standard.problem())
            .or_else(|| out_of_bounds(self.class_slope.iter().flatten()))
            .or_else(|| out_of_bounds(self.offset.iter().chain(&self.slope).chain(&self.latent_slope)))
            .or_else(|| {
                self.hidden.iter().find_map(|unit| {
                    out_of_bounds(unit.inputs.iter().chain(&unit.class).chain([&unit.output]))
                })
            })
    }
}

/// What is wrong with `causes` as some of `number` variables, if anything.
fn causes(what: &str, causes: &[usize], number: usize) -> Option<String> {
    if let Some(cause) = causes.iter().find(|cause| **cause >= number) {
        return Some(format!("{what} names number {cause}, counted from 0, but there are {number}"));
    }
    let ordered = causes.windows(2).all(|pair| pair[0] < pair[1]);
    (!ordered).then(|| format!("{what} must be in ascending order, each once"))
}

/// Evenly spaced numbers of mean 0 and standard deviation [`OFFSET`] in random order, so that every child tells
/// every class from another.
fn levels(classes: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let middle = (classes as f64 - 1.0) / 2.0;
    let levels: Vec<f64> = (0..classes).map(|class| class as f64 - middle).collect();
    let sd = Standard::measure(&levels).sd;
    let mut levels: Vec<f64> = levels.into_iter().map(|level| rounded(OFFSET * level / sd)).collect();
    levels.shuffle(rng);
    levels
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn config() -> StructuralConfig {
        StructuralConfig { classes: 2, co_parents: 3, latents: 1, ..StructuralConfig::default() }
    }

    /// Of C3 and Z1.
    fn known() -> ChildMechanism {
        ChildMechanism {
            co_parents: vec![2],
            latents: vec![0],
            offset: vec![0.5, -0.5],
            slope: vec![2.0],
            class_slope: vec![vec![0.25], vec![-0.25]],
            latent_slope: vec![3.0],
            hidden: vec![Unit { inputs: vec![0.1, 0.2], class: vec![0.0, 1.0], output: -4.0 }],
            standard: Standard { mean: 1.0, sd: 2.0 },
        }
    }

    #[test]
    fn the_value_is_the_documented_one() {
        let (c, z): (&[f64], &[f64]) = (&[7.0, 8.0, 1.5], &[-0.5]);
        let f = -0.5 + (2.0 - 0.25) * 1.5 + 3.0 * -0.5 - 4.0 * (0.1 * 1.5 + 0.2 * -0.5 + 1.0f64).tanh();
        assert!((known().raw(1, c, z) - f).abs() < 1e-12);
        let x = 0.8 * (f - 1.0) / 2.0 + 0.6 * 1.25;
        assert!((known().value(1, [c, z], 1.25, 0.6) - x).abs() < 1e-12);
    }

    #[test]
    fn far_away_it_is_linear_in_the_co_parents() {
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        let child = ChildMechanism::draw(vec![0, 1], vec![0], 3, rng);
        let at = |t: f64| child.raw(1, &[t, -2.0 * t], &[0.3]);
        let (first, second) = (at(200.0) - at(100.0), at(300.0) - at(200.0));
        assert!((first - second).abs() < 1e-3 && first.abs() > 1.0, "{first} {second}");
    }

    #[test]
    fn levels_have_the_stated_moments_and_differ() {
        let mut levels = levels(5, &mut ChaCha8Rng::seed_from_u64(3));
        let Standard { mean, sd } = Standard::measure(&levels);
        assert!(mean.abs() < 1e-12 && (sd - OFFSET).abs() < 1e-5);
        levels.sort_by(f64::total_cmp);
        assert!(levels.windows(2).all(|pair| pair[1] - pair[0] > 0.3));
    }

    #[test]
    fn wrong_sizes_and_values_are_found() {
        assert_eq!(known().problem(&config()), None);
        let problem = |change: &dyn Fn(&mut ChildMechanism)| {
            let mut child = known();
            change(&mut child);
            child.problem(&config()).unwrap()
        };
        assert!(problem(&|child| child.co_parents = vec![3]).contains("co_parents names number 3"));
        assert!(problem(&|child| child.co_parents = vec![1, 1]).contains("ascending"));
        assert!(problem(&|child| child.latents = vec![]).contains("latent_slope has 1 entries"));
        assert!(problem(&|child| child.offset = vec![0.0; 3]).contains("offset has 3 entries"));
        assert!(problem(&|child| child.slope = vec![]).contains("slope has 0 entries"));
        assert!(problem(&|child| child.class_slope[1] = vec![]).contains("a row of class_slope"));
        assert!(problem(&|child| child.hidden[0].inputs = vec![]).contains("inputs has 0 entries"));
        assert!(problem(&|child| child.hidden[0].class = vec![]).contains("class has 0 entries"));
        assert!(problem(&|child| child.hidden[0].output = -1e7).contains("-1e7"));
        assert!(problem(&|child| child.offset[0] = f64::NAN).contains("NaN"));
        assert!(problem(&|child| child.standard.sd = -1.0).contains("-1"));
    }
}
