//! What a sweep asks of manipulations.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// A kind of manipulation that a [`Sweep`](super::Sweep) can make stronger: steps joined by `+`, each `name:…:number`.
pub trait Sweepable: Clone + fmt::Display + FromStr<Err = Error> {
    /// The steps without the numbers that say how much.
    fn family(&self) -> String;

    /// A number for tables: how much the first step does.
    fn severity(&self) -> f64;
}
