//! What two maps have to do with each other, worked out once for all passes over such maps.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::fold::Folding;
use super::geometry::{Geometry, Sums};
use super::winograd::Tiling;
use crate::tile::Lanes;

/// How one map is made from the other.
pub enum Plan {
    /// Each pixel by itself.
    Sums(Sums),
    /// Tiles of pixels.
    Winograd(Sums, Tiling),
    /// All taps, folded together.
    Fold(Folding),
}

/// Plans that are kept at most: those of several models. One of a large map takes some megabytes.
const MOST: usize = 128;

/// Plans by their maps and the direction.
type Plans = HashMap<(Geometry, bool), Arc<Plan>>;

/// The plans that were made.
static PLANS: LazyLock<Mutex<Plans>> = LazyLock::new(Mutex::default);

impl Plan {
    /// The fastest one for these maps, from the small one to the large one if `to_large`. To list where each pixel's numbers
    /// stand takes as long as to sum up those of some large images: it is done once, and kept.
    pub fn of(geometry: Geometry, to_large: bool) -> Arc<Self> {
        let key = (geometry, to_large);
        let plans = || PLANS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = plans().get(&key) {
            return plan.clone();
        }
        // Threads that want the same one at the same time make it each: nobody waits who wants another.
        let plan = Arc::new(Self::new(geometry, to_large));
        let mut plans = plans();
        if plans.len() >= MOST {
            plans.clear();
        }
        plans.entry(key).or_insert(plan).clone()
    }

    fn new(geometry: Geometry, to_large: bool) -> Self {
        let lanes = Lanes::here();
        // Sums for less than a vector of channels would leave most of it empty.
        if to_large && 2 * geometry.large[0] <= lanes.width {
            return Self::Fold(Folding::new(geometry, lanes));
        }
        let sums = if to_large { geometry.to_large() } else { geometry.to_small() };
        match Tiling::of(&geometry, &sums, lanes) {
            Some(tiling) => Self::Winograd(sums, tiling),
            None => Self::Sums(sums),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_made_once_and_that_of_other_maps_is_another() {
        let geometry = Geometry { large: [3, 9, 8], small: [5, 5, 4], kernel: 5, stride: 2, padding: 2 };
        let first = Plan::of(geometry, false);
        assert!(Arc::ptr_eq(&first, &Plan::of(geometry, false)));
        for other in [Plan::of(geometry, true), Plan::of(Geometry { large: [3, 9, 7], ..geometry }, false)] {
            assert!(!Arc::ptr_eq(&first, &other));
        }
        // However many there are, each is right.
        for side in 1..200 {
            let geometry =
                Geometry { large: [1, side, 1], small: [1, side, 1], kernel: 1, stride: 1, padding: 0 };
            let plan = Plan::of(geometry, false);
            let Plan::Sums(sums) = &*plan else { panic!("a 1×1 kernel has nothing to save") };
            assert_eq!(sums.target, [1, side, 1]);
        }
    }
}
