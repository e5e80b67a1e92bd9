//! Classifiers from ONNX files.

mod export_images;
mod export_tables;
mod exported;
mod images;
mod networks;
mod readers;
mod table;
