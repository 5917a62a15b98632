//! What a scenario may do only where the user allows it by name.

/// A reason not to run a scenario on any tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Risk {
    /// Tries to deactivate the last administrator.
    LastAdministrator,
    /// Touches accounts that SCIM did not create.
    ServiceAccounts,
    /// Sends so much that the target may begin to throttle everybody.
    Throttling,
    /// Creates hundreds or thousands of users.
    Scale,
    /// Works with the data of one tenant at another.
    TwoTenants,
    /// Needs a tenant without users.
    EmptyTenant,
}

impl Risk {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::LastAdministrator,
        Self::ServiceAccounts,
        Self::Throttling,
        Self::Scale,
        Self::TwoTenants,
        Self::EmptyTenant,
    ];

    /// The name after `--allow`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LastAdministrator => "last-administrator",
            Self::ServiceAccounts => "service-accounts",
            Self::Throttling => "throttling",
            Self::Scale => "scale",
            Self::TwoTenants => "two-tenants",
            Self::EmptyTenant => "empty-tenant",
        }
    }

    /// What is at stake, to stand behind the name of a scenario.
    #[must_use]
    pub const fn stake(self) -> &'static str {
        match self {
            Self::LastAdministrator => "tries to lock out the last administrator",
            Self::ServiceAccounts => "touches accounts that SCIM did not create",
            Self::Throttling => "sends so much that the target may throttle everybody",
            Self::Scale => "creates hundreds or thousands of users",
            Self::TwoTenants => "uses one tenant's data at another",
            Self::EmptyTenant => "needs a tenant without any users",
        }
    }

    /// Whether a tenant that nobody else uses, and that goes away afterwards, is reason enough to allow it: what is
    /// left then is the time it takes.
    #[must_use]
    pub const fn is_harmless_alone(self) -> bool {
        !matches!(self, Self::Throttling | Self::Scale)
    }
}
