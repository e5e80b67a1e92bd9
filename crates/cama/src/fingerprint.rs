//! A number that tells values from other values.

/// FNV-1a over words.
pub(crate) fn fingerprint(words: impl Iterator<Item = u64>) -> u64 {
    words.fold(0xcbf2_9ce4_8422_2325, |hash, word| (hash ^ word).wrapping_mul(0x0100_0000_01b3))
}

/// The bits of numbers, for a fingerprint of them.
pub(crate) fn bits<'a>(numbers: impl Iterator<Item = &'a f32>) -> impl Iterator<Item = u64> {
    numbers.map(|number| u64::from(number.to_bits()))
}
