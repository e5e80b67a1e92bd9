//! Flags that say what the columns of a table are.

use std::path::PathBuf;

use cama::data::table::{ColumnType, Decimal, LearnOptions, Missing, MissingValues, Unseen};
use clap::Args;

use super::graph::{Declared, declared};
use super::overlay::named;
use super::pictures::PictureFlags;

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
    #[command(flatten)]
    pub written: WrittenFlags,
}

/// How a table is written.
#[derive(Args, Default)]
#[command(next_help_heading = "Table")]
pub struct WrittenFlags {
    /// What stands for a missing value, besides an empty cell, in place of `NA`, `N/A`, `#N/A`, `NaN`, `null`, `?` and `-`;
    /// upper and lower case are the same. A model keeps the list.
    #[arg(long, value_name = "WORD,…", value_delimiter = ',', allow_hyphen_values = true)]
    pub missing_values: Option<Vec<String>>,
    /// The mark before the decimals of numbers in CSV: `0.5` or `0,5`; found out unless given.
    #[arg(long, value_name = "point|comma", value_parser = named::<Decimal>)]
    pub decimal: Option<Decimal>,
}

impl WrittenFlags {
    /// The words for missing values, if they are given.
    pub fn missing_values(&self) -> Option<MissingValues> {
        self.missing_values.as_ref().map(MissingValues::new)
    }
}

impl TableFlags {
    /// How to read the training table.
    pub fn options(&self) -> LearnOptions {
        LearnOptions {
            types: self.types.iter().cloned().collect(),
            missing: self.missing.unwrap_or_default(),
            missing_values: self.written.missing_values().unwrap_or_default(),
            decimal: self.written.decimal,
        }
    }
}

/// How to read data for a model that knows its columns, or its images.
#[derive(Args, Default)]
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
    /// The column that names the rows, such as a patient's number: what is said of each row stands beside it.
    #[arg(long, value_name = "COLUMN")]
    pub key: Option<String>,
    /// What to do about a category or a truth value that the training data does not have: `error`, or take it for `missing`,
    /// which costs its row unless missing values are imputed; `missing` unless given.
    #[arg(long, value_name = "error|missing", value_parser = named::<Unseen>)]
    pub unseen: Option<Unseen>,
    #[command(flatten)]
    pub written: WrittenFlags,
    #[command(flatten)]
    pub pictures: PictureFlags,
    /// Whether what is read is the model's own training data, as it was read then.
    #[arg(skip)]
    pub is_training_data: bool,
}

impl ReadFlags {
    /// How to read the training data where these flags are about other data: without what says how that is written.
    pub fn of_training_data(&self) -> Self {
        let Self { graph, target, missing, .. } = self;
        let (graph, target) = (graph.clone(), target.clone());
        Self { graph, target, missing: *missing, is_training_data: true, ..Self::default() }
    }
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
