//! Writing images as NumPy arrays.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use npyz::npz::NpzWriter;
use npyz::zip::write::FileOptions;
use npyz::zip::{CompressionMethod, DateTime};
use npyz::{DType, Serialize, WriterBuilder};

use super::Images;
use crate::{Error, Result, files};

/// Writes images as an NPZ file that [`load`](super::load) and NumPy read: `x` as `float32` N×H×W for one
/// channel or N×H×W×C for three, `y` as `int64` if they are labelled, `classes` as text if they are named.
/// The same images give the same bytes.
///
/// # Errors
///
/// [`Error::Spec`] if there are no images or they have neither one channel nor three; [`Error::Io`] if the
/// file cannot be written, in which case a former one is kept.
pub fn write_npz(path: impl AsRef<Path>, images: &Images) -> Result<()> {
    let [channels, height, width] = images.shape();
    if images.is_empty() || !matches!(channels, 1 | 3) {
        let problem = format!(
            "{} images of {channels} channels cannot be written as NPZ; there must be images, of 1 or 3",
            images.len()
        );
        return Err(Error::spec("data", images.name(), problem));
    }
    let mut shape = vec![images.len() as u64, height as u64, width as u64];
    shape.extend((channels > 1).then_some(channels as u64));
    files::write_atomic(path, |out| {
        let mut archive = NpzWriter::new(out);
        let pixels = (0..images.len()).flat_map(|i| channels_last(images.image(i), channels));
        put(&mut archive, "x", &shape, plain("<f4")?, pixels)?;
        if let Some(labels) = images.labels() {
            put(&mut archive, "y", &[labels.len() as u64], plain("<i8")?, labels.iter().map(|l| *l as i64))?;
        }
        let classes = images.classes();
        if !classes.is_empty() {
            let longest = classes.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(1);
            let texts = classes.iter().map(String::as_str);
            put(&mut archive, "classes", &[classes.len() as u64], plain(&format!("<U{longest}"))?, texts)?;
        }
        archive.zip_writer().finish()?.flush()
    })
}

/// Adds an array to an archive. Time stamps are left out, so that the same images give the same bytes.
fn put<T: Serialize>(
    archive: &mut NpzWriter<&mut BufWriter<&File>>,
    name: &str,
    shape: &[u64],
    element: DType,
    elements: impl Iterator<Item = T>,
) -> std::io::Result<()> {
    let bytes = shape.iter().product::<u64>() * element.num_bytes().unwrap_or(1) as u64;
    let options = FileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .large_file(bytes > u64::from(u32::MAX) / 2);
    let mut array = archive.array(name, options)?.dtype(element).shape(shape).begin_nd()?;
    array.extend(elements)?;
    array.finish()
}

/// NumPy's name of an element type: `<f4`.
pub(super) fn plain(element: &str) -> std::io::Result<DType> {
    element.parse().map(DType::Plain).map_err(std::io::Error::other)
}

/// One image `[channel][row][column]` as `[row][column][channel]`.
fn channels_last(image: &[f32], channels: usize) -> impl Iterator<Item = f32> {
    let area = image.len() / channels;
    (0..image.len()).map(move |at| image[at % channels * area + at / channels])
}

#[cfg(test)]
mod tests {
    use super::super::load;
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let pixels: Vec<f32> = (0..36).map(|i| i as f32 / 35.0).collect();
        let classes = vec!["cat".to_string(), "größer".to_string(), String::new()];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.npz");
        for (shape, labels, classes) in [
            ([3, 2, 3], Some(vec![1, 0]), classes.clone()),
            ([1, 6, 3], Some(vec![1, 0]), classes.clone()),
            ([3, 6, 1], None, classes),
            ([1, 1, 1], None, vec![]),
        ] {
            let images = Images::new("name", shape, pixels.clone(), labels, classes).unwrap();
            write_npz(&path, &images).unwrap();
            assert_eq!(load(path.to_str().unwrap()).unwrap().with_name("name"), images);
        }
        let two = Images::new("two", [2, 6, 3], pixels, None, vec![]).unwrap();
        assert!(write_npz(&path, &two).unwrap_err().to_string().contains("2 channels"));
        assert!(write_npz(&path, &two.slice(0..0)).is_err());
    }
}
