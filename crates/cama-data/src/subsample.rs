//! A random subsample of data that may be larger than memory.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::batches::Batches;
use super::dataset::Appendable;
use crate::{Error, Result};

/// The most examples that stand for data as a whole.
pub const SPREAD: usize = 500;

/// The indices of at most 500 examples, spread over `n`, that stand for all of them.
pub fn spread_indices(n: usize) -> impl Iterator<Item = usize> {
    spread_over(n, SPREAD)
}

/// At most `most` indices, ascending: of each of as many equal parts of `n` one at random, so that examples that alternate are
/// not all of one kind. The same for the same numbers.
pub fn spread_over(n: usize, most: usize) -> impl Iterator<Item = usize> {
    let picked = n.min(most);
    let mut rng = ChaCha8Rng::seed_from_u64(n as u64);
    (0..picked).map(move |i| rng.random_range(i * n / picked..(i + 1) * n / picked))
}

/// A subsample of data, or all of it.
pub struct Subsample<D> {
    /// All examples if there is room for them, else a random subsample in their order.
    pub data: D,
    /// Beside a subsample, the examples by which all are judged as a whole: spread evenly over the data.
    pub spread: Option<D>,
    /// How many examples the data has in all.
    pub total: usize,
}

/// All examples, where they take no more than `most` bytes, and else a subsample of as many as do, every one being equally
/// probable. The same seed gives the same.
///
/// Goes through the examples once, and once more if they take more.
///
/// # Errors
///
/// If there are no examples, or as [`Batches::for_each`].
pub fn subsample<D: Appendable>(all: &dyn Batches<D>, most: usize, seed: u64) -> Result<Subsample<D>> {
    let (mut kept, mut total, mut room) = (None, 0, usize::MAX);
    all.for_each(&mut |batch: &D| {
        total += batch.len();
        room = (most / batch.bytes_each().max(1)).max(1);
        match total <= room {
            true => add(&mut kept, batch),
            false => kept = None,
        }
        Ok(())
    })?;
    match kept {
        Some(data) => Ok(Subsample { data, spread: None, total }),
        None if total == 0 => Err(Error::Mismatch("there are no examples".into())),
        None => draw(all, room, total, seed),
    }
}

/// A random subsample of `room` of the `total` examples, and those that are spread over all.
fn draw<D: Appendable>(all: &dyn Batches<D>, room: usize, total: usize, seed: u64) -> Result<Subsample<D>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut left = room;
    let mut spread_over = spread_indices(total).peekable();
    let (mut data, mut spread, mut i) = (None, None, 0);
    all.for_each(&mut |batch: &D| {
        let (mut drawn, mut evenly) = (Vec::new(), Vec::new());
        for here in 0..batch.len() {
            // So many are to be drawn of so many that are left (Knuth, The Art of Computer Programming 2, algorithm S).
            if i < total && rng.random_range(0..total - i) < left {
                left -= 1;
                drawn.push(here);
            }
            evenly.extend(spread_over.next_if_eq(&i).map(|_| here));
            i += 1;
        }
        add(&mut data, &batch.select(&drawn));
        add(&mut spread, &batch.select(&evenly));
        Ok(())
    })?;
    match data {
        Some(data) if i == total => Ok(Subsample { data, spread, total }),
        _ => Err(Error::Mismatch(format!(
            "there were {total} examples, and then {i}: something is writing the data; wait until it is written"
        ))),
    }
}

fn add<D: Appendable>(all: &mut Option<D>, batch: &D) {
    match all {
        Some(all) => all.append(batch),
        None => *all = Some(batch.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_that_alternate_are_met_alike() {
        for period in 2..40 {
            let places: Vec<usize> = spread_over(3000, 500).collect();
            assert!(places.len() == 500 && places.windows(2).all(|pair| pair[0] < pair[1]));
            let met = |kind: usize| places.iter().filter(|place| **place % period == kind).count() as f64;
            let fair = 500.0 / period as f64;
            for kind in 0..period {
                assert!((met(kind) - fair).abs() < 5.0 * fair.sqrt(), "{period} {kind} {}", met(kind));
            }
        }
        assert!(spread_over(20, 500).eq(0..20));
    }
    use crate::{ImageBatches, load};

    fn in_sevens(spec: &str) -> ImageBatches {
        ImageBatches::open(spec).unwrap().batch_size(7)
    }

    #[test]
    fn what_there_is_room_for_is_kept_whole() {
        let all = in_sevens("shapes:50");
        let kept = subsample(&all, 50 * 28 * 28 * 4, 1).unwrap();
        assert!(kept.spread.is_none() && kept.total == 50);
        assert_eq!(kept.data, load("shapes:50").unwrap());
    }

    #[test]
    fn of_more_the_seed_decides_what_is_kept() {
        let all = in_sevens("shapes:700");
        let kept = |seed| subsample(&all, 60 * 28 * 28 * 4 + 5, seed).unwrap();
        let first = kept(1);
        assert_eq!((first.data.len(), first.total), (60, 700));
        assert_eq!(first.data, kept(1).data);
        assert_ne!(first.data, kept(2).data);
        let whole = load("shapes:700").unwrap();
        let spread: Vec<usize> = spread_indices(700).collect();
        assert_eq!((spread.len(), first.spread.unwrap()), (500, whole.select(&spread)));
        // From one end to the other, in their order.
        let place = |i: usize| (0..700).find(|&j| whole.image(j) == first.data.image(i)).unwrap();
        let places: Vec<usize> = (0..60).map(place).collect();
        assert!(places.is_sorted() && places[0] < 100 && places[59] > 600, "{places:?}");
    }
}
