//! Predictions as an NPZ archive.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use cama::Decision;
use cama::data::NpzWriter;

use super::writers::{Example, Writer};

/// Characters of the longest name of a verdict.
const LONGEST_VERDICT: usize = "unexplained".len();

/// Arrays `index`, `class` (indices), `probabilities`, `log_px`, `verdict`, `log_bayes_factor`, `m` and `classes` (names), and
/// `name` with the files of images or the keys of rows, where there are such.
///
/// The archive needs to know how long an array is before it begins, so each is gathered in a file of its own, which has no
/// name: predictions may be more than there is memory for.
pub struct Npz<'a, W: Write + Seek> {
    out: Option<W>,
    classes: &'a [String],
    m_dim: usize,
    count: u64,
    index: Gathered<8>,
    class: Gathered<8>,
    probabilities: Gathered<8>,
    log_px: Gathered<8>,
    verdict: Gathered<4>,
    log_bayes_factor: Gathered<8>,
    m: Gathered<4>,
    name: Texts,
}

impl<'a, W: Write + Seek> Npz<'a, W> {
    /// An archive that nothing is in yet; what is gathered is beside `path`.
    pub fn new(out: W, path: &Path, classes: &'a [String]) -> io::Result<Self> {
        Ok(Self {
            out: Some(out),
            classes,
            m_dim: 0,
            count: 0,
            index: Gathered::beside(path)?,
            class: Gathered::beside(path)?,
            probabilities: Gathered::beside(path)?,
            log_px: Gathered::beside(path)?,
            verdict: Gathered::beside(path)?,
            log_bayes_factor: Gathered::beside(path)?,
            m: Gathered::beside(path)?,
            name: Texts { characters: Gathered::beside(path)?, lengths: Gathered::beside(path)?, longest: 0 },
        })
    }
}

impl<W: Write + Seek> Writer for Npz<'_, W> {
    fn put(&mut self, Example { index, name }: Example, decision: &Decision) -> io::Result<()> {
        let Decision { class, probabilities, log_px, verdict, log_bayes_factor, m, .. } = decision;
        (self.m_dim, self.count) = (m.len(), self.count + 1);
        if let Some((names, i)) = name {
            self.name.add(names.get(i))?;
        }
        self.index.add([(index as i64).to_le_bytes()])?;
        self.class.add([(*class as i64).to_le_bytes()])?;
        self.probabilities.add(probabilities.iter().map(|p| p.to_le_bytes()))?;
        self.log_px.add([log_px.to_le_bytes()])?;
        self.verdict.add(characters(verdict.name(), LONGEST_VERDICT))?;
        self.log_bayes_factor.add([log_bayes_factor.to_le_bytes()])?;
        self.m.add(m.iter().map(|value| value.to_le_bytes()))
    }

    fn finish(&mut self) -> io::Result<()> {
        let Some(out) = self.out.take() else { return Ok(()) };
        let (n, classes, m_dim) = (self.count, self.classes.len() as u64, self.m_dim as u64);
        let longest = self.classes.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(1);
        let mut archive = NpzWriter::deflated(out);
        self.index.put(&mut archive, "index", &[n], "<i8")?;
        self.class.put(&mut archive, "class", &[n], "<i8")?;
        self.probabilities.put(&mut archive, "probabilities", &[n, classes], "<f8")?;
        self.log_px.put(&mut archive, "log_px", &[n], "<f8")?;
        self.verdict.put(&mut archive, "verdict", &[n], &format!("<U{LONGEST_VERDICT}"))?;
        self.log_bayes_factor.put(&mut archive, "log_bayes_factor", &[n], "<f8")?;
        self.m.put(&mut archive, "m", &[n, m_dim], "<f4")?;
        if self.name.longest > 0 {
            self.name.put(&mut archive, "name", n)?;
        }
        let mut names = archive.array("classes", &format!("<U{longest}"), &[classes])?;
        self.classes.iter().try_for_each(|name| add(&mut names, characters(name, longest)))?;
        drop(names);
        archive.finish()?.flush()
    }
}

/// The numbers or characters of an array, N bytes each.
struct Gathered<const N: usize>(BufWriter<File>);

impl<const N: usize> Gathered<N> {
    fn beside(path: &Path) -> io::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok(Self(BufWriter::new(tempfile::tempfile_in(folder)?)))
    }

    fn add(&mut self, elements: impl IntoIterator<Item = [u8; N]>) -> io::Result<()> {
        add(&mut self.0, elements)
    }

    /// What was gathered, from its beginning.
    fn rewound(&mut self) -> io::Result<BufReader<&File>> {
        self.0.flush()?;
        let mut file = self.0.get_ref();
        file.rewind()?;
        Ok(BufReader::new(file))
    }

    fn put(
        &mut self,
        archive: &mut NpzWriter<impl Write + Seek>,
        name: &str,
        shape: &[u64],
        element: &str,
    ) -> io::Result<()> {
        self.0.flush()?;
        let bytes = self.0.get_ref().stream_position()?;
        let (mut gathered, mut element_bytes) = (self.rewound()?, [0; N]);
        let mut array = archive.array(name, element, shape)?;
        // One by one: what the archive's compression makes of them depends on how they come.
        for _ in 0..bytes / N as u64 {
            gathered.read_exact(&mut element_bytes)?;
            array.write_all(&element_bytes)?;
        }
        Ok(())
    }
}

/// Texts of any length.
struct Texts {
    /// The characters of all.
    characters: Gathered<4>,
    /// How many characters each has.
    lengths: Gathered<8>,
    longest: usize,
}

impl Texts {
    fn add(&mut self, text: &str) -> io::Result<()> {
        let length = text.chars().count();
        self.longest = self.longest.max(length);
        self.lengths.add([(length as u64).to_le_bytes()])?;
        self.characters.add(characters(text, length))
    }

    /// Fills all of them up to the longest.
    fn put(&mut self, archive: &mut NpzWriter<impl Write + Seek>, name: &str, n: u64) -> io::Result<()> {
        let mut array = archive.array(name, &format!("<U{}", self.longest), &[n])?;
        let (mut stored, mut lengths) = (self.characters.rewound()?, self.lengths.rewound()?);
        let mut length = [0; 8];
        for _ in 0..n {
            lengths.read_exact(&mut length)?;
            let mut text = vec![0; 4 * u64::from_le_bytes(length) as usize];
            stored.read_exact(&mut text)?;
            text.resize(4 * self.longest, 0);
            array.write_all(&text)?;
        }
        Ok(())
    }
}

fn add<const N: usize>(out: &mut impl Write, elements: impl IntoIterator<Item = [u8; N]>) -> io::Result<()> {
    elements.into_iter().try_for_each(|element| out.write_all(&element))
}

/// Text as NumPy has it: four bytes a character, filled up with zeros.
fn characters(text: &str, length: usize) -> impl Iterator<Item = [u8; 4]> {
    text.chars().map(|c| u32::from(c).to_le_bytes()).chain(std::iter::repeat([0; 4])).take(length)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use npyz::NpyFile;
    use zip::ZipArchive;

    use super::super::writers::tests::{decision, names};
    use super::*;

    type Archive = ZipArchive<Cursor<Vec<u8>>>;

    fn array<T: npyz::Deserialize>(archive: &mut Archive, name: &str) -> Vec<T> {
        let entry = archive.by_name(&format!("{name}.npy")).unwrap();
        NpyFile::new(entry).unwrap().into_vec().unwrap()
    }

    #[test]
    fn numpy_finds_every_array() {
        let folder = tempfile::tempdir().unwrap();
        let (decision, classes) = decision();
        let mut file = tempfile::tempfile_in(folder.path()).unwrap();
        let mut npz = Npz::new(&file, &folder.path().join("p.npz"), &classes).unwrap();
        let names = names("id", &["a", "größer", ""]);
        (0..3).for_each(|i| npz.put(Example { index: i + 5, name: Some((&names, i)) }, &decision).unwrap());
        npz.finish().unwrap();
        drop(npz);
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
        let probabilities = NpyFile::new(archive.by_name("probabilities.npy").unwrap()).unwrap();
        assert_eq!(probabilities.shape(), [3, 2]);
        drop(probabilities);
        assert_eq!(array::<i64>(&mut archive, "index"), [5, 6, 7]);
        assert_eq!(array::<i64>(&mut archive, "class"), [1, 1, 1]);
        assert_eq!(array::<f64>(&mut archive, "probabilities")[..2], [0.25, 0.75]);
        assert_eq!(array::<String>(&mut archive, "verdict"), ["as-it-was"; 3]);
        assert_eq!(array::<String>(&mut archive, "name"), ["a", "größer", ""]);
        assert_eq!(array::<f32>(&mut archive, "m"), [0.5; 3]);
        assert_eq!(array::<String>(&mut archive, "classes"), classes);
        // Nothing is left behind of what was gathered.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
