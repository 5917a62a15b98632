//! TODO snapshot
