//! A set of images of one size, with labels where they are known.

use crate::dataset::Appendable;
use crate::names::Names;
use crate::{Error, Result};

/// Images of one size as `f32` in [0, 1], with labels where they are known.
///
/// Pixels are stored as `[image][channel][row][column]`, one after another; row 0 is the top. The type
/// upholds that every pixel is finite and in [0, 1] and that every label names one of the classes, so
/// code that receives an `Images` need not check again.
#[derive(Clone, Debug, PartialEq)]
pub struct Images {
    name: String,
    shape: [usize; 3],
    pixels: Vec<f32>,
    labels: Option<Vec<usize>>,
    classes: Vec<String>,
    /// Of one file each, their paths within the folder that was read.
    names: Option<Names>,
}

impl Images {
    /// Puts images together from their parts.
    ///
    /// `shape` is `[channels, height, width]`; `pixels` is `[image][channel][row][column]` in [0, 1];
    /// `labels`, if known, holds one index into `classes` for each image. `name` says in tables and
    /// messages which data this is. A set may be empty, and an unlabelled one may have no `classes`.
    ///
    /// # Errors
    ///
    /// [`Error::Spec`] if a side is zero, the pixels are not a whole number of images, a pixel is not a
    /// number in [0, 1], there is not one label an image, or a label is not below the number of classes.
    pub fn new(
        name: impl Into<String>,
        shape: [usize; 3],
        pixels: Vec<f32>,
        labels: Option<Vec<usize>>,
        classes: Vec<String>,
    ) -> Result<Self> {
        let name = name.into();
        Images::checked(name.clone(), shape, pixels, labels, classes)
            .map_err(|problem| Error::spec("data", name, problem))
    }

    /// As [`new`](Images::new), with what is wrong in words, for readers that know more of the place.
    pub(super) fn checked(
        name: String,
        shape: [usize; 3],
        pixels: Vec<f32>,
        labels: Option<Vec<usize>>,
        classes: Vec<String>,
    ) -> Result<Self, String> {
        let images = Images { name, shape, pixels, labels, classes, names: None };
        images.problem().map_or(Ok(images), Err)
    }

    /// Images that are right by the way they were made: of bytes, or of other images.
    pub(super) fn trusted(
        name: String,
        shape: [usize; 3],
        pixels: Vec<f32>,
        labels: Option<Vec<usize>>,
        classes: Vec<String>,
    ) -> Self {
        let images = Images { name, shape, pixels, labels, classes, names: None };
        debug_assert!(images.labels().is_none_or(|labels| labels.len() == images.len()));
        images
    }

    /// The first thing that is wrong with these images, in words, or `None`.
    fn problem(&self) -> Option<String> {
        let [channels, height, width] = self.shape;
        let volume = match channels.checked_mul(height).and_then(|a| a.checked_mul(width)) {
            Some(volume) if volume > 0 => volume,
            _ => return Some(format!("images of {} have no pixels", sides(self.shape))),
        };
        if !self.pixels.len().is_multiple_of(volume) {
            return Some(format!(
                "{} pixels are not a whole number of images of {} = {volume} pixels",
                self.pixels.len(),
                sides(self.shape)
            ));
        }
        if let Some(problem) = outside(&self.pixels, 0, self.shape) {
            return Some(problem);
        }
        let labels = self.labels.as_ref()?;
        if labels.len() != self.pixels.len() / volume {
            return Some(format!("{} images but {} labels", self.pixels.len() / volume, labels.len()));
        }
        let at = labels.iter().position(|label| *label >= self.classes.len())?;
        Some(format!("image {at} has label {}, but there are {} classes", labels[at], self.classes.len()))
    }
}

/// `[1, 28, 28]` as `1×28×28`.
pub(super) fn sides([channels, height, width]: [usize; 3]) -> String {
    format!("{channels}×{height}×{width}")
}

/// The first pixel of images that is not in [0, 1], in words, or `None`; `first` images came before.
pub(super) fn outside(pixels: &[f32], first: usize, shape: [usize; 3]) -> Option<String> {
    let at = pixels.iter().position(|p| !(0.0..=1.0).contains(p))?;
    let before = first * shape.iter().product::<usize>();
    Some(format!("{} is {}, not in [0, 1]", place(before + at, shape), pixels[at]))
}

/// Where a pixel is, in words, from its index in `[image][channel][row][column]` order.
pub(super) fn place(at: usize, [channels, height, width]: [usize; 3]) -> String {
    let (column, rest) = (at % width, at / width);
    let (row, rest) = (rest % height, rest / height);
    format!("image {}, channel {}, row {row}, column {column}", rest / channels, rest % channels)
}

/// Looking at images.
impl Images {
    /// How many images there are.
    pub fn len(&self) -> usize {
        self.pixels.len() / self.volume()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }

    /// What these images are called in tables and messages: the specification they were loaded by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `[channels, height, width]` of every image.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Channels × height × width: the numbers in one image.
    pub fn volume(&self) -> usize {
        self.shape.iter().product()
    }

    /// All pixels in [0, 1], as `[image][channel][row][column]`.
    pub fn pixels(&self) -> &[f32] {
        &self.pixels
    }

    /// The pixels of image `i`, as `[channel][row][column]`.
    ///
    /// # Panics
    ///
    /// If `i` is not below [`len`](Images::len).
    pub fn image(&self, i: usize) -> &[f32] {
        let volume = self.volume();
        &self.pixels[i * volume..(i + 1) * volume]
    }

    /// One index into [`classes`](Images::classes) for each image, where they are known.
    pub fn labels(&self) -> Option<&[usize]> {
        self.labels.as_deref()
    }

    /// The names of the classes; may be empty if the images are unlabelled.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The files that the images come from, as paths within the folder that was read, with `/` on every system; nothing
    /// if they do not come from a file each.
    pub fn names(&self) -> Option<&Names> {
        self.names.as_ref()
    }
}

impl Appendable for Images {
    fn append(&mut self, batch: &Self) {
        let alike = (batch.shape, batch.labels.is_some(), &batch.classes);
        assert_eq!((self.shape, self.labels.is_some(), &self.classes), alike, "batches of one set");
        self.pixels.extend_from_slice(&batch.pixels);
        self.labels.iter_mut().zip(&batch.labels).for_each(|(all, new)| all.extend(new));
        self.names.iter_mut().zip(&batch.names).for_each(|(all, new)| all.append(new));
    }
}

/// Making images from images.
impl Images {
    /// The same images under another name.
    pub fn with_name(mut self, name: impl Into<String>) -> Images {
        self.name = name.into();
        self
    }

    /// The same images, called so.
    ///
    /// # Panics
    ///
    /// If there is not one name an image.
    pub(super) fn called(mut self, names: Option<Names>) -> Images {
        assert!(names.as_ref().is_none_or(|names| names.len() == self.len()), "one name an image");
        self.names = names;
        self
    }

    /// The same images with their labels forgotten; the class names stay known.
    pub fn without_labels(mut self) -> Images {
        self.labels = None;
        self
    }

    /// The same images among `classes`, whatever their order, if all of their own classes are called as some of these: a part
    /// of a data set may lack some classes. Else they stay as they are.
    pub fn among(mut self, classes: &[String]) -> Images {
        let labels = self.labels.take();
        let labelled = labels.is_some();
        let (labels, own) = Self::among_classes(labels.unwrap_or_default(), self.classes, classes);
        Images { labels: labelled.then_some(labels), classes: own, ..self }
    }

    /// Labels, and the names of the classes that they are among, as in [`among`](Self::among).
    pub(super) fn among_classes(
        mut labels: Vec<usize>,
        own: Vec<String>,
        classes: &[String],
    ) -> (Vec<usize>, Vec<String>) {
        let places = own.iter().map(|class| classes.iter().position(|other| other == class));
        match places.collect::<Option<Vec<usize>>>() {
            Some(places) if !places.is_empty() => {
                labels.iter_mut().for_each(|label| *label = places[*label]);
                (labels, classes.to_vec())
            }
            _ => (labels, own),
        }
    }

    /// The same images with other pixels, `[image][channel][row][column]`, for what changes how an image
    /// looks but not what it shows.
    ///
    /// # Errors
    ///
    /// [`Error::Spec`] if `pixels` has another length than [`pixels`](Images::pixels), or a value that is
    /// not a number in [0, 1].
    pub fn with_pixels(&self, name: impl Into<String>, pixels: Vec<f32>) -> Result<Images> {
        let name = name.into();
        if pixels.len() != self.pixels.len() {
            let problem = format!("{} pixels were put in the place of {}", pixels.len(), self.pixels.len());
            return Err(Error::spec("data", name, problem));
        }
        let images = Images::new(name, self.shape, pixels, self.labels.clone(), self.classes.clone())?;
        Ok(images.called(self.names.clone()))
    }

    /// The same images, each changed in place by `change`, which is given its index and its pixels as
    /// `[channel][row][column]`. Results are clipped to [0, 1], so that rounding cannot leave it.
    ///
    /// # Panics
    ///
    /// If `change` leaves a pixel that is not a number.
    pub fn map_images(&self, name: impl Into<String>, mut change: impl FnMut(usize, &mut [f32])) -> Images {
        let mut images = self.clone().with_name(name);
        let volume = images.volume();
        for (i, image) in images.pixels.chunks_exact_mut(volume).enumerate() {
            change(i, image);
            for pixel in image {
                assert!(!pixel.is_nan(), "a change of image {i} left a pixel that is not a number");
                *pixel = pixel.clamp(0.0, 1.0);
            }
        }
        images
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    /// Four images of 1×1×2 whose first pixel tells which they are.
    fn four() -> Images {
        let pixels = vec![0.0, 1.0, 0.1, 1.0, 0.2, 1.0, 0.3, 1.0];
        Images::new("four", [1, 1, 2], pixels, Some(vec![0, 1, 0, 1]), classes(&["a", "b"])).unwrap()
    }

    fn message(shape: [usize; 3], pixels: Vec<f32>, labels: Option<Vec<usize>>) -> String {
        Images::new("bad", shape, pixels, labels, classes(&["a", "b"])).unwrap_err().to_string()
    }

    #[test]
    fn bad_parts_are_refused_with_the_place() {
        assert!(message([1, 0, 2], vec![], None).contains("1×0×2"));
        assert!(message([usize::MAX, 2, 2], vec![], None).contains("no pixels"));
        assert!(message([1, 1, 2], vec![0.0; 3], None).contains("3 pixels are not a whole number"));
        let mut pixels = vec![0.0; 2 * 2 * 3 * 4];
        pixels[24 + 12 + 4 + 3] = 1.5;
        let text = message([2, 3, 4], pixels, None);
        assert!(text.contains("image 1, channel 1, row 1, column 3 is 1.5"), "{text}");
        assert!(message([1, 1, 1], vec![f32::NAN], None).contains("NaN"));
        assert!(message([1, 1, 2], vec![0.0; 4], Some(vec![0])).contains("2 images but 1 labels"));
        let text = message([1, 1, 2], vec![0.0; 4], Some(vec![0, 2]));
        assert!(text.contains("image 1 has label 2, but there are 2 classes"), "{text}");
    }

    #[test]
    fn labels_go_by_the_names_of_the_classes() {
        let among = |own: &[&str], others: &[&str]| {
            let images = Images::new("", [1, 1, 1], vec![0.0; 2], Some(vec![0, 1]), classes(own)).unwrap();
            let images = images.among(&classes(others));
            (images.labels.unwrap(), images.classes)
        };
        assert_eq!(among(&["a", "c"], &["a", "b", "c"]), (vec![0, 2], classes(&["a", "b", "c"])));
        assert_eq!(among(&["a", "b"], &["b", "a"]), (vec![1, 0], classes(&["b", "a"])));
        // Where one of them is unknown they stay.
        assert_eq!(among(&["a", "d"], &["a", "b"]), (vec![0, 1], classes(&["a", "d"])));
        assert_eq!(among(&["a", "b"], &[]), (vec![0, 1], classes(&["a", "b"])));
        let none = Images::new("", [1, 1, 1], vec![0.0], None, vec![]).unwrap();
        assert_eq!(none.clone().among(&classes(&["a"])), none);
    }

    #[test]
    fn pixels_can_be_replaced_but_stay_images() {
        assert!(four().with_pixels("less", vec![0.0; 6]).is_err());
        assert!(four().with_pixels("out", vec![2.0; 8]).is_err());
        let ones = four().with_pixels("ones", vec![1.0; 8]).unwrap();
        assert_eq!((ones.labels(), ones.name()), (four().labels(), "ones"));
        let mapped = four().map_images("mapped", |i, image| image[1] = 2.0 * i as f32);
        assert_eq!(mapped.pixels(), [0.0, 0.0, 0.1, 1.0, 0.2, 1.0, 0.3, 1.0]);
    }
}
