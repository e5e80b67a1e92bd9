//! Baselines are kept to the bit, and what is damaged or foreign is refused.

use std::fs;
use std::path::Path;

use cama::silent;
use serde_json::Value;

use super::images::{digits, small_cnn, small_networks};
use super::*;

/// A small baseline that learnt next to nothing, in `folder`.
fn kept(config: &BaselineConfig, folder: &Path) -> Baseline {
    let train = digits()[0].slice(0..60);
    let baseline = fit(config, &train, 3).unwrap().with_command("cama baseline …");
    baseline.save(folder).unwrap();
    baseline
}

fn message(folder: &Path) -> String {
    Baseline::load(folder).unwrap_err().to_string()
}

/// `baseline.json` with one value changed.
fn edit(folder: &Path, change: impl Fn(&mut Value)) {
    let path = folder.join("baseline.json");
    let mut json: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut json);
    fs::write(path, json.to_string()).unwrap();
}

#[test]
fn every_baseline_is_read_as_it_was_written() {
    let [_, test] = digits();
    let mut configs = small_networks();
    for config in &mut configs {
        let steps = if config.group() == "mlp" { "mlp.epochs" } else { "cnn.steps" };
        *config = config.clone().with(steps, 1.into()).unwrap();
    }
    configs.push(BaselineConfig::Trees(TreesConfig { rounds: 3, ..TreesConfig::default() }));
    let folder = tempfile::tempdir().unwrap();
    // Each in the same place: nothing of the one before is left.
    for config in configs {
        let baseline = kept(&config, folder.path());
        assert!(Baseline::is_in(folder.path()) && fs::read_dir(folder.path()).unwrap().count() == 2);
        let again = Baseline::load(folder.path()).unwrap();
        assert!(again.probabilities(&test).unwrap() == baseline.probabilities(&test).unwrap());
        assert_eq!(
            (again.name(), again.config(), again.classes(), again.origin(), again.image_shape()),
            (baseline.name(), &config, baseline.classes(), baseline.origin(), Some([1, 28, 28]))
        );
        assert_eq!(again.origin().commands, ["cama baseline …"]);
        again.save(folder.path()).unwrap();
        assert!(Baseline::load(folder.path()).is_ok());
    }
}

#[test]
fn what_was_adapted_or_met_manipulated_data_is_so_when_it_is_read() {
    let [train, test] = digits();
    let folder = tempfile::tempdir().unwrap();
    let config = BaselineConfig::CnnBn(CnnConfig { steps: Some(5), ..small_cnn() });
    let shift = ["shift:0.2".parse().unwrap(), "rotate:20+blur:1".parse().unwrap()];
    let baseline =
        Baseline::fit_manipulated(&config.check().unwrap(), &train, &shift, 1, &mut silent).unwrap();
    let adapted = baseline.tent(&test, &TentConfig::default().check().unwrap(), 1, &mut silent).unwrap();
    adapted.save(folder.path()).unwrap();
    let again = Baseline::load(folder.path()).unwrap();
    assert!(again.probabilities(&test).unwrap() == adapted.probabilities(&test).unwrap());
    assert!(again.probabilities(&test).unwrap() != baseline.probabilities(&test).unwrap());
    assert_eq!(again.name(), "cnn-bn-tent+shift:0.2|rotate:20+blur:1");
    assert_eq!((again.name(), again.origin()), (adapted.name(), adapted.origin()));
}

#[test]
fn damaged_and_foreign_folders_are_refused_with_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert!(message(folder).contains("there is no baseline.json"));
    assert!(!Baseline::is_in(folder));
    let config = BaselineConfig::Cnn(CnnConfig { steps: Some(1), ..small_cnn() });
    let again = || kept(&config, folder);

    again();
    let weights = folder.join("baseline.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&weights, &bytes).unwrap();
    assert!(message(folder).contains("baseline.safetensors is not the file"), "{}", message(folder));
    fs::remove_file(&weights).unwrap();
    assert!(message(folder).contains("baseline.safetensors is missing"));

    for (change, part) in [
        (
            &(|json: &mut Value| json["format"] = "cama-model".into()) as &dyn Fn(&mut Value),
            "says `cama-model`",
        ),
        (&|json| json["version"] = 9.into(), "version is 9"),
        (&|json| json["more"] = 9.into(), "unknown field `more`"),
        (&|json| json["width"] = 783.into(), "do not have 783 values"),
        (&|json| json["image"] = Value::Null, "images of unknown size"),
        (&|json| json["classes"] = serde_json::json!(["a"]), "names 1 classes"),
        (&|json| json["config"]["cnn"]["kernel"] = 4.into(), "cnn.kernel = 4"),
        // The weights of another size, and far more than there are.
        (&|json| json["config"]["cnn"]["hidden"] = 31.into(), "baseline.safetensors"),
        (&|json| json["config"]["cnn"]["hidden"] = 65_536.into(), "bytes of weights or more"),
        (&|json| json["config"] = serde_json::json!({"trees": {}}), "trees.json is missing"),
        (&|json| json["config"] = serde_json::json!({"mlp": {}}), "its scale is missing"),
    ] {
        again();
        edit(folder, change);
        assert!(message(folder).contains(part), "{part}: {}", message(folder));
    }
    fs::write(folder.join("baseline.json"), "[".repeat(100_000)).unwrap();
    assert!(message(folder).contains("damaged"));
}

#[test]
fn trees_that_lead_nowhere_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    kept(&BaselineConfig::Trees(TreesConfig { rounds: 3, ..TreesConfig::default() }), folder);
    let path = folder.join("trees.json");
    let good: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(good["rounds"][0][0]["nodes"][0]["is_leaf"], false);
    for change in [
        &(|json: &mut Value| json["rounds"][0][0]["nodes"][0]["left_child"] = 0.into())
            as &dyn Fn(&mut Value),
        &|json| json["rounds"][0][0]["nodes"][0]["right_child"] = 1000.into(),
        &|json| json["rounds"][0][0]["nodes"][0]["split_feature"] = 784.into(),
        &|json| json["rounds"][0][0]["nodes"] = serde_json::json!([]),
        &|json| json["rounds"][0] = serde_json::json!([]),
        &|json| json["base"] = serde_json::json!([1.0]),
    ] {
        let mut json = good.clone();
        change(&mut json);
        let bytes = json.to_string();
        fs::write(&path, &bytes).unwrap();
        // Even with the right checksum.
        edit(folder, |json| json["weights_crc32"] = cama::weights::crc32(bytes.as_bytes()).into());
        assert!(message(folder).contains("trees.json is damaged"), "{}", message(folder));
    }
}
