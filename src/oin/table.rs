//! The rows of Okta's test plan, in Okta's order, and the suites that come before it.
//!
//! 61 rows of the plan for SCIM integrations, and 8 that the plan of 2026 adds for entitlements and schema discovery.

use super::Feature::{
    Create, Deactivate, Entitlements, Groups, ImportGroups, ImportUsers, Password, ProfileSourcing,
    SchemaDiscovery, Update,
};
use super::plan::Class::{ByHand, Fixture, NothingSent, Wire};
use super::plan::{Area, Row, Sheet};

/// Okta's suites, as our own scenarios of them. The case is the name of the suite.
pub const SUITES: &[Row] = &[
    Row {
        case: "SPEC",
        area: Area::Suites,
        title: "Lists, look-ups, create, duplicates, 401 and 404",
        features: &[],
        class: Wire(&["okta-suite/spec"]),
        by_hand: "",
        sheet: Sheet::Suite,
    },
    Row {
        case: "CRUD",
        area: Area::Suites,
        title: "Assign, update, deactivate, assign again, remove",
        features: &[Create, Update, Deactivate],
        class: Wire(&["okta-suite/crud"]),
        by_hand: "",
        sheet: Sheet::Suite,
    },
    Row {
        case: "ENT",
        area: Area::Suites,
        title: "Entitlement endpoints, a page of one",
        features: &[Entitlements],
        class: Wire(&["entitlements/discovery"]),
        by_hand: "",
        sheet: Sheet::Suite,
    },
];

/// Every row of the plan.
pub const ROWS: &[Row] = &[
    Row {
        case: "C9296",
        area: Area::Setup,
        title: "A person to test with",
        features: &[],
        class: Fixture("every scenario brings its own people"),
        by_hand: "Create a user in your Okta org whose username is an e-mail address, with both names and a primary e-mail.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9297",
        area: Area::Setup,
        title: "A group to test with",
        features: &[],
        class: Fixture("scenarios about groups bring their own"),
        by_hand: "Create a group in your Okta org, with a name and a description.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9298",
        area: Area::Setup,
        title: "An instance of your app",
        features: &[],
        class: Fixture("--target, the token and --auth"),
        by_hand: "Generate a test instance in the OIN Wizard, and set it up by your own configuration guide and nothing else.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9308",
        area: Area::Setup,
        title: "People in the group",
        features: &[],
        class: Fixture("members of the scenarios' groups"),
        by_hand: "Add your test users to the group. Use one group to assign and another one to push.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9313",
        area: Area::Setup,
        title: "Linked groups are renamed: on",
        features: &[Groups],
        class: Fixture("groups/rename sends the new name"),
        by_hand: "In the settings of Push Groups, have app groups renamed to match the group in Okta; then do C9315.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9314",
        area: Area::Setup,
        title: "Linked groups are renamed: off",
        features: &[Groups],
        class: Fixture("groups/link-by-name leaves the name"),
        by_hand: "In the settings of Push Groups, leave names of app groups alone; then do C9330.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C21902",
        area: Area::Provisioning,
        title: "OAuth 2 with a redirect address that is not allowed",
        features: &[],
        class: ByHand,
        by_hand: "Only with OAuth 2: start the consent with a redirect URI that is not on your list. Your authorization server must show an error and give out neither a code nor a token.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9306",
        area: Area::Provisioning,
        title: "Provisioning is switched on",
        features: &[],
        class: Wire(&[
            "connection/test-connection",
            "connection/test-connection-with-a-user",
            "connection/nobody-found",
        ]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9339",
        area: Area::Provisioning,
        title: "Provisioning is switched off, then a user is edited",
        features: &[Create, Update],
        class: NothingSent(&["lifecycle/provisioning-off"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9340",
        area: Area::Provisioning,
        title: "Wrong credentials",
        features: &[],
        class: Wire(&["connection/wrong-token", "connection/wrong-base-url"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9341",
        area: Area::Provisioning,
        title: "New credentials",
        features: &[],
        class: ByHand,
        by_hand: "Make a new token in your product and test the app's credentials with it. The same here: scim-conform run connection/test-connection with the new token.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9342",
        area: Area::Provisioning,
        title: "Log-in, SWA",
        features: &[],
        class: ByHand,
        by_hand: "Only with SWA: log in to your app from the dashboard of a provisioned user.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9343",
        area: Area::Provisioning,
        title: "Log-in, SAML",
        features: &[],
        class: ByHand,
        by_hand: "Only with SAML: log in to your app from the dashboard of a provisioned user.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9289",
        area: Area::Attributes,
        title: "Types of attributes in the Profile Editor",
        features: &[],
        class: ByHand,
        by_hand: "In the Profile Editor: username, both names and the primary e-mail are Personal, what a group may set is Group, and no attribute is without a type.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9344",
        area: Area::Attributes,
        title: "Basic attributes",
        features: &[],
        class: ByHand,
        by_hand: "In the Profile Editor: username, given name and family name are base attributes.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9345",
        area: Area::Attributes,
        title: "Attributes and their mapping",
        features: &[Create, Update],
        class: Wire(&[
            "users/create-with-every-attribute",
            "profile/display-name",
            "profile/phones-and-addresses",
            "profile/enterprise-extension",
        ]),
        by_hand: "Compare the mapping of your app with the attributes in your guide, in both directions.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9299",
        area: Area::Documentation,
        title: "Configuration guide",
        features: &[],
        class: ByHand,
        by_hand: "Open the link as a stranger would. The guide names the supported features, requirements, steps with current pictures, attributes and mapping, and known issues.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9290",
        area: Area::Create,
        title: "A new user is assigned",
        features: &[Create],
        class: Wire(&["users/create", "users/create-minimal"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9293",
        area: Area::Create,
        title: "A user is reactivated",
        features: &[Create, Deactivate],
        class: Wire(&[
            "lifecycle/reactivate",
            "lifecycle/reactivate-by-put",
            "lifecycle/rehire",
            "lifecycle/back-and-forth",
        ]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9300",
        area: Area::Create,
        title: "A suspended user is let in again",
        features: &[Create],
        class: NothingSent(&["lifecycle/suspension-lifted"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9307",
        area: Area::Create,
        title: "A group is assigned to the app",
        features: &[Create],
        class: Wire(&["users/many-at-once"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9334",
        area: Area::Create,
        title: "A user with all attributes is assigned",
        features: &[Create],
        class: Wire(&["users/create-with-every-attribute"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9335",
        area: Area::Create,
        title: "A user who has an account already is assigned",
        features: &[Create],
        class: Wire(&["users/link-existing", "users/look-up-in-other-case"]),
        by_hand: "Do it with an account that was made in your product, too: here it comes by SCIM. With --hook CMD, users/made-in-the-product does the same.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9336",
        area: Area::Create,
        title: "The username is not the e-mail address",
        features: &[Create],
        class: Wire(&["users/login-is-not-the-email"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9291",
        area: Area::Update,
        title: "Attributes of the assignment change",
        features: &[Create, Update],
        class: Wire(&["profile/update"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9309",
        area: Area::Update,
        title: "Attributes that a group sets change",
        features: &[Create, Update],
        class: Wire(&["profile/several-people-at-once"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9310",
        area: Area::Update,
        title: "The Okta profile changes",
        features: &[Create, Update],
        class: Wire(&[
            "profile/update",
            "rename/names-only",
            "rename/email-only",
            "rename/login-and-email",
        ]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9337",
        area: Area::Update,
        title: "Empty values are pushed",
        features: &[Create, Update],
        class: Wire(&["profile/clear-a-value", "profile/empty-values"]),
        by_hand: "Look in your product, too: nobody has published how Okta writes an empty value. Do it for a group and for one user.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9292",
        area: Area::Deprovision,
        title: "A user is deactivated in Okta",
        features: &[Create, Deactivate],
        class: Wire(&[
            "lifecycle/deactivate-in-okta",
            "lifecycle/deactivated-stays-visible",
        ]),
        by_hand: "Be logged in as that user in your product: the access must end.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9294",
        area: Area::Deprovision,
        title: "A user is taken off the app",
        features: &[Create, Deactivate],
        class: Wire(&["lifecycle/deactivate", "lifecycle/state-by-put"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9295",
        area: Area::Deprovision,
        title: "A user is suspended in Okta",
        features: &[Create],
        class: NothingSent(&["lifecycle/suspend"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9311",
        area: Area::Deprovision,
        title: "A group is taken off the app",
        features: &[Create, Deactivate],
        class: Wire(&["lifecycle/several-leave-at-once"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9301",
        area: Area::Password,
        title: "A password is synced",
        features: &[Create, Password],
        class: Wire(&["users/create", "security/password-is-not-returned"]),
        by_hand: "Log in to your product with the Okta password.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9302",
        area: Area::Password,
        title: "A synced password changes",
        features: &[Create, Password],
        class: Wire(&["security/password-is-not-returned"]),
        by_hand: "Log in with the new password, then try the old one: it must not work.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9303",
        area: Area::Import,
        title: "Users are imported",
        features: &[ImportUsers],
        class: Wire(&["imports/users", "imports/inactive-users"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9304",
        area: Area::Import,
        title: "The import counts right",
        features: &[ImportUsers],
        class: Wire(&["imports/users", "imports/more-than-a-page"]),
        by_hand: "Make one user in your product and import: Okta must say 1 scanned, 1 new, and nothing else.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9305",
        area: Area::Import,
        title: "An imported user is updated",
        features: &[ImportUsers, Update],
        class: Wire(&["imports/then-updated"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9338",
        area: Area::Import,
        title: "Groups are imported",
        features: &[ImportGroups],
        class: Wire(&["imports/groups"]),
        by_hand: "Make one group in your product and import: Okta must say 1 scanned, 1 new, and nothing else.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9312",
        area: Area::GroupPush,
        title: "A group is pushed and created",
        features: &[Groups],
        class: Wire(&["groups/push", "groups/two-groups-at-once"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9315",
        area: Area::GroupPush,
        title: "A group is linked and renamed",
        features: &[Groups],
        class: Wire(&[
            "groups/link-existing",
            "groups/rename",
            "groups/rename-and-change-members",
        ]),
        by_hand: "Link a group that Okta has imported under another name. Here the same requests go to a group that is linked already.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9316",
        area: Area::GroupPush,
        title: "Push now",
        features: &[Groups],
        class: Wire(&["groups/push-now"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9317",
        area: Area::GroupPush,
        title: "An empty group is pushed",
        features: &[Groups],
        class: Wire(&["groups/push-empty"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9318",
        area: Area::GroupPush,
        title: "A group is unlinked and deleted",
        features: &[Groups],
        class: Wire(&["groups/unlink-and-delete"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9319",
        area: Area::GroupPush,
        title: "The push of a group is deactivated",
        features: &[Groups],
        class: NothingSent(&["groups/push-paused"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9320",
        area: Area::GroupPush,
        title: "The push of a group is activated",
        features: &[Groups],
        class: Wire(&["groups/push-resumed"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9321",
        area: Area::GroupPush,
        title: "A group is unlinked and left",
        features: &[Groups],
        class: NothingSent(&["groups/unlink-and-leave"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9322",
        area: Area::GroupPush,
        title: "A group that was left is linked again",
        features: &[Groups],
        class: Wire(&["groups/link-by-name"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9323",
        area: Area::GroupPush,
        title: "Groups are pushed by a rule",
        features: &[Groups],
        class: Wire(&["groups/two-groups-at-once"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9324",
        area: Area::GroupPush,
        title: "A rule is deactivated",
        features: &[Groups],
        class: NothingSent(&["groups/push-paused"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9325",
        area: Area::GroupPush,
        title: "A rule is deleted with its groups",
        features: &[Groups],
        class: Wire(&["groups/delete-several"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9326",
        area: Area::GroupPush,
        title: "A rule is deleted, its groups are left",
        features: &[Groups],
        class: NothingSent(&["groups/unlink-and-leave"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9327",
        area: Area::GroupPush,
        title: "Bulk edit: several groups are deleted",
        features: &[Groups],
        class: Wire(&["groups/delete-several"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9328",
        area: Area::GroupPush,
        title: "Bulk edit: several groups are deactivated",
        features: &[Groups],
        class: NothingSent(&["groups/push-paused"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9329",
        area: Area::GroupPush,
        title: "Bulk edit: several groups are activated",
        features: &[Groups],
        class: Wire(&["groups/push-resumed"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9330",
        area: Area::GroupPush,
        title: "A group is linked and keeps its name",
        features: &[Groups],
        class: Wire(&["groups/link-existing", "groups/link-by-name"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9331",
        area: Area::GroupPush,
        title: "Bulk edit: several groups are unlinked and left",
        features: &[Groups],
        class: NothingSent(&["groups/unlink-and-leave"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9332",
        area: Area::GroupPush,
        title: "Members join a pushed group",
        features: &[Groups],
        class: Wire(&["groups/add-one", "groups/first-member"]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9333",
        area: Area::GroupPush,
        title: "Members leave a pushed group",
        features: &[Groups],
        class: Wire(&[
            "groups/remove-one",
            "groups/empty-out",
            "groups/deactivate-and-remove-at-once",
        ]),
        by_hand: "",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9359",
        area: Area::ProfileSourcing,
        title: "Profile sourcing is switched on",
        features: &[ProfileSourcing],
        class: Fixture("imports tell Okta who is active"),
        by_hand: "Ask Okta first: the OIN Wizard does not offer it. Then have Okta deactivate whom an import shows as inactive.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9360",
        area: Area::ProfileSourcing,
        title: "The app is the source of an imported user",
        features: &[ProfileSourcing, ImportUsers],
        class: Wire(&["imports/users"]),
        by_hand: "The user's page in Okta names your app as the source of the profile.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9361",
        area: Area::ProfileSourcing,
        title: "Somebody is deactivated in the app, then imported",
        features: &[ProfileSourcing, ImportUsers],
        class: Wire(&["imports/inactive-users"]),
        by_hand: "Deactivate the user in your product, import: Okta shows the user as deactivated.",
        sheet: Sheet::Scim,
    },
    Row {
        case: "C9370",
        area: Area::Entitlements,
        title: "Entitlements are discovered",
        features: &[Entitlements],
        class: Wire(&["entitlements/discovery"]),
        by_hand: "The Governance tab lists each of your entitlement types, with as many values as your endpoint says in totalResults.",
        sheet: Sheet::Actions,
    },
    Row {
        case: "C9371",
        area: Area::Entitlements,
        title: "A new user gets entitlements",
        features: &[Create, Entitlements],
        class: Wire(&["entitlements/create-user"]),
        by_hand: "",
        sheet: Sheet::Actions,
    },
    Row {
        case: "C9372",
        area: Area::Entitlements,
        title: "Entitlements of a user change",
        features: &[Create, Update, Entitlements],
        class: Wire(&["entitlements/update-roles"]),
        by_hand: "",
        sheet: Sheet::Actions,
    },
    Row {
        case: "C9373",
        area: Area::Entitlements,
        title: "Users are imported with entitlements",
        features: &[ImportUsers, Entitlements],
        class: Wire(&["entitlements/import-users"]),
        by_hand: "",
        sheet: Sheet::Actions,
    },
    Row {
        case: "C9390",
        area: Area::SchemaDiscovery,
        title: "Attributes of your own are offered",
        features: &[SchemaDiscovery],
        class: Wire(&["discovery/import-schema"]),
        by_hand: "The attribute picker of the app offers every attribute of your own.",
        sheet: Sheet::Actions,
    },
    Row {
        case: "C9391",
        area: Area::SchemaDiscovery,
        title: "Attributes of your own are added",
        features: &[SchemaDiscovery],
        class: ByHand,
        by_hand: "Add some of them: they appear in the app's profile.",
        sheet: Sheet::Actions,
    },
    Row {
        case: "C9392",
        area: Area::SchemaDiscovery,
        title: "A user with attributes of your own is assigned",
        features: &[Create, SchemaDiscovery],
        class: Wire(&["discovery/import-schema", "profile/enterprise-extension"]),
        by_hand: "Here the enterprise extension stands for yours. Assign a user with values for your own attributes, too.",
        sheet: Sheet::Actions,
    },
    Row {
        case: "C9393",
        area: Area::SchemaDiscovery,
        title: "Attributes of your own change",
        features: &[Create, Update, SchemaDiscovery],
        class: Wire(&[
            "profile/enterprise-extension",
            "profile/enterprise-extension-added-later",
        ]),
        by_hand: "Here the enterprise extension stands for yours. Change values of your own attributes, too.",
        sheet: Sheet::Actions,
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::oin::Claims;

    /// The case ids of Okta's two sheets.
    const CASES: &str = "\
        C9296 C9297 C9298 C9308 C9313 C9314 C21902 C9306 C9339 C9340 C9341 C9342 C9343 C9289 C9344 C9345 C9299 \
        C9290 C9293 C9300 C9307 C9334 C9335 C9336 C9291 C9309 C9310 C9337 C9292 C9294 C9295 C9311 C9301 C9302 \
        C9303 C9304 C9305 C9338 C9312 C9315 C9316 C9317 C9318 C9319 C9320 C9321 C9322 C9323 C9324 C9325 C9326 \
        C9327 C9328 C9329 C9330 C9331 C9332 C9333 C9359 C9360 C9361 \
        C9370 C9371 C9372 C9373 C9390 C9391 C9392 C9393";

    #[test]
    fn every_case_has_one_row_in_the_order_of_its_sheet() {
        let cases: Vec<&str> = ROWS.iter().map(|row| row.case).collect();
        assert!(CASES.split(' ').eq(cases.iter().copied()), "{cases:?}");
        let unique: BTreeSet<&str> = cases.iter().copied().collect();
        assert_eq!(unique.len(), 69);
        let of = |sheet| ROWS.iter().filter(|row| row.sheet == sheet).count();
        assert_eq!((of(Sheet::Scim), of(Sheet::Actions)), (61, 8));
        assert!(ROWS.is_sorted_by_key(|row| row.area));
    }

    #[test]
    fn every_row_has_an_answer() {
        for row in ROWS.iter().chain(SUITES) {
            let case = row.case;
            match row.class {
                Wire(scenarios) | NothingSent(scenarios) => {
                    assert!(!scenarios.is_empty(), "{case} names no scenario");
                }
                Fixture(stand_in) => {
                    assert!(!stand_in.is_empty() && !row.by_hand.is_empty(), "{case}")
                }
                ByHand => assert!(!row.by_hand.is_empty(), "{case} does not say what to do"),
            }
            let texts = [row.title, row.by_hand];
            assert!(texts.iter().all(|text| text.is_ascii()), "{case}");
            assert!(
                row.title.len() <= 54,
                "{case}: the title does not fit a line"
            );
            assert!(
                row.by_hand.is_empty() || row.by_hand.ends_with('.'),
                "{case}"
            );
        }
    }

    #[test]
    fn what_is_claimed_as_a_rule_leaves_out_what_the_wizard_does_not_tick() {
        let claims = Claims::default();
        let left_out = ROWS.iter().filter(|row| !claims.cover(row.features));
        let left_out: BTreeSet<Area> = left_out.map(|row| row.area).collect();
        let areas = [
            Area::Password,
            Area::ProfileSourcing,
            Area::Entitlements,
            Area::SchemaDiscovery,
        ];
        assert_eq!(left_out, BTreeSet::from(areas));
    }
}
