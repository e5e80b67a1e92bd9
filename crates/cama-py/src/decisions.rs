//! What was decided about many examples, as arrays.

use cama::{Cama, Decision, Verdict};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::array::array;

/// Decisions one after another, in flat arrays: there may be millions of them.
#[derive(Default)]
pub struct Decisions {
    class: Vec<i64>,
    probabilities: Vec<f64>,
    verdict: Vec<u8>,
    log_px: Vec<f64>,
    log_bayes_factor: Vec<f64>,
    suspicion: Vec<f64>,
    m: Vec<f32>,
    m_sd: Vec<f32>,
    restored: Vec<f32>,
}

impl Decisions {
    /// Adds one, with the restored example if it is wanted.
    pub fn add(&mut self, decision: &Decision, restored: bool) {
        self.class.push(decision.class as i64);
        self.probabilities.extend_from_slice(&decision.probabilities);
        self.verdict.push(match decision.verdict {
            Verdict::Restored => 0,
            Verdict::AsItWas => 1,
            Verdict::Unexplained => 2,
            Verdict::Suspicious => 3,
        });
        self.log_px.push(decision.log_px);
        self.log_bayes_factor.push(decision.log_bayes_factor);
        self.suspicion.extend(decision.suspicion);
        self.m.extend_from_slice(&decision.m);
        self.m_sd.extend_from_slice(&decision.m_sd);
        if restored {
            self.restored.extend_from_slice(&decision.restored);
        }
    }

    /// As a dictionary of arrays, whose first axis is the examples; verdicts are numbers, of [`verdicts`].
    /// What was done is in the units of its parameters.
    pub fn into_dict<'py>(mut self, py: Python<'py>, cama: &Cama) -> PyResult<Bound<'py, PyDict>> {
        let (n, classes) = (self.class.len(), cama.classes().len());
        let parameters = cama.parameters();
        for (i, (m, sd)) in self.m.iter_mut().zip(&mut self.m_sd).enumerate() {
            let parameter = &parameters[i % parameters.len()];
            let mean = f64::from(*m);
            *sd = parameter.sd(mean, f64::from(*sd)) as f32;
            *m = parameter.value(mean) as f32;
        }
        let rows = |values: &[f32]| array(py, values, &[n, values.len() / n.max(1)]);
        let dict = PyDict::new(py);
        dict.set_item("class", array(py, &self.class, &[n])?)?;
        dict.set_item("probabilities", array(py, &self.probabilities, &[n, classes])?)?;
        dict.set_item("verdict", array(py, &self.verdict, &[n])?)?;
        dict.set_item("log_px", array(py, &self.log_px, &[n])?)?;
        dict.set_item("log_bayes_factor", array(py, &self.log_bayes_factor, &[n])?)?;
        if !self.suspicion.is_empty() {
            dict.set_item("suspicion", array(py, &self.suspicion, &[n])?)?;
        }
        dict.set_item("m", rows(&self.m)?)?;
        dict.set_item("m_sd", rows(&self.m_sd)?)?;
        if !self.restored.is_empty() {
            dict.set_item("restored", rows(&self.restored)?)?;
        }
        Ok(dict)
    }
}

/// The names of verdicts, in the order of their numbers.
pub fn verdicts() -> [&'static str; 4] {
    Verdict::ALL.map(Verdict::name)
}
