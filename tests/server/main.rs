//! The reference server from outside: Okta's traffic, every fault, the socket.

mod admin;
mod chaos;
mod client;
mod conduct;
mod crowd;
mod faults;
mod properties;
mod protocol;
mod scale;
mod socket;
mod traffic;
