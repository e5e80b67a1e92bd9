//! A composition of steps, applied from left to right.

use std::fmt;
use std::str::FromStr;

use rand_chacha::ChaCha8Rng;

use crate::data::Images;
use crate::{Error, Result};

/// What is done to images: steps applied from left to right, possibly none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manipulation {}

impl Manipulation {
    /// The manipulation that leaves images as they are.
    pub fn none() -> Self {
        Manipulation::default()
    }

    /// Reads a specification such as `rotate:20+shift-vertical:0.2`.
    pub fn parse(spec: &str) -> Result<Self> {
        match spec {
            "none" => Ok(Self::none()),
            _ => Err(Error::unknown_name("manipulation", spec, &["none"])),
        }
    }

    /// Whether nothing is done.
    pub fn is_none(&self) -> bool {
        true
    }

    /// The magnitude of the first step's main parameter, 0 for none.
    pub fn severity(&self) -> f64 {
        0.0
    }

    /// The images after the manipulation, with parameters drawn for each image.
    pub fn apply(&self, images: &Images, _rng: &mut ChaCha8Rng) -> Images {
        images.clone()
    }

    /// [`apply`](Manipulation::apply) with a generator made from `seed`.
    pub fn apply_seeded(&self, images: &Images, _seed: u64) -> Images {
        images.clone()
    }
}

impl fmt::Display for Manipulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("none")
    }
}

impl FromStr for Manipulation {
    type Err = Error;

    fn from_str(spec: &str) -> Result<Self> {
        Manipulation::parse(spec)
    }
}
