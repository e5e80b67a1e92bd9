//! `cama graph`: roles in words and JSON, the drawing, and what is refused.

use std::fs;
use std::path::Path;

use crate::common::{done, refused, run};

/// The protein network of Sachs and others (Science 308, 2005), as pka is seen.
const PROTEINS: &str = "digraph proteins {\n  erk -> akt; mek -> erk; pip2 -> pkc; pip3 -> {akt pip2 plc};\n  \
                        pka -> {akt erk jnk mek p38 raf}; pkc -> {jnk mek p38 pka raf}; plc -> {pip2 pkc}; raf -> mek;\n}\n";

fn put(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

#[test]
fn roles_are_printed_in_words_and_in_json() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put(folder, "g.dot", PROTEINS);
    let out = done(folder, &["graph", "g.dot", "--target", "pka"]);
    assert_eq!(
        out,
        "Y  target      pka\n\
         A  parents     pkc\n\
         X  children    erk, akt, mek, jnk, p38, raf\n\
         C  co-parents  pkc, pip3\n\
         not used:\n   \
         pip2: not in the Markov blanket of `pka`: a cause of `pka` only through `pkc`\n   \
         plc: not in the Markov blanket of `pka`: a cause of `pka` only through `pkc`\n"
    );
    let out =
        done(folder, &["graph", "g.dot", "--target", "pka", "--json", "--role", "plc=parent", "pip3=ignore"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["parents"], serde_json::json!(["pkc", "plc"]));
    assert_eq!(json["co_parents"], serde_json::json!(["pkc"]));
    assert_eq!(json["ignored"][1], serde_json::json!({ "name": "pip3", "reason": "declared so" }));
}

#[test]
fn the_drawing_is_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put(folder, "g.gv", PROTEINS);
    let args = ["graph", "g.gv", "--target", "pka", "--out", "g.svg"];
    done(folder, &args);
    let drawing = fs::read_to_string(folder.join("g.svg")).unwrap();
    assert!(drawing.starts_with("<svg ") && drawing.ends_with("</svg>\n"), "{drawing}");
    refused(folder, &args, &["g.svg", "exists already", "--force"], "");
    done(folder, &[&args[..], &["--force", "-q"]].concat());
    assert_eq!(fs::read_to_string(folder.join("g.svg")).unwrap(), drawing);
}

#[test]
fn a_table_must_have_the_columns() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put(folder, "g.dot", "digraph { age -> sick -> fever; season -> fever }");
    let args = |data| ["graph", "g.dot", "--target", "sick", "--data", data];
    put(folder, "good.csv", "age,sick,fever,season,else\n1,0,38,2,x\n");
    put(folder, "good.tsv", "age\tsick\tfever\tseason\n");
    for good in ["good.csv", "good.csv[..1]", "good.tsv"] {
        assert_eq!(run(folder, &args(good)).err, "");
    }
    put(folder, "unlabelled.csv", "\u{feff}age,fever,season\n");
    let err = run(folder, &args("unlabelled.csv")).err;
    assert!(err.contains("warning: unlabelled.csv has no column `sick`"), "{err}");
    put(folder, "bad.csv", "age,sick,Fever,season\n");
    refused(
        folder,
        &args("bad.csv"),
        &["bad.csv", "no column `fever` (did you mean `Fever`?)", "observed=no"],
        "",
    );
    put(folder, "empty.csv", "");
    refused(folder, &args("empty.csv"), &["empty.csv: the file is empty"], "");
    put(folder, "twice.csv", "age,sick,fever,season,age\n");
    refused(folder, &args("twice.csv"), &["twice.csv: more than one column is called `age`"], "");
    refused(folder, &args("gone.csv"), &["gone.csv: no such file"], "");
    refused(folder, &args("g.dot"), &["g.dot: its extension is not that of a table", ".parquet"], "");
}

#[test]
fn bad_graphs_and_roles_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    put(folder, "cycle.dot", "digraph { a -> b -> c -> a }");
    put(folder, "dagitty.txt", "dag {\n a -> b\n a <-> b }");
    put(folder, "undirected.gml", "graph [ node [ id 0 ] node [ id 1 ] edge [ source 0 target 1 ] ]");
    put(folder, "good.dot", "digraph { age -> sick -> fever }");
    put(folder, "table.txt", "age,sick,fever\n1,2,3\n");
    let refuse = |file: &str, more: &[&str], parts: &[&str]| {
        refused(folder, &[&["graph", file, "--out", "o.svg"], more].concat(), parts, "o.svg");
    };
    refuse("cycle.dot", &["--target", "a"], &["cycle.dot", "a -> b -> c -> a"]);
    refuse("dagitty.txt", &["--target", "a"], &["line 3, column 4", "`a <-> b`", "unobserved common cause"]);
    refuse("undirected.gml", &["--target", "0"], &["undirected", "directed 1"]);
    refuse("table.txt", &["--target", "sick"], &["neither DOT", "nor GML"]);
    refuse("gone.dot", &["--target", "a"], &["cannot read gone.dot"]);
    refuse("good.dot", &["--target", "sikc"], &["did you mean `sick`?"]);
    refuse("good.dot", &["--target", "fever"], &["causes nothing in the graph"]);
    refuse("good.dot", &["--target", "sick", "--role", "sick=child"], &["sick=child", "the target"]);
    refuse("good.dot", &["--target", "sick", "--role", "fever=ignore"], &["fever=ignore", "without a child"]);
    refuse("good.dot", &["--target", "sick", "--role", "age=cause"], &["unknown role `cause`"]);
    refuse("good.dot", &["--target", "sick", "--out", "o.png"], &["drawing format `png`"]);
    refuse("good.dot", &[], &["--target"]);
}
