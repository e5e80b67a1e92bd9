//! Deep CAMA: a causal, generative classifier that adapts to manipulations nobody saw in training.

mod adapt;
mod batch;
mod checkpoint;
pub mod data;
mod device;
mod dream;
mod error;
pub mod files;
pub mod manipulation;
pub mod mechanism;
mod model;
pub mod network;
mod noise;
pub mod objective;
mod optimise;
mod predict;
mod progress;
mod store;
mod train;

pub use adapt::{AdaptConfig, AdaptReport, Adapted, CleanTerm, Outcome, adapt};
pub use checkpoint::Checkpoints;
pub use device::{device, device_names};
pub use dream::{DreamConfig, dream};
pub use error::{Error, Result};
pub use model::{DeepCama, Joint, Likelihood, ManipulationModel, ModelConfig, Observation, PRESETS};
pub use network::Initialisation;
pub use predict::{MChoice, PredictConfig, Prediction, predict, predict_each};
pub use progress::{Event, Observer, Phase, silent};
pub use store::{Adaptation, Card, StoredModel};
pub use train::{Augmentation, Epoch, TrainConfig, Trained, train};
