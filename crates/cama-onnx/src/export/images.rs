//! The restorer of images.

use cama::{Cama, Error, Result};
use rten_onnx::onnx::GraphProto;
use serde_json::json;

use super::draft::{Draft, PARAMETERS, RESTORED, classified};
use super::file;
use super::options::ExportOptions;
use super::undone::Undone;
use crate::nodes::{Nodes, int, ints};
use crate::options::Layout;

/// The restorer of images `[batch, …]` in a layout.
pub(super) fn of_images(
    cama: &Cama,
    undone: &Undone,
    options: &ExportOptions,
    shape: [usize; 3],
) -> Result<Draft> {
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
}
