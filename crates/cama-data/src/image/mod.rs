//! Images in memory, the formats of files that they come from, and batches of more of them than there is memory for.

mod arrays;
mod batches;
mod cifar;
mod dataset;
mod folder;
mod folder_write;
mod forms;
mod idx;
mod images;
mod labels;
mod listing;
mod load;
mod mnist;
mod npy;
mod npz;
mod npz_write;
mod open;
mod options;
mod passage;
mod picture;
mod prepare;
mod select;
mod shapes;

pub use batches::ImageBatches;
pub use folder_write::{FolderWriter, folder_classes, folder_classes_of, write_folder};
pub use images::Images;
pub use load::load;
pub use npz_write::{NpzWriter, write_npz};
pub use options::{Fit, ImageOptions};
pub use prepare::{BACKGROUND, Preparation, Size};
