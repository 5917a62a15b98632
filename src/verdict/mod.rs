//! TODO verdict
