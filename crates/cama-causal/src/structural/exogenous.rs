//! The exogenous variables of a row: what nothing in the model causes.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Gumbel, StandardNormal};

use super::config::StructuralConfig;

/// The stream of the generator that is not a row's, for all that is drawn once.
const MODEL_STREAM: u64 = u64::MAX;

/// A, C, Z, γ and ε of one row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Exogenous {
    pub(super) parents: Vec<f64>,
    pub(super) co_parents: Vec<f64>,
    pub(super) latents: Vec<f64>,
    pub(super) gumbel: Vec<f64>,
    pub(super) children: Vec<f64>,
}

impl Exogenous {
    /// The next from `rng`. The order of the variables is part of what a seed means: it does not change.
    pub(super) fn draw(config: &StructuralConfig, rng: &mut ChaCha8Rng) -> Self {
        let mut normals =
            |number: usize| -> Vec<f64> { (0..number).map(|_| rng.sample(StandardNormal)).collect() };
        let (parents, co_parents) = (normals(config.parents), normals(config.co_parents));
        let (latents, children) = (normals(config.latents), normals(config.children));
        let standard = Gumbel::new(0.0, 1.0).expect("a scale above 0");
        let gumbel = (0..config.classes).map(|_| rng.sample(standard)).collect();
        Self { parents, co_parents, latents, gumbel, children }
    }
}

/// The generator of everything that is drawn once for a model.
pub(super) fn model_rng(seed: u64) -> ChaCha8Rng {
    row_rng(seed, MODEL_STREAM)
}

/// The generator of a row, on a stream of its own: rows do not depend on which others are drawn.
pub(super) fn row_rng(seed: u64, row: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(row);
    rng
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_seeds_have_noise_of_their_own() {
        let row = |seed, row| Exogenous::draw(&StructuralConfig::default(), &mut row_rng(seed, row));
        assert_eq!(row(1, 5), row(1, 5));
        assert_ne!(row(1, 5).parents, row(1, 6).parents);
        assert_ne!(row(1, 5).parents, row(2, 5).parents);
        let Exogenous { parents, co_parents, latents, gumbel, children } = row(1, 5);
        let sizes = [&parents, &co_parents, &latents, &gumbel, &children].map(Vec::len);
        assert_eq!(sizes, [5, 5, 2, 5, 10]);
    }
}
