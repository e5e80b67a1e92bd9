//! `cama simulate`: tables whose causes are known.

use std::fs;
use std::path::Path;

use crate::common::{done, files, refused, run};

const TINY: &[&str] = &[
    "--parents",
    "1",
    "--co-parents",
    "2",
    "--children",
    "2",
    "--classes",
    "3",
    "--latents",
    "1",
    "--rows",
    "4",
];

fn simulate(folder: &Path, out: &str, more: &[&str]) -> String {
    done(folder, &[&["simulate", "--out", out], more].concat())
}

fn again<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["simulate", "--out", "d"], TINY, more].concat()
}

fn table(folder: &Path, out: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(folder.join(out).join("table.csv")).unwrap();
    text.lines().map(|line| line.split(',').map(str::to_string).collect()).collect()
}

fn column(table: &[Vec<String>], name: &str) -> Vec<String> {
    let at = table[0].iter().position(|n| n == name).unwrap();
    table[1..].iter().map(|row| row[at].clone()).collect()
}

#[test]
fn a_seed_gives_this_folder_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let told = simulate(folder.path(), "d", &[TINY, &["--seed", "3", "--do", "C*+=1"]].concat());
    assert_eq!(told, "d: 4 rows of 6 columns, 3 classes of 25.0% to 50.0%\n");
    let names = files(&folder.path().join("d"));
    assert_eq!(names, ["README.md", "graph.dot", "model.json", "table.csv"].map(Path::new));
    let rounded: Vec<Vec<String>> = table(folder.path(), "d")
        .into_iter()
        .map(|row| {
            // Elementary functions may differ in their last bits from machine to machine.
            row.into_iter().map(|cell| cell.parse().map_or(cell, |v: f64| format!("{v:.6}"))).collect()
        })
        .collect();
    let text: Vec<String> = rounded.iter().map(|row| row.join(",")).collect();
    assert_eq!(text, GOLDEN_TABLE);
    assert_eq!(fs::read_to_string(folder.path().join("d/graph.dot")).unwrap(), GOLDEN_GRAPH);
    let page = fs::read_to_string(folder.path().join("d/README.md")).unwrap();
    assert!(page.contains("    cama simulate --out d --parents 1") && page.contains("`do(C*+=1)`"), "{page}");
}

#[test]
fn a_model_is_used_again_under_other_interventions() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    simulate(folder, "clean", &[TINY, &["--first", "7"]].concat());
    simulate(folder, "same", &["--from", "clean"]);
    assert_eq!(table(folder, "clean"), table(folder, "same"));
    let shifted = ["--from", "clean", "--do", "C1+=3", "X2*=2", "--do", "X1=0"];
    simulate(folder, "shifted", &shifted);
    let (clean, shifted) = (table(folder, "clean"), table(folder, "shifted"));
    for name in ["A1", "C2", "Y"] {
        assert_eq!(column(&clean, name), column(&shifted, name));
    }
    assert_eq!(column(&shifted, "X1"), ["0"; 4]);
    assert_ne!(column(&clean, "C1"), column(&shifted, "C1"));
    assert_ne!(column(&clean, "X2"), column(&shifted, "X2"));
    // The interventions of a folder are not those of the next.
    simulate(folder, "again", &["--from", "shifted", "--first", "9", "--rows", "3"]);
    let again = table(folder, "again");
    assert_eq!(again[1..3], clean[3..5]);
    assert_eq!(again.len(), 4);
}

#[test]
fn what_is_there_is_replaced_only_if_forced_and_a_simulation() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    simulate(folder, "d", TINY);
    let former = table(folder, "d");
    refused(folder, &again(&["--seed", "1"]), &["exists already"], "");
    assert_eq!(table(folder, "d"), former);
    done(folder, &again(&["--seed", "1", "--force"]));
    assert_ne!(table(folder, "d"), former);
    // Onto itself.
    simulate(folder, "d", &["--from", "d", "--force", "--rows", "2"]);
    assert_eq!(table(folder, "d").len(), 3);
    fs::write(folder.join("d/notes.txt"), "").unwrap();
    refused(folder, &again(&["--force"]), &["holds other files"], "");
    assert!(files(folder).iter().all(|file| file.starts_with("d")));
}

#[test]
fn bad_input_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    simulate(folder, "good", TINY);
    let refuse = |more: &[&str], parts: &[&str]| {
        refused(folder, &[&["simulate", "--out", "d"], more].concat(), parts, "d");
    };
    refuse(&["--do", "C9+=1"], &["unknown variable `C9` (did you mean `C1`?)", "C1 to C5"]);
    refuse(&["--do", "C1"], &["C1", "there is no `=`"]);
    refuse(&["--do", "Z1+=1"], &["unobserved"]);
    refuse(&["--do", "Y=y7"], &["there is no such class; they are y0 to y4"]);
    refuse(&["--do", "X1=1e308", "X1*=10"], &["X1 of row 0 = inf"]);
    refuse(&["--rows", "0"], &["rows = 0: must be at least 1"]);
    refuse(&["--rows", "-5"], &["-5"]);
    refuse(&["--first", "18446744073709551615"], &["first"]);
    refuse(&["--first", "9007199254740992"], &["9007199254740992"]);
    refuse(&["--children", "0"], &["children = 0: must be from 1 to 1000"]);
    refuse(&["--noise", "1.5"], &["noise = 1.5"]);
    refuse(&["--from", "good", "--classes", "3"], &["--classes"]);
    refuse(&["--from", "gone"], &["gone", "no simulation"]);
    let model = folder.join("good/model.json");
    let json = fs::read_to_string(&model).unwrap();
    fs::write(&model, json.replacen("\"classes\": 3", "\"classes\": 4", 1)).unwrap();
    refuse(&["--from", "good"], &["model.json", "where 4 are needed"]);
    assert_eq!(files(folder).len(), 4);
}

#[test]
fn a_seed_that_does_not_matter_is_told() {
    let folder = tempfile::tempdir().unwrap();
    simulate(folder.path(), "d", TINY);
    let ran = run(folder.path(), &["simulate", "--from", "d", "--out", "e", "--seed", "5"]);
    assert!(ran.code == 0 && ran.err.contains("warning: --seed does not matter"), "{}", ran.err);
    assert_eq!(table(folder.path(), "d"), table(folder.path(), "e"));
}

const GOLDEN_TABLE: [&str; 5] = [
    "A1,C1,C2,X1,X2,Y",
    "-0.057141,0.683878,1.148554,-0.351884,1.487792,y1",
    "1.842445,1.081232,0.461088,-0.778206,1.155659,y0",
    "-2.028531,1.317288,-1.231936,-1.127408,0.835867,y1",
    "0.935308,-0.060679,2.248504,0.314850,-1.033383,y2",
];

const GOLDEN_GRAPH: &str = "\
digraph structural_model {
  Z1 [observed=no];
  A1 -> Y;
  Y -> X1;
  C1 -> X1;
  Z1 -> X1;
  Y -> X2;
  C1 -> X2;
  C2 -> X2;
  Z1 -> X2;
}
";
