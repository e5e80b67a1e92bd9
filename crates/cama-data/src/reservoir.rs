//! A random subsample of data that comes once, of which nobody knows how much there will be.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::dataset::Appendable;

/// By how much of itself the subsample may grow before it is drawn again.
const SLACK: f64 = 0.25;

/// Examples that are gathered batch by batch: all of them as long as they take no more than so many bytes, and else a random
/// subsample, every example being equally probable. The same seed gives the same, however the examples are cut into batches.
pub struct Reservoir<D> {
    most: usize,
    rng: ChaCha8Rng,
    kept: Option<D>,
    /// A random number for each example that is kept: those with the smallest ones stay.
    keys: Vec<u64>,
    /// Nothing with a greater one can stay.
    bound: u64,
    total: usize,
}

impl<D: Appendable> Reservoir<D> {
    /// Of at most so many bytes; for a while it holds a quarter more.
    pub fn new(most: usize, seed: u64) -> Self {
        let rng = ChaCha8Rng::seed_from_u64(seed);
        Self { most, rng, kept: None, keys: Vec::new(), bound: u64::MAX, total: 0 }
    }

    /// Adds a batch.
    pub fn add(&mut self, batch: &D) {
        let keys: Vec<u64> = (0..batch.len()).map(|_| self.rng.random()).collect();
        let few: Vec<usize> = (0..batch.len()).filter(|&i| keys[i] <= self.bound).collect();
        self.total += batch.len();
        self.keys.extend(few.iter().map(|&i| keys[i]));
        match &mut self.kept {
            Some(kept) => kept.append(&batch.select(&few)),
            None => self.kept = Some(batch.select(&few)),
        }
        let room = self.room(batch);
        if self.keys.len() > room + (SLACK * room as f64) as usize {
            self.draw(room);
        }
    }

    /// What was kept, in its order, and of how many; nothing if there was nothing.
    pub fn finish(mut self) -> (Option<D>, usize) {
        if let Some(room) = self.kept.as_ref().map(|kept| self.room(kept)) {
            self.draw(room);
        }
        (self.kept.filter(|kept| !kept.is_empty()), self.total)
    }

    fn room(&self, like: &D) -> usize {
        (self.most / like.bytes_each().max(1)).max(1)
    }

    /// Keeps the `room` examples with the smallest numbers.
    fn draw(&mut self, room: usize) {
        let Some(kept) = self.kept.as_ref().filter(|_| self.keys.len() > room) else { return };
        let mut sorted = self.keys.clone();
        let (_, bound, _) = sorted.select_nth_unstable(room - 1);
        self.bound = *bound;
        let few: Vec<usize> = (0..self.keys.len()).filter(|&i| self.keys[i] <= self.bound).collect();
        self.kept = Some(kept.select(&few));
        self.keys = few.iter().map(|&i| self.keys[i]).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dataset, Images, load};

    /// The places of those that are kept of `n` images, in batches of this size.
    fn kept(n: usize, batch: usize, room: usize, seed: u64) -> (Vec<usize>, usize) {
        let all: Images = load(&format!("shapes:{n}")).unwrap();
        let mut reservoir = Reservoir::new(room * all.bytes_each(), seed);
        for first in (0..n).step_by(batch) {
            reservoir.add(&all.select(&(first..n.min(first + batch)).collect::<Vec<_>>()));
        }
        let (kept, total) = reservoir.finish();
        let kept = kept.unwrap();
        let place = |i: usize| (0..n).find(|&j| all.image(j) == kept.image(i)).unwrap();
        ((0..kept.len()).map(place).collect(), total)
    }

    #[test]
    fn all_are_kept_as_long_as_there_is_room_and_then_a_subsample_in_order() {
        assert_eq!(kept(40, 7, 40, 1), ((0..40).collect(), 40));
        let (places, total) = kept(300, 16, 30, 1);
        assert_eq!((places.len(), total), (30, 300));
        assert!(places.is_sorted() && places[0] < 60 && places[29] > 240, "{places:?}");
        // The batches are of no matter; the seed is.
        assert_eq!(kept(300, 300, 30, 1).0, places);
        assert_eq!(kept(300, 1, 30, 1).0, places);
        assert_ne!(kept(300, 16, 30, 2).0, places);
        assert!(Reservoir::<Images>::new(1, 0).finish().0.is_none());
    }
}
