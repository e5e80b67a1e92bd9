//! The order in which examples are seen: seeded shuffles and splits.

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::dataset::Dataset;

/// The indices `0..n` in random order; batches are its `chunks`.
pub fn shuffled(n: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(rng);
    order
}

/// Splits at random into the examples to learn from and `held_out` others, or all if there are fewer; both
/// keep the order of `data`.
pub fn split<D: Dataset>(data: &D, held_out: usize, rng: &mut ChaCha8Rng) -> (D, D) {
    let [kept, held_out] = split_indices(data.len(), held_out, rng);
    (data.select(&kept), data.select(&held_out))
}

/// As [`split`], the indices of both.
pub fn split_indices(n: usize, held_out: usize, rng: &mut ChaCha8Rng) -> [Vec<usize>; 2] {
    let mut order = shuffled(n, rng);
    let mut kept = order.split_off(held_out.min(n));
    order.sort_unstable();
    kept.sort_unstable();
    [kept, order]
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::Images;

    fn numbered(n: usize) -> Images {
        let pixels = (0..n).map(|i| i as f32 / n as f32).collect();
        Images::new("numbered", [1, 1, 1], pixels, None, vec![]).unwrap()
    }

    #[test]
    fn shuffles_are_permutations_fixed_by_the_seed() {
        let order = |seed| shuffled(100, &mut ChaCha8Rng::seed_from_u64(seed));
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        let mut sorted = order(1);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        assert_ne!(shuffled(100, &mut rng), shuffled(100, &mut rng));
    }

    #[test]
    fn splits_use_every_image_once() {
        let images = numbered(50);
        let (train, held_out) = split(&images, 12, &mut ChaCha8Rng::seed_from_u64(3));
        assert_eq!((train.len(), held_out.len()), (38, 12));
        let mut all: Vec<f32> = train.pixels().iter().chain(held_out.pixels()).copied().collect();
        all.sort_by(f32::total_cmp);
        assert_eq!(all, images.pixels());
        let (train, held_out) = split(&images, 99, &mut ChaCha8Rng::seed_from_u64(3));
        assert_eq!((train.len(), held_out.len()), (0, 50));
    }
}
