//! Configurations, which are plain data until they are checked.

use std::ops::{Deref, RangeInclusive};

use crate::{Error, Result};

/// A configuration whose fields have bounds.
pub trait Config: Clone {
    /// Errors, naming the first field whose value is not allowed and what is.
    ///
    /// # Errors
    ///
    /// [`Error::Config`].
    fn validate(&self) -> Result<()>;

    /// The configuration once every field is known to be allowed; only so can it be used.
    ///
    /// # Errors
    ///
    /// As [`validate`](Self::validate).
    fn check(&self) -> Result<Checked<Self>> {
        self.validate()?;
        Ok(Checked(self.clone()))
    }
}

/// A configuration whose every field is allowed. It can be read and not be changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked<T>(T);

impl<T> Deref for Checked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Checked<T> {
    /// The configuration, to be changed and checked again.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// Each size is in its range, or the error names it.
///
/// # Errors
///
/// [`Error::Config`] for the first that is not.
pub fn check_sizes(sizes: &[(&str, usize, RangeInclusive<usize>)]) -> Result<()> {
    for (field, value, allowed) in sizes {
        if !allowed.contains(value) {
            let range = format!("from {} to {}", allowed.start(), allowed.end());
            return Err(Error::config(*field, value, range));
        }
    }
    Ok(())
}
