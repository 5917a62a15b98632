//! The core schemas as data (RFC 7643, 4.1, 4.2, 4.3 and 8.7.1).

use super::urn;

/// A schema: its URN and its attributes.
#[derive(Debug)]
pub struct Schema {
    /// The URN, which is also the schema's id.
    pub urn: &'static str,
    /// `User`, `Group`, `EnterpriseUser`.
    pub name: &'static str,
    /// What it describes.
    pub description: &'static str,
    /// The attributes that the schema itself defines; the common ones are in [`COMMON`].
    pub attributes: &'static [Attribute],
}

/// One attribute with its characteristics (RFC 7643, 2.2 and 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Spelled as in the RFC.
    pub name: &'static str,
    /// What it is, for people.
    pub description: &'static str,
    /// Data type.
    pub kind: Kind,
    /// Whether the value is an array.
    pub multi_valued: bool,
    /// Whether a resource must have it.
    pub required: bool,
    /// Who may change it, and when.
    pub mutability: Mutability,
    /// When an answer holds it.
    pub returned: Returned,
    /// Whether two resources may have the same value.
    pub uniqueness: Uniqueness,
    /// Whether comparisons mind the case.
    pub case_exact: bool,
    /// Values that the RFC suggests.
    pub canonical_values: &'static [&'static str],
    /// What a reference points to.
    pub reference_types: &'static [&'static str],
    /// The attributes of a complex attribute.
    pub sub_attributes: &'static [Attribute],
}

/// The data types of RFC 7643, 2.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the RFC's own")]
pub enum Kind {
    String,
    Boolean,
    Decimal,
    Integer,
    DateTime,
    Binary,
    Reference,
    Complex,
}

impl Kind {
    /// All of them, the default of RFC 7643, 2.2 first.
    pub const ALL: [Self; 8] = [
        Self::String,
        Self::Boolean,
        Self::Decimal,
        Self::Integer,
        Self::DateTime,
        Self::Binary,
        Self::Reference,
        Self::Complex,
    ];

    /// The word in a schema document.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Decimal => "decimal",
            Self::Integer => "integer",
            Self::DateTime => "dateTime",
            Self::Binary => "binary",
            Self::Reference => "reference",
            Self::Complex => "complex",
        }
    }
}

/// Who may change an attribute, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the RFC's own")]
pub enum Mutability {
    ReadOnly,
    ReadWrite,
    Immutable,
    WriteOnly,
}

impl Mutability {
    /// All of them, the default of RFC 7643, 2.2 first.
    pub const ALL: [Self; 4] = [
        Self::ReadWrite,
        Self::ReadOnly,
        Self::Immutable,
        Self::WriteOnly,
    ];

    /// The word in a schema document.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "readOnly",
            Self::ReadWrite => "readWrite",
            Self::Immutable => "immutable",
            Self::WriteOnly => "writeOnly",
        }
    }
}

/// When an answer holds an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the RFC's own")]
pub enum Returned {
    Always,
    Never,
    Default,
    Request,
}

impl Returned {
    /// All of them, the default of RFC 7643, 2.2 first.
    pub const ALL: [Self; 4] = [Self::Default, Self::Always, Self::Never, Self::Request];

    /// The word in a schema document.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Never => "never",
            Self::Default => "default",
            Self::Request => "request",
        }
    }
}

/// Whether two resources may have the same value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the RFC's own")]
pub enum Uniqueness {
    None,
    Server,
    Global,
}

impl Uniqueness {
    /// All of them, the default of RFC 7643, 2.2 first.
    pub const ALL: [Self; 3] = [Self::None, Self::Server, Self::Global];

    /// The word in a schema document.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Server => "server",
            Self::Global => "global",
        }
    }
}

impl Attribute {
    /// The sub-attribute `name`, without case.
    #[must_use]
    pub fn sub_attribute(&self, name: &str) -> Option<&'static Attribute> {
        find(self.sub_attributes, name)
    }

    /// A single-valued, optional, changeable string whose case does not matter: the
    /// defaults of RFC 7643, 2.2. The others below are this one with one difference each.
    const fn string(name: &'static str, description: &'static str) -> Self {
        Self {
            name,
            description,
            kind: Kind::String,
            multi_valued: false,
            required: false,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            case_exact: false,
            canonical_values: &[],
            reference_types: &[],
            sub_attributes: &[],
        }
    }

    const fn kind(name: &'static str, description: &'static str, kind: Kind) -> Self {
        Self {
            kind,
            ..Self::string(name, description)
        }
    }

    const fn reference(
        name: &'static str,
        description: &'static str,
        reference_types: &'static [&'static str],
    ) -> Self {
        Self {
            kind: Kind::Reference,
            case_exact: true,
            reference_types,
            ..Self::string(name, description)
        }
    }

    const fn complex(
        name: &'static str,
        description: &'static str,
        sub_attributes: &'static [Attribute],
    ) -> Self {
        Self {
            kind: Kind::Complex,
            sub_attributes,
            ..Self::string(name, description)
        }
    }

    const fn list(
        name: &'static str,
        description: &'static str,
        sub_attributes: &'static [Attribute],
    ) -> Self {
        Self {
            multi_valued: true,
            ..Self::complex(name, description, sub_attributes)
        }
    }

    const fn required(self) -> Self {
        Self {
            required: true,
            ..self
        }
    }

    const fn exact(self) -> Self {
        Self {
            case_exact: true,
            ..self
        }
    }

    const fn unique(self, uniqueness: Uniqueness) -> Self {
        Self { uniqueness, ..self }
    }

    const fn mutability(self, mutability: Mutability) -> Self {
        Self { mutability, ..self }
    }

    const fn returned(self, returned: Returned) -> Self {
        Self { returned, ..self }
    }

    const fn values(self, canonical_values: &'static [&'static str]) -> Self {
        Self {
            canonical_values,
            ..self
        }
    }
}

impl Schema {
    /// The attribute `name` of this schema or of [`COMMON`], without case.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        find(self.attributes, name).or_else(|| find(COMMON, name))
    }
}

fn find(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes
        .iter()
        .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

const READ_ONLY: Mutability = Mutability::ReadOnly;

/// Attributes of every resource (RFC 7643, 3 and 3.1).
pub static COMMON: &[Attribute] = &[
    Attribute {
        multi_valued: true,
        ..Attribute::reference(
            "schemas",
            "URNs of the schemas that the resource has attributes of",
            &["uri"],
        )
        .required()
        .mutability(READ_ONLY)
        .returned(Returned::Always)
    },
    Attribute::string(
        "id",
        "Identifier that the service provider gives the resource, and never changes",
    )
    .exact()
    .mutability(READ_ONLY)
    .returned(Returned::Always)
    .unique(Uniqueness::Server),
    Attribute::string(
        "externalId",
        "Identifier that the client has for the resource",
    )
    .exact(),
    Attribute::complex(
        "meta",
        "What the service provider knows about the resource itself",
        &[
            Attribute::string("resourceType", "Name of the resource type")
                .exact()
                .mutability(READ_ONLY),
            Attribute::kind("created", "When the resource was created", Kind::DateTime)
                .mutability(READ_ONLY),
            Attribute::kind(
                "lastModified",
                "When the resource was changed last",
                Kind::DateTime,
            )
            .mutability(READ_ONLY),
            Attribute::reference("location", "URL of the resource", &["uri"]).mutability(READ_ONLY),
            Attribute::string("version", "Entity tag of the resource")
                .exact()
                .mutability(READ_ONLY),
        ],
    )
    .mutability(READ_ONLY),
];

const PRIMARY: Attribute = Attribute::kind(
    "primary",
    "Whether this is the preferred one; at most one is",
    Kind::Boolean,
);
const DISPLAY: Attribute = Attribute::string("display", "Text to show to a person");

/// A user (RFC 7643, 4.1).
pub static USER: Schema = Schema {
    urn: urn::USER,
    name: "User",
    description: "User Account",
    attributes: &[
        Attribute::string(
            "userName",
            "Name by which the user logs in; unique, compared without case",
        )
        .required()
        .unique(Uniqueness::Server),
        Attribute::complex(
            "name",
            "The parts of the name of the person",
            &[
                Attribute::string("formatted", "The whole name as it is shown"),
                Attribute::string("familyName", "Family name, or last name"),
                Attribute::string("givenName", "Given name, or first name"),
                Attribute::string("middleName", "Middle names"),
                Attribute::string(
                    "honorificPrefix",
                    "What stands before the name, such as Dr.",
                ),
                Attribute::string("honorificSuffix", "What stands after the name, such as III"),
            ],
        ),
        Attribute::string("displayName", "Name of the user as it is shown"),
        Attribute::string("nickName", "What the person is called casually"),
        Attribute::reference(
            "profileUrl",
            "URL of a page about the person",
            &["external"],
        ),
        Attribute::string("title", "Title in the organization, such as Vice President"),
        Attribute::string(
            "userType",
            "How the person relates to the organization, such as Contractor",
        ),
        Attribute::string(
            "preferredLanguage",
            "Languages that the person prefers, as in the header Accept-Language",
        ),
        Attribute::string(
            "locale",
            "Language tag for formats of dates, numbers and currencies, such as en-US",
        ),
        Attribute::string(
            "timezone",
            "Time zone as in the IANA database, such as Europe/Warsaw",
        ),
        Attribute::kind("active", "Whether the user may log in", Kind::Boolean),
        Attribute::string(
            "password",
            "Password in clear text; set, but never answered",
        )
        .mutability(Mutability::WriteOnly)
        .returned(Returned::Never),
        Attribute::list(
            "emails",
            "E-mail addresses",
            &plural(&["work", "home", "other"]),
        ),
        Attribute::list(
            "phoneNumbers",
            "Telephone numbers",
            &plural(&["work", "home", "mobile", "fax", "pager", "other"]),
        ),
        Attribute::list(
            "ims",
            "Addresses for instant messages",
            &plural(&["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"]),
        ),
        Attribute::list(
            "photos",
            "URLs of photos",
            &[
                Attribute::reference("value", "URL of the photo", &["external"]),
                DISPLAY,
                Attribute::string("type", "What the photo is for").values(&["photo", "thumbnail"]),
                PRIMARY,
            ],
        ),
        Attribute::list(
            "addresses",
            "Postal addresses",
            &[
                Attribute::string("formatted", "The whole address as it is shown"),
                Attribute::string("streetAddress", "Street, house number and so on"),
                Attribute::string("locality", "City or locality"),
                Attribute::string("region", "State or region"),
                Attribute::string("postalCode", "Postal code"),
                Attribute::string("country", "Country by its two letters (ISO 3166-1)"),
                Attribute::string("type", "What the address is for")
                    .values(&["work", "home", "other"]),
                PRIMARY,
            ],
        ),
        Attribute::list(
            "groups",
            "Groups that the user belongs to; changed through the groups",
            &[
                Attribute::string("value", "Id of the group").mutability(READ_ONLY),
                Attribute::reference("$ref", "URL of the resource", &["User", "Group"])
                    .mutability(READ_ONLY),
                DISPLAY.mutability(READ_ONLY),
                Attribute::string(
                    "type",
                    "Whether the user is a member itself, or through another group",
                )
                .values(&["direct", "indirect"])
                .mutability(READ_ONLY),
            ],
        )
        .mutability(READ_ONLY),
        Attribute::list("entitlements", "What the user is entitled to", &plural(&[])),
        Attribute::list("roles", "Roles that the user holds", &plural(&[])),
        Attribute::list(
            "x509Certificates",
            "Certificates of the user",
            &[
                Attribute::kind("value", "The certificate, DER in Base64", Kind::Binary).exact(),
                DISPLAY,
                Attribute::string("type", "What the certificate is for"),
                PRIMARY,
            ],
        ),
    ],
};

/// The sub-attributes of a plural attribute (RFC 7643, 2.4).
const fn plural(types: &'static [&'static str]) -> [Attribute; 4] {
    [
        Attribute::string("value", "The value"),
        DISPLAY,
        Attribute::string("type", "What the value is for").values(types),
        PRIMARY,
    ]
}

/// The members of a group (RFC 7643, 4.2).
///
/// `display` is one of the default sub-attributes of RFC 7643, 2.4; Okta always sends it.
pub const MEMBERS: Attribute = Attribute::list(
    "members",
    "Members of the group",
    &[
        Attribute::string("value", "Id of the member")
            .exact()
            .mutability(Mutability::Immutable),
        Attribute::reference("$ref", "URL of the resource", &["User", "Group"])
            .mutability(Mutability::Immutable),
        Attribute::string("type", "Resource type of the member")
            .values(&["User", "Group"])
            .mutability(Mutability::Immutable),
        DISPLAY,
    ],
);

/// A group (RFC 7643, 4.2).
pub static GROUP: Schema = Schema {
    urn: urn::GROUP,
    name: "Group",
    description: "Group",
    attributes: &[
        Attribute::string("displayName", "Name of the group as it is shown").required(),
        MEMBERS,
    ],
};

/// The enterprise extension of a user (RFC 7643, 4.3).
pub static ENTERPRISE_USER: Schema = Schema {
    urn: urn::ENTERPRISE_USER,
    name: "EnterpriseUser",
    description: "Enterprise User",
    attributes: &[
        Attribute::string(
            "employeeNumber",
            "Number or code that the organization gives the person",
        ),
        Attribute::string("costCenter", "Cost center"),
        Attribute::string("organization", "Name of the organization"),
        Attribute::string("division", "Name of the division"),
        Attribute::string("department", "Name of the department"),
        Attribute::complex(
            "manager",
            "The user's manager",
            &[
                Attribute::string("value", "Id of the manager"),
                Attribute::reference("$ref", "URL of the resource", &["User"]),
                Attribute::string("displayName", "Name of the manager as it is shown")
                    .mutability(READ_ONLY),
            ],
        ),
    ],
};

/// A role, which Okta imports to govern who holds it
/// (<https://developer.okta.com/docs/guides/scim-with-entitlements/main/>).
pub static ROLE: Schema = Schema {
    urn: urn::ROLE,
    name: "Role",
    description: "A role that a user can hold",
    attributes: &[
        Attribute::string("displayName", "Name of the role as it is shown").required(),
        Attribute::string("description", "What it is for"),
    ],
};

/// An entitlement, which Okta imports to govern who holds it
/// (<https://developer.okta.com/docs/guides/scim-with-entitlements/main/>).
pub static ENTITLEMENT: Schema = Schema {
    urn: urn::ENTITLEMENT,
    name: "Entitlement",
    description: "A licence or permission that a user can hold",
    attributes: &[
        Attribute::string("displayName", "Name of the entitlement as it is shown").required(),
        Attribute::string(
            "type",
            "Name of the resource type that the entitlement is of",
        ),
        Attribute::string("description", "What it is for"),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&Schema; 5] = [&USER, &GROUP, &ENTERPRISE_USER, &ROLE, &ENTITLEMENT];

    #[test]
    fn attributes_are_found_without_case_and_common_ones_everywhere() {
        assert_eq!(USER.attribute("USERNAME").unwrap().name, "userName");
        assert_eq!(GROUP.attribute("externalid").unwrap().name, "externalId");
        let emails = USER.attribute("emails").unwrap();
        assert_eq!(emails.sub_attribute("Primary").unwrap().kind, Kind::Boolean);
        assert!(USER.attribute("members").is_none());
    }

    #[test]
    fn only_complex_attributes_have_sub_attributes() {
        for schema in ALL {
            for attribute in schema.attributes.iter().chain(COMMON) {
                assert_eq!(
                    attribute.kind == Kind::Complex,
                    !attribute.sub_attributes.is_empty(),
                    "{}",
                    attribute.name
                );
            }
        }
    }

    #[test]
    fn every_attribute_is_described() {
        for attribute in ALL
            .iter()
            .flat_map(|schema| schema.attributes)
            .chain(COMMON)
        {
            assert!(!attribute.description.is_empty(), "{}", attribute.name);
            for sub in attribute.sub_attributes {
                assert!(!sub.description.is_empty(), "{}", sub.name);
            }
        }
    }

    #[test]
    fn the_characteristics_that_okta_depends_on_are_the_rfcs() {
        let user_name = USER.attribute("userName").unwrap();
        assert!(user_name.required && !user_name.case_exact);
        assert_eq!(user_name.uniqueness, Uniqueness::Server);
        let password = USER.attribute("password").unwrap();
        assert_eq!(password.returned, Returned::Never);
        assert_eq!(password.mutability, Mutability::WriteOnly);
        assert!(USER.attribute("id").unwrap().case_exact);
        assert!(USER.attribute("externalId").unwrap().case_exact);
        assert_eq!(
            USER.attribute("groups").unwrap().mutability,
            Mutability::ReadOnly
        );
    }
}
