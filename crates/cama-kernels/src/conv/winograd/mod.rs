//! Convolutions of stride 1 by Winograd's minimal filtering: 36 products where 5×5 weights and 2×2 sums have 100, and 3×3
//! weights and 4×4 sums 144.
//!
//! A map is cut into tiles of 6×6 numbers, which overlap; each tile's numbers are taken to 36 pairs of points
//! ([`points`]), a product of matrices over channels is formed at each pair, and a tile of sums is made of the 36 results.
//! Gradients of weights go the same way backward: numbers and gradients of sums meet at the points.

mod correlate;
mod points;
mod sum;
mod tiles;
mod weights;

pub use correlate::Correlate;
pub use sum::SumUp;
pub use tiles::{PAIRS, Tiling};
pub use weights::{at_taps, transformed};
