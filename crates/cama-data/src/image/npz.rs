//! Reading images as NumPy arrays: NPZ with images, labels and `classes`, or NPY with the images alone.

use std::fs::File;
use std::io::{self, BufReader};
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};

use npyz::npz::{array_name_from_file_name, file_name_from_array_name};
use npyz::{Deserialize, TypeChar};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::arrays::{Chosen, Header, choose};
use super::images::outside;
use super::labels::{self, Labelled};
use super::npy::Npy;
use super::options::ImageOptions;
use super::passage::{Labels, Opened, Passage, Taker};
use crate::damage;
use crate::half::half;
use crate::{Error, Result};

/// The array of images of a file, read anew in every passage.
struct ArrayFile {
    path: PathBuf,
    /// Its name in an archive; nothing if it is a file of its own.
    name: Option<String>,
    layout: Layout,
    /// The number that stands for white.
    white: f64,
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
#[derive(Clone, Copy, Debug, PartialEq)]
enum Element {
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F16,
    F32,
    F64,
}

/// Opens an NPY file of unlabelled images.
pub(super) fn open_npy(path: &Path, options: &ImageOptions) -> Result<Opened> {
    let layout = layout(&Npy::new(path, "the array", &mut file(path)?)?)?;
    opened(
        ArrayFile { path: path.to_path_buf(), name: None, layout, white: 1.0 },
        None,
        Vec::new(),
        Vec::new(),
        options,
    )
}

/// Opens an NPZ file: images are in `x` and labels in `y`, or in arrays of other names that are usual or that the options
/// name; names of the classes are in `classes`, where that is there.
pub(super) fn open_npz(path: &Path, options: &ImageOptions) -> Result<Opened> {
    let mut archive = archive(path)?;
    let headers = headers(&mut archive, path)?;
    let Chosen { x, y, notice } = choose(path, &headers, options)?;
    let absent = |name: &str| Error::data(path, format!("array `{name}` is gone"), "save the arrays again");
    let layout = array(&mut archive, path, &x, |array| layout(&array))?.ok_or_else(|| absent(&x))?;
    let classes = array(&mut archive, path, "classes", class_names)?;
    let labelled = match &y {
        Some(y) => array(&mut archive, path, y, |array| labels::read(array, classes.clone()))?,
        None => None,
    };
    if let Some(Labelled { labels, .. }) = &labelled
        && labels.len() != layout.len
    {
        return Err(unusable(path, format!("{} images but {} labels", layout.len, labels.len())));
    }
    let (labels, classes, of_labels) = match labelled {
        Some(Labelled { labels, classes, notice }) => (Some(labels), classes, notice),
        None => (None, classes.unwrap_or_default(), None),
    };
    let images = ArrayFile { path: path.to_path_buf(), name: Some(x), layout, white: 1.0 };
    opened(images, labels, classes, notice.into_iter().chain(of_labels).collect(), options)
}

/// What the arrays of an archive are; those that cannot be read are left out.
fn headers(archive: &mut ZipArchive<BufReader<File>>, path: &Path) -> Result<Vec<Header>> {
    let mut names: Vec<String> = archive.file_names().flatten().map(String::from).collect();
    names.sort_unstable();
    let mut headers = Vec::new();
    for name in names.iter().filter_map(|name| array_name_from_file_name(name)) {
        let described = |array: Npy| {
            let (shape, element) = (array.shape().to_vec(), array.element());
            Ok(Header { name: name.to_string(), shape, element })
        };
        match array(archive, path, name, described) {
            Ok(header) => headers.extend(header),
            // It may not be one that is needed; what is said of it is said once it is.
            Err(Error::Data { .. }) => {
                headers.push(Header { name: name.to_string(), shape: vec![], element: None })
            }
            Err(error) => return Err(error),
        }
    }
    Ok(headers)
}

/// Finds out which number is white, and puts together what is known.
fn opened(
    mut images: ArrayFile,
    labels: Option<Vec<u16>>,
    classes: Vec<String>,
    mut notices: Vec<String>,
    options: &ImageOptions,
) -> Result<Opened> {
    let (found, notice) = images.white(options)?;
    images.white = found;
    // Where nothing is to be said, the type tells.
    let wide = notice.is_some();
    let white = wide.then_some(found);
    notices.extend(notice);
    let (shape, len, labels) = (images.layout.shape, images.layout.len, labels.map(Labels::Listed));
    Ok(Opened {
        shape,
        len,
        labels,
        classes,
        passage: Box::new(images),
        notices,
        changed: false,
        wide,
        white,
    })
}

fn unusable(path: &Path, problem: String) -> Error {
    let remedy = "pixels must be uint8, or floats in [0, 1] or in 0 to 255, unless --white says what is white; there must be one label an image";
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
        Some((TypeChar::Bool, 1)) => Element::Bool,
        Some((TypeChar::Uint, 1)) => Element::U8,
        Some((TypeChar::Uint, 2)) => Element::U16,
        Some((TypeChar::Uint, 4)) => Element::U32,
        Some((TypeChar::Uint, 8)) => Element::U64,
        Some((TypeChar::Int, 1)) => Element::I8,
        Some((TypeChar::Int, 2)) => Element::I16,
        Some((TypeChar::Int, 4)) => Element::I32,
        Some((TypeChar::Int, 8)) => Element::I64,
        Some((TypeChar::Float, 2)) => Element::F16,
        Some((TypeChar::Float, 4)) => Element::F32,
        Some((TypeChar::Float, 8)) => Element::F64,
        _ => return Err(array.wrong_type("save numbers: uint8 in 0 to 255, or floats in [0, 1]")),
    };
    Ok(Layout { len, shape, channels_last, element })
}

/// Calls `$each` with what turns elements of the type of `$element` into numbers.
macro_rules! by_element {
    ($element:expr, $each:ident) => {
        match $element {
            Element::Bool => $each!(|truth: bool| f64::from(u8::from(truth))),
            Element::U8 => $each!(|n: u8| f64::from(n)),
            Element::I8 => $each!(|n: i8| f64::from(n)),
            Element::U16 => $each!(|n: u16| f64::from(n)),
            Element::I16 => $each!(|n: i16| f64::from(n)),
            Element::U32 => $each!(|n: u32| f64::from(n)),
            Element::I32 => $each!(|n: i32| f64::from(n)),
            Element::U64 => $each!(|n: u64| n as f64),
            Element::I64 => $each!(|n: i64| n as f64),
            Element::F16 => $each!(|bits: u16| half(bits)),
            Element::F32 => $each!(|n: f32| f64::from(n)),
            Element::F64 => $each!(|n: f64| n),
        }
    };
}

impl Passage for ArrayFile {
    fn pass(&self, range: Range<usize>, take: &mut Taker) -> Result<()> {
        let white = self.white;
        self.with(|array| {
            macro_rules! through {
                ($to:expr) => {{
                    let to = $to;
                    // As a byte over 255 would be: both are rounded once.
                    self.through(array, range, take, |n| (to(n) as f32) / (white as f32))
                }};
            }
            by_element!(self.layout.element, through)
        })
    }
}

impl ArrayFile {
    /// What `read` makes of the array.
    fn with<T>(&self, read: impl FnOnce(Npy) -> Result<T>) -> Result<T> {
        match &self.name {
            Some(name) => {
                let gone =
                    || Error::data(&self.path, format!("array `{name}` is gone"), "save the arrays again");
                array(&mut archive(&self.path)?, &self.path, name, read)?.ok_or_else(gone)
            }
            None => read(Npy::new(&self.path, "the array", &mut file(&self.path)?)?),
        }
    }

    /// The number that stands for white, and what to say of it where it is not clear from the type of the elements alone.
    ///
    /// Bytes go to 255. Of other types what is there decides, unless the options do: floats that go beyond 2 are taken to go to 255,
    /// and wider integers to 1, 255 or 65,535, whichever is the first that is enough.
    fn white(&self, options: &ImageOptions) -> Result<(f64, Option<String>)> {
        use Element::{Bool, F16, F32, F64, U8};
        let (is_float, enough) = match self.layout.element {
            Bool => return Ok((1.0, None)),
            U8 => return Ok((255.0, None)),
            F16 | F32 | F64 => (true, 2.0),
            _ => (false, 255.0),
        };
        let say = |what: String, white: f64, why: &str| {
            Ok((
                white,
                Some(format!("the images hold {what}: 0 is taken for black and {white} for white{why}")),
            ))
        };
        if let Some(white) = options.white {
            let kind = self.with(|array| Ok(array.type_name()))?;
            return say(format!("numbers of type {kind}"), white, ", as asked for");
        }
        let most = self.with(|array| {
            let kind = array.type_name();
            macro_rules! most {
                ($to:expr) => {{
                    let to = $to;
                    most(array, enough, |n| to(n))
                }};
            }
            by_element!(self.layout.element, most).map(|most| (most, kind))
        });
        let (most, kind) = most?;
        let what = if is_float { "numbers above 1".to_string() } else { format!("numbers of type {kind}") };
        // What goes beyond it is of another kind.
        let is_usual = |white: &f64| (!is_float || most > 2.0) && most <= *white;
        if let Some(white) = options.usual_white.filter(is_usual) {
            return say(what, white, ", as in the training data");
        }
        let white = match (is_float, most) {
            (true, most) if most <= 2.0 => return Ok((1.0, None)),
            (true, _) => 255.0,
            (false, most) if most <= 1.0 => 1.0,
            (false, most) if most <= 255.0 => 255.0,
            (false, _) => 65535.0,
        };
        say(what, white, "")
    }

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

/// The largest of the elements, or the first that is more than `enough`.
fn most<T: Deserialize>(mut array: Npy, enough: f64, to: impl Fn(T) -> f64) -> Result<f64> {
    let mut most = 0.0f64;
    array.each(|element: T| {
        most = most.max(to(element));
        if most > enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(most)
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
            assert_eq!(images.labels(), Some(&[1, 0][..]), "{element}");
            assert_eq!(images.classes(), ["0", "2"]);
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
        let text = message(&[("x", "|u1", &[1, 4], &[0; 4])]);
        assert!(text.contains("array `x` has the shape [1, 4]; save N×H×W"), "{text}");
        assert!(message(&[("x", "|u1", &[1, 2, 2, 2], &[0; 8])]).contains("shape [1, 2, 2, 2]"));
        assert!(message(&[("x", "|u1", &[0, 2, 2], &[])]).contains("array `x` is empty"));
        let text = message(&[("x", "<c8", &[1, 1, 1], &[0; 8])]);
        assert!(text.contains("array `x` has elements of type '<c8'; save numbers: uint8"), "{text}");
        let text = message(&[x, ("y", "|u1", &[2, 2], &[0; 4])]);
        assert!(
            text.contains("array `y` of image 0 is not a row of zeros and a one; save one label"),
            "{text}"
        );
        let text = message(&[x, ("y", "|u1", &[2, 1, 1], &[0; 2])]);
        assert!(text.contains("array `y` has the shape [2, 1, 1]; save one label an image"), "{text}");
        let text = message(&[x, ("y", "<f4", &[2], &floats(&[1.0, 0.5]))]);
        assert!(text.contains("has the label 0.5 for image 1; labels must be classes"), "{text}");
        assert!(message(&[x, ("y", "<f4", &[2], &floats(&[f32::NAN; 2]))]).contains("has the label NaN"));
        assert!(message(&[x, ("y", "<u8", &[2], &[255; 16])]).contains("has the label 18446744073709551615"));
        assert!(
            message(&[x, ("y", "<c8", &[2], &[0; 16])])
                .contains("save the labels as integers, as an array of text")
        );
        assert!(message(&[x, ("y", "|u1", &[3], &[0; 3])]).contains("2 images but 3 labels"));
        assert!(message(&[x, ("classes", "|u1", &[1], &[0])]).contains("array of text"));
        assert!(message(&[x, ("classes", "<U1", &[1], &[255; 4])]).contains("element 0 of array `classes`"));
        let text = message(&[x, ("y", "|u1", &[2], &[0, 1]), ("classes", "<U1", &[1], &[65, 0, 0, 0])]);
        assert!(text.contains("image 1 has label 1, but there are 1 classes"), "{text}");
    }

    #[test]
    fn labels_may_be_words_truths_floats_and_rows_with_a_one() {
        let text = |words: &[&str]| -> Vec<u8> {
            let padded =
                |word: &str| word.chars().chain(std::iter::repeat('\0')).take(4).collect::<Vec<char>>();
            words.iter().flat_map(|word| padded(word)).flat_map(|c| u32::from(c).to_le_bytes()).collect()
        };
        let names = |all: &[&str]| all.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        let three: (&str, &str, &[u64], &[u8]) = ("x", "|u1", &[3, 1, 1], &[0, 51, 255]);
        for (element, shape, bytes, labels, classes) in [
            ("<U4", &[3u64][..], &text(&["ill", "well", "ill"])[..], [0, 1, 0], &["ill", "well"][..]),
            ("|S4", &[3], b"ill\0wellill\0", [0, 1, 0], &["ill", "well"]),
            ("|b1", &[3], &[1, 0, 1], [1, 0, 1], &["false", "true"]),
            ("<f4", &[3, 1], &floats(&[2.0, 1.0, 2.0]), [1, 0, 1], &["1", "2"]),
            ("<f2", &[3], &[0, 0x40, 0, 0x3c, 0, 0x40], [1, 0, 1], &["1", "2"]),
            ("<i8", &[3], &[12i64, 11, 12].map(i64::to_le_bytes).concat(), [1, 0, 1], &["11", "12"]),
            ("|u1", &[3, 3], &[0, 0, 1, 0, 1, 0, 0, 0, 1], [2, 1, 2], &["0", "1", "2"]),
            ("<f4", &[3, 2], &floats(&[0.0, 1.0, 1.0, 0.0, 0.0, 1.0]), [1, 0, 1], &["0", "1"]),
            ("|b1", &[3, 2], &[0, 1, 1, 0, 0, 1], [1, 0, 1], &["0", "1"]),
        ] {
            let (_folder, path) = npz(&[three, ("y", element, shape, bytes)]);
            let images = read(&path).unwrap();
            assert_eq!(
                (images.labels(), images.classes()),
                (Some(&labels[..]), &names(classes)[..]),
                "{element} {shape:?}"
            );
        }
        // Numbers and words that stand for the names beside them.
        let classes = text(&["well", "ill"]);
        let classes: (&str, &str, &[u64], &[u8]) = ("classes", "<U4", &[2], &classes);
        let words = text(&["ill", "well", "ill"]);
        for y in [("y", "<U4", &[3u64][..], &words[..]), ("y", "|u1", &[3], &[1, 0, 1])] {
            let (_folder, path) = npz(&[three, classes, y]);
            let images = read(&path).unwrap();
            assert_eq!(
                (images.labels(), images.classes()),
                (Some(&[1, 0, 1][..]), &names(&["well", "ill"])[..])
            );
        }
    }

    #[test]
    fn numbers_of_any_type_are_images() {
        let told = |element: &str, bytes: &[u8]| {
            let (_folder, path) = npz(&[("x", element, &[1, 1, 3], bytes)]);
            let batches = super::super::ImageBatches::open(path.to_str().unwrap()).unwrap();
            (batches.read().unwrap().pixels().to_vec(), batches.notices().concat())
        };
        for (element, bytes, white) in [
            ("<u2", [0u16, 13107, 65535].map(u16::to_le_bytes).concat(), "65535"),
            ("<i4", [0i32, 51, 255].map(i32::to_le_bytes).concat(), "255"),
            ("<i8", [0i64, 51, 255].map(i64::to_le_bytes).concat(), "255"),
            ("<f4", floats(&[0.0, 51.0, 255.0]), "255"),
            (">f8", [0f64, 51.0, 255.0].map(f64::to_be_bytes).concat(), "255"),
            ("<f4", floats(&[0.0, 0.2, 1.0]), ""),
        ] {
            let (pixels, notice) = told(element, &bytes);
            assert_eq!(pixels, [0.0, 0.2, 1.0], "{element}");
            let said =
                white.is_empty() == notice.is_empty() && notice.contains(&format!("{white} for white"));
            assert!(said || white.is_empty(), "{notice}");
        }
        assert_eq!(told("|b1", &[0, 1, 1]).0, [0.0, 1.0, 1.0]);
        assert_eq!(told("<u4", &[0u32, 1, 1].map(u32::to_le_bytes).concat()).0, [0.0, 1.0, 1.0]);
        assert_eq!(told("<f2", &[0, 0, 0, 0x38, 0, 0x3c]).0, [0.0, 0.5, 1.0]);
    }

    #[test]
    fn what_is_white_stays_as_in_training() {
        let read = |element: &str, bytes: &[u8], options: &ImageOptions| {
            let (_folder, path) = npz(&[("x", element, &[1, 1, 2], bytes)]);
            let batches = super::super::ImageBatches::open_with(path.to_str().unwrap(), options).unwrap();
            (batches.read().unwrap().pixels().to_vec(), batches.preparation(), batches.notices().concat())
        };
        let wide = |numbers: [u16; 2]| numbers.map(u16::to_le_bytes).concat();
        let default = ImageOptions::default();
        let (_, kept, _) = read("<u2", &wide([0, 65535]), &default);
        let kept = kept.unwrap();
        assert_eq!((kept.white, kept.shape), (Some(65535.0), None));
        // A dark image of the same camera is dark.
        let usual = ImageOptions::as_prepared(&kept);
        let (pixels, _, notice) = read("<u2", &wide([0, 200]), &usual);
        assert_eq!(pixels, [0.0, 200.0 / 65535.0]);
        assert!(notice.ends_with("65535 for white, as in the training data"), "{notice}");
        assert_eq!(read("<u2", &wide([0, 200]), &default).0, [0.0, 200.0 / 255.0]);
        // Where the type tells, or floats do, nothing need be known.
        assert_eq!(read("|u1", &[0, 51], &usual).0, [0.0, 0.2]);
        assert_eq!(read("<f4", &floats(&[0.0, 0.2]), &usual).0, [0.0, 0.2]);
        assert_eq!(read("|u1", &[0, 51], &default).1, None);
        // Brighter than white was.
        let of_bytes = ImageOptions { usual_white: Some(255.0), ..ImageOptions::default() };
        assert_eq!(read("<u2", &wide([0, 13107]), &of_bytes).0, [0.0, 0.2]);
        // A camera of 12 bits.
        let asked = ImageOptions { white: Some(4095.0), ..ImageOptions::default() };
        let (pixels, kept, notice) = read("<u2", &wide([0, 819]), &asked);
        assert_eq!((pixels, kept.unwrap().white), (vec![0.0, 0.2], Some(4095.0)));
        assert!(notice.ends_with("4095 for white, as asked for"), "{notice}");
        let (_folder, path) = npz(&[("x", "|u1", &[1, 1, 2], &[0, 51])]);
        let error = super::super::ImageBatches::open_with(path.to_str().unwrap(), &asked).err().unwrap();
        assert!(error.to_string().contains("their type tells what is white; leave --white out"), "{error}");
    }

    #[test]
    fn pixels_out_of_bounds_are_named() {
        let x = floats(&[0.0, 1.0, 0.5, 1.25]);
        let text = message(&[("x", "<f4", &[2, 1, 2], &x)]);
        assert!(text.contains("image 1, channel 0, row 0, column 1 is 1.25, not in [0, 1]"), "{text}");
        assert!(text.contains("pixels must be uint8, or floats in [0, 1] or in 0 to 255"), "{text}");
        let text = message(&[("x", "<f4", &[2, 1, 1], &floats(&[0.0, f32::NAN]))]);
        assert!(text.contains("image 1") && text.contains("NaN"), "{text}");
        assert!(message(&[("x", "<f8", &[1, 1, 1], &(-0.5f64).to_le_bytes())]).contains("is -0.5"));
        assert!(message(&[("x", "<f4", &[1, 1, 2], &floats(&[3.0, 300.0]))]).contains("not in [0, 1]"));
        assert!(message(&[("x", "<i2", &[1, 1, 2], &[255, 255, 7, 0])]).contains("column 0 is -"));
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
        let text = open_npy(&folder.path().join("none"), &ImageOptions::default()).err().unwrap().to_string();
        assert!(text.contains("cannot read"), "{text}");
    }
}
