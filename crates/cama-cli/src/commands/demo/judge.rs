//! How the demonstration judges a model: every rule, on the same images.

use cama::manipulation::Manipulation;
use cama::{Cama, Error, Predictor, Result, Rule};
use cama_eval::{Evaluated, Row, Score, evaluate};
use serde::Serialize;

use super::shared::Demo;

/// How good a model is on the test images under one manipulation, by each rule.
#[derive(Clone, Serialize)]
pub struct Judgement {
    /// The direct classifier on the images as they are: an ordinary network, that of the clean-trained model.
    pub network: Score,
    /// Bayes' rule.
    pub bayes: Score,
    /// The same network on the restored images.
    pub direct: Score,
    /// Bayes' rule and the network on the restored images.
    pub product: Score,
    /// Share of the images that the guard let be restored.
    pub restored: f64,
    /// Share of those that it found unexplained either way.
    pub unexplained: f64,
}

impl Demo<'_> {
    /// Judges every rule on the test images under `manipulation`.
    ///
    /// # Errors
    ///
    /// If the model has no direct classifier, or deciding fails.
    pub fn judge(&self, cama: &Cama, manipulation: &Manipulation) -> Result<Judgement> {
        let evaluated = [Evaluated::Cama(Box::new(self.predictor(cama)))];
        let manipulation = [(manipulation.severity(), manipulation.clone())];
        let seed = self.session.seeds.manipulate;
        Judgement::new(&evaluate(&evaluated, &self.test, &manipulation, seed, |_| ())?)
    }

    /// Every rule; m is inferred once the model has met manipulated images.
    pub fn predictor<'a>(&self, cama: &'a Cama) -> Predictor<'a> {
        let (samples, seed) = (self.plan.samples, self.session.seeds.predict);
        cama.predictor()
            .rule(Rule::Product)
            .configure(|config| (config.samples, config.seed) = (samples, seed))
    }
}

impl Judgement {
    fn new(rows: &[Row]) -> Result<Self> {
        let row = |name: &str| {
            let absent =
                || Error::Mismatch(format!("`{name}` was not judged: the model has no direct classifier"));
            rows.iter().find(|row| row.classifier == name).ok_or_else(absent)
        };
        let score = |name| row(name).map(|row| row.score.clone());
        let shares = row("product")?.guard;
        Ok(Self {
            network: score("direct-alone")?,
            bayes: score("bayes")?,
            direct: score("direct")?,
            product: score("product")?,
            restored: shares.map_or(0.0, |shares| shares.restored),
            unexplained: shares.map_or(0.0, |shares| shares.unexplained),
        })
    }
}
