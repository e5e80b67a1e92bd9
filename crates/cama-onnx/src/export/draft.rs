//! A graph in the making, and what every restorer has.

use cama::mechanism::Parameter;
use cama::{Cama, Error, Result};
use rten_onnx::onnx::{GraphProto, ValueInfoProto};
use serde_json::json;

use super::file;
use super::options::ExportOptions;
use super::undone::Undone;
use crate::nodes::{Nodes, int};

/// The name of the output that is the input with the manipulation undone.
pub const RESTORED: &str = "restored";

/// The names of the outputs of the direct classifier: probabilities of the classes of the restored example, and of the example
/// as it is.
pub const PROBABILITIES: [&str; 2] = ["probabilities", "probabilities_alone"];

/// The names of the outputs that have the mean and the standard deviation of every component of m.
pub(super) const PARAMETERS: [&str; 2] = ["parameters", "parameters_sd"];

/// A graph in the making.
pub(super) struct Draft {
    pub graph: GraphProto,
    pub metadata: Vec<(&'static str, String)>,
}

/// The direct classifier's probabilities of restored examples, and of those as they are.
pub(super) fn classified(
    nodes: &mut Nodes,
    cama: &Cama,
    restored: &str,
    x: Option<&str>,
) -> Result<Vec<ValueInfoProto>> {
    let Some(direct) = cama.direct() else {
        return Err(Error::config("export.classifier", true, "false: the model has no direct classifier"));
    };
    let layers = direct.layers();
    let of = [Some(restored), x];
    let outputs = PROBABILITIES.iter().zip(of).filter_map(|(name, x)| {
        let logits = nodes.network(x?, &layers);
        nodes.named("Softmax", &[&logits], vec![int("axis", 1)], name);
        Some(file::value(name, &[cama.classes().len()]))
    });
    Ok(outputs.collect())
}

impl Draft {
    /// What every restorer says of itself.
    pub(super) fn state(&mut self, cama: &Cama, undone: &Undone, options: &ExportOptions) {
        let undoes = match undone {
            Undone::Nothing(why) => json!({ "m": "null", "why": why }),
            Undone::Inferred => json!({ "m": "mean", "guard": false }),
            Undone::Global => json!({ "m": "global", "guard": true }),
        };
        let model = cama.model();
        let parameters: Vec<_> = match (undone, model.mechanisms()) {
            (Undone::Nothing(_), _) | (_, None) => Vec::new(),
            (_, Some(mechanisms)) => mechanisms.parameters(),
        };
        let global = model.mechanisms().filter(|_| *undone == Undone::Global).and_then(|all| all.global_m());
        let global: Option<Vec<f64>> = global.map(|m| m.into_data().iter::<f64>().collect());
        let described = |(i, parameter): (usize, &Parameter)| match &global {
            Some(m) => {
                json!({ "name": parameter.name, "unit": parameter.unit, "value": parameter.value(m[i]) })
            }
            None => json!({ "name": parameter.name, "unit": parameter.unit }),
        };
        let parameters: Vec<_> = parameters.iter().enumerate().map(described).collect();
        let mechanisms: Vec<&str> =
            model.config().mechanisms.iter().map(|mechanism| mechanism.name()).collect();
        self.metadata.extend([
            ("cama.format", "1".to_string()),
            ("cama.mechanisms", json!(mechanisms).to_string()),
            ("cama.undoes", undoes.to_string()),
            ("cama.parameters", json!(parameters).to_string()),
            ("cama.classes", json!(cama.classes()).to_string()),
        ]);
        if options.classifier {
            self.metadata.push((crate::graph::PROBABILITIES_KEY, PROBABILITIES[0].to_string()));
        }
    }
}
