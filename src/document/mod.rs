//! TODO document
