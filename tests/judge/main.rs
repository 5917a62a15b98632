//! The judge on trial, against the reference server in process: what it must see, what it must let pass, what it
//! must never touch.

mod bench;
mod freedoms;
mod guard;
mod left_behind;
mod liar;
mod manners;
mod matrix;
mod okta_suite;
mod once;
mod outcomes;
mod ownership;
mod quick;
mod settling;
mod silence;
mod sockets;
mod together;
mod variants;
