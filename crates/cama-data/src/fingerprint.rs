//! What tells data from other data of the same name.

use crate::dataset::Dataset;

/// The checksum of examples that come one part after another: of their values and labels, not of what they are called.
#[derive(Clone, Copy, Debug)]
pub struct Fingerprint {
    examples: u64,
    hash: u64,
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self { examples: 0, hash: 0xcbf2_9ce4_8422_2325 }
    }
}

impl Fingerprint {
    /// That of data that is all in memory.
    pub fn of(data: &impl Dataset) -> Self {
        let mut all = Self::default();
        all.add(data);
        all
    }

    /// Adds the next examples.
    pub fn add(&mut self, data: &impl Dataset) {
        let labels = data.labels();
        for i in 0..data.len() {
            for values in [data.x(i), data.a(i), data.c(i)] {
                values.iter().for_each(|value| self.word(u64::from(value.to_bits())));
            }
            let known = data.x_known(i).unwrap_or_default().iter().enumerate();
            known.filter(|(_, known)| !**known).for_each(|(at, _)| self.word(at as u64));
            self.word(labels.map_or(u64::MAX, |labels| labels[i] as u64));
        }
        self.examples += data.len() as u64;
    }

    /// FNV-1a over words.
    fn word(&mut self, word: u64) {
        self.hash = (self.hash ^ word).wrapping_mul(0x0100_0000_01b3);
    }
}

/// The number of examples and their checksum.
impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{:016x}", self.examples, self.hash)
    }
}
