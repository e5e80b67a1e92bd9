//! `--set SECTION.FIELD=VALUE`: any field of any configuration of a command.

use cama::mechanism::{MECHANISMS, MechanismConfig};
use cama::{Error, Result, Setting};
use clap::Args;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Sections besides those named after commands and mechanisms.
const PARTS: [&str; 4] = ["model", "factor", "dream", "direct"];

/// The sections that a configuration file can have as tables: a table named after a command holds its flags.
pub const SECTIONS: [&str; PARTS.len() + MECHANISMS.len()] = {
    let mut all = [""; PARTS.len() + MECHANISMS.len()];
    let mut i = 0;
    while i < all.len() {
        all[i] = if i < PARTS.len() { PARTS[i] } else { MECHANISMS[i - PARTS.len()] };
        i += 1;
    }
    all
};

/// Whether a table of a configuration file is a section.
pub fn is_section(name: &str) -> bool {
    SECTIONS.contains(&name)
}

/// The sections of a command.
pub fn sections(command: &str) -> impl Iterator<Item = &'static str> {
    let (own, mechanisms): (&[&str], &[&str]) = match command {
        "train" => (&["model", "factor", "train", "dream", "direct"], MECHANISMS),
        "adapt" => (&["adapt", "dream"], MECHANISMS),
        "predict" | "evaluate" | "restore" | "show" => (&["predict"], &[]),
        _ => (&[], &[]),
    };
    own.iter().chain(mechanisms).copied()
}

/// Settings that have no flag of their own, or whose flag one does not want to look up.
#[derive(Args)]
pub struct SettingFlags {
    /// Any setting by the name that it has in files, such as `train.lambda=0.5`, `model.network.trunk.channels=16` or, of
    /// a mechanism, `affine.rotation=0.5`; may be repeated. The sections are those of `cama info --json`: for training
    /// `model`, `factor`, `train`, `dream` and `direct`, for adaptation `adapt` and `dream`, for prediction `predict`, and the names
    /// of mechanisms.
    #[arg(long = "set", value_name = "SECTION.FIELD=VALUE")]
    pub settings: Vec<Setting>,
}

impl SettingFlags {
    /// Makes the settings of the section `name` in `config`.
    ///
    /// # Errors
    ///
    /// If one is unknown or takes no such value.
    pub fn apply<T: Serialize + DeserializeOwned>(&self, name: &str, config: T) -> Result<T> {
        let mut mine = self.settings.iter().filter(|setting| setting.section() == name);
        mine.try_fold(config, |config, setting| setting.apply(&config))
    }

    /// Makes the settings of mechanisms.
    ///
    /// # Errors
    ///
    /// If one is unknown or takes no such value.
    pub fn apply_to_mechanisms(&self, mechanisms: Vec<MechanismConfig>) -> Result<Vec<MechanismConfig>> {
        mechanisms.into_iter().map(|mechanism| self.apply(mechanism.name(), mechanism)).collect()
    }

    /// Errors if a setting is neither of one of these sections nor of one of the mechanisms.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`], with those that there are.
    pub fn check_sections(&self, sections: &[&'static str], mechanisms: &[MechanismConfig]) -> Result<()> {
        let known: Vec<&str> =
            sections.iter().copied().chain(mechanisms.iter().map(MechanismConfig::name)).collect();
        match self.settings.iter().find(|setting| !known.contains(&setting.section())) {
            Some(setting) => Err(Error::unknown_name("section of settings", setting.section(), &known)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(settings: &[&str]) -> Result<Vec<MechanismConfig>> {
        let settings = settings.iter().map(|s| s.parse()).collect::<Result<Vec<_>>>()?;
        let flags = SettingFlags { settings };
        let mechanisms = MechanismConfig::parse_list("affine,latent")?;
        flags.check_sections(&["train"], &mechanisms)?;
        let mechanisms = flags.apply_to_mechanisms(mechanisms)?;
        mechanisms.iter().try_for_each(MechanismConfig::check)?;
        Ok(mechanisms)
    }

    #[test]
    fn settings_reach_their_mechanism() {
        let text = serde_json::to_string(
            &with(&["affine.rotation=1", "latent.merge=gate", "affine.log-scale=[1,0.5]"]).unwrap(),
        );
        let text = text.unwrap();
        for part in [r#""rotation":1.0"#, r#""merge":"gate""#, r#""log_scale":[1.0,0.5]"#, r#""shear":0.3"#] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn mistakes_say_what_is_allowed() {
        for (setting, part) in [
            ("affine", "write SECTION.FIELD=VALUE"),
            ("rotation=3", "write SECTION.FIELD=VALUE"),
            ("afine.rotation=3", "did you mean `affine`?"),
            ("photometric.bias=1", "unknown section of settings `photometric`"),
            ("affine.rotatoin=1", "did you mean `rotation`?"),
            ("affine.rotation=fast", "affine.rotation = \"fast\""),
            ("affine.rotation=-1", "must be a positive number"),
            ("latent.merge=mult", "`add` or `gate`"),
            ("affine.kind=latent", "unknown setting"),
        ] {
            let text = with(&[setting]).expect_err(setting).to_string();
            assert!(text.contains(part), "{setting}: {text}");
        }
    }
}
