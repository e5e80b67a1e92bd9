//! Which class of the model each of a classifier's outputs is.

use std::fs::File;
use std::path::Path;

use cama::{Error, Result};

const REMEDY: &str = "write one class of the model a line, in the order of the classifier's outputs";

/// Reads the names of a classifier's classes, in the order of its outputs: one a line, or `index,name` with each index
/// from 0 once, in any order.
pub(crate) fn read(path: &Path) -> Result<Vec<String>> {
    let file = File::open(path).map_err(Error::io("read", path))?;
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(file);
    let mut rows: Vec<(u64, csv::StringRecord)> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(0, |position| position.line());
            match error.into_kind() {
                csv::ErrorKind::Io(error) => Error::io("read", path)(error),
                _ => Error::data(path, format!("line {line} is no text"), REMEDY),
            }
        })?;
        rows.push((record.position().map_or(0, |position| position.line()), record));
    }
    if rows.is_empty() {
        return Err(Error::data(path, "it is empty", REMEDY));
    }
    let wrong = |line: u64, what: &str| Error::data(path, format!("line {line} {what}"), REMEDY);
    let width = rows[0].1.len();
    if let Some((line, _)) = rows.iter().find(|(_, row)| row.len() != width || width > 2) {
        return Err(wrong(*line, "is neither a name nor `index,name`"));
    }
    if let Some((line, _)) = rows.iter().find(|(_, row)| row[width - 1].is_empty()) {
        return Err(wrong(*line, "has no name"));
    }
    if width == 1 {
        return Ok(rows.iter().map(|(_, row)| row[0].to_string()).collect());
    }
    // A header is told by having no number where the index stands.
    if rows[0].1[0].parse::<usize>().is_err() && rows.len() > 1 {
        rows.remove(0);
    }
    let mut names = vec![None; rows.len()];
    for (line, row) in &rows {
        let place = row[0].parse::<usize>().ok().and_then(|index| names.get_mut(index));
        let place = place.ok_or_else(|| {
            wrong(*line, &format!("has index `{}`, not a number below {}", &row[0], rows.len()))
        })?;
        if place.replace(row[1].to_string()).is_some() {
            return Err(wrong(*line, &format!("has index {} a second time", &row[0])));
        }
    }
    Ok(names.into_iter().flatten().collect())
}

/// For each class of the model, the place that it has among the classifier's outputs.
///
/// `source` is where the names come from, for messages.
pub(crate) fn places(source: &Path, names: &[String], classes: &[String]) -> Result<Vec<usize>> {
    let wrong = |what: String| {
        let remedy = format!("give each of the model's classes once: {}", classes.join(", "));
        Error::data(source, what, remedy)
    };
    if let Some(unknown) = names.iter().find(|name| !classes.contains(name)) {
        return Err(wrong(format!("class `{unknown}` is not one of the model")));
    }
    let place = |class: &String| {
        let mut places = (0..names.len()).filter(|place| names[*place] == *class);
        match (places.next(), places.next()) {
            (Some(place), None) => Ok(place),
            (None, _) => Err(wrong(format!("the model's class `{class}` is missing"))),
            (Some(_), Some(_)) => Err(wrong(format!("class `{class}` is there twice"))),
        }
    };
    classes.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Result<Vec<String>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path())
    }

    #[test]
    fn names_are_read_one_a_line_or_with_their_index() {
        for text in ["b\nc\na\n", "b\r\nc\r\n\r\na", "2,a\n0,b\n1,c\n", "index,name\n0,b\n1,c\n2, a\n"] {
            assert_eq!(names(text).unwrap(), ["b", "c", "a"], "{text:?}");
        }
        assert_eq!(names("\"a, or b\"\nc\n").unwrap(), ["a, or b", "c"]);
    }

    #[test]
    fn bad_files_name_the_line() {
        for (text, part) in [
            ("", "it is empty"),
            ("a\nb,c\n", "line 2 is neither"),
            ("a,b,c\n", "line 1 is neither"),
            ("0,a\n0,b\n", "line 2 has index 0 a second time"),
            ("0,a\n2,b\n", "line 2 has index `2`, not a number below 2"),
            ("0,a\n1,\n", "line 2 has no name"),
        ] {
            let error = names(text).expect_err(text).to_string();
            assert!(error.contains(part), "{error}");
        }
        assert!(names("\0\u{fffd}").is_ok());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"a\n\xff\xfe\n").unwrap();
        assert!(read(file.path()).unwrap_err().to_string().contains("line 2 is no text"));
        assert!(read(Path::new("not-there.txt")).unwrap_err().to_string().contains("not-there.txt"));
    }

    #[test]
    fn every_class_has_one_place() {
        let of = |names: &[&str]| {
            let owned = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
            places(Path::new("labels.txt"), &owned(names), &owned(&["a", "b", "c"]))
                .map_err(|e| e.to_string())
        };
        assert_eq!(of(&["b", "c", "a"]).unwrap(), [2, 0, 1]);
        for (names, part) in [
            (&["a", "b"][..], "labels.txt: the model's class `c` is missing; give each"),
            (&["a", "b", "b", "c"], "class `b` is there twice"),
            (
                &["a", "b", "d"],
                "class `d` is not one of the model; give each of the model's classes once: a, b, c",
            ),
        ] {
            let text = of(names).unwrap_err();
            assert!(text.contains(part), "{text}");
        }
    }
}
