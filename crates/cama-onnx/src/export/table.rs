//! The restorer of rows of a table.

use cama::mechanism::{MOST_LOG_SCALE, MechanismConfig, PerColumnConfig};
use cama::{Cama, Error, Mechanisms, Result};
use rten_onnx::onnx::GraphProto;
use serde_json::json;

use super::columns::{ColumnPlan, Encoded};
use super::draft::{Draft, PARAMETERS, RESTORED, classified};
use super::factor::FactorPlan;
use super::file;
use super::options::ExportOptions;
use super::undone::Undone;
use crate::nodes::Nodes;

/// The name of the output that says by how much more probable each row is with the global m, in nats.
const LOG_BAYES_FACTOR: &str = "log_bayes_factor";

/// The restorer of rows, all columns that the model reads as one input `[batch, columns]`.
pub(super) fn of_table(cama: &Cama, undone: &Undone, options: &ExportOptions) -> Result<Draft> {
    let plan = ColumnPlan::new(cama.schema()?, &options.columns)?;
    let mut graph = GraphProto { input: vec![file::value("rows", &[plan.width()])], ..Default::default() };
    let mut nodes = Nodes { graph: &mut graph, prefix: "cama" };
    let seen = nodes.encoded("rows", &plan);
    let mut outputs = vec![file::value(RESTORED, &[plan.width()])];
    let restored = match (undone, cama.model().mechanisms()) {
        (Undone::Inferred, Some(mechanisms)) => {
            let (x, dim) = nodes.inferred_undone(&seen, mechanisms);
            outputs.extend(PARAMETERS.map(|name| file::value(name, &[dim])));
            x
        }
        (Undone::Global, _) => {
            outputs.push(file::value(LOG_BAYES_FACTOR, &[1]));
            let plan = factor_plan(cama, options.opset)?;
            nodes.factor_restored(&seen, &plan, LOG_BAYES_FACTOR)
        }
        _ => seen.x.clone(),
    };
    match undone {
        // Decoding what was encoded rounds; what is not undone is to stay as it is.
        Undone::Nothing(_) => nodes.named("Identity", &["rows"], vec![], RESTORED),
        _ => nodes.decoded(&restored, "rows", &plan, RESTORED),
    }
    if options.classifier {
        let all = seen.all(&mut nodes, &restored);
        let alone = (!matches!(undone, Undone::Nothing(_))).then(|| seen.all(&mut nodes, &seen.x));
        outputs.extend(classified(&mut nodes, cama, &all, alone.as_deref())?);
    }
    graph.output = outputs;
    let metadata = vec![
        ("cama.columns", plan.described().to_string()),
        ("cama.target", json!(cama.schema()?.target).to_string()),
    ];
    Ok(Draft { graph, metadata })
}

/// What a factor model undoes, with what its guard has learnt of the data that it was adapted to.
fn factor_plan(cama: &Cama, opset: i64) -> Result<FactorPlan<'_>> {
    let model = cama.model();
    let density = |global| {
        let none = || Error::Mismatch("the model is no factor model".into());
        model.factor_density(global).ok_or_else(none)
    };
    let decider = cama.predictor().context(cama::ContextFrom::Adapted).decider;
    Ok(FactorPlan {
        under: [density(true)?, density(false)?],
        prior: model.class_prior_layers(),
        log_odds: decider.log_odds,
        outliers: decider.outliers,
        width: cama.schema()?.x_width(),
        opset,
    })
}

impl Nodes<'_> {
    /// X with what q2 infers undone, [`cama::restore()`], and the length of m.
    fn inferred_undone(&mut self, seen: &Encoded, mechanisms: &Mechanisms) -> (String, usize) {
        let layers = mechanisms.posterior_layers();
        let read = if layers.sees_causes { seen.all(self, &seen.x) } else { seen.x.clone() };
        let posterior = self.posterior(&read, &layers);
        self.parameters(&posterior, mechanisms, PARAMETERS);
        let parts: Vec<_> = mechanisms.configs().iter().zip(mechanisms.spans()).collect();
        let x = parts.into_iter().rev().fold(seen.x.clone(), |x, (config, span)| match config {
            MechanismConfig::PerColumn(config) => {
                let m = self.columns(&posterior.mean, span.start, span.len());
                self.per_column_undone(&x, &m, config, span.len() / 2, &seen.places)
            }
            _ => x,
        });
        (x, mechanisms.dim())
    }

    /// (x − t) / s of every numeric column; the others stay.
    fn per_column_undone(
        &mut self,
        x: &str,
        m: &str,
        config: &PerColumnConfig,
        numbers: usize,
        places: &[Option<usize>],
    ) -> String {
        let shift = self.columns(m, 0, numbers);
        let shift = self.with("Mul", &shift, config.shift);
        let log_scale = self.columns(m, numbers, numbers);
        let log_scale = self.with("Mul", &log_scale, -config.log_scale);
        let log_scale = self.clip(&log_scale, -MOST_LOG_SCALE as f32, MOST_LOG_SCALE as f32);
        // Zero where a column is no number.
        let zero = self.with("Mul", &shift, 0.0);
        let zero = self.columns(&zero, 0, 1);
        let [shift, log_scale] = [shift, log_scale].map(|part| {
            let padded = self.joined(&[part, zero.clone()]);
            let from = places.iter().map(|place| place.unwrap_or(numbers) as i64).collect();
            let from = self.ints(&[places.len()], from);
            self.add("Gather", &[&padded, &from], vec![crate::nodes::int("axis", 1)])
        });
        let factor = self.add("Exp", &[&log_scale], vec![]);
        let x = self.add("Sub", &[x, &shift], vec![]);
        self.add("Mul", &[&x, &factor], vec![])
    }
}
