//! `Cama`: a model with all that stands beside it, and the whole workflow as its methods.

mod adapt;
mod bank;
mod card;
mod chance;
mod config;
mod drift;
mod fit;
mod fitting;
mod generator;
mod identity;
mod predict;
mod restorer;

pub use adapt::Adaptation;
pub use card::{Card, CardEntry, HeldOut};
pub use config::{FitConfig, GeneratorChoice};
pub use drift::{Changed, Drift};
pub use fit::Builder;
pub use predict::{ContextFrom, Predictor, Restored};
pub use restorer::{Restoration, Restorer};

use std::sync::Arc;

use crate::adapt::{AdaptReport, Outcome, Rehearsal};
use crate::classifier::{Classifier, DirectClassifier};
use crate::data::table::Schema;
use crate::data::{Dataset, KeptExamples, Names};
use crate::decide::{Context, Decider, Guard, Outliers, Surveyed, TEMPERATURE, Tempering, Verdict};
use crate::model::DeepCama;
use crate::predict::Bank;
use crate::{Error, Result};

/// A deep CAMA classifier: the generative model, the direct classifier and the guard beside it, and how they came to be.
///
/// It owns all of these and borrows nothing; a clone shares the weights. [`builder`](Self::builder) fits one to clean,
/// labelled data, [`adapt`](Self::adapt) makes another one of it that copes with manipulated, unlabelled data,
/// [`predict`](Self::predict) and [`restore`](Self::restore) use it, [`save`](Self::save) and [`load`](Self::load) keep it.
///
/// ```
/// use cama::{Cama, data};
///
/// // Far too little of everything, so that the example runs in a moment.
/// let clean = data::load("mnist:train[..300]")?;
/// let cama = Cama::builder(&clean).configure(|config| {
///     config.model.network.hidden = 32;
///     (config.train.epochs, config.dream.steps, config.direct.epochs) = (1, 5, 1);
/// });
/// let cama = cama.seed(1).fit()?;
///
/// // Something has turned the images that come in now; nobody has labelled them.
/// let turned = "rotate:60".parse::<cama::manipulation::Manipulation>()?;
/// let incoming = turned.apply_seeded(&data::load("mnist:test[..60]")?, 1).without_labels();
/// let adapted = cama.adapt(&incoming).clean(&clean).configure(|config| config.steps = 2).run()?;
/// println!("{:?}", adapted.report().expect("it was just adapted").outcome);
///
/// // What was done is undone, where the guard lets it be, and both classifiers are asked.
/// for prediction in adapted.predict(&incoming)? {
///     println!("{}: {}", prediction.verdict.name(), adapted.classes()[prediction.class]);
/// }
/// let bytes = adapted.to_bytes()?;
/// assert_eq!(Cama::from_bytes(&bytes)?.predict(&incoming)?, adapted.predict(&incoming)?);
/// # Ok::<(), cama::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cama {
    pub(crate) model: DeepCama,
    pub(crate) schema: Option<Schema>,
    pub(crate) direct: Option<DirectClassifier>,
    /// T of the product of Bayes' rule and the direct classifier.
    pub(crate) temperature: f64,
    /// How T rises where an example is explained badly.
    pub(crate) tempering: Option<Tempering>,
    pub(crate) guard: Option<Guard>,
    pub(crate) bank: Option<Bank>,
    pub(crate) rehearsal: Rehearsal,
    pub(crate) card: Card,
    /// Some of the training data, for adaptation.
    pub(crate) clean: Option<Arc<KeptExamples>>,
    /// What the guard learnt of the data that this was last adapted to.
    pub(crate) surveyed: Option<Surveyed>,
    /// What rows were outliers of the data that this was last adapted to.
    pub(crate) outliers: Option<Arc<Outliers>>,
    /// What the guard made of each example that it was last adapted to, with its index in the data's file.
    pub(crate) verdicts: Vec<(usize, Verdict)>,
    /// What these examples are called, where they have names.
    pub(crate) verdict_names: Option<Names>,
}

/// What it consists of.
impl Cama {
    /// A model alone: nothing stands beside it, and its classes go by numbers.
    pub fn bare(model: DeepCama) -> Self {
        let card = Card::default().named(None, model.config().classes);
        Self {
            model,
            schema: None,
            direct: None,
            temperature: TEMPERATURE,
            tempering: None,
            guard: None,
            bank: None,
            rehearsal: Rehearsal::default(),
            card,
            clean: None,
            surveyed: None,
            outliers: None,
            verdicts: Vec::new(),
            verdict_names: None,
        }
    }

    /// The same with another guard, or without one.
    pub fn with_guard(self, guard: Option<Guard>) -> Self {
        Self { guard, ..self }
    }

    /// The same with a direct classifier, and T of its product with Bayes' rule.
    pub fn with_direct(self, direct: DirectClassifier, temperature: f64) -> Self {
        Self { direct: Some(direct), temperature, tempering: None, ..self }
    }

    /// The same for the columns of a table, which must be those that the model reads, with the names of its classes.
    pub fn with_schema(self, schema: Schema) -> Self {
        let card = Card { classes: schema.classes.clone(), ..self.card };
        Self { schema: Some(schema), card, ..self }
    }

    /// The same with another story, such as one that names the classes.
    pub fn with_card(self, card: Card) -> Self {
        let card = card.named(self.schema.as_ref(), self.model.config().classes);
        Self { card, ..self }
    }

    /// The generative model.
    pub fn model(&self) -> &DeepCama {
        &self.model
    }

    /// The columns of the table that it reads.
    ///
    /// # Errors
    ///
    /// If it reads images.
    pub fn schema(&self) -> Result<&Schema> {
        let images = || Error::Mismatch("the model is for images, not for tables".into());
        self.schema.as_ref().ok_or_else(images)
    }

    /// The direct classifier, if one was fitted.
    pub fn direct(&self) -> Option<&DirectClassifier> {
        self.direct.as_ref()
    }

    /// T of the product of Bayes' rule and the direct classifier.
    pub fn temperature(&self) -> f64 {
        self.temperature
    }

    /// The guard, if there were clean examples enough to fit one.
    pub fn guard(&self) -> Option<&Guard> {
        self.guard.as_ref()
    }

    /// What adapting to damage that was done on purpose has told.
    pub fn rehearsal(&self) -> &Rehearsal {
        &self.rehearsal
    }

    /// How it came to be.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Some of the training data, with its labels: what [`adapt`](Self::adapt) takes for clean data where it is given none.
    pub fn clean_examples(&self) -> Option<&KeptExamples> {
        self.clean.as_deref()
    }

    /// The same as data like this; nothing where none were kept.
    ///
    /// # Errors
    ///
    /// If they are not such data.
    pub fn clean_like<D: Dataset>(&self, data: &D) -> Result<Option<D>> {
        match &self.clean {
            Some(kept) => data.of_kept("the clean examples kept with the model", kept, &self.card.classes),
            None => Ok(None),
        }
    }

    /// The names of the classes, in the order of the model's outputs.
    pub fn classes(&self) -> &[String] {
        &self.card.classes
    }

    /// The report of the last adaptation, if there was one.
    pub fn report(&self) -> Option<&AdaptReport> {
        self.card.adaptations.last().map(|adaptation| &adaptation.report)
    }

    /// The last report of an adaptation that was not rolled back.
    fn kept_report(&self) -> Option<&AdaptReport> {
        let reports = self.card.adaptations.iter().rev().map(|adaptation| &adaptation.report);
        reports.into_iter().find(|report| report.outcome != Outcome::RolledBack)
    }

    /// What the guard made of each example that this was adapted to in this process, with its index in the data's file;
    /// empty without an adaptation or without a guard. A saved model has them in its `verdicts.csv`.
    pub fn verdicts(&self) -> &[(usize, Verdict)] {
        &self.verdicts
    }

    /// The model with its direct classifier and its guard: what decides, for those who want to change a part of it.
    pub fn decider(&self) -> Decider<'_> {
        Decider {
            model: &self.model,
            direct: self.direct.as_ref().map(|direct| direct as &dyn Classifier),
            external: None,
            temperature: self.temperature,
            tempering: self.tempering,
            guard: self.guard.as_ref(),
            bank: self.bank.as_ref(),
            thresholds: self.rehearsal.thresholds,
            context: Context::Unknown,
            adapted_to: None,
            log_odds: 0.0,
            outliers: self.outliers.as_deref(),
            bayes_has_say: true,
        }
    }
}
