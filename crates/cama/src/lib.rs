//! Deep CAMA: a causal, generative classifier that adapts to manipulations nobody saw in training.
//!
//! The model follows the causal graph Y, Z, M → X: the class Y, the style Z and a manipulation M cause an image or
//! measurements X. It trains with do(m = 0) on clean data, predicts with Bayes' rule, and adapts to unlabelled, manipulated
//! data by fitting only the parts that depend on M (C. Zhang, K. Zhang, Y. Li: "A Causal View on Robustness of
//! Neural Networks", NeurIPS 2020, whose equations the documentation cites by number). M can be the paper's
//! latent variable or, better, an explicit transformation of X: see [`mechanism`].
//!
//! ```
//! use cama::{
//!     AdaptConfig, DecideConfig, Decider, DeepCama, DreamConfig, Former, Guard, HeadConfig, ImageInput, ModelConfig,
//!     TrainConfig, adapt, data, device, dream, fit_head, held_out, silent, train,
//! };
//!
//! // Far too little of everything, so that the example runs in a moment.
//! let clean = data::load("mnist:train[..300]")?;
//! let image = ImageInput { channels: 8, ..ImageInput::fast(clean.shape()) };
//! let config = ModelConfig { z: 8, hidden: 32, ..ModelConfig::fast(image, 10) };
//! let model = DeepCama::new(&config, 1, &device("cpu")?)?;
//!
//! // Eq. 3 on clean images, then q2(m|x) on what the mechanisms make of them.
//! let training = TrainConfig { epochs: 1, held_out: 50, ..TrainConfig::fast() };
//! let model = train(model, &clean, None, &training, 1, None, &mut silent)?.model;
//! let model = dream(model, &clean, &DreamConfig { steps: 5, ..DreamConfig::default() }, 1, &mut silent)?;
//!
//! // A discriminative network beside it, and what it is to be explained, from examples it was not trained on.
//! let (learnt, watched) = held_out(&clean, &training, 1);
//! let fitting = HeadConfig { epochs: 1, channels: 4, hidden: 16, ..HeadConfig::default() };
//! let head = fit_head(&model, &learnt, &watched, &fitting, 1, &mut silent)?;
//! let guard = Guard::fit(&model, Some(&head), &watched, 1)?;
//! let decider = Decider {
//!     head: Some(&head),
//!     temperature: head.temperature(),
//!     guard: Some(&guard),
//!     ..Decider::bare(&model)
//! };
//!
//! // Something has turned the images that come in now; nobody has labelled them.
//! let turned = "rotate:60".parse::<cama::manipulation::Manipulation>()?;
//! let incoming = turned.apply_seeded(&data::load("mnist:test[..60]")?, 1).without_labels();
//! let adapting = AdaptConfig { steps: 2, watched: 20, ..AdaptConfig::default() };
//! let former = Former { decider, infers_m: false };
//! let adapted = adapt(&model, &incoming, Some(&clean), &adapting, former, 1, &mut silent)?;
//!
//! // What was done is undone, where the guard lets it be, and both classifiers have their say.
//! let decider = Decider { model: &adapted.model, ..decider };
//! let deciding = DecideConfig::default();
//! let decisions = decider.informed(&incoming, &deciding)?.decide(&incoming, &deciding)?;
//! println!("{:?}: {:?}, class {}", adapted.report.outcome, decisions[0].verdict, decisions[0].class);
//! # Ok::<(), cama::Error>(())
//! ```
//!
//! A table of measurements comes with a causal graph. It says which columns are parents A, children X and co-parents C of
//! the target Y, and the same functions train p(y|a) and p(x|y,c,z,m), predict with Eq. 11, and adapt:
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use cama::causal::structural::{Simulation, StructuralConfig, StructuralModel};
//! use cama::causal::{CausalGraph, Roles};
//! use cama::data::table::{LearnOptions, Schema};
//! use cama::{DeepCama, ModelConfig, PredictConfig, TrainConfig, device, predict, silent, train};
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
//! let model = DeepCama::new(&ModelConfig::fast(rows.input(), rows.schema().classes.len()), 1, &device("cpu")?)?;
//! let training = TrainConfig { epochs: 2, held_out: 50, ..TrainConfig::table() };
//! let model = train(model, &rows, None, &training, 1, None, &mut silent)?.model;
//!
//! let (moved, _) = schema.read(there.join("table.csv").to_str().unwrap(), false)?;
//! let predictions = predict(&model, &moved, &PredictConfig::default())?;
//! println!("{}", schema.classes[predictions[0].class]);
//! # Ok::<(), cama::Error>(())
//! ```

mod adapt;
mod batch;
pub mod causal;
mod checkpoint;
mod classifier;
pub mod data;
mod decide;
mod device;
mod drawing;
mod dream;
mod error;
pub mod files;
mod folder_format;
mod head;
mod input;
pub mod manipulation;
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
mod store;
mod train;
pub mod weights;

pub use adapt::{
    AdaptConfig, AdaptReport, Adapted, CleanTerm, Former, LeftReason, Outcome, Unlabelled, adapt, adapt_held,
};
pub use checkpoint::Checkpoints;
pub use classifier::Classifier;
pub use decide::{By, Context, DecideConfig, Decider, Decision, Guard, Verdict, Ways, fit_temperature};
pub use device::{device, device_names};
pub use dream::{DreamConfig, dream};
pub use error::{Error, Result};
pub use folder_format::FolderFormat;
pub use head::{Head, HeadConfig, fit_head};
pub use input::{ChildColumn, ChildKind, ImageInput, Input, Likelihood, TableInput};
pub use model::{DeepCama, Evidence, Joint, ManipulationModel, ModelConfig, Observation, PRESETS};
pub use network::Initialisation;
pub use predict::{MChoice, PredictConfig, Prediction, predict, predict_each};
pub use progress::{Event, Observer, Phase, silent};
pub use restore::restore;
pub use scores::class_scores;
pub use store::{Adaptation, Card, StoredModel, VERDICTS};
pub use train::{Augmentation, Epoch, Terms, TrainConfig, Trained, held_out, train};
