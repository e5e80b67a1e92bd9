//! T_m⁻¹ of images as nodes.

use std::ops::Range;

use cama::mechanism::{AffineConfig, MOST_DEVIATIONS, MechanismConfig, PhotometricConfig};
use cama::network::PixelLayers;
use cama::{DeepCama, Mechanisms};

use super::posterior::Posterior;
use crate::nodes::Nodes;

/// What is found of images, and what is left of them when it is undone.
pub(super) struct Restored {
    /// `[batch, channels, height, width]`, in [0, 1].
    pub images: String,
    /// q2(m|x), where the model has mechanisms with a part of m.
    pub posterior: Option<Posterior>,
}

impl Nodes<'_> {
    /// What [`cama::restore()`] computes of images `[batch, channels, height, width]`: clears the field, infers m, undoes it.
    pub(super) fn restored_images(&mut self, x: &str, model: &DeepCama, shape: [usize; 3]) -> Restored {
        let cleared = match model.field() {
            Some(field) => {
                let (layers, clean) = field.layers();
                self.cleared(x, &layers, clean)
            }
            None => x.to_string(),
        };
        let Some(mechanisms) = model.mechanisms() else {
            return Restored { images: cleared, posterior: None };
        };
        let posterior = self.posterior(&cleared, &mechanisms.posterior_layers());
        let images = self.undone(&cleared, &posterior.mean, mechanisms, shape);
        let images = self.clip(&images, 0.0, 1.0);
        Restored { images, posterior: Some(posterior) }
    }

    /// T_m⁻¹ of all mechanisms, last to first.
    fn undone(&mut self, x: &str, m: &str, mechanisms: &Mechanisms, shape: [usize; 3]) -> String {
        let parts: Vec<_> = mechanisms.configs().iter().zip(mechanisms.spans()).collect();
        parts.into_iter().rev().fold(x.to_string(), |x, (config, span)| match config {
            MechanismConfig::Affine(config) => {
                let m = self.bounded(m, span);
                self.affine_undone(&x, &m, config, shape)
            }
            MechanismConfig::Photometric(config) => {
                let m = self.bounded(m, span);
                self.photometric_undone(&x, &m, config)
            }
            // A latent part changes features, and nothing in X itself; the others are no mechanisms of m, or of tables.
            MechanismConfig::Latent(_) | MechanismConfig::PerColumn(_) | MechanismConfig::Field(_) => x,
        })
    }

    /// A mechanism's part of m, in standard deviations, no farther from zero than mechanisms take it.
    fn bounded(&mut self, m: &str, span: Range<usize>) -> String {
        let part = self.columns(m, span.start, span.len());
        self.clip(&part, -MOST_DEVIATIONS as f32, MOST_DEVIATIONS as f32)
    }

    /// x at L p + t for every pixel p, zero outside the canvas; see [`cama::mechanism::Affine`].
    fn affine_undone(&mut self, x: &str, m: &str, config: &AffineConfig, shape: [usize; 3]) -> String {
        let AffineConfig { translation, rotation, log_scale, shear } = config;
        let [_, height, width] = shape;
        let mut component = |i: usize, scale: f64| {
            let component = self.columns(m, i, 1);
            self.with("Mul", &component, scale)
        };
        // Rows point down, so a counter-clockwise turn has a negative sine.
        let angle = component(2, -rotation);
        let shear = component(5, *shear);
        let [log_x, log_y] = [component(3, log_scale[0]), component(4, log_scale[1])];
        let right = component(0, translation[0] * width as f64 / 2.0);
        let down = component(1, translation[1] * height as f64 / 2.0);
        let (sin, cos) = (self.add("Sin", &[&angle], vec![]), self.add("Cos", &[&angle], vec![]));
        let [scale_x, scale_y] = [&log_x, &log_y].map(|log| self.add("Exp", &[log], vec![]));
        // L = rotation · shear · scaling, row by row.
        let a = self.add("Mul", &[&cos, &scale_x], vec![]);
        let b = self.add("Mul", &[&cos, &shear], vec![]);
        let b = self.add("Sub", &[&b, &sin], vec![]);
        let b = self.add("Mul", &[&b, &scale_y], vec![]);
        let c = self.add("Mul", &[&sin, &scale_x], vec![]);
        let d = self.add("Mul", &[&sin, &shear], vec![]);
        let d = self.add("Add", &[&d, &cos], vec![]);
        let d = self.add("Mul", &[&d, &scale_y], vec![]);
        let columns = self.places(&[&a, &b, &right], [height, width], width);
        let rows = self.places(&[&c, &d, &down], [height, width], height);
        let places = self.add("Concat", &[&columns, &rows], vec![crate::nodes::int("axis", 3)]);
        // Bilinear, zeros outside, the outer edges of the image at −1 and 1: the defaults of every version.
        self.add("GridSample", &[x, &places], vec![])
    }

    /// Where every pixel is sampled along one axis of length `side`, `[batch, height, width, 1]`: a · right + b · down + t in
    /// pixels from the centre, in half sides.
    fn places(&mut self, [a, b, t]: &[&str; 3], [height, width]: [usize; 2], side: usize) -> String {
        let centred = |i: usize, side: usize| i as f32 - (side as f32 - 1.0) / 2.0;
        let pixels = || (0..height).flat_map(|row| (0..width).map(move |column| (row, column)));
        let right = pixels().map(|(_, column)| centred(column, width)).collect();
        let down = pixels().map(|(row, _)| centred(row, height)).collect();
        let [right, down] = [right, down].map(|values| self.floats(&[1, height * width], values));
        let right = self.add("Mul", &[a, &right], vec![]);
        let down = self.add("Mul", &[b, &down], vec![]);
        let place = self.add("Add", &[&right, &down], vec![]);
        let place = self.add("Add", &[&place, t], vec![]);
        let place = self.with("Mul", &place, 2.0 / side as f64);
        self.reshaped(&place, &[-1, height as i64, width as i64, 1])
    }

    /// clip((x − b) / a).
    fn photometric_undone(&mut self, x: &str, m: &str, config: &PhotometricConfig) -> String {
        let gain = self.columns(m, 0, 1);
        let gain = self.with("Mul", &gain, config.log_gain);
        let gain = self.add("Exp", &[&gain], vec![]);
        let bias = self.columns(m, 1, 1);
        let bias = self.with("Mul", &bias, config.bias);
        let [gain, bias] = [&gain, &bias].map(|of_image| self.reshaped(of_image, &[-1, 1, 1, 1]));
        let x = self.add("Sub", &[x, &bias], vec![]);
        let x = self.add("Div", &[&x, &gain], vec![]);
        self.clip(&x, 0.0, 1.0)
    }

    /// The expected clean images that a field leaves.
    fn cleared(&mut self, x: &str, layers: &PixelLayers, clean: Range<usize>) -> String {
        let read = self.convolution(x, &layers.read);
        let fine = self.convolution(&read, &layers.fine);
        let deep = self.convolution(&fine, &layers.halve);
        let deep = self.convolution(&deep, &layers.deep);
        let mean = self.add("GlobalAveragePool", &[&deep], vec![]);
        let mean = self.add("Flatten", &[&mean], vec![crate::nodes::int("axis", 1)]);
        let context = self.dense(&mean, &layers.context);
        let context = self.reshaped(&context, &[-1, layers.context.outputs() as i64, 1, 1]);
        let deep = self.add("Add", &[&deep, &context], vec![]);
        let deep = self.convolution(&deep, &layers.deeper);
        let merged = self.convolution(&deep, &layers.double);
        let merged = self.add("Add", &[&merged, &fine], vec![]);
        let merged = self.convolution(&merged, &layers.merge);
        let last = self.convolution(&merged, &layers.last);
        let planes = self.convolution(&last, &layers.out);
        let clean = self.columns(&planes, clean.start, clean.len());
        self.add("Sigmoid", &[&clean], vec![])
    }
}
