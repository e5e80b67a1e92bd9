//! Operators that prepare the columns of a table.

use rten_onnx::onnx::NodeProto;

use super::{Reason, attribute, input, numbers, output, string};
use crate::nodes::{Nodes, int, over_columns};

impl Nodes<'_> {
    /// (x − offset) · scale, of every column or of all alike.
    pub(super) fn scaler(&mut self, node: &NodeProto) -> Result<(), Reason> {
        let mut x = self.float(input(node, 0)?);
        for (operator, values) in [("Sub", numbers(node, "offset")), ("Mul", numbers(node, "scale"))] {
            if !values.is_empty() {
                let values = self.floats(&[values.len()], values.to_vec());
                x = self.add(operator, &[&x, &values], vec![]);
            }
        }
        self.named("Identity", &[&x], vec![], output(node, 0)?);
        Ok(())
    }

    /// Each row by its norm; a row of zeros stays so.
    pub(super) fn normalizer(&mut self, node: &NodeProto) -> Result<(), Reason> {
        let x = self.float(input(node, 0)?);
        let norm = match string(node, "norm").unwrap_or("MAX") {
            "MAX" => {
                let sizes = self.add("Abs", &[&x], vec![]);
                self.add("ReduceMax", &[&sizes], over_columns())
            }
            "L1" => self.add("ReduceL1", &[&x], over_columns()),
            "L2" => self.add("ReduceL2", &[&x], over_columns()),
            other => return Err(format!("its norm `{other}` is not supported")),
        };
        let least = self.floats(&[1, 1], vec![1e-30]);
        let norm = self.add("Max", &[&norm, &least], vec![]);
        self.named("Div", &[&x, &norm], vec![], output(node, 0)?);
        Ok(())
    }

    /// Other values where a value is missing.
    pub(super) fn imputer(&mut self, node: &NodeProto) -> Result<(), Reason> {
        let x = self.float(input(node, 0)?);
        let values = numbers(node, "imputed_value_floats");
        if values.is_empty() {
            return Err("it is supported with imputed_value_floats only".into());
        }
        let values = self.floats(&[values.len()], values.to_vec());
        let replaced = attribute(node, "replaced_value_float").and_then(|value| value.f).unwrap_or(0.0);
        let missing = if replaced.is_nan() {
            self.add("IsNaN", &[&x], vec![])
        } else {
            let replaced = self.floats(&[1], vec![replaced]);
            self.add("Equal", &[&x, &replaced], vec![])
        };
        self.named("Where", &[&missing, &values, &x], vec![], output(node, 0)?);
        Ok(())
    }

    /// 1 above a threshold, and 0 otherwise.
    pub(super) fn binarizer(&mut self, node: &NodeProto) -> Result<(), Reason> {
        let x = self.float(input(node, 0)?);
        let threshold = attribute(node, "threshold").and_then(|value| value.f).unwrap_or(0.0);
        let threshold = self.floats(&[1], vec![threshold]);
        let above = self.add("Greater", &[&x, &threshold], vec![]);
        let above = self.float(&above);
        self.named("Identity", &[&above], vec![], output(node, 0)?);
        Ok(())
    }

    /// Columns side by side.
    pub(super) fn feature_vectorizer(&mut self, node: &NodeProto) -> Result<(), Reason> {
        let columns: Vec<String> = node.input.iter().map(|column| self.float(column)).collect();
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        self.named("Concat", &columns, vec![int("axis", 1)], output(node, 0)?);
        Ok(())
    }

    /// Some of the columns.
    pub(super) fn array_feature_extractor(&mut self, node: &NodeProto) -> Result<(), Reason> {
        let (x, columns) = (input(node, 0)?, input(node, 1)?);
        let flat = self.ints(&[1], vec![-1]);
        let columns = self.add("Reshape", &[columns, &flat], vec![]);
        self.named("Gather", &[x, &columns], vec![int("axis", -1)], output(node, 0)?);
        Ok(())
    }
}
