//! MNIST, bundled with the crate so that it is there from any working folder.
//!
//! Y. LeCun, C. Cortes, C. Burges, *The MNIST database of handwritten digits*; CC BY-SA 3.0.

use std::path::Path;
use std::sync::OnceLock;

use super::idx::Idx;
use crate::{Error, Result};

static TRAIN: Part = Part {
    images: (
        "train-images-idx3-ubyte.gz",
        include_bytes!("../../../../data/mnist/train-images-idx3-ubyte.gz"),
    ),
    labels: (
        "train-labels-idx1-ubyte.gz",
        include_bytes!("../../../../data/mnist/train-labels-idx1-ubyte.gz"),
    ),
    decoded: OnceLock::new(),
};

static TEST: Part = Part {
    images: ("t10k-images-idx3-ubyte.gz", include_bytes!("../../../../data/mnist/t10k-images-idx3-ubyte.gz")),
    labels: ("t10k-labels-idx1-ubyte.gz", include_bytes!("../../../../data/mnist/t10k-labels-idx1-ubyte.gz")),
    decoded: OnceLock::new(),
};

/// One of MNIST's two files with its labels.
struct Part {
    images: (&'static str, &'static [u8]),
    labels: (&'static str, &'static [u8]),
    decoded: OnceLock<Idx>,
}

/// The split of this name, `train` or `test`; decoded once a process, and kept as bytes.
pub(super) fn split(name: &str) -> Result<&'static Idx> {
    let part = match name {
        "train" => &TRAIN,
        "test" => &TEST,
        _ => return Err(Error::unknown_name("MNIST split", name, &["train", "test"])),
    };
    if let Some(idx) = part.decoded.get() {
        return Ok(idx);
    }
    let files = [part.images, part.labels].map(|(name, bytes)| (Path::new(name), bytes));
    let idx = Idx::from_readers(files[0], Some(files[1]))?;
    Ok(part.decoded.get_or_init(|| idx))
}
