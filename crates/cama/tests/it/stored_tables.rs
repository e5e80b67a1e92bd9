//! Model folders of tables: what is saved is loaded, and what does not agree is refused.

use std::fs;
use std::path::Path;

use cama::causal::{CausalGraph, Roles};
use cama::data::table::{LearnOptions, Rows, Schema};
use cama::{Cama, Config, PredictConfig, predict};
use serde_json::{Value, json};

const GRAPH: &str = "digraph { age -> {sick fever} sick -> {fever cough} season -> fever }";
const TABLE: &str = "age,sick,fever,cough,season\n\
                     30,no,37.1,never,0.5\n\
                     41,yes,38.9,often,-0.5\n\
                     55,no,36.8,some,0.25\n\
                     62,yes,39.4,often,1\n";

/// A model of the table, hardly trained, with its rows.
pub(crate) fn stored(folder: &Path) -> (Cama, Rows) {
    let [graph, table] = ["g.dot", "t.csv"].map(|name| folder.join(name));
    fs::write(&graph, GRAPH).unwrap();
    fs::write(&table, TABLE).unwrap();
    let roles = Roles::of(&CausalGraph::read(&graph).unwrap(), "sick").unwrap();
    let (schema, rows, _) = Schema::learn(table.to_str().unwrap(), &roles, &LearnOptions::default()).unwrap();
    let builder = Cama::builder(&rows).seed(1).configure(|config| {
        (config.model.z, config.model.network.hidden) = (2, 8);
        (config.train.epochs, config.dream.steps, config.direct.epochs) = (1, 0, 0);
    });
    let cama = builder.fit().unwrap();
    assert_eq!(cama.schema().unwrap(), &schema);
    (cama, rows)
}

#[test]
fn a_model_comes_back_with_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    let (saved, rows) = stored(folder.path());
    let model = folder.path().join("m");
    saved.save(&model).unwrap();
    let loaded = Cama::load(&model).unwrap();
    assert_eq!(loaded.schema().unwrap(), saved.schema().unwrap());
    // The names of the classes are the schema's.
    assert_eq!(loaded.classes(), ["no", "yes"]);
    let table = folder.path().join("t.csv");
    let (read, _) = loaded.schema().unwrap().read(table.to_str().unwrap(), true).unwrap();
    assert_eq!(read, rows);
    let config = PredictConfig { samples: 3, ..PredictConfig::default() }.check().unwrap();
    let same = predict(saved.model(), &rows, &config).unwrap();
    let predicted = predict(loaded.model(), &read, &config).unwrap();
    for (a, b) in predicted.iter().zip(&same) {
        assert_eq!((&a.probabilities, a.log_px), (&b.probabilities, b.log_px));
    }
    let page = fs::read_to_string(model.join("README.md")).unwrap();
    for part in ["target (Y): sick", "parents (A): age", "children (X): fever, cough", "(C): age, season"] {
        assert!(page.contains(part), "{page}");
    }
}

#[test]
fn what_does_not_agree_or_cannot_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("m");
    stored(folder.path()).0.save(&model).unwrap();
    let path = model.join("config.json");
    let good: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let load = || Cama::load(&model);
    let refuse = |change: &dyn Fn(&mut Value), part: &str| {
        let mut config = good.clone();
        change(&mut config);
        assert_ne!(config, good, "{part}");
        fs::write(&path, config.to_string()).unwrap();
        let text = load().expect_err(part).to_string();
        assert!(text.contains(part), "{part}: {text}");
    };
    let set = |place: &'static str, value: Value| {
        move |config: &mut Value| *config.pointer_mut(place).expect(place) = value.clone()
    };
    // The columns are fever, cough, age and season.
    for (place, value, part) in [
        ("/schema/columns/0/kind/number/sd", json!(0), "schema.columns.fever.kind.sd = 0"),
        ("/schema/columns/0/kind/number/sd", json!(-1), "a finite number above 0"),
        ("/schema/columns/0/kind/number/mean", json!(null), "config.json is damaged"),
        ("/schema/columns", json!([]), "schema.columns = without a child"),
        ("/schema/columns/1/kind/category/values", json!(["never"]), "schema.columns.cough.kind.values"),
        ("/schema/columns/1/imputed", json!("daily"), "schema.columns.cough.imputed = daily"),
        ("/schema/columns/2/name", json!("fever"), "names that differ"),
        ("/schema/columns/2/causes_children", json!(false), "different columns or classes"),
        ("/schema/columns/3/role", json!("child"), "in another order"),
        ("/schema/columns/0/role", json!("parent"), "in another order"),
        ("/schema/columns/0/name", json!("heat"), "different columns or classes"),
        ("/schema/columns/1/kind", json!({"number": {"mean": 0, "sd": 1}}), "imputed"),
        ("/schema/target", json!("fever"), "also from the target's"),
        ("/schema/classes", json!(["no"]), "schema.classes"),
        ("/schema/classes", json!(["a", "b", "c"]), "different columns or classes"),
        ("/schema/classes", json!(["yes", "no"]), "schema.classes and card.classes are not the same"),
        ("/schema", json!(null), "a model for tables and no schema"),
        ("/schema/missing", json!("guess"), "config.json is damaged"),
        ("/model/data/table/parents", json!(2), "different columns or classes"),
        ("/model/data/table/co_parents", json!(u64::MAX), "model.data.table.co_parents"),
        ("/model/data/table/children/1/kind", json!("boolean"), "different columns or classes"),
        ("/model/class_prior/frequencies", json!([0.5]), "class_prior.frequencies"),
        ("/model/network/trunk/layers", json!(0), "model.network.trunk.layers"),
    ] {
        refuse(&set(place, value), part);
    }
    refuse(&|config| config["schema"]["columns"][0]["causes_children"] = json!(true), "causes_children");
    refuse(
        &|config| drop(config["schema"]["columns"].as_array_mut().unwrap().pop()),
        "different columns or classes",
    );
    refuse(&|config| config["schema"]["more"] = json!(1), "unknown field `more`");
    let nested = "[".repeat(200_000);
    fs::write(&path, good.to_string().replacen("{", &format!("{{\"schema\": {nested}"), 1)).unwrap();
    assert!(load().unwrap_err().to_string().contains("config.json is damaged"));
    fs::write(&path, good.to_string()).unwrap();
    load().unwrap();
}

#[test]
fn no_damage_of_a_folder_or_of_bytes_panics() {
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    let folder = tempfile::tempdir().unwrap();
    let (cama, rows) = stored(folder.path());
    let model = folder.path().join("m");
    cama.save(&model).unwrap();
    let files = ["config.json", "clean.bin", "model.safetensors"];
    let sound = files.map(|name| fs::read(model.join(name)).unwrap());
    let bytes = cama.to_bytes().unwrap();
    let mut runner = TestRunner::new(Config { cases: 200, failure_persistence: None, ..Config::default() });
    let places = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..3);
    let damages = (0..files.len() + 1, places, any::<bool>());
    let tried = runner.run(&damages, |(which, places, cut)| {
        let mut damaged = sound.get(which).unwrap_or(&bytes).clone();
        for (at, byte) in places {
            let at = at.index(damaged.len());
            if cut && damaged.len() > 1 {
                damaged.truncate(at.max(1));
            } else {
                damaged[at] = byte;
            }
        }
        let loaded = match files.get(which) {
            None => Cama::from_bytes(&damaged),
            Some(name) => {
                fs::write(model.join(name), &damaged).unwrap();
                let loaded = Cama::load(&model);
                fs::write(model.join(name), &sound[which]).unwrap();
                loaded
            }
        };
        // What is still a model predicts.
        if let Ok(loaded) = loaded {
            let _ = loaded.predict(&rows);
        }
        Ok(())
    });
    tried.unwrap();
    Cama::load(&model).unwrap();
}
