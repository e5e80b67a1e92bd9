//! From flags to configurations.

use cama::{Error, Result};

/// Copies the flags that were given over the fields of the same name.
macro_rules! overlay {
    ($flags:expr => $config:expr; $($flag:ident $(as $field:ident)?),* $(,)?) => {
        $(if let Some(value) = &$flags.$flag {
            $crate::flags::overlay::overlay!(@ $config, value, $flag $(, $field)?);
        })*
    };
    (@ $config:expr, $value:ident, $flag:ident) => { $config.$flag = $value.clone() };
    (@ $config:expr, $value:ident, $flag:ident, $field:ident) => { $config.$field = $value.clone() };
}
pub(super) use overlay;

/// Reads a value by the name it has in configuration files.
pub(super) fn named<T: serde::de::DeserializeOwned>(name: &str) -> Result<T, String> {
    serde_json::from_value(serde_json::Value::String(name.into())).map_err(|error| error.to_string())
}

/// Errors if one of these flags, each with whether it is given, is: they say nothing about such `data`.
pub fn refuse(data: &str, flags: &[(&str, bool)]) -> Result<()> {
    match flags.iter().find(|(_, given)| *given) {
        Some((flag, _)) => {
            Err(Error::spec("flag", format!("--{flag}"), format!("says nothing about {data}; leave it out")))
        }
        None => Ok(()),
    }
}
