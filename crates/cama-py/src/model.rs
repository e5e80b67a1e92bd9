//! A model: fitted, adapted, asked, kept.

use std::sync::Arc;

use cama::causal::Role;
use cama::data::DataShape;
use cama::data::table::{Kind as ColumnKind, TableParts, rows_in_a_batch};
use cama::{Cama, Error, Event, MChoice, Seeds};
use cama_onnx::{ExportOptions, Undone};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::data::{Data, OfKind, of_either};
use crate::deciding::Deciding;
use crate::decisions::verdicts;
use crate::error::exception;
use crate::fitting::{Adapting, Fitting};
use crate::reading::Reader;
use crate::run::run;

/// A fitted model with all that belongs to it.
#[pyclass(frozen, module = "cama._cama")]
pub struct Model(pub Arc<Cama>);

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("reports have names for keys")
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
    #[pyo3(signature = (data, clean, begun_with, listener, *, mechanisms, settings, guard, total, seed, threads))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords")]
    fn adapt(
        &self,
        py: Python<'_>,
        data: &Data,
        clean: Option<&Data>,
        begun_with: Option<&Self>,
        listener: &Bound<'_, PyAny>,
        mechanisms: Option<Vec<String>>,
        settings: Vec<String>,
        guard: bool,
        total: Option<usize>,
        seed: u64,
        threads: usize,
    ) -> PyResult<Self> {
        let total = total.unwrap_or_else(|| data.size());
        let adapting = Adapting { mechanisms, settings, guard, total, seed };
        let (from, begun_with) = (self.0.clone(), begun_with.map(|first| first.0.clone()));
        let (data, clean) = (data.clone(), clean.cloned());
        let adapted = run(py, threads, listener, move |watch| {
            let (first, observe) = (begun_with.as_deref(), &mut |event: Event| watch.observe(event));
            of_either!(&*data.0, data => {
                let clean = clean.as_ref().map(OfKind::of).transpose()?;
                adapting.run(&from, data, clean, first, observe)
            })
        });
        adapted.map(|cama| Self(Arc::new(cama)))
    }

    /// What is decided about every example, as arrays: `class`, `probabilities`, `verdict`, `log_px`, `log_bayes_factor`, `m`,
    /// `m_sd`, `suspicion` where z is searched and, if it is asked for, `restored`. `how` has the fields of `Deciding`; `look` is what the guard looks at in place of
    /// the data.
    #[pyo3(signature = (data, listener, how, *, look, restored, threads))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords")]
    fn decide<'py>(
        &self,
        py: Python<'py>,
        data: &Data,
        listener: &Bound<'py, PyAny>,
        how: Deciding,
        look: Option<&Data>,
        restored: bool,
        threads: usize,
    ) -> PyResult<Bound<'py, PyDict>> {
        let (cama, data, look) = (self.0.clone(), data.clone(), look.cloned());
        let decisions = run(py, threads, listener, move |watch| {
            of_either!(&*data.0, data => {
                let look = look.as_ref().map(OfKind::of).transpose()?;
                how.run(&cama, data, look, restored, watch)
            })
        })?;
        decisions.into_dict(py, &self.0)
    }

    /// The same model with a bank of latents of clean, labelled examples, so that z can be searched.
    fn with_bank(
        &self,
        py: Python<'_>,
        clean: &Data,
        listener: &Bound<'_, PyAny>,
        threads: usize,
    ) -> PyResult<Self> {
        let (cama, clean) = (Cama::clone(&self.0), clean.clone());
        let banked = run(
            py,
            threads,
            listener,
            move |watch| of_either!(&*clean.0, clean => cama.with_bank(clean, &mut |event: Event| watch.observe(event))),
        );
        banked.map(|cama| Self(Arc::new(cama)))
    }

    /// What is known of the bank, as JSON; nothing where there is none.
    #[getter]
    fn bank(&self) -> Option<String> {
        self.0.bank().map(|bank| json(bank.config()))
    }

    /// Reads tables as the model does, with the target if they are labelled. `as_trained` fixes how texts are read as numbers, which
    /// is otherwise found out of each table.
    fn reader(&self, labelled: bool, as_trained: bool) -> PyResult<Reader> {
        let reader = || {
            let mut schema = self.0.schema()?.clone();
            if as_trained {
                schema = schema.clone().with_decimal(Some(schema.decimal));
            }
            TableParts::new(&schema, labelled)
        };
        reader().map(Reader::new).map_err(exception)
    }

    /// How many rows are read and decided about at a time.
    #[getter]
    fn rows_at_a_time(&self) -> usize {
        self.0.schema().map_or(4096, rows_in_a_batch)
    }

    /// Whether it reads examples just as another one does, class for class.
    fn reads_like(&self, other: &Self) -> bool {
        let shape = |cama: &Cama| cama.model().config().data.clone();
        let schema = |cama: &Cama| cama.schema().ok().cloned();
        self.0.classes() == other.0.classes()
            && shape(&self.0) == shape(&other.0)
            && schema(&self.0) == schema(&other.0)
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

    /// Writes what restores data as an ONNX file; if it restores nothing, why.
    #[pyo3(signature = (path, *, m, classifier, columns, opset))]
    fn export(
        &self,
        path: std::path::PathBuf,
        m: Option<String>,
        classifier: bool,
        columns: Vec<String>,
        opset: i64,
    ) -> PyResult<Option<String>> {
        let write = || {
            let m = m.map(|m| {
                let unknown = |_| Error::config("m", &m, "null, mean or global");
                serde_json::from_value::<MChoice>(m.as_str().into()).map_err(unknown)
            });
            let options =
                ExportOptions { m: m.transpose()?, classifier, columns, opset, ..Default::default() };
            let exported = cama_onnx::export(&self.0, &options)?;
            exported.write(&path)?;
            Ok(match exported.undone() {
                Undone::Nothing(why) => Some(why.clone()),
                Undone::Inferred | Undone::Global => None,
            })
        };
        write().map_err(exception)
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
