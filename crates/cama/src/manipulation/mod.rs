//! What the world does to images: shifts, rotations, contrast, noise, seeded.
