//! What comes in: images and tables from files, as plain arrays on the host.
//!
//! Tables of measurements are in [`table`]. Images start with [`load`], which turns a written specification into [`Images`]:
//!
//! | specification | what it is |
//! |---|---|
//! | `mnist:train`, `mnist:test` | MNIST, bundled with this crate: 60,000 and 10,000 images of 1×28×28 |
//! | `some/images-idx3-ubyte[.gz]` | an IDX file; labels come from the IDX labels file beside it, if there is one |
//! | `some/file.npz` | NumPy arrays: `x` with the images, optionally `y` with labels and `classes` with class names |
//! | `some/file.npy` | a NumPy array of unlabelled images |
//! | `some/folder` | PNG and JPEG images, one sub-folder a class; without sub-folders, unlabelled |
//! | `some/image.png` | one unlabelled image |
//!
//! Each may end in a range of images, end excluded: `mnist:test[..1000]`, `some/file.npz[500..600]`.
//!
//! ```
//! let images = cama::data::load("mnist:test[..100]")?;
//! assert_eq!(images.len(), 100);
//! assert_eq!(images.shape(), [1, 28, 28]);
//! # Ok::<(), cama::Error>(())
//! ```

mod batches;
mod damage;
mod dataset;
mod folder;
mod folder_write;
mod idx;
mod images;
mod load;
mod mnist;
mod npy;
mod npz;
mod npz_write;
mod range;
mod select;
pub mod table;

pub use batches::{shuffled, split};
pub use dataset::Dataset;
pub use folder_write::{folder_classes, write_folder};
pub use images::Images;
pub use load::load;
pub use npz_write::write_npz;
