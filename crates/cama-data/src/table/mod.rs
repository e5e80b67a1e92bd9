//! Tables of measurements: rows of columns that are parents, children and co-parents of the target.
//!
//! A [`Table`] comes from a file ([`Table::open`]) or from columns in memory ([`Table::from_columns`]); what follows is the
//! same for both. A file is CSV or Parquet, told by its extension, with a range of rows if wanted, end excluded:
//! `table.csv`, `table.tsv[..1000]`, `table.parquet[500..600]`. CSV may be compressed by gzip or zstd (`table.csv.gz`,
//! `table.csv.zst`), or come through standard input (`-`). It needs a header; its fields stand between commas, semicolons or
//! tabs, whichever the header has most of. The order of the columns is of no matter.
//!
//! [`Table::learn`] reads the training table and finds what its columns hold:
//!
//! | kind | a column whose values are | encoded as |
//! |---|---|---|
//! | boolean | `false` and `true`, `no` and `yes`, `f` and `t`, `n` and `y`, `off` and `on`, or `0` and `1` | 0 or 1 |
//! | number | numbers | (x − mean) / sd of its [`Reading`]: the number, or its signed logarithm where that fits the classes better |
//! | category | anything else, at most 1000 different | one value for each, 1 for the one that is there |
//!
//! What a column is taken for can be given instead. Upper and lower case are the same for the words of booleans,
//! and only for them; blanks around a text do not count; `3.0` and `3` are one category. A missing value is an
//! empty cell, a null or `None`, a NaN, or one of the words of [`MissingValues`] in any case.
//!
//! Numbers may be written with a decimal point or a decimal comma, and with marks between thousands ([`Decimal`]): each table
//! is looked at for how it writes them, and what could be meant otherwise is told. A column of whole numbers of which one
//! begins with a zero, as `00123`, holds codes: it is a category.
//!
//! [`Table::read`] encodes other tables as the training table was, into [`Rows`]; [`Table::batches`] goes through tables that
//! may be larger than memory. [`Schema::learn`], [`Schema::read`] and [`TableBatches::open`] do the same with the path of a
//! file. A [`Rewriter`] writes a file again with some of its cells replaced.

mod batches;
mod bytes;
mod cells;
mod check;
mod column_values;
mod csv_file;
mod csv_start;
mod dates;
mod decimal;
mod encode;
mod extension;
mod file;
mod fixed_point;
mod heading;
mod infer;
mod leaf;
mod learn;
mod memory;
mod missing;
mod notation;
mod number;
mod oddities;
mod origin;
mod parquet_column;
mod parquet_file;
mod parquet_footer;
mod parts;
mod read;
mod reading;
mod rewrite;
mod rows;
mod schema;
mod source;
// Named for the type that it defines.
#[allow(clippy::module_inception)]
mod table;

pub use batches::{TableBatches, rows_in_a_batch};
pub use column_values::ColumnValues;
pub use decimal::Decimal;
pub use file::{columns, is_standard_input, is_table};
pub use learn::{LearnOptions, Learnt};
pub use missing::MissingValues;
pub use parts::TableParts;
pub use reading::Reading;
pub use rewrite::{Edit, Rewriter, TableFormat, edits};
pub use rows::Rows;
pub use schema::{Cell, Column, ColumnType, Kind, Missing, Schema, Unseen};
pub use table::Table;

/// What was done with a table that its owner may want to know, in words.
pub type Notices = Vec<String>;

#[cfg(test)]
pub(crate) use rows::tests::example_rows;
#[cfg(test)]
pub(crate) use schema::tests::example_schema;
