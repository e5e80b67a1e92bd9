//! Predictions as an NPZ archive.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;

use cama::Decision;
use npyz::npz::NpzWriter;
use npyz::zip::write::FileOptions;
use npyz::{DType, WriterBuilder};

use super::writers::Writer;

/// Characters of the longest name of a verdict.
const LONGEST_VERDICT: usize = "unexplained".len();

/// Arrays `index`, `class` (indices), `probabilities`, `log_px`, `verdict`, `evidence`, `m` and `classes` (names).
///
/// The archive needs to know how long an array is before it begins, so each is gathered in a file of its own, which has no
/// name: predictions may be more than there is memory for.
pub struct Npz<'a, W: Write + Seek> {
    out: Option<W>,
    classes: &'a [String],
    m_dim: usize,
    count: u64,
    index: Gathered,
    class: Gathered,
    probabilities: Gathered,
    log_px: Gathered,
    verdict: Gathered,
    evidence: Gathered,
    m: Gathered,
}

impl<'a, W: Write + Seek> Npz<'a, W> {
    /// An archive that nothing is in yet; what is gathered is beside `path`.
    pub fn new(out: W, path: &Path, classes: &'a [String]) -> io::Result<Self> {
        let beside = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let gathered = || Gathered::new(beside);
        Ok(Self {
            out: Some(out),
            classes,
            m_dim: 0,
            count: 0,
            index: gathered()?,
            class: gathered()?,
            probabilities: gathered()?,
            log_px: gathered()?,
            verdict: gathered()?,
            evidence: gathered()?,
            m: gathered()?,
        })
    }
}

impl<W: Write + Seek> Writer for Npz<'_, W> {
    fn put(&mut self, index: usize, decision: &Decision) -> io::Result<()> {
        let Decision { class, probabilities, log_px, verdict, evidence, m, .. } = decision;
        (self.m_dim, self.count) = (m.len(), self.count + 1);
        self.index.add([(index as i64).to_le_bytes()])?;
        self.class.add([(*class as i64).to_le_bytes()])?;
        self.probabilities.add(probabilities.iter().map(|p| p.to_le_bytes()))?;
        self.log_px.add([log_px.to_le_bytes()])?;
        self.verdict.add(characters(verdict.name(), LONGEST_VERDICT))?;
        self.evidence.add([evidence.to_le_bytes()])?;
        self.m.add(m.iter().map(|value| value.to_le_bytes()))
    }

    fn finish(&mut self) -> io::Result<()> {
        let Some(out) = self.out.take() else { return Ok(()) };
        let (n, classes, m_dim) = (self.count, self.classes.len() as u64, self.m_dim as u64);
        let longest = self.classes.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(1);
        let mut archive = NpzWriter::new(out);
        self.index.put(&mut archive, "index", &[n], "<i8")?;
        self.class.put(&mut archive, "class", &[n], "<i8")?;
        self.probabilities.put(&mut archive, "probabilities", &[n, classes], "<f8")?;
        self.log_px.put(&mut archive, "log_px", &[n], "<f8")?;
        self.verdict.put(&mut archive, "verdict", &[n], &format!("<U{LONGEST_VERDICT}"))?;
        self.evidence.put(&mut archive, "evidence", &[n], "<f8")?;
        self.m.put(&mut archive, "m", &[n, m_dim], "<f4")?;
        let mut names = begin(&mut archive, "classes", &[classes], &format!("<U{longest}"), false)?;
        self.classes.iter().try_for_each(|name| add(&mut names, characters(name, longest)))?;
        drop(names);
        archive.zip_writer().finish()?.flush()
    }
}

/// The elements of an array, one after another.
struct Gathered(BufWriter<File>);

impl Gathered {
    fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self(BufWriter::new(tempfile::tempfile_in(folder)?)))
    }

    fn add<const N: usize>(&mut self, elements: impl IntoIterator<Item = [u8; N]>) -> io::Result<()> {
        add(&mut self.0, elements)
    }

    fn put(
        &mut self,
        archive: &mut NpzWriter<impl Write + Seek>,
        name: &str,
        shape: &[u64],
        element: &str,
    ) -> io::Result<()> {
        self.0.flush()?;
        let mut file = self.0.get_ref();
        let large = file.stream_position()? > u64::from(u32::MAX) / 2;
        file.rewind()?;
        io::copy(&mut file, &mut begin(archive, name, shape, element, large)?).map(drop)
    }
}

fn add<const N: usize>(out: &mut impl Write, elements: impl IntoIterator<Item = [u8; N]>) -> io::Result<()> {
    elements.into_iter().try_for_each(|element| out.write_all(&element))
}

/// Text as NumPy has it: four bytes a character, filled up with zeros.
fn characters(text: &str, length: usize) -> impl Iterator<Item = [u8; 4]> {
    text.chars().map(|c| u32::from(c).to_le_bytes()).chain(std::iter::repeat([0; 4])).take(length)
}

/// Begins an array; its elements are to be written to what is returned.
fn begin<'z, W: Write + Seek>(
    archive: &'z mut NpzWriter<W>,
    name: &str,
    shape: &[u64],
    element: &str,
    large: bool,
) -> io::Result<impl Write + use<'z, W>> {
    let element = DType::Plain(element.parse().map_err(io::Error::other)?);
    // No time of writing: the same predictions are the same bytes.
    let options = FileOptions::default().last_modified_time(npyz::zip::DateTime::default()).large_file(large);
    archive.array::<u8>(name, options)?.dtype(element).shape(shape).write_header_only()
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use npyz::npz::NpzArchive;

    use super::super::writers::tests::decision;
    use super::*;

    #[test]
    fn numpy_finds_every_array() {
        let folder = tempfile::tempdir().unwrap();
        let (decision, classes) = decision();
        let mut file = tempfile::tempfile_in(folder.path()).unwrap();
        let mut npz = Npz::new(&file, &folder.path().join("p.npz"), &classes).unwrap();
        (0..3).for_each(|i| npz.put(i + 5, &decision).unwrap());
        npz.finish().unwrap();
        drop(npz);
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        let mut archive = NpzArchive::new(Cursor::new(bytes)).unwrap();
        let mut array = |name: &str| archive.by_name(name).unwrap().unwrap();
        assert_eq!(array("index").into_vec::<i64>().unwrap(), [5, 6, 7]);
        assert_eq!(array("class").into_vec::<i64>().unwrap(), [1, 1, 1]);
        assert_eq!(array("probabilities").shape(), [3, 2]);
        assert_eq!(array("probabilities").into_vec::<f64>().unwrap()[..2], [0.25, 0.75]);
        assert_eq!(array("verdict").into_vec::<String>().unwrap(), ["as-it-was"; 3]);
        assert_eq!(array("m").into_vec::<f32>().unwrap(), [0.5; 3]);
        assert_eq!(array("classes").into_vec::<String>().unwrap(), classes);
        // Nothing is left behind of what was gathered.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
