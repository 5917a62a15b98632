//! The reference server from outside: Okta's traffic, every fault, the socket.

mod client;
mod conduct;
mod faults;
mod properties;
mod protocol;
mod scale;
mod socket;
mod traffic;
