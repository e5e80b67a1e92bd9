//! The restorer as an ONNX file: what a model infers of its input and undoes, for other programs and languages.

mod columns;
mod factor;
mod file;
mod image;
mod network;
mod options;
mod posterior;
mod table;
mod undone;

use std::io::Write;
use std::path::Path;

use cama::data::DataShape;
use cama::mechanism::Parameter;
use cama::{Cama, Error, Result, files};
use rten_onnx::onnx::{GraphProto, ValueInfoProto};
use serde_json::json;

use self::image::PARAMETERS;
pub use self::options::{ExportOptions, OPSETS};
pub use self::undone::Undone;
use crate::nodes::{Nodes, int, ints};
use crate::options::Layout;

/// The name of the output that is the input with the manipulation undone.
pub const RESTORED: &str = "restored";

/// The names of the outputs of the direct classifier: probabilities of the classes of the restored example, and of the example
/// as it is.
pub const PROBABILITIES: [&str; 2] = ["probabilities", "probabilities_alone"];

/// A restorer that is ready to be written.
#[derive(Clone, Debug)]
pub struct Export {
    bytes: Vec<u8>,
    undone: Undone,
    /// Name and shape of the input, and of the outputs.
    tensors: Vec<(String, String)>,
    metadata: Vec<(&'static str, String)>,
}

/// A graph in the making.
struct Draft {
    graph: GraphProto,
    metadata: Vec<(&'static str, String)>,
}

/// The restorer of a model as one ONNX graph.
///
/// Its input and its first output, `restored`, have the same shape, with a batch of any size. What the outputs are, and
/// how data is prepared for the input, stands in the file's metadata under keys that begin with `cama.`. The outputs are the
/// library's within the rounding of single precision: `restored` is [`cama::restore()`] of what q2(m|x) infers at its mean,
/// without a guard, whatever the example.
///
/// # Errors
///
/// [`Error::Mismatch`] if there is nothing to export, [`Error::Config`] for options that do not go with the model.
pub fn export(cama: &Cama, options: &ExportOptions) -> Result<Export> {
    if !OPSETS.contains(&options.opset) {
        let allowed = format!("from {} to {}", OPSETS.start(), OPSETS.end());
        return Err(Error::config("export.opset", options.opset, allowed));
    }
    let undone = Undone::of(cama, options)?;
    let mut draft = match cama.model().config().data {
        DataShape::Image(shape) => of_images(cama, &undone, options, shape)?,
        DataShape::Table(_) => table::of_table(cama, &undone, options)?,
    };
    draft.state(cama, &undone, options);
    let tensors = draft.graph.input.iter().chain(&draft.graph.output);
    let tensors =
        tensors.map(|value| (crate::graph::name(value).to_string(), crate::graph::described(value)));
    let tensors = tensors.collect();
    let metadata = draft.metadata.clone();
    let bytes = file::bytes(draft.graph, options.opset, draft.metadata)
        .map_err(|problem| Error::Mismatch(format!("the restorer cannot be exported: {problem}")))?;
    Ok(Export { bytes, undone, tensors, metadata })
}

impl Export {
    /// The bytes of the file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the restorer undoes.
    pub fn undone(&self) -> &Undone {
        &self.undone
    }

    /// Name and description of the input and then of each output.
    pub fn tensors(&self) -> &[(String, String)] {
        &self.tensors
    }

    /// What the file says of itself, each under its key: text, or JSON.
    pub fn metadata(&self) -> &[(&'static str, String)] {
        &self.metadata
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    pub fn write(&self, path: &Path) -> Result<()> {
        files::write_atomic(path, |file| file.write_all(&self.bytes))
    }
}

/// The restorer of images.
fn of_images(cama: &Cama, undone: &Undone, options: &ExportOptions, shape: [usize; 3]) -> Result<Draft> {
    let [channels, height, width] = shape;
    let dims: &[usize] = match options.layout {
        Layout::Nchw => &[channels, height, width],
        Layout::Nhwc => &[height, width, channels],
        Layout::Nhw if channels == 1 => &[height, width],
        Layout::Nhw => {
            return Err(Error::config("export.layout", "nhw", "nchw, nhwc or flat: the images have colours"));
        }
        Layout::Flat => &[channels * height * width],
    };
    let model = cama.model();
    let mut graph = GraphProto { input: vec![file::value("image", dims)], ..Default::default() };
    let mut nodes = Nodes { graph: &mut graph, prefix: "cama" };
    let x = nodes.maps("image", options.layout, shape);
    let mut outputs = vec![file::value(RESTORED, dims)];
    let mut restored = x.clone();
    if *undone == Undone::Inferred {
        let found = nodes.restored_images(&x, model, shape);
        restored = found.images;
        if let (Some(posterior), Some(mechanisms)) = (found.posterior, model.mechanisms()) {
            nodes.parameters(&posterior, mechanisms, PARAMETERS);
            outputs.extend(PARAMETERS.map(|name| file::value(name, &[mechanisms.dim()])));
        }
    }
    nodes.laid_out(&restored, options.layout, shape, RESTORED);
    if options.classifier {
        // Where nothing is undone, both would be the same.
        let x = (*undone == Undone::Inferred).then_some(x);
        outputs.extend(classified(&mut nodes, cama, &restored, x.as_deref())?);
    }
    graph.output = outputs;
    let mut draft = Draft { graph, metadata: Vec::new() };
    draft.state_images(cama, options.layout, shape);
    Ok(draft)
}

/// The direct classifier's probabilities of restored examples, and of those as they are.
fn classified(
    nodes: &mut Nodes,
    cama: &Cama,
    restored: &str,
    x: Option<&str>,
) -> Result<Vec<ValueInfoProto>> {
    let Some(direct) = cama.direct() else {
        return Err(Error::config("export.classifier", true, "false: the model has no direct classifier"));
    };
    let layers = direct.layers();
    let of = [Some(restored), x];
    let outputs = PROBABILITIES.iter().zip(of).filter_map(|(name, x)| {
        let logits = nodes.network(x?, &layers);
        nodes.named("Softmax", &[&logits], vec![int("axis", 1)], name);
        Some(file::value(name, &[cama.classes().len()]))
    });
    Ok(outputs.collect())
}

impl Nodes<'_> {
    /// Images in this layout as `[batch, channels, height, width]`.
    fn maps(&mut self, x: &str, layout: Layout, [channels, height, width]: [usize; 3]) -> String {
        match layout {
            Layout::Nchw => x.to_string(),
            Layout::Nhwc => self.add("Transpose", &[x], vec![ints("perm", vec![0, 3, 1, 2])]),
            Layout::Nhw | Layout::Flat => {
                self.reshaped(x, &[-1, channels as i64, height as i64, width as i64])
            }
        }
    }

    /// Images `[batch, channels, height, width]` in this layout, as an output.
    fn laid_out(&mut self, x: &str, layout: Layout, [_, height, width]: [usize; 3], output: &str) {
        let x = match layout {
            Layout::Nchw => x.to_string(),
            Layout::Nhwc => self.add("Transpose", &[x], vec![ints("perm", vec![0, 2, 3, 1])]),
            Layout::Nhw => self.reshaped(x, &[-1, height as i64, width as i64]),
            Layout::Flat => self.add("Flatten", &[x], vec![int("axis", 1)]),
        };
        self.named("Identity", &[&x], vec![], output);
    }
}

impl Draft {
    /// How images are prepared for the input.
    fn state_images(&mut self, cama: &Cama, layout: Layout, shape: [usize; 3]) {
        let preparation = cama.card().preparation.as_ref();
        let background = preparation.map(|preparation| preparation.background);
        let prepared = json!({
            "layout": layout.name(), "channels": shape[0], "height": shape[1], "width": shape[2], "range": [0, 1],
            "background": background,
            "resize": "averaging areas; by linear interpolation where pictures grow, whatever that does to their proportions",
            "grey": "0.2126 R + 0.7152 G + 0.0722 B, where a picture in colour becomes grey; grey pictures get equal channels",
        });
        self.metadata.push(("cama.images", prepared.to_string()));
    }

    /// What every restorer says of itself.
    fn state(&mut self, cama: &Cama, undone: &Undone, options: &ExportOptions) {
        let undoes = match undone {
            Undone::Nothing(why) => json!({ "m": "null", "why": why }),
            Undone::Inferred => json!({ "m": "mean", "guard": false }),
            Undone::Global => json!({ "m": "global", "guard": true }),
        };
        let model = cama.model();
        let parameters: Vec<_> = match (undone, model.mechanisms()) {
            (Undone::Nothing(_), _) | (_, None) => Vec::new(),
            (_, Some(mechanisms)) => mechanisms.parameters(),
        };
        let global = model.mechanisms().filter(|_| *undone == Undone::Global).and_then(|all| all.global_m());
        let global: Option<Vec<f64>> = global.map(|m| m.into_data().iter::<f64>().collect());
        let described = |(i, parameter): (usize, &Parameter)| match &global {
            Some(m) => {
                json!({ "name": parameter.name, "unit": parameter.unit, "value": parameter.value(m[i]) })
            }
            None => json!({ "name": parameter.name, "unit": parameter.unit }),
        };
        let parameters: Vec<_> = parameters.iter().enumerate().map(described).collect();
        let mechanisms: Vec<&str> =
            model.config().mechanisms.iter().map(|mechanism| mechanism.name()).collect();
        self.metadata.extend([
            ("cama.format", "1".to_string()),
            ("cama.mechanisms", json!(mechanisms).to_string()),
            ("cama.undoes", undoes.to_string()),
            ("cama.parameters", json!(parameters).to_string()),
            ("cama.classes", json!(cama.classes()).to_string()),
            ("cama.trained_on", cama.card().data.clone()),
        ]);
        if options.classifier {
            self.metadata.push((crate::graph::PROBABILITIES_KEY, PROBABILITIES[0].to_string()));
        }
    }
}
