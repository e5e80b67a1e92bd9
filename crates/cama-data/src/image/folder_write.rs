//! Writing images as a folder of files.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};
use rayon::prelude::*;

use super::{ImageBatches, Images};
use crate::batches::Batches;
use crate::names::Names;
use crate::{Error, Result};

/// Digits of a file's name, or more if there are more images.
const DIGITS: usize = 6;

/// Images that each thread encodes before they are written.
const IMAGES_A_THREAD: usize = 4;

/// Of a JPEG file, the quality at which least is lost.
const QUALITY: u8 = 100;

/// Writes images into `folder`, which is there and empty, so that [`load`](super::load) reads it, in 8 bits. Images that
/// come from files keep their [names](Images::names), folders and formats, of which JPEG alone loses something: it is
/// written at the highest quality. Others become PNG files named by their indices, in one sub-folder a class if they are
/// labelled. `each` is asked after every image, and can stop it.
///
/// # Errors
///
/// As [`folder_classes`]; [`Error::Spec`] if the images have neither one channel nor three; [`Error::Io`] if a file
/// cannot be written; [`Error::Interrupted`] if `each` stops it.
pub fn write_folder(
    folder: impl AsRef<Path>,
    images: &Images,
    each: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<()> {
    let classes = folder_classes(images)?;
    FolderWriter::new(folder.as_ref(), &classes, images.len(), images.names())?.write(images, 0, each)
}

/// Writes images that come in parts into a folder, as [`write_folder`] does.
pub struct FolderWriter {
    folder: PathBuf,
    /// Whether every image has a file's name of its own.
    named: bool,
    digits: usize,
}

impl FolderWriter {
    /// A writer of all that `batches` are, into `folder`, which is there and empty.
    ///
    /// # Errors
    ///
    /// As [`folder_classes`], and [`Error::Io`] if a folder cannot be made.
    pub fn of_batches(folder: impl AsRef<Path>, batches: &ImageBatches) -> Result<Self> {
        let names = Batches::names(batches);
        Self::new(folder.as_ref(), &folder_classes_of(batches)?, batches.len(), names.as_ref())
    }

    fn new(folder: &Path, classes: &[String], images: usize, names: Option<&Names>) -> Result<Self> {
        for class in classes {
            let path = folder.join(class);
            fs::create_dir(&path).map_err(Error::io("create", &path))?;
        }
        // An image that is there twice would replace itself.
        let named = names.is_some_and(|names| names.iter().collect::<HashSet<_>>().len() == names.len());
        let digits = images.saturating_sub(1).to_string().len().max(DIGITS);
        Ok(Self { folder: folder.to_path_buf(), named, digits })
    }

    /// Writes images of which `first` came before; `each` is asked after every image, and can stop it.
    ///
    /// # Errors
    ///
    /// As [`write_folder`].
    pub fn write(
        &self,
        images: &Images,
        first: usize,
        each: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<()> {
        let all: Vec<usize> = (0..images.len()).collect();
        // All threads encode, one writes.
        for part in all.chunks(IMAGES_A_THREAD * rayon::current_num_threads()) {
            let encoded: Vec<_> = part
                .par_iter()
                .map(|&i| {
                    let path = self.path(images, i, first);
                    encoded(&path, images, i).map(|bytes| (path, bytes))
                })
                .collect();
            for (file, i) in encoded.into_iter().zip(part) {
                let (path, bytes) = file?;
                fs::write(&path, bytes).map_err(Error::io("write", &path))?;
                if each().is_break() {
                    return Err(Error::Interrupted(format!("{} images were written", first + i + 1)));
                }
            }
        }
        Ok(())
    }

    /// Where image `i` goes, of those of which `first` came before.
    fn path(&self, images: &Images, i: usize, first: usize) -> PathBuf {
        let class = images.labels().map_or("", |labels| &images.classes()[labels[i]]);
        match images.names().filter(|_| self.named) {
            Some(names) => self.folder.join(names.get(i)),
            None => self.folder.join(class).join(format!("{:01$}.png", first + i, self.digits)),
        }
    }
}

/// The classes that images have when they are read from the folder that [`write_folder`] wrote: those that have an
/// image, sorted by name; none if the images are not labelled.
///
/// # Errors
///
/// [`Error::Spec`] if one cannot be the name of a folder.
pub fn folder_classes(images: &Images) -> Result<Vec<String>> {
    let labels = images.labels().map(|labels| labels.iter().copied());
    folders_of(images.name(), labels, images.classes())
}

/// The same of images that come in batches.
///
/// # Errors
///
/// As [`folder_classes`].
pub fn folder_classes_of(batches: &ImageBatches) -> Result<Vec<String>> {
    let (labels, classes) = batches.labels().unzip();
    folders_of(batches.name(), labels.map(Vec::into_iter), &classes.unwrap_or_default())
}

fn folders_of(
    name: &str,
    labels: Option<impl Iterator<Item = usize>>,
    classes: &[String],
) -> Result<Vec<String>> {
    let Some(labels) = labels else { return Ok(Vec::new()) };
    let names: BTreeSet<&String> = labels.map(|label| &classes[label]).collect();
    let bad = |name: &str| {
        // What is hidden is not read, and what some systems forbid cannot be copied there.
        name.trim().is_empty()
            || name.starts_with('.')
            || name.ends_with(['.', ' '])
            || name.chars().any(|c| c.is_control() || "/\\<>:\"|?*".contains(c))
    };
    if let Some(bad) = names.iter().find(|name| bad(name)) {
        let problem = format!("the class `{}` cannot be the name of a folder; write NPZ", bad.escape_debug());
        return Err(Error::spec("data", name, problem));
    }
    Ok(names.into_iter().cloned().collect())
}

/// The file that image `i` becomes.
fn encoded(path: &Path, images: &Images, i: usize) -> Result<Vec<u8>> {
    let [channels, height, width] = images.shape();
    let image = images.image(i);
    let area = height * width;
    let byte = |pixel: f32| (pixel * 255.0).round() as u8;
    let bytes: Vec<u8> =
        (0..area).flat_map(|at| (0..channels).map(move |channel| byte(image[channel * area + at]))).collect();
    let size =
        u32::try_from(width).ok().zip(u32::try_from(height).ok()).filter(|_| matches!(channels, 1 | 3));
    let Some((width, height)) = size else {
        let problem = format!("images of {channels} channels, {height}×{width}, cannot be written as files");
        return Err(Error::spec("data", images.name(), problem));
    };
    let image: DynamicImage = match channels {
        1 => GrayImage::from_raw(width, height, bytes).expect("as many bytes as pixels").into(),
        _ => RgbImage::from_raw(width, height, bytes).expect("three bytes a pixel").into(),
    };
    let mut file = Cursor::new(Vec::new());
    let written = ImageFormat::from_path(path).and_then(|format| match format {
        ImageFormat::Jpeg => image.write_with_encoder(JpegEncoder::new_with_quality(&mut file, QUALITY)),
        format => image.write_to(&mut file, format),
    });
    written.map_err(|error| Error::io("write", path)(std::io::Error::other(error)))?;
    Ok(file.into_inner())
}

#[cfg(test)]
mod tests {
    use super::super::load;
    use super::*;

    fn go_on() -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn classes(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let pixels: Vec<f32> = (0..36).map(|i| (i * 7) as f32 / 255.0).collect();
        for shape in [[1, 2, 3], [3, 1, 2]] {
            let labels = Some(vec![1, 0, 0, 1, 1, 0]);
            let images = Images::new("", shape, pixels.clone(), labels, classes(&["cat", "größer", "none"]));
            let images = images.unwrap();
            assert_eq!(folder_classes(&images).unwrap(), ["cat", "größer"]);
            let folder = tempfile::tempdir().unwrap();
            write_folder(folder.path(), &images, &mut go_on).unwrap();
            assert!(folder.path().join("größer/000003.png").exists());
            let read = load(folder.path().to_str().unwrap()).unwrap();
            let sorted = images.select(&[1, 2, 5, 0, 3, 4]);
            assert_eq!((read.pixels(), read.labels()), (sorted.pixels(), sorted.labels()));
            assert_eq!((read.shape(), read.classes()), (shape, &classes(&["cat", "größer"])[..]));

            let images = images.without_labels();
            let folder = tempfile::tempdir().unwrap();
            write_folder(folder.path(), &images, &mut go_on).unwrap();
            let read = load(folder.path().to_str().unwrap()).unwrap();
            assert_eq!((read.pixels(), read.labels()), (images.pixels(), None));
        }
    }

    #[test]
    fn images_keep_the_names_and_folders_of_their_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let files = ["cat/IMG 1.png", "cat/b.jpg", "dog/IMG 1.png"];
        for (i, name) in files.iter().enumerate() {
            fs::create_dir_all(path("in").join(name).parent().unwrap()).unwrap();
            GrayImage::from_fn(8, 8, |x, y| image::Luma([(x * y) as u8 + 60 * i as u8]))
                .save(path("in").join(name))
                .unwrap();
        }
        let read = |name: &str| load(path(name).to_str().unwrap()).unwrap();
        let images = read("in");
        assert_eq!(images.names().unwrap().iter().collect::<Vec<_>>(), files);
        assert_eq!(read("in/cat").names().unwrap().iter().collect::<Vec<_>>(), ["IMG 1.png", "b.jpg"]);
        assert_eq!(read("in/cat/b.jpg").names().unwrap().get(0), "b.jpg");
        // In another order, and one of them left out.
        let picked = images.select(&[2, 1]);
        fs::create_dir(path("out")).unwrap();
        write_folder(path("out"), &picked, &mut go_on).unwrap();
        let again = read("out");
        assert_eq!(again.names().unwrap().iter().collect::<Vec<_>>(), files[1..]);
        assert_eq!(again.image(1), images.image(2), "PNG loses nothing");
        let apart =
            again.image(0).iter().zip(images.image(1)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart <= 2.0 / 255.0, "{apart}");
        // Twice the same file: two images must come out.
        fs::create_dir(path("twice")).unwrap();
        write_folder(path("twice"), &images.select(&[0, 0]), &mut go_on).unwrap();
        assert_eq!(read("twice").len(), 2);
    }

    #[test]
    fn pixels_between_two_bytes_go_to_the_nearer_one() {
        let images =
            Images::new("", [1, 1, 4], vec![0.4 / 255.0, 0.6 / 255.0, 254.6 / 255.0, 1.0], None, vec![]);
        let folder = tempfile::tempdir().unwrap();
        write_folder(folder.path(), &images.unwrap(), &mut go_on).unwrap();
        let read = load(folder.path().to_str().unwrap()).unwrap();
        assert_eq!(read.pixels(), [0.0, 1.0 / 255.0, 1.0, 1.0]);
    }

    #[test]
    fn names_that_are_no_folders_are_refused_and_it_can_be_stopped() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a/b", "..", ".hidden", "", "a\0", "a ", "c:"] {
            let images =
                Images::new("d", [1, 1, 1], vec![0.0], Some(vec![1]), classes(&["fine", name])).unwrap();
            let text = write_folder(folder.path(), &images, &mut go_on).unwrap_err().to_string();
            assert!(text.contains("cannot be the name of a folder; write NPZ"), "{name}: {text}");
            // Of a class without an image there is no folder.
            let images =
                Images::new("d", [1, 1, 1], vec![0.0], Some(vec![0]), classes(&["fine", name])).unwrap();
            assert_eq!(folder_classes(&images).unwrap(), ["fine"]);
        }
        let two = Images::new("d", [2, 1, 1], vec![0.0; 4], None, vec![]).unwrap();
        let text = write_folder(folder.path(), &two, &mut go_on).unwrap_err().to_string();
        assert!(text.contains("2 channels"), "{text}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let two = Images::new("d", [1, 1, 1], vec![0.0; 4], None, vec![]).unwrap();
        let stopped = write_folder(folder.path(), &two, &mut || ControlFlow::Break(()));
        assert!(matches!(stopped, Err(Error::Interrupted(_))));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
