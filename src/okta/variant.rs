//! What nobody has shown of Okta, as named variants: each is off by default, and says what it changes on the wire and
//! how anybody knows.
//!
//! The table is the only place that names them; the jobs in `scenarios/okta/*.yaml` guard requests by them
//! (`when: {variant: NAME}`), and builders ask [`Variants`] for the form of a body.

use std::fmt;

use serde::Deserialize;
use serde_json::{Value, json};

use super::app::{Traits, Verb};
use super::{App, Evidence};

/// A behaviour of Okta that differs from the default in one respect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// `userName eq` with the e-mail address.
    LookupEmailAsUsername,
    /// `email eq`.
    LookupByEmail,
    /// `emails eq`.
    LookupByEmails,
    /// `emails.value eq`.
    LookupByEmailsValue,
    /// `+` for a blank in a query.
    PlusForBlank,
    /// `"` and `\` in a filter as they are.
    FilterUnescaped,
    /// A GET comes before each PATCH of a user.
    GetBeforePatch,
    /// Reactivation of a user who is active.
    ReactivateWhenActive,
    /// Activation, deactivation and passwords by PUT.
    StateByPut,
    /// `path: active`.
    ActiveWithPath,
    /// The id beside `active`.
    ActiveWithId,
    /// The PUT that deactivates brings `externalId` along.
    ExternalIdOnDeactivate,
    /// Profiles by PATCH.
    PatchProfile,
    /// Emptied attributes as null.
    ClearAsNull,
    /// Emptied attributes left out.
    ClearByOmission,
    /// Passwords by PUT.
    PasswordByPut,
    /// `path: password`.
    PasswordWithPath,
    /// The POST of a group names no members.
    CreateGroupEmpty,
    /// A new group is told its name once more.
    NameAfterCreate,
    /// The PUT of a group has no id.
    BareGroupPut,
    /// The PUT of a group is the answer to a GET with name and members changed.
    GroupPutEcho,
    /// A changed profile brings `groups` along when the GET had none.
    GroupsAdded,
    /// A changed profile is pushed as active.
    ActiveOnEveryPush,
    /// A full push without a path.
    MembersWithoutPath,
    /// A full push in one operation with the name.
    MembersWithName,
    /// Members without `display`.
    MembersWithoutDisplay,
    /// Removes and adds in requests of their own.
    SplitMembers,
    /// One `add` for each member.
    AddEachMember,
    /// 256 members in a PATCH.
    #[serde(rename = "batch-256")]
    Batch256,
    /// 1,000 members in a PATCH.
    #[serde(rename = "batch-1000")]
    Batch1000,
    /// Suspension deactivates.
    SuspendAsDeactivate,
    /// Roles as objects.
    RolesAsObjects,
    /// `en_US`.
    LocaleWithUnderscore,
    /// Pages of `/ResourceTypes` and `/Schemas`.
    PagedDiscovery,
}

/// What a variant decides. Two that decide the same exclude each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    LookUp,
    StateRequest,
    PasswordRequest,
    ReadFirst,
    Cleared,
    FullPush,
    GroupPut,
    Batch,
}

/// Everything that is said about a variant.
#[derive(Clone, Copy, Debug)]
pub struct VariantMeta {
    /// Which.
    pub variant: Variant,
    /// The name after `--variant`.
    pub name: &'static str,
    /// The kinds of app whose requests change.
    pub apps: &'static [App],
    /// What it means, in one line.
    pub meaning: &'static str,
    /// What crosses the wire in place of the default, in one line.
    pub wire: &'static str,
    /// How it is known. What rests on it alone is known no better.
    pub evidence: Evidence,
    /// Where it is said.
    pub source: &'static str,
    decides: &'static [Decision],
}

const BOTH: &[App] = &App::ALL;
const CUSTOM: &[App] = &[App::Custom];
const OIN: &[App] = &[App::Oin];

/// All variants, in the order of [`Variant`]: look-ups, users, groups, the rest.
const TABLE: [VariantMeta; 34] = [
    VariantMeta {
        variant: Variant::LookupEmailAsUsername,
        name: "lookup-email-as-username",
        apps: BOTH,
        meaning: "the unique identifier is the e-mail; only the value of the look-up follows",
        wire: "`filter=userName eq \"<e-mail>\"`",
        evidence: Evidence::Documented,
        source: "[SCIM 2.0 reference](https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20), retrieve users",
        decides: &[Decision::LookUp],
    },
    VariantMeta {
        variant: Variant::LookupByEmail,
        name: "lookup-by-email",
        apps: BOTH,
        meaning: "the unique identifier field says `email`, and Okta puts it into the filter as it is",
        wire: "`filter=email eq \"<e-mail>\"`",
        evidence: Evidence::Inferred,
        source: "[okta-blog-archive PR 356](https://github.com/oktadeveloper/okta-blog-archive/pull/356): the filter is made from the name of the unique field",
        decides: &[Decision::LookUp],
    },
    VariantMeta {
        variant: Variant::LookupByEmails,
        name: "lookup-by-emails",
        apps: BOTH,
        meaning: "the unique identifier is the SCIM attribute `emails`",
        wire: "`filter=emails eq \"<e-mail>\"`",
        evidence: Evidence::Inferred,
        source: "Okta's SCIM guide of 2018, [okta-blog-archive PR 1956](https://github.com/oktadeveloper/okta-blog-archive/pull/1956), names `emails` as a possible field; RFC 7644, 3.4.2.2",
        decides: &[Decision::LookUp],
    },
    VariantMeta {
        variant: Variant::LookupByEmailsValue,
        name: "lookup-by-emails-value",
        apps: BOTH,
        meaning: "the same, with the sub-attribute",
        wire: "`filter=emails.value eq \"<e-mail>\"`",
        evidence: Evidence::Inferred,
        source: "the notation of RFC 7644, 3.10, for the field above",
        decides: &[Decision::LookUp],
    },
    VariantMeta {
        variant: Variant::PlusForBlank,
        name: "plus-for-blank",
        apps: BOTH,
        meaning: "queries are form-encoded, as they were in 2018",
        wire: "`filter=userName+eq+%22…%22`",
        evidence: Evidence::Recorded,
        source: "raw requests of 2018, [okta-blog-archive PR 1956](https://github.com/oktadeveloper/okta-blog-archive/pull/1956); an access log of 2024 has `%20`",
        decides: &[],
    },
    VariantMeta {
        variant: Variant::FilterUnescaped,
        name: "filter-unescaped",
        apps: BOTH,
        meaning: "`\"` and `\\` in a name are not escaped inside the filter",
        wire: "`displayName eq \"Night \"Shift\"\"` for a group called Night \"Shift\"",
        evidence: Evidence::Inferred,
        source: "nobody has shown such a name; RFC 7644, 3.4.2.2, wants a JSON string",
        decides: &[],
    },
    VariantMeta {
        variant: Variant::GetBeforePatch,
        name: "get-before-patch",
        apps: OIN,
        meaning: "a user is read before she is activated, deactivated or given a password",
        wire: "`GET /Users/{id}` before the PATCH",
        evidence: Evidence::Documented,
        source: "flow charts `scim_flow-user-deprovision.png` and `scim_flow-user-update-patch.png` in [okta-developer-docs](https://github.com/okta/okta-developer-docs); a recording of 2026 contradicts them ([thedadams/obot](https://github.com/thedadams/obot))",
        decides: &[Decision::ReadFirst],
    },
    VariantMeta {
        variant: Variant::ReactivateWhenActive,
        name: "reactivate-when-active",
        apps: BOTH,
        meaning: "whoever is found is activated first, also when she is active",
        wire: "PUT or PATCH of `active: true` before the profile is pushed",
        evidence: Evidence::Documented,
        source: "flow chart `scim_flow-user-create.png` in [okta-developer-docs](https://github.com/okta/okta-developer-docs); no trace shows it",
        decides: &[],
    },
    VariantMeta {
        variant: Variant::StateByPut,
        name: "state-by-put",
        apps: OIN,
        meaning: "Okta has switched the app from PATCH to PUT for activation, deactivation and passwords",
        wire: "`GET /Users/{id}`, then PUT, in place of the PATCH; groups stay with PATCH",
        evidence: Evidence::Documented,
        source: "[SCIM 2.0 reference](https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20) and the SCIM FAQ: catalogue apps can be switched",
        decides: &[
            Decision::StateRequest,
            Decision::PasswordRequest,
            Decision::ReadFirst,
        ],
    },
    VariantMeta {
        variant: Variant::ActiveWithPath,
        name: "active-with-path",
        apps: OIN,
        meaning: "the PATCH that activates or deactivates names its path",
        wire: "`{\"op\":\"replace\",\"path\":\"active\",\"value\":false}`",
        evidence: Evidence::Reported,
        source: "[fso-datawarrior/lab-okta-scim-server](https://github.com/fso-datawarrior/lab-okta-scim-server), in a paraphrase",
        decides: &[Decision::StateRequest],
    },
    VariantMeta {
        variant: Variant::ActiveWithId,
        name: "active-with-id",
        apps: OIN,
        meaning: "the PATCH that activates or deactivates repeats the user's id",
        wire: "`{\"op\":\"replace\",\"value\":{\"id\":\"…\",\"active\":false}}`",
        evidence: Evidence::Reported,
        source: "tests of [onyx-dot-app/onyx](https://github.com/onyx-dot-app/onyx), which call it Okta's payload",
        decides: &[Decision::StateRequest],
    },
    VariantMeta {
        variant: Variant::ExternalIdOnDeactivate,
        name: "external-id-on-deactivate",
        apps: CUSTOM,
        meaning: "the PUT that activates or deactivates brings `externalId` along when the GET had none",
        wire: "`\"externalId\":\"00u…\"` added to the answer that is put back",
        evidence: Evidence::Reported,
        source: "[Timothy-itayi/okta-iam-lifecycle-lab](https://github.com/Timothy-itayi/okta-iam-lifecycle-lab): on every call; the PUT of the Firezone trace has none",
        decides: &[],
    },
    VariantMeta {
        variant: Variant::PatchProfile,
        name: "patch-profile",
        apps: OIN,
        meaning: "an app with \"Support PATCH for User\" pushes profiles by PATCH",
        wire: "one `replace` without a path, with all mapped attributes",
        evidence: Evidence::Inferred,
        source: "a check box of the [OIN Wizard](https://developer.okta.com/docs/guides/submit-oin-app/scim/main/); no source shows what it sends",
        decides: &[],
    },
    VariantMeta {
        variant: Variant::ClearAsNull,
        name: "clear-as-null",
        apps: BOTH,
        meaning: "an attribute that was emptied in Okta travels as null",
        wire: "`\"title\":null` in place of `\"title\":\"\"`",
        evidence: Evidence::Reported,
        source: "a vendor's knowledge base that saw null or empty texts in PUTs; case C9337 of Okta's test plan asks for no error",
        decides: &[Decision::Cleared],
    },
    VariantMeta {
        variant: Variant::ClearByOmission,
        name: "clear-by-omission",
        apps: BOTH,
        meaning: "an attribute that was emptied in Okta is left out of the PUT",
        wire: "no `title` in the answer that is put back",
        evidence: Evidence::Inferred,
        source: "RFC 7644, 3.5.1, lets a client do so; nothing of Okta's says how it travels",
        decides: &[Decision::Cleared],
    },
    VariantMeta {
        variant: Variant::PasswordByPut,
        name: "password-by-put",
        apps: OIN,
        meaning: "a synced password travels as it does from custom apps",
        wire: "`GET /Users/{id}`, then PUT of the answer with `password`",
        evidence: Evidence::Inferred,
        source: "SCIM messages of the on-premises agent put the whole user (help.okta.com)",
        decides: &[Decision::PasswordRequest],
    },
    VariantMeta {
        variant: Variant::PasswordWithPath,
        name: "password-with-path",
        apps: OIN,
        meaning: "the PATCH of a password names its path",
        wire: "`{\"op\":\"replace\",\"path\":\"password\",\"value\":\"…\"}`",
        evidence: Evidence::Inferred,
        source: "RFC 7644, 3.5.2.3; Okta documents the PATCH and not its body",
        decides: &[Decision::PasswordRequest],
    },
    VariantMeta {
        variant: Variant::CreateGroupEmpty,
        name: "create-group-empty",
        apps: OIN,
        meaning: "a catalogue app creates a group without its members, and adds them afterwards",
        wire: "`POST /Groups` with `members: []`, then the PATCH that adds them",
        evidence: Evidence::Documented,
        source: "[SCIM 2.0 reference](https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20), create a group; the recording of 2026 has all members in the POST ([thedadams/obot](https://github.com/thedadams/obot))",
        decides: &[],
    },
    VariantMeta {
        variant: Variant::NameAfterCreate,
        name: "name-after-create",
        apps: OIN,
        meaning: "a catalogue app tells a group its name once more after it has created it",
        wire: "`{\"op\":\"replace\",\"value\":{\"id\":\"…\",\"displayName\":\"…\"}}` between the POST and the PATCH of the members",
        evidence: Evidence::Reported,
        source: "[Metatavu/keycloak-scim-server #113](https://github.com/Metatavu/keycloak-scim-server/issues/113); the recording of 2026 has none ([thedadams/obot](https://github.com/thedadams/obot))",
        decides: &[],
    },
    VariantMeta {
        variant: Variant::BareGroupPut,
        name: "bare-group-put",
        apps: CUSTOM,
        meaning: "the PUT of a group has no id",
        wire: "`{\"schemas\":[…],\"displayName\":\"…\",\"members\":[…]}`, without `id`",
        evidence: Evidence::Documented,
        source: "[SCIM 2.0 reference](https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20), update a group by PUT",
        decides: &[Decision::GroupPut],
    },
    VariantMeta {
        variant: Variant::GroupPutEcho,
        name: "group-put-echo",
        apps: CUSTOM,
        meaning: "the PUT of a group is the target's own answer with name and members changed, like that of a user",
        wire: "all that the GET of the group has shown, `meta` included",
        evidence: Evidence::Inferred,
        source: "the PUT of a user; the recording of 2026 has 17 PUTs of groups, and none is an echo ([thedadams/obot](https://github.com/thedadams/obot))",
        decides: &[Decision::GroupPut],
    },
    VariantMeta {
        variant: Variant::GroupsAdded,
        name: "groups-added",
        apps: BOTH,
        meaning: "the PUT of a changed profile brings an empty `groups` along when the GET had none",
        wire: "`\"groups\":[]` at the end of the answer that is put back",
        evidence: Evidence::Inferred,
        source: "the PUT that links a user has it in every trace; no trace shows a plain change of a user without `groups`",
        decides: &[],
    },
    VariantMeta {
        variant: Variant::ActiveOnEveryPush,
        name: "active-on-every-push",
        apps: BOTH,
        meaning: "the PUT of a changed profile activates the user",
        wire: "`\"active\":true`, whatever the GET has shown",
        evidence: Evidence::Inferred,
        source: "the PUT that links a user does; Okta's [concept page](https://developer.okta.com/docs/concepts/scim/) says that a profile push does not change the status",
        decides: &[],
    },
    VariantMeta {
        variant: Variant::MembersWithoutPath,
        name: "members-without-path",
        apps: OIN,
        meaning: "\"Push now\" replaces the members without a path",
        wire: "`{\"op\":\"replace\",\"value\":{\"members\":[…]}}`",
        evidence: Evidence::Reported,
        source: "[Metatavu/keycloak-scim-server #100](https://github.com/Metatavu/keycloak-scim-server/issues/100); what makes Okta choose it is unknown",
        decides: &[Decision::FullPush],
    },
    VariantMeta {
        variant: Variant::MembersWithName,
        name: "members-with-name",
        apps: OIN,
        meaning: "\"Push now\" sends name and members in one operation",
        wire: "`{\"op\":\"replace\",\"value\":{\"members\":[…],\"id\":\"…\",\"displayName\":\"…\"}}`, and no PATCH of the name",
        evidence: Evidence::Reported,
        source: "[scimgateway #113](https://github.com/jelhub/scimgateway/issues/113), for an empty group",
        decides: &[Decision::FullPush],
    },
    VariantMeta {
        variant: Variant::MembersWithoutDisplay,
        name: "members-without-display",
        apps: BOTH,
        meaning: "members are sent by their ids alone",
        wire: "`{\"value\":\"…\"}`",
        evidence: Evidence::Reported,
        source: "[Metatavu/keycloak-scim-server #100](https://github.com/Metatavu/keycloak-scim-server/issues/100)",
        decides: &[],
    },
    VariantMeta {
        variant: Variant::SplitMembers,
        name: "split-members",
        apps: OIN,
        meaning: "members who leave and members who join go in requests of their own",
        wire: "one PATCH with the `remove` operations, then one with the `add`",
        evidence: Evidence::Inferred,
        source: "the reference documents that one PATCH may hold both, not that it must",
        decides: &[],
    },
    VariantMeta {
        variant: Variant::AddEachMember,
        name: "add-each-member",
        apps: OIN,
        meaning: "every new member has an operation of its own",
        wire: "`{\"op\":\"add\",\"path\":\"members\",\"value\":[{…}]}`, once a member",
        evidence: Evidence::Inferred,
        source: "single adds were recorded ([SCIM-SDK #419](https://github.com/Captain-P-Goldfish/SCIM-SDK/issues/419)), several were not",
        decides: &[],
    },
    VariantMeta {
        variant: Variant::Batch256,
        name: "batch-256",
        apps: OIN,
        meaning: "one PATCH carries up to 256 changes of members",
        wire: "256 in place of 100",
        evidence: Evidence::Reported,
        source: "[ory/polis PR 4080](https://github.com/ory/polis/pull/4080)",
        decides: &[Decision::Batch],
    },
    VariantMeta {
        variant: Variant::Batch1000,
        name: "batch-1000",
        apps: OIN,
        meaning: "one PATCH carries up to 1,000 changes of members",
        wire: "1,000 in place of 100",
        evidence: Evidence::Documented,
        source: "the OIN Manager's field for it, 100 to 1,000, in the history of [okta-developer-docs](https://github.com/okta/okta-developer-docs)",
        decides: &[Decision::Batch],
    },
    VariantMeta {
        variant: Variant::SuspendAsDeactivate,
        name: "suspend-as-deactivate",
        apps: BOTH,
        meaning: "suspending somebody in Okta deactivates the account",
        wire: "the requests of a deactivation, in place of none",
        evidence: Evidence::Documented,
        source: "the reference until July 2021, in the history of [okta-developer-docs](https://github.com/okta/okta-developer-docs); vendors' guides say that nothing is sent",
        decides: &[],
    },
    VariantMeta {
        variant: Variant::RolesAsObjects,
        name: "roles-as-objects",
        apps: BOTH,
        meaning: "roles travel as RFC 7643 has them",
        wire: "`\"roles\":[{\"value\":\"admin\",\"display\":\"admin\"}]` in place of `[\"admin\"]`",
        evidence: Evidence::Documented,
        source: "[Build a SCIM 2.0 server with entitlements](https://developer.okta.com/docs/guides/scim-with-entitlements/main/)",
        decides: &[],
    },
    VariantMeta {
        variant: Variant::LocaleWithUnderscore,
        name: "locale-with-underscore",
        apps: BOTH,
        meaning: "the locale is what the Okta profile holds, in Java's spelling",
        wire: "`\"locale\":\"en_US\"` in place of `en-US`",
        evidence: Evidence::Recorded,
        source: "raw requests of 2018, [okta-blog-archive PR 1956](https://github.com/oktadeveloper/okta-blog-archive/pull/1956)",
        decides: &[],
    },
    VariantMeta {
        variant: Variant::PagedDiscovery,
        name: "paged-discovery",
        apps: BOTH,
        meaning: "resource types and schemas are read in pages",
        wire: "`?startIndex=1&count=100` behind `/ResourceTypes` and `/Schemas`",
        evidence: Evidence::Inferred,
        source: "Okta documents these calls without their query; RFC 7644, 4, lets a server ignore it",
        decides: &[],
    },
];

impl Variant {
    /// All of them, in the order of the table.
    #[allow(clippy::indexing_slicing, reason = "the compiler does it")]
    pub const ALL: [Self; TABLE.len()] = {
        let mut all = [TABLE[0].variant; TABLE.len()];
        let mut n = 0;
        while n < TABLE.len() {
            all[n] = TABLE[n].variant;
            n += 1;
        }
        all
    };

    /// What is said about it.
    #[must_use]
    pub const fn meta(self) -> &'static VariantMeta {
        // A test holds that the table has every variant at its place.
        #[allow(clippy::indexing_slicing)]
        &TABLE[self as usize]
    }

    /// The name after `--variant`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.meta().name
    }

    /// Whether both decide the same, so that only one can be on.
    #[must_use]
    pub fn excludes(self, other: Self) -> bool {
        self != other
            && self
                .meta()
                .decides
                .iter()
                .any(|decision| other.meta().decides.contains(decision))
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The variants that are on, and what they decide. Without any, every method gives the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Variants(u64);

impl FromIterator<Variant> for Variants {
    fn from_iter<I: IntoIterator<Item = Variant>>(variants: I) -> Self {
        variants.into_iter().fold(Self::default(), Self::with)
    }
}

impl Variants {
    /// Okta as it is replayed by default.
    pub const NONE: Self = Self(0);

    /// The same, with one more.
    #[must_use]
    pub fn with(self, variant: Variant) -> Self {
        Self(self.0 | 1 << variant as u32)
    }

    /// The same, without this one.
    #[must_use]
    pub fn without(self, variant: Variant) -> Self {
        Self(self.0 & !(1 << variant as u32))
    }

    /// Whether it is on.
    #[must_use]
    pub fn has(self, variant: Variant) -> bool {
        self.0 & 1 << variant as u32 != 0
    }

    /// Those that are on, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Variant> {
        Variant::ALL.into_iter().filter(move |v| self.has(*v))
    }

    /// Two that exclude each other, if there are.
    #[must_use]
    pub fn conflict(self) -> Option<(Variant, Variant)> {
        self.iter().find_map(|one| {
            let other = self.iter().find(|other| one.excludes(*other))?;
            Some((one, other))
        })
    }

    /// The traits of an app under them.
    #[must_use]
    pub fn traits(self, app: App, traits: Traits) -> Traits {
        let mut traits = traits;
        if app != App::Oin {
            return traits;
        }
        if self.has(Variant::PatchProfile) {
            traits.profile = Verb::Patch;
        }
        if self.has(Variant::StateByPut) {
            (traits.state, traits.password) = (Verb::Put, Verb::Put);
        }
        if self.has(Variant::PasswordByPut) {
            traits.password = Verb::Put;
        }
        traits
    }

    /// The attribute that users are looked up by, and whether its value is the e-mail address.
    #[must_use]
    pub fn look_up(self) -> (&'static str, bool) {
        if self.has(Variant::LookupEmailAsUsername) {
            ("userName", true)
        } else if self.has(Variant::LookupByEmail) {
            ("email", true)
        } else if self.has(Variant::LookupByEmails) {
            ("emails", true)
        } else if self.has(Variant::LookupByEmailsValue) {
            ("emails.value", true)
        } else {
            ("userName", false)
        }
    }

    /// Changes of members in one PATCH, where an app has `default`.
    #[must_use]
    pub fn member_batch(self, default: usize) -> usize {
        if self.has(Variant::Batch256) {
            256
        } else if self.has(Variant::Batch1000) {
            1000
        } else {
            default
        }
    }

    /// What stands in the place of a SCIM attribute that was emptied: an empty text or list (inferred); none leaves it
    /// out.
    #[must_use]
    pub fn cleared(self, attribute: &str) -> Option<Value> {
        if self.has(Variant::ClearByOmission) {
            None
        } else if self.has(Variant::ClearAsNull) {
            Some(Value::Null)
        } else if attribute == "roles" {
            Some(json!([]))
        } else {
            Some("".into())
        }
    }

    /// The value of an Okta attribute as it is sent.
    #[must_use]
    pub fn value(self, attribute: &str, value: &Value) -> Value {
        match (attribute, value) {
            ("roles", Value::Array(roles)) if self.has(Variant::RolesAsObjects) => roles
                .iter()
                .map(|role| json!({"value": role, "display": role}))
                .collect(),
            ("locale", Value::String(locale)) if self.has(Variant::LocaleWithUnderscore) => {
                locale.replace('-', "_").into()
            }
            _ => value.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_that_of_the_names() {
        for (n, meta) in TABLE.iter().enumerate() {
            assert_eq!(meta.variant as usize, n, "{}", meta.name);
            let read: Variant = serde_json::from_value(meta.name.into()).unwrap();
            assert_eq!(read, meta.variant);
            assert!(!meta.apps.is_empty());
            for text in [meta.meaning, meta.wire, meta.source] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{}", meta.name);
            }
        }
    }

    #[test]
    fn a_set_holds_what_was_put_into_it() {
        let mut all = Variants::default();
        for variant in Variant::ALL {
            assert!(!all.has(variant));
            all = all.with(variant);
            assert!(all.has(variant));
            assert!(!all.without(variant).has(variant));
        }
        assert!(all.iter().eq(Variant::ALL));
        assert!(Variants::default().iter().next().is_none());
    }

    #[test]
    fn two_answers_to_one_question_exclude_each_other() {
        let conflict = |variants: &[Variant]| {
            let set: Variants = variants.iter().copied().collect();
            set.conflict()
        };
        for pair in [
            [Variant::LookupByEmail, Variant::LookupByEmails],
            [Variant::StateByPut, Variant::ActiveWithPath],
            [Variant::GetBeforePatch, Variant::StateByPut],
            [Variant::ClearAsNull, Variant::ClearByOmission],
            [Variant::PasswordByPut, Variant::PasswordWithPath],
            [Variant::Batch256, Variant::Batch1000],
        ] {
            let (a, b) = conflict(&pair).unwrap();
            assert!(pair.contains(&a) && pair.contains(&b) && a != b);
        }
        let compatible = [
            Variant::PlusForBlank,
            Variant::SplitMembers,
            Variant::AddEachMember,
            Variant::Batch256,
            Variant::GetBeforePatch,
            Variant::ActiveWithId,
            Variant::PasswordByPut,
        ];
        assert_eq!(conflict(&compatible), None);
        for variant in Variant::ALL {
            assert_eq!(conflict(&[variant]), None);
        }
    }
}
