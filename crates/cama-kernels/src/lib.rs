//! Fast CPU operations for [Burn](https://burn.dev)'s `flex` backend, each with its gradient.
//!
//! They are registered by Burn's own way of adding operations to backends, and take and give Burn's tensors, with or
//! without automatic differentiation. Every one can also be composed of Burn's operations, which is what runs on other
//! devices, and what the tests compare with.
//!
//! All loops are vectorised for the processor that the program runs on, found out as it starts ([`pulp`]), and cut into
//! parts for [`rayon`] in a way that does not depend on the number of threads: the same input gives the same bytes.

pub mod activation;
pub mod adam;
pub mod conv;
mod fresh;
pub mod likelihood;
pub mod linear;
mod maths;
mod matrix;
mod rows;
mod storage;
mod tile;
mod vectorised;
pub mod warp;

use burn::tensor::Device;

/// Whether the operations of this crate run natively on `device`; on others they are composed of Burn's.
pub fn is_native(device: &Device) -> bool {
    *device == Device::flex()
}
