//! The crate from outside.

mod attacks;
mod figures;

use cama::mechanism::MechanismConfig;
use cama::{Config, ConvolutionalConfig, DeepCama, ModelConfig, TrunkConfig};

/// An untrained model of digits, with networks of these sizes.
fn model(mechanisms: &str, [channels, z, hidden]: [usize; 3], seed: u64) -> DeepCama {
    let mechanisms = MechanismConfig::parse_list(mechanisms).unwrap();
    let mut config = ModelConfig { z, mechanisms, ..ModelConfig::fast([1, 28, 28], 10) };
    config.network.hidden = hidden;
    config.network.trunk =
        TrunkConfig::Convolutional(ConvolutionalConfig { channels, ..ConvolutionalConfig::default() });
    DeepCama::new(&config.check().unwrap(), seed, &cama::device("cpu").unwrap())
}
