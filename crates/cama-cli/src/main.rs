//! The program `cama`: train, predict, adapt, evaluate and look at deep CAMA classifiers.

mod commands;
mod config_file;
mod failure;
mod flags;
mod interrupt;
mod memory;
mod output;
mod progress;
mod session;
mod source;
mod table;
mod writing;

use std::process::ExitCode;

use flags::Command;
use mimalloc::MiMalloc;
use session::Session;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    silence_caught_panics();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error),
    }
}

/// A library that panics at a damaged file is told as an error of that file, and no more.
fn silence_caught_panics() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !cama::panics::are_caught() {
            tell(panic);
        }
    }));
}

/// Everything the program does; what went wrong is left to [`main`].
fn run() -> anyhow::Result<()> {
    let args = config_file::expand(std::env::args_os().collect())?;
    let (global, command) = flags::parse(&args);
    let session = Session::new(&global, &args)?;
    let done = carry_out(&command, &session);
    // What a run that failed had used may be what is looked for.
    if let Some(peak) = memory::peak_kib() {
        session.detail(|| format!("at most {} MiB of memory were resident", peak.div_ceil(1024)));
    }
    done
}

fn carry_out(command: &Command, session: &Session) -> anyhow::Result<()> {
    match command {
        Command::Demo(flags) => commands::demo::run(flags, session),
        Command::Check(flags) => commands::check::run(flags, session),
        Command::Train(flags) => commands::train::run(flags, session),
        Command::Predict(flags) => commands::predict::run(flags, session),
        Command::Adapt(flags) => commands::adapt::run(flags, session),
        Command::Drift(flags) => commands::drift::run(flags, session),
        Command::Rehearse(flags) => commands::rehearse::run(flags, session),
        Command::Bank(flags) => commands::bank::run(flags, session),
        Command::Restore(flags) => commands::restore::run(flags, session),
        #[cfg(feature = "onnx")]
        Command::Export(flags) => commands::export::run(flags, session),
        Command::Evaluate(flags) => commands::evaluate::run(flags, session),
        Command::Baseline(flags) => commands::baseline::run(flags, session),
        Command::Show(flags) => commands::show::run(flags, session),
        Command::Simulate(flags) => commands::simulate::run(flags, session),
        Command::Experiment(flags) => commands::experiment::run(flags, session),
        Command::Info(flags) => commands::info::run(flags, session),
        Command::Graph(flags) => commands::graph::run(flags, session),
    }
}
