//! IDX, the file format of MNIST: a magic number, the sizes, then the bytes.
//!
//! Described by Y. LeCun, C. Cortes and C. Burges with the MNIST database: all numbers big-endian; magic
//! `0x00000803` and (count, rows, columns) for images, magic `0x00000801` and (count) for labels.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::{Images, damage};
use crate::{Error, Result};

const IMAGES_MAGIC: u32 = 0x0803;
const LABELS_MAGIC: u32 = 0x0801;

/// Images and labels as the bytes of an IDX file, a quarter of the size of [`Images`].
pub(super) struct Idx {
    rows: usize,
    columns: usize,
    pixels: Vec<u8>,
    labels: Option<Vec<u8>>,
}

impl Idx {
    /// Reads an images file, and the labels file that is beside it if there is one.
    pub(super) fn read(path: &Path) -> Result<Idx> {
        let labels = beside(path);
        Idx::from_readers((path, open(path)?), labels.as_deref().map(|p| Ok((p, open(p)?))).transpose()?)
    }

    /// Reads images and labels from bytes that may be gzipped; the paths are for messages.
    pub(super) fn from_readers<R: BufRead>(images: (&Path, R), labels: Option<(&Path, R)>) -> Result<Idx> {
        let (path, reader) = images;
        let (sizes, pixels) = decode(path, reader, IMAGES_MAGIC)?;
        let [count, rows, columns] = sizes;
        if count == 0 || rows == 0 || columns == 0 {
            let problem = format!("the data set is empty: {count} images of {rows}×{columns}");
            return Err(Error::data(path, problem, "give a file with images"));
        }
        let labels = match labels {
            None => None,
            Some((labels_path, reader)) => {
                let ([labelled, ..], labels) = decode(labels_path, reader, LABELS_MAGIC)?;
                if labelled != count {
                    let problem = format!("{labelled} labels, but {} has {count} images", path.display());
                    return Err(Error::data(labels_path, problem, "give images and labels of the same set"));
                }
                Some(labels)
            }
        };
        Ok(Idx { rows, columns, pixels, labels })
    }

    /// How many images there are.
    pub(super) fn len(&self) -> usize {
        self.pixels.len() / (self.rows * self.columns)
    }

    /// The images of a range of indices, scaled by 255. Classes are named `0` up to the largest label of
    /// the whole file.
    pub(super) fn images(&self, name: &str, range: Range<usize>) -> Images {
        let volume = self.rows * self.columns;
        let pixels = &self.pixels[range.start * volume..range.end * volume];
        let pixels = pixels.iter().map(|p| f32::from(*p) / 255.0).collect();
        let classes = self.labels.iter().flatten().max().map_or(0, |max| usize::from(*max) + 1);
        let classes = (0..classes).map(|class| class.to_string()).collect();
        let labels = self.labels.as_ref().map(|all| all[range].iter().map(|l| usize::from(*l)).collect());
        Images::trusted(name.to_string(), [1, self.rows, self.columns], pixels, labels, classes)
    }
}

fn open(path: &Path) -> Result<BufReader<File>> {
    File::open(path).map(BufReader::new).map_err(Error::io("read", path))
}

/// The labels file that belongs to an images file, by the usual names: `train-images-idx3-ubyte.gz` and
/// `train-labels-idx1-ubyte.gz`, either of them gzipped or not, also with a dot before `idx`.
fn beside(images: &Path) -> Option<PathBuf> {
    let name = images.file_name()?.to_str()?;
    let labels = name.replace("images", "labels").replace("idx3", "idx1");
    if labels == name {
        return None;
    }
    let plain = labels.strip_suffix(".gz").unwrap_or(&labels);
    let candidates = [labels.clone(), plain.to_string(), format!("{plain}.gz")];
    candidates.iter().map(|name| images.with_file_name(name)).find(|path| path.is_file())
}

/// The sizes, filled up with ones, and the bytes of an IDX file.
fn decode(path: &Path, mut reader: impl BufRead, magic: u32) -> Result<([usize; 3], Vec<u8>)> {
    let gzipped = reader.fill_buf().map_err(Error::io("read", path))?.starts_with(&[0x1f, 0x8b]);
    let named_gz = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
    match (gzipped, named_gz) {
        (true, _) => content(path, MultiGzDecoder::new(reader), magic),
        (false, false) => content(path, reader, magic),
        (false, true) => Err(Error::data(
            path,
            "not gzip, though its name ends in .gz",
            "fetch the file again or rename it",
        )),
    }
}

fn content(path: &Path, mut reader: impl Read, magic: u32) -> Result<([usize; 3], Vec<u8>)> {
    let found = number(path, &mut reader, 0)?;
    if found != magic {
        return Err(wrong_magic(path, found, magic));
    }
    let mut sizes = [1; 3];
    let dimensions = (magic & 0xff) as usize;
    for (i, size) in sizes.iter_mut().take(dimensions).enumerate() {
        *size = number(path, &mut reader, 4 * (i + 1))? as usize;
    }
    let header = 4 * (dimensions + 1);
    let expected =
        sizes.iter().try_fold(1usize, |product, size| product.checked_mul(*size)).ok_or_else(|| {
            Error::data(
                path,
                format!("impossible sizes {sizes:?} in bytes 4 to {header}"),
                "fetch the file again",
            )
        })?;
    // Memory grows with what is there, not with what a damaged header promises.
    let mut bytes = Vec::new();
    reader
        .take((expected as u64).saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| damage::error(path, format!("byte {}", header + bytes.len()), error))?;
    if bytes.len() == expected {
        return Ok((sizes, bytes));
    }
    let problem = if bytes.len() < expected {
        format!("truncated: ends at byte {} of {}", header + bytes.len(), header.saturating_add(expected))
    } else {
        format!("goes on after byte {}, where its header says it ends", header + expected)
    };
    Err(Error::data(path, problem, "fetch the file again"))
}

/// The big-endian number at byte `at`.
fn number(path: &Path, reader: &mut impl Read, at: usize) -> Result<u32> {
    let mut bytes = [0; 4];
    reader.read_exact(&mut bytes).map_err(|error| damage::error(path, format!("byte {at}"), error))?;
    Ok(u32::from_be_bytes(bytes))
}

fn wrong_magic(path: &Path, found: u32, wanted: u32) -> Error {
    let what = |magic| if magic == IMAGES_MAGIC { "images" } else { "labels" };
    let problem = match found {
        IMAGES_MAGIC | LABELS_MAGIC => format!("an IDX file of {}, not of {}", what(found), what(wanted)),
        _ => format!(
            "bytes 0 to 4 are {found:#010x}, not {wanted:#010x}, the magic number of IDX {}",
            what(wanted)
        ),
    };
    Error::data(path, problem, "give IDX, .npz, .npy, .png, .jpg or a folder of images")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn idx(magic: u32, sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
        let mut file: Vec<u8> = magic.to_be_bytes().to_vec();
        file.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
        file.extend(bytes);
        file
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Reads images and labels from bytes alone.
    fn read(images: &[u8], labels: Option<&[u8]>) -> Result<Idx> {
        Idx::from_readers((Path::new("images"), images), labels.map(|bytes| (Path::new("labels"), bytes)))
    }

    fn message(images: &[u8], labels: Option<&[u8]>) -> String {
        read(images, labels).err().expect("an error").to_string()
    }

    #[test]
    fn known_bytes_become_known_images() {
        let images = idx(IMAGES_MAGIC, &[2, 1, 3], &[0, 51, 255, 1, 2, 3]);
        let labels = idx(LABELS_MAGIC, &[2], &[2, 0]);
        for read in
            [read(&images, Some(&labels)).unwrap(), read(&gzip(&images), Some(&gzip(&labels))).unwrap()]
        {
            let images = read.images("known", 0..2);
            assert_eq!((images.name(), images.shape()), ("known", [1, 1, 3]));
            assert_eq!(images.image(0), [0.0, 0.2, 1.0]);
            assert_eq!(images.labels(), Some(&[2, 0][..]));
            assert_eq!(images.classes(), ["0", "1", "2"]);
            assert_eq!(read.images("known", 1..2), images.slice(1..2));
        }
    }

    #[test]
    fn labels_are_found_beside_by_the_usual_names() {
        let folder = tempfile::tempdir().unwrap();
        let images = idx(IMAGES_MAGIC, &[1, 1, 1], &[7]);
        let labels = idx(LABELS_MAGIC, &[1], &[3]);
        for (i, (images_name, labels_name)) in [
            ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
            ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
            ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte"),
            ("t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte.gz"),
            ("images", "labels"),
        ]
        .into_iter()
        .enumerate()
        {
            let packed =
                |name: &str, bytes: &[u8]| if name.ends_with("gz") { gzip(bytes) } else { bytes.to_vec() };
            let folder = folder.path().join(i.to_string());
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join(images_name), packed(images_name, &images)).unwrap();
            let read = || Idx::read(&folder.join(images_name)).unwrap().images("", 0..1);
            assert_eq!((read().labels(), read().classes().len()), (None, 0), "{images_name}");
            fs::write(folder.join(labels_name), packed(labels_name, &labels)).unwrap();
            assert_eq!(read().labels(), Some(&[3][..]), "{images_name}");
        }
    }

    #[test]
    fn damaged_files_say_where() {
        let good = idx(IMAGES_MAGIC, &[2, 1, 3], &[0; 6]);
        assert!(message(&good[..20], None).contains("images: truncated: ends at byte 20 of 22"));
        assert!(message(&good[..6], None).contains("truncated: ends near byte 4"));
        assert!(message(&[], None).contains("truncated: ends near byte 0"));
        let zipped = gzip(&good);
        assert!(message(&zipped[..zipped.len() - 9], None).contains("truncated"));
        let mut broken = zipped.clone();
        let crc = broken.len() - 8;
        broken[crc] ^= 1;
        assert!(message(&broken, None).contains("damaged"), "{}", message(&broken, None));
        assert!(message(&[&good[..], &[0]].concat(), None).contains("goes on after byte 22"));
        let text = message(&idx(IMAGES_MAGIC, &[u32::MAX; 3], &[]), None);
        assert!(text.contains("impossible sizes"), "{text}");
        let text = message(&idx(IMAGES_MAGIC, &[u32::MAX, 28, 28], &[0; 9]), None);
        assert!(text.contains("truncated: ends at byte 25 of"), "{text}");
    }

    #[test]
    fn wrong_files_say_what_they_are() {
        let images = idx(IMAGES_MAGIC, &[1, 1, 1], &[7]);
        let labels = idx(LABELS_MAGIC, &[1], &[3]);
        assert!(message(&labels, None).contains("an IDX file of labels, not of images"));
        assert!(message(&images, Some(&images)).contains("labels: an IDX file of images, not of labels"));
        assert!(message(b"hello, world", None).contains("0x68656c6c, not 0x00000803"));
        let text = message(&images, Some(&idx(LABELS_MAGIC, &[2], &[3, 4])));
        assert!(text.contains("labels: 2 labels, but images has 1 images"), "{text}");
        assert!(message(&idx(IMAGES_MAGIC, &[0, 28, 28], &[]), None).contains("the data set is empty"));
        let path = Path::new("images.gz");
        let text = Idx::from_readers((path, &images[..]), None).err().unwrap().to_string();
        assert!(text.contains("images.gz: not gzip, though its name ends in .gz"), "{text}");
    }
}
