//! IDX, the file format of MNIST: a magic number, the sizes, then the bytes.
//!
//! Described by Y. LeCun, C. Cortes and C. Burges with the MNIST database: all numbers big-endian; magic
//! `0x00000803` and (count, rows, columns) for images, magic `0x00000801` and (count) for labels.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::labels::{Labelled, numbered};
use super::passage::{Labels, Opened, Passage, Taker};
use crate::damage;
use crate::{Error, Result};

const IMAGES_MAGIC: u32 = 0x0803;
const LABELS_MAGIC: u32 = 0x0801;

/// Images and labels as the bytes of an IDX file, a quarter of the size of [`Images`](super::Images): what comes with
/// the crate, or can be read once only.
pub(super) struct Idx {
    /// How many images, their rows and their columns.
    sizes: [usize; 3],
    pixels: Vec<u8>,
    labels: Option<Vec<u8>>,
}

/// An IDX file of images, read anew in every passage.
struct IdxFile {
    path: PathBuf,
    sizes: [usize; 3],
}

/// Opens an images file, and reads the labels file that is beside it if there is one.
pub(super) fn open(path: &Path) -> Result<Opened> {
    let beside = beside(path);
    let labels = beside.as_deref().map(|path| Ok::<_, Error>((path, reader(path)?))).transpose()?;
    let images = Body::open(path, reader(path)?, IMAGES_MAGIC)?;
    let sizes = checked(path, images.sizes)?;
    if path.is_file() {
        check_room(path, sizes)?;
    } else {
        // What comes out of a pipe is gone then.
        let (pixels, labels) = (images.rest()?, read_labels(path, sizes[0], labels)?);
        let idx = Idx { sizes, pixels, labels };
        let labels = idx.labels.clone();
        return Ok(opened(sizes, labels, Box::new(idx)));
    }
    let labels = read_labels(path, sizes[0], labels)?;
    Ok(opened(sizes, labels, Box::new(IdxFile { path: path.to_path_buf(), sizes })))
}

/// Classes are named `0` up to the largest label of the whole file.
fn opened([len, rows, columns]: [usize; 3], labels: Option<Vec<u8>>, passage: Box<dyn Passage>) -> Opened {
    let labels = labels.map(|labels| labels.into_iter().map(i64::from).collect::<Vec<_>>());
    // A byte has no more classes than there can be.
    let labelled = labels.and_then(|labels| numbered(&labels).ok());
    let shape = [1, rows, columns];
    let Some(Labelled { labels, classes, notice }) = labelled else {
        return Opened {
            shape,
            len,
            labels: None,
            classes: vec![],
            passage,
            notices: vec![],
            changed: false,
            wide: false,
            white: None,
        };
    };
    let notices = notice.into_iter().collect();
    Opened {
        shape,
        len,
        labels: Some(Labels::Listed(labels)),
        classes,
        passage,
        notices,
        changed: false,
        wide: false,
        white: None,
    }
}

fn checked(path: &Path, sizes: [usize; 3]) -> Result<[usize; 3]> {
    let [count, rows, columns] = sizes;
    if sizes.contains(&0) {
        let problem = format!("the data set is empty: {count} images of {rows}×{columns}");
        return Err(Error::data(path, problem, "give a file with images"));
    }
    Ok(sizes)
}

/// The most bytes that gzip makes of one: 258 of the two bits of a repetition and its distance.
const MOST_OF_ONE: u64 = 1032;

/// Errors if a file says that it holds more than one of its length can, gzipped or not: memory would be reserved for that.
fn check_room(path: &Path, [count, rows, columns]: [usize; 3]) -> Result<()> {
    let length = path.metadata().map_err(Error::io("read", path))?.len();
    let wanted =
        [rows, columns].iter().try_fold(count as u64, |product, side| product.checked_mul(*side as u64));
    match wanted.is_some_and(|wanted| wanted <= length.saturating_mul(MOST_OF_ONE)) {
        true => Ok(()),
        false => {
            let problem = format!(
                "damaged: it says that it holds {count} images of {rows}×{columns} pixels, more than a file of {length} bytes can"
            );
            Err(Error::data(path, problem, "get the file again"))
        }
    }
}

/// The labels of the `count` images of `path`.
fn read_labels<R: BufRead>(path: &Path, count: usize, labels: Option<(&Path, R)>) -> Result<Option<Vec<u8>>> {
    let Some((labels_path, reader)) = labels else { return Ok(None) };
    let body = Body::open(labels_path, reader, LABELS_MAGIC)?;
    let labelled = body.sizes[0];
    let labels = body.rest()?;
    if labelled != count {
        let problem = format!("{labelled} labels, but {} has {count} images", path.display());
        return Err(Error::data(labels_path, problem, "give images and labels of the same set"));
    }
    Ok(Some(labels))
}

impl Idx {
    /// Reads images and labels from bytes that may be gzipped; the paths are for messages.
    pub(super) fn from_readers<R: BufRead>(images: (&Path, R), labels: Option<(&Path, R)>) -> Result<Idx> {
        let (path, reader) = images;
        let body = Body::open(path, reader, IMAGES_MAGIC)?;
        let sizes = body.sizes;
        let pixels = body.rest()?;
        let labels = read_labels(path, checked(path, sizes)?[0], labels)?;
        Ok(Idx { sizes, pixels, labels })
    }

    /// The images, to be gone through.
    pub(super) fn opened(&'static self) -> Opened {
        opened(self.sizes, self.labels.clone(), Box::new(self))
    }
}

impl Passage for Idx {
    fn is_sound(&self) -> bool {
        true
    }

    fn pass(&self, range: Range<usize>, take: &mut Taker) -> Result<()> {
        let volume = self.sizes[1] * self.sizes[2];
        let mut image = vec![0.0; volume];
        for bytes in self.pixels[range.start * volume..range.end * volume].chunks_exact(volume) {
            scale(bytes, &mut image);
            if take(&image).is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Passage for IdxFile {
    fn pass(&self, range: Range<usize>, take: &mut Taker) -> Result<()> {
        let mut body = Body::open(&self.path, reader(&self.path)?, IMAGES_MAGIC)?;
        if body.sizes != self.sizes {
            let problem = "has other sizes than a moment ago: something is writing it";
            return Err(Error::data(&self.path, problem, "wait until it is written"));
        }
        let volume = self.sizes[1] * self.sizes[2];
        let (mut bytes, mut image) = (vec![0; volume], vec![0.0; volume]);
        for i in 0..range.end {
            body.fill(&mut bytes)?;
            if i < range.start {
                continue;
            }
            scale(&bytes, &mut image);
            if take(&image).is_break() {
                return Ok(());
            }
        }
        if range.end == self.sizes[0] { body.end() } else { Ok(()) }
    }
}

fn scale(bytes: &[u8], image: &mut [f32]) {
    image.iter_mut().zip(bytes).for_each(|(pixel, byte)| *pixel = f32::from(*byte) / 255.0);
}

fn reader(path: &Path) -> Result<BufReader<File>> {
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

/// What comes after the header of an IDX file.
struct Body<'a> {
    path: &'a Path,
    /// Filled up with ones.
    sizes: [usize; 3],
    /// Bytes before it.
    header: usize,
    /// Bytes that it should have.
    expected: usize,
    /// Bytes that were read.
    read: usize,
    reader: Box<dyn Read + 'a>,
}

impl<'a> Body<'a> {
    /// Reads the header of what may be gzipped.
    fn open(path: &'a Path, mut reader: impl BufRead + 'a, magic: u32) -> Result<Body<'a>> {
        let gzipped = reader.fill_buf().map_err(Error::io("read", path))?.starts_with(&[0x1f, 0x8b]);
        let named_gz = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        match (gzipped, named_gz) {
            (true, _) => Body::begin(path, Box::new(MultiGzDecoder::new(reader)), magic),
            (false, false) => Body::begin(path, Box::new(reader), magic),
            (false, true) => Err(Error::data(
                path,
                "not gzip, though its name ends in .gz",
                "fetch the file again or rename it",
            )),
        }
    }

    fn begin(path: &'a Path, mut reader: Box<dyn Read + 'a>, magic: u32) -> Result<Body<'a>> {
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
        let expected = sizes.iter().try_fold(1usize, |product, size| product.checked_mul(*size));
        let expected = expected.ok_or_else(|| {
            let problem = format!("impossible sizes {sizes:?} in bytes 4 to {header}");
            Error::data(path, problem, "fetch the file again")
        })?;
        Ok(Body { path, sizes, header, expected, read: 0, reader })
    }

    /// Fills `bytes` with the next ones.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<()> {
        let mut filled = 0;
        while filled < bytes.len() {
            match self.reader.read(&mut bytes[filled..]) {
                Ok(0) => return Err(self.truncated()),
                Ok(n) => (filled, self.read) = (filled + n, self.read + n),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.damaged(error)),
            }
        }
        Ok(())
    }

    /// All bytes. Memory grows with what is there, not with what a damaged header promises.
    fn rest(mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = (&mut self.reader).take(self.expected as u64).read_to_end(&mut bytes);
        self.read = bytes.len();
        read.map_err(|error| self.damaged(error))?;
        if bytes.len() < self.expected {
            return Err(self.truncated());
        }
        self.end()?;
        Ok(bytes)
    }

    /// Errors unless there is nothing more, and, where it is gzipped, its checksum is right.
    fn end(&mut self) -> Result<()> {
        match self.reader.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => {
                let end = self.header + self.expected;
                let problem = format!("goes on after byte {end}, where its header says it ends");
                Err(Error::data(self.path, problem, "fetch the file again"))
            }
            Err(error) => Err(self.damaged(error)),
        }
    }

    fn truncated(&self) -> Error {
        let (at, end) = (self.header + self.read, self.header.saturating_add(self.expected));
        Error::data(self.path, format!("truncated: ends at byte {at} of {end}"), "fetch the file again")
    }

    fn damaged(&self, error: std::io::Error) -> Error {
        damage::error(self.path, format!("byte {}", self.header + self.read), error)
    }
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
    Error::data(path, problem, "give IDX, .npz, .npy, an image or a folder of images")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::super::{ImageBatches, Images, load};
    use super::*;
    use crate::range::Span;

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

    fn of(idx: Idx, name: &str) -> Result<Images> {
        let (sizes, labels) = (idx.sizes, idx.labels.clone());
        let opened = opened(sizes, labels, Box::new(idx));
        let range = Span::split_off(name)?.1.resolve(name, opened.len)?;
        ImageBatches::new(name, opened, range).read()
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
            let images = of(read, "known").unwrap();
            assert_eq!((images.name(), images.shape()), ("known", [1, 1, 3]));
            assert_eq!(images.image(0), [0.0, 0.2, 1.0]);
            assert_eq!(images.labels(), Some(&[1, 0][..]));
            assert_eq!(images.classes(), ["0", "2"]);
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
            let read = || load(folder.join(images_name).to_str().unwrap()).unwrap();
            assert_eq!((read().labels(), read().classes().len()), (None, 0), "{images_name}");
            fs::write(folder.join(labels_name), packed(labels_name, &labels)).unwrap();
            assert_eq!((read().labels(), &read().classes()[0][..]), (Some(&[0][..]), "3"), "{images_name}");
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
