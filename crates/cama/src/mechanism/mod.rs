//! What the model believes the world can do to X: the mechanisms M → X.
//!
//! The model's m is the concatenation of the parts of its mechanisms, each with a [`Prior`]. Every
//! mechanism is the identity at m = 0, so a model that was trained with do(m = 0) never runs one and any
//! can be attached to it later.

mod affine;
mod grid;
mod latent;
mod per_column;
mod photometric;
mod prior;

pub use affine::{Affine, AffineConfig};
pub use latent::{Latent, LatentConfig, Merge};
pub use per_column::{PerColumn, PerColumnConfig};
pub use photometric::{Photometric, PhotometricConfig};
pub use prior::{Prior, SpikeAndSlab};

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::input::Input;
use crate::network::Init;
use crate::{Error, Result};

/// One mechanism: the part of m it reads, and what it does with it.
///
/// X is `[batch, group, width]`: images of `channels·height·width` means of pixels in [0, 1], or rows of a table;
/// all of a group share one row of `m`, `[batch, dim]`.
pub trait Mechanism: Module {
    /// Prior scales and sizes.
    type Config: Clone + Default;

    /// Whether it can act on such an input; if not, on what it can.
    fn check_input(_input: &Input) -> std::result::Result<(), &'static str> {
        Ok(())
    }

    /// The mechanism for an input that [`check_input`](Self::check_input) allows, and features of length `hidden`.
    fn new(config: &Self::Config, input: &Input, hidden: usize, init: &mut Init) -> Self;

    /// Names and units of the parameters that m stands for; their number is the length of its part of m.
    fn parameters(&self) -> Vec<Parameter>;

    /// p of its part of m.
    fn prior(&self) -> Prior {
        Prior::Normal
    }

    /// The mechanism with a prior whose centre was just found in data.
    fn settled(self) -> Self {
        self
    }

    /// Features h_M of m, merged with h_Y and h_Z: `[batch, dim] → [batch, hidden]`.
    /// An explicit mechanism has none: it acts on X.
    fn features(&self, _m: Tensor<2>) -> Option<Tensor<2>> {
        None
    }

    /// T_m(x): what this mechanism makes of the clean mean `x`. T_0 is exactly the identity.
    fn transform(&self, _m: Tensor<2>, x: Tensor<3>) -> Tensor<3> {
        x
    }

    /// T_m⁻¹(x): X as it would have been.
    fn restore(&self, _m: Tensor<2>, x: Tensor<3>) -> Tensor<3> {
        x
    }

    /// The logarithm of the factor by which T_m stretches what X is off its mean, `[batch, width]`; nothing where
    /// X varies about T_m(mean) as it does about the mean.
    fn log_stretch(&self, _m: Tensor<2>) -> Option<Tensor<2>> {
        None
    }
}

/// One component of m in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Name, such as `rotation`.
    pub name: String,
    /// Unit that [`value`](Self::value) is in, such as `degrees`.
    pub unit: &'static str,
    /// Units per standard deviation of the prior.
    pub scale: f64,
    /// Whether the value is the exponential of the scaled component (a factor).
    pub exponential: bool,
}

impl Parameter {
    fn linear(name: &str, unit: &'static str, scale: f64) -> Self {
        Self { name: name.into(), unit, scale, exponential: false }
    }

    fn factor(name: &str, scale: f64) -> Self {
        Self { name: name.into(), unit: "factor", scale, exponential: true }
    }

    /// The shift of a column, in standard deviations of it.
    fn shift(column: &str, scale: f64) -> Self {
        Self::linear(&format!("{column} shift"), "standard deviations", scale)
    }

    /// Whether it is the shift of this column, in standard deviations of it.
    pub(crate) fn shifts(&self, column: &str) -> bool {
        let Self { name, unit, .. } = Self::shift(column, self.scale);
        (&name, unit) == (&self.name, self.unit)
    }

    /// The parameter in its unit, at component `m` (in standard deviations of the prior).
    pub fn value(&self, m: f64) -> f64 {
        if self.exponential { (self.scale * m).exp() } else { self.scale * m }
    }

    /// Its standard deviation in its unit where component `m` is normal with this mean and standard deviation `sd`, as
    /// in q2(m|x): of a factor, that of the log-normal distribution.
    pub fn sd(&self, m: f64, sd: f64) -> f64 {
        let sd = self.scale.abs() * sd;
        if !self.exponential {
            return sd;
        }
        let variance = sd * sd;
        (self.scale * m + variance / 2.0).exp() * variance.exp_m1().sqrt()
    }
}

/// Lists the mechanisms: the enum of their configurations, the enum of the mechanisms, and their names.
macro_rules! mechanisms {
    ($($name:literal: $mechanism:ident($config:ident), $explicit:literal;)*) => {
        /// Which mechanism, with its prior scales and sizes; in TOML, a table with its name as `kind`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind")]
        pub enum MechanismConfig {
            $(#[doc = concat!("`", $name, "`")] #[serde(rename = $name)] $mechanism($config),)*
        }

        /// Names of all mechanisms.
        pub const MECHANISMS: &[&str] = &[$($name),*];

        impl MechanismConfig {
            /// The mechanism called `name`, with its defaults.
            pub fn named(name: &str) -> Result<Self> {
                match name {
                    $($name => Ok(Self::$mechanism($config::default())),)*
                    _ => Err(Error::unknown_name("mechanism", name, MECHANISMS)),
                }
            }

            /// The mechanism's name.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$mechanism(_) => $name,)* }
            }

            /// Whether it acts on X itself, by a transformation that can be undone and dreamt.
            pub fn is_explicit(&self) -> bool {
                match self { $(Self::$mechanism(_) => $explicit,)* }
            }

            /// Errors unless it can act on such an input.
            pub fn check_input(&self, input: &Input) -> Result<()> {
                let checked = match self { $(Self::$mechanism(_) => $mechanism::check_input(input),)* };
                checked.map_err(|wanted| {
                    Error::config("mechanism", self.name(), format!("one for {}: it acts on {wanted}", input.plural()))
                })
            }

            /// Checks every setting.
            pub fn check(&self) -> Result<()> {
                match self { $(Self::$mechanism(config) => config.check(),)* }
            }
        }

        /// Any one of the mechanisms.
        #[derive(Module, Debug)]
        pub enum AnyMechanism { $(#[doc = concat!("`", $name, "`")] $mechanism($mechanism),)* }

        impl AnyMechanism {
            /// The configured mechanism, as [`Mechanism::new`].
            pub fn new(config: &MechanismConfig, input: &Input, hidden: usize, init: &mut Init) -> Self {
                match config {
                    $(MechanismConfig::$mechanism(c) => Self::$mechanism($mechanism::new(c, input, hidden, init)),)*
                }
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

            /// As [`Mechanism::settled`].
            pub(crate) fn settled(self) -> Self {
                match self { $(Self::$mechanism(inner) => Self::$mechanism(inner.settled()),)* }
            }

            /// As [`Mechanism::log_stretch`].
            pub fn log_stretch(&self, m: Tensor<2>) -> Option<Tensor<2>> {
                match self { $(Self::$mechanism(inner) => inner.log_stretch(m),)* }
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
    "latent": Latent(LatentConfig), false;
    "affine": Affine(AffineConfig), true;
    "photometric": Photometric(PhotometricConfig), true;
    "per-column": PerColumn(PerColumnConfig), true;
}

impl MechanismConfig {
    /// Parses a list such as `affine,photometric`; `none` is the empty list.
    pub fn parse_list(list: &str) -> Result<Vec<Self>> {
        if list == "none" {
            return Ok(Vec::new());
        }
        list.split(',').map(|name| Self::named(name.trim())).collect()
    }
}

/// Components of m act on an image as if they were no farther from zero, in standard deviations of the prior: an
/// inference network that meets an image unlike all it knows can be off by so much that exponentials overflow.
const MOST_DEVIATIONS: f64 = 10.0;

/// A prior scale must be a positive, finite number.
fn check_scale(field: &str, value: f64) -> Result<()> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(Error::config(field, value, "a positive number: the standard deviation of its prior"))
}

/// The shape of the images that a mechanism acts on.
///
/// # Panics
///
/// If the input is a table; [`Mechanism::check_input`] comes first.
fn image_shape(input: &Input) -> [usize; 3] {
    input.image().expect("checked to be images").shape
}

/// For mechanisms that act on pixels.
fn images_only(input: &Input) -> std::result::Result<(), &'static str> {
    input.image().map(|_| ()).ok_or("images")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and standard deviation of the parameter in its unit, by numerical integration over a normal component.
    fn integrated(parameter: &Parameter, m: f64, sd: f64) -> [f64; 2] {
        let step = 1e-3;
        let moment = |of: &dyn Fn(f64) -> f64| -> f64 {
            let density = |z: f64| (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
            let grid = (-12_000..12_000).map(|i| (f64::from(i) + 0.5) * step);
            grid.map(|z| density(z) * of(parameter.value(m + sd * z)) * step).sum()
        };
        let mean = moment(&|value| value);
        [mean, moment(&|value| (value - mean).powi(2)).sqrt()]
    }

    #[test]
    fn standard_deviations_are_those_of_the_parameter_in_its_unit() {
        let linear = Parameter::linear("rotation", "degrees", 23.0);
        let factor = Parameter::factor("gain", 0.5);
        for parameter in [&linear, &factor, &Parameter { scale: -0.5, ..factor.clone() }] {
            for (m, sd) in [(0.0, 1.0), (1.5, 0.2), (-2.0, 0.01), (0.3, 1.3)] {
                let [_, wanted] = integrated(parameter, m, sd);
                let found = parameter.sd(m, sd);
                assert!((found / wanted - 1.0).abs() < 1e-6, "{parameter:?} {m} {sd}: {found} {wanted}");
            }
        }
        // No digits are lost where it is all but known.
        assert!((factor.sd(0.0, 1e-9) / 5e-10 - 1.0).abs() < 1e-6);
        assert_eq!((linear.sd(3.0, 0.0), factor.sd(3.0, 0.0)), (0.0, 0.0));
    }
}
