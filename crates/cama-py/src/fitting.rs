//! Fits and adaptations, from what a user gave to the library.

use std::ops::ControlFlow;

use cama::data::Dataset;
use cama::{AdaptConfig, Cama, DreamConfig, Event, FitConfig, GeneratorChoice, Result};
use pyo3::prelude::*;

use crate::run::Watch;
use crate::settings::{Settings, mechanisms, named};

/// How a fit is to be done.
pub struct Fitting {
    pub preset: String,
    pub mechanisms: Option<Vec<String>>,
    pub generator: String,
    pub settings: Vec<String>,
    pub seed: u64,
}

impl Fitting {
    fn config(&self, data: &impl Dataset) -> Result<FitConfig> {
        let settings = Settings::parse(&self.settings)?;
        let FitConfig { mut model, factor, train, dream, direct, keep, .. } =
            FitConfig::preset(&self.preset, data)?;
        if let Some(names) = &self.mechanisms {
            model.mechanisms = mechanisms(names, &model.mechanisms)?;
        }
        let mut model = settings.apply("model", model)?;
        let sections = ["model", "factor", "train", "dream", "direct"];
        model.mechanisms = settings.apply_to_mechanisms(model.mechanisms, &sections)?;
        Ok(FitConfig {
            generator: named::<GeneratorChoice>("generator", &self.generator)?,
            factor: settings.apply("factor", factor)?,
            train: settings.apply("train", train)?,
            dream: settings.apply("dream", dream)?,
            direct: settings.apply("direct", direct)?,
            keep,
            model,
        })
    }

    pub fn run<D: Dataset>(&self, data: &D, watch: &mut Watch<Cama>) -> Result<Cama> {
        let config = self.config(data)?;
        let mut observer = |event: Event| watch.observe(event);
        Cama::builder(data)
            .preset(&self.preset)
            .configure(move |settings| *settings = config)
            .seed(self.seed)
            .observer(&mut observer)
            .fit()
    }
}

/// How an adaptation is to be done.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Adapting {
    pub mechanisms: Option<Vec<String>>,
    pub settings: Vec<String>,
    pub guard: bool,
    /// How many examples the data is a random subsample of; as many as it has where it is whole.
    pub total: usize,
    pub seed: u64,
}

impl Adapting {
    pub fn run<D: Dataset>(
        &self,
        from: &Cama,
        data: &D,
        clean: Option<&D>,
        begun_with: Option<&Cama>,
        observe: &mut dyn FnMut(Event) -> ControlFlow<()>,
    ) -> Result<Cama> {
        let (settings, model) = (Settings::parse(&self.settings)?, from.model().config());
        let present = model.mechanisms.clone();
        let wanted =
            self.mechanisms.as_ref().map_or(Ok(present.clone()), |names| mechanisms(names, &present))?;
        let wanted = settings.apply_to_mechanisms(wanted, &["adapt", "dream"])?;
        let mut config = settings.apply("adapt", AdaptConfig::for_data(&model.data))?;
        config.portion = (config.portion * self.total as f64 / data.len().max(1) as f64).min(1.0);
        let dreams = settings.apply("dream", DreamConfig::default())?;
        let mut observer = |event: Event| observe(event);
        let mut adaptation = from
            .adapt(data)
            .mechanisms(wanted)
            .configure(move |settings| *settings = config)
            .guard(self.guard)
            .seed(self.seed)
            .observer(&mut observer);
        if let Some(clean) = clean {
            adaptation = adaptation.clean(clean);
        }
        if let Some(first) = begun_with {
            adaptation = adaptation.stream(first);
        }
        if dreams != DreamConfig::default() {
            adaptation = adaptation.dreams(dreams);
        }
        adaptation.run()
    }
}
