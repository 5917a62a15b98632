//! What a command was told to do, as plain typed values: no flags, no environment.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::exchange::{HeaderText, KEEP_DEFAULT};
use crate::oin::Claims;
use crate::runscope::export::Export;
use crate::scenario::{Claim, Risk, Variant};
use crate::secret::Secret;

use super::selection::Selection;
use super::values::{Cleanup, EmailPattern, LogForm};

/// Everything a run is told.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSettings {
    /// What to run against.
    pub target: TargetChoice,
    /// Which scenarios, under which apps.
    pub selection: Selection,
    /// The features claimed for a submission, when the run is to say how ready for it the target is.
    pub plan: Option<Claims>,
    /// Variants of Okta's behaviour that are on.
    pub variants: Vec<Variant>,
    /// A scenario has the variants that it requires, without their being on for the others.
    pub as_required: bool,
    /// What scenarios may do and use beyond one tenant of which only SCIM is known.
    pub beyond: Beyond,
    /// A folder of the user's own scenarios, beside the built-in ones.
    pub scenarios: Option<PathBuf>,
    /// Seed of generated people; the engine's default when none is given.
    pub seed: Option<u64>,
    /// Part of every name; random when none is given.
    pub run_id: Option<String>,
    /// Bounds.
    pub limits: Limits,
    /// What the test people are like.
    pub people: People,
    /// What to do with what the run made.
    pub cleanup: Cleanup,
    /// Breaches of an RFC MUST are errors.
    pub strict_rfc: bool,
    /// The user's own accepted snapshots, if any.
    pub snapshots: Option<Snapshots>,
    /// Show the differences from the reference snapshots.
    pub diff: bool,
    /// Watch the raw bytes of every answer.
    pub tap: bool,
}

/// What scenarios may do and use beyond one tenant of which only SCIM is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beyond {
    /// What the target is said to offer; the built-in server offers everything.
    pub claims: Vec<Claim>,
    /// What is not for any tenant, and allowed for this one.
    pub allowed: Vec<Risk>,
    /// Sizes of the crowd in scenarios that scale, ascending.
    pub scale: Vec<u32>,
    /// The command that acts behind Okta's back.
    pub hook: Option<String>,
    /// A second tenant.
    pub other: Option<Box<Remote>>,
}

/// What to run against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetChoice {
    /// The tool's own reference server, in this process.
    Embedded {
        /// Names of the faults that it is to have.
        faults: Vec<String>,
        /// Disturbances by chance.
        chaos: Option<Chance>,
    },
    /// A server.
    Remote(Box<Remote>),
}

/// A server and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// The base URL as given; not empty.
    pub base: String,
    /// How to say who we are.
    pub credentials: Credentials,
    /// Further headers of every request.
    pub headers: Vec<(String, HeaderText)>,
    /// How to reach it.
    pub network: Network,
}

/// The `Authorization` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// None is sent.
    Anonymous,
    /// `Bearer` and this token.
    Bearer(Secret),
    /// `Basic` and this `user:password`, not yet encoded.
    Basic(Secret),
    /// This whole value.
    Header(Secret),
}

/// Certificates and proxies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// A file with further root certificates, PEM.
    pub ca: Option<PathBuf>,
    /// A file with a client certificate and its key, PEM.
    pub client_cert: Option<PathBuf>,
    /// Accept any certificate.
    pub insecure: bool,
    /// The way out.
    pub proxy: Proxy,
}

/// The way out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// As the system and `HTTPS_PROXY` say.
    #[default]
    System,
    /// None.
    Direct,
    /// This one; its URL may hold a password.
    Url(Secret),
}

/// Bounds of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// How long a mismatch is read again before it counts.
    pub settle: Duration,
    /// The longest a request may take; Okta gives up after 60 s.
    pub timeout: Duration,
    /// Scenarios at a time.
    pub concurrency: u32,
    /// Requests a second.
    pub rate: Option<f64>,
    /// Users that may be created in all.
    pub max_users: Option<u64>,
    /// Of these, users that may exist at a time.
    pub max_users_at_once: Option<u64>,
    /// With more users of others than this, scenarios that list everything are not run.
    pub cap_foreign_users: u64,
    /// How much is kept of all answers, in bytes.
    pub keep: usize,
}

impl Default for Limits {
    /// What a run has when nothing else is asked for.
    fn default() -> Self {
        Self {
            settle: Duration::from_secs(2),
            timeout: Duration::from_secs(60),
            concurrency: 16,
            rate: None,
            max_users: None,
            max_users_at_once: None,
            cap_foreign_users: 1000,
            keep: KEEP_DEFAULT,
        }
    }
}

/// What the test people are like.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct People {
    /// Their e-mail addresses.
    pub email: Option<EmailPattern>,
    /// Attributes that each of them has.
    pub attributes: Vec<(String, Value)>,
}

/// The user's own accepted snapshots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshots {
    /// Their folder.
    pub folder: PathBuf,
    /// What to do about differences.
    pub mode: SnapshotMode,
}

/// What to do about a difference from an accepted snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotMode {
    /// Report it and write `.snap.new` beside the accepted file.
    Propose,
    /// Report it and write nothing; so in CI.
    Check,
    /// Accept it.
    Update,
}

/// What `serve` is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServeSettings {
    /// The loopback port to listen on; 0 picks a free one.
    pub port: u16,
    /// Where to write the port.
    pub port_file: Option<PathBuf>,
    /// The loopback port of the admin face; 0 picks a free one.
    pub admin_port: Option<u16>,
    /// HTTPS, and with which certificate.
    pub tls: Option<Certificate>,
    /// Who may call.
    pub access: Access,
    /// How many generated users it begins with.
    pub seed_users: Option<u32>,
    /// Where users and groups are kept.
    pub state: Option<PathBuf>,
    /// Files with extension schemas.
    pub extensions: Vec<PathBuf>,
    /// The user whom the token belongs to.
    pub me: Option<String>,
    /// PATCH is answered 204, without the resource.
    pub patch_without_content: bool,
    /// Names of the faults to have.
    pub faults: Vec<String>,
    /// Disturbances by chance.
    pub chaos: Option<Chance>,
    /// A line for every request.
    pub log: Option<LogForm>,
}

/// Who may call the reference server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// Who has the token that was given.
    Given(Secret),
    /// Who has the token that was made for this start.
    Made(Secret),
}

impl Access {
    /// The token that callers need.
    #[must_use]
    pub fn token(&self) -> Option<&Secret> {
        match self {
            Self::Open => None,
            Self::Given(token) | Self::Made(token) => Some(token),
        }
    }
}

/// The certificate of the reference server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// From files in PEM.
    Files {
        /// The certificate and its chain.
        certificate: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
    /// A new one, which is written to this file.
    SelfSigned(PathBuf),
}

/// How the answers of the reference server are disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    /// Decides which requests, and how.
    pub seed: u64,
    /// How many of a hundred requests.
    pub percent: u8,
}

impl std::fmt::Display for Chance {
    /// As options.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "--chaos {} --chaos-rate {}", self.seed, self.percent)
    }
}

/// What `runscope` is told.
#[derive(Clone, Debug, PartialEq)]
pub struct RunscopeSettings {
    /// The test.
    pub export: Export,
    /// Where to.
    pub target: TargetChoice,
    /// Values of variables, by name.
    pub variables: Vec<(String, String)>,
    /// Pauses take this many times their length; when nothing is said, their length at a target, and none at the
    /// built-in server.
    pub pause_scale: Option<f64>,
    /// Whether what changes users and groups of others is sent, too.
    pub changes_others: bool,
    /// What to do at the end with what the test created.
    pub cleanup: Cleanup,
    /// The longest a request may take.
    pub timeout: Duration,
}

impl RunscopeSettings {
    /// How many times their length pauses take.
    #[must_use]
    pub fn pauses(&self) -> f64 {
        self.pause_scale.unwrap_or(match self.target {
            TargetChoice::Embedded { .. } => 0.0,
            TargetChoice::Remote(_) => 1.0,
        })
    }
}

/// What `sweep` is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepSettings {
    /// Where to sweep.
    pub target: Remote,
    /// Only what these runs left; empty: what any run left.
    pub run_ids: Vec<String>,
    /// How to remove it.
    pub cleanup: Cleanup,
    /// The longest a request may take.
    pub timeout: Duration,
}
