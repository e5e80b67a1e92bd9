//! How the demonstration judges a model: every way of classifying, on the same images.

use cama::data::Images;
use cama::manipulation::Manipulation;
use cama::{By, DecideConfig, Decision, PredictConfig, Result, StoredModel, Verdict, Ways};
use cama_eval::Score;
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
        let images = manipulation.apply_seeded(&self.test, self.session.seeds.manipulate);
        let decisions = stored.decider().decide(&images, &self.config(stored))?;
        Judgement::new(&decisions, &images)
    }

    /// Every way of classifying; m is inferred once the model has met manipulated images.
    pub fn config(&self, stored: &StoredModel) -> DecideConfig {
        let (samples, m) = (self.plan.samples, stored.card.default_m());
        let seed = self.session.seeds.predict;
        DecideConfig { by: By::Both, predict: PredictConfig { samples, m, seed, ..PredictConfig::default() } }
    }
}

impl Judgement {
    fn new(decisions: &[Decision], images: &Images) -> Result<Self> {
        let labels = images.labels().unwrap_or_default();
        let score = |way: fn(&Ways) -> &Vec<f64>| {
            let all: Vec<Vec<f64>> = decisions.iter().map(|decision| way(&decision.ways).clone()).collect();
            Score::of_probabilities(&all, labels)
        };
        let n = decisions.len() as f64;
        let share =
            |verdict| decisions.iter().filter(|decision| decision.verdict == verdict).count() as f64 / n;
        let log_px = decisions.iter().map(|decision| decision.log_px).sum::<f64>() / n;
        Ok(Self {
            network: score(|ways| &ways.head_alone)?,
            bayes: Score { log_px: Some(log_px), ..score(|ways| &ways.bayes)? },
            head: score(|ways| &ways.head)?,
            both: score(|ways| &ways.both)?,
            restored: share(Verdict::Restored),
            unexplained: share(Verdict::Unexplained),
        })
    }
}
