//! An ONNX file's bytes.

use rten_onnx::onnx::{
    DataType, Dimension, GraphProto, ModelProto, OperatorSetIdProto, StringStringEntryProto,
    TensorShapeProto, TypeProto, TypeProtoTensor, ValueInfoProto,
};

/// The key of a field that is bytes: its number and wire type 2.
const fn bytes_field(number: u8) -> u8 {
    number << 3 | 2
}

/// The model's graph, and the graph's name, which `rten-onnx` does not write and ONNX's checker asks for.
const GRAPH: u8 = bytes_field(7);
const GRAPH_NAME: u8 = bytes_field(2);

/// A tensor of single-precision numbers `[batch, …]`.
pub(super) fn value(name: &str, dims: &[usize]) -> ValueInfoProto {
    let batch = Dimension { dim_param: Some("batch".to_string()), ..Default::default() };
    let sizes = dims.iter().map(|size| Dimension { dim_value: Some(*size as i64), ..Default::default() });
    let shape = TensorShapeProto { dim: std::iter::once(batch).chain(sizes).collect() };
    let tensor_type = TypeProtoTensor { elem_type: Some(DataType::FLOAT), shape: Some(shape) };
    let r#type = TypeProto { tensor_type: Some(tensor_type), ..Default::default() };
    ValueInfoProto { name: Some(name.to_string()), r#type: Some(r#type) }
}

/// The bytes of a file with this graph.
///
/// # Errors
///
/// If the file would be larger than ONNX allows.
pub(super) fn bytes(
    graph: GraphProto,
    opset: i64,
    metadata: Vec<(&'static str, String)>,
) -> Result<Vec<u8>, String> {
    let entry = |(key, value): (&str, String)| StringStringEntryProto {
        key: Some(key.to_string()),
        value: Some(value),
    };
    // The first version of the format that has this version of the operators.
    let ir_version = match opset {
        ..=18 => 8,
        19..=20 => 9,
        _ => 10,
    };
    let model = ModelProto {
        ir_version: Some(ir_version),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: Some(opset) }],
        metadata_props: metadata.into_iter().map(entry).collect(),
        producer_name: Some("cama".to_string()),
        producer_version: Some(env!("CARGO_PKG_VERSION").to_string()),
    };
    let bytes = model.write_buf().map_err(|error| error.to_string())?;
    named(&bytes, "cama").ok_or_else(|| "it could not be written".to_string())
}

/// The same file with a name for its graph.
fn named(bytes: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len() + name.len() + 8);
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let key = varint(bytes, &mut at)?;
        let length = match key & 7 {
            0 => {
                varint(bytes, &mut at)?;
                0
            }
            2 => usize::try_from(varint(bytes, &mut at)?).ok()?,
            _ => return None,
        };
        let body = bytes.get(at..at.checked_add(length)?)?;
        if key == u64::from(GRAPH) {
            let field = [&[GRAPH_NAME, name.len() as u8], name.as_bytes()].concat();
            out.push(GRAPH);
            push_varint(&mut out, field.len() + body.len());
            out.extend(field);
        } else {
            out.extend(&bytes[start..at]);
        }
        out.extend(body);
        at += length;
    }
    Some(out)
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    crate::wire::varint(bytes, at, bytes.len())
}

fn push_varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
