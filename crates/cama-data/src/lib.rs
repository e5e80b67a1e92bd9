//! What comes in: images and tables, from files or from memory, as plain arrays on the host.
//!
//! Tables of measurements are in [`table`]: a [`table::Table`] is a file or named columns in memory. Images from arrays are
//! made by [`Images::new`]. Images from files start with [`load`](load()), which turns a written specification into
//! [`Images`], or with [`ImageBatches`], which goes through more of them than there is memory for:
//!
//! | specification | what it is |
//! |---|---|
//! | `mnist:train`, `mnist:test` | MNIST, bundled with this crate: 60,000 and 10,000 images of 1×28×28 |
//! | `shapes:N` | N drawings of plain shapes, made as they are loaded; see below |
//! | `some/images-idx3-ubyte[.gz]` | an IDX file; labels come from the IDX labels file beside it, if there is one |
//! | `some/file.npz` | NumPy arrays: `x` or another usual name with the images, optionally `y` or its like with labels, and `classes` with class names |
//! | `some/file.npy` | a NumPy array of unlabelled images |
//! | `some/folder` | PNG, JPEG, WebP, BMP and TIFF images, one sub-folder a class; without sub-folders, unlabelled |
//! | `some/image.png` | one unlabelled image |
//! | `cifar10:some/folder:train`, `…:test` | CIFAR-10's binary version, unpacked there; see below |
//! | `some/data_batch_1.bin` | one of its files |
//!
//! [`ImageOptions`] says which arrays are meant, and what is done where images are not of one size or colour.
//!
//! Each may end in a range of images, end excluded: `mnist:test[..1000]`, `some/file.npz[500..600]`.
//!
//! `shapes:500` is 500 drawings in white on black, 1×28×28, for testing with images that are of none of a model's classes.
//! They are of ten classes in turn: triangle, square, star, cross, arrow, heart, house, spiral, zigzag, crescent; outlined
//! or filled, with a stroke of about 2 to 3 pixels, of random size, turn and place. They are drawn from a fixed seed, drawing by
//! drawing: the same specification is always the same images, and `shapes:500` is the beginning of `shapes:1000`. Another
//! size is written behind: `shapes:500:32` or `shapes:500:32x48` (height×width), and `shapes:500:3x32x32` for a model of
//! colour images, with the same grey in all channels. Sides go from 8 to 1024 pixels, and strokes grow with the shorter one.
//!
//! CIFAR-10 does not come with this crate: it is `cifar-10-binary.tar.gz` of <https://www.cs.toronto.edu/~kriz/cifar.html>,
//! 3×32×32. Classes can be selected by their names, as in `cifar10:some/folder:train:airplane,frog`; they are then numbered
//! in that order, and a range counts the images that are selected.
//!
//! ```
//! let images = cama_data::load("mnist:test[..100]")?;
//! assert_eq!(images.len(), 100);
//! assert_eq!(images.shape(), [1, 28, 28]);
//! # Ok::<(), cama_data::Error>(())
//! ```

mod batches;
mod damage;
mod dataset;
mod drawing;
mod fingerprint;
mod half;
mod image;
mod kept;
pub mod manipulation;
mod names;
mod range;
mod reservoir;
mod shape;
mod split;
mod subsample;
pub mod table;

pub use batches::Batches;
pub use dataset::{Appendable, Dataset};
pub use fingerprint::Fingerprint;
pub use image::{
    BACKGROUND, Fit, FolderWriter, ImageBatches, ImageOptions, Images, NpzWriter, Preparation, Size,
    folder_classes, folder_classes_of, load, write_folder, write_npz,
};
pub use kept::KeptExamples;
pub use names::Names;
pub use range::path_and_range;
pub use reservoir::Reservoir;
pub use shape::{ChildColumn, ChildKind, DataShape, TableShape};
pub use split::{shuffled, split, split_indices};
pub use subsample::{SPREAD, Subsample, spread_indices, spread_over, subsample};

pub use cama_base::{Error, Result, files};
