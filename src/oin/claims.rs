//! What an integration claims to do: what its vendor ticks in the OIN Wizard.

use std::collections::BTreeSet;
use std::fmt;

use crate::scenario::Claim;

/// A capability that can be ticked in the OIN Wizard. Rows of features that are not claimed need not be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Feature {
    /// Create users.
    Create,
    /// Update user attributes.
    Update,
    /// Deactivate users.
    Deactivate,
    /// Import users. The Wizard has it always on.
    ImportUsers,
    /// Group push.
    Groups,
    /// Import groups. The Wizard has it on when groups are managed.
    ImportGroups,
    /// Sync password.
    Password,
    /// Profile sourcing: the app is where profiles are edited. Not for OIN submissions, unless agreed with Okta.
    ProfileSourcing,
    /// Entitlement management.
    Entitlements,
    /// Import user schema: Okta offers the server's own attributes.
    SchemaDiscovery,
}

impl Feature {
    /// All features, in the order in which they are told.
    pub const ALL: [Self; 10] = [
        Self::Create,
        Self::Update,
        Self::Deactivate,
        Self::ImportUsers,
        Self::Groups,
        Self::ImportGroups,
        Self::Password,
        Self::ProfileSourcing,
        Self::Entitlements,
        Self::SchemaDiscovery,
    ];

    /// What most submissions claim.
    const USUAL: [Self; 6] = [
        Self::Create,
        Self::Update,
        Self::Deactivate,
        Self::ImportUsers,
        Self::Groups,
        Self::ImportGroups,
    ];

    /// The word on the command line and in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Deactivate => "deactivate",
            Self::ImportUsers => "import-users",
            Self::Groups => "groups",
            Self::ImportGroups => "import-groups",
            Self::Password => "password",
            Self::ProfileSourcing => "profile-sourcing",
            Self::Entitlements => "entitlements",
            Self::SchemaDiscovery => "schema-discovery",
        }
    }

    /// What the OIN Wizard calls it.
    #[must_use]
    pub const fn in_the_wizard(self) -> &'static str {
        match self {
            Self::Create => "User operations: Create",
            Self::Update => "User operations: Update",
            Self::Deactivate => "User operations: Deactivate",
            Self::ImportUsers => "Import users, which is always on",
            Self::Groups => "Groups, with all group operations",
            Self::ImportGroups => "Import groups, which is on when groups are managed",
            Self::Password => "User operations: Change password",
            Self::ProfileSourcing => "not offered; ask the OIN team before you submit",
            Self::Entitlements => "Entitlement Management",
            Self::SchemaDiscovery => "Import User Schema",
        }
    }

    /// What a server must offer for it beyond users and groups, if anything.
    #[must_use]
    pub const fn offered(self) -> Option<Claim> {
        match self {
            Self::Entitlements => Some(Claim::Entitlements),
            Self::SchemaDiscovery => Some(Claim::SchemaDiscovery),
            _ => None,
        }
    }

    /// The feature of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.as_str() == name)
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The features that an integration claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims(BTreeSet<Feature>);

/// The same feature is claimed and left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is both claimed and left out")]
pub struct Contradiction(pub Feature);

impl Default for Claims {
    /// What most submissions claim: users are created, updated, deactivated and imported, groups pushed and imported.
    fn default() -> Self {
        Self(Feature::USUAL.into_iter().collect())
    }
}

impl Claims {
    /// What most submissions claim, and `more`, but not those in `without`.
    ///
    /// # Errors
    /// [`Contradiction`], when a feature is in both lists.
    pub fn usual(more: &[Feature], without: &[Feature]) -> Result<Self, Contradiction> {
        if let Some(both) = more.iter().find(|feature| without.contains(feature)) {
            return Err(Contradiction(*both));
        }
        let mut claims = Self::default();
        claims.0.extend(more);
        claims.0.retain(|feature| !without.contains(feature));
        Ok(claims)
    }

    /// Whether all of `features` are claimed; of none they always are.
    #[must_use]
    pub fn cover(&self, features: &[Feature]) -> bool {
        features.iter().all(|feature| self.0.contains(feature))
    }

    /// The claimed features.
    pub fn iter(&self) -> impl Iterator<Item = Feature> {
        self.0.iter().copied()
    }

    /// The others.
    pub fn others(&self) -> impl Iterator<Item = Feature> {
        Feature::ALL
            .into_iter()
            .filter(|feature| !self.0.contains(feature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_add_to_what_is_usual() {
        let words = |claims: &Claims| {
            let words: Vec<_> = claims.iter().map(Feature::as_str).collect();
            words.join(" ")
        };
        assert_eq!(
            words(&Claims::default()),
            "create update deactivate import-users groups import-groups"
        );
        let claims = Claims::usual(
            &[Feature::Password],
            &[Feature::Groups, Feature::ImportGroups],
        );
        let claims = claims.unwrap();
        assert_eq!(
            words(&claims),
            "create update deactivate import-users password"
        );
        assert!(claims.cover(&[Feature::Create, Feature::Password]));
        assert!(!claims.cover(&[Feature::Create, Feature::Groups]));
        assert!(claims.cover(&[]));
        assert_eq!(
            claims.iter().chain(claims.others()).count(),
            Feature::ALL.len()
        );
        assert_eq!(
            Claims::usual(&[Feature::Groups], &[Feature::Groups]),
            Err(Contradiction(Feature::Groups))
        );
    }

    #[test]
    fn every_feature_has_a_word_of_its_own() {
        for feature in Feature::ALL {
            assert_eq!(Feature::from_name(feature.as_str()), Some(feature));
            let offered = feature.offered().map_or(feature.as_str(), Claim::as_str);
            assert_eq!(offered, feature.as_str(), "one word for one thing");
        }
        assert_eq!(Feature::from_name("sso"), None);
    }
}
