//! The requests that Okta's client makes, byte for byte, and what each is meant to do.
//!
//! Header set, header order and query strings are those of recorded traffic (Okta developer docs
//! of 2018 with raw requests, okta-blog-archive PR 1956 and 2022; a Header Auth template's access log
//! of April 2024); transports add `Content-Length`, `Host`, `Connection` and `Accept-Encoding`.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::Value;

use super::selector::Selector;
use super::{Evidence, Variant, Variants};
use crate::exchange::{HeaderText, Method, Request, SpaceAs, path_segment, query_value};

/// Okta's media type for requests, and the only one it accepts.
pub const MEDIA_TYPE: &str = "application/scim+json";
/// Okta's user agent.
pub const USER_AGENT: &str = "Okta SCIM Client 1.0.0";
/// The `User-Agent` of what Okta does not send: probes, reads for judging, clean-up.
pub const OWN_USER_AGENT: &str = concat!("scim-conform/", env!("CARGO_PKG_VERSION"));

/// `Users` or `Groups`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    /// `/Users`
    User,
    /// `/Groups`
    Group,
}

impl Resource {
    /// The endpoint below the base URL.
    #[must_use]
    pub fn endpoint(self) -> &'static str {
        match self {
            Self::User => "/Users",
            Self::Group => "/Groups",
        }
    }

    /// The attribute that Okta looks one up by.
    #[must_use]
    pub fn name_attribute(self) -> &'static str {
        match self {
            Self::User => "userName",
            Self::Group => "displayName",
        }
    }

    /// `User` or `Group`, as in `meta.resourceType`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// `user` or `group`, for sentences.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
        }
    }
}

/// What a request is meant to do: what the judge compares the outcome with.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    /// Find by name.
    LookUp {
        /// Users or groups.
        resource: Resource,
        /// The name looked for.
        name: String,
    },
    /// Read one.
    Read {
        /// User or group.
        resource: Resource,
        /// Its id.
        id: String,
    },
    /// Read a page of all.
    List {
        /// Users or groups.
        resource: Resource,
        /// 1-based.
        start_index: u64,
        /// Asked page size.
        count: u64,
    },
    /// Create one.
    Create {
        /// User or group.
        resource: Resource,
        /// Login or group name.
        name: String,
        /// The body.
        sent: Value,
        /// Places that must afterwards hold what was sent.
        sets: Vec<Set>,
        /// Members sent with a group.
        members: BTreeSet<String>,
    },
    /// Change one.
    Update {
        /// User or group.
        resource: Resource,
        /// Its id.
        id: String,
        /// Its name after the change, when the change names it.
        name: Option<String>,
        /// The GET answer that a PUT was merged into.
        base: Option<Value>,
        /// Places that must afterwards hold what was sent.
        sets: Vec<Set>,
        /// What happens to a group's members.
        members: Option<MemberChange>,
    },
    /// Delete one.
    Delete {
        /// User or group.
        resource: Resource,
        /// Its id.
        id: String,
    },
    /// Read what a server says about itself.
    Discover(Document),
    /// A probe's request; the scenario says what must come back.
    Literal,
}

/// What a server says about itself (RFC 7644, 4), and what Okta then reads to govern it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// `/ResourceTypes`
    ResourceTypes,
    /// `/Schemas`
    Schemas,
    /// A page of roles or entitlements.
    Entitlements {
        /// The resource type.
        of: EntitlementType,
        /// 1-based.
        start_index: u64,
        /// Asked page size.
        count: u64,
    },
}

impl Document {
    /// `/ResourceTypes`, `/Schemas`, or the endpoint of the entitlements.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::ResourceTypes => "/ResourceTypes",
            Self::Schemas => "/Schemas",
            Self::Entitlements { of, .. } => &of.endpoint,
        }
    }
}

/// A resource type whose resources Okta governs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntitlementType {
    /// Its name.
    pub name: String,
    /// Its endpoint below the base URL, with a slash first.
    pub endpoint: String,
    /// It is a role, rather than an entitlement.
    pub is_role: bool,
}

/// One place that a write touches.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    /// Where.
    pub at: Selector,
    /// What it must hold afterwards; null means cleared.
    pub value: Value,
}

/// What a write does to a group's members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberChange {
    /// Exactly these.
    Replace(BTreeSet<String>),
    /// These out, those in.
    Delta {
        /// Out.
        remove: BTreeSet<String>,
        /// In.
        add: BTreeSet<String>,
    },
}

impl MemberChange {
    /// This change, then that one.
    #[must_use]
    pub fn then(self, next: &Self) -> Self {
        match (self, next) {
            (_, Self::Replace(all)) => Self::Replace(all.clone()),
            (Self::Replace(all), next) => Self::Replace(next.apply(&all)),
            (
                Self::Delta { remove, add },
                Self::Delta {
                    remove: later_out,
                    add: later_in,
                },
            ) => Self::Delta {
                remove: remove
                    .union(later_out)
                    .filter(|id| !later_in.contains(*id))
                    .cloned()
                    .collect(),
                add: add.difference(later_out).chain(later_in).cloned().collect(),
            },
        }
    }

    /// The members after the change, from those before it.
    #[must_use]
    pub fn apply(&self, before: &BTreeSet<String>) -> BTreeSet<String> {
        match self {
            Self::Replace(all) => all.clone(),
            Self::Delta { remove, add } => before.difference(remove).chain(add).cloned().collect(),
        }
    }
}

/// A request on its way to the wire, with what it means.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The job that sends it; none for the judge and for probes.
    pub job: Option<String>,
    /// Its slot within the job.
    pub slot: Option<String>,
    /// How we know that Okta sends it.
    pub evidence: Evidence,
    /// The request.
    pub request: Request,
    /// What it is meant to do.
    pub intent: Intent,
    /// The next request of the job reads what this one is about.
    pub reads_next: bool,
}

/// Who a request says that it is from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Agent {
    /// Okta's client.
    #[default]
    Okta,
    /// This tool: Okta sends nothing of the kind.
    Own,
}

/// Makes requests as Okta's client does.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// Who they say that they are from.
    pub agent: Agent,
    /// The `Authorization` value; none sends no such header.
    pub authorization: Option<HeaderText>,
    /// Further headers of the user's, sent behind `Authorization`.
    pub extra: Vec<(String, HeaderText)>,
}

impl Client {
    /// The same for requests that Okta does not send.
    #[must_use]
    pub fn own(&self) -> Self {
        Self {
            agent: Agent::Own,
            ..self.clone()
        }
    }

    /// A request with Okta's headers. GET carries no Content-Type; DELETE does, without a body.
    #[must_use]
    pub fn request(&self, method: Method, target: String, body: Option<Bytes>) -> Request {
        let plain =
            |name: &str, value: &str| (name.to_owned(), HeaderText::Plain(value.to_owned()));
        let mut headers = vec![
            plain("Accept", MEDIA_TYPE),
            plain("Accept-Charset", "utf-8"),
        ];
        if method.is_write() {
            headers.push(plain(
                "Content-Type",
                &format!("{MEDIA_TYPE}; charset=utf-8"),
            ));
        }
        let agent = match self.agent {
            Agent::Okta => USER_AGENT,
            Agent::Own => OWN_USER_AGENT,
        };
        headers.push(plain("User-Agent", agent));
        if let Some(value) = &self.authorization {
            headers.push(("Authorization".to_owned(), value.clone()));
        }
        headers.extend(self.extra.iter().cloned());
        Request {
            method,
            target,
            headers,
            body,
        }
    }

    /// A request with a compact JSON body.
    #[must_use]
    pub fn send_json(&self, method: Method, target: String, body: &Value) -> Request {
        self.request(method, target, Some(Bytes::from(body.to_string())))
    }

    /// `GET /Users?filter=userName%20eq%20%22...%22&startIndex=1&count=100`, spelt as `variants` have it.
    #[must_use]
    pub fn look_up(&self, resource: Resource, name: &str, variants: Variants) -> Request {
        self.look_up_by(resource, resource.name_attribute(), name, variants)
    }

    /// The look-up before an assignment: by the unique identifier, which under a variant is the e-mail.
    #[must_use]
    pub fn look_up_user(&self, login: &str, email: Option<&str>, variants: Variants) -> Request {
        let (attribute, by_email) = variants.look_up();
        let value = email.filter(|_| by_email).unwrap_or(login);
        self.look_up_by(Resource::User, attribute, value, variants)
    }

    fn look_up_by(
        &self,
        resource: Resource,
        attribute: &str,
        value: &str,
        variants: Variants,
    ) -> Request {
        let value = if variants.has(Variant::FilterUnescaped) {
            format!("\"{value}\"")
        } else {
            filter_string(value)
        };
        let space = if variants.has(Variant::PlusForBlank) {
            SpaceAs::Plus
        } else {
            SpaceAs::Percent
        };
        let target = format!(
            "{}?filter={}&startIndex=1&count=100",
            resource.endpoint(),
            query_value(&format!("{attribute} eq {value}"), space)
        );
        self.request(Method::Get, target, None)
    }

    /// `GET /Users/{id}`
    #[must_use]
    pub fn read(&self, resource: Resource, id: &str) -> Request {
        self.request(Method::Get, one(resource, id), None)
    }

    /// `GET /ResourceTypes`, `GET /Schemas`, `GET /Roles?startIndex=1&count=100`
    #[must_use]
    pub fn discover(&self, document: &Document, variants: Variants) -> Request {
        let page = match document {
            Document::Entitlements {
                start_index, count, ..
            } => Some((*start_index, *count)),
            _ => variants.has(Variant::PagedDiscovery).then_some((1, 100)),
        };
        let mut target = document.path().to_owned();
        if let Some((start_index, count)) = page {
            target.push_str(&format!("?startIndex={start_index}&count={count}"));
        }
        self.request(Method::Get, target, None)
    }

    /// `GET /Users?startIndex=1&count=100`
    #[must_use]
    pub fn list(&self, resource: Resource, start_index: u64, count: u64) -> Request {
        self.request(
            Method::Get,
            format!(
                "{}?startIndex={start_index}&count={count}",
                resource.endpoint()
            ),
            None,
        )
    }
}

/// The target of one resource; the id is percent-encoded, whatever shape it has.
#[must_use]
pub fn one(resource: Resource, id: &str) -> String {
    format!("{}/{}", resource.endpoint(), path_segment(id))
}

/// A text as the value of a filter: quotes and backslashes escaped as in JSON (RFC 7644, 3.4.2.2). That Okta
/// escapes them is inferred; nobody has recorded such a name.
fn filter_string(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_ups_are_encoded_as_recorded() {
        let client = Client::default();
        assert_eq!(
            client
                .look_up(Resource::User, "ada.byron@example.com", Variants::default())
                .target,
            "/Users?filter=userName%20eq%20%22ada.byron%40example.com%22&startIndex=1&count=100"
        );
        assert_eq!(
            client
                .look_up(Resource::Group, "a \"b\\c\" + 'é' 😀", Variants::default())
                .target,
            "/Groups?filter=displayName%20eq%20%22a%20%5C%22b%5C%5Cc%5C%22%20%2B%20%27%C3%A9%27%20%F0%9F%98%80%22&startIndex=1&count=100"
        );
    }

    #[test]
    fn ids_of_any_shape_are_escaped() {
        let client = Client::default();
        assert_eq!(
            client.read(Resource::Group, "Eng & Ops/1").target,
            "/Groups/Eng%20%26%20Ops%2F1"
        );
    }

    #[test]
    fn get_has_no_content_type_and_delete_has_one() {
        let client = Client {
            agent: Agent::Okta,
            authorization: Some(HeaderText::Plain("Bearer t".into())),
            extra: vec![],
        };
        let names = |r: Request| {
            r.headers
                .into_iter()
                .map(|(n, _)| n)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(
            names(client.read(Resource::User, "1")),
            "Accept Accept-Charset User-Agent Authorization"
        );
        assert_eq!(
            names(client.request(Method::Delete, "/Groups/1".into(), None)),
            "Accept Accept-Charset Content-Type User-Agent Authorization"
        );
    }

    #[test]
    fn membership_is_set_arithmetic() {
        let set = |ids: &[&str]| ids.iter().map(|s| (*s).to_owned()).collect::<BTreeSet<_>>();
        let change = MemberChange::Delta {
            remove: set(&["a", "x"]),
            add: set(&["c"]),
        };
        assert_eq!(change.apply(&set(&["a", "b"])), set(&["b", "c"]));
        assert_eq!(
            MemberChange::Replace(set(&[])).apply(&set(&["a"])),
            set(&[])
        );
    }
}
