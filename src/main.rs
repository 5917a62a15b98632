//! The `scim-conform` command.
fn main() {}
