//! How many variables a structural model has, and how noisy its children are.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The most variables of a kind.
const MOST_VARIABLES: usize = 1000;
/// The most classes.
const MOST_CLASSES: usize = 100;

/// The sizes of a [`StructuralModel`](super::StructuralModel).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StructuralConfig {
    /// Number of parents of Y, A1, A2, …: 0 to 1000.
    pub parents: usize,
    /// Number of co-parents, C1, C2, …: 0 to 1000.
    pub co_parents: usize,
    /// Number of children, X1, X2, …: 1 to 1000.
    pub children: usize,
    /// Number of classes of Y: 2 to 100.
    pub classes: usize,
    /// Number of unobserved causes of children, Z1, Z2, …: 0 to 1000.
    pub latents: usize,
    /// σ, the standard deviation of each child's own noise, out of a total of 1: at least 0, less than 1; a model
    /// has it to six decimals.
    pub noise: f64,
}

impl Default for StructuralConfig {
    fn default() -> Self {
        Self { parents: 5, co_parents: 5, children: 10, classes: 5, latents: 2, noise: 0.3 }
    }
}

impl StructuralConfig {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// Naming the first field that is out of its range.
    pub fn check(&self) -> Result<()> {
        let sizes = [
            ("parents", self.parents, 0, MOST_VARIABLES),
            ("co_parents", self.co_parents, 0, MOST_VARIABLES),
            ("children", self.children, 1, MOST_VARIABLES),
            ("classes", self.classes, 2, MOST_CLASSES),
            ("latents", self.latents, 0, MOST_VARIABLES),
        ];
        for (field, size, least, most) in sizes {
            if !(least..=most).contains(&size) {
                return Err(Error::config(field, size, format!("from {least} to {most}")));
            }
        }
        if !(0.0..1.0).contains(&self.noise) {
            return Err(Error::config("noise", self.noise, "at least 0 and less than 1"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_out_of_range_is_named() {
        let default = StructuralConfig::default;
        assert!(default().check().is_ok());
        assert!(
            StructuralConfig { parents: 0, co_parents: 0, latents: 0, noise: 0.0, ..default() }
                .check()
                .is_ok()
        );
        for (config, message) in [
            (StructuralConfig { parents: 1001, ..default() }, "parents = 1001: must be from 0 to 1000"),
            (StructuralConfig { co_parents: 1001, ..default() }, "co_parents = 1001"),
            (StructuralConfig { children: 0, ..default() }, "children = 0: must be from 1 to 1000"),
            (StructuralConfig { classes: 1, ..default() }, "classes = 1: must be from 2 to 100"),
            (StructuralConfig { latents: usize::MAX, ..default() }, "latents"),
            (StructuralConfig { noise: 1.0, ..default() }, "noise = 1: must be at least 0 and less than 1"),
            (StructuralConfig { noise: f64::NAN, ..default() }, "noise = NaN"),
        ] {
            let text = config.check().unwrap_err().to_string();
            assert!(text.starts_with(message), "{text}");
        }
    }
}
