//! Sizes of the field mechanism, and what it dreams of.

use serde::{Deserialize, Serialize};

use crate::mechanism::contract::check_scale;
use crate::{Error, Result, check_sizes};

/// Sizes, units and dreams of [`Field`](super::Field).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FieldConfig {
    /// Channels of its network at half the image's side; twice as many at a quarter.
    pub channels: usize,
    /// Points along each side of the grid that gain and bias are given on; between them they are interpolated.
    pub grid: usize,
    /// Standard deviation of the logarithm of the gain.
    pub log_gain: f64,
    /// Standard deviation of the bias, in the pixel range.
    pub bias: f64,
    /// Steps in which its network learns from dreams, and no more than [`DreamConfig::steps`](crate::DreamConfig); 0 learns nothing.
    pub steps: usize,
    /// Images a step.
    pub batch: usize,
    /// Peak learning rate; warmed up over a twentieth of the steps, then a cosine.
    pub learning_rate: f64,
    /// Bound on the gradient's norm; 0 is no bound.
    pub gradient_clip: f64,
    /// What is dreamt of.
    pub dreams: FieldDreams,
}

/// What clean images are dreamt to have met: each with a probability of its own, and several at once.
///
/// Widths are in pixels of an image whose shorter side has 28, and grow with that side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FieldDreams {
    /// Share of the images that the model's mechanisms of place, such as `affine`, move first: what they did is theirs to
    /// undo, and stays.
    pub moved: f64,
    /// Share that is blurred by a Gaussian.
    pub blurred: f64,
    /// Its largest standard deviation, in pixels of 28.
    pub most_blur: f64,
    /// Share of which the whole, one side of a line, bands or a box is inverted.
    pub inverted: f64,
    /// Share of which gain and bias change over the image.
    pub lit: f64,
    /// Share that strokes, blobs, boxes or specks cover.
    pub covered: f64,
    /// Share with Gaussian noise.
    pub noisy: f64,
    /// Its largest standard deviation, in the pixel range.
    pub most_noise: f64,
}

impl Default for FieldConfig {
    fn default() -> Self {
        Self {
            channels: 32,
            grid: 4,
            log_gain: 0.5,
            bias: 0.3,
            steps: 2000,
            batch: 64,
            learning_rate: 3e-3,
            gradient_clip: 100.0,
            dreams: FieldDreams::default(),
        }
    }
}

impl Default for FieldDreams {
    fn default() -> Self {
        Self {
            moved: 0.25,
            blurred: 0.15,
            most_blur: 1.6,
            inverted: 0.25,
            lit: 0.3,
            covered: 0.45,
            noisy: 0.2,
            most_noise: 0.4,
        }
    }
}

/// The most numbers of the matrix of means over cells: 256 MB.
const MOST_MEANS: usize = 1 << 26;

impl FieldConfig {
    /// Errors if the means over all cells of images of this shape, which are made at a quarter of their sides, are more than
    /// memory should hold.
    pub(crate) fn check_image(&self, [_, height, width]: [usize; 3]) -> Result<()> {
        let area = height.div_ceil(4) * width.div_ceil(4);
        match self.grid.pow(2).saturating_mul(area) <= MOST_MEANS {
            true => Ok(()),
            false => {
                let most = ((MOST_MEANS / area) as f64).sqrt() as usize;
                let allowed = format!("at most {most} for images of {height}×{width}");
                Err(Error::config("field.grid", self.grid, allowed))
            }
        }
    }

    pub(in crate::mechanism) fn check(&self) -> Result<()> {
        check_sizes(&[
            ("field.channels", self.channels, 1..=1024),
            ("field.grid", self.grid, 2..=32),
            ("field.steps", self.steps, 0..=10_000_000),
            ("field.batch", self.batch, 1..=65_536),
        ])?;
        check_scale("field.log_gain", self.log_gain)?;
        check_scale("field.bias", self.bias)?;
        if !(self.learning_rate > 0.0 && self.learning_rate <= 1.0) {
            return Err(Error::config("field.learning_rate", self.learning_rate, "above 0 and at most 1"));
        }
        if !(self.gradient_clip >= 0.0 && self.gradient_clip.is_finite()) {
            let allowed = "0 (no bound) or a positive number";
            return Err(Error::config("field.gradient_clip", self.gradient_clip, allowed));
        }
        self.dreams.check()
    }
}

impl FieldDreams {
    fn check(&self) -> Result<()> {
        let Self { moved, blurred, inverted, lit, covered, noisy, most_blur, most_noise } = *self;
        let shares = [
            ("moved", moved),
            ("blurred", blurred),
            ("inverted", inverted),
            ("lit", lit),
            ("covered", covered),
            ("noisy", noisy),
        ];
        for (name, share) in shares {
            if !(0.0..=1.0).contains(&share) {
                let field = format!("field.dreams.{name}");
                return Err(Error::config(field, share, "a share of the images, from 0 to 1"));
            }
        }
        if !(0.0..=16.0).contains(&most_blur) {
            return Err(Error::config("field.dreams.most_blur", most_blur, "from 0 to 16 pixels of 28"));
        }
        if !(0.0..=2.0).contains(&most_noise) {
            return Err(Error::config("field.dreams.most_noise", most_noise, "from 0 to 2"));
        }
        Ok(())
    }
}
