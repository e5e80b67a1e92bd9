//! Every operation against Burn's own: values and gradients.

mod activation;
mod adam;
mod common;
mod conv;
mod likelihood;
mod linear;
mod warp;
