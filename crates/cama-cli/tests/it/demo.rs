//! The demonstration tells the truth: its numbers are those of the commands it names.

use std::fs;

use crate::common::{done, files, refused};
use cama::{Cama, Rule};
use serde_json::Value;

#[test]
fn the_numbers_are_those_of_the_commands_and_the_pictures_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let out = done(folder.path(), &["demo", "--quick"]);
    let report = fs::read_to_string(folder.path().join("cama-demo/report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    let results = report["results"].as_array().unwrap();
    assert_eq!(results.len(), 4);
    let page = fs::read_to_string(folder.path().join("cama-demo/report.md")).unwrap();
    for column in
        ["an ordinary network", "cama adapted: Bayes", "network on restored", "product", "clean digits after"]
    {
        assert!(out.contains(column) && page.contains(column), "{column}\n{out}");
    }
    for result in results {
        let scores = [("before", "network"), ("after", "bayes"), ("after", "direct"), ("after", "product")];
        for (when, way) in scores.into_iter().chain([("clean_after", "product")]) {
            let percent = format!("{:.1}%", 100.0 * result[when][way]["accuracy"].as_f64().unwrap());
            assert!(out.contains(&percent) && page.contains(&percent), "{when} {way} {percent}\n{out}");
        }
        // Adaptation does not touch the direct classifier, and both see the same images.
        assert_eq!(result["before"]["network"], result["after"]["network"]);
        assert_eq!(result["before"]["restored"], Value::from(0.0));
    }
    let names: Vec<String> =
        files(&folder.path().join("cama-demo")).iter().map(|p| p.display().to_string()).collect();
    let model =
        ["config.json", "model.safetensors", "direct.safetensors"].map(|n| format!("models/clean/{n}"));
    let others = ["restored.png", "more.png", "samples.png", "walk.png", "report.md"].map(String::from);
    for name in model.into_iter().chain(others) {
        assert!(names.contains(&name), "{name} {names:?}");
    }
    // The ordinary network is the direct classifier, given the test images as they are.
    let clean = Cama::load(folder.path().join("cama-demo/models/clean")).unwrap();
    let test = cama::data::load(report["test_data"].as_str().unwrap()).unwrap();
    let decisions = clean.predictor().rule(Rule::Direct).predict(&test).unwrap();
    let right = decisions.iter().zip(test.labels().unwrap()).filter(|(d, label)| d.class == **label).count();
    let network = &report["clean_before"]["network"];
    assert_eq!(network["accuracy"].as_f64().unwrap(), right as f64 / test.labels().unwrap().len() as f64);

    // The first two commands of the report, elsewhere: the same weights.
    let commands = report["commands"].as_array().unwrap();
    assert_eq!(commands.len(), 9);
    for command in &commands[..3] {
        let line = command.as_str().unwrap().replace("cama-demo/", "hand/").replace('\'', "");
        let args: Vec<&str> = line.split(' ').skip(1).collect();
        let out =
            done(folder.path(), &[&args[..], if args[0] == "evaluate" { &["--json"] } else { &[] }].concat());
        if args[0] == "evaluate" {
            let row = out.lines().rev().find(|line| line.contains("\"bayes\"")).unwrap();
            let row: Value = serde_json::from_str(row).unwrap();
            assert_eq!(row["accuracy"], results[0]["after"]["bayes"]["accuracy"]);
            assert_eq!(row["log_px"], results[0]["after"]["bayes"]["log_px"]);
        }
    }
    for model in ["clean", "moved"] {
        let weights = |root: &str| {
            fs::read(folder.path().join(root).join("models").join(model).join("model.safetensors"))
        };
        assert!(weights("cama-demo").unwrap() == weights("hand").unwrap(), "{model}");
    }
    // A demonstration may be run again into its own folder, but not into another.
    assert_eq!(done(folder.path(), &["demo", "--quick", "--quiet"]).lines().count(), 8);
    refused(folder.path(), &["demo", "--quick", "--out", "hand"], &["exists already"], "hand/report.json");
    fs::write(folder.path().join("hand/report.json"), "{}").unwrap();
    refused(folder.path(), &["demo", "--quick", "--out", "hand"], &["exists already"], "hand/report.md");
    done(folder.path(), &["demo", "--quick", "--out", "hand", "--force", "-q"]);
}
