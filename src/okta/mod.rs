//! Okta as a SCIM client: the org, the jobs that admin actions start, the requests of a job.

pub mod app;
pub mod body;
pub mod drive;
mod form;
pub mod job;
pub mod org;
pub mod reading;
pub mod request;
pub mod retry;
pub mod selector;
pub mod task;
pub mod variant;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::embedded::OKTA_FILES;

pub use variant::{Variant, Variants};

/// Which kind of Okta app integration talks. What differs between them is data
/// (`scenarios/okta/apps.yaml`), never a branch in a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum App {
    /// Made with the App Integration Wizard: state, profile and groups by PUT.
    #[serde(alias = "aiw")]
    Custom,
    /// From the catalogue, and the SCIM 2.0 template apps: state and groups by PATCH, profile by PUT.
    #[serde(alias = "test-app", alias = "template")]
    Oin,
}

impl App {
    /// Both, in the order in which they are reported.
    pub const ALL: [Self; 2] = [Self::Custom, Self::Oin];

    /// `custom` or `oin`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Custom => "custom",
            Self::Oin => "oin",
        }
    }
}

impl fmt::Display for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How we know that Okta behaves so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// Concluded from the others; never seen.
    Inferred,
    /// Told by somebody who ran a server against Okta.
    Reported,
    /// Written in Okta's documentation, knowledge base or test suites.
    Documented,
    /// Seen in a trace of a real Okta tenant.
    Recorded,
}

impl Evidence {
    /// The word in files and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inferred => "inferred",
            Self::Reported => "reported",
            Self::Documented => "documented",
            Self::Recorded => "recorded",
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A file of Okta's behaviour that cannot be read; only a broken build shows it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("scenarios/okta/{file}: {reason}")]
pub struct LoadError {
    file: String,
    reason: String,
}

impl LoadError {
    fn new(file: &str, reason: &dyn fmt::Display) -> Self {
        Self {
            file: file.to_owned(),
            reason: reason.to_string(),
        }
    }
}

fn read_yaml<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<T, LoadError> {
    serde_saphyr::from_str(text).map_err(|e| LoadError::new(file, &e))
}

/// Okta's behaviour as data: the apps and the jobs.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// Traits, mapping, sizes.
    pub apps: app::Apps,
    /// The jobs.
    pub jobs: job::Jobs,
}

impl Behaviour {
    /// Reads the embedded files.
    ///
    /// # Errors
    /// When one of them is broken.
    pub fn embedded() -> Result<Self, LoadError> {
        Ok(Self {
            apps: app::Apps::read(embedded_apps())?,
            jobs: job::Jobs::read(OKTA_FILES)?,
        })
    }
}

fn embedded_apps() -> &'static str {
    OKTA_FILES
        .iter()
        .find(|(name, _)| *name == "apps.yaml")
        .map_or("", |(_, text)| text)
}
