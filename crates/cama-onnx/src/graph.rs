//! Which output of a graph is asked, and which of its nodes that takes.

use std::collections::{HashMap, HashSet};

use rten_onnx::onnx::{AttributeProto, DataType, GraphProto, ModelProto, NodeProto, ValueInfoProto};

/// The domain of the operators for other classifiers than neural networks.
pub(crate) const ML: &str = "ai.onnx.ml";

/// The key of the metadata that says, of a file that [`export`](crate::export()) wrote with a classifier, which output has its
/// probabilities.
pub(crate) const PROBABILITIES_KEY: &str = "cama.probabilities";

/// The output that is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Output {
    /// The tensor's name in the graph.
    pub tensor: String,
    /// The name that it has for users.
    pub name: String,
    /// How many values it has for each example, if the file says so.
    pub width: Option<usize>,
    /// Whether the operator that makes it makes probabilities; nothing if it may make anything.
    pub probabilities: Option<bool>,
    /// What the classes are called, in the order of the values, if the file says so.
    pub classes: Option<Vec<String>>,
}

/// What the metadata says under this key.
pub(crate) fn stated(model: &ModelProto, key: &str) -> Option<String> {
    let entry = model.metadata_props.iter().find(|entry| entry.key.as_deref() == Some(key));
    entry.and_then(|entry| entry.value.clone())
}

/// The operator of a node, `ai.onnx.ml.Scaler` or `Conv`.
pub(crate) fn operator(node: &NodeProto) -> String {
    let name = node.op_type.as_deref().unwrap_or_default();
    match node.domain.as_deref() {
        None | Some("" | "ai.onnx") => name.to_string(),
        Some(domain) => format!("{domain}.{name}"),
    }
}

/// The attribute of this name.
pub(crate) fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(name))
}

/// The name of a value; empty if it has none.
pub(crate) fn name(value: &ValueInfoProto) -> &str {
    value.name.as_deref().unwrap_or_default()
}

/// The element type of a value, if it is a tensor of a known type.
pub(crate) fn element(value: &ValueInfoProto) -> Option<DataType> {
    value.r#type.as_ref()?.tensor_type.as_ref()?.elem_type
}

/// The shape of a value, with nothing for a dimension that may have any size; nothing if the file says nothing.
pub(crate) fn shape(value: &ValueInfoProto) -> Option<Vec<Option<usize>>> {
    let shape = value.r#type.as_ref()?.tensor_type.as_ref()?.shape.as_ref()?;
    let size = |value: Option<i64>| value.and_then(|value| usize::try_from(value).ok()).filter(|n| *n > 0);
    Some(shape.dim.iter().map(|dim| size(dim.dim_value)).collect())
}

/// A value in words: `logits, FLOAT [?, 10]`.
pub(crate) fn described(value: &ValueInfoProto) -> String {
    let Some(element) = element(value) else { return format!("{}, no tensor", name(value)) };
    let sizes = shape(value).unwrap_or_default();
    let sizes: Vec<String> =
        sizes.iter().map(|size| size.map_or("?".to_string(), |n| n.to_string())).collect();
    format!("{}, {element} [{}]", name(value), sizes.join(", "))
}

/// Whether the runtime has such numbers as floating-point ones.
pub(crate) fn is_float(element: DataType) -> bool {
    [DataType::FLOAT, DataType::DOUBLE, DataType::FLOAT16].contains(&element)
}

/// The node that makes each tensor.
fn producers(graph: &GraphProto) -> HashMap<&str, &NodeProto> {
    graph.node.iter().flat_map(|node| node.output.iter().map(move |name| (name.as_str(), node))).collect()
}

/// Finds the output that gives a number for every class: the named one, or the only one that may.
///
/// # Errors
///
/// What is wrong, and what to do.
pub(crate) fn output(graph: &GraphProto, wanted: Option<&str>) -> Result<Output, (String, String)> {
    let producers = producers(graph);
    let zipped = |value: &ValueInfoProto| {
        before(&producers, name(value), &["Identity"])
            .is_some_and(|node| operator(node) == format!("{ML}.ZipMap"))
    };
    let may = |value: &ValueInfoProto| match element(value) {
        Some(element) => is_float(element) && shape(value).is_none_or(|shape| shape.len() == 2),
        None => zipped(value) || value.r#type.is_none(),
    };
    let all = || graph.output.iter().map(described).collect::<Vec<_>>().join("; ");
    let value = match wanted {
        Some(wanted) => {
            let found = graph.output.iter().find(|value| name(value) == wanted);
            let value = found.ok_or_else(|| {
                (format!("there is no output `{wanted}`"), format!("name one of its outputs: {}", all()))
            })?;
            if !may(value) {
                let problem = format!("output `{wanted}` is not one row of numbers for each example");
                return Err((problem, format!("name another of its outputs: {}", all())));
            }
            value
        }
        None => {
            let mut candidates = graph.output.iter().filter(|value| may(value));
            match (candidates.next(), candidates.next()) {
                (Some(only), None) => only,
                (None, _) => {
                    let problem = format!("no output gives a number for each class: {}", all());
                    return Err((problem, "export the classifier with its logits or probabilities".into()));
                }
                (Some(_), Some(_)) => {
                    let problem = format!("several outputs may be meant: {}", all());
                    return Err((problem, "name one with --classifier-output-name".into()));
                }
            }
        }
    };
    // What a ZipMap makes of the numbers, a map for every example, says no more than they do.
    let tensor = match before(&producers, name(value), &["Identity"]) {
        Some(node) if zipped(value) => node.input.first().cloned().unwrap_or_default(),
        _ => name(value).to_string(),
    };
    let maker = before(&producers, &tensor, &["Identity", "Cast"]).map(operator);
    Ok(Output {
        width: shape(value).and_then(|shape| *shape.last()?),
        probabilities: match maker.as_deref() {
            Some("Softmax") => Some(true),
            Some("LogSoftmax" | "Gemm" | "MatMul") => Some(false),
            _ => None,
        },
        classes: classes(&producers, name(value)),
        name: name(value).to_string(),
        tensor,
    })
}

/// The first node on the way back from a tensor that is not one of these operators.
fn before<'a>(
    producers: &HashMap<&str, &'a NodeProto>,
    tensor: &str,
    skipped: &[&str],
) -> Option<&'a NodeProto> {
    let mut node = *producers.get(tensor)?;
    // No way back is longer than there are nodes, unless it is a circle.
    for _ in 0..producers.len() {
        if !skipped.contains(&operator(node).as_str()) {
            break;
        }
        node = producers.get(node.input.first()?.as_str())?;
    }
    Some(node)
}

/// The names of the classes, if the last operators say them.
fn classes(producers: &HashMap<&str, &NodeProto>, tensor: &str) -> Option<Vec<String>> {
    let node = before(producers, tensor, &["Identity", "Cast", "ai.onnx.ml.Normalizer"])?;
    if node.domain.as_deref() != Some(ML) {
        return None;
    }
    let strings = attribute(node, "classlabels_strings").map(|names| names.strings.clone());
    let numbers = ["classlabels_ints", "classlabels_int64s"].iter().find_map(|name| attribute(node, name));
    let numbers = numbers.map(|names| names.ints.iter().map(i64::to_string).collect::<Vec<_>>());
    strings.into_iter().chain(numbers).find(|names| !names.is_empty())
}

/// Leaves in the graph only what its output `tensor` takes: the other operators need not be known.
pub(crate) fn prune(graph: &mut GraphProto, tensor: &str) {
    let producers = producers(graph);
    let mut needed = HashSet::from([tensor.to_string()]);
    let mut open = vec![tensor.to_string()];
    while let Some(tensor) = open.pop() {
        let Some(node) = producers.get(tensor.as_str()) else { continue };
        for name in names(node) {
            if needed.insert(name.to_string()) {
                open.push(name.to_string());
            }
        }
    }
    graph.node.retain(|node| node.output.iter().any(|name| needed.contains(name)));
    graph.initializer.retain(|tensor| tensor.name.as_ref().is_some_and(|name| needed.contains(name)));
    let given: HashSet<&str> = graph.initializer.iter().filter_map(|tensor| tensor.name.as_deref()).collect();
    graph.input.retain(|value| needed.contains(name(value)) && !given.contains(name(value)));
    graph.value_info.clear();
    graph.output = vec![ValueInfoProto { name: Some(tensor.to_string()), ..Default::default() }];
}

/// The tensors that a node may read: its inputs, and all that is named in its inner graphs.
fn names(node: &NodeProto) -> Vec<&str> {
    let mut names: Vec<&str> =
        node.input.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    let graphs = node.attribute.iter().filter_map(|attribute| attribute.g.as_ref());
    for graph in graphs {
        names.extend(graph.node.iter().flat_map(self::names));
        names.extend(graph.output.iter().map(name));
    }
    names
}
