//! Reading images as NumPy arrays: NPZ with `x`, `y` and `classes`, or NPY with the images alone.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufReader};
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};

use npyz::npz::{array_name_from_file_name, file_name_from_array_name};
use npyz::{Deserialize, TypeChar};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::images::outside;
use super::npy::Npy;
use super::passage::{Labels, Opened, Passage, Taker};
use crate::damage;
use crate::{Error, Result};

/// More classes than this are taken for a mistake in the labels: what two bytes can count.
const MAX_CLASSES: usize = 1 << 16;

/// The array of images of a file, read anew in every passage.
struct ArrayFile {
    path: PathBuf,
    in_archive: bool,
    layout: Layout,
}

/// How images are arranged in an array.
#[derive(Clone, Copy, PartialEq)]
struct Layout {
    len: usize,
    /// `[channels, height, width]`.
    shape: [usize; 3],
    channels_last: bool,
    element: Element,
}

/// What stands for a pixel.
#[derive(Clone, Copy, PartialEq)]
enum Element {
    Byte,
    Float,
    Double,
}

/// Opens an NPY file of unlabelled images.
pub(super) fn open_npy(path: &Path) -> Result<Opened> {
    let layout = layout(&Npy::new(path, "the array", &mut file(path)?)?)?;
    Ok(opened(path, false, layout, None, vec![]))
}

/// Opens an NPZ file: images are in `x`; labels are read from `y` and class names from `classes` where they are there.
pub(super) fn open_npz(path: &Path) -> Result<Opened> {
    let mut archive = archive(path)?;
    let Some(layout) = array(&mut archive, path, "x", |array| layout(&array))? else {
        let mut names: Vec<_> = archive.file_names().flatten().collect();
        names.sort_unstable();
        let names: Vec<&str> = names.iter().filter_map(|name| array_name_from_file_name(name)).collect();
        let problem = format!("no array `x` with the images; there are: {}", names.join(", "));
        return Err(Error::data(path, problem, "save it by numpy.savez(path, x=images, y=labels)"));
    };
    let labels = array(&mut archive, path, "y", labels)?;
    let mut classes = array(&mut archive, path, "classes", class_names)?.unwrap_or_default();
    if let Some(labels) = &labels {
        if labels.len() != layout.len {
            return Err(unusable(path, format!("{} images but {} labels", layout.len, labels.len())));
        }
        if classes.is_empty() {
            let largest = labels.iter().max().map_or(0, |max| usize::from(*max) + 1);
            classes = (0..largest).map(|class| class.to_string()).collect();
        }
        if let Some(at) = labels.iter().position(|label| usize::from(*label) >= classes.len()) {
            let problem =
                format!("image {at} has label {}, but there are {} classes", labels[at], classes.len());
            return Err(unusable(path, problem));
        }
    }
    Ok(opened(path, true, layout, labels, classes))
}

fn opened(
    path: &Path,
    in_archive: bool,
    layout: Layout,
    labels: Option<Vec<u16>>,
    classes: Vec<String>,
) -> Opened {
    let passage = Box::new(ArrayFile { path: path.to_path_buf(), in_archive, layout });
    Opened { shape: layout.shape, len: layout.len, labels: labels.map(Labels::Listed), classes, passage }
}

fn unusable(path: &Path, problem: String) -> Error {
    let remedy = "pixels must be uint8, or floats in [0, 1]; labels must name a class of their image";
    Error::data(path, problem, remedy)
}

fn file(path: &Path) -> Result<BufReader<File>> {
    File::open(path).map(BufReader::new).map_err(Error::io("read", path))
}

fn archive(path: &Path) -> Result<ZipArchive<BufReader<File>>> {
    ZipArchive::new(file(path)?).map_err(|error| damage::error(path, "its index", cause(error)))
}

/// Why an archive cannot be read: what the operating system says stays told apart from damage.
fn cause(error: ZipError) -> io::Error {
    match error {
        ZipError::Io(error) => error,
        other => io::Error::new(io::ErrorKind::InvalidData, other),
    }
}

/// What `read` makes of the array `name` of the archive, if it is there.
fn array<T>(
    archive: &mut ZipArchive<BufReader<File>>,
    path: &Path,
    name: &str,
    read: impl FnOnce(Npy) -> Result<T>,
) -> Result<Option<T>> {
    let what = format!("array `{name}`");
    match archive.by_name(&file_name_from_array_name(name)) {
        Ok(entry) if !is_readable(entry.compression()) => Err(Error::data(
            path,
            format!("{what} is compressed in a way that NumPy does not use"),
            "save it by numpy.savez or numpy.savez_compressed",
        )),
        Ok(mut entry) => read(Npy::new(path, &what, &mut entry)?).map(Some),
        Err(ZipError::FileNotFound) => Ok(None),
        Err(error) => Err(damage::error(path, what, cause(error))),
    }
}

fn is_readable(compression: CompressionMethod) -> bool {
    matches!(compression, CompressionMethod::Stored | CompressionMethod::Deflated)
}

/// How images are arranged in `x`.
fn layout(array: &Npy) -> Result<Layout> {
    let allowed = "save N×H×W, N×H×W×C or N×C×H×W with C = 1 or 3";
    let (len, shape, channels_last) = match *array.shape() {
        [len, height, width] => (len, [1, height, width], true),
        [len, height, width, channels @ (1 | 3)] => (len, [channels, height, width], true),
        [len, channels @ (1 | 3), height, width] => (len, [channels, height, width], false),
        _ => return Err(array.error(format!("has the shape {:?}", array.shape()), allowed)),
    };
    if array.shape().contains(&0) {
        return Err(array.error(format!("is empty: its shape is {:?}", array.shape()), "save some images"));
    }
    let element = match array.element() {
        Some((TypeChar::Uint, 1)) => Element::Byte,
        Some((TypeChar::Float, 4)) => Element::Float,
        Some((TypeChar::Float, 8)) => Element::Double,
        _ => return Err(array.wrong_type("save uint8 in 0 to 255, or float32 or float64 in [0, 1]")),
    };
    Ok(Layout { len, shape, channels_last, element })
}

impl Passage for ArrayFile {
    fn pass(&self, range: Range<usize>, take: &mut Taker) -> Result<()> {
        let through = |array: Npy| match self.layout.element {
            Element::Byte => self.through(array, range, take, |byte: u8| f32::from(byte) / 255.0),
            Element::Float => self.through(array, range, take, |float: f32| float),
            Element::Double => self.through(array, range, take, |double: f64| double as f32),
        };
        match self.in_archive {
            true => array(&mut archive(&self.path)?, &self.path, "x", through).map(drop),
            false => through(Npy::new(&self.path, "the array", &mut file(&self.path)?)?),
        }
    }
}

impl ArrayFile {
    /// Hands over the images of `range`, whose pixels are made from elements by `to`.
    ///
    /// Compressed arrays can only be read from their beginning, so all are; also what comes before `range` is checked.
    fn through<T: Deserialize + Clone>(
        &self,
        mut array: Npy,
        range: Range<usize>,
        take: &mut Taker,
        to: impl Fn(T) -> f32,
    ) -> Result<()> {
        if layout(&array)? != self.layout {
            let problem = "has another shape than a moment ago: something is writing it";
            return Err(Error::data(&self.path, problem, "wait until it is written"));
        }
        let (shape, volume) = (self.layout.shape, self.layout.shape.iter().product::<usize>());
        // They grow with what is there: a damaged header may promise images of any size.
        let (mut stored, mut image) = (Vec::new(), Vec::new());
        let (mut i, mut problem) = (0, None);
        let mut put = |element: T| {
            stored.push(to(element));
            if stored.len() < volume {
                return ControlFlow::Continue(());
            }
            image.resize(volume, 0.0);
            self.layout.channels_first(&stored, &mut image);
            stored.clear();
            problem = outside(&image, i, shape);
            i += 1;
            match problem.is_some() || i > range.end || (range.contains(&(i - 1)) && take(&image).is_break())
            {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        match array.last_axis_fastest() {
            true => array.each(&mut put)?,
            // With the first axis fastest, the last pixel of the first image comes nearly at the end.
            false => drop(array.elements()?.into_iter().try_for_each(put)),
        }
        problem.map_or(Ok(()), |problem| Err(unusable(&self.path, problem)))
    }
}

impl Layout {
    /// Puts the pixels of an image in the order `[channel][row][column]`.
    fn channels_first(&self, stored: &[f32], image: &mut [f32]) {
        let channels = self.shape[0];
        if channels == 1 || !self.channels_last {
            return image.copy_from_slice(stored);
        }
        let planes = (0..channels).flat_map(|channel| stored.iter().skip(channel).step_by(channels));
        image.iter_mut().zip(planes).for_each(|(pixel, stored)| *pixel = *stored);
    }
}

/// The labels of `y`: N integers, also as N×1.
fn labels(mut array: Npy) -> Result<Vec<u16>> {
    if !matches!(array.shape(), [_] | [_, 1]) {
        return Err(array.error(format!("has the shape {:?}", array.shape()), "save one integer an image"));
    }
    match array.element() {
        Some((TypeChar::Int, 1)) => narrowed::<i8>(&mut array),
        Some((TypeChar::Int, 2)) => narrowed::<i16>(&mut array),
        Some((TypeChar::Int, 4)) => narrowed::<i32>(&mut array),
        Some((TypeChar::Int, 8)) => narrowed::<i64>(&mut array),
        Some((TypeChar::Uint, 1)) => narrowed::<u8>(&mut array),
        Some((TypeChar::Uint, 2)) => narrowed::<u16>(&mut array),
        Some((TypeChar::Uint, 4)) => narrowed::<u32>(&mut array),
        Some((TypeChar::Uint, 8)) => narrowed::<u64>(&mut array),
        _ => Err(array.wrong_type("save the labels as integers")),
    }
}

/// Integers of an array of one axis, or of a second one of length 1, which is stored alike in both orders.
fn narrowed<T: Deserialize + Copy + TryInto<u16> + Display>(array: &mut Npy) -> Result<Vec<u16>> {
    let (mut labels, mut bad) = (Vec::new(), None);
    array.each(|label: T| match label.try_into() {
        Ok(label) => {
            labels.push(label);
            ControlFlow::Continue(())
        }
        Err(_) => {
            bad = Some(label);
            ControlFlow::Break(())
        }
    })?;
    match bad {
        None => Ok(labels),
        Some(label) => Err(array.error(
            format!("has the label {label} for image {}", labels.len()),
            &format!("number the classes from 0, below {MAX_CLASSES}"),
        )),
    }
}

/// The names of `classes`: an array of text, one name a class.
fn class_names(mut array: Npy) -> Result<Vec<String>> {
    match (array.element(), array.shape()) {
        (Some((TypeChar::UnicodeStr, 1..=4096)), [_]) => array.elements::<String>(),
        (Some((TypeChar::UnicodeStr, 1..=4096)), _) => {
            Err(array.error(format!("has the shape {:?}", array.shape()), "save one name a class"))
        }
        _ => Err(array.wrong_type("save the names as an array of text (`<U…`)")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::{Images, NpzWriter, load};
    use super::*;
    use crate::files;

    /// A folder with an NPZ file of the given arrays; elements are little-endian bytes.
    fn npz(arrays: &[(&str, &str, &[u64], &[u8])]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.npz");
        files::write_atomic(&path, |out| {
            let mut archive = NpzWriter::deflated(out);
            for (name, element, shape, bytes) in arrays {
                archive.array(name, element, shape)?.write_all(bytes)?;
            }
            archive.finish().map(drop)
        })
        .unwrap();
        (folder, path)
    }

    fn read(path: &Path) -> Result<Images> {
        load(path.to_str().unwrap())
    }

    fn message(arrays: &[(&str, &str, &[u64], &[u8])]) -> String {
        let (_folder, path) = npz(arrays);
        read(&path).unwrap_err().to_string()
    }

    fn floats(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    #[test]
    fn bytes_and_labels_of_any_integer_type() {
        for (element, labels) in [
            ("|u1", &[2, 0][..]),
            ("|i1", &[2, 0]),
            ("<i8", &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            (">u2", &[0, 2, 0, 0]),
        ] {
            let (_folder, path) =
                npz(&[("x", "|u1", &[2, 1, 2], &[0, 51, 255, 0]), ("y", element, &[2], labels)]);
            let images = read(&path).unwrap();
            assert_eq!(images.shape(), [1, 1, 2]);
            assert_eq!(images.pixels(), [0.0, 0.2, 1.0, 0.0]);
            assert_eq!(images.labels(), Some(&[2, 0][..]), "{element}");
            assert_eq!(images.classes(), ["0", "1", "2"]);
        }
    }

    #[test]
    fn channels_may_come_last_or_first() {
        let bytes: Vec<u8> = (0..12).collect();
        let read_as = |shape: &[u64]| {
            let (_folder, path) = npz(&[("x", "|u1", shape, &bytes)]);
            let images = read(&path).unwrap();
            let bytes: Vec<u8> = images.pixels().iter().map(|p| (p * 255.0).round() as u8).collect();
            (images.shape(), bytes)
        };
        assert_eq!(read_as(&[1, 2, 2, 3]), ([3, 2, 2], vec![0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]));
        assert_eq!(read_as(&[1, 3, 2, 2]), ([3, 2, 2], bytes.clone()));
        assert_eq!(read_as(&[2, 3, 2, 1]), ([1, 3, 2], bytes.clone()));
        assert_eq!(read_as(&[2, 1, 3, 2]), ([1, 3, 2], bytes.clone()));
        assert_eq!(read_as(&[2, 3, 2]), ([1, 3, 2], bytes.clone()));
    }

    #[test]
    fn wrong_arrays_say_what_is_allowed() {
        let x: (&str, &str, &[u64], &[u8]) = ("x", "|u1", &[2, 1, 1], &[1, 2]);
        let text = message(&[("images", "|u1", &[1, 1, 1], &[0]), ("y", "|u1", &[1], &[0])]);
        assert!(text.contains("no array `x`") && text.contains("images, y"), "{text}");
        let text = message(&[("x", "|u1", &[1, 4], &[0; 4])]);
        assert!(text.contains("array `x` has the shape [1, 4]; save N×H×W"), "{text}");
        assert!(message(&[("x", "|u1", &[1, 2, 2, 2], &[0; 8])]).contains("shape [1, 2, 2, 2]"));
        assert!(message(&[("x", "|u1", &[0, 2, 2], &[])]).contains("array `x` is empty"));
        let text = message(&[("x", "<i4", &[1, 1, 1], &[0; 4])]);
        assert!(text.contains("array `x` has elements of type '<i4'; save uint8"), "{text}");
        let text = message(&[x, ("y", "|u1", &[2, 2], &[0; 4])]);
        assert!(text.contains("array `y` has the shape [2, 2]; save one integer an image"), "{text}");
        assert!(message(&[x, ("y", "<f4", &[2], &[0; 8])]).contains("save the labels as integers"));
        let text = message(&[x, ("y", "|i1", &[2], &[0, 255])]);
        assert!(text.contains("array `y` has the label -1 for image 1"), "{text}");
        let text = message(&[x, ("y", "<i8", &[2], &[255; 16])]);
        assert!(text.contains("has the label -1 for image 0"), "{text}");
        assert!(message(&[x, ("y", "<u4", &[2], &[255; 8])]).contains("below 65536"));
        assert!(message(&[x, ("y", "|u1", &[3], &[0; 3])]).contains("2 images but 3 labels"));
        assert!(message(&[x, ("classes", "|u1", &[1], &[0])]).contains("array of text"));
        assert!(message(&[x, ("classes", "<U1", &[1], &[255; 4])]).contains("element 0 of array `classes`"));
        let text = message(&[x, ("y", "|u1", &[2], &[0, 1]), ("classes", "<U1", &[1], &[65, 0, 0, 0])]);
        assert!(text.contains("image 1 has label 1, but there are 1 classes"), "{text}");
    }

    #[test]
    fn pixels_outside_the_unit_interval_are_named() {
        let x = floats(&[0.0, 1.0, 0.5, 255.0]);
        let text = message(&[("x", "<f4", &[2, 1, 2], &x)]);
        assert!(text.contains("image 1, channel 0, row 0, column 1 is 255, not in [0, 1]"), "{text}");
        assert!(text.contains("pixels must be uint8, or floats in [0, 1]"), "{text}");
        let text = message(&[("x", "<f4", &[2, 1, 1], &floats(&[0.0, f32::NAN]))]);
        assert!(text.contains("image 1") && text.contains("NaN"), "{text}");
        assert!(message(&[("x", "<f8", &[1, 1, 1], &(-0.5f64).to_le_bytes())]).contains("is -0.5"));
    }

    #[test]
    fn damaged_archives_are_errors() {
        let (_folder, path) = npz(&[("x", "|u1", &[2, 8, 8], &[9; 128])]);
        let good = std::fs::read(&path).unwrap();
        let mut seen = 0;
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x55;
            std::fs::write(&path, &bad).unwrap();
            seen += usize::from(read(&path).is_err());
            std::fs::write(&path, &good[..at]).unwrap();
            let text = read(&path).unwrap_err().to_string();
            assert!(text.contains("file.npz"), "{text}");
        }
        assert!(seen > good.len() / 2);
        std::fs::write(&path, "not a zip file").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("damaged near its index"));
    }

    #[test]
    fn other_compressions_and_elements_behind_the_last_are_refused() {
        let (_folder, path) = npz(&[("x", "|u1", &[1, 8, 8], &[9; 64])]);
        let mut bytes = std::fs::read(&path).unwrap();
        // The method, 8 for deflated, is 8 bytes behind the start of the file and 10 behind that of its entry.
        for (signature, at) in [(b"PK\x03\x04", 8), (b"PK\x01\x02", 10)] {
            let at = at + bytes.windows(4).position(|four| four == signature).unwrap();
            assert_eq!(std::mem::replace(&mut bytes[at], 12), 8);
        }
        std::fs::write(&path, bytes).unwrap();
        let text = read(&path).unwrap_err().to_string();
        assert!(text.contains("array `x` is compressed in a way that NumPy does not use; save"), "{text}");
        // A megabyte of zeros is a kilobyte in the file: it is not read to its end.
        let text = message(&[("x", "|u1", &[1, 2, 2], &[0; 1 << 20])]);
        assert!(text.contains("array `x` goes on after its last element"), "{text}");
    }

    #[test]
    fn a_bare_array_is_unlabelled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.npy");
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1, 2), }\n";
        file.extend((header.len() as u16).to_le_bytes());
        file.extend(header.as_bytes());
        file.extend([0.25f64.to_le_bytes(), 1f64.to_le_bytes()].concat());
        std::fs::write(&path, &file).unwrap();
        let images = read(&path).unwrap();
        assert_eq!((images.pixels(), images.labels()), (&[0.25, 1.0][..], None));
        let text = open_npy(&folder.path().join("none")).err().unwrap().to_string();
        assert!(text.contains("cannot read"), "{text}");
    }
}
