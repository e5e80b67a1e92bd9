//! Classifiers from ONNX files.

mod images;
mod networks;
mod table;
