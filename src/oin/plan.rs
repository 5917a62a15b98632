//! What a row of Okta's test plan is.

use std::fmt;

use super::Feature;

/// A row of Okta's test plan.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Okta's id of the case: `C9290`.
    pub case: &'static str,
    /// The part of the plan.
    pub area: Area,
    /// What is tried.
    pub title: &'static str,
    /// What must be claimed, all of it, for the row to count; none: it always counts.
    pub features: &'static [Feature],
    /// How it is answered.
    pub class: Class,
    /// What is left to do in Okta, because no SCIM request shows it; empty when nothing is.
    pub by_hand: &'static str,
    /// Where it stands.
    pub sheet: Sheet,
}

/// How a row is answered.
#[derive(Clone, Copy, Debug)]
pub enum Class {
    /// By these scenarios: the server sees requests, and its answers decide.
    Wire(&'static [&'static str]),
    /// By these scenarios, in which the admin acts and Okta must send nothing. Such a row is about Okta.
    NothingSent(&'static [&'static str]),
    /// It sets up what other rows need; this stands for it here.
    Fixture(&'static str),
    /// By a person: it is about Okta's pages, a log-in, or a document.
    ByHand,
}

impl Class {
    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wire(_) => "wire",
            Self::NothingSent(_) => "nothing-sent",
            Self::Fixture(_) => "fixture",
            Self::ByHand => "by-hand",
        }
    }

    /// Ids of the scenarios that answer it.
    #[must_use]
    pub const fn scenarios(self) -> &'static [&'static str] {
        match self {
            Self::Wire(scenarios) | Self::NothingSent(scenarios) => scenarios,
            Self::Fixture(_) | Self::ByHand => &[],
        }
    }
}

/// A part of the plan, in Okta's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Area {
    /// Okta's suites: what they look at. Not a part of the plan.
    Suites,
    /// What the other rows need.
    Setup,
    /// Connecting, and logging in.
    Provisioning,
    /// Attributes and their mapping.
    Attributes,
    /// The vendor's guide.
    Documentation,
    /// Creating users.
    Create,
    /// Updating users.
    Update,
    /// Taking access away.
    Deprovision,
    /// Passwords.
    Password,
    /// Importing users and groups.
    Import,
    /// Pushing groups.
    GroupPush,
    /// The app as the source of profiles.
    ProfileSourcing,
    /// Roles and entitlements.
    Entitlements,
    /// Attributes of the server's own.
    SchemaDiscovery,
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Suites => "Okta's suites",
            Self::Setup => "Set-up",
            Self::Provisioning => "Provisioning and SSO",
            Self::Attributes => "Attributes and mapping",
            Self::Documentation => "Documentation",
            Self::Create => "Create users",
            Self::Update => "Update users",
            Self::Deprovision => "Deprovision users",
            Self::Password => "Sync password",
            Self::Import => "Import",
            Self::GroupPush => "Group push",
            Self::ProfileSourcing => "Profile sourcing",
            Self::Entitlements => "Entitlements",
            Self::SchemaDiscovery => "Schema discovery",
        })
    }
}

/// The sheet of Okta's that a row stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sheet {
    /// A suite, not a sheet.
    Suite,
    /// The plan for SCIM integrations, version 2.
    Scim,
    /// The plan of 2026 for provisioning actions, which repeats those rows and adds some.
    Actions,
}

impl Sheet {
    /// The name of Okta's file.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Suite => "Okta's Runscope suites",
            Self::Scim => "okta-scim-test-plan-v2.xlsx",
            Self::Actions => "okta_actions_test_plan_provisioning.xlsx",
        }
    }
}
