//! The readers of images and tables.

mod damage;
mod readers;
