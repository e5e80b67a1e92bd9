//! Adapting a trained baseline to other data.

use cama::data::Dataset;
use cama::{Checked, Observer, Result};

use super::features::Features;
use super::network::{Network, Reading};
use super::tent;
use super::tent_config::TentConfig;
use super::trained::{Baseline, Kind, Tented};

impl Baseline {
    /// Adapts a `cnn-bn` to `unlabelled` examples like those that it will predict, by entropy minimisation; it then
    /// normalises what it reads by the statistics of the batch at hand.
    ///
    /// `observer` sees every step with the mean entropy, in nats, of its batch.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`](cama::Error::Mismatch) if it has no batch normalisation or the examples do not fit it, and if values diverge or the
    /// observer breaks.
    pub fn tent(
        &self,
        unlabelled: &impl Dataset,
        config: &Checked<TentConfig>,
        seed: u64,
        observer: &mut Observer,
    ) -> Result<Self> {
        let Kind::Network(network) = &self.kind else { return Err(tent::no_norms(&self.name)) };
        tent::normalised(network).ok_or_else(|| tent::no_norms(&self.name))?;
        let features = Features::of(unlabelled)?;
        self.check_shape(unlabelled)?;
        self.check_width(&format!("the examples of {}", unlabelled.name()), features.width())?;
        let network = tent::adapt(network, &features, config, seed, observer)?;
        let mut adapted = self.clone();
        adapted.kind = Kind::Network(Box::new(Network { reading: Reading::Batch, ..network }));
        let (kind, rest) = self.name.split_once('+').map_or((&*self.name, None), |(k, r)| (k, Some(r)));
        if !kind.ends_with("-tent") {
            adapted.name = rest.map_or(format!("{kind}-tent"), |rest| format!("{kind}-tent+{rest}"));
        }
        let on = unlabelled.name().to_string();
        adapted.origin.adaptations.push(Tented { on, seed, config: TentConfig::clone(config) });
        Ok(adapted)
    }
}
