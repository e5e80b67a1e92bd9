//! Flags of `cama baseline`.

use std::path::PathBuf;
use std::str::FromStr;

use cama::{Checked, Config, Error, Result};
use cama_eval::baseline::{BaselineConfig, BaselineSpec, TentConfig};
use clap::Args;
use serde_json::{Value, json};

use super::table::TableFlags;

/// `cama baseline`
#[derive(Args)]
pub struct BaselineFlags {
    /// Which: `mlp`, `mlp-paper`, `cnn`, `cnn-bn`, `cnn-adversarial`, `tent` or `trees`; a network that is to meet manipulated data is
    /// written with the manipulations, as in `cnn+shift-vertical:0.5|rotate:30`.
    #[arg(long, value_name = "KIND", required_unless_present = "tent_from", requires = "data", conflicts_with_all = ["unlabelled", "manipulate"])]
    pub kind: Option<String>,
    /// Labelled, clean images, or, with --graph, a CSV or Parquet table.
    #[arg(long, value_name = "D", requires = "kind")]
    pub data: Option<String>,
    /// The folder to write.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Replace a baseline that is there already.
    #[arg(long)]
    pub force: bool,
    /// Manipulate half of every batch, each time by one of these.
    #[arg(long, value_name = "SPEC", num_args = 1.., requires = "kind")]
    pub manipulated: Vec<String>,
    /// Optimiser steps of a network.
    #[arg(long, value_name = "N", requires = "kind", conflicts_with = "epochs")]
    pub steps: Option<usize>,
    /// Passes over the data: of a network in training, or of TENT.
    #[arg(long, value_name = "N")]
    pub epochs: Option<usize>,
    /// A setting of its training, such as `mlp.hidden=[200,200]`, `cnn.channels=16`, `tent.learning-rate=0.01` or
    /// `trees.rounds=100`; may be repeated.
    #[arg(long = "set", value_name = "GROUP.FIELD=VALUE")]
    pub settings: Vec<BaselineSetting>,
    /// A `cnn-bn` to adapt by TENT to --unlabelled data, instead of training one.
    #[arg(long, value_name = "DIR", requires = "unlabelled", conflicts_with_all = ["kind", "data"])]
    pub tent_from: Option<PathBuf>,
    /// What to adapt to; labels are not looked at.
    #[arg(long, value_name = "D", requires = "tent_from")]
    pub unlabelled: Option<String>,
    /// Manipulate it first.
    #[arg(long, value_name = "SPEC", requires = "tent_from")]
    pub manipulate: Option<String>,
    #[command(flatten)]
    pub table: TableFlags,
}

/// One setting: `mlp.steps=100`.
#[derive(Clone, Debug, PartialEq)]
pub struct BaselineSetting {
    path: String,
    value: Value,
}

impl FromStr for BaselineSetting {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::spec("setting", text, "write GROUP.FIELD=VALUE, such as mlp.steps=1000");
        let (path, value) = text.split_once('=').ok_or_else(wrong)?;
        let path = path.trim().to_string();
        if !path.contains('.') {
            return Err(wrong());
        }
        let value = value.trim();
        // Numbers, booleans and arrays are written alike in JSON and TOML; anything else is a name.
        Ok(Self { path, value: serde_json::from_str(value).unwrap_or_else(|_| json!(value)) })
    }
}

impl BaselineFlags {
    /// The checked baseline that `kind` and these flags ask for.
    ///
    /// # Errors
    ///
    /// If a name is unknown, or a value is not allowed.
    pub fn spec(&self, kind: &str) -> Result<BaselineSpec> {
        let mut spec = BaselineSpec::parse(kind)?.and(&self.manipulated)?;
        if self.steps.is_some() && matches!(spec.config, BaselineConfig::MlpPaper(_)) {
            // Epochs would win.
            spec.config = spec.config.with("mlp.epochs", Value::Null)?;
        }
        let lengths = [("steps", self.steps), ("epochs", self.epochs)];
        for (field, value) in lengths.into_iter().filter_map(|(field, value)| Some((field, value?))) {
            if !spec.config.is_network() {
                let problem = "says nothing about trees; write --set trees.rounds=N";
                return Err(Error::spec("flag", format!("--{field}"), problem));
            }
            let path = format!("{}.{field}", spec.config.group());
            spec.config = spec.config.with(&path, json!(value))?;
        }
        for BaselineSetting { path, value } in &self.settings {
            spec.config = spec.config.with(path, value.clone())?;
        }
        spec.config.validate()?;
        Ok(spec)
    }

    /// How to adapt.
    ///
    /// # Errors
    ///
    /// If a setting is not one of TENT's, or not allowed.
    pub fn tent(&self) -> Result<Checked<TentConfig>> {
        let mut config = TentConfig::default();
        config.epochs = self.epochs.unwrap_or(config.epochs);
        for BaselineSetting { path, value } in &self.settings {
            config = config.with(path, value.clone())?;
        }
        config.check()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        flags: BaselineFlags,
    }

    fn spec(more: &[&str]) -> Result<BaselineSpec> {
        let flags = Line::parse_from([&["x", "--out", "o", "--data", "d"], more].concat()).flags;
        flags.spec(flags.kind.as_ref().expect("a kind"))
    }

    #[test]
    fn lengths_and_settings_reach_the_baseline() {
        let BaselineConfig::MlpPaper(config) = spec(&["--kind", "mlp-paper", "--steps", "7"]).unwrap().config
        else {
            panic!()
        };
        assert_eq!((config.steps, config.epochs), (7, None));
        let settings =
            ["--kind", "tent", "--epochs", "2", "--set", "tent.learning-rate=0.5", "--set", "cnn.layers=2"];
        let BaselineConfig::Tent(config) = spec(&settings).unwrap().config else { panic!() };
        assert_eq!(
            (config.cnn.epochs, config.cnn.layers, config.tent.learning_rate),
            (Some(2), Some(2), 0.5)
        );
        let met = spec(&["--kind", "cnn+rotate:3", "--manipulated", "blur:1", "shift:0.1"]).unwrap();
        assert_eq!(met.manipulations, ["rotate:3", "blur:1", "shift:0.1"]);
    }

    #[test]
    fn mistakes_say_what_is_allowed() {
        for (more, part) in [
            (&["--kind", "cnm"][..], "did you mean `cnn`?"),
            (&["--kind", "trees", "--steps", "3"], "write --set trees.rounds=N"),
            (&["--kind", "trees", "--manipulated", "blur:1"], "only networks"),
            (&["--kind", "cnn", "--steps", "0"], "cnn.steps = 0"),
            (&["--kind", "cnn", "--set", "mlp.steps=3"], "unknown group"),
        ] {
            let text = spec(more).unwrap_err().to_string();
            assert!(text.contains(part), "{text}");
        }
        assert!("mlp=3".parse::<BaselineSetting>().unwrap_err().to_string().contains("GROUP.FIELD=VALUE"));
    }
}
