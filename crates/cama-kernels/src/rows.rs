//! Work on the rows of a batch, cut into parts for the threads.

/// Rows that a thread takes at a time, for rows of `width` numbers: enough for the cut to cost nothing.
pub fn at_once(width: usize) -> usize {
    (16_384 / width.max(1)).max(1)
}
