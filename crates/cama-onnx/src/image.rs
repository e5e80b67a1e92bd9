//! From images as the model has them to what a classifier takes.

use std::path::Path;

use cama::{Error, Result};
use rten::Value;

use crate::graph::is_float;
use crate::network::Input;
use crate::options::{Layout, OnnxOptions};

/// More numbers than this are no image.
const MOST: usize = 1 << 26;

/// How to turn the model's images into the classifier's.
#[derive(Debug)]
pub(crate) struct ImagePlan {
    layout: Layout,
    /// Channels, height and width of the model's images.
    from: [usize; 3],
    /// Those of the classifier's.
    to: [usize; 3],
    scale: f32,
    /// For each channel.
    mean: Vec<f32>,
    std: Vec<f32>,
}

impl ImagePlan {
    pub(crate) fn new(
        path: &Path,
        inputs: &[Input],
        from: [usize; 3],
        options: &OnnxOptions,
    ) -> Result<Self> {
        let [input] = inputs else {
            let all: Vec<&str> = inputs.iter().map(|input| input.described.as_str()).collect();
            let problem = format!("it has {} inputs, not one of images: {}", inputs.len(), all.join("; "));
            return Err(Error::data(path, problem, "export the classifier with the image as its only input"));
        };
        let wrong = |problem: String, remedy: &str| {
            Error::data(path, format!("its input is `{}`: {problem}", input.described), remedy)
        };
        if let Some(element) = input.element.filter(|element| !is_float(*element)) {
            let remedy = "export the classifier for FLOAT, with any conversion inside it";
            return Err(wrong(format!("images are not given as {element}"), remedy));
        }
        let dims = input.shape.as_deref();
        let layout = match options.layout {
            Some(layout) => layout,
            None => guess(dims).map_err(|problem| wrong(problem, "give --classifier-layout"))?,
        };
        let rank = match layout {
            Layout::Nchw | Layout::Nhwc => 4,
            Layout::Nhw => 3,
            Layout::Flat => 2,
        };
        if dims.is_some_and(|dims| dims.len() != rank) {
            let problem = format!("{layout:?} takes {rank} dimensions");
            return Err(wrong(problem, "give the --classifier-layout that it has, or leave it out"));
        }
        let dim = |i: usize| dims.and_then(|dims| dims[i]);
        let [channels, height, width] = match layout {
            Layout::Nchw => [dim(1), dim(2), dim(3)],
            Layout::Nhwc => [dim(3), dim(1), dim(2)],
            Layout::Nhw => [Some(1), dim(1), dim(2)],
            Layout::Flat => [None; 3],
        };
        let [given_height, given_width] = options.size.map_or([None; 2], |[h, w]| [Some(h), Some(w)]);
        let size = |fixed: Option<usize>, given: Option<usize>, own: usize| match (fixed, given) {
            (Some(fixed), Some(given)) if fixed != given => Err(wrong(
                format!("it takes images with {fixed} rows or columns, not {given}"),
                "leave --classifier-size out",
            )),
            (fixed, given) => Ok(fixed.or(given).unwrap_or(own)),
        };
        let (height, width) = (size(height, given_height, from[1])?, size(width, given_width, from[2])?);
        let channels = match (layout, dim(1), height.checked_mul(width)) {
            (Layout::Flat, Some(values), Some(plane)) => {
                if plane == 0 || values % plane != 0 {
                    let problem = format!("{values} values are no images of {height}×{width}");
                    return Err(wrong(problem, "give --classifier-size"));
                }
                values / plane
            }
            _ => channels.unwrap_or(from[0]),
        };
        match (from[0], channels) {
            (from, to) if from == to => {}
            (1, _) => {}
            (3, 1) if options.grey => {}
            (3, 1) => {
                let problem = "it takes grey images, and the model's are in colour".to_string();
                return Err(wrong(problem, "give --classifier-grey to turn them grey"));
            }
            (from, to) => {
                let problem = format!("it takes images of {to} channels, the model's have {from}");
                return Err(wrong(problem, "give a classifier for such images"));
            }
        }
        let to = [channels, height, width];
        if to.iter().try_fold(1usize, |size, n| size.checked_mul(*n)).is_none_or(|n| n == 0 || n > MOST) {
            return Err(wrong(
                format!("images of {channels}×{height}×{width} are none"),
                "give another size",
            ));
        }
        let [mean, std] = [("mean", &options.mean, 0.0), ("std", &options.std, 1.0)]
            .map(|(name, given, default)| per_channel(name, given, default, channels));
        let (mean, std) = (mean?, std?);
        if let Some(bad) = std.iter().find(|std| **std <= 0.0) {
            return Err(Error::config("classifier.std", bad, "above 0"));
        }
        if !options.scale.is_finite() {
            return Err(Error::config("classifier.scale", options.scale, "a finite number"));
        }
        Ok(ImagePlan { layout, from, to, scale: options.scale, mean, std })
    }

    /// How many numbers one image has for the classifier.
    pub(crate) fn width(&self) -> usize {
        self.to.iter().product()
    }

    /// The input for these images, one after another.
    pub(crate) fn values(&self, images: Vec<f32>) -> Vec<Value> {
        let batch = images.len() / self.width();
        let [channels, height, width] = self.to;
        let shape = match self.layout {
            Layout::Nchw => vec![batch, channels, height, width],
            Layout::Nhwc => vec![batch, height, width, channels],
            Layout::Nhw => vec![batch, height, width],
            Layout::Flat => vec![batch, channels * height * width],
        };
        Value::from_shape(shape, images).into_iter().collect()
    }

    /// Writes one image of the model, `[channels, height, width]`, as the classifier takes it.
    pub(crate) fn write(&self, pixels: &[f32], out: &mut [f32]) {
        let [from_channels, from_height, from_width] = self.from;
        let [channels, height, width] = self.to;
        let plane = from_height * from_width;
        let grey: Vec<f32>;
        let turns_grey = from_channels == 3 && channels == 1;
        let pixels = if turns_grey {
            let [red, green, blue] = [0, 1, 2].map(|c| &pixels[c * plane..(c + 1) * plane]);
            // The luma of ITU-R BT.601.
            grey = (0..plane).map(|i| 0.299 * red[i] + 0.587 * green[i] + 0.114 * blue[i]).collect();
            &grey
        } else {
            pixels
        };
        let rows = taps(from_height, height);
        let columns = taps(from_width, width);
        for channel in 0..channels {
            // A grey image is every channel.
            let source = if from_channels == 1 || turns_grey { 0 } else { channel };
            let source = &pixels[source * plane..(source + 1) * plane];
            let (mean, std) = (self.mean[channel], self.std[channel]);
            for (y, (top, bottom, down)) in rows.iter().enumerate() {
                for (x, (left, right, along)) in columns.iter().enumerate() {
                    let row = |y: usize| {
                        let (a, b) = (source[y * from_width + left], source[y * from_width + right]);
                        a + (b - a) * along
                    };
                    let (a, b) = (row(*top), row(*bottom));
                    let value = ((a + (b - a) * down) * self.scale - mean) / std;
                    let at = match self.layout {
                        Layout::Nhwc => (y * width + x) * channels + channel,
                        _ => (channel * height + y) * width + x,
                    };
                    out[at] = value;
                }
            }
        }
    }
}

/// The layout that a shape tells of, or why it tells of none.
fn guess(dims: Option<&[Option<usize>]>) -> Result<Layout, String> {
    let colours = |dim: Option<usize>| dim == Some(1) || dim == Some(3);
    match dims {
        None => Err("the file does not say its shape".into()),
        Some([_, _]) => Ok(Layout::Flat),
        Some([_, _, _]) => Ok(Layout::Nhw),
        Some([_, second, _, last]) => match (colours(*second), colours(*last)) {
            (true, false) => Ok(Layout::Nchw),
            (false, true) => Ok(Layout::Nhwc),
            _ => Err("which of its dimensions are the channels is not clear".into()),
        },
        Some(dims) => Err(format!("images are not given in {} dimensions", dims.len())),
    }
}

/// A setting for each channel, out of one for each, one for all, or none.
fn per_channel(name: &str, given: &[f32], default: f32, channels: usize) -> Result<Vec<f32>> {
    let values = match given {
        [] => vec![default; channels],
        [all] => vec![*all; channels],
        each if each.len() == channels => each.to_vec(),
        each => {
            let allowed = format!("one number, or one for each of the {channels} channels");
            return Err(Error::config(format!("classifier.{name}"), format!("{each:?}"), allowed));
        }
    };
    match values.iter().find(|value| !value.is_finite()) {
        Some(bad) => Err(Error::config(format!("classifier.{name}"), bad, "finite numbers")),
        None => Ok(values),
    }
}

/// For each of `to` places, the two of `from` that it lies between, and how far on the way from the first to the second:
/// the bilinear interpolation that aligns the outer edges, not the centres of the outer pixels.
fn taps(from: usize, to: usize) -> Vec<(usize, usize, f32)> {
    let ratio = from as f32 / to as f32;
    (0..to)
        .map(|place| {
            let at = ((place as f32 + 0.5) * ratio - 0.5).clamp(0.0, (from - 1) as f32);
            let before = at as usize;
            (before, (before + 1).min(from - 1), at - before as f32)
        })
        .collect()
}

#[cfg(test)]
mod tests;
