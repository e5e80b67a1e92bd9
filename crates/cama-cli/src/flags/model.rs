//! Flags of the model's architecture.

use cama::mechanism::MechanismConfig;
use cama::network::Initialisation;
use cama::{GeneratorChoice, Likelihood, ModelConfig, Result, TrunkConfig};
use clap::Args;

use super::overlay::{named, overlay, refuse};

/// The architecture: a preset and what is different from it.
#[derive(Args)]
#[command(next_help_heading = "Model")]
pub struct ModelFlags {
    /// Where settings come from that are not given: `fast` or `paper`.
    #[arg(long, default_value = "fast", value_name = "NAME")]
    pub preset: String,
    /// What the world may do: a list of `affine`, `photometric`, `field` (images), `per-column` (tables), `latent`, or `none`.
    #[arg(long, value_name = "M,…")]
    pub mechanism: Option<String>,
    /// What makes the rows of a table: `network`, `factor`, or `auto`: a factor model, unless networks explain held-out
    /// rows clearly better.
    #[arg(long, value_name = "auto|network|factor", value_parser = named::<GeneratorChoice>)]
    pub generator: Option<GeneratorChoice>,
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
    /// The configuration with what these flags change.
    ///
    /// # Errors
    ///
    /// If a mechanism is unknown, or a flag is for another kind of data.
    pub(super) fn overlay(&self, mut config: ModelConfig) -> Result<ModelConfig> {
        overlay!(self => config; z);
        let network = &mut config.network;
        overlay!(self => network; hidden, cause_layers, negative_slope, initialisation);
        match &mut network.trunk {
            TrunkConfig::Convolutional(trunk) => {
                let table_flags =
                    [("layers", self.layers.is_some()), ("m-sees-causes", self.m_sees_causes.is_some())];
                refuse("images", &table_flags)?;
                overlay!(self => trunk; channels, conv_layers as layers, kernel_z, kernel_m, pooling);
                overlay!(self => config; likelihood);
            }
            TrunkConfig::FullyConnected(trunk) => {
                let image_flags = [
                    ("channels", self.channels.is_some()),
                    ("conv-layers", self.conv_layers.is_some()),
                    ("kernel-z", self.kernel_z.is_some()),
                    ("kernel-m", self.kernel_m.is_some()),
                    ("pooling", self.pooling.is_some()),
                    ("likelihood", self.likelihood.is_some()),
                ];
                refuse("tables", &image_flags)?;
                overlay!(self => trunk; layers, m_sees_causes);
            }
        }
        if let Some(list) = &self.mechanism {
            config.mechanisms = chosen(list, &config.mechanisms)?;
        }
        Ok(config)
    }
}

/// The mechanisms of a list such as `affine,latent`; those that are there already keep their settings.
pub(super) fn chosen(list: &str, present: &[MechanismConfig]) -> Result<Vec<MechanismConfig>> {
    let kept = |new: MechanismConfig| present.iter().find(|m| m.name() == new.name()).cloned().unwrap_or(new);
    Ok(MechanismConfig::parse_list(list)?.into_iter().map(kept).collect())
}
