//! Pictures of what a model believes.
