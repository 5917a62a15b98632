//! The URNs of RFC 7643 and RFC 7644 (RFC 7643, 10.3 and 10.4; RFC 7644, 8.2).

/// Core schema of a user (RFC 7643, 4.1).
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// Core schema of a group (RFC 7643, 4.2).
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// Enterprise extension of a user (RFC 7643, 4.3).
pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// Schema of a role that Okta imports
/// (<https://developer.okta.com/docs/guides/scim-with-entitlements/main/>).
pub const ROLE: &str = "urn:okta:scim:schemas:core:1.0:Role";
/// Schema of an entitlement that Okta imports
/// (<https://developer.okta.com/docs/guides/scim-with-entitlements/main/>).
pub const ENTITLEMENT: &str = "urn:okta:scim:schemas:core:1.0:Entitlement";
/// Schema of the service provider's configuration (RFC 7643, 5).
pub const SERVICE_PROVIDER_CONFIG: &str =
    "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
/// Schema of a resource type (RFC 7643, 6).
pub const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
/// Schema of a schema (RFC 7643, 7).
pub const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";
/// A list of resources (RFC 7644, 3.4.2).
pub const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// A query in a request's body (RFC 7644, 3.4.3).
pub const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
/// Several operations in one request (RFC 7644, 3.7).
pub const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// The answer to several operations (RFC 7644, 3.7).
pub const BULK_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";
/// A PATCH request (RFC 7644, 3.5.2).
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// An error (RFC 7644, 3.12).
pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Whether `text` starts like a URN (`urn:`, without case; RFC 8141, 2).
#[must_use]
pub fn is_urn(text: &str) -> bool {
    text.get(..4)
        .is_some_and(|head| head.eq_ignore_ascii_case("urn:"))
}

/// The schema URN of a resource that equals `text` without case, in its registered spelling.
#[must_use]
pub fn known(text: &str) -> Option<&'static str> {
    [USER, GROUP, ENTERPRISE_USER, ROLE, ENTITLEMENT]
        .into_iter()
        .find(|urn| urn.eq_ignore_ascii_case(text))
}
