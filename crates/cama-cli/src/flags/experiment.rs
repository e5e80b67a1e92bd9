//! Flags of `cama experiment`.

use std::path::PathBuf;

use cama_experiment::{Scale, Shard};
use clap::Args;

/// Where experiments go unless told otherwise.
pub const DEFAULT_OUT: &str = "cama-experiments";

/// `cama experiment`
#[derive(Args)]
pub struct ExperimentFlags {
    /// The experiments: TOML files, such as those in `experiments/`.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// How much to do: `smoke` takes seconds, `cpu` an hour at most on two cores, `full` is the paper's size.
    #[arg(long, default_value = "cpu", value_name = "smoke|cpu|full")]
    pub scale: Scale,
    /// The folder to write: the cells that are finished, which a broken run goes on from, and the report.
    #[arg(long, default_value = DEFAULT_OUT, value_name = "DIR")]
    pub out: PathBuf,
    /// Compute one of several parts, such as `1/4`, each on a machine of its own that shares the folder.
    #[arg(long, default_value = "1/1", value_name = "I/N")]
    pub shard: Shard,
    /// A value of the experiments, such as `photographs=FOLDER` or `seeds=[1,2,3]`; may be repeated.
    #[arg(long = "let", value_name = "NAME=VALUE", value_parser = named_value)]
    pub values: Vec<(String, String)>,
    /// Compute nothing: report what is there.
    #[arg(long)]
    pub report_only: bool,
}

fn named_value(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(name, _)| !name.trim().is_empty());
    let (name, value) = parts.ok_or("write NAME=VALUE, such as `seeds=[1,2,3]`")?;
    Ok((name.trim().into(), value.trim().into()))
}
