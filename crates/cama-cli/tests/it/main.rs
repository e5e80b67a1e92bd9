//! The program as a whole: every test runs the binary `cama` on small data in a folder of its own.

mod common;

mod attack;
mod bad_input;
mod bad_tables;
mod baseline;
#[cfg(feature = "onnx")]
mod classifier;
mod commands;
mod demo;
mod drift;
mod experiment;
#[cfg(feature = "onnx")]
mod export;
mod graph;
mod kill;
mod memory;
mod names;
mod pictures;
mod restore;
#[cfg(unix)]
mod resume;
mod search;
mod settings;
mod simulate;
mod tables;
mod understood;
mod written;
