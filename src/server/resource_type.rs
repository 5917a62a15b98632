//! What kinds of resources there are, and what each may hold.

use crate::scim::schema::{self, Schema};

/// The kinds of resources that are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Group,
    /// What Okta imports when it governs who holds which role.
    Role,
    /// What Okta imports when it governs who holds which licence or permission.
    Entitlement,
}

impl Kind {
    /// All of them, in the order of `/ResourceTypes`.
    pub(super) const ALL: [Self; 4] = [Self::User, Self::Group, Self::Role, Self::Entitlement];

    /// `User`, `Group`, `Role` or `Entitlement`.
    pub(super) fn name(self) -> &'static str {
        self.schema().name
    }

    /// `/Users`, `/Groups`, `/Roles` or `/Entitlements`.
    pub(super) fn endpoint(self) -> &'static str {
        match self {
            Self::User => "/Users",
            Self::Group => "/Groups",
            Self::Role => "/Roles",
            Self::Entitlement => "/Entitlements",
        }
    }

    /// The kind that is served at `/{segment}`.
    pub(super) fn at(segment: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.endpoint().strip_prefix('/') == Some(segment))
    }

    /// The core schema.
    pub(super) fn schema(self) -> &'static Schema {
        match self {
            Self::User => &schema::USER,
            Self::Group => &schema::GROUP,
            Self::Role => &schema::ROLE,
            Self::Entitlement => &schema::ENTITLEMENT,
        }
    }
}

/// A resource type (RFC 7643, 6): a core schema and its extensions.
#[derive(Clone, Copy, Debug)]
pub(super) struct ResourceType {
    pub(super) kind: Kind,
    extensions: &'static [Extension],
}

impl ResourceType {
    pub(super) fn schema(self) -> &'static Schema {
        self.kind.schema()
    }

    pub(super) fn name(self) -> &'static str {
        self.kind.name()
    }

    /// The extensions that resources of this type may have.
    pub(super) fn extensions(self) -> &'static [Extension] {
        self.extensions
    }

    /// The extension with that URN, without case.
    pub(super) fn extension(self, urn: &str) -> Option<&'static Schema> {
        self.extensions
            .iter()
            .map(|extension| extension.schema)
            .find(|schema| schema.urn.eq_ignore_ascii_case(urn))
    }

    /// The core schema or the extension with that URN, without case.
    pub(super) fn schema_named(self, urn: &str) -> Option<&'static Schema> {
        if self.schema().urn.eq_ignore_ascii_case(urn) {
            return Some(self.schema());
        }
        self.extension(urn)
    }
}

/// An extension of a resource type (RFC 7643, 6, `schemaExtensions`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Extension {
    pub(super) schema: &'static Schema,
    /// Whether every resource of the type must have it.
    pub(super) required: bool,
}

const ENTERPRISE_USER: Extension = Extension {
    schema: &schema::ENTERPRISE_USER,
    required: false,
};

/// The resource types of a service provider: the core schemas, the enterprise extension,
/// and what a person adds from files.
#[derive(Clone, Copy, Debug)]
pub struct ResourceTypes {
    of_user: &'static [Extension],
    of_group: &'static [Extension],
}

impl Default for ResourceTypes {
    fn default() -> Self {
        Self {
            of_user: &[ENTERPRISE_USER],
            of_group: &[],
        }
    }
}

/// Why a schema cannot extend a resource type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExtensionError {
    /// The schema is there already.
    #[error("the schema {urn} is there already")]
    Twice {
        /// Its URN.
        urn: &'static str,
    },
}

impl ResourceTypes {
    /// The same, with a schema as an extension of groups if its URN ends in `:Group`, and of
    /// users otherwise.
    ///
    /// Resource types live as long as the process: a schema is loaded once, at start, and
    /// every stored value points into it.
    ///
    /// # Errors
    /// When the URN is taken.
    pub fn with_extension(mut self, schema: &'static Schema) -> Result<Self, ExtensionError> {
        let taken = |kind| self.get(kind).schema_named(schema.urn).is_some();
        if Kind::ALL.into_iter().any(taken) {
            return Err(ExtensionError::Twice { urn: schema.urn });
        }
        let of_groups = schema
            .urn
            .rsplit(':')
            .next()
            .is_some_and(|last| last.eq_ignore_ascii_case(Kind::Group.name()));
        let extensions = if of_groups {
            &mut self.of_group
        } else {
            &mut self.of_user
        };
        let added = Extension {
            schema,
            required: false,
        };
        *extensions = [*extensions, &[added]].concat().leak();
        Ok(self)
    }

    /// The type of that kind.
    pub(super) fn get(&self, kind: Kind) -> ResourceType {
        ResourceType {
            kind,
            extensions: match kind {
                Kind::User => self.of_user,
                Kind::Group => self.of_group,
                Kind::Role | Kind::Entitlement => &[],
            },
        }
    }

    /// Every schema that a resource may have, once.
    pub(super) fn schemas(&self) -> impl Iterator<Item = &'static Schema> {
        let core = Kind::ALL.into_iter().map(Kind::schema);
        let extensions = self.of_user.iter().chain(self.of_group);
        core.chain(extensions.map(|extension| extension.schema))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static BADGE: Schema = Schema {
        urn: "urn:example:badge:1.0:Group",
        name: "Badge",
        description: "A badge",
        attributes: &[],
    };

    #[test]
    fn an_extension_goes_to_the_type_that_its_urn_names() {
        let types = ResourceTypes::default().with_extension(&BADGE).unwrap();
        let group = types.get(Kind::Group);
        assert_eq!(
            group.extension("URN:example:badge:1.0:group").unwrap().name,
            "Badge"
        );
        assert!(types.get(Kind::User).extension(BADGE.urn).is_none());
        assert_eq!(types.schemas().count(), Kind::ALL.len() + 2);
        let twice = types.with_extension(&BADGE).unwrap_err();
        assert_eq!(twice, ExtensionError::Twice { urn: BADGE.urn });
    }

    #[test]
    fn endpoints_name_kinds() {
        for kind in Kind::ALL {
            assert_eq!(Kind::at(&kind.endpoint()[1..]), Some(kind));
        }
        assert_eq!(Kind::at("users"), None);
    }
}
