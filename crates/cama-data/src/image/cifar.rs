//! CIFAR-10 in its binary version: one record an image, of a label and 3×32×32 bytes, channel by channel.
//!
//! Described at <https://www.cs.toronto.edu/~kriz/cifar.html> (A. Krizhevsky, *Learning Multiple Layers of Features from
//! Tiny Images*, 2009): each record of 3073 bytes is a class from 0 to 9, then 1024 bytes of red, 1024 of green and 1024
//! of blue, row by row. Training comes in `data_batch_1.bin` to `data_batch_5.bin`, testing in `test_batch.bin`, and the
//! names of the classes, one a line, in `batches.meta.txt`.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};

use super::passage::{Labels, Opened, Passage, Taker};
use crate::damage;
use crate::{Error, Result};

/// `[channels, height, width]`.
const SHAPE: [usize; 3] = [3, 32, 32];
/// Bytes of an image.
const VOLUME: usize = 3 * 32 * 32;
/// Bytes of an image and its label.
const RECORD: usize = 1 + VOLUME;

const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

const REMEDY: &str = "give CIFAR-10's binary version, cifar-10-binary.tar.gz of \
     https://www.cs.toronto.edu/~kriz/cifar.html, unpacked";

/// Files of records, of which some classes may be selected.
pub(super) struct Cifar {
    files: Vec<PathBuf>,
    /// For each class of the files the one that it becomes, if it is selected.
    renumbered: [Option<u16>; 10],
}

impl Cifar {
    /// Opens what stands behind `cifar10:`, which `spec` is the whole of: `FOLDER:SPLIT` or `FOLDER:SPLIT:CLASS,…`.
    pub(super) fn open(written: &str, spec: &str) -> Result<Opened> {
        let wrong = |problem: &str| {
            let form =
                "write cifar10:FOLDER:train or cifar10:FOLDER:test, with classes behind as in :airplane,frog";
            Error::spec("data", spec, format!("{problem}; {form}"))
        };
        // From the end: a folder may have colons in its name. Names of classes have none.
        let (rest, last) = written.rsplit_once(':').ok_or_else(|| wrong("the split is missing"))?;
        let (folder, split, only) = match (split_of(last), rest.rsplit_once(':')) {
            (Some(split), _) => (rest, split, None),
            (None, Some((folder, split))) if split_of(split).is_some() => {
                (folder, split_of(split).expect("it is one"), Some(last))
            }
            (None, Some((folder, split))) if Path::new(folder).is_dir() => {
                return Err(Error::unknown_name("CIFAR-10 split", split, &["train", "test"]));
            }
            _ => return Err(Error::unknown_name("CIFAR-10 split", last, &["train", "test"])),
        };
        if folder.is_empty() {
            return Err(wrong("the folder is missing"));
        }
        let folder = Path::new(folder);
        let files = files(folder, split)?;
        let names = names(folder)?;
        let only: Option<Vec<&str>> = only.map(|only| only.split(',').map(str::trim).collect());
        Self::of_files(files, names, only.as_deref())
    }

    /// Opens one file of records, whatever its name; the classes' names are those beside it, or the known ones.
    pub(super) fn open_one(path: &Path) -> Result<Opened> {
        let names = names(path.parent().unwrap_or(Path::new("")))?;
        Self::of_files(vec![path.into()], names, None)
    }

    /// Goes through all records once, to check them and to know their classes.
    fn of_files(files: Vec<PathBuf>, names: Vec<String>, only: Option<&[&str]>) -> Result<Opened> {
        let mut renumbered = [None; 10];
        let mut classes = Vec::new();
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        for name in only.unwrap_or(&known) {
            let Some(at) = known.iter().position(|known| known == name) else {
                return Err(Error::unknown_name("class of CIFAR-10", name, &known));
            };
            if renumbered[at].is_none() {
                renumbered[at] = Some(classes.len() as u16);
                classes.push(name.to_string());
            }
        }
        let mut labels = Vec::new();
        let cifar = Self { files, renumbered };
        cifar.each_selected(&mut |label, _| {
            labels.push(label);
            ControlFlow::Continue(())
        })?;
        if labels.is_empty() {
            let problem = format!("has no image of {}", classes.join(", "));
            return Err(Error::data(&cifar.files[0], problem, "select classes that it has"));
        }
        let (len, labels) = (labels.len(), Some(Labels::Listed(labels)));
        Ok(Opened {
            shape: SHAPE,
            len,
            labels,
            classes,
            passage: Box::new(cifar),
            notices: vec![],
            changed: false,
            wide: false,
            white: None,
        })
    }

    /// Hands over the class and the pixels of every record that is selected.
    fn each_selected(&self, each: &mut dyn FnMut(u16, &[u8]) -> ControlFlow<()>) -> Result<()> {
        for path in &self.files {
            let done = each_record(path, &mut |record| match self.renumbered[usize::from(record[0])] {
                Some(label) => each(label, &record[1..]),
                None => ControlFlow::Continue(()),
            })?;
            if done.is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Passage for Cifar {
    fn pass(&self, range: Range<usize>, take: &mut Taker) -> Result<()> {
        let (mut i, mut image) = (0, vec![0.0; VOLUME]);
        self.each_selected(&mut |_, bytes| {
            i += 1;
            if i > range.end {
                return ControlFlow::Break(());
            }
            if i <= range.start {
                return ControlFlow::Continue(());
            }
            image.iter_mut().zip(bytes).for_each(|(pixel, byte)| *pixel = f32::from(*byte) / 255.0);
            take(&image)
        })
    }
}

/// Whether a file is one of records by its name.
pub(super) fn is_records(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("bin"))
}

/// Whether this folder is one of CIFAR-10's, of which the split must be told.
pub(super) fn is_folder(folder: &Path) -> bool {
    ["data_batch_1.bin", "test_batch.bin"].iter().any(|name| folder.join(name).is_file())
}

/// That a folder of CIFAR-10's was given without the split.
pub(super) fn without_split(spec: &str, folder: &Path) -> Error {
    let folder = folder.display();
    Error::spec("data", spec, format!("is CIFAR-10; write cifar10:{folder}:train or cifar10:{folder}:test"))
}

#[derive(Clone, Copy)]
enum Split {
    Train,
    Test,
}

fn split_of(name: &str) -> Option<Split> {
    match name {
        "train" => Some(Split::Train),
        "test" => Some(Split::Test),
        _ => None,
    }
}

/// The files of a split, in their order.
fn files(folder: &Path, split: Split) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Err(Error::data(folder, "no such folder", REMEDY));
    }
    let (files, looked_for): (Vec<PathBuf>, _) = match split {
        Split::Train => (
            (1..=5)
                .map(|i| folder.join(format!("data_batch_{i}.bin")))
                .filter(|path| path.is_file())
                .collect(),
            "data_batch_1.bin to data_batch_5.bin",
        ),
        Split::Test => (
            [folder.join("test_batch.bin")].into_iter().filter(|path| path.is_file()).collect(),
            "test_batch.bin",
        ),
    };
    match files.is_empty() {
        true => Err(Error::data(folder, format!("there is no {looked_for} in it"), REMEDY)),
        false => Ok(files),
    }
}

/// The names of the ten classes: those of `batches.meta.txt` if it is there.
fn names(folder: &Path) -> Result<Vec<String>> {
    let path = folder.join("batches.meta.txt");
    if !path.is_file() {
        return Ok(CLASSES.map(String::from).to_vec());
    }
    let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
    let names: Vec<String> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(String::from).collect();
    let twice = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name));
    match twice {
        Some((_, name)) => {
            Err(Error::data(&path, format!("names the class `{name}` twice"), "write ten names, one a line"))
        }
        None if names.len() != CLASSES.len() => {
            let problem = format!("names {} classes, not {}", names.len(), CLASSES.len());
            Err(Error::data(&path, problem, "write ten names, one a line, or remove the file"))
        }
        None => Ok(names),
    }
}

/// Hands over the records of the file, which are checked one by one; `each` can end it.
fn each_record(path: &Path, each: &mut dyn FnMut(&[u8]) -> ControlFlow<()>) -> Result<ControlFlow<()>> {
    let mut file = BufReader::with_capacity(1 << 16, File::open(path).map_err(Error::io("read", path))?);
    let mut record = Vec::with_capacity(RECORD);
    for at in 0.. {
        record.clear();
        let read = (&mut file).take(RECORD as u64).read_to_end(&mut record);
        read.map_err(|error| damage::error(path, format!("byte {}", at * RECORD + record.len()), error))?;
        match record.first() {
            None if at == 0 => return Err(Error::data(path, "is empty", REMEDY)),
            None => break,
            Some(&label) if usize::from(label) >= CLASSES.len() => {
                let problem = format!("the label of record {at}, byte {}, is {label}, above 9", at * RECORD);
                return Err(Error::data(path, problem, REMEDY));
            }
            Some(_) if record.len() < RECORD => {
                let problem = format!(
                    "record {at}, from byte {}, has {} bytes, not {RECORD}: the file is truncated, or no CIFAR-10",
                    at * RECORD,
                    record.len()
                );
                return Err(Error::data(path, problem, REMEDY));
            }
            Some(_) if each(&record).is_break() => return Ok(ControlFlow::Break(())),
            Some(_) => {}
        }
    }
    Ok(ControlFlow::Continue(()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::load;
    use super::*;

    /// A record whose channels are filled with these bytes, but for the very first and last pixel.
    fn record(label: u8, [red, green, blue]: [u8; 3]) -> Vec<u8> {
        let mut bytes = vec![label];
        [red, green, blue].iter().for_each(|byte| bytes.extend([*byte; 1024]));
        bytes[1] = 255;
        bytes[RECORD - 1] = 51;
        bytes
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, records: &[Vec<u8>]| fs::write(folder.path().join(name), records.concat()).unwrap();
        write("data_batch_1.bin", &[record(6, [1, 2, 3]), record(0, [4, 5, 6])]);
        write("data_batch_2.bin", &[record(9, [0, 0, 0]), record(6, [102, 0, 0])]);
        write("test_batch.bin", &[record(3, [9, 9, 9])]);
        folder
    }

    fn message(spec: &str) -> String {
        load(spec).unwrap_err().to_string()
    }

    #[test]
    fn known_bytes_become_known_images() {
        let folder = folder();
        let spec = format!("cifar10:{}:train", folder.path().display());
        let images = load(&spec).unwrap();
        assert_eq!((images.len(), images.shape(), images.name()), (4, [3, 32, 32], spec.as_str()));
        assert_eq!(images.classes(), CLASSES);
        assert_eq!(images.labels(), Some(&[6, 0, 9, 6][..]));
        // Red first, row by row.
        let image = images.image(3);
        assert_eq!([image[0], image[1], image[1023], image[1024], image[3071]], [1.0, 0.4, 0.4, 0.0, 0.2]);
        let test = load(&format!("cifar10:{}:test", folder.path().display())).unwrap();
        assert_eq!((test.len(), test.labels()), (1, Some(&[3][..])));
        assert_eq!(
            load(&format!("{spec}[1..3]")).unwrap(),
            images.slice(1..3).with_name(format!("{spec}[1..3]"))
        );
        let one = load(&folder.path().join("data_batch_2.bin").display().to_string()).unwrap();
        assert_eq!((one.labels(), one.image(1)), (Some(&[9, 6][..]), image));
    }

    #[test]
    fn selected_classes_are_renumbered_and_keep_their_names() {
        let folder = folder();
        let base = format!("cifar10:{}:train", folder.path().display());
        let two = load(&format!("{base}:frog,airplane")).unwrap();
        assert_eq!(
            (two.classes(), two.labels()),
            (&["frog".to_string(), "airplane".into()][..], Some(&[0, 1, 0][..]))
        );
        // A range counts what is selected.
        assert_eq!(load(&format!("{base}:frog,airplane[..2]")).unwrap().labels(), Some(&[0, 1][..]));
        assert_eq!(load(&format!("{base}:frog, frog")).unwrap().classes(), ["frog"]);
        assert!(message(&format!("{base}:frgo")).contains("did you mean `frog`?"));
        assert!(message(&format!("{base}:ship")).contains("has no image of ship"));
        // Names from the file beside, and colons in the folder.
        let odd = folder.path().join("a:b");
        fs::create_dir(&odd).unwrap();
        fs::copy(folder.path().join("test_batch.bin"), odd.join("test_batch.bin")).unwrap();
        fs::write(odd.join("batches.meta.txt"), "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n").unwrap();
        let named = load(&format!("cifar10:{}:test:d,a", odd.display())).unwrap();
        assert_eq!((named.classes(), named.labels()), (&["d".to_string(), "a".into()][..], Some(&[0][..])));
        for (text, part) in [("a\nb", "names 2 classes, not 10"), ("a\na\n", "names the class `a` twice")] {
            fs::write(odd.join("batches.meta.txt"), text).unwrap();
            assert!(message(&format!("cifar10:{}:test", odd.display())).contains(part));
        }
    }

    #[test]
    fn damaged_and_missing_files_say_where_and_what_to_do() {
        let folder = folder();
        let path = folder.path().join("one.bin");
        let of = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            message(path.to_str().unwrap())
        };
        let two = [record(1, [0; 3]), record(2, [0; 3])].concat();
        let text = of(&two[..4000]);
        assert!(text.contains("record 1, from byte 3073, has 927 bytes, not 3073"), "{text}");
        assert!(text.contains("cifar-10-binary.tar.gz"), "{text}");
        let text = of(&[record(1, [0; 3]), record(10, [0; 3])].concat());
        assert!(text.contains("the label of record 1, byte 3073, is 10, above 9"), "{text}");
        assert!(of(&[]).contains("is empty"));

        let here = folder.path().display().to_string();
        assert!(message(&here).contains(&format!("write cifar10:{here}:train")), "{}", message(&here));
        assert!(message(&format!("cifar10:{here}")).contains("train"));
        assert!(message(&format!("cifar10:{here}:tset")).contains("did you mean `test`?"));
        assert!(message(&format!("cifar10:{here}:tset:frog")).contains("did you mean `test`?"));
        assert!(
            message("cifar10:").contains("cifar10:FOLDER:train") || message("cifar10:").contains("train")
        );
        assert!(message("cifar10:no/such:train").contains("no/such: no such folder"));
        fs::remove_file(folder.path().join("test_batch.bin")).unwrap();
        let text = message(&format!("cifar10:{here}:test"));
        assert!(
            text.contains("there is no test_batch.bin in it") && text.contains("cs.toronto.edu"),
            "{text}"
        );
    }

    proptest! {
        #[test]
        fn no_bytes_and_no_specification_make_the_reader_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..7000), written in "[a-z:,]{0,20}"
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("some.bin");
            fs::write(&path, &bytes).unwrap();
            if let Ok(cifar) = Cifar::open_one(&path) {
                prop_assert_eq!(cifar.len * RECORD, bytes.len());
            }
            let _ = Cifar::open(&written, &written);
        }
    }
}
