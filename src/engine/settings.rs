//! What a run is told to do.

use std::sync::Arc;
use std::time::Duration;

use crate::exchange::Transport;
use crate::okta::App;
use crate::okta::request::Client;
use crate::scenario::{Claim, Risk, Variant};

use super::insider::TenantInsider;
use super::outcome::TargetInfo;
use super::session::Session;

/// Makes the transport to the tenant of that name.
pub type TenantTransport = Arc<dyn Fn(&str) -> Arc<dyn Transport> + Send + Sync>;

/// How to reach the server under test.
#[derive(Clone)]
pub enum Reach {
    /// One tenant for everything: a real target.
    Shared(Arc<dyn Transport>),
    /// A tenant of its own for each scenario and app, by name: the embedded server.
    Isolated(TenantTransport),
}

impl Reach {
    /// The way to the tenant of that name.
    #[must_use]
    pub fn transport(&self, tenant: &str) -> Arc<dyn Transport> {
        match self {
            Self::Shared(transport) => Arc::clone(transport),
            Self::Isolated(each) => each(tenant),
        }
    }

    /// The session, with a ledger of its own where no other scenario works in its tenant.
    pub(super) fn settle_in(&self, session: Session) -> Session {
        match self {
            Self::Shared(_) => session,
            Self::Isolated(_) => session.in_tenant_of_its_own(),
        }
    }
}

/// A second tenant of the server under test.
#[derive(Clone)]
pub struct OtherTenant {
    /// Its base URL.
    pub url: String,
    /// How to reach it.
    pub reach: Reach,
    /// Makes the requests, with its own credentials.
    pub client: Client,
    /// These credentials in clear, to find them in answers.
    pub credentials: Vec<crate::secret::Secret>,
    /// File that ids created there are written to.
    pub ledger: Option<std::path::PathBuf>,
}

/// What happens to what a run made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cleanup {
    /// Groups and users are deleted; a user who cannot be is deactivated.
    #[default]
    Delete,
    /// Groups are deleted, users deactivated.
    Deactivate,
    /// Everything stays.
    Nothing,
}

/// Settings of a run.
#[derive(Clone)]
pub struct Settings {
    /// The target, for reports.
    pub target: TargetInfo,
    /// How to reach it.
    pub reach: Reach,
    /// Makes the requests, with credentials.
    pub client: Client,
    /// Credentials in clear, to find them in answers.
    pub credentials: Vec<crate::secret::Secret>,
    /// Kinds of app to be.
    pub apps: Vec<App>,
    /// Variants of Okta's behaviour, for every scenario.
    pub variants: Vec<Variant>,
    /// A scenario that requires a variant has it, and the others have not: to show what each is about.
    pub as_required: bool,
    /// What the target is said to offer beyond users and groups.
    pub claims: Vec<Claim>,
    /// What scenarios may do beyond what is safe on any tenant.
    pub allowed: Vec<Risk>,
    /// Sizes of the crowd for scenarios that scale, ascending.
    pub scale: Vec<u32>,
    /// Does things behind Okta's back, where somebody can.
    pub insider: Option<TenantInsider>,
    /// A second tenant, where there is one.
    pub other: Option<OtherTenant>,
    /// Part of every name that the run makes.
    pub run_id: String,
    /// Decides generated names, and nothing else.
    pub seed: u64,
    /// How long a write may take to become visible.
    pub settle: Duration,
    /// How long the run waits for a target that answers 429, in all, for one request.
    pub patience: Duration,
    /// Requests at the same time, at most; and scenarios.
    pub concurrency: usize,
    /// Requests a second, over all scenarios.
    pub rate: Option<f64>,
    /// The run makes at most this many users in all; scenarios that do not fit are not run.
    pub max_users: Option<u64>,
    /// At most this many of them are there at a time.
    pub max_users_at_once: Option<u64>,
    /// Scenarios that list everything are not run when the target holds more users of others than this.
    pub max_foreign_users: u64,
    /// How much is kept of all answers for the reports, in bytes.
    pub keep: usize,
    /// Pattern for e-mail addresses; `{}` stands for the part before the `@`.
    pub email: Option<String>,
    /// Constants for attributes that the target demands: Okta attribute or SCIM path, and value.
    pub user_attributes: Vec<(String, serde_json::Value)>,
    /// What happens to what the run made.
    pub cleanup: Cleanup,
    /// File that created ids are written to before anything else happens.
    pub ledger: Option<std::path::PathBuf>,
    /// Raise breaches of RFC MUSTs to errors.
    pub strict_rfc: bool,
}
