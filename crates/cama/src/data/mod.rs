//! What comes in: images from files, as plain arrays on the host.

mod images;

pub use images::Images;
