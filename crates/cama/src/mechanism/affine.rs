//! Translation, rotation, scaling and shear of the image.

use burn::module::Module;
use burn::tensor::Tensor;
use cama_kernels::warp::warp_affine;
use serde::{Deserialize, Serialize};

use super::contract::{MOST_DEVIATIONS, Mechanism, check_scale, image_shape, images_only};
use super::parameter::Parameter;
use crate::Result;
use crate::data::DataShape;
use crate::network::Init;

/// Prior standard deviations of the six parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AffineConfig {
    /// Translation to the right and down, in half-widths and half-heights of the image.
    pub translation: [f64; 2],
    /// Rotation, counter-clockwise, in radians.
    pub rotation: f64,
    /// Logarithms of the horizontal and vertical scale factors.
    pub log_scale: [f64; 2],
    /// Horizontal shear: pixels to the right per pixel down.
    pub shear: f64,
}

impl Default for AffineConfig {
    fn default() -> Self {
        Self { translation: [0.5, 0.5], rotation: 0.4, log_scale: [0.2, 0.2], shear: 0.3 }
    }
}

impl AffineConfig {
    pub(super) fn check(&self) -> Result<()> {
        for (name, value) in ["translation", "rotation", "log_scale", "shear"].into_iter().zip([
            self.translation[0].min(self.translation[1]),
            self.rotation,
            self.log_scale[0].min(self.log_scale[1]),
            self.shear,
        ]) {
            check_scale(&format!("affine.{name}"), value)?;
        }
        Ok(())
    }
}

/// A 6-parameter affine warp about the image's centre, with zero outside the canvas.
///
/// A clean pixel at p (pixels from the centre, right and down) moves to L p + t with
/// L = rotation · shear · scaling, so T_m(x) at q is x at L⁻¹(q − t), and T_m⁻¹(x) at p is x at L p + t:
/// both exact up to bilinear interpolation.
#[derive(Module, Debug)]
pub struct Affine {
    #[module(skip)]
    config: AffineConfig,
    #[module(skip)]
    image: [usize; 3],
}

/// The matrix `[[a, b], [c, d]]` and the translation of a batch of warps, each `[batch, 1]`.
struct Parts {
    sin: Tensor<2>,
    cos: Tensor<2>,
    shear: Tensor<2>,
    scale: [Tensor<2>; 2],
    translation: [Tensor<2>; 2],
}

impl Mechanism for Affine {
    type Config = AffineConfig;

    fn check_data(data: &DataShape) -> std::result::Result<(), &'static str> {
        images_only(data)
    }

    fn new(config: &AffineConfig, data: &DataShape, _hidden: usize, _init: &mut Init) -> Self {
        Self { config: config.clone(), image: image_shape(data) }
    }

    fn parameters(&self) -> Vec<Parameter> {
        let AffineConfig { translation, rotation, log_scale, shear } = &self.config;
        let [_, h, w] = self.image.map(|s| s as f64);
        vec![
            Parameter::linear("shift right", "pixels", translation[0] * w / 2.0),
            Parameter::linear("shift down", "pixels", translation[1] * h / 2.0),
            Parameter::linear("rotation", "degrees", rotation.to_degrees()),
            Parameter::factor("width", log_scale[0]),
            Parameter::factor("height", log_scale[1]),
            Parameter::linear("shear", "pixels per pixel", *shear),
        ]
    }

    fn transform(&self, m: Tensor<2>, x: Tensor<3>) -> Tensor<3> {
        let Parts { sin, cos, shear, scale: [sx, sy], translation: [tx, ty] } = self.parts(m);
        // L⁻¹ = scaling⁻¹ · shear⁻¹ · rotationᵀ
        let a = (cos.clone() + shear.clone() * sin.clone()) / sx.clone();
        let b = (sin.clone() - shear * cos.clone()) / sx;
        let c = -sin / sy.clone();
        let d = cos / sy;
        let right = -(a.clone() * tx.clone() + b.clone() * ty.clone());
        let down = -(c.clone() * tx + d.clone() * ty);
        warp_affine(x, self.image, Tensor::cat(vec![a, b, right, c, d, down], 1))
    }

    fn restore(&self, m: Tensor<2>, x: Tensor<3>) -> Tensor<3> {
        let Parts { sin, cos, shear, scale: [sx, sy], translation: [tx, ty] } = self.parts(m);
        let a = cos.clone() * sx.clone();
        let b = (cos.clone() * shear.clone() - sin.clone()) * sy.clone();
        let c = sin.clone() * sx;
        let d = (sin * shear + cos) * sy;
        warp_affine(x, self.image, Tensor::cat(vec![a, b, tx, c, d, ty], 1))
    }
}

impl Affine {
    fn parts(&self, m: Tensor<2>) -> Parts {
        let AffineConfig { translation, rotation, log_scale, shear } = &self.config;
        let m = m.clamp(-MOST_DEVIATIONS, MOST_DEVIATIONS);
        let component = |i: usize, scale: f64| m.clone().narrow(1, i, 1).mul_scalar(scale);
        let [_, h, w] = self.image.map(|s| s as f64);
        // Rows point down, so a counter-clockwise turn has a negative sine.
        let angle = component(2, -rotation);
        Parts {
            sin: angle.clone().sin(),
            cos: angle.cos(),
            shear: component(5, *shear),
            scale: [component(3, log_scale[0]).exp(), component(4, log_scale[1]).exp()],
            translation: [component(0, translation[0] * w / 2.0), component(1, translation[1] * h / 2.0)],
        }
    }
}
