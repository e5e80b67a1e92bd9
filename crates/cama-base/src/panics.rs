//! Panics of libraries that meet what they did not expect, as errors.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    /// How many calls of [`caught`] this thread is in.
    static CAUGHT: Cell<usize> = const { Cell::new(0) };
}

/// What `work` gives; nothing if it panics. What a panic leaves behind must not be used.
///
/// A program that does not want to alarm its users with the message of a panic that becomes an error asks [`are_caught`] in its
/// panic hook.
pub fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    CAUGHT.set(CAUGHT.get() + 1);
    let done = catch_unwind(AssertUnwindSafe(work));
    CAUGHT.set(CAUGHT.get() - 1);
    done.ok()
}

/// Whether a panic of this thread would become an error.
pub fn are_caught() -> bool {
    CAUGHT.get() > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_nothing_and_ends_with_the_call() {
        assert_eq!((caught(|| 3), are_caught()), (Some(3), false));
        assert_eq!(caught(are_caught), Some(true));
        assert_eq!(caught(|| -> u8 { panic!("this is part of a test") }), None);
        assert_eq!(caught(|| caught(|| -> u8 { panic!("this, too") })), Some(None));
        assert!(!are_caught());
    }
}
