//! TODO scenario
