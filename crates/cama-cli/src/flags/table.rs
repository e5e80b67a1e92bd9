//! Flags that say what the columns of a table are.

use std::path::PathBuf;

use cama::data::table::{ColumnType, LearnOptions, Missing};
use clap::Args;

use super::graph::{Declared, declared};
use super::overlay::named;

/// The table and its causal graph, for a model that is to be trained.
#[derive(Args)]
#[command(next_help_heading = "Table")]
pub struct TableFlags {
    /// The causal graph of a table's columns, DOT or GML: it makes the data a table.
    #[arg(long, value_name = "G.dot", requires = "target")]
    pub graph: Option<PathBuf>,
    /// The column to predict.
    #[arg(long, value_name = "Y", requires = "graph")]
    pub target: Option<String>,
    /// What a column is to the target, whatever the graph says: `parent`, `child`, `co-parent` or `ignore`.
    #[arg(long, value_name = "COLUMN=ROLE", num_args = 1.., value_parser = declared, requires = "graph")]
    pub role: Vec<Declared>,
    /// What a column is taken for: `number`, `integer`, `boolean` or `category`; found out unless given.
    #[arg(long = "type", value_name = "COLUMN=TYPE", num_args = 1.., value_parser = typed, requires = "graph")]
    pub types: Vec<(String, ColumnType)>,
    /// What to do about missing values: `error`, `drop` the row, or `impute` the mean or the most frequent value.
    #[arg(long, value_name = "error|drop|impute", value_parser = named::<Missing>)]
    pub missing: Option<Missing>,
}

impl TableFlags {
    /// How to read the training table.
    pub fn options(&self) -> LearnOptions {
        LearnOptions {
            types: self.types.iter().cloned().collect(),
            missing: self.missing.unwrap_or_default(),
        }
    }
}

/// How to read a table for a model that knows its columns.
#[derive(Args)]
#[command(next_help_heading = "Table")]
pub struct ReadFlags {
    /// The causal graph; the model knows it, but if it is given it must say the same.
    #[arg(long, value_name = "G.dot", requires = "target")]
    pub graph: Option<PathBuf>,
    /// The column to predict; the model knows it, but if it is given it must be the same.
    #[arg(long, value_name = "Y")]
    pub target: Option<String>,
    /// What to do about missing values: `error`, `drop` the row, or `impute` the mean or the most frequent value
    /// of the training data; as in training unless given.
    #[arg(long, value_name = "error|drop|impute", value_parser = named::<Missing>)]
    pub missing: Option<Missing>,
}

/// Reads `COLUMN=TYPE`; the column may have `=` in its name.
fn typed(text: &str) -> std::result::Result<(String, ColumnType), String> {
    let (column, kind) = text.rsplit_once('=').ok_or("write COLUMN=TYPE, as in `age=number`")?;
    let unknown = |_| format!("unknown type `{kind}`; one of number, integer, boolean, category");
    Ok((column.to_string(), named::<ColumnType>(kind).map_err(unknown)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_given_by_column() {
        assert_eq!(typed("a=b=category"), Ok(("a=b".into(), ColumnType::Category)));
        assert!(typed("a").unwrap_err().contains("COLUMN=TYPE"));
        assert!(typed("a=float").unwrap_err().contains("unknown type `float`; one of number"));
    }
}
