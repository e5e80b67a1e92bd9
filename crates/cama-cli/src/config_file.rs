//! `--config FILE.toml`: flags from a file, put behind those of the command line that they do not repeat.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use cama::{Error, Result};
use clap::{Arg, ArgAction, Command};
use toml::{Table, Value};

use crate::flags::{SECTIONS, definition, is_section, sections};

/// Flags that make no sense in the file.
const NOT_IN_FILE: [&str; 3] = ["config", "help", "version"];

/// The arguments with what the configuration file adds, if they name one.
///
/// In the file, a key is a flag without its dashes. Top-level keys are for every command that has such a
/// flag; a table named after a command is for that command, and a table named after a section of `--set`, such as a
/// mechanism or `model`, holds its settings. A flag on the command line wins; of `--set`, each setting for itself.
///
/// # Errors
///
/// If the file cannot be read, is no TOML, or has a key that no flag goes by.
pub fn expand(args: Vec<OsString>) -> Result<Vec<OsString>> {
    let Some(path) = config_path(&args) else { return Ok(args) };
    let mut root = definition();
    root.build();
    let file = read(&path)?;
    let Some(command) = args.iter().skip(1).find_map(|arg| root.find_subcommand(arg)) else {
        return Ok(args);
    };
    let mut flags = File { path: &path, root: &root, command, given: &args, added: Vec::new() };
    flags.table(&file)?;
    let added: Vec<OsString> = flags.added.into_iter().flat_map(|(_, args)| args).collect();
    Ok([args, added].concat())
}

/// The arguments that the keys of `table`, written in the file `path`, make for a command.
///
/// # Errors
///
/// If the command has no such flag, or it takes no such value.
pub fn arguments(path: &Path, command: &str, table: &Table) -> Result<Vec<OsString>> {
    let mut root = definition();
    root.build();
    let commands: Vec<&str> = root.get_subcommands().map(Command::get_name).collect();
    let found = root.find_subcommand(command);
    let command = found.ok_or_else(|| Error::unknown_name("command", command, &commands))?;
    let mut flags = File { path, root: &root, command, given: &[], added: Vec::new() };
    table.iter().try_for_each(|(key, value)| flags.entry(key, value, &[command]))?;
    let mut args = vec!["cama".into(), command.get_name().into()];
    args.extend(flags.added.into_iter().flat_map(|(_, args)| args));
    Ok(args)
}

fn config_path(args: &[OsString]) -> Option<PathBuf> {
    args.iter().enumerate().find_map(|(i, arg)| match arg.to_str()?.strip_prefix("--config")? {
        "" => args.get(i + 1).map(PathBuf::from),
        rest => rest.strip_prefix('=').map(PathBuf::from),
    })
}

fn read(path: &Path) -> Result<Table> {
    let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
    text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        Error::data(path, format!("line {line}: {}", error.message()), "write it as TOML: epochs = 8")
    })
}

/// The file while it is turned into arguments.
struct File<'a> {
    path: &'a Path,
    root: &'a Command,
    command: &'a Command,
    given: &'a [OsString],
    /// Arguments to add, by key.
    added: Vec<(String, Vec<OsString>)>,
}

impl File<'_> {
    /// The whole file: first what is for all commands, so that a command's own table wins.
    fn table(&mut self, file: &Table) -> Result<()> {
        let all: Vec<_> = self.root.get_subcommands().collect();
        let mut tables = Vec::new();
        for (key, value) in file {
            match (value, self.root.find_subcommand(key)) {
                (Value::Table(table), Some(command)) => tables.push((command, table)),
                _ => self.entry(key, value, &all)?,
            }
        }
        for (command, table) in tables {
            table.iter().try_for_each(|(key, value)| self.entry(key, value, &[command]))?;
        }
        Ok(())
    }

    /// One key, which one of `commands` must have a flag for; used if the present command is among them.
    fn entry(&mut self, key: &str, value: &Value, commands: &[&Command]) -> Result<()> {
        if let (Value::Table(settings), true) = (value, is_section(key)) {
            // Commands without such a section pass it over.
            let takes = sections(self.command.get_name()).any(|section| section == key);
            return if takes { self.settings(key, settings, commands) } else { Ok(()) };
        }
        let name = key.replace('_', "-");
        let known: Vec<&str> = commands.iter().flat_map(|c| c.get_arguments()).filter_map(key_of).collect();
        if !known.contains(&name.as_str()) && is_section(key) {
            let problem = format!("{key} = {value}: must be a table of settings");
            return Err(Error::data(
                self.path,
                problem,
                format!("write it as [{key}], with one setting a line"),
            ));
        }
        if !known.contains(&name.as_str()) {
            return Err(self.unknown(key, commands, known));
        }
        let present = commands.iter().find(|command| command.get_name() == self.command.get_name());
        let arg = present.and_then(|command| command.get_arguments().find(|arg| key_of(arg) == Some(&name)));
        match arg.filter(|arg| name == "set" || !self.is_given(arg)) {
            Some(arg) => self.add(arg, &name, value),
            None => Ok(()),
        }
    }

    /// A table of settings, as `--set` for each.
    fn settings(&mut self, path: &str, settings: &Table, commands: &[&Command]) -> Result<()> {
        settings.iter().try_for_each(|(field, value)| {
            let path = format!("{path}.{field}");
            match value {
                Value::Table(settings) => self.settings(&path, settings, commands),
                value => self.entry("set", &Value::String(format!("{path}={value}")), commands),
            }
        })
    }

    fn unknown<'c>(&self, key: &str, commands: &[&'c Command], mut known: Vec<&'c str>) -> Error {
        known.extend(SECTIONS);
        if let [command] = commands {
            let remedy = format!("`cama {} --help` lists the flags, which are the keys", command.get_name());
            return Error::data(self.path, unknown(key, &known), remedy);
        }
        known.extend(commands.iter().map(|command| command.get_name()));
        Error::data(self.path, unknown(key, &known), "keys are names of flags, tables names of commands")
    }

    /// Whether the command line has this flag. A positional argument is taken from the file only if nothing
    /// follows the command.
    fn is_given(&self, arg: &Arg) -> bool {
        let is = |given: &OsStr, long: &str| {
            let Some(given) = given.to_str().and_then(|given| given.strip_prefix("--")) else { return false };
            given.strip_prefix(long).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        };
        match (arg.get_long(), arg.get_short()) {
            (Some(long), short) => self.given.iter().any(|given| {
                is(given, long) || short.is_some_and(|short| given.to_str() == Some(&format!("-{short}")))
            }),
            (None, _) => true,
        }
    }

    fn add(&mut self, arg: &Arg, name: &str, value: &Value) -> Result<()> {
        let wrong = |problem: &str| {
            Error::data(self.path, format!("{name} = {value}: {problem}"), "write it like the flag's value")
        };
        let flag = |value: String| OsString::from(format!("--{name}={value}"));
        let list = |values: &[Value]| {
            values
                .iter()
                .map(scalar)
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| wrong("must be a list of values"))
        };
        let args = match (arg.get_action(), value) {
            (ArgAction::SetTrue, Value::Boolean(true)) => vec![format!("--{name}").into()],
            (ArgAction::SetTrue, Value::Boolean(false)) => Vec::new(),
            (ArgAction::SetTrue, _) => return Err(wrong("must be true or false")),
            (ArgAction::Append, Value::Array(values)) => list(values)?.into_iter().map(flag).collect(),
            (_, Value::Array(values)) => vec![flag(list(values)?.join(","))],
            (_, value) => vec![flag(scalar(value).ok_or_else(|| wrong("must be one value"))?)],
        };
        let args = match name {
            "set" => args.into_iter().filter(|setting| !self.is_set(setting)).collect(),
            _ => {
                self.added.retain(|(former, _)| former != name);
                args
            }
        };
        self.added.push((name.into(), args));
        Ok(())
    }

    /// Whether the command line makes this setting, `--set=MECHANISM.FIELD=VALUE`, too.
    fn is_set(&self, setting: &OsStr) -> bool {
        let key = |setting: &OsStr| {
            let path = setting.to_str()?.split('=').next()?;
            Some(path.split('.').map(str::trim).collect::<Vec<_>>().join(".").replace('-', "_"))
        };
        let bare = |arg: &OsStr| arg.to_str().and_then(|arg| arg.strip_prefix("--set=")).map(OsString::from);
        let apart = self.given.windows(2).filter(|pair| pair[0] == "--set").map(|pair| pair[1].clone());
        let mut given = self.given.iter().filter_map(|arg| bare(arg)).chain(apart);
        bare(setting).is_some_and(|setting| given.any(|given| key(&given) == key(&setting)))
    }
}

/// That no key is called so, with the nearest that is.
fn unknown(key: &str, known: &[&str]) -> String {
    match Error::unknown_name("key", key, known) {
        Error::UnknownName { nearest: Some(nearest), .. } => {
            format!("unknown key `{key}` (did you mean `{nearest}`?)")
        }
        _ => format!("unknown key `{key}`"),
    }
}

/// What an argument is called in the file.
fn key_of(arg: &Arg) -> Option<&str> {
    arg.get_long().filter(|long| !NOT_IN_FILE.contains(long))
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(truth) => Some(truth.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(file: &str, args: &[&str]) -> Result<Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.toml");
        fs::write(&path, file).unwrap();
        let mut all: Vec<OsString> = vec!["cama".into()];
        all.extend(args.iter().map(OsString::from));
        all.push(format!("--config={}", path.display()).into());
        let given = all.len();
        Ok(expand(all)?.into_iter().skip(given).map(|arg| arg.into_string().unwrap()).collect())
    }

    #[test]
    fn keys_become_flags_and_the_command_line_wins() {
        let file = r#"
            seed = 7
            quiet = true
            epochs = 3
            learning_rate = 0.01
            [train]
            learning-rate = 0.02
            data = "mnist:train"
            manipulated = ["rotate:20", "invert"]
            mechanism = ["affine", "latent"]
            pooling = false
            resume = false
            affine.rotation = 0.5
            latent = { merge = "gate" }
            model.network.trunk.channels = 16
            [evaluate]
            json = true
        "#;
        assert_eq!(
            expanded(file, &["train", "--epochs", "5", "--data=x"]).unwrap(),
            [
                "--quiet",
                "--seed=7",
                "--set=affine.rotation=0.5",
                "--set=latent.merge=\"gate\"",
                "--learning-rate=0.02",
                "--manipulated=rotate:20",
                "--manipulated=invert",
                "--mechanism=affine,latent",
                "--set=model.network.trunk.channels=16",
                "--pooling=false",
            ]
        );
        assert_eq!(expanded(file, &["evaluate", "-q"]).unwrap(), ["--seed=7", "--json"]);
        assert_eq!(expanded(file, &["info"]).unwrap(), ["--quiet", "--seed=7"]);
    }

    #[test]
    fn settings_of_the_command_line_win_one_by_one() {
        let file = "set = [\"affine.log-scale=0.1\", \"latent.dim=4\"]\n\
                    [train.affine]\nrotation = 0.5\nlog_scale = 0.2\nshear = 0.1\n";
        let args = ["train", "--set=affine.log_scale=0.3", "--set", "affine.rotation = 0.7"];
        assert_eq!(expanded(file, &args).unwrap(), ["--set=latent.dim=4", "--set=affine.shear=0.1"]);
    }

    #[test]
    fn mistakes_name_the_file_and_the_nearest_key() {
        for (file, part) in [
            ("epoch = 3", "did you mean `epochs`?"),
            ("[train]\njson = true", "unknown key `json`"),
            ("[trian]\nepochs = 1", "did you mean `train`?"),
            ("config = \"x\"", "unknown key `config`"),
            ("a = = b", "line 1"),
            ("resume = 1", "must be true or false"),
            ("epochs = { a = 1 }", "must be one value"),
            ("affine = 3", "affine = 3: must be a table of settings"),
            ("[train]\ndream = false", "dream = false: must be a table of settings"),
        ] {
            let text = expanded(file, &["train"]).expect_err(file).to_string();
            assert!(text.contains(part) && text.contains("run.toml"), "{file}: {text}");
        }
        assert!(expand(["cama", "train", "--config", "/no/such"].map(Into::into).to_vec()).is_err());
    }
}
