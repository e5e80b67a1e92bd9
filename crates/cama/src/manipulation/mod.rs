//! What the world does to images and tables: shifts, rotations, contrast, noise, seeded.
//!
//! [`TableManipulation`] says what can be done to tables. What is done to images, a [`Manipulation`], is written as steps joined by `+` and applied from left to right, such as
//! `rotate:20+shift-vertical:0.2`. Each image gets its own draw of every parameter.
//!
//! | step | what it does | parameter |
//! |---|---|---|
//! | `shift-vertical:R` | moves down | fraction of the height, in [-1, 1] |
//! | `shift-horizontal:R` | moves right | fraction of the width, in [-1, 1] |
//! | `shift:R` | both of these, drawn independently | as above |
//! | `rotate:R` | turns counter-clockwise about the centre | degrees, in [-360, 360] |
//! | `scale:S` | enlarges about the centre | factor, in [0.1, 10] |
//! | `shear:R` | moves each row right by the factor times its distance below the centre | factor, in [-2, 2] |
//! | `contrast:F` | x → 0.5 + F (x − 0.5) | factor, in (0, 1] |
//! | `contrast:LO:HI` | x → LO + (HI − LO) x, the same for every image | levels, 0 ≤ LO < HI ≤ 1 |
//! | `brightness:R` | x → x + R, clipped to [0, 1] | in [-1, 1] |
//! | `invert` | x → 1 − x | none |
//! | `noise:SD` | adds Gaussian noise to every pixel, clipped to [0, 1] | standard deviation, in [0, 1] |
//! | `blur:SD` | Gaussian blur, the border repeated | standard deviation in pixels, in [0, 32] |
//! | `none` | nothing | none |
//!
//! How one image's parameter is drawn depends on how it is written:
//!
//! | written | `shift…`, `rotate`, `shear`, `brightness` | `scale` | `contrast` | `noise`, `blur` |
//! |---|---|---|---|---|
//! | `V` | uniform in [-V, V] | log-uniform in [1/V, V] | uniform in [V, 1] | V |
//! | `LO:HI` | uniform in [LO, HI] | log-uniform in [LO, HI] | levels, see above | uniform in [LO, HI] |
//! | `=V` | V | V | V | V |
//!
//! The geometric steps (shifts, rotation, scale, shear) read between pixels by bilinear interpolation; what
//! comes in from outside is 0, or with the suffix `/edge` the nearest pixel of the border:
//! `shift:0.3/edge`. Consecutive geometric steps of one fill are done as one, so pixels are interpolated
//! once, and what one step moves out of the picture the next can bring back.
//!
//! A [`Sweep`] is a manipulation at growing severities: `shift-vertical:0..0.9/0.1` has ten points.
//!
//! ```
//! use cama::manipulation::{Manipulation, Sweep};
//!
//! let images = cama::data::load("mnist:test[..10]")?;
//! let moved = Manipulation::parse("rotate:20+shift-vertical:0.2")?.apply_seeded(&images, 1);
//! assert_eq!(moved.labels(), images.labels());
//! assert_eq!(Sweep::parse("shift-vertical:0..0.9/0.1")?.points().len(), 10);
//! # Ok::<(), cama::Error>(())
//! ```

mod amount;
mod apply;
mod composition;
mod kind;
mod photometric;
mod step;
mod sweep;
mod table;
mod warp;

pub use composition::Manipulation;
pub use sweep::{Sweep, Sweepable};
pub use table::TableManipulation;
