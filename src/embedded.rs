//! The files below `scenarios/` as the binary carries them, listed by the build script.
//! Every list is sorted by path.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
