//! Classifiers from ONNX files.

mod export_images;
mod images;
mod networks;
mod table;
