//! Jobs: the flat lists of guarded requests that admin actions start, read from
//! `scenarios/okta/*.yaml`. A job is data; [`super::drive`] carries it out.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::app::{Traits, Verb};
use super::{App, Evidence, LoadError, Variant, Variants};

/// The jobs by name, as the files are called.
#[derive(Clone, Debug, Default)]
pub struct Jobs(BTreeMap<String, Job>);

impl Jobs {
    /// Reads `(file name, text)` pairs; `apps.yaml` is skipped.
    ///
    /// # Errors
    /// When a file is not a job.
    pub fn read(files: &[(&str, &str)]) -> Result<Self, LoadError> {
        let mut jobs = BTreeMap::new();
        for (file, text) in files {
            let name = file
                .rsplit('/')
                .next()
                .unwrap_or(file)
                .trim_end_matches(".yaml");
            if name == "apps" {
                continue;
            }
            let mut job: Job = super::read_yaml(file, text)?;
            name.clone_into(&mut job.name);
            jobs.insert(name.to_owned(), job);
        }
        Ok(Self(jobs))
    }

    /// The job of that name.
    ///
    /// # Errors
    /// When no file defines it.
    pub fn get(&self, name: &str) -> Result<&Job, LoadError> {
        self.0
            .get(name)
            .ok_or_else(|| LoadError::new(name, &"no such job"))
    }

    /// All jobs.
    pub fn iter(&self) -> impl Iterator<Item = &Job> {
        self.0.values()
    }
}

/// One job.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Job {
    /// The file's name.
    #[serde(skip)]
    pub name: String,
    /// For people.
    pub title: String,
    /// What it sends, in order; those whose guard does not hold are left out.
    pub requests: Vec<Template>,
    /// Matches that end the job, with the text that the admin sees.
    #[serde(default)]
    pub stops: BTreeMap<MatchWord, String>,
    /// The text that the admin sees when a request fails.
    pub fails: String,
}

/// One guarded request of a job.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Template {
    /// Its place in the job, for reports and snapshots.
    pub slot: String,
    /// What is sent.
    pub send: Send,
    /// When it is sent.
    #[serde(default)]
    pub when: When,
    /// Its answer decides the match.
    #[serde(default)]
    pub reads: Option<Reads>,
    /// Success links the subject to the id.
    #[serde(default)]
    pub links: bool,
    /// Success removes the link.
    #[serde(default)]
    pub unlinks: bool,
    /// How we know.
    pub evidence: EvidenceBy,
    /// The text that the admin sees when it fails, in place of the job's.
    #[serde(default)]
    pub fails: Option<String>,
}

/// What an answer is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reads {
    /// How many resources a look-up found.
    Match,
}

/// What a template sends.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Send {
    /// `GET /Users?startIndex=1&count=2`.
    ProbeUsers,
    /// `GET /Groups?startIndex=1&count=100`.
    ProbeGroups,
    /// `GET /Users?filter=userName eq ...`.
    LookUpUser,
    /// `POST /Users`.
    CreateUser,
    /// `GET /Users/{id}`.
    GetUser,
    /// `GET /Groups?filter=displayName eq ...`.
    LookUpGroup,
    /// `POST /Groups`.
    CreateGroup,
    /// `GET /Groups/{id}`.
    GetGroup,
    /// `DELETE /Groups/{id}`.
    DeleteGroup,
    /// All pages of `/Users`.
    ImportUsers,
    /// All pages of `/Groups`.
    ImportGroups,
    /// `GET /ResourceTypes`.
    ResourceTypes,
    /// `GET /Schemas`.
    Schemas,
    /// All pages of the endpoints of roles and entitlements.
    ImportEntitlements,
    /// PUT: of a user the target's own GET answer with something changed, of a group all that Okta knows.
    Put(PutOf),
    /// PATCH.
    Patch(PatchOf),
}

/// What a merged PUT changes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum PutOf {
    /// The state flag.
    Active {
        /// Its new value.
        active: bool,
    },
    /// Something named.
    Named(PutName),
}

/// What a merged PUT changes, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PutName {
    /// The mapped attributes that have changed.
    Profile,
    /// All mapped attributes, of a user who is linked or comes back.
    Link,
    /// The password.
    Password,
    /// A group's name; of its members nobody leaves yet.
    GroupName,
    /// A group's name and exactly its members.
    Group,
}

/// What a PATCH changes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum PatchOf {
    /// The state flag, without a path.
    Active {
        /// Its new value.
        active: bool,
    },
    /// Something named.
    Named(PatchName),
}

/// What a PATCH changes, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PatchName {
    /// The mapped attributes, without a path (inferred).
    Profile,
    /// The password, without a path (shape inferred).
    Password,
    /// A group's name, without a path, with its id in the value.
    Name,
    /// Removes and adds of members since the last push, in batches.
    Members,
    /// All members, as a replacement.
    AllMembers,
}

/// Guards of a template; those given must all hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct When {
    #[serde(default, rename = "match")]
    matched: Option<OneOrMore<MatchWord>>,
    #[serde(default)]
    state: Option<Verb>,
    #[serde(default)]
    password: Option<Verb>,
    #[serde(default)]
    profile: Option<Verb>,
    #[serde(default)]
    groups: Option<Verb>,
    #[serde(default)]
    import_groups: Option<bool>,
    #[serde(default)]
    members_changed: Option<bool>,
    #[serde(default)]
    variant: Option<Variant>,
    #[serde(default)]
    without: Option<Variant>,
}

/// What guards are asked about.
#[derive(Clone, Copy, Debug)]
pub struct Situation {
    /// Those of the app, under the variants.
    pub traits: Traits,
    /// What differs from the default.
    pub variants: Variants,
    /// "Import Groups" is on.
    pub import_groups: bool,
    /// What the look-up of the job found; nobody, where it sends none.
    pub matched: MatchWord,
    /// Since the last push of the group members have come or left.
    pub members_changed: bool,
}

impl When {
    /// The variant that it belongs to.
    #[must_use]
    pub fn variant(&self) -> Option<Variant> {
        self.variant
    }

    /// Whether all given guards hold.
    #[must_use]
    pub fn holds(&self, now: Situation) -> bool {
        let (traits, variants) = (now.traits, now.variants);
        self.state.is_none_or(|v| v == traits.state)
            && self.password.is_none_or(|v| v == traits.password)
            && self.variant.is_none_or(|v| variants.has(v))
            && self.without.is_none_or(|v| !variants.has(v))
            && self.profile.is_none_or(|v| v == traits.profile)
            && self.groups.is_none_or(|v| v == traits.groups)
            && self.import_groups.is_none_or(|v| v == now.import_groups)
            && self
                .members_changed
                .is_none_or(|v| v == now.members_changed)
            && self
                .matched
                .as_ref()
                .is_none_or(|words| words.as_slice().contains(&now.matched))
    }
}

/// How many a look-up found, as a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatchWord {
    /// Nobody.
    None,
    /// One, with `active` true or absent.
    Active,
    /// One, with `active` false.
    Inactive,
    /// More than one.
    Many,
    /// The answer makes no sense to Okta.
    Unreadable,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

impl<T> OneOrMore<T> {
    fn as_slice(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(more) => more,
        }
    }
}

/// Evidence, for both kinds of app or by kind.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
pub enum EvidenceBy {
    /// The same for both.
    Both(Evidence),
    /// By kind.
    Each {
        /// Of the App Integration Wizard's apps.
        custom: Evidence,
        /// Of catalogue and template apps.
        oin: Evidence,
    },
}

impl EvidenceBy {
    /// The evidence for `app`.
    #[must_use]
    pub fn of(self, app: App) -> Evidence {
        match (self, app) {
            (Self::Both(evidence), _) => evidence,
            (Self::Each { custom, .. }, App::Custom) => custom,
            (Self::Each { oin, .. }, App::Oin) => oin,
        }
    }
}
