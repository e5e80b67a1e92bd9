//! What the world does to images and tables: shifts, rotations, contrast, noise, marks, seeded.
//!
//! [`TableManipulation`] says what can be done to tables. What is done to images, a [`Manipulation`], is written as steps joined
//! by `+` and applied from left to right, such as `rotate:20+shift-vertical:0.2`. Each image gets its own draw of every parameter.
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
//! | `impulse:P` | each pixel, with probability P, becomes 0 or 1 at equal odds | probability, in [0, 1] |
//! | `invert-part:F` | x → 1 − x at one of the four sides, drawn at random | fraction of the width or height, in [0, 1] |
//! | `ramp:A` | adds −A to A across the image in a random direction, clipped to [0, 1] | in [0, 1] |
//! | `bars:N` | N straight bars through the image at random angles | whole number, in [1, 100] |
//! | `scribble:N` | N random smooth strokes | whole number, in [1, 100] |
//! | `occlude:S` | a grey (0.5) square at a random place wholly inside | side as a fraction of the shorter one of the image, in [0, 1] |
//! | `fog:A` | white fog in clouds: x → x + t (1 − x), t from A/4 to A | in [0, 1] |
//! | `shadow:A` | x → (1 − A) x on one side of a line | in [0, 1] |
//! | `lines:N` | N dead rows or columns, each of one grey | whole number, in [1, 100] |
//! | `spots:N` | N discs, each of one grey | whole number, in [1, 100] |
//! | `stripes:N` | x → 1 − x in N stripes at a random angle | whole number, in [1, 100] |
//! | `pixelate:S` | each block of S×S pixels becomes its mean | whole number, in [1, 100] |
//! | `jpeg:Q` | written as a JPEG and read again | quality, a whole number in [1, 100] |
//! | `none` | nothing | none |
//!
//! How one image's parameter is drawn depends on how it is written:
//!
//! | written | `shift…`, `rotate`, `shear`, `brightness` | `scale` | `contrast` | all others |
//! |---|---|---|---|---|
//! | `V` | uniform in [-V, V] | log-uniform in [1/V, V] | uniform in [V, 1] | V |
//! | `LO:HI` | uniform in [LO, HI] | log-uniform in [LO, HI] | levels, see above | uniform in [LO, HI] |
//! | `=V` | V | V | V | V |
//!
//! Whole numbers are drawn uniformly from LO, …, HI. The places and angles of `impulse` to `stripes` are drawn for
//! each image, too, and are the same in all channels of it:
//!
//! - `impulse` draws for each pixel by itself; with one seed, a larger P changes the pixels that a
//!   smaller one does to the same values, and more.
//! - `invert-part` takes the leftmost, rightmost, topmost or bottommost part, at equal odds: the nearest whole number of
//!   columns to F times the width, or of rows to F times the height.
//! - `ramp` adds A d / D, where d is the distance of a pixel from the centre along the direction and D that of the
//!   farthest pixel, so that one corner gets −A and the opposite one A.
//! - A bar goes across the whole image, at an angle drawn uniformly, through a point drawn uniformly from the middle
//!   half of the width and of the height. A stroke of `scribble` is a cubic Bézier curve whose four control points are
//!   drawn uniformly from the image. Both are a fourteenth of the image's shorter side thick (2 pixels of 28), at least
//!   a pixel, with smooth edges; they are white (1) where the mean of the image is below 0.5, otherwise black (0).
//! - The side of `occlude`'s square is rounded to whole pixels.
//! - The clouds of `fog` are smooth noise of three scales. The edge of `shadow` goes through a point of the middle half, as a
//!   bar does, and is a tenth of the shorter side wide.
//! - A line of `lines` is a pixel of 28 wide. A disc of `spots` is from a fourteenth to a quarter of the shorter side across.
//!   Greys are drawn uniformly from [0, 1].
//! - The stripes of `stripes` are as wide as what is between and beside them.
//!
//! The geometric steps (shifts, rotation, scale, shear) read between pixels by bilinear interpolation; what
//! comes in from outside is 0, or with the suffix `/edge` the nearest pixel of the border:
//! `shift:0.3/edge`. Consecutive geometric steps of one fill are done as one, so pixels are interpolated
//! once, and what one step moves out of the picture the next can bring back.
//!
//! A [`Sweep`] is a manipulation at growing severities: `shift-vertical:0..0.9/0.1` has ten points.
//!
//! ```
//! use cama_data::manipulation::{Manipulation, Sweep};
//!
//! let images = cama_data::load("mnist:test[..10]")?;
//! let moved = Manipulation::parse("rotate:20+shift-vertical:0.2")?.apply_seeded(&images, 1);
//! assert_eq!(moved.labels(), images.labels());
//! assert_eq!(Sweep::parse("shift-vertical:0..0.9/0.1")?.points().len(), 10);
//! # Ok::<(), cama_data::Error>(())
//! ```

mod amount;
mod apply;
mod coding;
mod composition;
mod faults;
mod kind;
mod light;
mod marks;
mod photometric;
mod step;
mod sweep;
mod sweepable;
mod table;
mod warp;

pub use composition::Manipulation;
pub use sweep::{Sweep, sweep_numbers};
pub use sweepable::Sweepable;
pub use table::{TableManipulation, changeable_numbers};
