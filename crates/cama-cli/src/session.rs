//! What every command has: seeds, a device, and how much to say.

use std::ffi::OsString;
use std::io::Write;
use std::sync::{Arc, Mutex};

use burn::tensor::Device;
use cama::{Error, Seeds};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::flags::Global;
use crate::interrupt;

/// Settings that all commands share, made ready.
#[derive(Clone)]
pub struct Session {
    /// Where randomness comes from.
    pub seeds: Seeds,
    /// Where tensors live.
    pub device: Device,
    /// No progress and no narration.
    pub quiet: bool,
    /// Settings and details too.
    pub verbose: bool,
    /// The command line, configuration file included, as one can type it.
    pub command: String,
    /// What lines of progress begin with.
    pub indent: &'static str,
    /// Where warnings are kept, if they are not to be printed.
    pub kept_warnings: Option<Arc<Mutex<Vec<String>>>>,
}

impl Session {
    /// Opens the device, sets the number of threads and listens to Ctrl-C.
    ///
    /// # Errors
    ///
    /// If the device is not there or the number of threads is absurd.
    pub fn new(global: &Global, args: &[OsString]) -> anyhow::Result<Self> {
        if let Some(threads) = global.threads {
            if !(1..=4096).contains(&threads) {
                return Err(Error::config("threads", threads, "from 1 to 4096").into());
            }
            rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
        }
        interrupt::listen()?;
        Ok(Self {
            seeds: Seeds::new(global.seed),
            device: cama::device(&global.device)?,
            quiet: global.quiet,
            verbose: global.verbose,
            command: command_line(args),
            indent: "",
            kept_warnings: None,
        })
    }

    /// Says something on standard error, unless asked to be quiet.
    pub fn say(&self, text: impl AsRef<str>) {
        if !self.quiet {
            note(format_args!("{}{}", self.indent, text.as_ref()));
        }
    }

    /// Tells what was done on standard output, unless asked to be quiet.
    ///
    /// An output that is closed already must not cost the work, so this never fails.
    pub fn tell(&self, text: impl std::fmt::Display) {
        if !self.quiet {
            let _ = writeln!(std::io::stdout(), "{text}");
        }
    }

    /// Warns of what a table's reader noticed.
    pub fn notify(&self, spec: &str, notices: &[String]) {
        notices.iter().for_each(|notice| self.warn(format!("{spec}: {notice}")));
    }

    /// The same settings for another command line.
    pub fn with_command(&self, args: &[OsString], indent: &'static str) -> Self {
        Self { command: command_line(args), indent, ..self.clone() }
    }

    /// The same settings for a command that works quietly, with its own seed, and keeps its warnings.
    pub fn quietly(&self, args: &[OsString], seed: u64) -> Self {
        Self {
            seeds: Seeds::new(seed),
            quiet: true,
            verbose: false,
            command: command_line(args),
            kept_warnings: Some(Arc::default()),
            ..self.clone()
        }
    }

    /// The warnings that were kept.
    pub fn warnings(&self) -> Vec<String> {
        let kept = self.kept_warnings.as_ref();
        kept.map(|kept| kept.lock().expect("no thread panicked").clone()).unwrap_or_default()
    }

    /// Says something on standard error if asked for details.
    pub fn detail(&self, text: impl FnOnce() -> String) {
        if self.verbose {
            note(text());
        }
    }

    /// Warns on standard error, always, or keeps the warning where it was told to.
    pub fn warn(&self, text: impl AsRef<str>) {
        if let Some(kept) = &self.kept_warnings {
            return kept.lock().expect("no thread panicked").push(text.as_ref().to_string());
        }
        note(format_args!("warning: {}", text.as_ref()));
    }
}

/// A generator made from a sub-seed.
pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Writes a line on standard error. That it is closed, as by `2>&1 | head`, must not cost the work: this never fails.
pub fn note(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The arguments quoted for a shell, the program's path left out.
pub fn command_line(args: &[OsString]) -> String {
    let quoted = args.iter().skip(1).map(|arg| quoted(&arg.to_string_lossy()));
    std::iter::once("cama".to_string()).chain(quoted).collect::<Vec<_>>().join(" ")
}

fn quoted(arg: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+:,./%@".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) {
        return arg.to_string();
    }
    format!("'{}'", arg.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_can_be_typed_again() {
        let args =
            ["/usr/bin/cama", "train", "--data", "mnist:train[..300]", "--out=it's", ""].map(Into::into);
        assert_eq!(command_line(&args), r"cama train --data 'mnist:train[..300]' '--out=it'\''s' ''");
    }
}
