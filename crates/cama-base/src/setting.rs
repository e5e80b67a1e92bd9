//! Single settings of configurations, by the names that they have in files: `train.lambda=0.5`.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{Error, Result};

/// One setting: the path of a field through a configuration, and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    path: Vec<String>,
    value: Value,
}

impl FromStr for Setting {
    type Err = Error;

    /// Reads `SECTION.FIELD=VALUE`. Numbers, booleans and arrays are written as in JSON and TOML; anything else is a name.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::spec("setting", text, "write SECTION.FIELD=VALUE, such as train.lambda=0.5");
        let (path, value) = text.split_once('=').ok_or_else(wrong)?;
        let path: Vec<String> = path.split('.').map(|part| part.trim().to_string()).collect();
        if path.len() < 2 || path.iter().any(String::is_empty) {
            return Err(wrong());
        }
        let value = value.trim();
        Ok(Self { path, value: serde_json::from_str(value).unwrap_or_else(|_| json!(value)) })
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}={}", self.path.join("."), self.value)
    }
}

impl Setting {
    /// The first part of the path: which configuration it is of.
    pub fn section(&self) -> &str {
        &self.path[0]
    }

    /// `config` with this setting, of which the section is already known to mean it.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] if there is no such field, [`Error::Config`] if it takes no such value. Whether the value is
    /// allowed is for [`Config::check`](crate::Config::check) to say.
    pub fn apply<T: Serialize + DeserializeOwned>(&self, config: &T) -> Result<T> {
        let refused = |why: &dyn fmt::Display| {
            Error::config(self.path.join("."), &self.value, format!("a value that it can take: {why}"))
        };
        let tree = serde_json::to_value(config).map_err(|error| refused(&error))?;
        let read =
            |value: Value| serde_json::from_value(self.placed(tree.clone(), value)?).map_err(|e| refused(&e));
        match read(self.value.clone()) {
            // `null` is also the name of a choice: do(m = 0).
            Err(error @ Error::Config { .. }) if self.value.is_null() => {
                read(json!("null")).map_err(|_| error)
            }
            read => read,
        }
    }

    /// `tree` with this value in the field.
    fn placed(&self, mut tree: Value, value: Value) -> Result<Value> {
        let mut at = &mut tree;
        for part in &self.path[1..] {
            let field = part.replace('-', "_");
            let Value::Object(fields) = at else {
                let allowed = "a value that it can take: it has no fields";
                return Err(Error::config(self.path.join("."), &self.value, allowed));
            };
            if !fields.contains_key(&field) || field == "kind" {
                let known: Vec<&str> =
                    fields.keys().map(String::as_str).filter(|key| *key != "kind").collect();
                return Err(Error::unknown_name("setting", part, &known));
            }
            at = fields.get_mut(&field).expect("it is among the known ones");
        }
        *at = value;
        Ok(tree)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        log_scale: [f64; 2],
        chunk: Option<usize>,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        m: Choice,
        lambda: f64,
        decay: bool,
        inner: Inner,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Choice {
        Null,
        Mean,
    }

    fn with(settings: &[&str]) -> Result<Outer> {
        let outer = Outer {
            m: Choice::Mean,
            lambda: 1.0,
            decay: true,
            inner: Inner { log_scale: [1.0; 2], chunk: None },
        };
        let apply = |config: Outer, text: &&str| text.parse::<Setting>()?.apply(&config);
        settings.iter().try_fold(outer, apply)
    }

    #[test]
    fn settings_reach_their_field() {
        let outer = with(&["x.lambda=0.5", "x.decay = false", "x.inner.log-scale=[2, 3]", "x.inner.chunk=7"]);
        let inner = Inner { log_scale: [2.0, 3.0], chunk: Some(7) };
        assert_eq!(outer.unwrap(), Outer { m: Choice::Mean, lambda: 0.5, decay: false, inner });
    }

    #[test]
    fn null_is_a_name_where_nothing_is_no_value() {
        assert_eq!(with(&["x.m=null"]).unwrap().m, Choice::Null);
        assert_eq!(with(&["x.inner.chunk=3", "x.inner.chunk=null"]).unwrap().inner.chunk, None);
        let text = with(&["x.lambda=null"]).unwrap_err().to_string();
        assert!(text.contains("x.lambda = null"), "{text}");
    }

    #[test]
    fn mistakes_say_what_is_allowed() {
        for (setting, part) in [
            ("lambda=1", "write SECTION.FIELD=VALUE"),
            ("x.lambda", "write SECTION.FIELD=VALUE"),
            ("x.lamda=1", "did you mean `lambda`?"),
            ("x.lambda=fast", "x.lambda = \"fast\""),
            ("x.lambda.deep=1", "it has no fields"),
            ("x.inner.chunk=-1", "x.inner.chunk = -1"),
        ] {
            let text = with(&[setting]).expect_err(setting).to_string();
            assert!(text.contains(part), "{setting}: {text}");
        }
    }
}
