//! What differs between the kinds of Okta app, and how profiles are mapped: data read from
//! `scenarios/okta/apps.yaml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::selector::Selector;
use super::{App, LoadError};

/// The verb of a trait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Read, merge, PUT.
    Put,
    /// PATCH.
    Patch,
}

/// How one kind of app writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Traits {
    /// Activation and deactivation.
    pub state: Verb,
    /// Passwords.
    pub password: Verb,
    /// Profile updates.
    pub profile: Verb,
    /// Groups.
    pub groups: Verb,
}

/// One line of the attribute mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// Okta app attribute.
    pub from: String,
    /// Place in the SCIM resource.
    pub to: Selector,
}

/// Everything in `apps.yaml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apps {
    traits: BTreeMap<App, Traits>,
    /// Members in one PATCH.
    pub member_batch: usize,
    /// Okta's step through a list.
    pub page_size: u64,
    /// Attribute mapping, in the key order of a create.
    pub mapping: Vec<Mapped>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct AppsFile {
    apps: BTreeMap<App, Traits>,
    member_batch: usize,
    page_size: u64,
    mapping: Vec<MappedLine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MappedLine {
    from: String,
    to: String,
    namespace: Option<String>,
}

impl Apps {
    /// Reads `apps.yaml`.
    ///
    /// # Errors
    /// When the text is not such a file.
    pub fn read(text: &str) -> Result<Self, LoadError> {
        let file: AppsFile = super::read_yaml("apps.yaml", text)?;
        let mapping = file
            .mapping
            .into_iter()
            .map(|line| {
                let to: Selector = line
                    .to
                    .parse()
                    .map_err(|e| LoadError::new("apps.yaml", &e))?;
                Ok(Mapped {
                    from: line.from,
                    to: to.within(line.namespace),
                })
            })
            .collect::<Result<_, LoadError>>()?;
        for app in App::ALL {
            if !file.apps.contains_key(&app) {
                return Err(LoadError::new("apps.yaml", &format!("no traits for {app}")));
            }
        }
        if file.member_batch == 0 || file.page_size == 0 {
            return Err(LoadError::new(
                "apps.yaml",
                &"member-batch and page-size must be above 0",
            ));
        }
        Ok(Self {
            traits: file.apps,
            member_batch: file.member_batch,
            page_size: file.page_size,
            mapping,
        })
    }

    /// The traits of one kind of app.
    #[must_use]
    pub fn traits(&self, app: App) -> Traits {
        // The file is refused that does not have all of them.
        #[allow(clippy::indexing_slicing)]
        self.traits[&app]
    }
}
