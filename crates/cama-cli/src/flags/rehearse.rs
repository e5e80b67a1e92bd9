//! Flags of `cama rehearse` and `cama drift`.

use std::path::PathBuf;

use clap::Args;

use super::table::ReadFlags;

/// `cama rehearse`
#[derive(Args)]
pub struct RehearseFlags {
    /// The model folder.
    #[arg(long, value_name = "MODEL")]
    pub model: PathBuf,
    /// Clean, labelled images or rows to damage on purpose; unless given, what training found with its validation set.
    #[arg(long, value_name = "D")]
    pub data: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Write a page, too, with pictures of the damage to images where --data gives some.
    #[arg(long, value_name = "FILE.html")]
    pub page: Option<PathBuf>,
    /// Replace a page that is there already.
    #[arg(long, requires = "page")]
    pub force: bool,
    #[command(flatten)]
    pub reading: ReadFlags,
}

/// `cama bank`
#[derive(Args)]
pub struct BankFlags {
    /// The model folder, into which the bank is written.
    #[arg(long, value_name = "MODEL")]
    pub model: PathBuf,
    /// Clean, labelled images or rows, best such that training did not learn from; the model's training data unless given.
    #[arg(long, value_name = "D")]
    pub data: Option<String>,
    #[command(flatten)]
    pub reading: ReadFlags,
}

/// `cama drift`
#[derive(Args)]
pub struct DriftFlags {
    /// The model folder.
    #[arg(long, value_name = "MODEL")]
    pub model: PathBuf,
    /// Unlabelled images or rows that come in now.
    #[arg(long, value_name = "D")]
    pub data: String,
    /// Do this to the data first.
    #[arg(long, value_name = "SPEC")]
    pub manipulate: Option<String>,
    /// How to print: a table, JSON, or text for Prometheus.
    #[arg(long, value_enum, default_value_t = DriftFormat::Table, value_name = "FORMAT")]
    pub format: DriftFormat,
    /// Write a page with plots, too.
    #[arg(long, value_name = "FILE.html")]
    pub page: Option<PathBuf>,
    /// Replace a page that is there already.
    #[arg(long, requires = "page")]
    pub force: bool,
    #[command(flatten)]
    pub reading: ReadFlags,
}

/// How to print what has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum DriftFormat {
    /// For people.
    Table,
    /// One object.
    Json,
    /// One metric a line.
    Prometheus,
}
