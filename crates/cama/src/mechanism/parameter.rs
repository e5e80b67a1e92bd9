//! Components of m in words and units.

use cama_data::table::{Kind, Schema};

/// One component of m in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Name, such as `rotation`.
    pub name: String,
    /// Unit that [`value`](Self::value) is in, such as `degrees`.
    pub unit: &'static str,
    /// Units per standard deviation of the prior.
    pub scale: f64,
    /// Whether the value is the exponential of the scaled component (a factor).
    pub exponential: bool,
}

impl Parameter {
    pub(super) fn linear(name: &str, unit: &'static str, scale: f64) -> Self {
        Self { name: name.into(), unit, scale, exponential: false }
    }

    pub(super) fn factor(name: &str, scale: f64) -> Self {
        Self { name: name.into(), unit: "factor", scale, exponential: true }
    }

    /// The shift of a column, in standard deviations of it.
    pub(super) fn shift(column: &str, scale: f64) -> Self {
        Self::linear(&format!("{column} shift"), "standard deviations", scale)
    }

    /// Whether it is the shift of this column, in standard deviations of it.
    fn shifts(&self, column: &str) -> bool {
        let Self { name, unit, .. } = Self::shift(column, self.scale);
        (&name, unit) == (&self.name, self.unit)
    }

    /// The parameter in its unit, at component `m` (in standard deviations of the prior).
    pub fn value(&self, m: f64) -> f64 {
        if self.exponential { (self.scale * m).exp() } else { self.scale * m }
    }

    /// The standard error of component `m` of a data set of `n` rows, in standard deviations of the prior: that of the mean of as many
    /// normal values, or of the logarithm of their standard deviation. Only of what is told in standard deviations of its column.
    pub(crate) fn standard_error(&self, n: usize) -> f64 {
        let n = n.max(1) as f64;
        (if self.exponential { 2.0 * n } else { n }).sqrt().recip() / self.scale.abs()
    }

    /// Its standard deviation in its unit where component `m` is normal with this mean and standard deviation `sd`, as
    /// in q2(m|x): of a factor, that of the log-normal distribution.
    pub fn sd(&self, m: f64, sd: f64) -> f64 {
        let sd = self.scale.abs() * sd;
        if !self.exponential {
            return sd;
        }
        let variance = sd * sd;
        (self.scale * m + variance / 2.0).exp() * variance.exp_m1().sqrt()
    }

    /// The parameter in the unit of the column of `schema` that it acts on: shifts in standard deviations of a numeric
    /// child become shifts in what that child is measured in. Other parameters stay as they are.
    pub fn in_own_unit(self, schema: &Schema) -> Self {
        let sd = schema.children().find_map(|column| match column.kind {
            Kind::Number { sd, reading, .. } if reading.is_linear() && self.shifts(&column.name) => Some(sd),
            _ => None,
        });
        match sd {
            Some(sd) => Self { scale: self.scale * sd, unit: "own unit", ..self },
            None => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and standard deviation of the parameter in its unit, by numerical integration over a normal component.
    fn integrated(parameter: &Parameter, m: f64, sd: f64) -> [f64; 2] {
        let step = 1e-3;
        let moment = |of: &dyn Fn(f64) -> f64| -> f64 {
            let density = |z: f64| (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
            let grid = (-12_000..12_000).map(|i| (f64::from(i) + 0.5) * step);
            grid.map(|z| density(z) * of(parameter.value(m + sd * z)) * step).sum()
        };
        let mean = moment(&|value| value);
        [mean, moment(&|value| (value - mean).powi(2)).sqrt()]
    }

    /// Of the mean, and of the logarithm of the standard deviation, of many data sets.
    #[test]
    fn standard_errors_are_those_of_data_sets() {
        use rand::SeedableRng;
        use rand_distr::{Distribution, StandardNormal};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let (n, sets) = (50, 4000);
        let moments = |values: &[f64]| {
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            (mean, (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt())
        };
        let of_sets: (Vec<f64>, Vec<f64>) = (0..sets)
            .map(|_| {
                let rows: Vec<f64> = (0..n).map(|_| StandardNormal.sample(&mut rng)).collect();
                let (mean, sd) = moments(&rows);
                (mean, sd.ln())
            })
            .unzip();
        // In standard deviations of the prior, of which the columns' own are twice as wide.
        let errors =
            [Parameter::shift("x", 2.0), Parameter::factor("x factor", -2.0)].map(|p| p.standard_error(n));
        for (found, values) in errors.into_iter().zip([of_sets.0, of_sets.1]) {
            let wanted = moments(&values).1 / 2.0;
            assert!((found / wanted - 1.0).abs() < 0.05, "{found} {wanted}");
        }
    }

    #[test]
    fn standard_deviations_are_those_of_the_parameter_in_its_unit() {
        let linear = Parameter::linear("rotation", "degrees", 23.0);
        let factor = Parameter::factor("gain", 0.5);
        for parameter in [&linear, &factor, &Parameter { scale: -0.5, ..factor.clone() }] {
            for (m, sd) in [(0.0, 1.0), (1.5, 0.2), (-2.0, 0.01), (0.3, 1.3)] {
                let [_, wanted] = integrated(parameter, m, sd);
                let found = parameter.sd(m, sd);
                assert!((found / wanted - 1.0).abs() < 1e-6, "{parameter:?} {m} {sd}: {found} {wanted}");
            }
        }
        // No digits are lost where it is all but known.
        assert!((factor.sd(0.0, 1e-9) / 5e-10 - 1.0).abs() < 1e-6);
        assert_eq!((linear.sd(3.0, 0.0), factor.sd(3.0, 0.0)), (0.0, 0.0));
    }
}
