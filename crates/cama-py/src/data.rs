//! Data in memory: images, tables, and the rows that a model reads of them.

use std::path::Path;
use std::sync::Arc;

use cama::causal::{CausalGraph, Role, Roles};
use cama::data::manipulation::{Manipulation, TableManipulation};
use cama::data::table::{
    Cell, ColumnType, ColumnValues, Kind as ColumnKind, LearnOptions, Learnt, Missing, Rows,
};
use cama::data::{Dataset, Images};
use cama::{Error, Result, Seeds};
use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::array;
use crate::error::exception;

/// Named columns.
#[pyclass(frozen, module = "cama._cama")]
pub struct Table(pub cama::data::table::Table);

#[pymethods]
impl Table {
    /// A table of columns: arrays of `float64`, of `int64`, of truth values as `uint8`, or lists of texts and `None`.
    #[new]
    fn new(name: &str, columns: Vec<(String, Bound<'_, PyAny>)>) -> PyResult<Self> {
        let columns = columns.into_iter().map(|(name, values)| Ok((name, column(&values)?)));
        let columns = columns.collect::<PyResult<Vec<_>>>()?;
        cama::data::table::Table::from_columns(name, columns).map(Self).map_err(exception)
    }
}

fn column(values: &Bound<'_, PyAny>) -> PyResult<ColumnValues> {
    let py = values.py();
    let Ok(buffer) = PyUntypedBuffer::get(values) else {
        return Ok(values.extract::<Vec<Option<String>>>()?.into());
    };
    if let Ok(numbers) = buffer.as_typed::<f64>() {
        return Ok(numbers.to_vec(py)?.into());
    }
    if let Ok(integers) = buffer.as_typed::<i64>() {
        return Ok(integers.to_vec(py)?.into());
    }
    if let Ok(truths) = buffer.as_typed::<u8>() {
        return Ok(truths.to_vec(py)?.into_iter().map(|truth| truth != 0).collect::<Vec<_>>().into());
    }
    Err(PyTypeError::new_err("a column is an array of float64, int64 or uint8, or a list of texts"))
}

/// Does the same with either kind.
macro_rules! of_either {
    ($kind:expr, $data:ident => $then:expr) => {
        match $kind {
            $crate::data::Kind::Images($data) => $then,
            $crate::data::Kind::Rows($data) => $then,
        }
    };
}
pub(crate) use of_either;

/// Examples that a model can read.
#[pyclass(frozen, module = "cama._cama")]
#[derive(Clone)]
pub struct Data(pub Arc<Kind>);

impl Data {
    pub fn rows(rows: Rows) -> Self {
        rows.into()
    }

    /// How many examples there are.
    pub fn size(&self) -> usize {
        of_either!(&*self.0, data => data.len())
    }
}

impl From<Rows> for Data {
    fn from(rows: Rows) -> Self {
        Self(Arc::new(Kind::Rows(rows)))
    }
}

impl From<Images> for Data {
    fn from(images: Images) -> Self {
        Self(Arc::new(Kind::Images(images)))
    }
}

/// What the examples are.
pub enum Kind {
    Images(Images),
    Rows(Rows),
}

/// Data of one kind.
pub trait OfKind: Dataset {
    /// What `data` holds, or an error if it is of the other kind.
    fn of(data: &Data) -> Result<&Self>;
}

impl OfKind for Images {
    fn of(data: &Data) -> Result<&Self> {
        match &*data.0 {
            Kind::Images(images) => Ok(images),
            Kind::Rows(_) => Err(other_kind()),
        }
    }
}

impl OfKind for Rows {
    fn of(data: &Data) -> Result<&Self> {
        match &*data.0 {
            Kind::Rows(rows) => Ok(rows),
            Kind::Images(_) => Err(other_kind()),
        }
    }
}

#[pymethods]
impl Data {
    /// Images from pixels, `[n, channels, height, width]`, `uint8` of 0 to 255 or `float32` of 0 to 1.
    #[staticmethod]
    #[pyo3(signature = (name, pixels, shape, labels=None, classes=Vec::new()))]
    fn images(
        name: &str,
        pixels: &Bound<'_, PyAny>,
        shape: [usize; 3],
        labels: Option<&Bound<'_, PyAny>>,
        classes: Vec<String>,
    ) -> PyResult<Self> {
        let buffer = PyUntypedBuffer::get(pixels)?;
        let values: Vec<f32> = match buffer.as_typed::<u8>() {
            Ok(bytes) => bytes.to_vec(pixels.py())?.into_iter().map(|byte| f32::from(byte) / 255.0).collect(),
            Err(_) => array::values(pixels)?,
        };
        let labels = labels.map(array::labels).transpose()?;
        Images::new(name, shape, values, labels, classes)
            .map(|images| Self(Arc::new(Kind::Images(images))))
            .map_err(exception)
    }

    fn __len__(&self) -> usize {
        self.size()
    }

    /// The class of each example, as an index into the classes.
    fn labels<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let labels: Vec<i64> = of_either!(&*self.0, data => data.labels().unwrap_or_default().iter().map(|&label| label as i64).collect());
        array::array(py, &labels, &[labels.len()])
    }

    /// Where each example stands among those that were given: rows may have been left out.
    fn indices<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let indices: Vec<i64> =
            of_either!(&*self.0, data => (0..data.len()).map(|i| data.index(i) as i64).collect());
        array::array(py, &indices, &[indices.len()])
    }

    /// The same examples with other X: one after another, as a model reads them.
    fn with_x(&self, x: &Bound<'_, PyAny>) -> PyResult<Self> {
        let x = array::values::<f32>(x)?;
        let changed = match &*self.0 {
            Kind::Images(images) => images.with_x(&x).map(Kind::Images),
            Kind::Rows(rows) => rows.with_x(&x).map(Kind::Rows),
        };
        changed.map(|kind| Self(Arc::new(kind))).map_err(exception)
    }

    /// The examples after a manipulation, as it is written for the program; the same seed gives the same.
    fn manipulated(&self, manipulation: &str, seed: u64) -> PyResult<Self> {
        let seed = Seeds::new(seed).manipulate;
        let done = match &*self.0 {
            Kind::Images(images) => {
                manipulation.parse().map(|m: Manipulation| Kind::Images(m.apply_seeded(images, seed)))
            }
            Kind::Rows(rows) => {
                let done = manipulation.parse().and_then(|m: TableManipulation| m.apply_seeded(rows, seed));
                done.map(Kind::Rows)
            }
        };
        done.map(|kind| Self(Arc::new(kind))).map_err(exception)
    }

    /// All pixels in [0, 1], `[n, pixels]`; none of a table.
    fn pixels<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match &*self.0 {
            Kind::Images(images) => array::array(py, images.pixels(), &[images.len(), images.volume()]),
            Kind::Rows(_) => array::array::<f32>(py, &[], &[0]),
        }
    }

    /// The columns of a table in their own units, by their names: arrays of `float64`, or lists of texts; none of images.
    fn columns<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        let Kind::Rows(rows) = &*self.0 else { return Ok(dict) };
        let mut numbers = vec![Vec::new(); rows.schema().columns.len()];
        let mut texts = vec![Vec::new(); numbers.len()];
        for i in 0..rows.len() {
            for (at, cell) in rows.schema().decode(rows.x(i), rows.a(i), rows.c(i)).into_iter().enumerate() {
                match cell {
                    Cell::Number(number) => numbers[at].push(number),
                    Cell::Name(name) => texts[at].push(name),
                }
            }
        }
        for ((column, numbers), texts) in rows.schema().columns.iter().zip(&numbers).zip(texts) {
            match column.kind {
                ColumnKind::Number { .. } => {
                    dict.set_item(&column.name, array::array(py, numbers, &[numbers.len()])?)?
                }
                _ => dict.set_item(&column.name, texts)?,
            }
        }
        Ok(dict)
    }

    /// The names of the classes.
    fn classes(&self) -> Vec<String> {
        of_either!(&*self.0, data => data.classes().to_vec())
    }
}

/// What the columns of a graph are to the target: `parents`, `children`, `co_parents`, and `ignored` with the reasons.
/// `graph` is the path of a file or, with `is_text`, DOT or GML itself.
#[pyfunction]
pub fn roles<'py>(py: Python<'py>, graph: &str, is_text: bool, target: &str) -> PyResult<Bound<'py, PyDict>> {
    let graph = match is_text {
        false => CausalGraph::read(Path::new(graph)),
        true if graph.contains('{') => CausalGraph::parse_dot(graph, "graph"),
        true => CausalGraph::parse_gml(graph, "graph"),
    };
    let roles = graph.and_then(|graph| Roles::of(&graph, target)).map_err(exception)?;
    let dict = PyDict::new(py);
    for (role, names) in roles.each() {
        let key = match role {
            Role::Parent => "parents",
            Role::Child => "children",
            Role::CoParent => "co_parents",
        };
        dict.set_item(key, names.to_vec())?;
    }
    dict.set_item("ignored", roles.ignored.clone())?;
    Ok(dict)
}

/// Learns what the columns of a labelled table hold: its rows, and what is worth knowing of them, in words.
#[pyfunction]
#[pyo3(signature = (table, target, *, parents, children, co_parents, types, missing))]
pub fn learn(
    table: &Table,
    target: String,
    parents: Vec<String>,
    children: Vec<String>,
    co_parents: Vec<String>,
    types: Vec<(String, String)>,
    missing: &str,
) -> PyResult<(Data, Vec<String>)> {
    let learnt = || -> Result<Learnt> {
        let types = types.iter().map(|(name, kind)| Ok((name.clone(), kind.parse::<ColumnType>()?)));
        let options = LearnOptions {
            types: types.collect::<Result<_>>()?,
            missing: missing.parse::<Missing>()?,
            ..LearnOptions::default()
        };
        let roles = Roles { target, parents, children, co_parents, ignored: Vec::new() };
        table.0.learn(&roles, &options)
    };
    let Learnt { rows, notices, .. } = learnt().map_err(exception)?;
    Ok((Data::rows(rows), notices))
}

/// The error of data of the other kind.
fn other_kind() -> Error {
    Error::Mismatch("it takes images where the model reads images, and a table where it reads one".into())
}
