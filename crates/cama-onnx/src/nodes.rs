//! Adds nodes and constants to a graph.

use rten_onnx::onnx::{AttributeProto, AttributeType, DataType, GraphProto, NodeProto, TensorProto};

/// Adds nodes and constants to a graph.
pub(crate) struct Nodes<'a> {
    /// The graph.
    pub graph: &'a mut GraphProto,
    /// What the names of new tensors begin with.
    pub prefix: &'static str,
}

impl Nodes<'_> {
    /// A name that no other tensor has.
    pub(crate) fn fresh(&self) -> String {
        format!("{}:{}:{}", self.prefix, self.graph.node.len(), self.graph.initializer.len())
    }

    /// A constant of floating-point numbers.
    pub(crate) fn floats(&mut self, dims: &[usize], values: Vec<f32>) -> String {
        self.constant(TensorProto { data_type: Some(DataType::FLOAT), float_data: values, ..tensor(dims) })
    }

    /// A constant of whole numbers.
    pub(crate) fn ints(&mut self, dims: &[usize], values: Vec<i64>) -> String {
        self.constant(TensorProto { data_type: Some(DataType::INT64), int64_data: values, ..tensor(dims) })
    }

    fn constant(&mut self, tensor: TensorProto) -> String {
        let name = self.fresh();
        self.graph.initializer.push(TensorProto { name: Some(name.clone()), ..tensor });
        name
    }

    /// Adds a node; its output.
    pub(crate) fn add(&mut self, operator: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        let name = self.fresh();
        self.named(operator, inputs, attributes, &name);
        name
    }

    /// Adds a node with this output.
    pub(crate) fn named(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
        output: &str,
    ) {
        self.graph.node.push(NodeProto {
            // ONNX Runtime refuses two nodes of one name; messages are to say what they are about.
            name: Some(format!("{operator} {output}")),
            op_type: Some(operator.to_string()),
            input: inputs.iter().map(|name| name.to_string()).collect(),
            output: vec![output.to_string()],
            attribute: attributes,
            ..Default::default()
        });
    }

    /// The same numbers, as floating-point ones.
    pub(crate) fn float(&mut self, tensor: &str) -> String {
        self.add("Cast", &[tensor], vec![int("to", i64::from(DataType::FLOAT.0))])
    }
}

fn tensor(dims: &[usize]) -> TensorProto {
    TensorProto { dims: dims.iter().map(|dim| *dim as i64).collect(), ..Default::default() }
}

/// An attribute that is a whole number.
pub(crate) fn int(name: &str, value: i64) -> AttributeProto {
    let name = Some(name.to_string());
    AttributeProto { name, i: Some(value), r#type: Some(AttributeType::INT), ..Default::default() }
}

/// An attribute of several whole numbers.
pub(crate) fn ints(name: &str, values: Vec<i64>) -> AttributeProto {
    let name = Some(name.to_string());
    AttributeProto { name, ints: values, r#type: Some(AttributeType::INTS), ..Default::default() }
}

/// An attribute that is a number.
pub(crate) fn float(name: &str, value: f32) -> AttributeProto {
    let name = Some(name.to_string());
    AttributeProto { name, f: Some(value), r#type: Some(AttributeType::FLOAT), ..Default::default() }
}

/// Attributes of a reduction over the columns that keeps them as one.
pub(crate) fn over_columns() -> Vec<AttributeProto> {
    vec![ints("axes", vec![1]), int("keepdims", 1)]
}
