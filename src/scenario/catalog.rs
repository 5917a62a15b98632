//! The scenarios that there are: those in the binary, or those of a folder.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::document::{self, Diagnostic, Diagnostics, Look, Severity, Source};
use crate::embedded;

use super::{Context, Scenario, ScenarioId, read};

/// Folders of a catalogue that hold something else than scenarios.
pub(super) const RESERVED: [&str; 2] = ["okta", "vendors"];

/// How deep folders may stand in each other.
const MAX_DEPTH: usize = 16;

/// How many files a catalogue may have.
const MAX_FILES: usize = 10_000;

/// All scenarios, sorted by id.
#[derive(Clone, Debug)]
pub struct Catalog {
    scenarios: Vec<Scenario>,
    warnings: Vec<Diagnostic>,
}

/// A catalogue that does not load: everything that is wrong with all of its files.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", document::render(.diagnostics, Look::default()))]
pub struct CatalogError {
    diagnostics: Vec<Diagnostic>,
}

impl CatalogError {
    /// Every mistake, file by file; at least one is an error.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
}

impl Catalog {
    /// The catalogue that the binary carries.
    ///
    /// # Errors
    ///
    /// A file with a mistake; a test keeps such files out of a release.
    pub fn embedded(context: Context<'_>) -> Result<Self, CatalogError> {
        let mut loading = Loading::new(context);
        for (path, text) in embedded::SCENARIOS {
            loading.file(path, path, text.as_bytes());
        }
        loading.finish("scenarios")
    }

    /// The catalogue below a folder. Its subfolders `okta` and `vendors`, hidden files and
    /// files other than `*.yaml` are passed over.
    ///
    /// # Errors
    ///
    /// No scenario at all, a file or folder that cannot be read, or a file with a mistake.
    pub fn from_folder(folder: &Path, context: Context<'_>) -> Result<Self, CatalogError> {
        let mut loading = Loading::new(context);
        let mut walk = Walk::default();
        walk.folder(folder, "", &mut loading);
        walk.files.sort();
        for (id, path) in walk.files {
            let name = path.display().to_string();
            match read_bounded(&path) {
                Ok(bytes) => loading.file(&id, &name, &bytes),
                Err(error) => loading.refuse(&name, format!("cannot read the file: {error}")),
            }
        }
        loading.finish(&folder.display().to_string())
    }

    /// The scenarios, sorted by id.
    #[must_use]
    pub fn scenarios(&self) -> &[Scenario] {
        &self.scenarios
    }

    /// What is odd about the files without keeping them from loading.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }
}

/// A catalogue under construction.
struct Loading<'a> {
    context: Context<'a>,
    scenarios: Vec<Scenario>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Loading<'a> {
    fn new(context: Context<'a>) -> Self {
        Self {
            context,
            scenarios: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    /// Takes a file in: `id` is its path below the catalogue, `name` the one to report.
    fn file(&mut self, id: &str, name: &str, bytes: &[u8]) {
        let source = match Source::read(name, bytes) {
            Ok(source) => source,
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                return;
            }
        };
        let id = ScenarioId(id.strip_suffix(".yaml").unwrap_or(id).to_owned());
        let mut diagnostics = Diagnostics::new(&source);
        let scenario = read(id, &source, self.context, &mut diagnostics);
        self.scenarios.extend(scenario);
        self.diagnostics.extend(diagnostics.into_sorted());
    }

    /// Reports something about a file or folder as a whole.
    fn refuse(&mut self, name: &str, message: String) {
        let source = Source::new(name, "");
        let diagnostic = Diagnostic::error(&source, 0..0, message);
        self.diagnostics.push(diagnostic);
    }

    fn finish(mut self, name: &str) -> Result<Catalog, CatalogError> {
        if self.scenarios.is_empty() && self.diagnostics.is_empty() {
            self.refuse(name, "there is no scenario in this folder".to_owned());
        }
        let is_error = |one: &Diagnostic| one.severity() == Severity::Error;
        if self.diagnostics.iter().any(is_error) {
            return Err(CatalogError {
                diagnostics: self.diagnostics,
            });
        }
        self.scenarios.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Catalog {
            scenarios: self.scenarios,
            warnings: self.diagnostics,
        })
    }
}

/// The files below a folder. Links are followed, but no folder is entered twice.
#[derive(Default)]
struct Walk {
    /// Path below the catalogue with `/`, and the real path.
    files: Vec<(String, PathBuf)>,
    entered: HashSet<PathBuf>,
}

impl Walk {
    fn folder(&mut self, folder: &Path, id: &str, loading: &mut Loading<'_>) {
        let name = folder.display().to_string();
        let entries = match self.enter(folder) {
            Ok(Some(entries)) => entries,
            Ok(None) => return,
            Err(_) if folder.is_file() => {
                let message = "this is a file; name the folder that it is in".to_owned();
                loading.refuse(&name, message);
                return;
            }
            Err(error) => {
                loading.refuse(&name, format!("cannot read the folder: {error}"));
                return;
            }
        };
        if id.split('/').count() > MAX_DEPTH {
            let message = format!("folders stand in each other deeper than {MAX_DEPTH} levels");
            loading.refuse(&name, message);
            return;
        }
        for path in entries {
            self.entry(&path, id, loading);
        }
    }

    fn entry(&mut self, path: &Path, folder: &str, loading: &mut Loading<'_>) {
        let shown = path.display().to_string();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            loading.refuse(&shown, "the file name is not UTF-8".to_owned());
            return;
        };
        if name.starts_with('.') {
            return;
        }
        let id = if folder.is_empty() {
            name.to_owned()
        } else {
            format!("{folder}/{name}")
        };
        if path.is_dir() {
            if !RESERVED.contains(&id.as_str()) {
                self.folder(path, &id, loading);
            }
        } else if name.ends_with(".yml") {
            let message = "scenario files end in `.yaml`, not `.yml`".to_owned();
            loading.refuse(&shown, message);
        } else if path.exists() && !path.is_file() {
            // A pipe would be waited for without end.
            if name.ends_with(".yaml") {
                loading.refuse(&shown, "this is no regular file".to_owned());
            }
        } else if name.ends_with(".yaml") {
            if self.files.len() < MAX_FILES {
                self.files.push((id, path.to_owned()));
            } else if self.files.len() == MAX_FILES {
                loading.refuse(&shown, format!("more than {MAX_FILES} scenario files"));
            }
        }
    }

    /// The entries of a folder, or `None` if it was entered before by another way.
    fn enter(&mut self, folder: &Path) -> io::Result<Option<Vec<PathBuf>>> {
        if !self.entered.insert(folder.canonicalize()?) {
            return Ok(None);
        }
        let mut entries = fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<Vec<_>>>()?;
        entries.sort();
        Ok(Some(entries))
    }
}

/// The bytes of a file, or one more than [`document::MAX_BYTES`] of them: what comes
/// after is never read, and [`Source::read`] refuses the file.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let limit = u64::try_from(document::MAX_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}
