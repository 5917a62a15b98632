//! Extension schemas from files, each as `/Schemas/{urn}` serves one (RFC 7643, 7).

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::report::text::printable;
use crate::scim::schema::Schema;
use crate::server::ResourceTypes;

use super::super::super::backend::Refusal;
use super::usage;

/// Most bytes of a file.
const MOST_BYTES: u64 = 1024 * 1024;

/// The resource types with these extensions. A file may hold one schema, or an array of them.
///
/// # Errors
/// [`Refusal::Usage`] with the file and the place of the mistake.
pub(super) fn load(files: &[PathBuf]) -> Result<ResourceTypes, Refusal> {
    let mut types = ResourceTypes::default();
    for file in files {
        let document = read(file)?;
        let single = std::slice::from_ref(&document);
        for document in document.as_array().map_or(single, Vec::as_slice) {
            let schema = Schema::from_document(document).map_err(|e| refused(file, &e))?;
            types = types
                .with_extension(schema)
                .map_err(|e| refused(file, &e))?;
        }
    }
    Ok(types)
}

fn read(file: &Path) -> Result<Value, Refusal> {
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).map_err(|e| refused(file, &e))?;
    opened
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| refused(file, &e))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(refused(file, &format!("larger than {MOST_BYTES} bytes")));
    }
    serde_json::from_slice(&bytes).map_err(|e| refused(file, &format!("not JSON: {e}")))
}

fn refused(file: &Path, problem: &dyn std::fmt::Display) -> Refusal {
    let file = file.display().to_string();
    usage(
        &format!("--extension {}: {problem}", printable(&file)),
        Some("give a schema as /Schemas serves one: scim-conform serve, then GET /Schemas/{urn}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(text: &str) -> Result<ResourceTypes, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("badge.json");
        std::fs::write(&file, text).unwrap();
        load(&[file]).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn a_file_holds_one_schema_or_several() {
        let badge = r#"{"id": "urn:acme:badge:1.0:User", "attributes": [{"name": "number"}]}"#;
        assert!(loaded(badge).is_ok());
        let other = badge.replace("badge", "desk");
        assert!(loaded(&format!("[{badge}, {other}]")).is_ok());
        let twice = loaded(&format!("[{badge}, {badge}]")).unwrap_err();
        assert!(
            twice.ends_with("the schema urn:acme:badge:1.0:User is there already"),
            "{twice}"
        );
    }

    #[test]
    fn a_mistake_is_told_with_its_file() {
        for (text, problem) in [
            ("{", "badge.json: not JSON: EOF"),
            ("{}", "badge.json: id: is missing"),
            (
                r#"{"id": "urn:x:y", "attributes": 7}"#,
                "badge.json: attributes: must be an array",
            ),
        ] {
            let refusal = loaded(text).unwrap_err();
            assert!(refusal.contains(problem), "{refusal}");
        }
        let missing = load(&[PathBuf::from("nowhere.json")])
            .unwrap_err()
            .to_string();
        assert!(
            missing.starts_with("--extension nowhere.json: "),
            "{missing}"
        );
    }
}
