//! Deep CAMA: a causal, generative classifier that adapts to manipulations nobody saw in training.
//!
//! The model follows the causal graph Y, Z, M → X: the class Y, the style Z and a manipulation M cause an image or
//! measurements X. It trains with do(m = 0) on clean data, predicts with Bayes' rule, and adapts to unlabelled, manipulated
//! data by fitting only the parts that depend on M (C. Zhang, K. Zhang, Y. Li: "A Causal View on Robustness of
//! Neural Networks", NeurIPS 2020, whose equations the documentation cites by number). M can be the paper's
//! latent variable or, better, an explicit transformation of X: see [`mechanism`].
//!
//! The type [`Cama`] is a model with all that belongs to it, and its methods are the whole workflow. With images:
//!
//! ```
//! use cama::{Cama, data, manipulation::Manipulation};
//!
//! let clean = data::load("mnist:train[..300]")?;
//! let builder = Cama::builder(&clean).seed(1).configure(|config| {
//!     // Far too little of everything, so that the example runs in a moment.
//!     (config.model.z, config.model.network.hidden) = (8, 32);
//!     (config.train.epochs, config.dream.steps, config.direct.epochs) = (1, 5, 1);
//! });
//! let cama = builder.fit()?;
//! // The images that come in now are rotated, and nobody has labelled them.
//! let incoming = "rotate:60".parse::<Manipulation>()?.apply_seeded(&data::load("mnist:test[..60]")?, 1);
//! let adapted = cama.adapt(&incoming).clean(&clean).configure(|config| config.steps = 2).run()?;
//! println!("{:?}: class {}", adapted.report().unwrap().outcome, adapted.predict(&incoming)?[0].class);
//! # Ok::<(), cama::Error>(())
//! ```
//!
//! A table of measurements comes with a causal graph. It says which columns are parents A, children X and co-parents C of
//! the target Y, and the same calls fit p(y|a) and p(x|y,c,z,m), adapt, and predict with Eq. 11:
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use cama::Cama;
//! use cama::causal::structural::{Simulation, StructuralConfig, StructuralModel};
//! use cama::causal::{CausalGraph, Roles};
//! use cama::data::table::{LearnOptions, Schema};
//!
//! // A table whose causes are known, and the same rows after all co-parents were moved: X follows.
//! # let folder = tempfile::tempdir().unwrap();
//! # let (here, there) = (folder.path().join("here"), folder.path().join("there"));
//! let model = StructuralModel::draw(&StructuralConfig::default(), 1)?;
//! let mut simulation = Simulation { model, rows: 0..500, interventions: vec![] };
//! simulation.save(&here, "", &mut |_| ControlFlow::Continue(()))?;
//! simulation.interventions.push("C*+=2".parse()?);
//! simulation.save(&there, "", &mut |_| ControlFlow::Continue(()))?;
//!
//! let roles = Roles::of(&CausalGraph::read(&here.join("graph.dot"))?, "Y")?;
//! let table = here.join("table.csv");
//! let (schema, rows, _) = Schema::learn(table.to_str().unwrap(), &roles, &LearnOptions::default())?;
//! let cama = Cama::builder(&rows).configure(|config| {
//!     (config.train.epochs, config.dream.steps, config.direct.epochs) = (2, 5, 1);
//! });
//! let cama = cama.fit()?;
//!
//! let (moved, _) = schema.read(there.join("table.csv").to_str().unwrap(), false)?;
//! let adapted = cama.adapt(&moved).clean(&rows).configure(|config| {
//!     (config.global_steps, config.recentre_steps, config.steps) = (5, 5, 5);
//! });
//! let adapted = adapted.run()?;
//! println!("{}", adapted.classes()[adapted.predict(&moved)?[0].class]);
//! # Ok::<(), cama::Error>(())
//! ```
//!
//! Below these methods the parts stay public, for those who want to change one: the bounds in [`objective`], the
//! networks p and q in [`DeepCama`], what can be done to X in [`mechanism`], what a discriminative classifier must
//! answer in [`Classifier`], and the one loop of [`mod@fit`], under [`train`](train()), [`dream`](dream()),
//! [`adapt`](adapt()) and [`fit_direct`]. Each of these takes a configuration that was [checked](Checked).

mod adapt;
mod batch;
mod cama;
mod checkpoint;
mod classifier;
mod decide;
mod device;
mod dream;
mod epoch;
mod fingerprint;
pub mod fit;
mod folder_format;
mod likelihood;
mod log_sum;
pub mod mechanism;
mod model;
pub mod network;
mod noise;
pub mod objective;
pub mod optimise;
mod predict;
mod progress;
mod restore;
mod scores;
mod seeds;
mod store;
mod train;
pub mod weights;

pub use cama_base::{Checked, Config, Error, Lock, Result, Setting, check_sizes, files, panics};
pub use cama_causal as causal;
pub use cama_data as data;
pub use cama_data::manipulation;

pub use adapt::{
    AdaptConfig, AdaptReport, Adapted, DatasetConfig, Keep, Outcome, Previous, Rehearsal, RollbackReason,
    Trial, Unlabelled, adapt,
};
pub use cama::{
    Adaptation, Builder, Cama, Card, CardEntry, Changed, ContextFrom, Drift, FitConfig, GeneratorChoice,
    HeldOut, Predictor, Restoration, Restored, Restorer,
};
pub use checkpoint::Checkpoints;
pub use classifier::{Classifier, DirectClassifier, DirectConfig, Follow, fit_direct};
pub use decide::{
    ByRule, Comparison, Context, DecideConfig, Decider, Decision, Guard, Outliers, Rule, RuleClassifier,
    Surveyed, TEMPERATURE, Tempering, Thresholds, Verdict, fit_temperature, with_doubt,
};
pub use device::{device, device_names};
pub use dream::{DreamConfig, dream, dream_field};
pub use epoch::{Epoch, Terms};
pub use folder_format::FolderFormat;
pub use likelihood::{Likelihood, LikelihoodParams};
pub use model::{
    ClassPrior, ConvolutionalConfig, DeepCama, Factor, FactorConfig, FactorDensity, FullyConnectedConfig,
    GeneratorConfig, Joint, M, MChoice, MPosteriorLayers, Mechanisms, ModelConfig, NetworkConfig, Normal,
    Observed, PRESETS, TrunkConfig,
};
pub use network::Initialisation;
pub use predict::{
    Bank, BankConfig, Inference, OptimiseConfig, PredictConfig, Prediction, predict, predict_each,
};
pub use progress::{Event, Observer, Phase, silent};
pub use restore::restore;
pub use scores::class_scores;
pub use seeds::Seeds;
pub use store::{CLEAN_EXAMPLES, VERDICTS, is_model_folder};
pub use train::{Augmentation, Split, TrainConfig, Trained, train};
