//! Carries out the commands of cells.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use cama::files::write_atomic;
use cama::{Error, Result};
use cama_eval::attack::Attacks;
use cama_eval::baseline::BaselineSpec;
use cama_experiment::{Cell, Computed, Runner, write_rows};

use crate::commands;
use crate::config_file::arguments;
use crate::flags::{Command, try_parse};
use crate::session::{Session, command_line};

/// The commands that cells may be of.
pub const COMMANDS: [&str; 6] = ["train", "baseline", "adapt", "simulate", "evaluate", "show"];

/// The commands of this program.
pub struct Commands<'a> {
    /// What they share.
    pub session: &'a Session,
}

impl Commands<'_> {
    /// The command line of a cell.
    fn args(&self, cell: &Cell, cells: &Path, out: &Path) -> Result<Vec<OsString>> {
        if !COMMANDS.contains(&cell.command.as_str()) {
            return Err(Error::unknown_name("command of an experiment", &cell.command, &COMMANDS));
        }
        let flags = cell.flags(cells);
        let wrong = |problem: String| Error::spec("command", cell.command.clone(), problem);
        let mut args = arguments(Path::new("experiment"), &cell.command, &flags)
            .map_err(|error| wrong(error.to_string()))?;
        if cell.command != "evaluate" {
            let mut flag = OsString::from("--out=");
            flag.push(out);
            args.push(flag);
        }
        args.push(format!("--seed={}", cell.seed).into());
        Ok(args)
    }

    fn parsed(args: &[OsString]) -> Result<Command> {
        try_parse(args).map_err(|problem| Error::spec("command", command_line(args), problem))
    }
}

impl Runner for Commands<'_> {
    fn check(&self, cell: &Cell, cells: &Path) -> Result<()> {
        let args = self.args(cell, cells, Path::new("out"))?;
        // What is written in a language of its own is read when the command runs; mistakes are told before the first.
        match Self::parsed(&args)? {
            Command::Evaluate(flags) => flags.attack.attacks().map(drop),
            Command::Baseline(flags) => flags.kind.as_deref().map(BaselineSpec::parse).transpose().map(drop),
            Command::Adapt(flags) => flags.attack.as_deref().map(str::parse::<Attacks>).transpose().map(drop),
            _ => Ok(()),
        }
    }

    fn run(&self, cell: &Cell, cells: &Path, folder: &Path) -> anyhow::Result<Computed> {
        let out = folder.join(cell.result());
        let args = self.args(cell, cells, &out)?;
        let command = Self::parsed(&args)?;
        // What can be typed: the folder beside, in which the result is written first, is gone in the end.
        let typed = self.args(cell, cells, Path::new(cell.result()))?;
        let session = self.session.quietly(&typed, cell.seed);
        match &command {
            Command::Train(flags) => commands::train::run(flags, &session)?,
            Command::Baseline(flags) => commands::baseline::run(flags, &session)?,
            Command::Adapt(flags) => commands::adapt::run(flags, &session)?,
            Command::Simulate(flags) => commands::simulate::run(flags, &session)?,
            Command::Show(flags) => commands::show::run(flags, &session)?,
            Command::Evaluate(flags) => {
                let (rows, _) = commands::evaluate::rows(flags, &session, &mut |_| {})?;
                let text = write_rows(&rows).context("rows are JSON")?;
                write_atomic(&out, |file| file.write_all(text.as_bytes()))?;
            }
            _ => unreachable!("the commands of cells are these"),
        }
        Ok(Computed { command: session.command.clone(), warnings: session.warnings() })
    }
}
