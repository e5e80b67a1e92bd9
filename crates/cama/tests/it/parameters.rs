//! Components of m in the units of a table's columns.

use cama::data::table::Schema;
use cama::mechanism::{MechanismConfig, Parameter};
use cama::{Config, DeepCama, ModelConfig, device};
use serde_json::json;

/// A number and two other children.
fn schema() -> Schema {
    let column = |name: &str, role: &str, kind, imputed| json!({ "name": name, "role": role, "kind": kind, "imputed": imputed });
    let number = |mean: f64, sd: f64| json!({ "number": { "mean": mean, "sd": sd } });
    let columns = [
        column("x1", "child", number(10.0, 2.0), json!(10.0)),
        column("x2", "child", json!({ "boolean": { "values": ["no", "yes"] } }), json!("no")),
        column("x3", "child", json!({ "category": { "values": ["a", "b", "c"] } }), json!("b")),
        column("a1", "parent", number(0.0, 1.0), json!(0.0)),
        column("c1", "co-parent", number(-1.0, 3.0), json!(-1.0)),
    ];
    let schema = json!({ "target": "y", "classes": ["0", "1"], "missing": "error", "columns": columns });
    serde_json::from_value(schema).unwrap()
}

#[test]
fn shifts_are_reported_in_what_the_column_is_measured_in() {
    let schema = schema();
    schema.check().unwrap();
    let mechanisms = MechanismConfig::parse_list("per-column,latent").unwrap();
    let mut config = ModelConfig { mechanisms, z: 2, ..ModelConfig::fast(schema.shape(), 2) };
    config.network.hidden = 4;
    let model = DeepCama::new(&config.check().unwrap(), 0, &device("cpu").unwrap());
    let of_m = model.mechanisms().unwrap().parameters();
    let own: Vec<Parameter> = of_m.iter().cloned().map(|p| p.in_own_unit(&schema)).collect();
    // x1, the only number among the children, has the standard deviation 2; the prior's is 2 of those.
    assert_eq!((own[0].name.as_str(), own[0].unit, own[0].value(1.5)), ("x1 shift", "own unit", 6.0));
    assert_eq!(own[0].sd(1.5, 0.5), 2.0);
    assert_eq!(own[1..], of_m[1..]);
    assert_eq!(own[1].name, "x1 factor");
}
