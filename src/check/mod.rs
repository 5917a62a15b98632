//! TODO check
