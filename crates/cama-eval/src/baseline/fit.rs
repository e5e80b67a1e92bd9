//! Training a baseline.

use burn::tensor::Device;
use cama::data::Dataset;
use cama::{Checked, Error, Observer, Result};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::adversary::{AdversaryConfig, adversarial};
use super::augment::{all_met, mixed};
use super::cnn::CnnConfig;
use super::config::BaselineConfig;
use super::conv::Conv;
use super::dense::Dense;
use super::features::Labelled;
use super::learn::{Recipe, learn};
use super::mlp::MlpConfig;
use super::network::{Layers, Network, Reading};
use super::scale::Scale;
use super::spec::written;
use super::trained::{Baseline, Kind, Origin};
use super::trees::Trees;

/// Bound on the norm of the gradient of convolutional networks.
const GRADIENT_CLIP: f64 = 5.0;

impl Baseline {
    /// Trains a baseline on all of `data`; the same `seed` gives the same baseline, whatever the threads.
    ///
    /// `observer` sees every step, or every round of trees, with its loss in nats per example; the total of the
    /// rounds is a bound that falls once the best number is known. If it breaks, there is no baseline.
    ///
    /// # Errors
    ///
    /// If `data` has no labels, fewer than two classes, fewer than ten examples or non-finite features, or has no images
    /// for a convolutional network, if training diverges, or if the observer breaks.
    pub fn fit<D: Dataset>(
        config: &Checked<BaselineConfig>,
        data: &D,
        seed: u64,
        observer: &mut Observer,
    ) -> Result<Self> {
        Self::fit_manipulated(config, data, &[], seed, observer)
    }

    /// The same for a network that also trains on manipulated data: half of every batch is manipulated anew by one of
    /// `manipulations`, drawn for each batch. The validation set is treated alike. With none, as [`fit`](Self::fit).
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit), and if the baseline is no network or a manipulation cannot be done to `data`.
    pub fn fit_manipulated<D: Dataset>(
        config: &Checked<BaselineConfig>,
        data: &D,
        manipulations: &[D::Manipulation],
        seed: u64,
        observer: &mut Observer,
    ) -> Result<Self> {
        let manipulated: Vec<String> = manipulations.iter().map(ToString::to_string).collect();
        let name = written(config.name(), &manipulated);
        let labelled = Labelled::of(data, &name)?;
        let fitting = Fitting { name: &name, data, labelled: &labelled, manipulations };
        let kind = match &**config {
            BaselineConfig::Trees(_) if !manipulations.is_empty() => {
                return Err(Error::spec("baseline", name, "only networks are trained on manipulated data"));
            }
            BaselineConfig::Trees(config) => Kind::Trees(Trees::fit(&labelled, config, seed, observer)?),
            BaselineConfig::Mlp(config) | BaselineConfig::MlpPaper(config) => {
                Kind::Network(fitting.mlp(config, true, seed, observer)?.into())
            }
            BaselineConfig::Cnn(config) => {
                Kind::Network(fitting.cnn(config, false, None, seed, observer)?.into())
            }
            BaselineConfig::CnnBn(config) => {
                Kind::Network(fitting.cnn(config, true, None, seed, observer)?.into())
            }
            BaselineConfig::CnnAdversarial(_) if !manipulations.is_empty() => {
                let problem = "it trains on adversarial examples, not on manipulated data; take `cnn`";
                return Err(Error::spec("baseline", name, problem));
            }
            BaselineConfig::CnnAdversarial(config) => {
                let adversary = Some(&config.adversary);
                Kind::Network(fitting.cnn(&config.cnn, false, adversary, seed, observer)?.into())
            }
            BaselineConfig::StandardiseEachBatch(config) => {
                let network = fitting.mlp(config, false, seed, observer)?;
                Kind::Network(Box::new(Network { reading: Reading::Moments, ..network }))
            }
            BaselineConfig::Tent(config) => {
                let network = fitting.cnn(&config.cnn, true, None, seed, observer)?;
                Kind::Network(Box::new(Network { reading: Reading::Online(config.tent.clone()), ..network }))
            }
        };
        Ok(Self {
            kind,
            name,
            config: BaselineConfig::clone(config),
            width: labelled.features.width(),
            classes: data.classes().to_vec(),
            image: data.data_shape().image(),
            schema: data.table_schema().cloned(),
            origin: Origin {
                data: data.name().into(),
                examples: data.len(),
                manipulated,
                seed,
                ..Origin::default()
            },
        })
    }
}

/// What a network is fitted to.
struct Fitting<'a, D: Dataset> {
    name: &'a str,
    data: &'a D,
    labelled: &'a Labelled,
    manipulations: &'a [D::Manipulation],
}

impl<D: Dataset> Fitting<'_, D> {
    fn mlp(&self, config: &MlpConfig, bounded: bool, seed: u64, observer: &mut Observer) -> Result<Network> {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let (train, validation) = self.labelled.split(rng);
        let scale = match (config.standardised, self.manipulations) {
            (false, _) => None,
            (true, []) => Some(Scale::of(&self.labelled.features, &train)),
            (true, some) => {
                // What never varies in clean data may do so when it is manipulated.
                let met = all_met(self.data, &self.labelled.features, &train, some, rng)?;
                Some(Scale::of(&met, &(0..met.len()).collect::<Vec<_>>()))
            }
        };
        let scale = scale.map(|scale| if bounded { scale } else { scale.unbounded() });
        let widths = config.widths(self.labelled.features.width(), self.labelled.classes);
        let layers = Layers::Dense(Dense::new(&widths, rng, &Device::flex()));
        let steps = config.epochs.map_or(config.steps, |epochs| epochs * train.len().div_ceil(config.batch));
        let recipe = Recipe {
            name: self.name.into(),
            steps,
            batch: config.batch,
            learning_rate: config.learning_rate,
            warm_up: 0,
            gradient_clip: 0.0,
            weight_decay: config.weight_decay,
            // Its products use all cores by themselves.
            sharded: false,
            dropout: config.silenced(),
            validated_anew: false,
        };
        self.learn(Network::new(layers, scale), [&train, &validation], &recipe, rng, observer)
    }

    fn cnn(
        &self,
        config: &CnnConfig,
        normalised: bool,
        adversary: Option<&AdversaryConfig>,
        seed: u64,
        observer: &mut Observer,
    ) -> Result<Network> {
        let Some(image) = self.data.data_shape().image() else {
            return Err(Error::Mismatch(format!(
                "`{}` convolves images, and {} has none; take `mlp` or `trees`",
                self.name,
                self.data.name()
            )));
        };
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let (train, validation) = self.labelled.split(rng);
        let device = Device::flex();
        let conv = Conv::new(image, config, normalised, self.labelled.classes, rng, &device);
        let steps = config.steps_for(train.len());
        let recipe = Recipe {
            name: self.name.into(),
            steps,
            batch: config.batch,
            learning_rate: config.learning_rate,
            warm_up: steps / 20,
            gradient_clip: GRADIENT_CLIP,
            weight_decay: 0.0,
            sharded: true,
            dropout: vec![(config.hidden, config.dropout)],
            validated_anew: adversary.is_some(),
        };
        let network = Network::new(Layers::Conv(conv), None);
        if let Some(adversary) = adversary {
            let mut make = adversarial(self.labelled, image, adversary);
            let labels = &self.labelled.labels;
            return learn(network, labels, [&train, &validation], &recipe, &mut make, rng, observer);
        }
        self.learn(network, [&train, &validation], &recipe, rng, observer)
    }

    fn learn(
        &self,
        network: Network,
        parts: [&[usize]; 2],
        recipe: &Recipe,
        rng: &mut ChaCha8Rng,
        observer: &mut Observer,
    ) -> Result<Network> {
        let mut make = mixed(self.data, &self.labelled.features, self.manipulations);
        learn(network, &self.labelled.labels, parts, recipe, &mut make, rng, observer)
    }
}
