//! Small networks made here: those that can be run are, and bad ones are refused with what is wrong.

use std::path::{Path, PathBuf};

use burn::tensor::{Tensor, TensorData};
use cama::{Classifier, Observed, Result, device};
use cama_onnx::{Layout, OnnxClassifier, OnnxOptions, OutputKind, Reads};
use rten_onnx::onnx::{
    AttributeProto, AttributeType, DataLocation, DataType, Dimension, GraphProto, ModelProto, NodeProto,
    OperatorSetIdProto, StringStringEntryProto, TensorProto, TensorShapeProto, TypeProto, TypeProtoTensor,
    ValueInfoProto,
};

/// A folder with a file `c.onnx` of these bytes.
fn folder(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.onnx");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// Opens a file beside a model of 2×2 images and two classes.
fn open_with(path: &Path, options: &OnnxOptions) -> Result<OnnxClassifier> {
    let classes = ["a".to_string(), "b".to_string()];
    OnnxClassifier::open(path, options, Reads::Images { shape: [1, 2, 2] }, &classes)
}

fn open(model: &ModelProto) -> Result<OnnxClassifier> {
    open_with(&folder(&model.write_buf().unwrap()).1, &OnnxOptions::default())
}

fn text(result: Result<OnnxClassifier>) -> String {
    result.err().expect("an error").to_string()
}

fn value(name: &str, element: DataType, dims: &[i64]) -> ValueInfoProto {
    // -1 is a dimension of any size.
    let dim = |size: &i64| Dimension { dim_value: (*size >= 0).then_some(*size), ..Default::default() };
    let shape = TensorShapeProto { dim: dims.iter().map(dim).collect() };
    let tensor_type = TypeProtoTensor { elem_type: Some(element), shape: Some(shape) };
    let r#type = TypeProto { tensor_type: Some(tensor_type), ..Default::default() };
    ValueInfoProto { name: Some(name.to_string()), r#type: Some(r#type) }
}

fn node(operator: &str, inputs: &[&str], outputs: &[&str]) -> NodeProto {
    let strings = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
    NodeProto {
        op_type: Some(operator.to_string()),
        input: strings(inputs),
        output: strings(outputs),
        ..Default::default()
    }
}

fn weights(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        name: Some(name.to_string()),
        dims: dims.to_vec(),
        data_type: Some(DataType::FLOAT),
        float_data: values.to_vec(),
        ..Default::default()
    }
}

/// Of an image of four pixels, logits that are the first and the last.
fn linear() -> ModelProto {
    let weights = weights("w", &[4, 2], &[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    let graph = GraphProto {
        node: vec![node("MatMul", &["x", "w"], &["y"])],
        initializer: vec![weights],
        input: vec![value("x", DataType::FLOAT, &[-1, 4])],
        output: vec![value("y", DataType::FLOAT, &[-1, 2])],
        value_info: vec![],
    };
    ModelProto {
        ir_version: Some(8),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto { domain: None, version: Some(17) }],
        ..Default::default()
    }
}

fn changed(change: impl FnOnce(&mut GraphProto)) -> ModelProto {
    let mut model = linear();
    change(model.graph.as_mut().unwrap());
    model
}

fn probabilities(classifier: &OnnxClassifier, pixels: &[f32]) -> Vec<f32> {
    let x = TensorData::new(pixels.to_vec(), [pixels.len() / 4, 4]);
    let observed = Observed::of_x(Tensor::from_data(x, &device("cpu").unwrap()));
    let logs = classifier.log_probabilities(&observed, &mut []).unwrap();
    logs.into_data().iter::<f32>().map(f32::exp).collect()
}

#[test]
fn the_network_that_the_others_are_made_of_is_right() {
    let p = probabilities(&open(&linear()).unwrap(), &[1.0, 0.0, 0.0, 0.0, 0.0, 9.0, 9.0, 2.0]);
    let sigmoid = |s: f32| 1.0 / (1.0 + (-s).exp());
    let expected = [sigmoid(1.0), sigmoid(-1.0), sigmoid(-2.0), sigmoid(2.0)];
    assert!(p.iter().zip(expected).all(|(p, e)| (p - e).abs() < 1e-6), "{p:?}");
}

#[test]
fn a_fixed_batch_is_filled_up() {
    let three = changed(|graph| {
        graph.input = vec![value("x", DataType::FLOAT, &[3, 4])];
        graph.output = vec![value("y", DataType::FLOAT, &[3, 2])];
    });
    let pixels: Vec<f32> = (0..5 * 4).map(|i| (i * i % 7) as f32).collect();
    assert_eq!(
        probabilities(&open(&three).unwrap(), &pixels),
        probabilities(&open(&linear()).unwrap(), &pixels)
    );
}

#[test]
fn dropout_changes_nothing() {
    let dropped = changed(|graph| {
        graph.node = vec![node("MatMul", &["x", "w"], &["h"]), node("Dropout", &["h"], &["y", "mask"])];
    });
    let pixels = [1.0, 0.0, 0.0, 0.0, 0.0, 9.0, 9.0, 2.0];
    assert_eq!(
        probabilities(&open(&dropped).unwrap(), &pixels),
        probabilities(&open(&linear()).unwrap(), &pixels)
    );
}

#[test]
fn files_that_are_no_onnx_are_refused() {
    let whole = linear().write_buf().unwrap();
    for (bytes, part) in [
        (&b""[..], "c.onnx: no ONNX file: it is empty"),
        (b"pressure,smoker\n120,yes\n", "c.onnx: no ONNX file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "no ONNX file"),
        (b"{\"format\": \"cama-model\"}", "no ONNX file"),
        (&whole[..whole.len() / 2], "no ONNX file: the file is cut off or damaged at byte"),
    ] {
        let text = text(open_with(&folder(bytes).1, &OnnxOptions::default()));
        assert!(text.contains(part), "{text}");
    }
    let text = text(open_with(Path::new("not-there.onnx"), &OnnxOptions::default()));
    assert!(text.contains("cannot read not-there.onnx"), "{text}");
}

#[test]
fn operators_that_cannot_be_run_are_named() {
    let with = |replaced: NodeProto| text(open(&changed(|graph| graph.node = vec![replaced])));
    let unknown = with(node("Frobnicate", &["x"], &["y"]));
    assert!(unknown.contains("c.onnx") && unknown.contains("Frobnicate"), "{unknown}");
    let domain = Some("ai.onnx.ml".to_string());
    let ml = with(NodeProto { domain, ..node("SVMClassifier", &["x"], &["label", "y"]) });
    assert!(ml.contains("operator ai.onnx.ml.SVMClassifier: it is not supported; export"), "{ml}");
    // One that only another output takes may be any.
    let beside = changed(|graph| {
        graph.node.push(node("Frobnicate", &["x"], &["z"]));
        graph.output.push(value("z", DataType::INT64, &[-1]));
    });
    open(&beside).unwrap();
}

#[test]
fn inputs_of_another_shape_or_type_are_refused() {
    let input =
        |element, dims: &[i64]| text(open(&changed(|graph| graph.input = vec![value("x", element, dims)])));
    for (text, part) in [
        (input(DataType::FLOAT, &[-1, 5]), "`x, FLOAT [?, 5]`: 5 values are no images of 2×2"),
        (input(DataType::FLOAT, &[-1, 2, 1, 1, 2]), "images are not given in 5 dimensions"),
        (input(DataType::FLOAT, &[-1, 4, 2, 2]), "which of its dimensions are the channels is not clear"),
        (input(DataType::UINT8, &[-1, 4]), "`x, UINT8 [?, 4]`: images are not given as UINT8"),
        (input(DataType::STRING, &[-1, 4]), "images are not given as STRING"),
        (input(DataType::FLOAT, &[-1, 2, 2]), "the network cannot be run"),
    ] {
        assert!(text.contains("c.onnx") && text.contains(part), "{text}");
    }
    let two = changed(|graph| {
        graph.input.push(value("more", DataType::FLOAT, &[-1, 2]));
        graph.node.push(node("Add", &["y", "more"], &["z"]));
        graph.output = vec![value("z", DataType::FLOAT, &[-1, 2])];
    });
    assert!(text(open(&two)).contains("it has 2 inputs, not one of images: x, FLOAT [?, 4]; more, FLOAT"));
    let none = changed(|graph| graph.node = vec![node("Identity", &["w"], &["y"])]);
    assert!(text(open(&none)).contains("output `y` does not depend on any input"));
}

#[test]
fn of_several_outputs_one_must_be_meant() {
    let several = changed(|graph| {
        graph.node.push(node("Softmax", &["y"], &["p"]));
        graph.output.push(value("p", DataType::FLOAT, &[-1, 2]));
        graph.output.push(value("label", DataType::INT64, &[-1]));
    });
    let (_folder, path) = folder(&several.write_buf().unwrap());
    let named = |name: &str| {
        open_with(&path, &OnnxOptions { output_name: Some(name.to_string()), ..OnnxOptions::default() })
    };
    let error = text(open_with(&path, &OnnxOptions::default()));
    let outputs = "y, FLOAT [?, 2]; p, FLOAT [?, 2]; label, INT64 [?]";
    assert!(error.contains(&format!("several outputs may be meant: {outputs}; name one with")), "{error}");
    let error = text(named("q"));
    assert!(
        error.contains(&format!("there is no output `q`; name one of its outputs: {outputs}")),
        "{error}"
    );
    let error = text(named("label"));
    assert!(error.contains("output `label` is not one row of numbers for each example"), "{error}");
    assert_eq!(named("y").unwrap().output_kind(), OutputKind::Logits);
    assert_eq!(named("p").unwrap().output_kind(), OutputKind::Probabilities);
    let [y, p] = ["y", "p"].map(|name| probabilities(&named(name).unwrap(), &[1.0, 0.0, 0.0, 0.5]));
    assert!(y.iter().zip(&p).all(|(y, p)| (y - p).abs() < 1e-6), "{y:?} {p:?}");
    let only_labels = changed(|graph| graph.output = vec![value("y", DataType::INT64, &[-1])]);
    assert!(
        text(open(&only_labels)).contains("no output gives a number for each class: y, INT64 [?]; export")
    );
}

#[test]
fn outputs_that_do_not_go_with_the_classes_are_refused() {
    let said = changed(|graph| graph.output = vec![value("y", DataType::FLOAT, &[-1, 3])]);
    assert!(text(open(&said)).contains("it gives 3 values for each example, and the model has 2 classes"));
    // If the file does not say it, the first try does.
    let unsaid = changed(|graph| {
        graph.output = vec![value("y", DataType::FLOAT, &[-1, -1])];
        graph.initializer = vec![weights("w", &[4, 3], &[0.0; 12])];
    });
    assert!(text(open(&unsaid)).contains("it gives 3 values for each example, and the model has 2 classes"));
    let summed = changed(|graph| graph.node.push(node("ReduceSum", &["y"], &["sum"])));
    let summed = {
        let mut model = summed;
        model.graph.as_mut().unwrap().output = vec![value("sum", DataType::FLOAT, &[-1, 2])];
        model
    };
    assert!(text(open(&summed)).contains("rows for 8 examples"));
    // Numbers that are none are found when they come.
    let logarithm = changed(|graph| {
        graph.node.push(node("Log", &["y"], &["log"]));
        graph.output = vec![value("log", DataType::FLOAT, &[-1, 2])];
    });
    let classifier = open(&logarithm).unwrap();
    let x = Tensor::from_data(TensorData::new(vec![-1.0f32; 4], [1, 4]), &device("cpu").unwrap());
    let text = classifier.log_probabilities(&Observed::of_x(x), &mut []).unwrap_err().to_string();
    assert!(text.contains("it gives NaN for a class"), "{text}");
    let other = Tensor::from_data(TensorData::new(vec![0.0f32; 9], [1, 9]), &device("cpu").unwrap());
    let text = classifier.log_probabilities(&Observed::of_x(other), &mut []).unwrap_err().to_string();
    assert!(text.contains("do not fit a classifier beside a model of widths [4, 0, 0]"), "{text}");
}

#[test]
fn weights_in_another_file_are_read_or_missed() {
    let entry =
        |key: &str, value: &str| StringStringEntryProto { key: Some(key.into()), value: Some(value.into()) };
    let model = |location: &str, offset: &str, length: &str| {
        changed(|graph| {
            graph.initializer[0].float_data.clear();
            graph.initializer[0].data_location = Some(DataLocation::EXTERNAL);
            graph.initializer[0].external_data =
                vec![entry("location", location), entry("offset", offset), entry("length", length)];
        })
    };
    let bytes: Vec<u8> =
        [0.0f32, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0].iter().flat_map(|w| w.to_le_bytes()).collect();
    let open_beside = |model: ModelProto| {
        let (folder, path) = folder(&model.write_buf().unwrap());
        std::fs::write(folder.path().join("c.onnx.data"), &bytes).unwrap();
        open_with(&path, &OnnxOptions::default())
    };
    let ours = probabilities(&open_beside(model("c.onnx.data", "4", "32")).unwrap(), &[1.0, 0.0, 0.0, 3.0]);
    let theirs = probabilities(&open(&linear()).unwrap(), &[1.0, 0.0, 0.0, 3.0]);
    assert_eq!(ours, theirs);
    for (model, part) in [
        (model("other.data", "4", "32"), "weights `w`: they are kept in "),
        (model("../c.onnx.data", "4", "32"), "weights `w`: they cannot be in `../c.onnx.data`"),
        (model("/etc/passwd", "4", "32"), "they cannot be in `/etc/passwd`"),
        (model("c.onnx.data", "8", "32"), "they are bytes 8 to 40 of "),
        (model("c.onnx.data", "18446744073709551615", "32"), "they are bytes 18446744073709551615 to"),
        (model("c.onnx.data", "0", "36"), "are not 8 numbers"),
        (model("c.onnx.data", "zero", "32"), "their offset in another file is no number"),
    ] {
        let text = text(open_beside(model));
        assert!(text.contains("c.onnx: weights `w`") && text.contains(part), "{text}");
    }
}

#[test]
fn graphs_that_are_no_graphs_are_refused() {
    let refused = |model: ModelProto| assert!(text(open(&model)).contains("c.onnx"));
    refused(changed(|graph| graph.node = vec![node("Add", &["x", "y"], &["y"])]));
    refused(changed(|graph| {
        graph.node = vec![node("Identity", &["z"], &["y"]), node("Add", &["y", "x"], &["z"])]
    }));
    refused(changed(|graph| graph.node[0].input = vec!["x".into(), "nothing".into()]));
    refused(changed(|graph| graph.initializer[0].dims = vec![1 << 32, 1 << 32]));
    refused(changed(|graph| graph.initializer[0].dims = vec![-4, -2]));
    refused(changed(|graph| graph.initializer[0].dims = vec![5, 2]));
    refused(changed(|graph| graph.initializer[0].data_type = Some(DataType::STRING)));
    refused(changed(|graph| graph.input[0].name = None));
    refused(changed(|graph| graph.output.clear()));
    refused(changed(|graph| graph.input = vec![value("x", DataType::FLOAT, &[1 << 40, 4])]));
    refused(changed(|graph| graph.input = vec![value("x", DataType::FLOAT, &[-1, 1 << 40])]));
    refused(ModelProto::default());
    let tree = |ints: &[(&str, &[i64])]| {
        let ints = ints.iter().map(|(name, ints)| AttributeProto {
            name: Some(name.to_string()),
            ints: ints.to_vec(),
            r#type: Some(AttributeType::INTS),
            ..Default::default()
        });
        let modes = AttributeProto {
            name: Some("nodes_modes".into()),
            strings: vec!["BRANCH_LEQ".into(), "LEAF".into()],
            r#type: Some(AttributeType::STRINGS),
            ..Default::default()
        };
        let values = AttributeProto {
            name: Some("nodes_values".into()),
            floats: vec![0.5, 0.0],
            r#type: Some(AttributeType::FLOATS),
            ..Default::default()
        };
        let trees = node("TreeEnsembleClassifier", &["x"], &["label", "y"]);
        let attribute = ints.chain([modes, values]).collect();
        changed(|graph| {
            graph.node = vec![NodeProto { domain: Some("ai.onnx.ml".into()), attribute, ..trees }];
        })
    };
    let circle: &[(&str, &[i64])] = &[
        ("nodes_nodeids", &[0, 1]),
        ("nodes_treeids", &[0, 0]),
        ("nodes_featureids", &[0, 0]),
        ("nodes_truenodeids", &[0, 0]),
        ("nodes_falsenodeids", &[1, 0]),
    ];
    assert!(text(open(&tree(circle))).contains("TreeEnsembleClassifier: its nodes are not trees"));
    assert!(text(open(&tree(&circle[..4]))).contains("its lists of nodes are not of one length"));
}

#[test]
fn damaged_files_never_bring_the_program_down() {
    // Every byte of a small file, and some of a large one, set to values that lengths and types may not have.
    let options = OnnxOptions { layout: Some(Layout::Flat), ..OnnxOptions::default() };
    let small = linear().write_buf().unwrap();
    let mut refused = 0;
    for at in 0..small.len() {
        for bad in [0, 1, 0x7f, 0x80, 0xff, small[at] ^ 4] {
            let mut bytes = small.clone();
            bytes[at] = bad;
            let (_folder, path) = folder(&bytes);
            if open_with(&path, &options).is_err() {
                refused += 1;
            }
        }
    }
    assert!(refused > small.len(), "{refused}");
    let classes: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
    let cnn =
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/mnist-cnn.onnx")).unwrap();
    for at in (0..cnn.len()).filter(|at| *at < 3000 || at % 97 == 0).step_by(5) {
        let mut bytes = cnn.clone();
        bytes[at] ^= 1 << (at % 8);
        let (_folder, path) = folder(&bytes);
        let reads = Reads::Images { shape: [1, 28, 28] };
        let _ = OnnxClassifier::open(&path, &OnnxOptions::default(), reads, &classes);
    }
}
