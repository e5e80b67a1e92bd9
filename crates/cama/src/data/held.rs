//! What is held in memory of data that may be larger.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::Dataset;
use crate::decide::Decider;
use crate::{Error, Result};

/// Examples that may be more than there is memory for: gone through in parts, from the first to the last, as often as
/// wanted.
pub trait Passes<D> {
    /// Hands part after part to `each`; the first error ends it.
    ///
    /// # Errors
    ///
    /// As `each`, and if the examples cannot be read.
    fn pass(&self, each: &mut dyn FnMut(&D) -> Result<()>) -> Result<()>;
}

/// What is in memory is one part.
impl<D: Dataset> Passes<D> for D {
    fn pass(&self, each: &mut dyn FnMut(&D) -> Result<()>) -> Result<()> {
        each(self)
    }
}

/// Examples that parts can be put together to.
pub trait Appendable: Dataset {
    /// Adds another part of the same data.
    ///
    /// # Panics
    ///
    /// If its examples are of another size, or labelled where these are not.
    fn append(&mut self, part: &Self);
}

/// Some of the examples of data, or all of them.
pub struct Held<D> {
    /// All examples if there is room for them, else a random selection in their order.
    pub data: D,
    /// Of a selection, the examples that the guard looks at to judge all of them: spread evenly over the whole.
    pub spread: Option<D>,
    /// How many examples there are in all.
    pub of: usize,
}

/// Holds all examples, where they take no more than `most` bytes, and else as many as do, every selection being equally
/// probable. The same seed selects the same.
///
/// Goes through the examples once, and once more if not all of them can be held.
///
/// # Errors
///
/// If there are no examples, or as [`Passes::pass`].
pub fn hold<D: Appendable>(all: &dyn Passes<D>, most: usize, seed: u64) -> Result<Held<D>> {
    let (mut held, mut of, mut room) = (None, 0, usize::MAX);
    all.pass(&mut |part: &D| {
        of += part.len();
        room = (most / part.bytes_each().max(1)).max(1);
        match of <= room {
            true => add(&mut held, part),
            false => held = None,
        }
        Ok(())
    })?;
    match held {
        Some(data) => Ok(Held { data, spread: None, of }),
        None if of == 0 => Err(Error::Mismatch("there are no examples".into())),
        None => select(all, room, of, seed),
    }
}

/// A random selection of `room` of the `of` examples, and those that the guard looks at.
fn select<D: Appendable>(all: &dyn Passes<D>, room: usize, of: usize, seed: u64) -> Result<Held<D>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut left = room;
    let mut surveyed = Decider::surveyed(of).peekable();
    let (mut data, mut spread, mut i) = (None, None, 0);
    all.pass(&mut |part: &D| {
        let (mut drawn, mut looked_at) = (Vec::new(), Vec::new());
        for here in 0..part.len() {
            // So many are to be drawn of so many that are left (Knuth, The Art of Computer Programming 2, algorithm S).
            if i < of && rng.random_range(0..of - i) < left {
                left -= 1;
                drawn.push(here);
            }
            looked_at.extend(surveyed.next_if_eq(&i).map(|_| here));
            i += 1;
        }
        add(&mut data, &part.select(&drawn));
        add(&mut spread, &part.select(&looked_at));
        Ok(())
    })?;
    match data {
        Some(data) if i == of => Ok(Held { data, spread, of }),
        _ => Err(Error::Mismatch(format!(
            "there were {of} examples, and then {i}: something is writing the data; wait until it is written"
        ))),
    }
}

fn add<D: Appendable>(all: &mut Option<D>, part: &D) {
    match all {
        Some(all) => all.append(part),
        None => *all = Some(part.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{ImageStream, Images};

    /// Parts of 7 images.
    struct Sevens(ImageStream);

    impl Passes<Images> for Sevens {
        fn pass(&self, each: &mut dyn FnMut(&Images) -> Result<()>) -> Result<()> {
            self.0.parts(7, |part| each(&part))
        }
    }

    #[test]
    fn what_there_is_room_for_is_held_whole() {
        let all = Sevens(ImageStream::open("shapes:50").unwrap());
        let held = hold(&all, 50 * 28 * 28 * 4, 1).unwrap();
        assert!(held.spread.is_none() && held.of == 50);
        assert_eq!(held.data, crate::data::load("shapes:50").unwrap());
    }

    #[test]
    fn of_more_a_selection_is_held_that_the_seed_decides() {
        let all = Sevens(ImageStream::open("shapes:700").unwrap());
        let hold = |seed| hold(&all, 60 * 28 * 28 * 4 + 5, seed).unwrap();
        let first = hold(1);
        assert_eq!((first.data.len(), first.of), (60, 700));
        assert_eq!(first.data, hold(1).data);
        assert_ne!(first.data, hold(2).data);
        let whole = crate::data::load("shapes:700").unwrap();
        let spread: Vec<usize> = Decider::surveyed(700).collect();
        assert_eq!((spread.len(), first.spread.unwrap()), (500, whole.select(&spread)));
        // From one end to the other, in their order.
        let place = |i: usize| (0..700).find(|&j| whole.image(j) == first.data.image(i)).unwrap();
        let places: Vec<usize> = (0..60).map(place).collect();
        assert!(places.is_sorted() && places[0] < 100 && places[59] > 600, "{places:?}");
    }
}
