//! Flags of the model's architecture.

use cama::mechanism::MechanismConfig;
use cama::network::Initialisation;
use cama::{Error, Input, Likelihood, ModelConfig};
use clap::Args;

use super::{Setting, named, overlay, with_settings};

/// The architecture: a preset and what is different from it.
#[derive(Args)]
#[command(next_help_heading = "Model")]
pub struct ModelFlags {
    /// Where settings come from that are not given: `fast` or `paper`.
    #[arg(long, default_value = "fast", value_name = "NAME")]
    pub preset: String,
    /// What the world may do: a list of `affine`, `photometric` (images), `per-column` (tables), `latent`, or `none`.
    #[arg(long, value_name = "M,…")]
    pub mechanism: Option<String>,
    /// A setting of a mechanism, such as `affine.rotation=0.5`; may be repeated.
    #[arg(long = "set", value_name = "M.FIELD=VALUE")]
    pub settings: Vec<Setting>,
    /// Length of Z.
    #[arg(long, value_name = "N")]
    pub z: Option<usize>,
    /// Width of every fully connected layer.
    #[arg(long, value_name = "N")]
    pub hidden: Option<usize>,
    /// Channels of every convolution.
    #[arg(long, value_name = "N")]
    pub channels: Option<usize>,
    /// Number of halvings in the encoders and of doublings in the decoder.
    #[arg(long, value_name = "N")]
    pub conv_layers: Option<usize>,
    /// Layers of NN_Y, NN_Z and NN_C.
    #[arg(long, value_name = "N")]
    pub cause_layers: Option<usize>,
    /// Side of the convolution kernels of q1(z|x,y,m).
    #[arg(long, value_name = "N")]
    pub kernel_z: Option<usize>,
    /// Side of the convolution kernels of q2(m|x).
    #[arg(long, value_name = "N")]
    pub kernel_m: Option<usize>,
    /// Halve by max pooling instead of stride 2.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub pooling: Option<bool>,
    /// Layers of the networks that read the columns of a table.
    #[arg(long, value_name = "N")]
    pub layers: Option<usize>,
    /// Whether q2(m|·) sees the parents and co-parents of a table besides X.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub m_sees_causes: Option<bool>,
    /// Slope of the activation for negative inputs; 0 is ReLU.
    #[arg(long, value_name = "S")]
    pub negative_slope: Option<f64>,
    /// How initial weights are drawn.
    #[arg(long, value_name = "he|uniform", value_parser = named::<Initialisation>)]
    pub initialisation: Option<Initialisation>,
    /// p(x|·) of one pixel.
    #[arg(long, value_name = "bernoulli|gaussian", value_parser = named::<Likelihood>)]
    pub likelihood: Option<Likelihood>,
}

impl ModelFlags {
    /// The checked configuration for such an input.
    ///
    /// # Errors
    ///
    /// If a name is unknown, a size is not allowed, or a flag is for another kind of data.
    pub fn config(&self, input: Input, classes: usize) -> cama::Result<ModelConfig> {
        let mut config = ModelConfig::preset(&self.preset, input, classes)?;
        overlay!(self => config; z, hidden, cause_layers, negative_slope, initialisation);
        match &mut config.input {
            Input::Image(image) => {
                refuse(
                    "images",
                    &[("layers", self.layers.is_some()), ("m-sees-causes", self.m_sees_causes.is_some())],
                )?;
                overlay!(self => image; channels, conv_layers, kernel_z, kernel_m, pooling, likelihood);
            }
            Input::Table(table) => {
                let image_flags = [
                    ("channels", self.channels.is_some()),
                    ("conv-layers", self.conv_layers.is_some()),
                    ("kernel-z", self.kernel_z.is_some()),
                    ("kernel-m", self.kernel_m.is_some()),
                    ("pooling", self.pooling.is_some()),
                    ("likelihood", self.likelihood.is_some()),
                ];
                refuse("tables", &image_flags)?;
                overlay!(self => table; layers, m_sees_causes);
            }
        }
        if let Some(list) = &self.mechanism {
            // A mechanism that the preset has keeps the preset's settings.
            let former = std::mem::take(&mut config.mechanisms);
            let kept =
                |new: MechanismConfig| former.iter().find(|m| m.name() == new.name()).cloned().unwrap_or(new);
            config.mechanisms = MechanismConfig::parse_list(list)?.into_iter().map(kept).collect();
        }
        config.mechanisms = with_settings(config.mechanisms, &self.settings)?;
        config.check()?;
        Ok(config)
    }
}

/// Errors if one of these flags, each with whether it is given, is: they say nothing about such `data`.
pub fn refuse(data: &str, flags: &[(&str, bool)]) -> cama::Result<()> {
    match flags.iter().find(|(_, given)| *given) {
        Some((flag, _)) => {
            Err(Error::spec("flag", format!("--{flag}"), format!("says nothing about {data}; leave it out")))
        }
        None => Ok(()),
    }
}
