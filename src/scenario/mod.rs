//! What the Okta admin does: the scenario model that files are read into.
//!
//! Texts may hold placeholders (`{run}`, `{ada.id}`); the engine fills them in.

pub mod catalog;
mod circumstance;
mod claim;
mod file;
mod import_groups;
mod lint;
pub mod placeholder;
mod risk;
mod scale;
mod scope;

use std::fmt;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::exchange::{Leave, Method};
pub use crate::okta::Variant;
use crate::okta::selector::Selector;
use crate::okta::{App, Evidence};

pub use circumstance::Circumstance;
pub use claim::Claim;
pub use file::{ATTRIBUTES, Context, LIST_ATTRIBUTES, SMALLEST_SCALE, read, schema};
pub use import_groups::ImportGroups;
pub use risk::Risk;

/// The path of a scenario file below its root, without `.yaml`: `rename/login-and-email`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScenarioId(pub String);

impl ScenarioId {
    /// The first folder of the path, or the whole id when there is none.
    #[must_use]
    pub fn folder(&self) -> &str {
        self.0
            .split_once('/')
            .map_or(&*self.0, |(folder, _)| folder)
    }

    /// Whether a scenario can be called so: segments in lower-case letters, digits and `-`, and no folder that holds
    /// something else.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.0.split('/').all(placeholder::is_key) && !catalog::RESERVED.contains(&self.folder())
    }
}

impl fmt::Display for ScenarioId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The name of a person or a group within one scenario: `ada`, `crew`.
pub type Key = String;

/// One scenario file.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its id.
    pub id: ScenarioId,
    /// What happens, for people.
    pub title: String,
    /// Why Okta's users need it to work; a sentence or two, may be empty.
    pub why: String,
    /// Words to select by.
    pub tags: Vec<String>,
    /// What is special about it, and how it is judged because of that. Its name and its folder say nothing of the kind.
    pub circumstances: Vec<Circumstance>,
    /// What a refusal that one of its steps allows is about, beside the request: part of a finding's facet.
    pub about: Option<String>,
    /// The kinds of app it runs under. A probe runs once, and [acts as](Self::acts_as) one of them.
    pub apps: Vec<App>,
    /// What must be there, or the scenario is not run.
    pub requires: Vec<Requirement>,
    /// Holds literal requests that Okta would not send; runs once, not once an app.
    pub probe: bool,
    /// Runs alone and last, because it lists everything.
    pub exclusive: bool,
    /// What Okta does otherwise in it than by default, whatever the user has chosen.
    pub variants: Vec<Variant>,
    /// The state of "Import Groups" in which it runs.
    pub import_groups: ImportGroups,
    /// Number of generated people `crowd-1` .. `crowd-N`; of a scenario that [scales](Self::scales), the fewest.
    pub crowd: u32,
    /// Runs once for each size that the user asks for, with a crowd of that size: `crowd: scale`.
    pub scales: bool,
    /// The people, by key.
    pub people: IndexMap<Key, PersonSpec>,
    /// The groups, by key.
    pub groups: IndexMap<Key, GroupSpec>,
    /// Table rows; the steps run once for each. Empty: the steps run once.
    pub cases: Vec<Case>,
    /// What the admin does, in order.
    pub steps: Vec<Step>,
}

impl Scenario {
    /// The app whose requests the `okta` steps of a probe send: the only one it names, else one from the catalogue.
    #[must_use]
    pub fn acts_as(&self) -> App {
        match self.apps.as_slice() {
            [app] => *app,
            _ => App::Oin,
        }
    }
}

/// What a scenario needs beside a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// A variant of Okta's behaviour that is off by default (`--variant NAME`).
    Variant(Variant),
    /// That variant is off: under it, other things would have to hold.
    WithoutVariant(Variant),
    /// Something that acts behind Okta's back.
    Outside,
    /// The target is said to offer it (`--claim NAME`).
    Claim(Claim),
    /// A second tenant, with a token of its own (`--other-target`).
    OtherTarget,
    /// What it does is not for any tenant: the user must allow it (`--allow NAME`).
    Allowed(Risk),
}

impl Requirement {
    /// The option of `run` that brings what is required; none where it is there unless an option takes it away.
    #[must_use]
    pub fn option(&self) -> Option<String> {
        Some(match self {
            Self::WithoutVariant(_) => return None,
            Self::Variant(variant) => format!("--variant {}", variant.as_str()),
            Self::Outside => "--hook".to_owned(),
            Self::Claim(claim) => format!("--claim {}", claim.as_str()),
            Self::OtherTarget => "--other-target".to_owned(),
            Self::Allowed(risk) => format!("--allow {}", risk.as_str()),
        })
    }
}

/// A person of the Okta directory, as written; absent values are filled in by the engine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PersonSpec {
    /// The Okta app username. Required by lint to hold `{run}`.
    pub login: Option<String>,
    /// The primary e-mail; `same` follows the login.
    pub email: Option<Email>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Further profile attributes by Okta's app attribute name (`title`, `department`, ...);
    /// null clears one.
    pub attributes: IndexMap<String, Value>,
}

/// A primary e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Email {
    /// The login.
    Same,
    /// This address.
    Address(String),
}

/// A group of the Okta directory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupSpec {
    /// Its name. Required by lint to hold `{run}`.
    pub name: Option<String>,
    /// Its members; `None` in a change leaves them.
    pub members: Option<Vec<Key>>,
}

/// One row of `cases:`.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Names the row; part of a finding's identity unless `facet` is given.
    pub id: String,
    /// What a finding of this row is about, when several rows share one cause.
    pub facet: Option<String>,
    /// The state of "Import Groups" that it is there for. What is found in it is about the scenario.
    pub import_groups: Option<bool>,
    /// People of this row, laid over the scenario's.
    pub people: IndexMap<Key, PersonSpec>,
    /// Groups of this row, laid over the scenario's.
    pub groups: IndexMap<Key, GroupSpec>,
}

impl Case {
    /// What a finding of this row is about: the facet, else the row itself.
    #[must_use]
    pub fn about(&self) -> Option<String> {
        let is_about_itself = self.import_groups.is_none();
        let itself = || is_about_itself.then(|| self.id.clone());
        self.facet.clone().or_else(itself)
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// An honest refusal (4xx, nothing changed) is a limitation, not a fault.
    pub may_refuse: bool,
    /// Only under this kind of app.
    pub only: Option<App>,
    /// How often in a row; 1 unless given.
    pub times: u32,
    /// The answer to a write of the step's job gets lost: Okta stops there, and the admin retries the task.
    pub lose_answer: Option<LoseAnswer>,
    /// 1-based line in the file.
    pub line: usize,
}

/// Which answer gets lost, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoseAnswer {
    /// The write of the job whose answer it is; 1 is the first.
    pub write: u32,
    /// When Okta goes away.
    pub leave: Leave,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// An admin action in Okta.
    Okta(OktaAction),
    /// Edits people and groups in the org, without pushing.
    Change {
        /// New values of people.
        people: IndexMap<Key, PersonSpec>,
        /// New values of groups.
        groups: IndexMap<Key, GroupSpec>,
    },
    /// What must now hold.
    Observe(Vec<Observe>),
    /// One literal request.
    Request(LiteralRequest),
    /// Accounts and groups that exist at the target already: made by plain requests, and not judged.
    Seed {
        /// Of whom.
        keys: Vec<Key>,
        /// Okta knows them already; otherwise it has yet to find them.
        linked: bool,
    },
    /// Done behind Okta's back.
    Outside(Outside),
    /// Several at once.
    Together(Vec<Step>),
}

/// Something done behind Okta's back, in the product itself: the operations that any service can offer
/// (`docs/admin-contract.md`).
#[derive(Clone, Debug, PartialEq)]
pub enum Outside {
    /// An account is made by hand: login, names and e-mail of the person, with these SCIM attributes laid over them;
    /// null leaves one out.
    CreateUser(Key, Map<String, Value>),
    /// SCIM attributes of an account change.
    UpdateUser(Key, Map<String, Value>),
    /// An account is deleted.
    DeleteUser(Key),
    /// A group is made by hand, with the members it has in the org.
    CreateGroup(Key),
    /// SCIM attributes of a group change.
    UpdateGroup(Key, Map<String, Value>),
    /// Accounts become members of a group.
    AddMembers(Key, Vec<Key>),
    /// Accounts leave a group.
    RemoveMembers(Key, Vec<Key>),
    /// A group is deleted.
    DeleteGroup(Key),
}

impl Outside {
    /// The operation's name in the contract.
    #[must_use]
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::CreateUser(..) => "create-user",
            Self::UpdateUser(..) => "update-user",
            Self::DeleteUser(_) => "delete-user",
            Self::CreateGroup(_) => "create-group",
            Self::UpdateGroup(..) => "update-group",
            Self::AddMembers(..) => "add-members",
            Self::RemoveMembers(..) => "remove-members",
            Self::DeleteGroup(_) => "delete-group",
        }
    }

    /// The person or group that it is about.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::CreateUser(key, _)
            | Self::UpdateUser(key, _)
            | Self::DeleteUser(key)
            | Self::CreateGroup(key)
            | Self::UpdateGroup(key, _)
            | Self::AddMembers(key, _)
            | Self::RemoveMembers(key, _)
            | Self::DeleteGroup(key) => key,
        }
    }
}

/// An admin action in Okta that may start a job. Several keys run one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OktaAction {
    /// "Test Connector Configuration" / "Test API Credentials".
    TestConnection,
    /// The integration is saved.
    SaveIntegration,
    /// Assign people to the app.
    Assign(Vec<Key>),
    /// Remove people from the app.
    Unassign(Vec<Key>),
    /// Deactivate people in Okta.
    Deactivate(Vec<Key>),
    /// Suspend people in Okta; sends nothing.
    Suspend(Vec<Key>),
    /// Activate people in Okta again and assign them.
    Reactivate(Vec<Key>),
    /// Push the profile after a change.
    PushProfile(Vec<Key>),
    /// Set a new password and sync it.
    SyncPassword(Vec<Key>),
    /// Push a group: create, or link by name, or send what changed.
    PushGroup(Vec<Key>),
    /// "Push now": the whole membership, as a replacement.
    PushGroupNow(Vec<Key>),
    /// Unlink a pushed group.
    UnlinkGroup {
        /// Which.
        group: Key,
        /// "Delete the group in the target app" is chosen.
        delete: bool,
    },
    /// Import users.
    ImportUsers,
    /// Import groups.
    ImportGroups,
    /// "Import User Schema".
    ImportSchema,
    /// Entitlement management is switched on, or its entitlements are read again.
    ImportEntitlements,
}

/// Something that must hold at the target.
#[derive(Clone, Debug, PartialEq)]
pub enum Observe {
    /// About a person's account.
    Person {
        /// Who.
        key: Key,
        /// What must hold.
        must: Vec<PersonMust>,
    },
    /// About a group.
    Group {
        /// Which.
        key: Key,
        /// What must hold.
        must: Vec<GroupMust>,
    },
}

/// What must hold for a person's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonMust {
    /// The id is the one of the first assignment.
    SameId,
    /// `active` is this.
    Active(bool),
    /// Nobody is found by the login before the last change.
    FormerLoginFree,
    /// A look-up with the login in another case finds the same account.
    FoundInOtherCase,
    /// A look-up by login finds this many accounts.
    Accounts(u64),
}

/// What must hold for a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupMust {
    /// The id is the one of the first push.
    SameId,
    /// Exactly these members.
    Members(Vec<Key>),
    /// Nothing is found by the name before the last change.
    FormerNameFree,
    /// The group is gone: 404 by id, nothing by name.
    Gone,
}

/// One literal HTTP request of a probe.
#[derive(Clone, Debug, PartialEq)]
pub struct LiteralRequest {
    /// The method.
    pub method: Method,
    /// Path and query below the base URL, with placeholders, percent-encoded by the author.
    pub path: String,
    /// Headers that replace or join Okta's.
    pub headers: IndexMap<String, String>,
    /// Body text, with placeholders.
    pub body: Option<String>,
    /// The credentials to send.
    pub token: TokenForm,
    /// Goes to the second tenant, with the token of that one.
    pub to_other: bool,
    /// How it is known that Okta sends it, or that what it shows reaches Okta.
    pub evidence: Evidence,
    /// What must come back.
    pub expect: Box<Expect>,
}

/// Which `Authorization` a literal request carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenForm {
    /// The right one.
    #[default]
    Right,
    /// No header.
    None,
    /// `Bearer` and a wrong token.
    Wrong,
    /// The header with an empty value after `Bearer`.
    Empty,
    /// A word that is no scheme.
    Malformed,
    /// The right one, without its scheme.
    Bare,
    /// The right one, with its scheme in lower case.
    LowerCase,
    /// The right one, two blanks behind its scheme.
    TwoBlanks,
}

impl TokenForm {
    /// The word in scenario files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::None => "none",
            Self::Wrong => "wrong",
            Self::Empty => "empty",
            Self::Malformed => "malformed",
            Self::Bare => "bare",
            Self::LowerCase => "lower-case",
            Self::TwoBlanks => "two-blanks",
        }
    }
}

/// What a literal request must get back.
#[derive(Clone, Debug, PartialEq)]
pub struct Expect {
    /// Acceptable statuses: exact (`409`) or a class (`4xx` as 400..=499).
    pub status: Vec<StatusPattern>,
    /// The check that a mismatch belongs to; must be in the registry.
    pub check: String,
    /// What a finding is about; the scenario's last path segment unless given.
    pub facet: Option<String>,
    /// `totalResults` of a list answer.
    pub total: Option<u64>,
    /// What must stand in the body, by JSON pointer (RFC 6901).
    pub body: Vec<(String, Wanted)>,
    /// The answer must be complete within this time.
    pub within: Option<Duration>,
    /// People and groups that must be as they were before.
    pub unchanged: Vec<Key>,
    /// A 2xx with a new resource names this person's account, or this group, from now on.
    pub creates: Option<Key>,
    /// The people and groups that a list answered with success holds, and nobody else.
    pub finds: Option<Vec<Key>>,
    /// What a resource must show when it is read after a success.
    pub shows: Vec<Shows>,
}

/// What one resource must show when it is read.
#[derive(Clone, Debug, PartialEq)]
pub enum Shows {
    /// Values of a person's account or a group; null means that nothing may stand there.
    Values {
        /// Who.
        key: Key,
        /// Places and values, whose texts have placeholders.
        values: Vec<(Selector, Value)>,
    },
    /// Exactly these members of a group.
    Members {
        /// Which.
        key: Key,
        /// Who.
        members: Vec<Key>,
    },
}

/// What must stand at a place of a body.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// This JSON value; a text may hold placeholders.
    Equal(Value),
    /// An array with these values among its elements; texts may hold placeholders.
    Among(Vec<Value>),
    /// One of these JSON values, as they stand.
    OneOf(Vec<Value>),
    /// A value of this type; a text must not be empty.
    Type(JsonType),
    /// Whether something stands there at all: neither null nor empty (`pr` in RFC 7644, 3.4.2.2).
    Present(bool),
}

/// A type of JSON values, by its name in JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonType {
    /// A text with at least one character.
    String,
    /// A number without a fraction.
    Integer,
    /// True or false.
    Boolean,
    /// An array; it may be empty.
    Array,
    /// An object; it may be empty.
    Object,
}

impl JsonType {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::String,
        Self::Integer,
        Self::Boolean,
        Self::Array,
        Self::Object,
    ];

    /// The word in scenario files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
        }
    }

    /// Whether a value is of this type, and, if it is a text, not empty.
    #[must_use]
    pub fn fits(self, value: &Value) -> bool {
        match self {
            Self::String => value.as_str().is_some_and(|text| !text.is_empty()),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Boolean => value.is_boolean(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
        }
    }
}

/// A status, or a class of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusPattern {
    /// This one.
    Exact(u16),
    /// Hundreds digit.
    Class(u8),
}

impl StatusPattern {
    /// Whether `status` fits.
    #[must_use]
    pub fn matches(self, status: u16) -> bool {
        match self {
            Self::Exact(exact) => exact == status,
            Self::Class(class) => status / 100 == u16::from(class),
        }
    }
}

impl fmt::Display for StatusPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(exact) => write!(f, "{exact}"),
            Self::Class(class) => write!(f, "{class}xx"),
        }
    }
}
