//! What is inferred of a table, in the units of its columns.

use super::{Kind, Schema};
use crate::mechanism::Parameter;

impl Schema {
    /// A parameter of m in the unit of the column that it acts on: shifts in standard deviations of a numeric child
    /// become shifts in what that child is measured in. Other parameters stay as they are.
    pub fn in_own_unit(&self, parameter: Parameter) -> Parameter {
        let sd = self.children().find_map(|column| match column.kind {
            Kind::Number { sd, .. } if parameter.shifts(&column.name) => Some(sd),
            _ => None,
        });
        match sd {
            Some(sd) => Parameter { scale: parameter.scale * sd, unit: "own unit", ..parameter },
            None => parameter,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::tests::example_schema;
    use crate::input::Input;
    use crate::mechanism::{MechanismConfig, Parameter};
    use crate::model::{DeepCama, ModelConfig};

    #[test]
    fn shifts_are_told_in_what_the_column_is_measured_in() {
        let schema = example_schema();
        let input = Input::Table(schema.input(vec![0.5, 0.5]));
        let mechanisms = MechanismConfig::parse_list("per-column,latent").unwrap();
        let config = ModelConfig { mechanisms, z: 2, hidden: 4, ..ModelConfig::fast(input, 2) };
        let model = DeepCama::new(&config, 0, &burn::tensor::Device::flex()).unwrap();
        let of_m = model.manipulation().unwrap().parameters();
        let own: Vec<Parameter> = of_m.iter().cloned().map(|p| schema.in_own_unit(p)).collect();
        // x1, the only number among the children, has the standard deviation 2; the prior's is 2 of those.
        assert_eq!((own[0].name.as_str(), own[0].unit, own[0].value(1.5)), ("x1 shift", "own unit", 6.0));
        assert_eq!(own[0].sd(1.5, 0.5), 2.0);
        assert_eq!(own[1..], of_m[1..]);
        assert_eq!(own[1].name, "x1 factor");
    }
}
