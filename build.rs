//! Writes the lists of files below `scenarios/` that the binary carries.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Folders below `scenarios/` that hold something else than scenarios, and their lists.
const OTHERS: [(&str, &str, &str); 1] = [(
    "okta",
    "OKTA_FILES",
    "What Okta sends: the apps and the jobs that admin actions start.",
)];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("scenarios");
    println!("cargo::rerun-if-changed=scenarios");
    let mut files = Vec::new();
    collect(&root, &root, "yaml", &mut files)?;
    files.sort();

    let mut code = String::new();
    for (folder, name, doc) in OTHERS {
        let prefix = format!("{folder}/");
        let (listed, rest) = files
            .into_iter()
            .partition(|file: &String| file.starts_with(&prefix));
        files = rest;
        let without: Vec<(String, String)> = listed
            .into_iter()
            .map(|file: String| (file.trim_start_matches(&prefix).to_owned(), file))
            .collect();
        list(&mut code, name, doc, &root, &without)?;
    }
    let scenarios: Vec<(String, String)> =
        files.into_iter().map(|file| (file.clone(), file)).collect();
    list(&mut code, "SCENARIOS", "The catalogue.", &root, &scenarios)?;
    references(&mut code)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("embedded.rs"), code)?;
    Ok(())
}

/// The snapshots of the reference run, if there are any yet.
fn references(code: &mut String) -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("snapshots/reference");
    println!("cargo::rerun-if-changed=snapshots");
    let mut files = Vec::new();
    if root.is_dir() {
        collect(&root, &root, "snap", &mut files)?;
    }
    files.sort();
    let files: Vec<(String, String)> = files.into_iter().map(|file| (file.clone(), file)).collect();
    list(
        code,
        "REFERENCES",
        "The snapshots of the reference run.",
        &root,
        &files,
    )
}

/// All files below `folder` that end in `ending`, as paths from `root` with `/` between the names.
fn collect(
    root: &Path,
    folder: &Path,
    ending: &str,
    files: &mut Vec<String>,
) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            println!("cargo::rerun-if-changed={}", path.display());
            collect(root, &path, ending, files)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == ending)
        {
            let names: Vec<&str> = path
                .strip_prefix(root)?
                .iter()
                .map(|name| name.to_str().ok_or("a file name is not UTF-8"))
                .collect::<Result<_, _>>()?;
            files.push(names.join("/"));
        }
    }
    Ok(())
}

fn list(
    code: &mut String,
    name: &str,
    doc: &str,
    root: &Path,
    files: &[(String, String)],
) -> Result<(), Box<dyn Error>> {
    writeln!(code, "/// {doc} Path below its folder, and text.")?;
    writeln!(code, "pub static {name}: &[(&str, &str)] = &[")?;
    for (shown, file) in files {
        let path = root.join(file);
        let path = path
            .to_str()
            .ok_or("the path of the sources is not UTF-8")?;
        writeln!(code, "    ({shown:?}, include_str!({path:?})),")?;
    }
    writeln!(code, "];")?;
    Ok(())
}
