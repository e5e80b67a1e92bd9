//! Flags of `cama check`.

use clap::Args;

use super::pictures::PictureFlags;
use super::table::TableFlags;

/// `cama check`
#[derive(Args)]
pub struct CheckFlags {
    /// The images or, with --graph, the CSV or Parquet table.
    #[arg(long, value_name = "D")]
    pub data: String,
    #[command(flatten)]
    pub pictures: PictureFlags,
    #[command(flatten)]
    pub table: TableFlags,
}
