//! How the demonstration judges a model: every way of classifying, on the same images.

use cama::manipulation::Manipulation;
use cama::{By, DecideConfig, Error, PredictConfig, Result, StoredModel};
use cama_eval::{Beside, Judged, Row, Score, evaluate};
use serde::Serialize;

use super::Demo;

/// How good a model is on the test images under one manipulation, by each way of classifying.
#[derive(Clone, Serialize)]
pub struct Judgement {
    /// The head on the images as they are: an ordinary network, that of the clean-trained model.
    pub network: Score,
    /// Bayes' rule.
    pub bayes: Score,
    /// The same network on the restored images.
    pub head: Score,
    /// Bayes' rule and the network on the restored images.
    pub both: Score,
    /// Share of the images that the guard let be restored.
    pub restored: f64,
    /// Share of those that it found unexplained either way.
    pub unexplained: f64,
}

impl Demo<'_> {
    /// Judges every way on the test images under `manipulation`.
    ///
    /// # Errors
    ///
    /// If the model has no head, or deciding fails.
    pub fn judge(&self, stored: &StoredModel, manipulation: &Manipulation) -> Result<Judgement> {
        let judged = [Judged::Cama(stored.decider(), &self.config(stored), Beside::Head)];
        let manipulation = [(manipulation.severity(), manipulation.clone())];
        Judgement::new(&evaluate(&judged, &self.test, &manipulation, self.session.seeds.manipulate, |_| ())?)
    }

    /// Every way of classifying; m is inferred once the model has met manipulated images.
    pub fn config(&self, stored: &StoredModel) -> DecideConfig {
        let (samples, m) = (self.plan.samples, stored.card.default_m());
        let seed = self.session.seeds.predict;
        DecideConfig { by: By::Both, predict: PredictConfig { samples, m, seed, ..PredictConfig::default() } }
    }
}

impl Judgement {
    fn new(rows: &[Row]) -> Result<Self> {
        let row = |name: &str| {
            let absent = || Error::Mismatch(format!("`{name}` was not judged: the model has no head"));
            rows.iter().find(|row| row.classifier == name).ok_or_else(absent)
        };
        let score = |name| row(name).map(|row| row.score.clone());
        let shares = row("both")?.guard;
        Ok(Self {
            network: score("head-alone")?,
            bayes: score("bayes")?,
            head: score("head")?,
            both: score("both")?,
            restored: shares.map_or(0.0, |shares| shares.restored),
            unexplained: shares.map_or(0.0, |shares| shares.unexplained),
        })
    }
}
