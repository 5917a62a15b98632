//! TODO scim
