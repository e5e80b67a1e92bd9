//! One unit of work: a command with its flags, known by the hash of what determines its result.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use toml::{Table, Value};

/// Raised when a change of the program changes what cells hold, so that previous ones are not used any more.
const VERSION: u32 = 3;

/// What stands for the folder of cells in flags.
const CELLS: &str = "\u{1}";

/// The name of a cell: a hash in hexadecimal digits.
pub type CellId = String;

/// One unit of work.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The hash of all below.
    pub id: CellId,
    /// The command of `cama`: `train`, `adapt`, `evaluate`, …
    pub command: String,
    /// Its flags, in the order of their names; those with paths below the folder of cells have a mark in its place.
    flags: Table,
    /// `--seed`.
    pub seed: u64,
    /// The cells whose results it reads.
    pub needs: Vec<CellId>,
}

impl Cell {
    /// A cell; `fingerprints` are those of the files that it reads and no cell made.
    pub fn new(command: &str, flags: Table, seed: u64, needs: Vec<CellId>, fingerprints: &[String]) -> Self {
        let mut text = format!("{VERSION}\n{command}\n{seed}\n");
        // Tables of TOML are sorted by their keys.
        for (key, value) in &flags {
            let _ = writeln!(text, "{key} = {value}");
        }
        fingerprints.iter().for_each(|fingerprint| {
            let _ = writeln!(text, "{fingerprint}");
        });
        let hash = Sha256::digest(text.as_bytes());
        let id = hash[..10].iter().fold(String::new(), |id, byte| id + &format!("{byte:02x}"));
        Self { id, command: command.into(), flags, seed, needs }
    }

    /// What a flag's text has for the result of the cell `id`.
    pub fn reference(id: &str) -> String {
        format!("{CELLS}{id}")
    }

    /// The flags as they are kept, with a mark in the place of the folder of cells.
    pub(crate) fn written(&self) -> &Table {
        &self.flags
    }

    /// The flags, where the results of cells are in `folder`.
    pub fn flags(&self, folder: &Path) -> Table {
        let placed = |value: &Value| match value {
            Value::String(text) => Value::String(placed(text, folder)),
            Value::Array(all) => Value::Array(
                all.iter()
                    .map(|value| match value {
                        Value::String(text) => Value::String(placed(text, folder)),
                        other => other.clone(),
                    })
                    .collect(),
            ),
            other => other.clone(),
        };
        self.flags.iter().map(|(key, value)| (key.clone(), placed(value))).collect()
    }

    /// The name of its result in its folder: a folder, or a file.
    pub fn result(&self) -> &'static str {
        match self.command.as_str() {
            "evaluate" => "rows.jsonl",
            "show" => "picture.png",
            _ => "out",
        }
    }

    /// Where its result is, in the folder of cells.
    pub fn result_in(&self, folder: &Path) -> PathBuf {
        folder.join(&self.id).join(self.result())
    }
}

/// Other cells' results are folders, `out`.
fn placed(text: &str, folder: &Path) -> String {
    let mut placed = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(CELLS) {
        let end = after.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(after.len());
        let path = folder.join(&after[..end]).join("out");
        placed.push_str(before);
        placed.push_str(&path.display().to_string());
        rest = &after[end..];
    }
    placed + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(flags: &str, seed: u64, fingerprint: &str) -> Cell {
        Cell::new("train", flags.parse().unwrap(), seed, vec![], &[fingerprint.to_string()])
    }

    #[test]
    fn a_cell_is_known_by_all_that_determines_it_and_by_nothing_else() {
        let first = cell("a = 1\nb = \"x\"", 1, "f");
        assert_eq!(first, cell("b = \"x\"\na = 1", 1, "f"));
        for other in [
            cell("a = 2\nb = \"x\"", 1, "f"),
            cell("a = 1\nb = \"x\"", 2, "f"),
            cell("a = 1\nb = \"x\"", 1, "g"),
        ] {
            assert_ne!(first.id, other.id);
        }
    }

    #[test]
    fn results_of_other_cells_are_found_wherever_the_cells_are() {
        let flags = format!("data = \"{}/table.csv[..3]\"", Cell::reference("ab12"));
        let flags = flags.replace('\u{1}', "\\u0001");
        let cell = cell(&flags, 1, "");
        let at = cell.flags(Path::new("here/cells"));
        assert_eq!(at["data"].as_str(), Some("here/cells/ab12/out/table.csv[..3]"));
    }
}
