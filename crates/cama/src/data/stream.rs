//! Images that may be more than there is memory: gone through from the first to the last, as often as wanted.

use std::ops::{ControlFlow, Range};

use super::Images;
use super::load;
use super::range::Span;
use crate::{Error, Result};

/// The images of a specification, some at a time.
///
/// What it holds itself is two bytes an image for the label, and in folders the names of the files; arrays that NumPy saved
/// in Fortran's order cannot be gone through from the first image to the last, and are held whole while they are read.
///
/// ```
/// use cama::data::{ImageStream, load};
///
/// let stream = ImageStream::open("mnist:test[..1000]")?;
/// let mut parts = Vec::new();
/// stream.parts(300, |images| Ok::<_, cama::Error>(parts.push(images.len())))?;
/// assert_eq!(parts, [300, 300, 300, 100]);
/// assert_eq!(stream.read()?, load("mnist:test[..1000]")?);
/// # Ok::<(), cama::Error>(())
/// ```
pub struct ImageStream {
    name: String,
    range: Range<usize>,
    opened: Opened,
}

/// What a reader of a format knows before it reads any image.
pub(super) struct Opened {
    /// `[channels, height, width]` of every image.
    pub(super) shape: [usize; 3],
    /// How many images there are.
    pub(super) len: usize,
    pub(super) labels: Option<Labels>,
    pub(super) classes: Vec<String>,
    pub(super) passage: Box<dyn Passage>,
}

/// One index into the classes for each image.
pub(super) enum Labels {
    /// As listed.
    Listed(Vec<u16>),
    /// So many classes in turn.
    InTurn(usize),
}

impl Labels {
    fn of(&self, i: usize) -> usize {
        match self {
            Labels::Listed(all) => usize::from(all[i]),
            Labels::InTurn(classes) => i % classes,
        }
    }
}

/// Takes an image, `[channel][row][column]` in [0, 1]; can end the passage.
pub(super) type Taker<'a> = dyn FnMut(&[f32]) -> ControlFlow<()> + 'a;

/// What goes through the images of a source in their order.
pub(super) trait Passage: Send + Sync {
    /// Hands every image of `range` to `take`. A range that goes to the end also finds out whether the source ends where
    /// it should; what comes before the range is passed over unseen where that is cheaper.
    fn pass(&self, range: Range<usize>, take: &mut Taker) -> Result<()>;

    /// Whether nothing can be wrong with it, so that nobody need look at what is not in a range.
    fn is_sound(&self) -> bool {
        false
    }
}

impl<T: Passage + ?Sized> Passage for &T {
    fn pass(&self, range: Range<usize>, take: &mut Taker) -> Result<()> {
        T::pass(self, range, take)
    }

    fn is_sound(&self) -> bool {
        T::is_sound(self)
    }
}

impl ImageStream {
    /// Opens what `spec` describes, as [`load`](super::load()) does. Beside labels and the sizes of images nothing of it is
    /// looked at yet.
    ///
    /// # Errors
    ///
    /// As [`load`](super::load()), if it shows so far.
    pub fn open(spec: &str) -> Result<ImageStream> {
        load::open(spec)
    }

    /// The images that `spec` means, `span` of what was opened.
    pub(super) fn new(spec: &str, span: Span, opened: Opened) -> Result<ImageStream> {
        let range = span.resolve(spec, opened.len)?;
        Ok(ImageStream { name: spec.to_string(), range, opened })
    }

    /// What the images are called: their specification.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Whether there are none; what was opened always has some.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// `[channels, height, width]` of every image.
    pub fn shape(&self) -> [usize; 3] {
        self.opened.shape
    }

    /// Bytes that one of the images takes in memory.
    pub fn bytes_each(&self) -> usize {
        self.volume() * size_of::<f32>()
    }

    fn volume(&self) -> usize {
        self.opened.shape.iter().product()
    }
}

/// Reading.
impl ImageStream {
    /// All of the images, and all that the source has beside them is checked.
    ///
    /// # Errors
    ///
    /// As [`load`](super::load()).
    pub fn read(&self) -> Result<Images> {
        let range = self.range.clone();
        self.chosen(|i| range.contains(&i), range.clone())
    }

    /// The images with these indices, which must ascend. Everything is gone through and checked, as by
    /// [`read`](Self::read).
    ///
    /// # Errors
    ///
    /// As [`load`](super::load()).
    pub fn pick(&self, indices: &[usize]) -> Result<Images> {
        debug_assert!(indices.is_sorted());
        let start = self.range.start;
        let mut left = indices.iter().map(|index| start + index).peekable();
        self.chosen(|i| left.next_if_eq(&i).is_some(), indices.iter().map(|index| start + index))
    }

    /// The images that are `wanted`, whose indices in the source are `indices`.
    fn chosen(
        &self,
        mut wanted: impl FnMut(usize) -> bool,
        indices: impl Iterator<Item = usize>,
    ) -> Result<Images> {
        // Grows with what is there: a header may promise more than there is memory.
        let mut pixels = Vec::new();
        let passage = &self.opened.passage;
        let through = if passage.is_sound() { self.range.clone() } else { 0..self.opened.len };
        let mut i = through.start;
        passage.pass(through, &mut |image| {
            if wanted(i) {
                pixels.extend_from_slice(image);
            }
            i += 1;
            ControlFlow::Continue(())
        })?;
        Ok(self.images(pixels, indices))
    }

    /// Hands all images to `each`, `at_a_time` of them at a time; of the last there may be fewer. What is wrong with the
    /// source behind them is not found.
    ///
    /// # Errors
    ///
    /// As [`load`](super::load()), when what is wrong is reached, and as `each`: either ends it.
    ///
    /// # Panics
    ///
    /// If `at_a_time` is 0.
    pub fn parts<E: From<Error>>(
        &self,
        at_a_time: usize,
        mut each: impl FnMut(Images) -> Result<(), E>,
    ) -> Result<(), E> {
        assert!(at_a_time > 0, "at least one image at a time");
        let full = at_a_time.min(self.len()) * self.volume();
        let (mut pixels, mut done, mut failed) = (Vec::new(), self.range.start, None);
        self.opened.passage.pass(self.range.clone(), &mut |image| {
            pixels.extend_from_slice(image);
            let read = done + pixels.len() / self.volume();
            if pixels.len() < full && read < self.range.end {
                return ControlFlow::Continue(());
            }
            let part = self.images(std::mem::take(&mut pixels), done..read);
            done = read;
            match each(part) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        failed.map_or(Ok(()), Err)
    }

    /// Images of these pixels, whose indices in the source are `indices`.
    fn images(&self, pixels: Vec<f32>, indices: impl Iterator<Item = usize>) -> Images {
        let labels = self.opened.labels.as_ref().map(|labels| indices.map(|i| labels.of(i)).collect());
        Images::trusted(self.name.clone(), self.opened.shape, pixels, labels, self.opened.classes.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;
    use std::path::Path;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::data::{load, write_npz};

    /// One specification of 23 images or more for each format.
    fn of_every_format(folder: &Path) -> Vec<String> {
        let path = |name: &str| folder.join(name).to_str().unwrap().to_string();
        let (count, side) = (23u32, 5u32);
        let bytes: Vec<u8> = (0..count * side * side).map(|i| (i * 37 % 256) as u8).collect();
        let mut idx: Vec<u8> = [0x803, count, side, side].iter().flat_map(|n| n.to_be_bytes()).collect();
        idx.extend(&bytes);
        fs::write(path("plain-images-idx3-ubyte"), &idx).unwrap();
        let mut labels: Vec<u8> = [0x801, count].iter().flat_map(|n| n.to_be_bytes()).collect();
        labels.extend((0..count).map(|i| (i % 3) as u8));
        fs::write(path("plain-labels-idx1-ubyte"), labels).unwrap();
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&idx).unwrap();
        fs::write(path("packed.gz"), packed.finish().unwrap()).unwrap();
        let images = load(&path("plain-images-idx3-ubyte")).unwrap();
        write_npz(path("a.npz"), &images).unwrap();
        for (name, order) in [("c.npy", "False"), ("fortran.npy", "True")] {
            let header = format!("{{'descr': '|u1', 'fortran_order': {order}, 'shape': (23, 5, 5), }}\n");
            let mut npy = b"\x93NUMPY\x01\x00".to_vec();
            npy.extend((header.len() as u16).to_le_bytes());
            npy.extend(header.bytes().chain(bytes.iter().copied()));
            fs::write(path(name), npy).unwrap();
        }
        for i in 0..count {
            let name = format!("set/{}/{i}.png", i % 2);
            fs::create_dir_all(folder.join(&name).parent().unwrap()).unwrap();
            image::GrayImage::from_pixel(2, 3, image::Luma([i as u8])).save(path(&name)).unwrap();
        }
        let record = |i: u32| (0..3073).map(move |at| if at == 0 { (i % 10) as u8 } else { (i + at) as u8 });
        fs::create_dir(path("cifar")).unwrap();
        fs::write(path("cifar/data_batch_1.bin"), (0..40).flat_map(record).collect::<Vec<u8>>()).unwrap();
        fs::write(path("cifar/data_batch_2.bin"), (0..25).flat_map(record).collect::<Vec<u8>>()).unwrap();
        let files = ["plain-images-idx3-ubyte", "packed.gz", "a.npz", "c.npy", "fortran.npy", "set"];
        let mut all: Vec<String> = files.iter().map(|name| path(name)).collect();
        all.push(path("cifar/data_batch_2.bin"));
        all.push(format!("cifar10:{}:train:frog,cat,ship,dog", path("cifar")));
        all.extend(["mnist:test[9950..]".to_string(), "shapes:31".to_string()]);
        let ranges: Vec<String> = all[..all.len() - 2].iter().map(|spec| format!("{spec}[2..21]")).collect();
        all.extend(ranges);
        all
    }

    #[test]
    fn parts_and_picks_are_those_of_the_whole_in_every_format() {
        let folder = tempfile::tempdir().unwrap();
        for spec in of_every_format(folder.path()) {
            let (stream, whole) = (ImageStream::open(&spec).unwrap(), load(&spec).unwrap());
            assert_eq!((stream.len(), stream.shape()), (whole.len(), whole.shape()), "{spec}");
            for at_a_time in [1, 7, whole.len(), 1000] {
                let mut done = 0;
                let each = |part: Images| {
                    assert!(part.len() <= at_a_time && !part.is_empty(), "{spec}");
                    assert_eq!(part, whole.slice(done..done + part.len()), "{spec}");
                    done += part.len();
                    Ok::<_, Error>(())
                };
                stream.parts(at_a_time, each).unwrap();
                assert_eq!(done, whole.len(), "{spec}");
            }
            let some = [0, 3, 4, whole.len() - 1];
            assert_eq!(stream.pick(&some).unwrap(), whole.select(&some), "{spec}");
        }
    }

    #[test]
    fn what_is_wrong_far_behind_is_found_by_picking_and_when_it_is_reached() {
        let folder = tempfile::tempdir().unwrap();
        let specs = of_every_format(folder.path());
        for spec in &specs[..5] {
            let whole = fs::read(spec).unwrap();
            if spec.ends_with("npz") {
                continue;
            }
            fs::write(spec, &whole[..whole.len() - 12]).unwrap();
            let stream = ImageStream::open(spec).unwrap();
            let text = stream.pick(&[0]).unwrap_err().to_string();
            assert!(text.contains("truncated"), "{text}");
            let mut read = 0;
            let each = |part: Images| {
                read += part.len();
                Ok::<_, Error>(())
            };
            let text = stream.parts(4, each).unwrap_err().to_string();
            assert!(text.contains("truncated") && read < 23, "{text}");
        }
    }

    #[test]
    fn parts_end_with_the_first_error_of_their_own() {
        let stream = ImageStream::open("shapes:100").unwrap();
        let mut seen = 0;
        let each = |part: Images| {
            seen += part.len();
            Err(Error::Interrupted("now".into()))
        };
        assert!(matches!(stream.parts(10, each), Err(Error::Interrupted(_))));
        assert_eq!(seen, 10);
    }
}
