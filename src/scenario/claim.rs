//! What a server may offer beyond users and groups.

/// Something that not every server offers, and that a user says it does (`--claim NAME`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Claim {
    /// `/ResourceTypes` and `/Schemas` say which attributes there are: "Import User Schema".
    SchemaDiscovery,
    /// Roles and entitlements are resources of their own: Okta's entitlement management.
    Entitlements,
}

impl Claim {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::SchemaDiscovery, Self::Entitlements];

    /// The name after `--claim`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SchemaDiscovery => "schema-discovery",
            Self::Entitlements => "entitlements",
        }
    }

    /// What a server that claims it has, to stand behind "a server that".
    #[must_use]
    pub const fn has(self) -> &'static str {
        match self {
            Self::SchemaDiscovery => "tells its attributes at /ResourceTypes and /Schemas",
            Self::Entitlements => "has roles or entitlements for Okta to govern",
        }
    }
}
