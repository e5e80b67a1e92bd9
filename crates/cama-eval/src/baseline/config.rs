//! Which baseline, and how to train it.

use cama::{Config, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::adversary::AdversarialConfig;
use super::cnn::CnnConfig;
use super::mlp::MlpConfig;
use super::tent_config::TentConfig;
use super::trees_config::TreesConfig;

/// The names of the baselines.
pub const BASELINES: &[&str] =
    &["mlp", "mlp-paper", "cnn", "cnn-bn", "cnn-adversarial", "tent", "standardise-each-batch", "trees"];

/// Which baseline, and how to train it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BaselineConfig {
    /// A fully connected network.
    Mlp(MlpConfig),
    /// The fully connected network of the paper.
    MlpPaper(MlpConfig),
    /// A convolutional network.
    Cnn(CnnConfig),
    /// A convolutional network with batch normalisation.
    CnnBn(CnnConfig),
    /// A convolutional network that trains on adversarial examples of itself.
    CnnAdversarial(AdversarialConfig),
    /// A convolutional network with batch normalisation, which adapts to the data that it predicts.
    Tent(OnlineConfig),
    /// Logistic regression on features that are standardised by the data set that they are from, of training as of what is
    /// predicted: shifts and scales of columns cancel, and so does what the shares of the classes do to the moments.
    StandardiseEachBatch(MlpConfig),
    /// Gradient-boosted trees.
    Trees(TreesConfig),
}

/// A convolutional network with batch normalisation, and how it adapts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OnlineConfig {
    /// The network.
    pub cnn: CnnConfig,
    /// How it adapts.
    pub tent: TentConfig,
}

impl BaselineConfig {
    /// The baseline `name` with its defaults.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] if it is not one of [`BASELINES`].
    pub fn named(name: &str) -> Result<Self> {
        match name {
            "mlp" => Ok(Self::Mlp(MlpConfig::default())),
            "mlp-paper" => Ok(Self::MlpPaper(MlpConfig::paper())),
            "cnn" => Ok(Self::Cnn(CnnConfig::default())),
            "cnn-bn" => Ok(Self::CnnBn(CnnConfig::default())),
            "cnn-adversarial" => Ok(Self::CnnAdversarial(AdversarialConfig::default())),
            "tent" => Ok(Self::Tent(OnlineConfig::default())),
            "standardise-each-batch" => Ok(Self::StandardiseEachBatch(MlpConfig::linear())),
            "trees" => Ok(Self::Trees(TreesConfig::default())),
            _ => Err(Error::unknown_name("baseline", name, BASELINES)),
        }
    }

    /// Its name: one of [`BASELINES`].
    pub fn name(&self) -> &'static str {
        match self {
            Self::Mlp(_) => "mlp",
            Self::MlpPaper(_) => "mlp-paper",
            Self::Cnn(_) => "cnn",
            Self::CnnBn(_) => "cnn-bn",
            Self::CnnAdversarial(_) => "cnn-adversarial",
            Self::Tent(_) => "tent",
            Self::StandardiseEachBatch(_) => "standardise-each-batch",
            Self::Trees(_) => "trees",
        }
    }

    /// Whether it is a network, which can be differentiated.
    pub fn is_network(&self) -> bool {
        !matches!(self, Self::Trees(_))
    }

    /// With one setting changed: `mlp.steps`, `cnn.channels`, `tent.learning-rate`, `trees.rounds`; its value as in JSON.
    ///
    /// # Errors
    ///
    /// If the baseline has no such setting, or the value is of another type. What is not allowed is left to
    /// [`Config::check`].
    pub fn with(self, setting: &str, value: Value) -> Result<Self> {
        let Some((group, field)) = setting.split_once('.') else {
            return Err(Error::spec("setting", setting, "write GROUP.FIELD, such as mlp.steps"));
        };
        let field = field.replace('-', "_");
        in_group(group, self.groups())?;
        Ok(match self {
            Self::Mlp(config) => Self::Mlp(changed(config, group, &field, value)?),
            Self::MlpPaper(config) => Self::MlpPaper(changed(config, group, &field, value)?),
            Self::StandardiseEachBatch(config) => {
                Self::StandardiseEachBatch(changed(config, group, &field, value)?)
            }
            Self::Cnn(config) => Self::Cnn(changed(config, group, &field, value)?),
            Self::CnnBn(config) => Self::CnnBn(changed(config, group, &field, value)?),
            Self::CnnAdversarial(AdversarialConfig { cnn, adversary }) => Self::CnnAdversarial(match group {
                "cnn" => AdversarialConfig { cnn: changed(cnn, group, &field, value)?, adversary },
                _ => AdversarialConfig { adversary: changed(adversary, group, &field, value)?, cnn },
            }),
            Self::Tent(OnlineConfig { cnn, tent }) => Self::Tent(match group {
                "cnn" => OnlineConfig { cnn: changed(cnn, group, &field, value)?, tent },
                _ => OnlineConfig { tent: changed(tent, group, &field, value)?, cnn },
            }),
            Self::Trees(config) => Self::Trees(changed(config, group, &field, value)?),
        })
    }

    /// The groups of its settings.
    fn groups(&self) -> &'static [&'static str] {
        match self {
            Self::Mlp(_) | Self::MlpPaper(_) | Self::StandardiseEachBatch(_) => &["mlp"],
            Self::Cnn(_) | Self::CnnBn(_) => &["cnn"],
            Self::CnnAdversarial(_) => &["cnn", "adversary"],
            Self::Tent(_) => &["cnn", "tent"],
            Self::Trees(_) => &["trees"],
        }
    }

    /// The group of the settings of its training: `mlp`, `cnn` or `trees`.
    pub fn group(&self) -> &'static str {
        self.groups()[0]
    }
}

impl Config for BaselineConfig {
    fn validate(&self) -> Result<()> {
        match self {
            Self::Mlp(config) | Self::MlpPaper(config) | Self::StandardiseEachBatch(config) => {
                config.validate()
            }
            Self::Cnn(config) | Self::CnnBn(config) => config.validate(),
            Self::CnnAdversarial(AdversarialConfig { cnn, adversary }) => {
                cnn.validate().and_then(|()| adversary.validate())
            }
            Self::Tent(OnlineConfig { cnn, tent }) => cnn.validate().and_then(|()| tent.validate()),
            Self::Trees(config) => config.validate(),
        }
    }
}

impl TentConfig {
    /// With one setting made, as [`BaselineConfig::with`]: `tent.epochs`.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn with(self, setting: &str, value: Value) -> Result<Self> {
        let (group, field) = setting.split_once('.').unwrap_or((setting, ""));
        in_group(group, &["tent"])?;
        changed(self, group, &field.replace('-', "_"), value)
    }
}

fn in_group(group: &str, known: &[&str]) -> Result<()> {
    match known.contains(&group) {
        true => Ok(()),
        false => Err(Error::unknown_name("group of settings of this baseline", group, known)),
    }
}

/// `config` with another value in one field.
fn changed<T>(config: T, group: &str, field: &str, value: Value) -> Result<T>
where
    T: Serialize + serde::de::DeserializeOwned,
{
    let refused =
        |why: serde_json::Error| Error::config(format!("{group}.{field}"), &value, format!("right: {why}"));
    let mut all = serde_json::to_value(&config).map_err(refused)?;
    if let Some(fields) = all.as_object_mut() {
        fields.insert(field.into(), value.clone());
    }
    serde_json::from_value(all).map_err(refused)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_reach_their_field() {
        let with = |name: &str, setting: &str, value| BaselineConfig::named(name)?.with(setting, value);
        assert!(matches!(with("mlp", "mlp.steps", json!(7)), Ok(BaselineConfig::Mlp(c)) if c.steps == 7));
        let tent = with("tent", "tent.learning-rate", json!(0.5)).unwrap();
        assert!(matches!(&tent, BaselineConfig::Tent(c) if c.tent.learning_rate == 0.5));
        let adversarial = with("cnn-adversarial", "adversary.eps", json!(0.1)).unwrap();
        assert!(matches!(&adversarial, BaselineConfig::CnnAdversarial(c) if c.adversary.eps == 0.1));
        let both = tent.with("cnn.layers", json!(2)).unwrap();
        assert!(
            matches!(both, BaselineConfig::Tent(c) if c.tent.learning_rate == 0.5 && c.cnn.layers == Some(2))
        );
        for (name, setting, value, part) in [
            ("mlp", "steps", json!(1), "write GROUP.FIELD"),
            ("mlp", "cnn.steps", json!(1), "unknown group of settings of this baseline `cnn`"),
            ("cnn", "cnn.stesp", json!(1), "unknown field `stesp`"),
            ("trees", "trees.rounds", json!("x"), "trees.rounds = \"x\""),
        ] {
            let text = with(name, setting, value).unwrap_err().to_string();
            assert!(text.contains(part), "{text}");
        }
    }
}
