//! By which rule an example is classified.

use serde::{Deserialize, Serialize};

use crate::model::M;
use crate::predict::PredictConfig;
use crate::{Config, Result};

/// By what an example is classified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Bayes' rule (Eqs. 6, 11): with the inferred m where the guard lets restoration stand, else with do(m = 0).
    Bayes,
    /// The discriminative classifier: on the restored example where the guard lets it stand, else as it was.
    Direct,
    /// Their product, Bayes' rule to the power 1/T: its probabilities come from many pixels taken as independent, and
    /// are far too sure. On what is unexplained, the discriminative classifier alone.
    Product,
    /// The discriminative classifier on the example as it was: what one has without restoration.
    DirectAlone,
}

impl Rule {
    /// All rules.
    pub const ALL: [Rule; 4] = [Rule::DirectAlone, Rule::Direct, Rule::Bayes, Rule::Product];

    /// Its name, as in files and flags.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bayes => "bayes",
            Self::Direct => "direct",
            Self::Product => "product",
            Self::DirectAlone => "direct-alone",
        }
    }

    /// Whether it asks a discriminative classifier.
    pub fn needs_classifier(self) -> bool {
        self != Self::Bayes
    }

    /// Whether it asks Bayes' rule.
    pub(super) fn needs_bayes(self) -> bool {
        matches!(self, Self::Bayes | Self::Product)
    }
}

/// T of [`Rule::Product`] until it is fitted.
pub const TEMPERATURE: f64 = 5.0;

/// p(y|x) of every class by each rule; empty where it was not computed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ByRule {
    /// As [`Rule::DirectAlone`].
    pub direct_alone: Vec<f64>,
    /// As [`Rule::Direct`].
    pub direct: Vec<f64>,
    /// As [`Rule::Bayes`].
    pub bayes: Vec<f64>,
    /// As [`Rule::Product`].
    pub product: Vec<f64>,
}

impl ByRule {
    /// p(y|x) of every class by `rule`; empty where it was not computed.
    pub fn get(&self, rule: Rule) -> &[f64] {
        match rule {
            Rule::Bayes => &self.bayes,
            Rule::Direct => &self.direct,
            Rule::Product => &self.product,
            Rule::DirectAlone => &self.direct_alone,
        }
    }
}

/// How to decide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DecideConfig {
    /// By which rule; [`Rule::Product`] also gives the others.
    pub rule: Rule,
    /// Bayes' rule. With [`M::Null`] nothing is restored; with the others, with the mean of q2.
    pub predict: PredictConfig,
}

impl Default for DecideConfig {
    fn default() -> Self {
        Self { rule: Rule::Product, predict: PredictConfig { m: M::Mean, ..PredictConfig::default() } }
    }
}

impl Config for DecideConfig {
    fn validate(&self) -> Result<()> {
        self.predict.validate()
    }
}
