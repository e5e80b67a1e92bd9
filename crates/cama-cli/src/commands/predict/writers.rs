//! Predictions as files.

use std::io::{self, Write};
use std::path::Path;

use cama::data::Names;
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

/// The image or row that a prediction is of.
#[derive(Clone, Copy)]
pub struct Example<'a> {
    /// Where it stands in its data, counted from 0.
    pub index: usize,
    /// What it is called and its place among the names, where it has one.
    pub name: Option<(&'a Names, usize)>,
}

/// Takes predictions one after another. Either all examples have names or none has.
pub trait Writer {
    /// Writes the prediction of one example.
    fn put(&mut self, example: Example, decision: &Decision) -> io::Result<()>;

    /// Writes what is left to write.
    fn finish(&mut self) -> io::Result<()>;
}

/// `index,class,class_index,log_px,verdict` and one column `p(class)` for every class; behind `index` the file of an image, or
/// the key of a row, where there is one.
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

    fn begin(&mut self, names: Option<&Names>) -> io::Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        let first = ["index", "class", "class_index", "log_px", "verdict"].map(String::from).into_iter();
        let mut header: Vec<String> =
            first.chain(self.classes.iter().map(|class| format!("p({class})"))).collect();
        if let Some(names) = names {
            header.insert(1, names.heading_beside(&header).to_string());
        }
        self.csv.write_record(header).map_err(unwrapped)
    }
}

impl<W: Write> Writer for Csv<'_, W> {
    fn put(&mut self, Example { index, name }: Example, decision: &Decision) -> io::Result<()> {
        self.begin(name.map(|(names, _)| names))?;
        let Decision { class, probabilities, log_px, verdict, .. } = decision;
        let of = [index.to_string()].into_iter().chain(name.map(|(names, i)| names.get(i).to_string()));
        let first =
            [self.classes[*class].clone(), class.to_string(), log_px.to_string(), verdict.name().to_string()];
        // The shortest digits that are read back as the same number: `1.4e-24`, not a row of zeros.
        let row = of.chain(first).chain(probabilities.iter().map(|p| format!("{p:?}")));
        self.csv.write_record(row).map_err(unwrapped)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.begin(None)?;
        self.csv.flush()
    }
}

/// One object an example, with the mean of q2(m|x) where it was asked for.
pub struct JsonLines<'a, W: Write> {
    pub out: W,
    pub classes: &'a [String],
}

impl<W: Write> Writer for JsonLines<'_, W> {
    fn put(&mut self, Example { index, name }: Example, decision: &Decision) -> io::Result<()> {
        let Decision { class, probabilities, log_px, verdict, m, m_sd, log_bayes_factor, .. } = decision;
        let [as_it_was, restored] = decision.anomaly_score;
        let mut line = json!({
            "index": index, "class": self.classes[*class], "class_index": class,
            "probabilities": probabilities, "log_px": log_px, "verdict": verdict,
            "log_bayes_factor": log_bayes_factor, "anomaly_score_as_it_was": as_it_was,
            "anomaly_score_restored": restored, "m": m, "m_sd": m_sd,
        });
        if let Some(suspicion) = decision.suspicion {
            line["suspicion"] = suspicion.into();
        }
        if let (Some((names, i)), Some(fields)) = (name, line.as_object_mut()) {
            let heading = names.heading_beside(&fields.keys().collect::<Vec<_>>()).to_string();
            fields.insert(heading, names.get(i).into());
        }
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
            suspicion: None,
            anomaly_score: [3.0, 4.0],
        };
        (decision, vec!["a".into(), "b, \"c\"".into()])
    }

    pub fn names(heading: &str, all: &[&str]) -> Names {
        let mut names = Names::of(heading);
        all.iter().for_each(|name| names.push(name));
        names
    }

    #[test]
    fn what_has_a_name_is_called_by_it() {
        let (decision, classes) = decision();
        let mut out = Vec::new();
        let mut csv = Csv::new(&mut out, &classes);
        let names = names("file", &["b/1.jpg", "a, b.png"]);
        for (index, i) in [(4, 0), (5, 1)] {
            csv.put(Example { index, name: Some((&names, i)) }, &decision).unwrap();
        }
        csv.finish().unwrap();
        drop(csv);
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("index,file,class,class_index,log_px,verdict,"), "{text}");
        assert!(lines[1].starts_with("4,b/1.jpg,") && lines[2].starts_with("5,\"a, b.png\","), "{text}");
    }

    #[test]
    fn class_names_survive_csv() {
        let (decision, classes) = decision();
        let mut out = Vec::new();
        let mut csv = Csv::new(&mut out, &classes);
        csv.put(Example { index: 7, name: None }, &decision).unwrap();
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
        let names = names("verdict", &["a, b.png"]);
        let example = Example { index: 0, name: Some((&names, 0)) };
        JsonLines { out: &mut out, classes: &classes }.put(example, &decision).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!((&value["class"], &value["m"][0]), (&json!("b, \"c\""), &json!(0.5)));
        assert_eq!(value["key"], "a, b.png", "`verdict` is taken");
        assert_eq!((&value["verdict"], &value["anomaly_score_restored"]), (&json!("as-it-was"), &json!(4.0)));
    }

    #[test]
    fn the_extension_is_the_format() {
        assert_eq!(Format::of(Path::new("x.JSONL")).unwrap(), Format::JsonLines);
        let text = Format::of(Path::new("x.json")).unwrap_err().to_string();
        assert!(text.contains("did you mean `jsonl`?"), "{text}");
    }
}
