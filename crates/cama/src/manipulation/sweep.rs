//! A manipulation at growing severities.

use super::Manipulation;
use crate::Result;

/// A manipulation at each of several severities: `shift-vertical:0..0.9/0.1`.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    family: String,
    points: Vec<(f64, Manipulation)>,
}

impl Sweep {
    /// Reads a sweep, or a plain manipulation as a sweep of one.
    pub fn parse(spec: &str) -> Result<Self> {
        let manipulation = Manipulation::parse(spec)?;
        Ok(Sweep { family: spec.to_string(), points: vec![(manipulation.severity(), manipulation)] })
    }

    /// Severities and manipulations, in the order of the sweep.
    pub fn points(&self) -> &[(f64, Manipulation)] {
        &self.points
    }

    /// What is swept, for a heading: `shift-vertical`.
    pub fn family(&self) -> &str {
        &self.family
    }
}
