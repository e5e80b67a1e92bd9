//! Images in memory from a written specification.

use super::{ImageBatches, Images};
use crate::Result;

/// Loads the images that `spec` describes; the [module](crate) lists the forms. They are named `spec`.
///
/// Arrays in NPZ and NPY files are N×H×W, N×H×W×C or N×C×H×W with C = 1 or 3; a last axis of 1 or 3 is taken for the
/// channels. Pixels are `uint8` in 0 to 255, floats in [0, 1] or in 0 to 255, truth values, or wider integers, of which the
/// largest says whether white is 1, 255 or 65,535. Labels are whole numbers of any type, each of which that occurs is a class;
/// truth values; texts; or rows of zeros and a one.
///
/// # Errors
///
/// [`Error::UnknownName`](crate::Error::UnknownName) for an unknown bundled set, [`Error::Spec`](crate::Error::Spec) for a bad range, [`Error::Io`](crate::Error::Io) for a
/// file that cannot be read, and [`Error::Data`](crate::Error::Data) for one that is missing or whose content cannot be used,
/// saying where in it and what to do. An empty data set is an error too.
pub fn load(spec: &str) -> Result<Images> {
    ImageBatches::open(spec)?.read()
}
