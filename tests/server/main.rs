//! The reference server from outside: Okta's traffic, every fault, the socket.

mod client;
mod conduct;
mod faults;
mod protocol;
mod socket;
mod traffic;
