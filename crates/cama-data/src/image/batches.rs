//! Images from files that may be more than there is memory for, gone through batch by batch, as often as wanted.

use std::ops::{ControlFlow, Range};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::images::Images;
use super::open::open;
use super::options::ImageOptions;
use super::passage::Opened;
use super::prepare::Preparation;
use crate::batches::Batches;
use crate::dataset::Dataset;
use crate::manipulation::Manipulation;
use crate::names::Names;
use crate::shape::DataShape;
use crate::subsample::spread_indices;
use crate::{Error, Result};

/// Bytes of images in a batch where the caller does not say: several hundred images of usual sizes, so that all threads
/// have enough to do, and little beside what a model's layers take.
const BATCH_BYTES: usize = 16 << 20;

/// The images of a specification, batch by batch: as they come, or without labels, or manipulated.
///
/// What it holds itself is two bytes an image for the label, and in folders the names of the files; arrays that NumPy saved
/// in Fortran's order cannot be gone through from the first image to the last, and are held whole while they are read.
///
/// ```
/// use cama_data::{ImageBatches, load};
///
/// let batches = ImageBatches::open("mnist:test[..1000]")?.batch_size(300);
/// let mut sizes = Vec::new();
/// batches.try_for_each(|first, images| Ok::<_, cama_data::Error>(sizes.push((first, images.len()))))?;
/// assert_eq!(sizes, [(0, 300), (300, 300), (600, 300), (900, 100)]);
/// assert_eq!(batches.read()?, load("mnist:test[..1000]")?);
/// # Ok::<(), cama_data::Error>(())
/// ```
pub struct ImageBatches {
    name: String,
    range: Range<usize>,
    opened: Opened,
    options: ImageOptions,
    batch_size: usize,
    labelled: bool,
    /// The classes that the labels are to be of, where they go by the same names.
    classes: Vec<String>,
    /// What is done to every image, and its seed.
    manipulation: Option<(Manipulation, u64)>,
}

/// Opening.
impl ImageBatches {
    /// Opens what `spec` describes, as [`load`](super::load()) does. Beside labels and the sizes of images nothing of it is
    /// looked at yet. A batch has 16 MiB.
    ///
    /// # Errors
    ///
    /// As [`load`](super::load()), if it shows so far.
    pub fn open(spec: &str) -> Result<Self> {
        Self::open_with(spec, &ImageOptions::default())
    }

    /// The same, where there is a choice.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_with(spec: &str, options: &ImageOptions) -> Result<Self> {
        let (opened, range) = open(spec, options)?;
        Ok(Self { options: options.clone(), ..Self::new(spec, opened, range) })
    }

    /// What was done to the images to make them alike, where something was, which arrays were asked for, and what is white where
    /// that was to be found out: for [`ImageOptions::as_prepared`].
    pub fn preparation(&self) -> Option<Preparation> {
        let ImageOptions { x, y, background, .. } = self.options.clone();
        let asked = self.opened.changed || x.is_some() || y.is_some();
        let (shape, white) = (asked.then_some(self.opened.shape), self.opened.white);
        let white_was_told = white.is_some() && (self.options.white.is_some() || self.options.usual_was_told);
        (asked || white.is_some()).then_some(Preparation { shape, background, white, white_was_told, x, y })
    }

    /// Whether pixels are numbers of more than 8 bits, so that which of them is white can be told by [`ImageOptions::white`].
    pub fn are_wide(&self) -> bool {
        self.opened.wide
    }

    /// How many images are gone through for any to be picked: all of the source, unless nothing in it can be wrong.
    pub fn passed(&self) -> usize {
        self.through().len()
    }

    fn through(&self) -> Range<usize> {
        if self.opened.passage.is_sound() { self.range.clone() } else { 0..self.opened.len }
    }

    /// What was understood of the source, where it could be meant otherwise, in words.
    pub fn notices(&self) -> &[String] {
        &self.opened.notices
    }

    /// The images `range` of what was opened.
    pub(super) fn new(name: &str, opened: Opened, range: Range<usize>) -> Self {
        // What a damaged file says of its size may be anything; whoever reads it finds out.
        let bytes_each =
            opened.shape.iter().fold(size_of::<f32>(), |bytes, side| bytes.saturating_mul(*side)).max(1);
        Self {
            name: name.to_string(),
            range,
            opened,
            options: ImageOptions::default(),
            batch_size: (BATCH_BYTES / bytes_each).max(1),
            labelled: true,
            classes: Vec::new(),
            manipulation: None,
        }
    }

    /// The same, with so many images in a batch.
    ///
    /// # Panics
    ///
    /// If `images` is 0.
    pub fn batch_size(self, images: usize) -> Self {
        assert!(images > 0, "at least one image in a batch");
        Self { batch_size: images, ..self }
    }

    /// The same images with their labels forgotten; the class names stay known.
    pub fn without_labels(self) -> Self {
        Self { labelled: false, ..self }
    }

    /// The same images among these classes, where theirs are called so; see [`Images::among`].
    pub fn among(self, classes: &[String]) -> Self {
        Self { classes: classes.to_vec(), ..self }
    }

    /// The images after `manipulation`. What happens to an image does not depend on the batches: it is the same as in
    /// [`Manipulation::apply_seeded`] to all of them.
    pub fn manipulated(self, manipulation: Manipulation, seed: u64) -> Self {
        Self { manipulation: Some((manipulation, seed)), ..self }
    }

    /// Errors unless what reads examples of `shape` can read these images.
    ///
    /// # Errors
    ///
    /// As [`Dataset::check_shape`].
    pub fn check_shape(&self, shape: &DataShape) -> Result<()> {
        self.images(Vec::new(), std::iter::empty()).check_shape(shape)
    }
}

/// What is known before any image is read.
impl ImageBatches {
    /// What the images are called: their specification.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the images have labels, known before any is read.
    pub fn has_labels(&self) -> bool {
        self.labelled && self.opened.labels.is_some()
    }

    /// The labels of all images, and the names of the classes that they are among, known before any is read; nothing if the
    /// images have no labels.
    pub fn labels(&self) -> Option<(Vec<usize>, Vec<String>)> {
        let labels = self.opened.labels.as_ref().filter(|_| self.labelled)?;
        let labels = self.range.clone().map(|i| labels.of(i)).collect();
        Some(Images::among_classes(labels, self.opened.classes.clone(), &self.classes))
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

    /// Bytes that all of the images take in memory.
    pub fn bytes(&self) -> usize {
        self.len().saturating_mul(self.volume() * size_of::<f32>())
    }

    fn volume(&self) -> usize {
        self.opened.shape.iter().product()
    }
}

/// Reading.
impl ImageBatches {
    /// All of the images, and all that the source has beside them is checked.
    ///
    /// # Errors
    ///
    /// As [`load`](super::load()).
    pub fn read(&self) -> Result<Images> {
        let range = self.range.clone();
        let on = &mut || ControlFlow::Continue(());
        Ok(self.made(self.chosen(|i| range.contains(&i), range.clone(), on)?, |i| i))
    }

    /// The images with these indices, which must ascend. Everything is gone through and checked, as by
    /// [`read`](Self::read).
    ///
    /// # Errors
    ///
    /// As [`load`](super::load()).
    pub fn pick(&self, indices: &[usize]) -> Result<Images> {
        self.picked(indices, &mut || ControlFlow::Continue(()))
    }

    fn picked(&self, indices: &[usize], each: &mut dyn FnMut() -> ControlFlow<()>) -> Result<Images> {
        debug_assert!(indices.is_sorted());
        let start = self.range.start;
        let mut left = indices.iter().map(|index| start + index).peekable();
        let wanted = |i: usize| left.next_if_eq(&i).is_some();
        let images = self.chosen(wanted, indices.iter().map(|index| start + index), each)?;
        Ok(self.made(images, |i| indices[i]))
    }

    /// At most 500 of the images, spread evenly over all, that stand for them. Everything is gone through and checked, as
    /// by [`read`](Self::read); `each` is called after every image, and can end it.
    ///
    /// # Errors
    ///
    /// As [`load`](super::load()), and [`Error::Interrupted`] if it was ended.
    pub fn spread(&self, mut each: impl FnMut() -> ControlFlow<()>) -> Result<Images> {
        let indices: Vec<usize> = spread_indices(self.len()).collect();
        self.picked(&indices, &mut each)
    }

    /// The images that are `wanted`, whose indices in the source are `indices`.
    fn chosen(
        &self,
        mut wanted: impl FnMut(usize) -> bool,
        indices: impl Iterator<Item = usize> + Clone,
        each: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Images> {
        // Grows with what is there: a header may promise more than there is memory.
        let mut pixels = Vec::new();
        let passage = &self.opened.passage;
        let through = self.through();
        let (mut i, mut ended) = (through.start, false);
        passage.pass(through, &mut |image| {
            if wanted(i) {
                pixels.extend_from_slice(image);
            }
            i += 1;
            let flow = each();
            ended = flow.is_break();
            flow
        })?;
        if ended {
            return Err(Error::Interrupted("the images were not all read".into()));
        }
        Ok(self.images(pixels, indices))
    }

    /// Hands batch after batch to `each`, with how many images came before it; the last may have fewer. What is wrong with
    /// the source behind them is not found.
    ///
    /// # Errors
    ///
    /// As [`load`](super::load()), when what is wrong is reached, and as `each`: either ends it.
    pub fn try_for_each<E: From<Error>>(
        &self,
        mut each: impl FnMut(usize, Images) -> Result<(), E>,
    ) -> Result<(), E> {
        let full = self.batch_size.min(self.len()) * self.volume();
        let start = self.range.start;
        let (mut pixels, mut done, mut failed) = (Vec::new(), start, None);
        self.opened.passage.pass(self.range.clone(), &mut |image| {
            pixels.extend_from_slice(image);
            let read = done + pixels.len() / self.volume();
            if pixels.len() < full && read < self.range.end {
                return ControlFlow::Continue(());
            }
            let first = done - start;
            let batch = self.images(std::mem::take(&mut pixels), done..read);
            done = read;
            match each(first, self.made(batch, |i| first + i)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        failed.map_or(Ok(()), Err)
    }

    /// The images as they come, of these pixels, whose indices in the source are `indices`.
    fn images(&self, pixels: Vec<f32>, indices: impl Iterator<Item = usize> + Clone) -> Images {
        let names = self.names_of(indices.clone());
        let labels = self.opened.labels.as_ref().map(|labels| indices.map(|i| labels.of(i)).collect());
        Images::trusted(self.name.clone(), self.opened.shape, pixels, labels, self.opened.classes.clone())
            .called(names)
    }

    /// The files of the images with these indices in the source.
    fn names_of(&self, indices: impl Iterator<Item = usize>) -> Option<Names> {
        self.opened.passage.name(0)?;
        let mut names = Names::of(Names::FILE);
        indices.filter_map(|i| self.opened.passage.name(i)).for_each(|name| names.push(&name));
        Some(names)
    }

    /// As wanted, of images as they come whose places among all are `index`.
    fn made(&self, images: Images, index: impl Fn(usize) -> usize) -> Images {
        let images = match self.labelled {
            true => images.among(&self.classes),
            false => images.without_labels(),
        };
        match &self.manipulation {
            Some((manipulation, seed)) => {
                manipulation.apply_to(&images, index, &mut ChaCha8Rng::seed_from_u64(*seed))
            }
            None => images,
        }
    }
}

impl Batches<Images> for ImageBatches {
    fn for_each(&self, each: &mut dyn FnMut(&Images) -> Result<()>) -> Result<()> {
        self.try_for_each(|_, images| each(&images))
    }

    fn names(&self) -> Option<Names> {
        self.names_of(self.range.clone())
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
    use crate::{load, write_npz};

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
    fn batches_and_picks_are_those_of_the_whole_in_every_format() {
        let folder = tempfile::tempdir().unwrap();
        for spec in of_every_format(folder.path()) {
            let (mut batches, whole) = (ImageBatches::open(&spec).unwrap(), load(&spec).unwrap());
            assert_eq!((batches.len(), batches.shape()), (whole.len(), whole.shape()), "{spec}");
            for size in [1, 7, whole.len(), 1000] {
                batches = batches.batch_size(size);
                let mut done = 0;
                let each = |first: usize, batch: Images| {
                    assert!(batch.len() <= size && !batch.is_empty(), "{spec}");
                    assert_eq!(batch, whole.slice(done..done + batch.len()), "{spec}");
                    assert_eq!(first, done, "{spec}");
                    done += batch.len();
                    Ok::<_, Error>(())
                };
                batches.try_for_each(each).unwrap();
                assert_eq!(done, whole.len(), "{spec}");
            }
            let some = [0, 3, 4, whole.len() - 1];
            assert_eq!(batches.pick(&some).unwrap(), whole.select(&some), "{spec}");
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
            let batches = ImageBatches::open(spec).unwrap().batch_size(4);
            let text = batches.pick(&[0]).unwrap_err().to_string();
            assert!(text.contains("truncated"), "{text}");
            let mut read = 0;
            let each = |_, batch: Images| {
                read += batch.len();
                Ok::<_, Error>(())
            };
            let text = batches.try_for_each(each).unwrap_err().to_string();
            assert!(text.contains("truncated") && read < 23, "{text}");
        }
    }

    /// Lets what calls it go on.
    fn on() -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    #[test]
    fn going_through_all_images_can_be_watched_and_ended() {
        let folder = tempfile::tempdir().unwrap();
        for spec in of_every_format(folder.path()) {
            let batches = ImageBatches::open(&spec).unwrap();
            let mut seen = 0;
            let whole = batches.spread(|| {
                seen += 1;
                on()
            });
            assert_eq!((whole.unwrap().len(), seen), (batches.len(), batches.passed()), "{spec}");
            let mut left = 5;
            let ended = batches.spread(|| {
                left -= 1;
                if left == 0 { ControlFlow::Break(()) } else { on() }
            });
            assert!(matches!(ended, Err(Error::Interrupted(_))), "{spec}");
            assert_eq!(left, 0, "{spec}");
        }
    }

    #[test]
    fn batches_end_with_the_first_error_of_the_callers_own() {
        let batches = ImageBatches::open("shapes:100").unwrap().batch_size(10);
        let mut seen = 0;
        let each = |_, batch: Images| {
            seen += batch.len();
            Err(Error::Interrupted("now".into()))
        };
        assert!(matches!(batches.try_for_each(each), Err(Error::Interrupted(_))));
        assert_eq!(seen, 10);
    }

    #[test]
    fn what_is_done_to_the_images_does_not_depend_on_the_batches() {
        let noise = || Manipulation::parse("rotate:30+noise:0.2").unwrap();
        let clean = load("shapes:50[10..40]").unwrap();
        let whole = noise().apply_seeded(&clean, 7);
        let open = || ImageBatches::open("shapes:50[10..40]").unwrap().batch_size(7);
        let batches = open().manipulated(noise(), 7);
        assert_eq!(batches.read().unwrap(), whole);
        assert_eq!(batches.spread(on).unwrap(), whole.select(&(0..30).collect::<Vec<_>>()));
        assert_eq!(batches.pick(&[3, 20]).unwrap(), whole.select(&[3, 20]));
        let mut all = Vec::new();
        let mut keep = |images: &Images| {
            all.push(images.clone());
            Ok(())
        };
        batches.for_each(&mut keep).unwrap();
        assert_eq!(all.len(), 5);
        let name = whole.name().to_string();
        assert_eq!(Images::concat(&all).unwrap().with_name(name), whole);
        let unlabelled = open().without_labels().read().unwrap();
        assert_eq!((unlabelled.labels(), unlabelled.pixels()), (None, clean.pixels()));
    }

    #[test]
    fn every_batch_is_among_the_classes_that_are_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz").to_str().unwrap().to_string();
        let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        let images =
            Images::new("", [1, 1, 1], vec![0.0; 3], Some(vec![0, 1, 1]), names(&["0", "2"])).unwrap();
        write_npz(&path, &images).unwrap();
        let batches = ImageBatches::open(&path).unwrap().among(&names(&["0", "1", "2"]));
        for images in [batches.read().unwrap(), batches.spread(on).unwrap()] {
            assert_eq!((images.classes().len(), images.labels()), (3, Some(&[0, 2, 2][..])));
        }
    }

    #[test]
    fn what_does_not_fit_is_told_before_anything_is_read() {
        let batches = ImageBatches::open("shapes:5").unwrap();
        assert!(batches.check_shape(&DataShape::Image([1, 28, 28])).is_ok());
        let text = batches.check_shape(&DataShape::Image([3, 28, 28])).unwrap_err().to_string();
        assert!(text.contains("the model takes colour images of 28×28 pixels"), "{text}");
        assert_eq!(batches.bytes(), 5 * 28 * 28 * 4);
    }
}
