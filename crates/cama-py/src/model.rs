//! A model: fitted, adapted, asked, kept.

use std::sync::Arc;

use cama::causal::Role;
use cama::data::table::Kind as ColumnKind;
use cama::data::{DataShape, Dataset};
use cama::{
    AdaptConfig, Cama, Context, DreamConfig, Error, Event, FitConfig, GeneratorChoice, Predictor, Result,
    Rule, Seeds,
};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use serde::de::DeserializeOwned;

use crate::data::{Data, Kind, Table, of_either, other_kind};
use crate::decisions::{Decisions, verdicts};
use crate::error::exception;
use crate::run::{Watch, run, stopped};
use crate::settings::{Settings, mechanisms};

/// A fitted model with all that belongs to it.
#[pyclass(frozen, module = "cama._cama")]
pub struct Model(Arc<Cama>);

/// A choice by the name that it has in files.
fn named<T: DeserializeOwned>(field: &str, name: &str) -> Result<T> {
    serde_json::from_value(name.into())
        .map_err(|error| Error::config(field, name, format!("a known name: {error}")))
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("reports have names for keys")
}

/// How a fit is to be done.
struct Fitting {
    preset: String,
    mechanisms: Option<Vec<String>>,
    generator: String,
    settings: Vec<String>,
    seed: u64,
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

    fn run<D: Dataset>(&self, data: &D, watch: &mut Watch<Cama>) -> Result<Cama> {
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
struct Adapting {
    mechanisms: Option<Vec<String>>,
    settings: Vec<String>,
    guard: bool,
    seed: u64,
}

impl Adapting {
    fn run<D: Dataset>(
        &self,
        from: &Cama,
        data: &D,
        clean: Option<&D>,
        watch: &mut Watch<Cama>,
    ) -> Result<Cama> {
        let (settings, model) = (Settings::parse(&self.settings)?, from.model().config());
        let present = model.mechanisms.clone();
        let wanted =
            self.mechanisms.as_ref().map_or(Ok(present.clone()), |names| mechanisms(names, &present))?;
        let wanted = settings.apply_to_mechanisms(wanted, &["adapt", "dream"])?;
        let config = settings.apply("adapt", AdaptConfig::for_data(&model.data))?;
        let dreams = settings.apply("dream", DreamConfig::default())?;
        let mut observer = |event: Event| watch.observe(event);
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
        if dreams != DreamConfig::default() {
            adaptation = adaptation.dreams(dreams);
        }
        adaptation.run()
    }
}

/// How examples are to be decided about.
struct Deciding {
    rule: Option<String>,
    context: String,
    settings: Vec<String>,
    seed: u64,
    restored: bool,
}

impl Deciding {
    fn run<D: Dataset>(&self, cama: &Cama, data: &D, watch: &mut Watch<Decisions>) -> Result<Decisions> {
        let settings = Settings::parse(&self.settings)?;
        settings.check_sections(&["predict"])?;
        let mut predictor = cama.predictor();
        let seeded =
            cama::PredictConfig { seed: Seeds::new(self.seed).predict, ..predictor.config.predict.clone() };
        predictor.config.predict = settings.apply("predict", seeded)?;
        if let Some(rule) = &self.rule {
            predictor = predictor.rule(named::<Rule>("rule", rule)?);
        }
        let predictor = self.in_context(predictor, data)?;
        let mut decisions = Decisions::default();
        predictor.predict_part(data, 0, |decision| {
            decisions.add(&decision, self.restored);
            watch.go_on()
        })?;
        match watch.go_on().is_break() {
            true => Err(stopped()),
            false => Ok(decisions),
        }
    }

    fn in_context<'a, D: Dataset>(&self, mut predictor: Predictor<'a>, data: &D) -> Result<Predictor<'a>> {
        match self.context.as_str() {
            "adapted" => Ok(predictor.as_adapted()),
            "batch" => predictor.informed(data),
            "none" => {
                (predictor.decider.context, predictor.decider.log_odds) = (Context::Unknown, 0.0);
                Ok(predictor)
            }
            other => Err(Error::unknown_name("context", other, &["adapted", "batch", "none"])),
        }
    }
}

#[pymethods]
impl Model {
    /// Fits a model to clean, labelled data.
    #[staticmethod]
    #[pyo3(signature = (data, listener, *, preset, mechanisms, generator, settings, seed, threads))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords")]
    fn fit(
        py: Python<'_>,
        data: &Data,
        listener: &Bound<'_, PyAny>,
        preset: String,
        mechanisms: Option<Vec<String>>,
        generator: String,
        settings: Vec<String>,
        seed: u64,
        threads: usize,
    ) -> PyResult<Self> {
        let fitting = Fitting { preset, mechanisms, generator, settings, seed };
        let data = data.clone();
        let fitted =
            run(py, threads, listener, move |watch| of_either!(&*data.0, data => fitting.run(data, watch)));
        fitted.map(|cama| Self(Arc::new(cama)))
    }

    /// Another model that copes with unlabelled data.
    #[pyo3(signature = (data, clean, listener, *, mechanisms, settings, guard, seed, threads))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords")]
    fn adapt(
        &self,
        py: Python<'_>,
        data: &Data,
        clean: Option<&Data>,
        listener: &Bound<'_, PyAny>,
        mechanisms: Option<Vec<String>>,
        settings: Vec<String>,
        guard: bool,
        seed: u64,
        threads: usize,
    ) -> PyResult<Self> {
        let adapting = Adapting { mechanisms, settings, guard, seed };
        let (from, data, clean) = (self.0.clone(), data.clone(), clean.cloned());
        let adapted = run(py, threads, listener, move |watch| {
            match (&*data.0, clean.as_ref().map(|clean| &*clean.0)) {
                (Kind::Images(data), None) => adapting.run(&from, data, None, watch),
                (Kind::Images(data), Some(Kind::Images(clean))) => {
                    adapting.run(&from, data, Some(clean), watch)
                }
                (Kind::Rows(data), None) => adapting.run(&from, data, None, watch),
                (Kind::Rows(data), Some(Kind::Rows(clean))) => adapting.run(&from, data, Some(clean), watch),
                _ => Err(other_kind()),
            }
        });
        adapted.map(|cama| Self(Arc::new(cama)))
    }

    /// What is decided about every example, as arrays: `class`, `probabilities`, `verdict`, `log_px`, `log_bayes_factor`, `m`,
    /// `m_sd` and, if it is asked for, `restored`.
    #[pyo3(signature = (data, listener, *, rule, context, settings, seed, restored, threads))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords")]
    fn decide<'py>(
        &self,
        py: Python<'py>,
        data: &Data,
        listener: &Bound<'py, PyAny>,
        rule: Option<String>,
        context: String,
        settings: Vec<String>,
        seed: u64,
        restored: bool,
        threads: usize,
    ) -> PyResult<Bound<'py, PyDict>> {
        let deciding = Deciding { rule, context, settings, seed, restored };
        let (cama, data) = (self.0.clone(), data.clone());
        let decisions = run(
            py,
            threads,
            listener,
            move |watch| of_either!(&*data.0, data => deciding.run(&cama, data, watch)),
        )?;
        decisions.into_dict(py, &self.0)
    }

    /// The rows of a table as the model reads them, and what is worth knowing of them, in words.
    fn read(&self, table: &Table, labelled: bool) -> PyResult<(Data, Vec<String>)> {
        let read = || table.0.read(self.0.schema()?, labelled);
        read().map(|(rows, notices)| (Data::rows(rows), notices)).map_err(exception)
    }

    /// What has changed in data since training, as JSON.
    fn drift(
        &self,
        py: Python<'_>,
        data: &Data,
        listener: &Bound<'_, PyAny>,
        seed: u64,
        threads: usize,
    ) -> PyResult<String> {
        let (cama, data) = (self.0.clone(), data.clone());
        run(
            py,
            threads,
            listener,
            move |_| of_either!(&*data.0, data => cama.drift(data, Seeds::new(seed).predict).map(|drift| json(&drift))),
        )
    }

    /// What damage of clean, labelled data would be repaired, as JSON.
    fn rehearse(
        &self,
        py: Python<'_>,
        data: &Data,
        listener: &Bound<'_, PyAny>,
        seed: u64,
        threads: usize,
    ) -> PyResult<String> {
        let (cama, data) = (self.0.clone(), data.clone());
        run(
            py,
            threads,
            listener,
            move |_| of_either!(&*data.0, data => cama.rehearse(data, Seeds::new(seed).guard).map(|rehearsal| json(&rehearsal))),
        )
    }

    /// What rehearsal told when it was fitted, as JSON.
    #[getter]
    fn rehearsal(&self) -> String {
        json(self.0.rehearsal())
    }

    /// How it came to be, as JSON.
    #[getter]
    fn card(&self) -> String {
        json(self.0.card())
    }

    /// The names of the classes, in the order of the probabilities.
    #[getter]
    fn classes(&self) -> Vec<String> {
        self.0.classes().to_vec()
    }

    /// `(channels, height, width)` of the images that it reads; nothing where it reads tables.
    #[getter]
    fn image_shape(&self) -> Option<[usize; 3]> {
        match self.0.model().config().data {
            DataShape::Image(shape) => Some(shape),
            DataShape::Table(_) => None,
        }
    }

    /// Name, role and kind of each column that it reads; none where it reads images.
    #[getter]
    fn columns(&self) -> Vec<(String, &'static str, &'static str)> {
        let Ok(schema) = self.0.schema() else { return Vec::new() };
        let role = |role| match role {
            Role::Parent => "parent",
            Role::Child => "child",
            Role::CoParent => "co-parent",
        };
        let kind = |kind: &ColumnKind| match kind {
            ColumnKind::Number { .. } => "number",
            ColumnKind::Boolean { .. } => "boolean",
            ColumnKind::Category { .. } => "category",
        };
        schema
            .columns
            .iter()
            .map(|column| (column.name.clone(), role(column.role), kind(&column.kind)))
            .collect()
    }

    /// The column that it predicts; nothing where it reads images.
    #[getter]
    fn target(&self) -> Option<String> {
        self.0.schema().ok().map(|schema| schema.target.clone())
    }

    /// Name and unit of each component of m.
    #[getter]
    fn parameters(&self) -> Vec<(String, String)> {
        self.0
            .parameters()
            .into_iter()
            .map(|parameter| (parameter.name, parameter.unit.to_string()))
            .collect()
    }

    /// The names of verdicts, in the order of their numbers.
    #[classattr]
    #[pyo3(name = "VERDICTS")]
    fn verdict_names() -> [&'static str; 4] {
        verdicts()
    }

    /// Writes a folder that the program reads, too.
    fn save(&self, folder: std::path::PathBuf) -> PyResult<()> {
        self.0.save(folder).map_err(exception)
    }

    /// Reads a folder that `save` or the program wrote.
    #[staticmethod]
    fn load(folder: std::path::PathBuf) -> PyResult<Self> {
        Cama::load(folder).map(|cama| Self(Arc::new(cama))).map_err(exception)
    }

    /// All of it in one piece.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.0.to_bytes().map(|bytes| PyBytes::new(py, &bytes)).map_err(exception)
    }

    /// What `to_bytes` gave.
    #[staticmethod]
    fn from_bytes(bytes: &[u8]) -> PyResult<Self> {
        Cama::from_bytes(bytes).map(|cama| Self(Arc::new(cama))).map_err(exception)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let make = py.get_type::<Self>().getattr("from_bytes")?;
        Ok((make, (self.to_bytes(py)?,)))
    }

    fn __copy__(&self) -> Self {
        Self(self.0.clone())
    }

    fn __deepcopy__(&self, _memo: &Bound<'_, PyAny>) -> Self {
        Self(self.0.clone())
    }
}
