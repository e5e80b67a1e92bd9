//! Measures one kind of work on MNIST and prints a line of JSON.

mod curves;
mod options;
mod run;

use clap::Parser;

use self::options::{Command, Options};

fn main() -> anyhow::Result<()> {
    match Options::parse().command {
        Command::Curves(options) => curves::run(&options),
        Command::Train(options) => run::train(&options),
        Command::Predict(options) => run::predict(&options),
        Command::Adapt(options) => run::adapt(&options),
        Command::Restore(options) => run::restore(&options),
        Command::Epochs(options) => run::epochs(&options),
    }
}
