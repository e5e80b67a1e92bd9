//! `rows.jsonl`: what a judgement's cell holds, a line for each row of `cama evaluate`, with the answer to each example.

use std::path::Path;

use cama::{Error, Result};
use cama_eval::Row;
use serde::{Deserialize, Serialize};

/// A row as it is written.
#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    row: Row,
    /// `1` for each example that was answered correctly and `0` for each other; cells of before do not have it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    correct: String,
}

/// The text of `rows`.
///
/// # Errors
///
/// If a number of them cannot be written.
pub fn write_rows(rows: &[Row]) -> serde_json::Result<String> {
    let line = |row: &Row| {
        let correct = row.score.correct.iter().map(|&correct| if correct { '1' } else { '0' }).collect();
        serde_json::to_string(&Line { row: row.clone(), correct })
    };
    let lines: serde_json::Result<Vec<String>> = rows.iter().map(line).collect();
    Ok(lines?.join("\n") + "\n")
}

/// The rows that were written to `path`.
///
/// # Errors
///
/// If the file cannot be read or holds something else.
pub fn read_rows(path: &Path) -> Result<Vec<Row>> {
    let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
    let row = |line: &str| {
        let Line { mut row, correct } = serde_json::from_str(line)
            .map_err(|error| Error::data(path, error.to_string(), "remove the cell's folder"))?;
        row.score.correct = correct.chars().map(|c| c == '1').collect();
        Ok(row)
    };
    text.lines().map(row).collect()
}

#[cfg(test)]
mod tests {
    use cama_eval::Score;

    use super::*;

    #[test]
    fn answers_survive_and_cells_of_before_are_read() {
        let probabilities = vec![vec![0.9, 0.1], vec![0.2, 0.8], vec![0.7, 0.3]];
        let row = Row {
            data: "d".into(),
            classifier: "bayes".into(),
            manipulation: "none".into(),
            severity: 0.0,
            score: Score::of_probabilities(&probabilities, &[0, 0, 0]).unwrap(),
            guard: None,
            attack: None,
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.jsonl");
        let text = write_rows(&[row.clone(), row.clone()]).unwrap();
        assert!(text.contains(r#""correct":"101""#), "{text}");
        std::fs::write(&path, text).unwrap();
        assert_eq!(read_rows(&path).unwrap(), [row.clone(), row.clone()]);
        std::fs::write(&path, serde_json::to_string(&row).unwrap()).unwrap();
        let read = read_rows(&path).unwrap();
        assert!(read[0].score.correct.is_empty() && read[0].score.accuracy == row.score.accuracy);
        std::fs::write(&path, "{").unwrap();
        assert!(read_rows(&path).is_err());
    }
}
