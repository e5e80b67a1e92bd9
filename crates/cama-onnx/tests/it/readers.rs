//! The reader of ONNX files meets damaged files and files of something else.

#[path = "../../../cama-data/tests/it/damage/mod.rs"]
mod damage;

use std::fs;
use std::path::Path;

use cama::causal::Roles;
use cama::data::table::{ColumnType, LearnOptions, Schema, columns};
use cama_onnx::{OnnxClassifier, OnnxOptions, Reads};
use damage::Sound;

fn files() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files")
}

/// A classifier of digits.
fn of_images() -> Sound<'static> {
    let classes: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
    let read = move |path: &Path| {
        let reads = Reads::Images { shape: [1, 28, 28] };
        OnnxClassifier::open(path, &OnnxOptions::default(), reads, &classes).is_ok()
    };
    let bytes = fs::read(files().join("mnist-cnn-one.onnx")).unwrap();
    Sound { name: "mnist-cnn-one.onnx".into(), bytes, read: Box::new(read) }
}

/// A classifier of the rows of `table.csv`.
fn of_rows<'a>(name: &str, schema: &'a Schema, classes: &'a [String]) -> Sound<'a> {
    let order = columns(files().join("table.csv").to_str().unwrap()).unwrap();
    let read = move |path: &Path| {
        let reads = Reads::Table { schema: schema.clone(), order: order.clone() };
        OnnxClassifier::open(path, &OnnxOptions::default(), reads, classes).is_ok()
    };
    Sound { name: name.into(), bytes: fs::read(files().join(name)).unwrap(), read: Box::new(read) }
}

fn schema() -> Schema {
    let names = |text: &str| text.split(' ').map(str::to_string).collect();
    let roles = Roles {
        target: "state".into(),
        parents: names("smoker ward"),
        children: names("pressure weight"),
        co_parents: names("smoker ward"),
        ..Roles::default()
    };
    let options = LearnOptions {
        types: [("ward".to_string(), ColumnType::Category)].into(),
        ..LearnOptions::default()
    };
    Schema::learn(files().join("table.csv").to_str().unwrap(), &roles, &options).unwrap().0
}

#[test]
fn damaged_onnx_neither_panics_nor_hangs_nor_reserves_memory_without_end() {
    damage::bounded(
        "readers::damaged_onnx_neither_panics_nor_hangs_nor_reserves_memory_without_end",
        6,
        || {
            let schema = schema();
            let of_rows = |name: &str| of_rows(name, &schema, &schema.classes);
            let names =
                ["table-logistic-columns", "table-mlp", "table-forest", "table-prepared", "table-parted"];
            let mut all: Vec<Sound> = names.iter().map(|name| of_rows(&format!("{name}.onnx"))).collect();
            all.push(of_images());
            damage::meet(&all);
        },
    );
}
