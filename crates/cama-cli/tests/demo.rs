//! The demonstration tells the truth: its numbers are those of the commands it names.

mod common;

use std::fs;

use common::{done, files, refused};
use serde_json::Value;

#[test]
fn the_numbers_are_those_of_the_commands_and_the_pictures_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let out = done(folder.path(), &["demo", "--quick"]);
    let report = fs::read_to_string(folder.path().join("cama-demo/report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    let results = report["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    let page = fs::read_to_string(folder.path().join("cama-demo/report.md")).unwrap();
    for result in results {
        for score in ["before", "after", "clean_after"] {
            let percent = format!("{:.1}%", 100.0 * result[score]["accuracy"].as_f64().unwrap());
            assert!(out.contains(&percent) && page.contains(&percent), "{percent}\n{out}");
        }
    }
    let names: Vec<String> =
        files(&folder.path().join("cama-demo")).iter().map(|p| p.display().to_string()).collect();
    for name in ["restored.png", "samples.png", "walk.png", "report.md", "models/clean/config.json"] {
        assert!(names.contains(&name.to_string()), "{names:?}");
    }

    // The first two commands of the report, elsewhere: the same weights.
    let commands = report["commands"].as_array().unwrap();
    assert_eq!(commands.len(), 7);
    for command in &commands[..3] {
        let line = command.as_str().unwrap().replace("cama-demo/", "hand/").replace('\'', "");
        let args: Vec<&str> = line.split(' ').skip(1).collect();
        let out =
            done(folder.path(), &[&args[..], if args[0] == "evaluate" { &["--json"] } else { &[] }].concat());
        if args[0] == "evaluate" {
            let row: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
            assert_eq!(row["accuracy"], results[0]["after"]["accuracy"]);
            assert_eq!(row["log_px"], results[0]["after"]["log_px"]);
        }
    }
    for model in ["clean", "shift-vertical"] {
        let weights = |root: &str| {
            fs::read(folder.path().join(root).join("models").join(model).join("model.safetensors"))
        };
        assert!(weights("cama-demo").unwrap() == weights("hand").unwrap(), "{model}");
    }
    // A demonstration may be run again into its own folder, but not into another.
    assert_eq!(done(folder.path(), &["demo", "--quick", "--quiet"]).lines().count(), 7);
    refused(folder.path(), &["demo", "--quick", "--out", "hand"], &["exists already"], "hand/report.json");
    fs::write(folder.path().join("hand/report.json"), "{}").unwrap();
    refused(folder.path(), &["demo", "--quick", "--out", "hand"], &["exists already"], "hand/report.md");
    done(folder.path(), &["demo", "--quick", "--out", "hand", "--force", "-q"]);
}
