//! An ONNX file, read whole, with the weights that are kept beside it.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path};

use cama::{Error, Result};
use rten_onnx::onnx::{DataLocation, DataType, GraphProto, ModelProto, TensorProto};

use crate::wire;

const REMEDY: &str = "give an ONNX file; export the classifier again if this is meant to be one";

/// Reads a file and the weights beside it.
pub(crate) fn read(path: &Path) -> Result<ModelProto> {
    let bytes = fs::read(path).map_err(Error::io("read", path))?;
    let not_onnx = |what: &dyn std::fmt::Display| Error::data(path, format!("no ONNX file: {what}"), REMEDY);
    if bytes.is_empty() {
        return Err(not_onnx(&"it is empty"));
    }
    wire::check(&bytes).map_err(|what| not_onnx(&what))?;
    let mut model = ModelProto::parse_buf(&bytes).map_err(|what| not_onnx(&what))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    if let Some(graph) = &mut model.graph {
        complete(graph, path, folder)?;
    }
    Ok(model)
}

/// Fetches the weights of a graph that other files hold, and checks the sizes of all.
fn complete(graph: &mut GraphProto, path: &Path, folder: &Path) -> Result<()> {
    graph.initializer.iter_mut().try_for_each(|tensor| fetch(tensor, path, folder))?;
    for attribute in graph.node.iter_mut().flat_map(|node| &mut node.attribute) {
        attribute.t.iter_mut().try_for_each(|tensor| fetch(tensor, path, folder))?;
        attribute.g.iter_mut().try_for_each(|graph| complete(graph, path, folder))?;
    }
    Ok(())
}

fn fetch(tensor: &mut TensorProto, path: &Path, folder: &Path) -> Result<()> {
    let name = tensor.name.clone().unwrap_or_default();
    let wrong = |what: String, remedy: &str| Error::data(path, format!("weights `{name}`: {what}"), remedy);
    let size = |size: usize, dim: &i64| size.checked_mul(usize::try_from(*dim).ok()?);
    // Even of the smallest numbers, more than this would be no use.
    let size = tensor.dims.iter().try_fold(1, size).filter(|size| *size <= 1 << 40);
    let size = size.ok_or_else(|| wrong(format!("their shape cannot be {:?}", tensor.dims), REMEDY))?;
    if tensor.data_location != Some(DataLocation::EXTERNAL) {
        return Ok(());
    }
    let remedy = "put all files of the export beside one another, or export with the weights inside";
    let entry = |key: &str| {
        let found = tensor.external_data.iter().find(|entry| entry.key.as_deref() == Some(key));
        found.and_then(|entry| entry.value.as_deref())
    };
    let number = |key: &str| match entry(key).map(str::parse::<u64>) {
        None => Ok(None),
        Some(Ok(number)) => Ok(Some(number)),
        Some(Err(_)) => Err(wrong(format!("their {key} in another file is no number"), REMEDY)),
    };
    let location = Path::new(entry("location").unwrap_or_default());
    // A file may not lead out of its own folder.
    let inside = location.components().all(|part| matches!(part, Component::Normal(_)));
    if !inside || location.as_os_str().is_empty() {
        return Err(wrong(format!("they cannot be in `{}`", location.display()), remedy));
    }
    let other = folder.join(location);
    let mut file = File::open(&other).map_err(|error| {
        wrong(format!("they are kept in {}, which cannot be read ({error})", other.display()), remedy)
    })?;
    let there = file.metadata().map_err(Error::io("read", &other))?.len();
    let offset = number("offset")?.unwrap_or(0);
    let length = number("length")?.unwrap_or_else(|| there.saturating_sub(offset));
    if offset.checked_add(length).is_none_or(|end| end > there) {
        let problem = format!(
            "they are bytes {offset} to {} of {}, which has {there}",
            offset.saturating_add(length),
            other.display()
        );
        return Err(wrong(problem, remedy));
    }
    let bytes_each = tensor.data_type.map_or(1, bytes_each);
    if length != (size * bytes_each) as u64 {
        let problem = format!("{length} bytes of {} are not {size} numbers", other.display());
        return Err(wrong(problem, remedy));
    }
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(offset)).map_err(Error::io("read", &other))?;
    file.take(length).read_to_end(&mut bytes).map_err(Error::io("read", &other))?;
    tensor.raw_data = Some(RefCell::new(bytes));
    tensor.data_location = None;
    tensor.external_data.clear();
    Ok(())
}

/// How many bytes a number of this type has.
fn bytes_each(data_type: DataType) -> usize {
    match data_type {
        DataType::DOUBLE | DataType::INT64 | DataType::UINT64 => 8,
        DataType::FLOAT | DataType::INT32 | DataType::UINT32 => 4,
        DataType::FLOAT16 | DataType::BFLOAT16 | DataType::INT16 | DataType::UINT16 => 2,
        _ => 1,
    }
}
