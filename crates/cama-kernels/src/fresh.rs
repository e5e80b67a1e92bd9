//! Vectors that are written once, part after part, and not set to zero before.

use std::mem::MaybeUninit;

use rayon::prelude::*;

/// What is left to write of a part. There is no other than what is given out here: an empty one is proof of a part that
/// was written to its end.
pub struct Unwritten<'a>(&'a mut [MaybeUninit<f32>]);

impl Unwritten<'_> {
    /// Writes the next numbers.
    ///
    /// # Panics
    ///
    /// If fewer are left.
    pub fn push(&mut self, numbers: &[f32]) {
        assert!(numbers.len() <= self.0.len(), "{} numbers are left to write", self.0.len());
        let (next, rest) = std::mem::take(&mut self.0).split_at_mut(numbers.len());
        next.write_copy_of_slice(numbers);
        self.0 = rest;
    }
}

/// `len` numbers in parts of `part`, with one thing of `beside` for each part, and what `write` returned for each; it has to
/// write all of its part.
///
/// # Panics
///
/// If it does not, if there are not as many `beside`, or if `part` is 0.
#[expect(unsafe_code, reason = "to set numbers to zero that are written next costs as much as to write them")]
pub fn written_in_parts<T: Send, R: Send>(
    len: usize,
    part: usize,
    beside: impl IndexedParallelIterator<Item = T>,
    write: impl Fn(T, &mut Unwritten) -> R + Sync,
) -> (Vec<f32>, Vec<R>) {
    let mut numbers = Vec::with_capacity(len);
    let parts = numbers.spare_capacity_mut()[..len].par_chunks_mut(part);
    assert_eq!(parts.len(), beside.len(), "something for each part");
    let write = |(part, beside)| {
        let mut unwritten = Unwritten(part);
        let returned = write(beside, &mut unwritten);
        assert!(unwritten.0.is_empty(), "{} numbers were not written", unwritten.0.len());
        returned
    };
    let returned = parts.zip(beside).map(write).collect();
    // SAFETY: the parts make up the first `len` numbers of the capacity. None is left out: there is something beside each,
    // and `collect` panics unless it got as many values as it was promised. Each was written to its end: its `Unwritten`
    // shrinks only as numbers are written, and was asserted to be empty.
    unsafe { numbers.set_len(len) };
    (numbers, returned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_written_one_after_another() {
        let (numbers, returned) = written_in_parts(7, 3, (0..3).into_par_iter(), |part, unwritten| {
            let first = [part as f32; 2];
            unwritten.push(&first[..2.min(unwritten.0.len())]);
            let last = vec![part as f32 + 0.5; unwritten.0.len()];
            unwritten.push(&last);
            part
        });
        assert_eq!(numbers, [0.0, 0.0, 0.5, 1.0, 1.0, 1.5, 2.0]);
        assert_eq!(returned, [0, 1, 2]);
    }

    #[test]
    #[should_panic(expected = "2 numbers were not written")]
    fn a_part_that_is_not_written_to_its_end_is_no_vector() {
        written_in_parts(6, 3, (0..2).into_par_iter(), |_, unwritten| unwritten.push(&[1.0]));
    }

    #[test]
    #[should_panic(expected = "something for each part")]
    fn no_part_is_left_out() {
        written_in_parts(6, 3, (0..1).into_par_iter(), |_, unwritten| unwritten.push(&[1.0; 3]));
    }
}
