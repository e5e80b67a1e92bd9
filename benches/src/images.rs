//! MNIST, and what is made of it for other sizes and numbers of classes.

use cama::data::{self, Images};
use cama::{Error, Result};

/// The first `n` images of MNIST's `split`, beginning anew after the last, with the shape `[channels, side, side]` and among
/// `classes` classes.
///
/// Other sides are the nearest pixels of the real ones, channels are equal, and other numbers of classes have labels that nothing in the
/// images determines: both are for time, which does not depend on it, and not for accuracy.
///
/// # Errors
///
/// If there is no such split, or a side, or the number of channels or of classes, is 0.
pub fn mnist(split: &str, n: usize, shape: [usize; 3], classes: usize) -> Result<Images> {
    let [channels, side, _] = shape;
    if side == 0 || channels == 0 || classes == 0 {
        let sizes = format!("{side}, {channels}, {classes}");
        return Err(Error::config("side, channels, classes", sizes, "1 or more each"));
    }
    // No more than is used, so that the peak of the memory is that of the work.
    let most = if split == "test" { 10_000 } else { 60_000 };
    let all = data::load(&format!("mnist:{split}[..{}]", n.clamp(1, most)))?;
    let indices: Vec<usize> = (0..n).map(|i| i % all.len()).collect();
    let images = all.select(&indices);
    let [_, height, width] = images.shape();
    if (images.shape(), images.classes().len()) == (shape, classes) {
        return Ok(images);
    }
    let pixels = (0..n).flat_map(|i| {
        let image = images.image(i);
        let pixel = move |at: usize| image[at / side * height / side * width + at % side * width / side];
        (0..channels).flat_map(move |_| (0..side * side).map(pixel))
    });
    let labels = images.labels().expect("MNIST has labels").iter();
    let labels = labels.enumerate().map(|(i, label)| (label + 10 * (i % classes.div_ceil(10))) % classes);
    let names = (0..classes).map(|class| class.to_string()).collect();
    let name = format!("{} as {side}×{side}", images.name());
    Images::new(name, [channels, side, side], pixels.collect(), Some(labels.collect()), names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_sizes_are_the_same_pictures_and_all_classes_occur() {
        let real = mnist("test", 200, [1, 28, 28], 10).unwrap();
        let large = mnist("test", 200, [1, 56, 56], 100).unwrap();
        assert_eq!((large.shape(), large.classes().len()), ([1, 56, 56], 100));
        for at in [0, 27, 300, 783] {
            let (row, column) = (at / 28, at % 28);
            assert_eq!(real.image(7)[at], large.image(7)[2 * row * 56 + 2 * column]);
        }
        let labels = large.labels().unwrap();
        assert!(labels.iter().any(|label| *label >= 90) && labels.iter().all(|label| *label < 100));
        assert!(mnist("test", 20, [3, 14, 14], 3).unwrap().labels().unwrap().iter().all(|label| *label < 3));
    }
}
