//! Baselines for the commands: trained, or read from where they were kept.

use std::ops::ControlFlow;

use cama::{Error, Event, StoredModel};
use cama_eval::{Baseline, BaselineConfig};

use crate::flags::EvaluateFlags;
use crate::interrupt::{self, Graceful};
use crate::session::Session;
use crate::source::Source;

/// A baseline with what it is called in tables.
pub struct Named {
    /// What the user asked for.
    pub name: String,
    /// Ready to predict.
    pub baseline: Baseline,
}

/// What `--against` asks for, checked as far as it can be without data.
pub struct Against(Vec<(String, BaselineConfig)>);

impl Against {
    /// Reads the names.
    ///
    /// # Errors
    ///
    /// If one is unknown.
    pub fn parse(specs: &[String]) -> cama::Result<Self> {
        let read = |spec: &String| Ok((spec.clone(), BaselineConfig::named(spec)?));
        specs.iter().map(read).collect::<cama::Result<_>>().map(Self)
    }

    /// The baselines, trained on the model's own training data.
    ///
    /// # Errors
    ///
    /// If that data is gone, or does not fit the model any more.
    pub fn open<D: Source>(
        &self,
        flags: &EvaluateFlags,
        stored: &StoredModel,
        session: &Session,
    ) -> cama::Result<Vec<Named>> {
        if self.0.is_empty() {
            return Ok(Vec::new());
        }
        let data = D::load(&stored.card.data, true, stored, &flags.reading, session).map_err(|error| {
            Error::data(
                &flags.model,
                format!("the model's training data, which --against trains on, cannot be used: {error}"),
                "put it back in its place, or leave --against out",
            )
        })?;
        let _graceful = Graceful::begin();
        let fit = |(name, config): &(String, BaselineConfig)| {
            session.say(format!("training {name} on {}", data.name()));
            let stop = &mut |_: Event| match interrupt::requested() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            };
            let baseline = Baseline::fit(config, &data, session.seeds.baseline, stop)?;
            Ok(Named { name: name.clone(), baseline })
        };
        self.0.iter().map(fit).collect()
    }
}
