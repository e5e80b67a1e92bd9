//! Images as examples that a model reads.

use rand_chacha::ChaCha8Rng;

use super::images::Images;
use crate::dataset::Dataset;
use crate::kept::KeptExamples;
use crate::manipulation::Manipulation;
use crate::names::Names;
use crate::shape::DataShape;
use crate::{Error, Result};

/// What images of this shape are.
fn in_words([channels, height, width]: [usize; 3]) -> String {
    let kind = match channels {
        1 => "grey images".to_string(),
        3 => "colour images".to_string(),
        _ => format!("images of {channels} channels"),
    };
    format!("{kind} of {height}×{width} pixels")
}

impl Dataset for Images {
    type Manipulation = Manipulation;

    fn name(&self) -> &str {
        Images::name(self)
    }

    fn len(&self) -> usize {
        Images::len(self)
    }

    fn labels(&self) -> Option<&[usize]> {
        Images::labels(self)
    }

    fn classes(&self) -> &[String] {
        Images::classes(self)
    }

    fn x(&self, i: usize) -> &[f32] {
        self.image(i)
    }

    fn data_shape(&self) -> DataShape {
        DataShape::Image(Images::shape(self))
    }

    fn names(&self) -> Option<&Names> {
        Images::names(self)
    }

    fn check_shape(&self, shape: &DataShape) -> Result<()> {
        let [c, h, w] = Images::shape(self);
        match shape {
            DataShape::Image(shape) if *shape == [c, h, w] => Ok(()),
            DataShape::Image([mc, mh, mw]) => Err(Error::Mismatch(format!(
                "the model takes {}, the data has {}; --size {mh}x{mw} makes them alike",
                in_words([*mc, *mh, *mw]),
                in_words([c, h, w])
            ))),
            DataShape::Table(_) => {
                Err(Error::Mismatch(format!("the model takes rows of a table, {} are images", self.name())))
            }
        }
    }

    fn select(&self, indices: &[usize]) -> Self {
        Images::select(self, indices)
    }

    fn with_x(&self, x: &[f32]) -> Result<Self> {
        self.with_pixels(Images::name(self), x.to_vec())
    }

    fn to_kept(&self, indices: &[usize]) -> Option<KeptExamples> {
        let labels = Images::labels(self)?;
        Some(KeptExamples {
            values: indices.iter().flat_map(|&i| self.image(i).iter().copied()).collect(),
            known: Vec::new(),
            labels: indices.iter().map(|&i| labels[i]).collect(),
        })
    }

    fn of_kept(&self, name: &str, kept: &KeptExamples, classes: &[String]) -> Result<Option<Self>> {
        kept.check(name, self.volume(), classes.len())?;
        let (pixels, labels) = (kept.values.clone(), kept.labels.clone());
        Images::new(name, Images::shape(self), pixels, Some(labels), classes.to_vec()).map(Some)
    }

    fn without_labels(self) -> Self {
        Images::without_labels(self)
    }

    fn manipulated(&self, manipulation: &Manipulation, rng: &mut ChaCha8Rng) -> Result<Self> {
        Ok(manipulation.apply(self, rng))
    }
}
