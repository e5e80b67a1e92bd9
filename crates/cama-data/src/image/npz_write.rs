//! Writing images as NumPy arrays.

use std::io::{self, Seek, Write};
use std::path::Path;

use npyz::npz::file_name_from_array_name;
use npyz::{DType, Serialize, WriteOptions, WriterBuilder};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

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
        let mut archive = NpzWriter::stored(out);
        let pixels = (0..images.len()).flat_map(|i| channels_last(images.image(i), channels));
        archive.put("x", "<f4", &shape, pixels)?;
        if let Some(labels) = images.labels() {
            archive.put("y", "<i8", &[labels.len() as u64], labels.iter().map(|label| *label as i64))?;
        }
        let classes = images.classes();
        if !classes.is_empty() {
            let longest = classes.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(1);
            let texts = classes.iter().map(String::as_str);
            archive.put("classes", &format!("<U{longest}"), &[classes.len() as u64], texts)?;
        }
        archive.finish()?.flush()
    })
}

/// An NPZ file while it is written, one array after the other: a ZIP archive of NPY files. It has no time stamps, so
/// that the same arrays give the same bytes.
pub struct NpzWriter<W: Write + Seek> {
    archive: ZipWriter<W>,
    compression: CompressionMethod,
}

impl<W: Write + Seek> NpzWriter<W> {
    /// An archive whose arrays are not compressed, as of `numpy.savez`.
    pub fn stored(out: W) -> Self {
        Self { archive: ZipWriter::new(out), compression: CompressionMethod::Stored }
    }

    /// An archive whose arrays are compressed, as of `numpy.savez_compressed`.
    pub fn deflated(out: W) -> Self {
        Self { archive: ZipWriter::new(out), compression: CompressionMethod::Deflated }
    }

    /// Begins the array `name`. Its elements, in NumPy's type `element` (`<f4`, `<U8`), are to be written to what is
    /// returned, last axis fastest, as many as fill `shape`.
    ///
    /// # Errors
    ///
    /// If `element` is no type of NumPy's, there is an array of that name already, or the archive cannot be written.
    pub fn array<'w>(
        &'w mut self,
        name: &str,
        element: &str,
        shape: &[u64],
    ) -> io::Result<impl Write + use<'w, W>> {
        let element = self.begin(name, element, shape)?;
        let header = WriteOptions::<u8>::new().dtype(element).shape(shape);
        header.writer(&mut self.archive).write_header_only()
    }

    /// Ends the archive with its index, without which it cannot be read, and gives back what it was written to.
    ///
    /// # Errors
    ///
    /// If the archive cannot be written.
    pub fn finish(self) -> io::Result<W> {
        Ok(self.archive.finish()?)
    }

    /// Adds a whole array.
    fn put<T: Serialize>(
        &mut self,
        name: &str,
        element: &str,
        shape: &[u64],
        elements: impl Iterator<Item = T>,
    ) -> io::Result<()> {
        let element = self.begin(name, element, shape)?;
        let options = WriteOptions::new().dtype(element).shape(shape);
        let mut array = options.writer(&mut self.archive).begin_nd()?;
        array.extend(elements)?;
        array.finish()
    }

    /// Begins a file of the archive for an array, and gives its parsed type.
    fn begin(&mut self, name: &str, element: &str, shape: &[u64]) -> io::Result<DType> {
        let element = element.parse().map(DType::Plain).map_err(io::Error::other)?;
        let size = element.num_bytes().unwrap_or(1) as u64;
        let bytes = shape.iter().fold(size, |bytes, axis| bytes.saturating_mul(*axis));
        let options = SimpleFileOptions::default()
            .compression_method(self.compression)
            .last_modified_time(DateTime::default())
            // Whether lengths get eight bytes is decided before the elements are written.
            .large_file(bytes > u64::from(u32::MAX) / 2);
        self.archive.start_file(file_name_from_array_name(name), options)?;
        Ok(element)
    }
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
