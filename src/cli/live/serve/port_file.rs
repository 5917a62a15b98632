//! The file that tells scripts where the server listens: there as long as it does.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::report::file;

use super::super::super::backend::Refusal;
use super::super::world;

/// A port file; it is removed when this is dropped, unless somebody else has written it since.
pub(super) struct PortFile {
    path: PathBuf,
    text: String,
}

impl PortFile {
    /// Writes the port, and behind a blank the port of the admin face, if there is one: plain
    /// text, so that `$(cat FILE)` and `read PORT ADMIN < FILE` are all that it takes.
    pub(super) fn write(
        path: &Path,
        address: SocketAddr,
        admin: Option<SocketAddr>,
    ) -> Result<Self, Refusal> {
        let text = match admin {
            None => format!("{}\n", address.port()),
            Some(admin) => format!("{} {}\n", address.port(), admin.port()),
        };
        file::write(path, &text).map_err(|e| world(&e, None))?;
        Ok(Self {
            path: path.to_owned(),
            text,
        })
    }
}

impl Drop for PortFile {
    fn drop(&mut self) {
        if fs::read_to_string(&self.path).is_ok_and(|text| text == self.text) {
            // A file that cannot be removed harms nobody more than that.
            let _ = fs::remove_file(&self.path);
        }
    }
}
