//! Settings by the names that they have in files, such as `train.epochs=3`.

use cama::mechanism::MechanismConfig;
use cama::{Error, Result, Setting};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Settings that a user gave.
pub struct Settings(Vec<Setting>);

impl Settings {
    /// Reads `SECTION.FIELD=VALUE`, each.
    pub fn parse(texts: &[String]) -> Result<Self> {
        texts.iter().map(|text| text.parse()).collect::<Result<_>>().map(Self)
    }

    /// `config`, of the section called `name`, with those of the settings that are for it.
    pub fn apply<T: Serialize + DeserializeOwned>(&self, name: &str, config: T) -> Result<T> {
        let mut mine = self.0.iter().filter(|setting| setting.section() == name);
        mine.try_fold(config, |config, setting| setting.apply(&config))
    }

    /// The mechanisms with those of the settings that are for one of them, which must be all but those for these sections.
    pub fn apply_to_mechanisms(
        &self,
        mechanisms: Vec<MechanismConfig>,
        sections: &[&'static str],
    ) -> Result<Vec<MechanismConfig>> {
        let names = mechanisms.iter().map(MechanismConfig::name);
        self.check_sections(&sections.iter().copied().chain(names).collect::<Vec<_>>())?;
        mechanisms.into_iter().map(|mechanism| self.apply(mechanism.name(), mechanism)).collect()
    }

    /// Errors if a setting is of no such section.
    pub fn check_sections(&self, known: &[&str]) -> Result<()> {
        match self.0.iter().find(|setting| !known.contains(&setting.section())) {
            Some(setting) => Err(Error::unknown_name("section of settings", setting.section(), known)),
            None => Ok(()),
        }
    }
}

/// The mechanisms of these names; those that are there already keep their settings.
pub fn mechanisms(names: &[String], present: &[MechanismConfig]) -> Result<Vec<MechanismConfig>> {
    let kept = |new: MechanismConfig| present.iter().find(|m| m.name() == new.name()).cloned().unwrap_or(new);
    let list = if names.is_empty() { "none".to_string() } else { names.join(",") };
    Ok(MechanismConfig::parse_list(&list)?.into_iter().map(kept).collect())
}

/// A choice by the name that it has in files.
pub fn named<T: DeserializeOwned>(field: &str, name: &str) -> Result<T> {
    serde_json::from_value(name.into())
        .map_err(|error| Error::config(field, name, format!("a known name: {error}")))
}
