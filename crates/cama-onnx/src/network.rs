//! A classifier's network, loaded into the runtime.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use cama::panics::caught;
use cama::{Error, Result};
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueOrView};
use rten_onnx::onnx::{DataType, ModelProto};

use crate::graph::{self, Output};
use crate::rewrite::rewrite;

/// A network with one output.
pub(crate) struct Network {
    path: PathBuf,
    model: Model,
    inputs: Vec<NodeId>,
    output: NodeId,
}

/// An input as the file describes it.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// Its name.
    pub name: String,
    /// What its numbers are.
    pub element: Option<DataType>,
    /// Its shape, with nothing for a dimension that may have any size.
    pub shape: Option<Vec<Option<usize>>>,
    /// All of that in words.
    pub described: String,
}

impl Network {
    /// Leaves in the model what its output `output` takes, and loads that; also the inputs that it then has.
    pub(crate) fn load(path: &Path, mut model: ModelProto, output: &Output) -> Result<(Network, Vec<Input>)> {
        let unusable = |what: String| {
            let remedy =
                "export the classifier with other operators, or without what comes before or behind it";
            Error::data(path, what, remedy)
        };
        let mut inputs = Vec::new();
        if let Some(graph) = &mut model.graph {
            graph::prune(graph, &output.tensor);
            inputs.extend(graph.input.iter().map(|value| Input {
                name: graph::name(value).to_string(),
                element: graph::element(value),
                shape: graph::shape(value),
                described: graph::described(value),
            }));
        }
        if inputs.is_empty() {
            return Err(unusable(format!("output `{}` does not depend on any input", output.name)));
        }
        rewrite(&mut model).map_err(|reason| unusable(format!("the network cannot be run: {reason}")))?;
        let bytes =
            model.write_buf().map_err(|error| unusable(format!("the network is too large: {error}")))?;
        drop(model);
        let load = || {
            let mut options = ModelOptions::with_all_ops();
            options.prepack_weights(true).load(bytes).map_err(|error| error.to_string())
        };
        let model =
            guarded(load).map_err(|what| unusable(format!("the network cannot be loaded: {what}")))?;
        let node = |name: &str| {
            model.node_id(name).map_err(|_| unusable(format!("the network has lost its tensor `{name}`")))
        };
        let ids = inputs.iter().map(|input| node(&input.name)).collect::<Result<_>>()?;
        let output = node(&output.tensor)?;
        Ok((Network { path: path.to_path_buf(), model, inputs: ids, output }, inputs))
    }

    /// Runs the network on its inputs, in their order; what comes out and the shape of it.
    pub(crate) fn run(&self, inputs: Vec<Value>) -> Result<([usize; 2], Vec<f32>)> {
        let inputs: Vec<(NodeId, ValueOrView)> =
            self.inputs.iter().copied().zip(inputs.into_iter().map(ValueOrView::from)).collect();
        let run = || {
            let options = RunOptions::default().with_thread_pool(Some(threads()));
            let [value] =
                self.model.run_n(inputs, [self.output], Some(options)).map_err(|error| error.to_string())?;
            let rows = value.into_shape_vec::<f32, 2>();
            rows.map_err(|error| format!("its output is not one row of numbers for each example ({error})"))
        };
        guarded(run).map_err(|what| {
            let remedy = "look whether the flags for the classifier say the shape that it takes";
            Error::data(&self.path, format!("the network cannot be run: {what}"), remedy)
        })
    }
}

/// The threads that networks run on: as many as everything else has.
fn threads() -> Arc<ThreadPool> {
    static THREADS: OnceLock<Arc<ThreadPool>> = OnceLock::new();
    THREADS.get_or_init(|| Arc::new(ThreadPool::with_num_threads(rayon::current_num_threads()))).clone()
}

/// Calls the runtime. It answers bad files with errors; should it panic all the same, that becomes an error too.
fn guarded<T>(call: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    caught(call).unwrap_or_else(|| Err("the runtime has failed on it".to_string()))
}
