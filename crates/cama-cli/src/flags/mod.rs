//! The flags as they are written; what they mean is left to the commands.

mod adapt;
mod attack;
mod baseline;
mod check;
mod classifier;
mod common;
mod direct;
mod dream;
mod experiment;
#[cfg(feature = "onnx")]
mod export;
mod graph;
mod look;
mod model;
mod overlay;
mod pictures;
mod rehearse;
mod restore;
mod setting;
mod simulate;
mod table;
mod train;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

pub use adapt::{AdaptFlags, Incoming};
pub use attack::AttackFlags;
pub use baseline::BaselineFlags;
pub use check::CheckFlags;
pub use classifier::ClassifierFlags;
pub use experiment::{DEFAULT_OUT, ExperimentFlags};
#[cfg(feature = "onnx")]
pub use export::ExportFlags;
pub use graph::GraphFlags;
pub use look::{DemoFlags, EvaluateFlags, InfoFlags, PredictCommand, ShowFlags, What};
pub use overlay::refuse;
pub use pictures::PictureFlags;
pub use rehearse::{BankFlags, DriftFlags, DriftFormat, RehearseFlags};
pub use restore::RestoreFlags;
pub use setting::{SECTIONS, is_section, sections};
pub use simulate::SimulateFlags;
pub use table::{ReadFlags, TableFlags, WrittenFlags};
pub use train::TrainFlags;

/// Deep CAMA: a causal, generative classifier that adapts to manipulations nobody saw in training.
#[derive(Parser)]
#[command(name = "cama", version, args_override_self = true, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command.
#[derive(Args)]
#[command(next_help_heading = "Every command")]
pub struct Global {
    /// Where all randomness comes from: the same seed gives the same result.
    #[arg(long, global = true, default_value_t = 0, value_name = "S")]
    pub seed: u64,
    /// Where to compute: `cpu`, or `cuda`, `cuda:1`, `wgpu` if built for it.
    #[arg(long, global = true, default_value = "cpu", value_name = "NAME")]
    pub device: String,
    /// Number of threads; all cores unless given.
    #[arg(long, global = true, value_name = "N")]
    pub threads: Option<usize>,
    /// A TOML file with flags: top-level keys for every command, or a table for each; flags given here win.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print results, warnings and errors only.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Print settings and details too, and at the end how much memory was used at most.
    #[arg(long, short, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Train on clean MNIST digits, break them, adapt without labels, and report: the whole story in minutes.
    Demo(DemoFlags),
    /// Tell what is understood of data, before anything is trained.
    Check(CheckFlags),
    /// Train a model on labelled images, or on a table and its causal graph.
    Train(Box<TrainFlags>),
    /// Predict the classes of images, or of rows of a table.
    Predict(PredictCommand),
    /// Adapt a model to unlabelled, manipulated images or rows.
    Adapt(AdaptFlags),
    /// Tell what has changed in data since training, without adapting.
    Drift(DriftFlags),
    /// Tell which damage of clean data of one's own would be repaired, which left, and which made worse.
    Rehearse(RehearseFlags),
    /// Find out on clean data how to search z, for `--inference optimise`, and keep it with the model.
    Bank(BankFlags),
    /// Undo what the world did to images, or to rows of a table, and tell what it was.
    Restore(RestoreFlags),
    /// Write what restores images or rows as an ONNX file, for other programs and languages.
    #[cfg(feature = "onnx")]
    Export(ExportFlags),
    /// Judge a model on labelled images or rows under manipulations.
    Evaluate(EvaluateFlags),
    /// Train a baseline to compare models with, or adapt one, and keep it.
    Baseline(BaselineFlags),
    /// Draw what a model believes.
    Show(ShowFlags),
    /// Simulate a table of measurements whose causes are known.
    Simulate(SimulateFlags),
    /// Run experiments that files declare, and report what came out.
    Experiment(ExperimentFlags),
    /// Describe a model folder.
    Info(InfoFlags),
    /// Tell from a causal graph what each column of a table is to the target.
    Graph(GraphFlags),
}

/// The definition of the whole command line.
pub fn definition() -> clap::Command {
    // A number below zero is a value, to be refused with what is allowed, and not an unknown flag.
    let negative = |arg: clap::Arg| {
        let takes = arg.get_action().takes_values() && !arg.is_positional();
        if takes { arg.allow_negative_numbers(true) } else { arg }
    };
    Cli::command()
        .mut_args(negative)
        .mut_subcommands(|command| command.args_override_self(true).mut_args(negative))
}

/// Reads the arguments; prints help or what is wrong with them and exits where there is nothing to do.
pub fn parse(args: &[OsString]) -> (Global, Command) {
    let read = definition().try_get_matches_from(args).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = read.unwrap_or_else(|error| error.exit());
    (cli.global, cli.command)
}

/// Reads the arguments of a command that another one runs.
///
/// # Errors
///
/// If they cannot be understood, in one line.
pub fn try_parse(args: &[OsString]) -> Result<Command, String> {
    let read = definition().try_get_matches_from(args).and_then(|matches| Cli::from_arg_matches(&matches));
    read.map(|cli| cli.command).map_err(|error| {
        let text = error.to_string();
        let lines =
            text.lines().take_while(|line| !line.starts_with("Usage") && !line.starts_with("For more"));
        let line = lines.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
        line.strip_prefix("error: ").map(Into::into).unwrap_or(line)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_definition_is_consistent() {
        super::definition().debug_assert();
    }
}
