//! Operators that the runtime has not, said in operators that it has.
//!
//! Neural networks use the operators of ONNX's own domain, which the runtime knows. scikit-learn's exports use those
//! of the domain `ai.onnx.ml` as well; these are replaced here, one by one, by nodes that compute the same.

mod columns;
mod linear;
mod trees;

use rten_onnx::onnx::{ModelProto, NodeProto, OperatorSetIdProto};

use crate::graph::{ML, attribute, operator};
use crate::nodes::{Nodes, int};

/// The version of ONNX's own operators that new nodes are of, in a file that has used none.
const VERSION: i64 = 17;

/// Why a node cannot be rewritten: what is wrong, in words.
type Reason = String;

/// Replaces every node that the runtime cannot run.
///
/// # Errors
///
/// What cannot be replaced, in words that name the operator.
pub(crate) fn rewrite(model: &mut ModelProto) -> Result<(), Reason> {
    let Some(graph) = &mut model.graph else { return Ok(()) };
    let before = std::mem::take(&mut graph.node);
    let mut nodes = Nodes { graph, prefix: "cama-onnx" };
    for node in before {
        let name = operator(&node);
        let place = || match node.name.as_deref().filter(|name| !name.is_empty()) {
            Some(node) => format!("operator {name} (node `{node}`)"),
            None => format!("operator {name}"),
        };
        nodes.node(&node).map_err(|reason| format!("{}: {reason}", place()))?;
    }
    let standard = |set: &OperatorSetIdProto| matches!(set.domain.as_deref(), None | Some("" | "ai.onnx"));
    if !model.opset_import.iter().any(standard) {
        model.opset_import.push(OperatorSetIdProto { domain: None, version: Some(VERSION) });
    }
    Ok(())
}

impl Nodes<'_> {
    /// Adds a node, or what stands for it.
    fn node(&mut self, node: &NodeProto) -> Result<(), Reason> {
        match (node.domain.as_deref(), node.op_type.as_deref().unwrap_or_default()) {
            // Of use in training only; nobody asks for its mask here.
            (None | Some(""), "Dropout") => self.same(node),
            (Some(ML), name) => match name {
                "Scaler" => self.scaler(node),
                "Normalizer" => self.normalizer(node),
                "Imputer" => self.imputer(node),
                "Binarizer" => self.binarizer(node),
                "FeatureVectorizer" => self.feature_vectorizer(node),
                "ArrayFeatureExtractor" => self.array_feature_extractor(node),
                "LinearClassifier" => self.linear_classifier(node),
                "TreeEnsembleClassifier" => self.tree_ensemble_classifier(node),
                _ => Err("it is not supported".into()),
            },
            _ => {
                let mut node = node.clone();
                // So that the runtime's messages say what they are about.
                node.name = node.name.filter(|name| !name.is_empty()).or_else(|| node.op_type.clone());
                self.graph.node.push(node);
                Ok(())
            }
        }
    }

    /// The first input as the first output.
    fn same(&mut self, node: &NodeProto) -> Result<(), Reason> {
        let x = input(node, 0)?;
        self.named("Identity", &[x], vec![], output(node, 0)?);
        Ok(())
    }

    /// What scores `[batch, classes]` become at the end of a classifier.
    fn post_transform(&mut self, node: &NodeProto, scores: &str, output: &str) -> Result<(), Reason> {
        match string(node, "post_transform").unwrap_or("NONE") {
            "NONE" => self.named("Identity", &[scores], vec![], output),
            "SOFTMAX" => self.named("Softmax", &[scores], vec![int("axis", 1)], output),
            "LOGISTIC" => self.named("Sigmoid", &[scores], vec![], output),
            other => return Err(format!("its post_transform `{other}` is not supported")),
        }
        Ok(())
    }
}

/// The name of an input that must be there.
fn input(node: &NodeProto, i: usize) -> Result<&str, Reason> {
    node.input.get(i).map(String::as_str).filter(|name| !name.is_empty()).ok_or("it lacks an input".into())
}

/// The name of an output that must be there.
fn output(node: &NodeProto, i: usize) -> Result<&str, Reason> {
    node.output.get(i).map(String::as_str).filter(|name| !name.is_empty()).ok_or("it lacks an output".into())
}

/// The numbers of an attribute; none if it is not there.
fn numbers<'a>(node: &'a NodeProto, name: &str) -> &'a [f32] {
    attribute(node, name).map_or(&[], |attribute| &attribute.floats)
}

/// The whole numbers of an attribute; none if it is not there.
fn integers<'a>(node: &'a NodeProto, name: &str) -> &'a [i64] {
    attribute(node, name).map_or(&[], |attribute| &attribute.ints)
}

/// The text of an attribute.
fn string<'a>(node: &'a NodeProto, name: &str) -> Option<&'a str> {
    attribute(node, name)?.s.as_deref()
}

/// How many classes a classifier says it has.
fn class_count(node: &NodeProto) -> usize {
    let strings = attribute(node, "classlabels_strings").map_or(0, |names| names.strings.len());
    let ints = ["classlabels_ints", "classlabels_int64s"].map(|name| integers(node, name).len());
    strings.max(ints[0]).max(ints[1])
}
