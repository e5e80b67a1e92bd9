//! Deep CAMA: the generative model p and the inference networks q put together.

mod config;
mod deep_cama;
mod factor;
mod generator;
mod given;
mod inference;
mod m;
mod mechanisms;
mod observed;
mod trunk;

pub use config::{
    ClassPrior, ConvolutionalConfig, FullyConnectedConfig, GeneratorConfig, ModelConfig, NetworkConfig,
    PRESETS, TrunkConfig,
};
pub use deep_cama::{DeepCama, Joint};
pub use factor::{Factor, FactorConfig, FactorDensity, Normal};
pub(crate) use factor::{Under, tempered};
pub(crate) use given::{Given, Pairs};
pub use inference::MPosteriorLayers;
pub use m::{M, MChoice};
pub use mechanisms::Mechanisms;
pub use observed::Observed;
pub(crate) use trunk::Trunk;
