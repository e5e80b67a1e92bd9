//! `cama predict`: the class of every image.

use std::io::{self, Write};
use std::path::Path;

use cama::{Error, Prediction, predict_each};
use npyz::WriterBuilder;
use npyz::npz::NpzWriter;
use npyz::zip::write::FileOptions;
use npyz::{DType, Serialize as NpySerialize};
use serde_json::json;

use super::{load_images, load_model};
use crate::flags::PredictCommand;
use crate::output::Output;
use crate::progress::count;
use crate::session::Session;

/// Writes the predictions to a file or to standard output.
///
/// # Errors
///
/// If the model, the images or the output path cannot be used.
pub fn run(flags: &PredictCommand, session: &Session) -> anyhow::Result<()> {
    let format = flags.out.as_deref().map_or(Ok(Format::Csv), Format::of)?;
    let out = flags.out.as_deref().map(|path| Output::file(path, flags.force)).transpose()?;
    let stored = load_model(&flags.model, session)?;
    let config = flags.prediction.config(&stored.card, session.seeds.predict)?;
    let seed = session.seeds.manipulate;
    let images = load_images(&flags.data, flags.manipulate.as_ref(), &stored, seed)?;
    session.detail(|| format!("{} with {config:?}", images.name()));

    let bar = count(session, images.len(), "predicting");
    let mut predictions = Vec::with_capacity(images.len());
    predict_each(&stored.model, &images, &config, |prediction| {
        bar.inc(1);
        predictions.push(prediction);
    })?;
    bar.finish_and_clear();
    let classes = &stored.card.classes;
    match out {
        None => write_csv(&mut io::stdout().lock(), &predictions, classes)?,
        Some(out) => cama::files::write_atomic(out.path(), |file| match format {
            Format::Csv => write_csv(file, &predictions, classes),
            Format::JsonLines => write_json_lines(file, &predictions, classes),
            Format::Npz => write_npz(file, &predictions, classes),
        })?,
    }
    Ok(())
}

/// How predictions are written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Format {
    Csv,
    JsonLines,
    Npz,
}

impl Format {
    /// By the file's extension.
    fn of(path: &Path) -> cama::Result<Self> {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
        match extension.as_str() {
            "csv" => Ok(Self::Csv),
            "jsonl" => Ok(Self::JsonLines),
            "npz" => Ok(Self::Npz),
            other => Err(Error::unknown_name("output format", other, &["csv", "jsonl", "npz"])),
        }
    }
}

/// `index,class,class_index,log_px` and one column `p(class)` for every class.
fn write_csv(out: &mut dyn Write, predictions: &[Prediction], classes: &[String]) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let header = ["index", "class", "class_index", "log_px"].map(String::from).into_iter();
    let header = header.chain(classes.iter().map(|class| format!("p({class})")));
    csv.write_record(header).map_err(unwrapped)?;
    for (i, prediction) in predictions.iter().enumerate() {
        let Prediction { class, probabilities, log_px, .. } = prediction;
        let first = [i.to_string(), classes[*class].clone(), class.to_string(), log_px.to_string()];
        // The shortest digits that are read back as the same number: `1.4e-24`, not a row of zeros.
        let row = first.into_iter().chain(probabilities.iter().map(|p| format!("{p:?}")));
        csv.write_record(row).map_err(unwrapped)?;
    }
    csv.flush()
}

/// The operating system's error itself, so that a closed pipe can be told from others.
fn unwrapped(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// One object an image, with the m that was used.
fn write_json_lines(out: &mut impl Write, predictions: &[Prediction], classes: &[String]) -> io::Result<()> {
    for (i, prediction) in predictions.iter().enumerate() {
        let Prediction { class, probabilities, log_px, m } = prediction;
        let line = json!({
            "index": i, "class": classes[*class], "class_index": class,
            "probabilities": probabilities, "log_px": log_px, "m": m,
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Arrays `class` (indices), `probabilities`, `log_px`, `m` and `classes` (names).
fn write_npz(
    out: &mut (impl Write + io::Seek),
    predictions: &[Prediction],
    classes: &[String],
) -> io::Result<()> {
    let n = predictions.len() as u64;
    let m_dim = predictions.first().map_or(0, |p| p.m.len()) as u64;
    let longest = classes.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(1);
    let mut archive = NpzWriter::new(out);
    put(&mut archive, "class", &[n], "<i8", predictions.iter().map(|p| p.class as i64))?;
    let probabilities = predictions.iter().flat_map(|p| p.probabilities.iter().copied());
    put(&mut archive, "probabilities", &[n, classes.len() as u64], "<f8", probabilities)?;
    put(&mut archive, "log_px", &[n], "<f8", predictions.iter().map(|p| p.log_px))?;
    put(&mut archive, "m", &[n, m_dim], "<f4", predictions.iter().flat_map(|p| p.m.iter().copied()))?;
    let names = classes.iter().map(String::as_str);
    put(&mut archive, "classes", &[classes.len() as u64], &format!("<U{longest}"), names)?;
    archive.zip_writer().finish()?.flush()
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
    use super::*;

    fn predictions() -> (Vec<Prediction>, Vec<String>) {
        let prediction = Prediction { class: 1, probabilities: vec![0.25, 0.75], log_px: -1.5, m: vec![0.5] };
        (vec![prediction], vec!["a".into(), "b, \"c\"".into()])
    }

    #[test]
    fn class_names_survive_csv() {
        let (predictions, classes) = predictions();
        let mut out = Vec::new();
        write_csv(&mut out, &predictions, &classes).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "index,class,class_index,log_px,p(a),\"p(b, \"\"c\"\")\"\n0,\"b, \"\"c\"\"\",1,-1.5,0.25,0.75\n"
        );
    }

    #[test]
    fn json_lines_hold_everything() {
        let (predictions, classes) = predictions();
        let mut out = Vec::new();
        write_json_lines(&mut out, &predictions, &classes).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!((&value["class"], &value["m"][0]), (&json!("b, \"c\""), &json!(0.5)));
    }

    #[test]
    fn the_extension_is_the_format() {
        assert_eq!(Format::of(Path::new("x.JSONL")).unwrap(), Format::JsonLines);
        let text = Format::of(Path::new("x.json")).unwrap_err().to_string();
        assert!(text.contains("did you mean `jsonl`?"), "{text}");
    }
}
