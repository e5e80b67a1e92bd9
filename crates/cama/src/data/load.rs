//! From a written specification to images.

use std::path::Path;

use super::idx::Idx;
use super::range::Span;
use super::{Images, mnist};
use crate::Result;

/// Loads the images that `spec` describes; the [module](super) lists the forms. They are named `spec`.
///
/// # Errors
///
/// [`Error::UnknownName`] for an unknown bundled set, [`Error::Spec`] for a bad range, [`Error::Io`] for a
/// file that cannot be read, and [`Error::Data`] for one whose content cannot be used, saying where in it
/// and what to do.
pub fn load(spec: &str) -> Result<Images> {
    let (source, span) = Span::split_off(spec)?;
    let path = Path::new(source);
    if let Some(name) = source.strip_prefix("mnist:").filter(|_| !path.exists()) {
        let idx = mnist::split(name)?;
        return Ok(idx.images(spec, span.resolve(spec, idx.len())?));
    }
    let idx = Idx::read(path)?;
    Ok(idx.images(spec, span.resolve(spec, idx.len())?))
}
