//! Judging classifiers under manipulation.
