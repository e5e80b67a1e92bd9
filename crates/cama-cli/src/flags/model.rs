//! Flags of the model's architecture.

use cama::data::Images;
use cama::mechanism::MechanismConfig;
use cama::network::Initialisation;
use cama::{Likelihood, ModelConfig};
use clap::Args;

use super::{Setting, named, overlay, with_settings};

/// The architecture: a preset and what is different from it.
#[derive(Args)]
#[command(next_help_heading = "Model")]
pub struct ModelFlags {
    /// Where settings come from that are not given: `fast` or `paper`.
    #[arg(long, default_value = "fast", value_name = "NAME")]
    pub preset: String,
    /// What the world may do to images: a list of `latent`, `affine`, `photometric`, or `none`.
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
    /// Layers of NN_Y and of NN_Z.
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
    /// The checked configuration for images like these.
    ///
    /// # Errors
    ///
    /// If a name is unknown or a size is not allowed.
    pub fn config(&self, images: &Images) -> cama::Result<ModelConfig> {
        let mut config = ModelConfig::preset(&self.preset, images.shape(), images.classes().len())?;
        overlay!(self => config;
            z, hidden, channels, conv_layers, cause_layers, kernel_z, kernel_m, pooling, negative_slope,
            initialisation, likelihood);
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
