//! The reference server from outside: Okta's traffic, every fault, the socket.

mod admin;
mod chaos;
mod client;
mod conduct;
mod crowd;
mod faults;
mod protocol;
mod socket;
mod traffic;
