//! Specifications of baselines: `cnn`, or `cnn+shift-vertical:0.5|rotate:30`.

use cama::{Error, Result};

use super::config::BaselineConfig;

/// A baseline and what its training data is manipulated by.
///
/// Written as its name, then `+` and a manipulation, which may itself have several steps joined by `+`; alternatives,
/// one of which is drawn for each batch, are separated by `|`: `cnn+shift-vertical:0.5|rotate:30+blur:1` is a `cnn` that
/// meets images shifted, and images rotated and then blurred.
#[derive(Clone, Debug, PartialEq)]
pub struct BaselineSpec {
    /// Which baseline, and how to train it.
    pub config: BaselineConfig,
    /// Manipulations, as they are written.
    pub manipulations: Vec<String>,
}

impl BaselineSpec {
    /// Reads a specification; what the manipulations mean is left to the data that they are done to.
    ///
    /// # Errors
    ///
    /// If there is no such baseline, a manipulation is missing, or the baseline cannot train on manipulated data.
    pub fn parse(spec: &str) -> Result<Self> {
        let (name, manipulations): (_, Vec<String>) = match spec.split_once('+') {
            Some((name, rest)) => (name, rest.split('|').map(|text| text.trim().to_string()).collect()),
            None => (spec, Vec::new()),
        };
        let config = BaselineConfig::named(name.trim())?;
        if manipulations.iter().any(String::is_empty) {
            let problem = "a manipulation is missing; write them as in `cnn+shift-vertical:0.5|rotate:30`";
            return Err(Error::spec("baseline", spec, problem));
        }
        Self { config, manipulations: Vec::new() }.and(&manipulations)
    }

    /// With more manipulations.
    ///
    /// # Errors
    ///
    /// If the baseline cannot train on manipulated data.
    pub fn and(mut self, manipulations: &[String]) -> Result<Self> {
        self.manipulations.extend_from_slice(manipulations);
        let problem = match self.config {
            _ if self.manipulations.is_empty() => return Ok(self),
            BaselineConfig::Trees(_) => "only networks are trained on manipulated data",
            BaselineConfig::CnnAdversarial(_) => {
                "it trains on adversarial examples, not on manipulated data; take `cnn`"
            }
            _ => return Ok(self),
        };
        let written = written(self.config.name(), &self.manipulations);
        Err(Error::spec("baseline", written, problem))
    }

    /// The manipulations, read as those of such data.
    ///
    /// # Errors
    ///
    /// As reading a manipulation.
    pub fn read<M: std::str::FromStr<Err = Error>>(&self) -> Result<Vec<M>> {
        self.manipulations.iter().map(|text| text.parse()).collect()
    }
}

/// As [`BaselineSpec::parse`] reads it.
pub(super) fn written(name: &str, manipulations: &[String]) -> String {
    match manipulations {
        [] => name.to_string(),
        some => format!("{name}+{}", some.join("|")),
    }
}

#[cfg(test)]
mod tests {
    use cama::manipulation::Manipulation;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn alternatives_are_distinguished_from_steps() {
        let spec = BaselineSpec::parse("cnn+shift-vertical:0.5|rotate:30+blur:1").unwrap();
        assert_eq!(spec.config.name(), "cnn");
        assert_eq!(spec.manipulations, ["shift-vertical:0.5", "rotate:30+blur:1"]);
        assert_eq!(spec.read::<Manipulation>().unwrap()[1].to_string(), "rotate:30+blur:1");
        assert_eq!(BaselineSpec::parse("trees").unwrap().manipulations, [""; 0]);
        let message = |spec: &str| BaselineSpec::parse(spec).unwrap_err().to_string();
        assert!(message("cnm+rotate:3").contains("did you mean `cnn`?"), "{}", message("cnm+rotate:3"));
        assert!(message("cnn+").contains("a manipulation is missing"));
        assert!(message("cnn+rotate:3||blur:1").contains("a manipulation is missing"));
        assert!(message("trees+rotate:3").contains("only networks"));
        assert!(message("cnn-adversarial+rotate:3").contains("trains on adversarial examples"));
        assert!(BaselineSpec::parse("cnn+rotat:3").unwrap().read::<Manipulation>().is_err());
    }

    proptest! {
        #[test]
        fn nothing_makes_the_reader_panic_and_what_is_read_is_written_alike(text in "(mlp|cnn|trees)?[+|a-z:.0-9]{0,20}") {
            if let Ok(spec) = BaselineSpec::parse(&text) {
                prop_assert_eq!(written(spec.config.name(), &spec.manipulations), text);
            }
        }
    }
}
