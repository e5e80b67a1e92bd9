//! Reading images as NumPy arrays: NPZ with `x`, `y` and `classes`, or NPY with the images alone.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use npyz::npz::NpzArchive;
use npyz::{Deserialize, TypeChar};

use super::npy::Npy;
use super::{Images, damage};
use crate::{Error, Result};

/// More classes than this are taken for a mistake in the labels.
const MAX_CLASSES: usize = 1 << 16;

/// Reads an NPY file of unlabelled images.
pub(super) fn read_npy(name: &str, path: &Path) -> Result<Images> {
    let file = File::open(path).map_err(Error::io("read", path))?;
    let (shape, pixels) = images(Npy::new(path, "the array", &mut BufReader::new(file))?)?;
    finish(name, path, shape, pixels, None, vec![])
}

/// Reads an NPZ file: images from `x`, labels from `y` and class names from `classes` where they are there.
pub(super) fn read_npz(name: &str, path: &Path) -> Result<Images> {
    let file = File::open(path).map_err(Error::io("read", path))?;
    let mut archive =
        NpzArchive::new(BufReader::new(file)).map_err(|error| damage::error(path, "its index", error))?;
    let Some((shape, pixels)) = array(&mut archive, path, "x", images)? else {
        let mut names: Vec<&str> = archive.array_names().collect();
        names.sort_unstable();
        let problem = format!("no array `x` with the images; there are: {}", names.join(", "));
        return Err(Error::data(path, problem, "save it by numpy.savez(path, x=images, y=labels)"));
    };
    let labels = array(&mut archive, path, "y", labels)?;
    let mut classes = array(&mut archive, path, "classes", class_names)?.unwrap_or_default();
    if let (Some(labels), true) = (&labels, classes.is_empty()) {
        let largest = labels.iter().max().map_or(0, |max| max + 1);
        classes = (0..largest).map(|class| class.to_string()).collect();
    }
    finish(name, path, shape, pixels, labels, classes)
}

/// Reads the array `name` of the archive by `read`, if it is there.
fn array<T>(
    archive: &mut NpzArchive<BufReader<File>>,
    path: &Path,
    name: &str,
    read: impl FnOnce(Npy) -> Result<T>,
) -> Result<Option<T>> {
    use npyz::zip::result::ZipError;
    let what = format!("array `{name}`");
    match archive.zip_archive().by_name(&npyz::npz::file_name_from_array_name(name)) {
        Ok(mut entry) => read(Npy::new(path, &what, &mut entry)?).map(Some),
        Err(ZipError::FileNotFound) => Ok(None),
        Err(error) => Err(damage::error(path, what, error.into())),
    }
}

fn finish(
    name: &str,
    path: &Path,
    shape: [usize; 3],
    pixels: Vec<f32>,
    labels: Option<Vec<usize>>,
    classes: Vec<String>,
) -> Result<Images> {
    Images::checked(name.to_string(), shape, pixels, labels, classes).map_err(|problem| {
        let remedy = "pixels must be uint8, or floats in [0, 1]; labels must name a class of their image";
        Error::data(path, problem, remedy)
    })
}

/// Shape and pixels of `x`, as `[image][channel][row][column]`.
fn images(mut array: Npy) -> Result<([usize; 3], Vec<f32>)> {
    let allowed = "save N×H×W, N×H×W×C or N×C×H×W with C = 1 or 3";
    let (shape, channels_last) = match *array.shape() {
        [_, height, width] => ([1, height, width], true),
        [_, height, width, channels @ (1 | 3)] => ([channels, height, width], true),
        [_, channels @ (1 | 3), height, width] => ([channels, height, width], false),
        _ => return Err(array.error(format!("has the shape {:?}", array.shape()), allowed)),
    };
    if array.shape().contains(&0) {
        return Err(array.error(format!("is empty: its shape is {:?}", array.shape()), "save some images"));
    }
    let pixels: Vec<f32> = match array.element() {
        Some((TypeChar::Uint, 1)) => {
            array.elements::<u8>()?.into_iter().map(|p| f32::from(p) / 255.0).collect()
        }
        Some((TypeChar::Float, 4)) => array.elements::<f32>()?,
        Some((TypeChar::Float, 8)) => array.elements::<f64>()?.into_iter().map(|p| p as f32).collect(),
        _ => return Err(array.wrong_type("save uint8 in 0 to 255, or float32 or float64 in [0, 1]")),
    };
    Ok((shape, if channels_last { channels_first(pixels, shape) } else { pixels }))
}

/// `[image][row][column][channel]` as `[image][channel][row][column]`.
fn channels_first(pixels: Vec<f32>, [channels, height, width]: [usize; 3]) -> Vec<f32> {
    if channels == 1 {
        return pixels;
    }
    let planes = |image: &[f32]| -> Vec<f32> {
        (0..channels).flat_map(|c| image.iter().skip(c).step_by(channels)).copied().collect()
    };
    pixels.chunks_exact(channels * height * width).flat_map(planes).collect()
}

/// The labels of `y`: N integers, also as N×1.
fn labels(mut array: Npy) -> Result<Vec<usize>> {
    if !matches!(array.shape(), [_] | [_, 1]) {
        return Err(array.error(format!("has the shape {:?}", array.shape()), "save one integer an image"));
    }
    let wide = match array.element() {
        Some((TypeChar::Int, 1)) => widened::<i8>(&mut array)?,
        Some((TypeChar::Int, 2)) => widened::<i16>(&mut array)?,
        Some((TypeChar::Int, 4)) => widened::<i32>(&mut array)?,
        Some((TypeChar::Int, 8)) => widened::<i64>(&mut array)?,
        Some((TypeChar::Uint, 1)) => widened::<u8>(&mut array)?,
        Some((TypeChar::Uint, 2)) => widened::<u16>(&mut array)?,
        Some((TypeChar::Uint, 4)) => widened::<u32>(&mut array)?,
        Some((TypeChar::Uint, 8)) => widened::<u64>(&mut array)?,
        _ => return Err(array.wrong_type("save the labels as integers")),
    };
    let usable = |label: &i128| usize::try_from(*label).ok().filter(|label| *label < MAX_CLASSES);
    let labels = wide.iter().map(usable).collect::<Option<Vec<usize>>>();
    labels.ok_or_else(|| {
        let at = wide.iter().position(|label| usable(label).is_none()).unwrap_or_default();
        let problem = format!("has the label {} for image {at}", wide[at]);
        array.error(problem, &format!("number the classes from 0, below {MAX_CLASSES}"))
    })
}

fn widened<T: Deserialize + Clone + Into<i128>>(array: &mut Npy) -> Result<Vec<i128>> {
    Ok(array.elements::<T>()?.into_iter().map(Into::into).collect())
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
    use std::path::PathBuf;

    use npyz::WriterBuilder;
    use npyz::npz::NpzWriter;
    use npyz::zip::write::FileOptions;

    use super::super::npz_write::plain;
    use super::*;
    use crate::files;

    /// A folder with an NPZ file of the given arrays; elements are little-endian bytes.
    fn npz(arrays: &[(&str, &str, &[u64], &[u8])]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.npz");
        files::write_atomic(&path, |out| {
            let mut archive = NpzWriter::new(out);
            for (name, element, shape, bytes) in arrays {
                let options = FileOptions::default();
                let header = archive.array::<u8>(name, options)?.dtype(plain(element)?).shape(shape);
                header.write_header_only()?.write_all(bytes)?;
            }
            archive.zip_writer().finish()?;
            Ok(())
        })
        .unwrap();
        (folder, path)
    }

    fn message(arrays: &[(&str, &str, &[u64], &[u8])]) -> String {
        let (_folder, path) = npz(arrays);
        read_npz("bad", &path).unwrap_err().to_string()
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
            let images = read_npz("name", &path).unwrap();
            assert_eq!((images.name(), images.shape()), ("name", [1, 1, 2]));
            assert_eq!(images.pixels(), [0.0, 0.2, 1.0, 0.0]);
            assert_eq!(images.labels(), Some(&[2, 0][..]), "{element}");
            assert_eq!(images.classes(), ["0", "1", "2"]);
        }
    }

    #[test]
    fn channels_may_come_last_or_first() {
        let bytes: Vec<u8> = (0..12).collect();
        let read = |shape: &[u64]| {
            let (_folder, path) = npz(&[("x", "|u1", shape, &bytes)]);
            let images = read_npz("", &path).unwrap();
            let bytes: Vec<u8> = images.pixels().iter().map(|p| (p * 255.0).round() as u8).collect();
            (images.shape(), bytes)
        };
        assert_eq!(read(&[1, 2, 2, 3]), ([3, 2, 2], vec![0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]));
        assert_eq!(read(&[1, 3, 2, 2]), ([3, 2, 2], bytes.clone()));
        assert_eq!(read(&[2, 3, 2, 1]), ([1, 3, 2], bytes.clone()));
        assert_eq!(read(&[2, 1, 3, 2]), ([1, 3, 2], bytes.clone()));
        assert_eq!(read(&[2, 3, 2]), ([1, 3, 2], bytes.clone()));
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
            seen += usize::from(read_npz("", &path).is_err());
            std::fs::write(&path, &good[..at]).unwrap();
            let text = read_npz("", &path).unwrap_err().to_string();
            assert!(text.contains("file.npz"), "{text}");
        }
        assert!(seen > good.len() / 2);
        std::fs::write(&path, "not a zip file").unwrap();
        assert!(read_npz("", &path).unwrap_err().to_string().contains("damaged near its index"));
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
        let images = read_npy("bare", &path).unwrap();
        assert_eq!((images.pixels(), images.labels()), (&[0.25, 1.0][..], None));
        assert!(read_npy("", &folder.path().join("none")).unwrap_err().to_string().contains("cannot read"));
    }
}
