//! Predictions as files.

use std::io::{self, Write};
use std::path::Path;

use cama::{Decision, Error};
use serde_json::json;

use crate::writing::{ending, unwrapped};

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
        let Decision { class, probabilities, log_px, verdict, m, m_sd, log_bayes_factor, .. } = decision;
        let [as_it_was, restored] = decision.anomaly_score;
        let line = json!({
            "index": index, "class": self.classes[*class], "class_index": class,
            "probabilities": probabilities, "log_px": log_px, "verdict": verdict,
            "log_bayes_factor": log_bayes_factor, "anomaly_score_as_it_was": as_it_was,
            "anomaly_score_restored": restored, "m": m, "m_sd": m_sd,
        });
        writeln!(self.out, "{line}")
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
pub mod tests {
    use cama::{ByRule, Verdict};

    use super::*;

    pub fn decision() -> (Decision, Vec<String>) {
        let decision = Decision {
            verdict: Verdict::AsItWas,
            class: 1,
            probabilities: vec![0.25, 0.75],
            by_rule: ByRule::default(),
            m: vec![0.5],
            m_sd: vec![0.1],
            field: None,
            restored: Vec::new(),
            log_px: -1.5,
            log_bayes_factor: 2.0,
            anomaly_score: [3.0, 4.0],
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
        assert_eq!((&value["verdict"], &value["anomaly_score_restored"]), (&json!("as-it-was"), &json!(4.0)));
    }

    #[test]
    fn the_extension_is_the_format() {
        assert_eq!(Format::of(Path::new("x.JSONL")).unwrap(), Format::JsonLines);
        let text = Format::of(Path::new("x.json")).unwrap_err().to_string();
        assert!(text.contains("did you mean `jsonl`?"), "{text}");
    }
}
