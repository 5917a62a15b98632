//! Snapshot files: a YAML head, a line `---`, the transcript. It is the format of the `insta`
//! crate, so that its tools can show and accept the files.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use serde::Deserialize;

use super::transcript::Transcript;

/// The version of the transcript's format that this code writes.
const FORMAT: u32 = 2;

/// The largest snapshot file that is read, in bytes.
const SIZE_LIMIT: u64 = 64 * 1024 * 1024;

const FENCE: &str = "---\n";

/// Where the transcript begins in a file that this code writes: after two fences and five lines.
pub(super) const FIRST_LINE: usize = 8;

/// A snapshot as it stands in a file. The head names no app, so that apps can share a file, and
/// nothing that changes with a release of the tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotFile {
    /// The scenario's id.
    pub scenario: String,
    /// The scenario's title.
    pub title: String,
    /// The transcript's text, without a line feed at its end.
    pub body: String,
    /// The line of the file in which the transcript begins.
    pub(super) first: usize,
}

/// Why a text is no snapshot file that this release reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct FileError {
    /// 1-based, in the file.
    pub line: usize,
    /// What is wrong, and what to do about it.
    pub problem: String,
}

impl FileError {
    fn new(line: usize, problem: impl Into<String>) -> Self {
        let problem = problem.into();
        Self { line, problem }
    }
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    description: String,
    info: Option<Info>,
}

#[derive(Deserialize)]
struct Info {
    format: Option<u32>,
    #[serde(default)]
    scenario: String,
}

impl SnapshotFile {
    /// The snapshot of a transcript.
    #[must_use]
    pub fn new(scenario: &str, title: &str, transcript: &Transcript) -> Self {
        Self {
            scenario: scenario.to_owned(),
            title: title.to_owned(),
            body: transcript.render(),
            first: FIRST_LINE,
        }
    }

    /// The bytes of the file; equal snapshots give equal bytes.
    #[must_use]
    pub fn render(&self) -> String {
        let source = quoted(&format!("scenarios/{}.yaml", self.scenario));
        let description = quoted(&self.title);
        let scenario = quoted(&self.scenario);
        format!(
            "{FENCE}source: {source}\ndescription: {description}\ninfo:\n  format: {FORMAT}\n  \
             scenario: {scenario}\n{FENCE}{}\n",
            self.body
        )
    }

    /// Reads what [`SnapshotFile::render`] wrote, also after insta's tools or a checkout with
    /// Windows line ends rewrote it. Unknown keys of the head are ignored.
    ///
    /// # Errors
    /// When it has no readable head, or another format. The transcript is not looked at; see
    /// [`SnapshotFile::transcript`].
    pub fn parse(text: &str) -> Result<Self, FileError> {
        let text = text.replace("\r\n", "\n");
        let no_head = || FileError::new(1, "it does not begin with a head between two lines `---`");
        let rest = text.strip_prefix(FENCE).ok_or_else(no_head)?;
        let (head, body) = rest.split_once(&format!("\n{FENCE}")).ok_or_else(no_head)?;
        // The head begins in the second line, the transcript after the second fence.
        let of_format = head.lines().position(|l| l.trim().starts_with("format:"));
        let of_format = of_format.map_or(1, |line| line.saturating_add(2));
        let first = head.lines().count().saturating_add(3);
        let head: Head = serde_saphyr::from_str(head).map_err(|error| {
            let line = error.location().map_or(0, |at| at.line() as usize);
            let problem = error.to_string();
            let problem = problem.lines().next().unwrap_or_default();
            FileError::new(
                line.saturating_add(1).max(2),
                format!("its head cannot be read: {problem}"),
            )
        })?;
        let info = head.info.unwrap_or(Info {
            format: None,
            scenario: String::new(),
        });
        match info.format {
            Some(format) if format > FORMAT => Err(FileError::new(
                of_format,
                format!("it has format {format}, this release knows formats up to {FORMAT}"),
            )),
            Some(format) if format < FORMAT => Err(FileError::new(
                of_format,
                format!(
                    "it has format {format} of an earlier release, which cannot be compared any \
                     more: accept it anew with --update-snapshots"
                ),
            )),
            _ => Ok(Self {
                scenario: info.scenario,
                title: head.description,
                body: body.trim_end_matches('\n').to_owned(),
                first,
            }),
        }
    }

    /// The transcript in it.
    ///
    /// # Errors
    /// The first line that does not fit.
    pub fn transcript(&self) -> Result<Transcript, FileError> {
        Transcript::parse(&self.body).map_err(|error| {
            let before = self.first.saturating_sub(1);
            FileError::new(before.saturating_add(error.line), error.problem)
        })
    }
}

/// A YAML double-quoted scalar: JSON's escapes are a subset of YAML's (YAML 1.2.2, 5.7).
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Reads a file, if there is one. A file beyond the size limit is an error.
pub(super) fn read(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(SIZE_LIMIT + 1).read_to_string(&mut text)?;
    if text.len() as u64 > SIZE_LIMIT {
        return Err(io::Error::other("the file is too large for a snapshot"));
    }
    Ok(Some(text))
}

/// Replaces a file as a whole: whoever reads it sees the old text or the new one.
pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".snapshot-");
    // A temporary file is private by default, but a snapshot is for everybody the umask allows.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}

/// Removes a file, if there is one; says whether there was.
pub(super) fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> SnapshotFile {
        SnapshotFile {
            scenario: "rename/login-and-email".to_owned(),
            title: "\"Quoted\": title - with é # and '".to_owned(),
            body: "=== 1 assign ada\n> GET /Users\n< 200".to_owned(),
            first: FIRST_LINE,
        }
    }

    #[test]
    fn parsing_is_the_inverse_of_rendering() {
        assert_eq!(SnapshotFile::parse(&file().render()), Ok(file()));
        let windows = file().render().replace('\n', "\r\n");
        assert_eq!(SnapshotFile::parse(&windows), Ok(file()));
    }

    #[test]
    fn the_bytes_of_a_file() {
        insta::assert_snapshot!(file().render(), @r#"
        ---
        source: "scenarios/rename/login-and-email.yaml"
        description: "\"Quoted\": title - with é # and '"
        info:
          format: 2
          scenario: "rename/login-and-email"
        ---
        === 1 assign ada
        > GET /Users
        < 200
        "#);
    }

    #[test]
    fn what_cannot_be_read_is_named_by_line_and_reason() {
        let whole = file().render();
        for (text, told) in [
            (
                String::new(),
                "line 1: it does not begin with a head between two lines `---`",
            ),
            (
                "---\nsource: x\n".to_owned(),
                "line 1: it does not begin with a head between two lines `---`",
            ),
            (
                "---\ninfo:\n  format: 3\n---\nx\n".to_owned(),
                "line 3: it has format 3, this release knows formats up to 2",
            ),
            (
                whole.replace("format: 2", "format: 1"),
                "line 5: it has format 1 of an earlier release, which cannot be compared any more: \
                 accept it anew with --update-snapshots",
            ),
            (
                whole.replace("< 200", "< twohundred"),
                "line 10: expected a status code",
            ),
        ] {
            let read = SnapshotFile::parse(&text).and_then(|file| file.transcript());
            assert_eq!(read.unwrap_err().to_string(), told, "{text}");
        }
        let head = SnapshotFile::parse("---\nsource: x\n: [\n---\nx\n").unwrap_err();
        assert!(head.line >= 2, "{head}");
        assert!(
            head.problem.starts_with("its head cannot be read: "),
            "{head}"
        );
    }

    #[test]
    fn a_head_as_insta_writes_it_is_read() {
        let file = SnapshotFile::parse("---\nsource: a.rs\nexpression: x\n---\n=== 1\n").unwrap();
        assert_eq!(file.body, "=== 1");
    }
}
