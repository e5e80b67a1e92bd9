//! NumPy arrays, by the buffer protocol.

use pyo3::buffer::{Element, PyBuffer};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A type of numbers that NumPy has.
pub trait Number: Element {
    /// Its name in NumPy.
    const DTYPE: &'static str;
}

impl Number for f64 {
    const DTYPE: &'static str = "float64";
}

impl Number for f32 {
    const DTYPE: &'static str = "float32";
}

impl Number for i64 {
    const DTYPE: &'static str = "int64";
}

impl Number for u8 {
    const DTYPE: &'static str = "uint8";
}

/// A new array of this shape with these values, the last axis fastest.
pub fn array<'py, T: Number>(py: Python<'py>, values: &[T], shape: &[usize]) -> PyResult<Bound<'py, PyAny>> {
    let array = py.import("numpy")?.call_method1("empty", (shape.to_vec(), T::DTYPE))?;
    if !values.is_empty() {
        PyBuffer::<T>::get(&array)?.copy_from_slice(py, values)?;
    }
    Ok(array)
}

/// The values of an array, the last axis fastest.
pub fn values<T: Element>(array: &Bound<'_, PyAny>) -> PyResult<Vec<T>> {
    PyBuffer::<T>::get(array)?.to_vec(array.py())
}

/// Labels from an array of `int64`.
pub fn labels(array: &Bound<'_, PyAny>) -> PyResult<Vec<usize>> {
    let label = |label: i64| {
        usize::try_from(label).map_err(|_| PyValueError::new_err(format!("label {label} is negative")))
    };
    values::<i64>(array)?.into_iter().map(label).collect()
}
