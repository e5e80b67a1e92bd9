//! Writing a table again with some of its cells replaced: everything else stays as it was.

mod batch;
mod csv_out;
mod edit;
mod format;
mod parquet_out;
mod rewriter;

pub use self::edit::{Edit, edits};
pub use self::format::TableFormat;
pub use self::rewriter::Rewriter;

#[cfg(test)]
mod tests;
