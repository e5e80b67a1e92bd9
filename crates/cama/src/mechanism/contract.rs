//! What a mechanism must answer, and what the explicit ones share.

use burn::module::Module;
use burn::tensor::Tensor;

use super::parameter::Parameter;
use super::prior::Prior;
use crate::data::DataShape;
use crate::likelihood::LikelihoodParams;
use crate::network::Init;
use crate::{Error, Result};

/// One mechanism: the part of m it reads, and what it does with it.
///
/// X is `[batch, group, width]`: images of `channels·height·width` means of pixels in [0, 1], or rows of a table;
/// all of a group share one row of `m`, `[batch, dim]`.
pub trait Mechanism: Module {
    /// Prior scales and sizes.
    type Config: Clone + Default;

    /// Whether it can act on such data; if not, on what it can.
    fn check_data(_data: &DataShape) -> std::result::Result<(), &'static str> {
        Ok(())
    }

    /// The mechanism for data that [`check_data`](Self::check_data) allows, and features of length `hidden`.
    fn new(config: &Self::Config, data: &DataShape, hidden: usize, init: &mut Init) -> Self;

    /// Names and units of the parameters that m stands for; their number is the length of its part of m.
    fn parameters(&self) -> Vec<Parameter>;

    /// p of its part of m.
    fn prior(&self) -> Prior {
        Prior::Normal
    }

    /// The mechanism with a prior whose centre was just found in data.
    fn recentred(self) -> Self {
        self
    }

    /// Features h_M of m, merged with h_Y and h_Z: `[batch, dim] → [batch, hidden]`.
    /// An explicit mechanism has none: it acts on X.
    fn features(&self, _m: Tensor<2>) -> Option<Tensor<2>> {
        None
    }

    /// T_m(x): what this mechanism makes of the clean mean `x`. T_0 is exactly the identity.
    fn transform(&self, _m: Tensor<2>, x: Tensor<3>) -> Tensor<3> {
        x
    }

    /// T_m⁻¹(x): X as it would have been.
    fn restore(&self, _m: Tensor<2>, x: Tensor<3>) -> Tensor<3> {
        x
    }

    /// Whether restoration clips, so that T_m(T_m⁻¹(x)) is the nearest to x that this mechanism makes of any X, and may be far
    /// from it. What interpolation blurs does not count.
    fn clips(&self) -> bool {
        false
    }

    /// p(x|·) of what this mechanism makes of X. Unless a mechanism says otherwise, X varies about T_m(mean) as it does
    /// about the mean; one that adds noise, or stretches what X is off its mean, changes more than the means.
    fn observe(&self, m: Tensor<2>, likelihood: LikelihoodParams) -> LikelihoodParams {
        likelihood.map_means(|means| self.transform(m, means))
    }
}

/// Components of m act on an image as if they were no farther from zero, in standard deviations of the prior: an
/// inference network that meets an image unlike all it knows can be off by so much that exponentials overflow.
pub const MOST_DEVIATIONS: f64 = 10.0;

/// A prior scale must be a positive, finite number.
pub(super) fn check_scale(field: &str, value: f64) -> Result<()> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(Error::config(field, value, "a positive number: the standard deviation of its prior"))
}

/// The shape of the images that a mechanism acts on.
///
/// # Panics
///
/// If it is a table; [`Mechanism::check_data`] comes first.
pub(super) fn image_shape(data: &DataShape) -> [usize; 3] {
    data.image().expect("checked to be images")
}

/// For mechanisms that act on pixels.
pub(super) fn images_only(data: &DataShape) -> std::result::Result<(), &'static str> {
    data.image().map(|_| ()).ok_or("images")
}
