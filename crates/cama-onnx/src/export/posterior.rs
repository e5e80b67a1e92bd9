//! q2(m|x) as nodes, and m in words and units.

use cama::mechanism::Parameter;
use cama::network::HeadLayers;
use cama::{MPosteriorLayers, Mechanisms};

use crate::nodes::Nodes;

/// The tensors of q2(m|x), `[batch, dim]`.
pub(super) struct Posterior {
    /// Means, in standard deviations of the prior.
    pub mean: String,
    log_var: String,
}

/// Below this variance, exp(v) − 1 is its series: in single precision the difference has lost its digits.
const SMALL: f64 = 0.01;

impl Nodes<'_> {
    /// q2 of maps `[batch, channels, height, width]` or of rows.
    pub(super) fn posterior(&mut self, seen: &str, layers: &MPosteriorLayers) -> Posterior {
        let features = self.network(seen, &layers.trunk);
        let (mut means, mut log_vars) = (Vec::new(), Vec::new());
        for HeadLayers { mean, log_var, most_log_var, constant } in &layers.heads {
            let features = match constant {
                true => self.with("Mul", &features, 0.0),
                false => features.clone(),
            };
            means.push(self.dense(&features, mean));
            let log_var = self.dense(&features, log_var);
            log_vars.push(match most_log_var {
                Some(most) => self.clip(&log_var, -most, *most),
                None => log_var,
            });
        }
        Posterior { mean: self.joined(&means), log_var: self.joined(&log_vars) }
    }

    /// The mean and the standard deviation of every component of m in its unit, `[batch, dim]`, as outputs of these names.
    pub(super) fn parameters(&mut self, posterior: &Posterior, mechanisms: &Mechanisms, names: [&str; 2]) {
        let parameters = mechanisms.parameters();
        let scales = parameters.iter().map(|parameter| parameter.scale as f32).collect();
        let scales = self.floats(&[1, parameters.len()], scales);
        let scaled = self.add("Mul", &[&posterior.mean, &scales], vec![]);
        let sd = self.with("Mul", &posterior.log_var, 0.5);
        let sd = self.add("Exp", &[&sd], vec![]);
        let sd = self.add("Mul", &[&sd, &scales], vec![]);
        let (mut values, mut sds) = (Vec::new(), Vec::new());
        for (first, length, exponential) in runs(&parameters) {
            let [value, sd] = [&scaled, &sd].map(|all| self.columns(all, first, length));
            if exponential {
                sds.push(self.sd_of_factors(&value, &sd));
                values.push(self.add("Exp", &[&value], vec![]));
            } else {
                sds.push(self.add("Abs", &[&sd], vec![]));
                values.push(value);
            }
        }
        for (parts, name) in [(values, names[0]), (sds, names[1])] {
            let all = self.joined(&parts);
            self.named("Identity", &[&all], vec![], name);
        }
    }

    /// The standard deviation of the exponential of a normal variable: exp(mean + v/2) · √(exp(v) − 1).
    fn sd_of_factors(&mut self, mean: &str, sd: &str) -> String {
        let variance = self.add("Mul", &[sd, sd], vec![]);
        let half = self.with("Mul", &variance, 0.5);
        let level = self.add("Add", &[mean, &half], vec![]);
        let level = self.add("Exp", &[&level], vec![]);
        // v (1 + v/2 (1 + v/3)).
        let third = self.with("Mul", &variance, 1.0 / 3.0);
        let third = self.with("Add", &third, 1.0);
        let series = self.add("Mul", &[&half, &third], vec![]);
        let series = self.with("Add", &series, 1.0);
        let series = self.add("Mul", &[&variance, &series], vec![]);
        let exact = self.add("Exp", &[&variance], vec![]);
        let exact = self.with("Sub", &exact, 1.0);
        let is_small = self.with("Less", &variance, SMALL);
        let grown = self.add("Where", &[&is_small, &series, &exact], vec![]);
        let grown = self.add("Sqrt", &[&grown], vec![]);
        self.add("Mul", &[&level, &grown], vec![])
    }
}

/// Neighbouring parameters that are all exponential, or none of them: first, length, whether.
fn runs(parameters: &[Parameter]) -> Vec<(usize, usize, bool)> {
    let mut first = 0;
    let runs = parameters.chunk_by(|a, b| a.exponential == b.exponential).map(|run| {
        let begin = first;
        first += run.len();
        (begin, run.len(), run[0].exponential)
    });
    runs.collect()
}
