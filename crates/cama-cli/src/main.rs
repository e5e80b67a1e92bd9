//! The program `cama`.
fn main() {}
