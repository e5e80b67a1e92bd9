//! Decisions about examples, from what a user gave to the library.

use cama::data::Dataset;
use cama::{Cama, ContextFrom, PredictConfig, Predictor, Result, Rule, Seeds};
use pyo3::prelude::*;

use crate::decisions::Decisions;
use crate::run::{Watch, stopped};
use crate::settings::{Settings, named};

/// How examples are to be decided about.
#[derive(Clone, FromPyObject)]
#[pyo3(from_item_all)]
pub struct Deciding {
    rule: Option<String>,
    context: String,
    guard: bool,
    temperature: Option<f64>,
    /// Those of the section `predict`, as they are written.
    settings: Vec<String>,
    seed: u64,
}

impl Deciding {
    /// What decides.
    pub fn predictor<'a>(&self, cama: &'a Cama) -> Result<Predictor<'a>> {
        let settings = Settings::parse(&self.settings)?;
        settings.check_sections(&["predict"])?;
        let mut predictor = cama.predictor().guard(self.guard);
        let seeded =
            PredictConfig { seed: Seeds::new(self.seed).predict, ..predictor.config.predict.clone() };
        predictor.config.predict = settings.apply("predict", seeded)?;
        if let Some(temperature) = self.temperature {
            predictor = predictor.temperature(temperature);
        }
        let rule = match &self.rule {
            Some(rule) => named::<Rule>("rule", rule)?,
            None => predictor.best_rule(),
        };
        Ok(predictor.rule(rule).context(named::<ContextFrom>("context", &self.context)?))
    }

    /// The decisions about `data`, with the restored examples if they are wanted. `look` is what the guard looks at if it is to look at
    /// the data as a whole: the data itself unless given.
    pub fn run<D: Dataset>(
        &self,
        cama: &Cama,
        data: &D,
        look: Option<&D>,
        restored: bool,
        watch: &mut Watch<Decisions>,
    ) -> Result<Decisions> {
        let predictor = self.predictor(cama)?.informed(look.unwrap_or(data))?;
        let mut decisions = Decisions::default();
        predictor.predict_part(data, 0, |decision| {
            decisions.add(&decision, restored);
            watch.go_on()
        })?;
        match watch.go_on().is_break() {
            true => Err(stopped()),
            false => Ok(decisions),
        }
    }
}
