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
