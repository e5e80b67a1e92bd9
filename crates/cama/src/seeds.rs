//! All randomness comes from one seed, through a sub-seed for each purpose.

/// One seed for each purpose, derived from the seed that the user gave.
///
/// A purpose keeps its number for ever: changing one changes every result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seeds {
    /// The user's.
    pub given: u64,
    /// Initial weights of a model.
    pub init: u64,
    /// Shuffles, noise and manipulations of training.
    pub train: u64,
    /// Dreams.
    pub dream: u64,
    /// Initial weights of mechanisms that are attached to a model.
    pub attach: u64,
    /// Shuffles and noise of adaptation.
    pub adapt: u64,
    /// Manipulation of the data that is adapted to.
    pub manipulate_adapt: u64,
    /// Manipulation of the data that is predicted, evaluated or shown.
    pub manipulate: u64,
    /// Samples of prediction.
    pub predict: u64,
    /// Which images are shown, and samples for pictures.
    pub show: u64,
    /// Structural models to simulate tables with, and their rows.
    pub simulate: u64,
    /// Weights and shuffles of baselines.
    pub baseline: u64,
    /// Weights and shuffles of the direct classifier.
    pub direct: u64,
    /// What the guard learns of clean data.
    pub guard: u64,
    /// Random starts and searches of attacks.
    pub attack: u64,
    /// Which examples are drawn of data that is larger than memory.
    pub subsample: u64,
    /// Dreams of the field mechanism.
    pub field: u64,
    /// Which clean examples are kept with a model.
    pub keep: u64,
}

impl Seeds {
    /// The sub-seeds of `given`.
    pub fn new(given: u64) -> Self {
        let purpose = |number: u64| mix(given ^ mix(number));
        Self {
            given,
            init: purpose(1),
            train: purpose(2),
            dream: purpose(3),
            attach: purpose(4),
            adapt: purpose(5),
            manipulate_adapt: purpose(6),
            manipulate: purpose(7),
            predict: purpose(8),
            show: purpose(9),
            simulate: purpose(10),
            baseline: purpose(11),
            direct: purpose(12),
            guard: purpose(13),
            attack: purpose(14),
            subsample: purpose(15),
            field: purpose(16),
            keep: purpose(17),
        }
    }
}

/// SplitMix64 (Steele, Lea & Flood, OOPSLA 2014).
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixing_is_the_published_one() {
        // First output of the reference implementation from state 0.
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn purposes_and_seeds_do_not_meet() {
        let all = |seed| {
            let s = Seeds::new(seed);
            let fitting = [s.init, s.train, s.dream, s.direct, s.guard, s.baseline];
            let later = [s.attach, s.adapt, s.manipulate_adapt, s.manipulate, s.predict, s.show];
            [&fitting[..], &later, &[s.simulate, s.attack, s.subsample, s.field, s.keep]].concat()
        };
        let mut seen: Vec<u64> = (0..100).flat_map(all).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 1700);
        assert_eq!(Seeds::new(7), Seeds::new(7));
    }
}
