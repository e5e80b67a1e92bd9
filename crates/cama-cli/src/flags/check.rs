//! Flags of `cama check`.

use std::path::PathBuf;

use clap::Args;

use super::pictures::PictureFlags;
use super::table::TableFlags;

/// `cama check`
#[derive(Args)]
pub struct CheckFlags {
    /// The images or, with --graph, the CSV or Parquet table.
    #[arg(long, value_name = "D")]
    pub data: String,
    /// Draw some images of every class into this PNG file, as a model would see them.
    #[arg(long, value_name = "FILE")]
    pub sheet: Option<PathBuf>,
    /// Replace a sheet that is there already.
    #[arg(long, requires = "sheet")]
    pub force: bool,
    #[command(flatten)]
    pub pictures: PictureFlags,
    #[command(flatten)]
    pub table: TableFlags,
}
