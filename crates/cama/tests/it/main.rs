//! The integration tests of `cama`, in one binary: each links the whole library.

mod adaptation;
mod common;
mod factor;
mod field;
mod gradients;
mod integration;
mod likelihood;
mod linear_gaussian;
mod mechanisms;
mod outliers;
mod paper;
mod parameters;
mod readers;
mod rehearsal;
mod restoration;
mod small;
mod stored_tables;
mod tables;
mod workflow;
