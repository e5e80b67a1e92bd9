//! Predictions as files.

use std::io::{self, Write};
use std::path::Path;

use cama::{Decision, Error, Ways};
use npyz::WriterBuilder;
use npyz::npz::NpzWriter;
use npyz::zip::write::FileOptions;
use npyz::{DType, Serialize as NpySerialize};
use serde_json::json;

use crate::writing::{ending, unwrapped};

/// Characters of the longest name of a verdict.
const LONGEST_VERDICT: usize = "unexplained".len();

/// How predictions are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Format {
    Csv,
    JsonLines,
    Npz,
}

impl Format {
    /// By the file's extension.
    pub fn of(path: &Path) -> cama::Result<Self> {
        let extension = ending(path);
        match extension.as_str() {
            "csv" => Ok(Self::Csv),
            "jsonl" => Ok(Self::JsonLines),
            "npz" => Ok(Self::Npz),
            other => Err(Error::unknown_name("output format", other, &["csv", "jsonl", "npz"])),
        }
    }
}

/// Takes predictions one after another.
pub trait Writer {
    /// Writes the prediction of the image or row that stands at `index` in its file, counted from 0.
    fn put(&mut self, index: usize, decision: &Decision) -> io::Result<()>;

    /// Writes what is left to write.
    fn finish(&mut self) -> io::Result<()>;
}

/// `index,class,class_index,log_px,verdict` and one column `p(class)` for every class.
pub struct Csv<'a, W: Write> {
    csv: csv::Writer<W>,
    classes: &'a [String],
    begun: bool,
}

impl<'a, W: Write> Csv<'a, W> {
    /// Nothing is written yet: the header comes with the first prediction, and not before what can go wrong until then.
    pub fn new(out: W, classes: &'a [String]) -> Self {
        Self { csv: csv::Writer::from_writer(out), classes, begun: false }
    }

    fn begin(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        let header = ["index", "class", "class_index", "log_px", "verdict"].map(String::from).into_iter();
        let header = header.chain(self.classes.iter().map(|class| format!("p({class})")));
        self.csv.write_record(header).map_err(unwrapped)
    }
}

impl<W: Write> Writer for Csv<'_, W> {
    fn put(&mut self, index: usize, decision: &Decision) -> io::Result<()> {
        self.begin()?;
        let Decision { class, probabilities, log_px, verdict, .. } = decision;
        let first = [
            index.to_string(),
            self.classes[*class].clone(),
            class.to_string(),
            log_px.to_string(),
            verdict.name().to_string(),
        ];
        // The shortest digits that are read back as the same number: `1.4e-24`, not a row of zeros.
        let row = first.into_iter().chain(probabilities.iter().map(|p| format!("{p:?}")));
        self.csv.write_record(row).map_err(unwrapped)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.begin()?;
        self.csv.flush()
    }
}

/// One object an example, with the mean of q2(m|x) where it was asked for.
pub struct JsonLines<'a, W: Write> {
    pub out: W,
    pub classes: &'a [String],
}

impl<W: Write> Writer for JsonLines<'_, W> {
    fn put(&mut self, index: usize, decision: &Decision) -> io::Result<()> {
        let Decision { class, probabilities, log_px, verdict, m, m_sd, evidence, misfit, .. } = decision;
        let line = json!({
            "index": index, "class": self.classes[*class], "class_index": class,
            "probabilities": probabilities, "log_px": log_px, "verdict": verdict, "evidence": evidence,
            "misfit_as_it_was": misfit[0], "misfit_restored": misfit[1], "m": m, "m_sd": m_sd,
        });
        writeln!(self.out, "{line}")
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Arrays `index`, `class` (indices), `probabilities`, `log_px`, `verdict`, `evidence`, `m` and `classes` (names). The archive needs to know
/// how many there are, so they are kept until then.
pub struct Npz<'a, W: Write + io::Seek> {
    out: Option<W>,
    classes: &'a [String],
    all: Vec<(usize, Decision)>,
}

impl<'a, W: Write + io::Seek> Npz<'a, W> {
    /// An archive that nothing is in yet.
    pub fn new(out: W, classes: &'a [String]) -> Self {
        Self { out: Some(out), classes, all: Vec::new() }
    }
}

impl<W: Write + io::Seek> Writer for Npz<'_, W> {
    fn put(&mut self, index: usize, decision: &Decision) -> io::Result<()> {
        // What only restoration needs is not kept.
        let decision = Decision { restored: Vec::new(), ways: Ways::default(), ..decision.clone() };
        self.all.push((index, decision));
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let Some(out) = self.out.take() else { return Ok(()) };
        let (all, classes) = (&self.all, self.classes);
        let n = all.len() as u64;
        let m_dim = all.first().map_or(0, |(_, p)| p.m.len()) as u64;
        let longest = classes.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(1);
        let mut archive = NpzWriter::new(out);
        put(&mut archive, "index", &[n], "<i8", all.iter().map(|(index, _)| *index as i64))?;
        put(&mut archive, "class", &[n], "<i8", all.iter().map(|(_, p)| p.class as i64))?;
        let probabilities = all.iter().flat_map(|(_, p)| p.probabilities.iter().copied());
        put(&mut archive, "probabilities", &[n, classes.len() as u64], "<f8", probabilities)?;
        put(&mut archive, "log_px", &[n], "<f8", all.iter().map(|(_, p)| p.log_px))?;
        let verdicts = all.iter().map(|(_, p)| p.verdict.name());
        put(&mut archive, "verdict", &[n], &format!("<U{LONGEST_VERDICT}"), verdicts)?;
        put(&mut archive, "evidence", &[n], "<f8", all.iter().map(|(_, p)| p.evidence))?;
        put(&mut archive, "m", &[n, m_dim], "<f4", all.iter().flat_map(|(_, p)| p.m.iter().copied()))?;
        let names = classes.iter().map(String::as_str);
        put(&mut archive, "classes", &[classes.len() as u64], &format!("<U{longest}"), names)?;
        archive.zip_writer().finish()?.flush()
    }
}

fn put<T: NpySerialize>(
    archive: &mut NpzWriter<impl Write + io::Seek>,
    name: &str,
    shape: &[u64],
    element: &str,
    values: impl Iterator<Item = T>,
) -> io::Result<()> {
    let element = DType::Plain(element.parse().map_err(io::Error::other)?);
    // No time of writing: the same predictions are the same bytes.
    let options = FileOptions::default().last_modified_time(npyz::zip::DateTime::default());
    let mut array = archive.array(name, options)?.dtype(element).shape(shape).begin_nd()?;
    array.extend(values)?;
    array.finish()
}

#[cfg(test)]
mod tests {
    use cama::Verdict;

    use super::*;

    fn decision() -> (Decision, Vec<String>) {
        let decision = Decision {
            verdict: Verdict::AsItWas,
            class: 1,
            probabilities: vec![0.25, 0.75],
            ways: Ways::default(),
            m: vec![0.5],
            m_sd: vec![0.1],
            restored: Vec::new(),
            log_px: -1.5,
            evidence: 2.0,
            misfit: [3.0, 4.0],
        };
        (decision, vec!["a".into(), "b, \"c\"".into()])
    }

    #[test]
    fn class_names_survive_csv() {
        let (decision, classes) = decision();
        let mut out = Vec::new();
        let mut csv = Csv::new(&mut out, &classes);
        csv.put(7, &decision).unwrap();
        csv.finish().unwrap();
        drop(csv);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "index,class,class_index,log_px,verdict,p(a),\"p(b, \"\"c\"\")\"\n7,\"b, \"\"c\"\"\",1,-1.5,as-it-was,0.25,0.75\n"
        );
    }

    #[test]
    fn json_lines_hold_everything() {
        let (decision, classes) = decision();
        let mut out = Vec::new();
        JsonLines { out: &mut out, classes: &classes }.put(0, &decision).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!((&value["class"], &value["m"][0]), (&json!("b, \"c\""), &json!(0.5)));
        assert_eq!((&value["verdict"], &value["misfit_restored"]), (&json!("as-it-was"), &json!(4.0)));
    }

    #[test]
    fn the_extension_is_the_format() {
        assert_eq!(Format::of(Path::new("x.JSONL")).unwrap(), Format::JsonLines);
        let text = Format::of(Path::new("x.json")).unwrap_err().to_string();
        assert!(text.contains("did you mean `jsonl`?"), "{text}");
    }
}
