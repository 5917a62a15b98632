//! Pages, and parts of pages, that are made from what the program knows. A test fails when one is out of date;
//! with `UPDATE_DOCS=1` it writes it anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Two parts of one file are not written at the same time.
static WRITING: Mutex<()> = Mutex::new(());

/// A file of the repository.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Its text, with line ends as they are committed.
pub(crate) fn text(name: &str) -> String {
    let path = path(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text.replace("\r\n", "\n")
}

/// Holds that `part`, between `<!-- marker -->` and `<!-- end of marker -->`, is `wanted`, apart from what
/// `essence` leaves out.
pub(crate) fn holds(name: &str, marker: &str, wanted: &str, essence: fn(&str) -> String) {
    let _alone = WRITING.lock();
    let text = text(name);
    let start = format!("<!-- {marker} -->\n");
    let end = format!("<!-- end of {marker} -->\n");
    let parts = text
        .split_once(&start)
        .and_then(|(before, rest)| Some((before, rest.split_once(&end)?)));
    let Some((before, (part, after))) = parts else {
        panic!("{name} has no {start}");
    };
    if essence(part) == essence(wanted) {
        return;
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path(name), format!("{before}{start}{wanted}{end}{after}")).unwrap();
        return;
    }
    let (part, wanted) = (essence(part), essence(wanted));
    let differs = part.lines().zip(wanted.lines()).find(|(a, b)| a != b);
    panic!(
        "{name} is out of date ({differs:?}); UPDATE_DOCS=1 cargo test --test docs --test readme writes it anew"
    );
}
