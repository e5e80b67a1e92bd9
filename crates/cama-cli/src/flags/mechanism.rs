//! Mechanisms and their settings on the command line.

use std::str::FromStr;

use cama::mechanism::MechanismConfig;
use cama::{Error, Result};
use serde_json::{Value, json};

/// One setting of one mechanism: `affine.rotation=0.5`.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    mechanism: String,
    field: String,
    value: Value,
}

impl FromStr for Setting {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong =
            || Error::spec("setting", text, "write MECHANISM.FIELD=VALUE, such as affine.rotation=0.5");
        let (path, value) = text.split_once('=').ok_or_else(wrong)?;
        let (mechanism, field) = path.split_once('.').ok_or_else(wrong)?;
        let mechanism = mechanism.trim().to_string();
        MechanismConfig::named(&mechanism)?;
        let value = value.trim();
        // Numbers, booleans and arrays are written alike in JSON and TOML; anything else is a name.
        let value = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
        Ok(Self { mechanism, field: field.trim().replace('-', "_"), value })
    }
}

/// The mechanisms with `settings` made.
///
/// # Errors
///
/// If a setting is of a mechanism that is not there, unknown, or not allowed.
pub fn with_settings(mechanisms: Vec<MechanismConfig>, settings: &[Setting]) -> Result<Vec<MechanismConfig>> {
    let mut mechanisms = mechanisms;
    for setting in settings {
        let names: Vec<&str> = mechanisms.iter().map(MechanismConfig::name).collect();
        let Some(at) = names.iter().position(|name| *name == setting.mechanism) else {
            return Err(Error::unknown_name("mechanism of this model", &setting.mechanism, &names));
        };
        mechanisms[at] = setting.apply(&mechanisms[at])?;
    }
    mechanisms.iter().try_for_each(MechanismConfig::check)?;
    Ok(mechanisms)
}

impl Setting {
    fn apply(&self, config: &MechanismConfig) -> Result<MechanismConfig> {
        let refused = |why: &dyn std::fmt::Display| {
            Error::config(format!("{}.{}", self.mechanism, self.field), &self.value, format!("right: {why}"))
        };
        let Ok(Value::Object(mut fields)) = serde_json::to_value(config) else {
            return Err(refused(&"this mechanism has no settings"));
        };
        let known: Vec<&str> = fields.keys().map(String::as_str).filter(|key| *key != "kind").collect();
        if !known.contains(&self.field.as_str()) {
            return Err(Error::unknown_name("setting of the mechanism", &self.field, &known));
        }
        fields.insert(self.field.clone(), self.value.clone());
        serde_json::from_value(Value::Object(fields)).map_err(|error| refused(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(settings: &[&str]) -> Result<Vec<MechanismConfig>> {
        let settings = settings.iter().map(|s| s.parse()).collect::<Result<Vec<_>>>()?;
        with_settings(MechanismConfig::parse_list("affine,latent")?, &settings)
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
            ("affine", "write MECHANISM.FIELD=VALUE"),
            ("rotation=3", "write MECHANISM.FIELD=VALUE"),
            ("afine.rotation=3", "did you mean `affine`?"),
            ("photometric.bias=1", "unknown mechanism of this model `photometric`"),
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
