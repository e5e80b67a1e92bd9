//! Fewer images out of more, and more out of fewer.

use std::ops::Range;

use rand_chacha::ChaCha8Rng;

use super::images::Images;
use super::images::sides;
use crate::split::shuffled;
use crate::{Error, Result};

/// Choosing among images, and putting sets together.
impl Images {
    /// The images with these indices, in this order; an index may come more than once.
    ///
    /// # Panics
    ///
    /// If an index is not below [`len`](Images::len).
    pub fn select(&self, indices: &[usize]) -> Images {
        let mut pixels = Vec::with_capacity(indices.len() * self.volume());
        for &i in indices {
            pixels.extend_from_slice(self.image(i));
        }
        let labels = self.labels().map(|labels| indices.iter().map(|&i| labels[i]).collect());
        Images::trusted(self.name().to_string(), self.shape(), pixels, labels, self.classes().to_vec())
            .called(self.names().map(|names| names.select(indices)))
    }

    /// The images of a range of indices.
    ///
    /// # Panics
    ///
    /// If the range does not lie within `0..len`.
    pub fn slice(&self, range: Range<usize>) -> Images {
        let volume = self.volume();
        let pixels = self.pixels()[range.start * volume..range.end * volume].to_vec();
        let labels = self.labels().map(|labels| labels[range.clone()].to_vec());
        Images::trusted(self.name().to_string(), self.shape(), pixels, labels, self.classes().to_vec())
            .called(self.names().map(|names| names.slice(range)))
    }

    /// `count` of the images, or all if there are fewer, drawn without replacement and left in their order.
    pub fn subset(&self, count: usize, rng: &mut ChaCha8Rng) -> Images {
        let mut indices = shuffled(self.len(), rng);
        indices.truncate(count);
        indices.sort_unstable();
        self.select(&indices)
    }

    /// A `share` in (0, 1] of the images, rounded up to whole images, drawn as by
    /// [`subset`](Images::subset).
    ///
    /// # Errors
    ///
    /// [`Error::Config`] if `share` is not in (0, 1].
    pub fn fraction(&self, share: f64, rng: &mut ChaCha8Rng) -> Result<Images> {
        if !(share > 0.0 && share <= 1.0) {
            return Err(Error::config("fraction", share, "above 0 and at most 1"));
        }
        Ok(self.subset((share * self.len() as f64).ceil() as usize, rng))
    }

    /// The images of several sets, one set after another, named `a & b`.
    ///
    /// # Errors
    ///
    /// [`Error::Spec`] if `parts` is empty, or a part differs from the first in its image size, its class
    /// names, or whether it is labelled.
    pub fn concat(parts: &[Images]) -> Result<Images> {
        let name = parts.iter().map(Images::name).collect::<Vec<_>>().join(" & ");
        let Some(first) = parts.first() else {
            return Err(Error::spec("data", name, "there is nothing to put together"));
        };
        let labelled = |part: &Images| if part.labels().is_some() { "labelled" } else { "unlabelled" };
        for part in parts {
            let (what, ours, theirs) = if part.shape() != first.shape() {
                ("has images of", sides(first.shape()), sides(part.shape()))
            } else if part.classes() != first.classes() {
                ("has the classes", first.classes().join(", "), part.classes().join(", "))
            } else if part.labels().is_some() != first.labels().is_some() {
                ("is", labelled(first).to_string(), labelled(part).to_string())
            } else {
                continue;
            };
            let problem = format!("`{}` {what} {ours}, `{}` {what} {theirs}", first.name(), part.name());
            return Err(Error::spec("data", name, problem));
        }
        let pixels = parts.iter().flat_map(|part| part.pixels()).copied().collect();
        let labels = first.labels().map(|_| {
            parts.iter().filter_map(Images::labels).flat_map(|labels| labels.iter().copied()).collect()
        });
        Ok(Images::trusted(name, first.shape(), pixels, labels, first.classes().to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    /// Four images of 1×1×2 whose first pixel tells which they are.
    fn four() -> Images {
        let pixels = vec![0.0, 1.0, 0.1, 1.0, 0.2, 1.0, 0.3, 1.0];
        let classes = vec!["a".to_string(), "b".to_string()];
        Images::new("four", [1, 1, 2], pixels, Some(vec![0, 1, 0, 1]), classes).unwrap()
    }

    #[test]
    fn selections_keep_pixels_and_labels_together() {
        let picked = four().select(&[3, 0, 3]);
        assert_eq!(picked.pixels(), [0.3, 1.0, 0.0, 1.0, 0.3, 1.0]);
        assert_eq!(picked.labels(), Some(&[1, 0, 1][..]));
        assert_eq!(four().slice(1..3), four().select(&[1, 2]));
        assert_eq!(four().image(2), [0.2, 1.0]);
        assert!(four().slice(2..2).is_empty());
        let unlabelled = four().without_labels().with_name("else");
        assert_eq!((unlabelled.labels(), unlabelled.name(), unlabelled.classes().len()), (None, "else", 2));
    }

    #[test]
    fn subsets_are_seeded_ordered_and_without_replacement() {
        let draw = |seed, count| four().subset(count, &mut ChaCha8Rng::seed_from_u64(seed));
        assert_eq!(draw(1, 2), draw(1, 2));
        assert!((0..20).any(|seed| draw(seed, 2) != draw(1, 2)));
        for seed in 0..20 {
            let subset = draw(seed, 3);
            let firsts: Vec<f32> = subset.pixels().iter().step_by(2).copied().collect();
            assert!(firsts.is_sorted() && firsts.windows(2).all(|pair| pair[0] < pair[1]));
        }
        assert_eq!(draw(1, 9), four());
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        assert_eq!(four().fraction(0.3, &mut rng).unwrap().len(), 2);
        assert!(four().fraction(0.0, &mut rng).is_err());
        assert!(four().fraction(f64::NAN, &mut rng).is_err());
    }

    #[test]
    fn concat_joins_and_names_what_differs() {
        let all = Images::concat(&[four(), four().slice(0..1)]).unwrap();
        assert_eq!((all.len(), all.name()), (5, "four & four"));
        assert_eq!(all.labels(), Some(&[0, 1, 0, 1, 0][..]));
        assert!(Images::concat(&[]).is_err());
        let text = Images::concat(&[four(), four().without_labels().with_name("u")]).unwrap_err().to_string();
        assert!(text.contains("`four` is labelled, `u` is unlabelled"), "{text}");
        let wide = Images::new("w", [1, 2, 2], vec![0.0; 4], None, vec![]).unwrap();
        let text = Images::concat(&[four(), wide]).unwrap_err().to_string();
        assert!(text.contains("1×1×2") && text.contains("1×2×2"), "{text}");
    }
}
