//! What the model believes the world can do to X: the mechanisms M → X.
//!
//! The model's m is the concatenation of the parts of its mechanisms, each with a [`Prior`]. Every
//! mechanism is the identity at m = 0, so a model that was trained with do(m = 0) never runs one and any
//! can be attached to it later. A [`Field`], which acts on each pixel by itself, has no part of m: it is undone before the
//! others are inferred.

mod affine;
mod contract;
mod field;
mod latent;
mod of_data;
mod parameter;
mod per_column;
mod photometric;
mod prior;

pub use affine::{Affine, AffineConfig};
pub use contract::{MOST_DEVIATIONS, Mechanism};
pub(crate) use field::FieldOfData;
pub use field::{
    Field, FieldConfig, FieldDreams, FieldMaps, FieldPosterior, FieldSummary, PixelManipulation,
};
pub use latent::{Latent, LatentConfig, Merge, ZWeights};
pub use of_data::PriorOfData;
pub use parameter::Parameter;
pub(crate) use per_column::{ColumnEffect, spread};
pub use per_column::{MOST_LOG_SCALE, PerColumn, PerColumnConfig};
pub use photometric::{Photometric, PhotometricConfig};
pub use prior::{Prior, SpikeAndSlab};

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::data::DataShape;
use crate::likelihood::LikelihoodParams;
use crate::network::Init;
use crate::{Error, Result};

/// Lists the mechanisms: the enum of their configurations, the enum of the mechanisms, and their names.
macro_rules! mechanisms {
    (
        of m: $($name:literal: $mechanism:ident($config:ident), $explicit:literal;)*
        of pixels: $field_name:literal: $field:ident($field_config:ident);
    ) => {
        /// Which mechanism, with its prior scales and sizes; in TOML, a table with its name as `kind`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind")]
        pub enum MechanismConfig {
            $(#[doc = concat!("`", $name, "`")] #[serde(rename = $name)] $mechanism($config),)*
            #[doc = concat!("`", $field_name, "`")]
            #[serde(rename = $field_name)]
            $field($field_config),
        }

        /// Names of all mechanisms.
        pub const MECHANISMS: &[&str] = &[$($name,)* $field_name];

        impl MechanismConfig {
            /// The mechanism called `name`, with its defaults.
            pub fn named(name: &str) -> Result<Self> {
                match name {
                    $($name => Ok(Self::$mechanism($config::default())),)*
                    $field_name => Ok(Self::$field($field_config::default())),
                    _ => Err(Error::unknown_name("mechanism", name, MECHANISMS)),
                }
            }

            /// The mechanism's name.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$mechanism(_) => $name,)* Self::$field(_) => $field_name }
            }

            /// Whether it acts on X itself, by a transformation that can be undone and dreamt.
            pub fn is_explicit(&self) -> bool {
                match self { $(Self::$mechanism(_) => $explicit,)* Self::$field(_) => true }
            }

            /// Whether it has a part of the model's m; the others act on each pixel by itself.
            pub fn is_of_m(&self) -> bool {
                !matches!(self, Self::$field(_))
            }

            /// Errors unless it can act on such data.
            pub fn check_data(&self, data: &DataShape) -> Result<()> {
                let checked = match self {
                    $(Self::$mechanism(_) => $mechanism::check_data(data),)*
                    Self::$field(_) => $field::check_data(data),
                };
                checked.map_err(|wanted| {
                    Error::config("mechanism", self.name(), format!("one for {}: it acts on {wanted}", data.plural()))
                })
            }

            /// Checks every setting.
            pub fn check(&self) -> Result<()> {
                match self { $(Self::$mechanism(config) => config.check(),)* Self::$field(config) => config.check() }
            }
        }

        /// Any one of the mechanisms that have a part of m.
        #[derive(Module, Debug)]
        #[expect(clippy::large_enum_variant, reason = "a model has a few")]
        pub enum AnyMechanism { $(#[doc = concat!("`", $name, "`")] $mechanism($mechanism),)* }

        impl AnyMechanism {
            /// The configured mechanism, as [`Mechanism::new`]; nothing for one that has no part of m.
            pub fn new(config: &MechanismConfig, data: &DataShape, hidden: usize, init: &mut Init) -> Option<Self> {
                Some(match config {
                    $(MechanismConfig::$mechanism(c) => Self::$mechanism($mechanism::new(c, data, hidden, init)),)*
                    MechanismConfig::$field(_) => return None,
                })
            }

            /// As [`Mechanism::parameters`].
            pub fn parameters(&self) -> Vec<Parameter> {
                match self { $(Self::$mechanism(inner) => inner.parameters(),)* }
            }

            /// As [`Mechanism::features`].
            pub fn features(&self, m: Tensor<2>) -> Option<Tensor<2>> {
                match self { $(Self::$mechanism(inner) => inner.features(m),)* }
            }

            /// As [`Mechanism::transform`].
            pub fn transform(&self, m: Tensor<2>, x: Tensor<3>) -> Tensor<3> {
                match self { $(Self::$mechanism(inner) => inner.transform(m, x),)* }
            }

            /// As [`Mechanism::prior`].
            pub fn prior(&self) -> Prior {
                match self { $(Self::$mechanism(inner) => inner.prior(),)* }
            }

            /// As [`Mechanism::recentred`].
            pub(crate) fn recentred(self) -> Self {
                match self { $(Self::$mechanism(inner) => Self::$mechanism(inner.recentred()),)* }
            }

            /// As [`Mechanism::observe`].
            pub fn observe(&self, m: Tensor<2>, likelihood: LikelihoodParams) -> LikelihoodParams {
                match self { $(Self::$mechanism(inner) => inner.observe(m, likelihood),)* }
            }

            /// As [`Mechanism::clips`].
            pub(crate) fn clips(&self) -> bool {
                match self { $(Self::$mechanism(inner) => inner.clips(),)* }
            }

            /// As [`Mechanism::restore`].
            pub fn restore(&self, m: Tensor<2>, x: Tensor<3>) -> Tensor<3> {
                match self { $(Self::$mechanism(inner) => inner.restore(m, x),)* }
            }
        }
    };
}

// A further mechanism is one new file and one line here.
mechanisms! {
    of m:
    "latent": Latent(LatentConfig), false;
    "affine": Affine(AffineConfig), true;
    "photometric": Photometric(PhotometricConfig), true;
    "per-column": PerColumn(PerColumnConfig), true;
    of pixels:
    "field": Field(FieldConfig);
}

impl MechanismConfig {
    /// The latent mechanism's settings, if it is that.
    pub fn latent(&self) -> Option<&LatentConfig> {
        match self {
            Self::Latent(config) => Some(config),
            _ => None,
        }
    }

    /// Where it has dreams of its own, it learns from them in no more steps than these.
    pub(crate) fn limit_dreams(&mut self, steps: usize) {
        if let Self::Field(field) = self {
            field.steps = field.steps.min(steps);
        }
    }

    /// Parses a list such as `affine,photometric`; `none` is the empty list.
    pub fn parse_list(list: &str) -> Result<Vec<Self>> {
        if list == "none" {
            return Ok(Vec::new());
        }
        list.split(',').map(|name| Self::named(name.trim())).collect()
    }
}
