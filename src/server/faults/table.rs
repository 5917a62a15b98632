//! The faults, family by family: a table, and no more.

use super::{Entry, Family};

/// One row a fault: name, what is right, what happens instead, product, address.
macro_rules! faults {
    ($($family:ident { $($fault:ident $name:literal $right:literal $wrong:literal $product:expr, $url:literal;)+ })+) => {
        /// One way in which the reference server can be made to misbehave.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Fault {
            $($(#[doc = $wrong] $fault,)+)+
        }

        impl Fault {
            /// All faults, family by family.
            pub const ALL: &[Self] = &[$($(Self::$fault,)+)+];

            pub(super) fn entry(self) -> &'static Entry {
                match self {
                    $($(Self::$fault => &Entry {
                        name: $name,
                        family: Family::$family,
                        right: $right,
                        wrong: $wrong,
                        product: $product,
                        url: $url,
                    },)+)+
                }
            }
        }
    };
}

faults! {
    List {
        EmptyListAsArray "empty-list-as-array"
            "A list without hits is a ListResponse with totalResults 0."
            "A list without hits is a bare `[]`."
            Some("Okta Help Center"), "https://support.okta.com/help/s/article/okta-scim-connector-error-no-results-for-users-returned-when-testing-connection";
        EmptyListAsEmptyBody "empty-list-as-empty-body"
            "A list without hits is a ListResponse with totalResults 0."
            "A list without hits is 200 with an empty body."
            Some("Okta Help Center"), "https://support.okta.com/help/s/article/okta-scim-connector-error-no-results-for-users-returned-when-testing-connection";
        EmptyListAsNull "empty-list-as-null"
            "A list without hits is a ListResponse with totalResults 0."
            "A list without hits is `null`."
            Some("Okta Help Center"), "https://support.okta.com/help/s/article/okta-scim-connector-error-no-results-for-users-returned-when-testing-connection";
        EmptyListWithoutResources "empty-list-without-resources"
            "A list without hits has `Resources: []`; Okta's connector test wants the key."
            "A list without hits has no `Resources`."
            Some("okta-scim-beta"), "https://github.com/oktadev/okta-scim-beta/pull/2";
        EmptyStore404 "empty-store-404"
            "Listing an empty store is 200 with totalResults 0."
            "Listing an empty store is answered 404."
            Some("WSO2 Charon"), "https://github.com/wso2/charon/pull/60";
        CountersAsStrings "counters-as-strings"
            "totalResults, startIndex and itemsPerPage are JSON numbers."
            "They are strings; Okta stops after the look-up and creates nobody."
            Some("Okta Help Center"), "https://support.okta.com/help/s/question/0D54z0000A4i091CQA/scim-provisioning-error-with-okta-scim-api";
        TotalIsPageSize "total-is-page-size"
            "totalResults counts all hits, on whatever page."
            "totalResults is the size of the page: an import ends after page one."
            Some("WSO2 Identity Server"), "https://github.com/wso2/product-is/issues/7320";
        TotalTooLow "total-too-low"
            "totalResults counts all hits."
            "It counts one less."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.4.2";
        TotalTooHigh "total-too-high"
            "totalResults counts what the client may see."
            "totalResults counts a hidden record, too."
            Some("Keycloak"), "https://github.com/keycloak/keycloak/issues/50800";
        ItemsPerPageEchoed "items-per-page-echoed"
            "itemsPerPage is the number of resources in this answer."
            "itemsPerPage repeats the requested count."
            Some("Ory Polis"), "https://github.com/ory/polis/pull/4054";
        PageCap50 "page-cap-50"
            "A page holds the 100 resources that Okta asks for."
            "A page holds 50, while Okta steps by 100: every second half is lost."
            Some("SAML Jackson"), "https://www.npmjs.com/package/@boxyhq/saml-jackson";
        PageCap20 "page-cap-20"
            "A page holds the 100 resources that Okta asks for."
            "A page holds 20, while Okta steps by 100."
            None, "https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20";
        FirstPagePastTheEnd "first-page-past-the-end"
            "A page past the end is empty."
            "A page past the end repeats the first page."
            Some("SCIMMY"), "https://www.npmjs.com/package/scimmy";
        StartIndexZeroBased "start-index-zero-based"
            "startIndex counts from 1."
            "startIndex counts from 0: the first resource is never on page one."
            Some("WSO2 Identity Server"), "https://github.com/wso2/product-is/issues/9957";
        PagesOverlap "pages-overlap"
            "Each resource is on one page."
            "Each page begins with the last resource of the page before."
            Some("WSO2 Identity Server"), "https://github.com/wso2/product-is/issues/22589";
        UnstableOrder "unstable-order"
            "The order of resources is the same on every page."
            "The order changes from request to request."
            Some("WSO2 Identity Server"), "https://github.com/wso2/product-is/issues/22589";
        ListTruncated100 "list-truncated-100"
            "A list holds all resources, page by page."
            "Whatever comes after the 100th resource does not exist for a list."
            Some("better-auth"), "https://github.com/better-auth/better-auth/issues/10398";
        ListTruncated50 "list-truncated-50"
            "A list goes on to its last resource."
            "Whatever comes after the 50th resource does not exist for a list."
            Some("SAML Jackson"), "https://www.npmjs.com/package/@boxyhq/saml-jackson";
        UnfilteredListRefused "unfiltered-list-refused"
            "A list without a filter is answered: Okta tests its connection with one."
            "A list without a filter is refused with 400."
            Some("Pydantic Logfire"), "https://github.com/pydantic/logfire/pull/2356";
        PagingIgnored "paging-ignored"
            "count bounds the page."
            "Everything comes in one answer."
            Some("PostHog"), "https://github.com/PostHog/posthog/pull/51441";
        ListCrashesOnIncompleteUser "list-crashes-on-incomplete-user"
            "A user without a name is listed like any other."
            "One user without a name turns the whole list into a 500."
            Some("Rancher"), "https://github.com/rancher/rancher/issues/52996";
        LowerCaseResources "lower-case-resources"
            "The list's key is `Resources`."
            "The list's key is `resources`."
            Some("SSOReady"), "https://github.com/ssoready/ssoready/pull/232";
        ListSchemaWrong "list-schema-wrong"
            "`schemas` of a list is the ListResponse URN."
            "`schemas` of a list is the User URN."
            Some("SSOReady"), "https://github.com/ssoready/ssoready/pull/232";
        ListNeedsParameters "list-needs-parameters"
            "A list may be asked for without startIndex and count."
            "Without them it is empty."
            Some("Bitwarden"), "https://github.com/bitwarden/server/issues/4034";
        PagingCorners500 "paging-corners-500"
            "startIndex below 1 is 1, and count below 0 is 0."
            "They are a 500."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.4.2.4";
    }
    LookUp {
        FilterIgnored "filter-ignored"
            "A filter selects."
            "The filter on users is ignored: whoever stands first is linked."
            Some("keycloak-scim-server"), "https://github.com/Metatavu/keycloak-scim-server/issues/46";
        LookupMissAnswersStranger "lookup-miss-answers-stranger"
            "A look-up without hits is empty."
            "A look-up without hits answers the first user of the store."
            Some("LangWatch"), "https://github.com/langwatch/langwatch/issues/6973";
        FilterMatchesPrefix "filter-matches-prefix"
            "`eq` compares the whole value."
            "`eq` is fulfilled by longer values: `ann` finds `anna`."
            Some("FusionAuth"), "https://github.com/FusionAuth/fusionauth-issues/issues/3111";
        UserReturnedTwice "user-returned-twice"
            "A user is in a list once."
            "A look-up answers the same user twice."
            Some("WSO2 Identity Server"), "https://github.com/wso2/product-is/issues/3563";
        LookupCaseSensitive "lookup-case-sensitive"
            "userName is compared without case."
            "A look-up minds the case, while uniqueness does not: POST is answered 409."
            Some("Zulip"), "https://github.com/zulip/zulip/issues/21758";
        NamesCaseSensitive "names-case-sensitive"
            "userName is unique without case."
            "The same name in another case is another account."
            Some("SAML Jackson"), "https://www.npmjs.com/package/@boxyhq/saml-jackson";
        PlusDecodedAsBlank "plus-decoded-as-blank"
            "`%2B` is a plus."
            "`%2B` is read as a blank: nobody with a plus in the name is found."
            Some("Appsmith"), "https://github.com/appsmithorg/appsmith/issues/25452";
        ApostropheDropped "apostrophe-dropped"
            "An apostrophe is a character of the value."
            "The filter's value loses its apostrophes."
            Some("SAML Jackson"), "https://www.npmjs.com/package/@boxyhq/saml-jackson";
        FilterCutAtApostrophe "filter-cut-at-apostrophe"
            "An apostrophe is a character of the value."
            "The value ends at the apostrophe, and whoever starts like it is found."
            Some("WSO2 Identity Server"), "https://github.com/wso2/product-is/issues/6631";
        BackslashCrashesFilter "backslash-crashes-filter"
            "`\\\\` is an escaped backslash."
            "A backslash in the filter is a 500."
            Some("scim2-parse-filter"), "https://github.com/thomaspoignant/scim2-parse-filter/pull/110";
        EscapedQuoteMissed "escaped-quote-missed"
            "`\\\"` is a quote within the value."
            "A filter with an escaped quote finds nothing."
            Some("SCIM-SDK"), "https://github.com/Captain-P-Goldfish/SCIM-SDK/issues/913";
        NonAsciiFilterRefused "non-ascii-filter-refused"
            "A filter's value is any Unicode text."
            "A filter with another letter than ASCII is refused with 400."
            Some("Apache SCIMple"), "https://github.com/apache/directory-scimple/issues/564";
        ParenthesisInFilterRefused "parenthesis-in-filter-refused"
            "A parenthesis in quotes is a character of the value."
            "A closing parenthesis in the value is refused with 400."
            Some("SCIM-SDK"), "https://github.com/Captain-P-Goldfish/SCIM-SDK/issues/309";
        DotMatchesAnyCharacter "dot-matches-any-character"
            "A dot is a dot."
            "A dot in the filter stands for any character: `a.b` finds `axb`."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.4.2.2";
        LookupByEmail "lookup-by-email"
            "`userName eq` compares the userName."
            "`userName eq` compares the e-mail address."
            Some("SAML Jackson"), "https://www.npmjs.com/package/@boxyhq/saml-jackson";
        LookupById "lookup-by-id"
            "`userName eq` compares the userName."
            "`userName eq` compares the internal id: nobody is ever found."
            Some("LiteLLM"), "https://github.com/BerriAI/litellm/pull/27308";
        LookupSeesFirst100 "lookup-sees-first-100"
            "A filter selects from all resources."
            "Paging comes before the filter: user 101 is never found."
            Some("rstudio"), "https://github.com/rstudio/rstudio/pull/14992";
        InactiveHiddenFromLookup "inactive-hidden-from-lookup"
            "A look-up finds deactivated users, too."
            "It does not: a rehire is a POST, which is answered 409."
            Some("GrowthBook"), "https://github.com/growthbook/growthbook/pull/1680";
        InactiveHidden "inactive-hidden"
            "A deactivated user is still there."
            "A deactivated user is 404, and in no list."
            Some("Okta developer forum"), "https://devforum.okta.com/t/24187";
        CreatedNeverFound "created-never-found"
            "What was created is found by its name."
            "A look-up never finds what SCIM created."
            Some("Suna"), "https://github.com/kortix-ai/suna/pull/4244";
        LocalAccountsHidden "local-accounts-hidden"
            "A look-up finds accounts that SCIM has not made, too."
            "It does not: whoever has one is created, which is answered 409."
            Some("Sourcegraph"), "https://github.com/sourcegraph/sourcegraph-public-snapshot/issues/49016";
        LookupLags "lookup-lags"
            "What was created is found at once."
            "Lists and look-ups see a new resource only 300 ms later."
            Some("Fleet"), "https://github.com/fleetdm/fleet/issues/50724";
        FilterWordsCaseSensitive "filter-words-case-sensitive"
            "Attribute names and operators of a filter are read without case."
            "Spelt in other letters they are refused with 400."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.4.2.2";
        OtherFiltersIgnored "other-filters-ignored"
            "A filter that is not understood is refused."
            "A filter on another attribute than userName is ignored: everybody is listed."
            Some("Langwatch"), "https://github.com/langwatch/langwatch/issues/6973";
        ActiveFilterFromOtherColumn "active-filter-from-other-column"
            "A filter on active goes by what the user shows."
            "It goes by another column, in which everybody is active."
            Some("Sim"), "https://github.com/simstudioai/sim/pull/7567";
    }
    Create {
        DuplicateCreated "duplicate-created"
            "A second user of the same name is refused with 409."
            "It is answered 201: a second account."
            Some("PostHog"), "https://github.com/PostHog/posthog/pull/42253";
        DuplicateOverwrites "duplicate-overwrites"
            "A second user of the same name is refused with 409."
            "It is answered 201 and overwrites the first."
            Some("itsaplan"), "https://github.com/croffasia/itsaplan/pull/250";
        DuplicateRefusedStripsOwner "duplicate-refused-strips-owner"
            "A refused POST changes nobody."
            "It is answered 409, after the owner of the name has lost the e-mail addresses."
            Some("Lightdash"), "https://github.com/lightdash/lightdash/issues/22402";
        ExternalIdMustBeUnique "external-id-must-be-unique"
            "Somebody who comes back under a new login is created anew."
            "It is refused with 409: the account of old has the externalId."
            Some("Better Auth"), "https://github.com/better-auth/better-auth/issues/11111";
        AccentsIgnored "accents-ignored"
            "`jose` and `josé` are two users."
            "The second one is refused with 409."
            Some("Casdoor"), "https://github.com/casdoor/casdoor/pull/1235";
        Duplicate500 "duplicate-500"
            "A second user of the same name is refused with 409."
            "The database's complaint comes out as a 500."
            Some("Onyx"), "https://github.com/onyx-dot-app/onyx/pull/8455";
        CreateAnswersEmpty "create-answers-empty"
            "201 holds the new resource."
            "201 has an empty body: \"Create new user returned empty user.\""
            None, "https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20";
        CreateWithoutId "create-without-id"
            "201 holds the new id."
            "201 holds no id, so Okta never deactivates the user."
            Some("Okta developer forum"), "https://devforum.okta.com/t/7207";
        CreateAnswersStranger "create-answers-stranger"
            "A POST never takes over an existing account."
            "POST is answered 201 with the record of somebody who was there before."
            Some("Eneo"), "https://github.com/eneo-ai/eneo/pull/443";
        CreateAnswersInactive "create-answers-inactive"
            "201 says `active: true`, as sent."
            "201 says `active: false`, because the invitation is pending."
            Some("Suna"), "https://github.com/kortix-ai/suna/pull/4244";
        EmailMustBeUnique "email-must-be-unique"
            "Two users may have one e-mail address."
            "The second one is refused with 409."
            Some("Ory Polis"), "https://github.com/ory/polis/pull/4067";
        UserNameMustBeEmail "user-name-must-be-email"
            "A userName is any text."
            "A userName without `@` is refused with 400."
            Some("dbt"), "https://github.com/dbt-labs/docs.getdbt.com/pull/8708";
        AtSignRefused "at-sign-refused"
            "A userName may be an e-mail address."
            "A userName with `@` is refused with 400."
            Some("Yuzu"), "https://github.com/Tr3kkR/Yuzu/issues/2020";
        PasswordPolicyEnforced "password-policy-enforced"
            "Okta's placeholder password is accepted and dropped."
            "A password without a symbol is refused with 400."
            Some("Zitadel"), "https://github.com/zitadel/zitadel/issues/10009";
        UnknownAttributeRefused "unknown-attribute-refused"
            "Attributes that the server does not know are ignored."
            "They are refused with 400."
            Some("better-auth"), "https://github.com/better-auth/better-auth/issues/10980";
        NullCrashes "null-crashes"
            "null means unassigned."
            "null is a 500."
            Some("Keycloak"), "https://github.com/keycloak/keycloak/issues/51156";
        RolesAsStringsRefused "roles-as-strings-refused"
            "`roles: [\"admin\"]`, as Okta's template sends it, is accepted."
            "It is refused with 400."
            Some("Auth0"), "https://community.auth0.com/t/okta-inbound-scim-with-roles-fails-with-invalid-payload-fscim-error/186335";
        CreateAnswers200 "create-answers-200"
            "A create is answered 201."
            "It is answered 200."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.3";
        ExternalIdRequired "external-id-required"
            "externalId is optional."
            "A user without externalId is refused with 400."
            Some("Onyx"), "https://github.com/onyx-dot-app/onyx/pull/8925";
        ClientChosenId "client-chosen-id"
            "Ids are the server's to give."
            "A POST with an id takes over whoever has it."
            None, "https://www.rfc-editor.org/rfc/rfc7643#section-3.1";
        ExternalIdDropped "external-id-dropped"
            "externalId is stored."
            "externalId is accepted and dropped."
            Some("LangWatch"), "https://github.com/langwatch/langwatch/issues/6974";
        UniquenessCaseSensitive "uniqueness-case-sensitive"
            "userName is unique without case."
            "A create checks it with case: one person has two accounts."
            Some("Langfuse"), "https://github.com/langfuse/langfuse/pull/13528";
        EmailsRequired "emails-required"
            "emails is optional."
            "A user without emails is refused with 400."
            Some("Clerk"), "https://github.com/clerk/clerk-docs/pull/3308";
    }
    Shape {
        IdAsNumber "id-as-number"
            "An id is a string."
            "An id is a JSON number."
            Some("Snipe-IT"), "https://github.com/grokability/snipe-it/pull/12913";
        SchemasMissing "schemas-missing"
            "Every resource has `schemas`."
            "No resource has `schemas`: \"No schema's defined in scim user\"."
            Some("Snipe-IT"), "https://github.com/grokability/snipe-it/issues/18864";
        NameMissing "name-missing"
            "A user's name is returned."
            "No answer holds `name`."
            Some("Onyx"), "https://github.com/onyx-dot-app/onyx/pull/8925";
        NamePartsNull "name-parts-null"
            "givenName and familyName are returned."
            "givenName and familyName are null."
            Some("PostHog"), "https://github.com/PostHog/posthog/pull/42205";
        NamePlaceholders "name-placeholders"
            "givenName and familyName are what was sent."
            "They are `N/A`."
            Some("Sentry"), "https://github.com/getsentry/sentry-docs/pull/3924";
        EmailsAsObject "emails-as-object"
            "emails is an array."
            "emails is an object."
            None, "https://www.rfc-editor.org/rfc/rfc7643#section-4.1.2";
        TwoPrimaryEmails "two-primary-emails"
            "At most one e-mail is primary."
            "Two are."
            None, "https://www.rfc-editor.org/rfc/rfc7643#section-2.4";
        ResourceTypeWrong "resource-type-wrong"
            "meta.resourceType is User or Group."
            "It is Users or Groups."
            None, "https://www.rfc-editor.org/rfc/rfc7643#section-3.1";
        MembersAsStrings "members-as-strings"
            "A member is an object with a value."
            "A member is the bare id."
            None, "https://www.rfc-editor.org/rfc/rfc7643#section-4.2";
        ActiveMissingWhenFalse "active-missing-when-false"
            "A deactivated user says `active: false`."
            "`active` is missing once it is false."
            Some("Snipe-IT"), "https://github.com/grokability/snipe-it/issues/13855";
        ActiveAsString "active-as-string"
            "active is a JSON boolean."
            "active is `\"true\"` or `\"false\"`."
            Some("laravel-scim-server"), "https://github.com/limosa-io/laravel-scim-server/issues/114";
        ActiveAsNumber "active-as-number"
            "active is a JSON boolean."
            "active is 1 or 0."
            Some("Snipe-IT"), "https://github.com/grokability/snipe-it/pull/13948";
        PasswordReturned "password-returned"
            "A password is never returned."
            "GET returns the password."
            None, "https://www.rfc-editor.org/rfc/rfc7643#section-4.1.1";
        PasswordEchoedOnCreate "password-echoed-on-create"
            "A password is never returned."
            "201 holds the password that was sent."
            None, "https://www.rfc-editor.org/rfc/rfc7643#section-4.1.1";
        PasswordEchoedOnPatch "password-echoed-on-patch"
            "A password is never returned."
            "A PATCH of the password is answered with it."
            Some("SAML Jackson"), "https://www.npmjs.com/package/@boxyhq/saml-jackson";
        LocationOfAnotherHost "location-of-another-host"
            "meta.location is the URL that the client uses."
            "meta.location shows an internal host."
            Some("SCIM Gateway"), "https://github.com/jelhub/scimgateway/issues/110";
        PatchEchoesPatchSchema "patch-echoes-patch-schema"
            "The answer to a PATCH is a User or a Group."
            "Its `schemas` is the PatchOp URN."
            Some("SCIM Gateway"), "https://github.com/jelhub/scimgateway/issues/33";
        NamesMissingInLists "names-missing-in-lists"
            "A list shows users as their own URLs do."
            "A list leaves their names out."
            Some("Onyx"), "https://github.com/onyx-dot-app/onyx/pull/8925";
        ForwardedHostReflected "forwarded-host-reflected"
            "meta.location is below the configured base URL."
            "It is on the host that X-Forwarded-Host names."
            Some("Cogtrix"), "https://github.com/NorthlandPositronics/Cogtrix/pull/360";
        AttributeSelectionIgnored "attribute-selection-ignored"
            "excludedAttributes leaves attributes out."
            "It is ignored."
            Some("SimpleIdServer"), "https://github.com/simpleidserver/SimpleIdServer/issues/490";
    }
    Lifecycle {
        DeactivationPatchIgnored "deactivation-patch-ignored"
            "PATCH `active: false` deactivates."
            "It is answered 200 and ignored."
            Some("FusionAuth"), "https://github.com/FusionAuth/fusionauth-issues/issues/1871";
        DeactivationPutIgnored "deactivation-put-ignored"
            "PUT with `active: false` deactivates."
            "It is answered 200, and `active` is ignored."
            Some("better-auth"), "https://github.com/better-auth/better-auth/pull/10242";
        ReactivationIgnored "reactivation-ignored"
            "`active: true` brings a user back."
            "It is answered 200, and the user stays inactive."
            Some("PostHog"), "https://github.com/PostHog/posthog/pull/42603";
        PathLessPatch500 "path-less-patch-500"
            "A PATCH operation may come without a path."
            "It is a 500, and the user keeps access."
            Some("keycloak-scim-server"), "https://github.com/Metatavu/keycloak-scim-server/issues/95";
        PathLessPatchReplacesAll "path-less-patch-replaces-all"
            "A path-less replace changes the attributes in its value."
            "It replaces the whole resource: name and e-mail are gone."
            Some("SSOReady"), "https://github.com/ssoready/ssoready/pull/206";
        UserPatch501 "user-patch-501"
            "Users can be patched."
            "PATCH of a user is 501; Okta does not fall back to PUT."
            Some("Okta blog"), "https://github.com/oktadeveloper/okta-blog-archive/pull/1956";
        UserPatch404 "user-patch-404"
            "Users can be patched."
            "There is no route for PATCH of a user: 404."
            Some("Unity Catalog"), "https://github.com/unitycatalog/unitycatalog/issues/423";
        UserPut404 "user-put-404"
            "Users can be replaced."
            "There is no route for PUT of a user: 404."
            Some("Suna"), "https://github.com/kortix-ai/suna/pull/4244";
        UserPut405 "user-put-405"
            "Users can be replaced."
            "PUT of a user is 405."
            Some("Coder"), "https://github.com/coder/coder/issues/15828";
        ReadOnlyInPatchRefused "read-only-in-patch-refused"
            "id, schemas and meta in a path-less value are ignored."
            "They are refused with 400."
            Some("Onyx"), "https://github.com/onyx-dot-app/onyx/blob/main/backend/ee/onyx/server/scim/providers/base.py";
        NoChangeRefused "no-change-refused"
            "A PATCH that changes nothing succeeds."
            "It is refused with 400."
            Some("better-auth"), "https://github.com/better-auth/better-auth/pull/8650";
        ReactivationGivesNewId "reactivation-gives-new-id"
            "A user keeps the id."
            "Reactivation files the user under a new id."
            Some("Sentry"), "https://github.com/getsentry/sentry/issues/122540";
        RehireCreatesSecondAccount "rehire-creates-second-account"
            "A deactivated user keeps the name reserved, and is found."
            "The look-up hides the user, and a POST of the name makes a second account."
            Some("Rancher"), "https://github.com/rancher/rancher/pull/55220";
        DeactivationDropsMemberships "deactivation-drops-memberships"
            "Deactivation leaves the groups alone; Okta does not push them again."
            "A deactivated user is taken out of all groups."
            Some("Okta Help Center"), "https://support.okta.com/help/s/article/Deactivated-Users-not-Removed-From-Okta-Groups-Automatically";
        AnswersStateBefore "answers-state-before"
            "The answer to a change shows the change."
            "It shows the state before."
            Some("WSO2 Identity Server"), "https://github.com/wso2/product-is/issues/7475";
        TextForBooleanIgnored "text-for-boolean-ignored"
            "`\"active\": \"False\"` deactivates, or is refused."
            "It is answered 200 and ignored."
            Some("Sentry"), "https://github.com/getsentry/sentry/pull/45091";
        LastAdministratorDeactivated "last-administrator-deactivated"
            "The last administrator stays active."
            "Nobody can administrate any more."
            Some("itsaplan"), "https://github.com/croffasia/itsaplan/pull/250";
        DeactivationReachesLocalAccounts "deactivation-reaches-local-accounts"
            "Accounts that SCIM has not made are left alone."
            "A deactivation deactivates them, too."
            Some("Activepieces"), "https://github.com/activepieces/activepieces/issues/14753";
        PatchWithPathIgnored "patch-with-path-ignored"
            "A PATCH operation may have a path."
            "An operation on a user that has one is answered 200 and ignored."
            Some("Unity Catalog"), "https://github.com/unitycatalog/unitycatalog/blob/main/server/src/main/java/io/unitycatalog/server/service/Scim2UserService.java";
    }
    Profile {
        UserPutIgnored "user-put-ignored"
            "PUT replaces the profile."
            "PUT of a user is answered 200 and ignored."
            Some("Logfire"), "https://github.com/pydantic/logfire/issues/2355";
        UserPutDropsExtension "user-put-drops-extension"
            "PUT stores the enterprise extension."
            "PUT stores the core attributes only."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.5.1";
        UserPutDropsFamilyName "user-put-drops-family-name"
            "PUT stores the whole name."
            "PUT stores the name without familyName."
            Some("Metatavu Keycloak SCIM server"), "https://github.com/Metatavu/keycloak-scim-server/pull/106";
        PathLessExtensionIgnored "path-less-extension-ignored"
            "The value of a path-less PATCH may hold an extension by its URN."
            "The extension is ignored there."
            Some("Fleet"), "https://github.com/fleetdm/fleet/pull/42678";
        UserPutRefusesReadOnly "user-put-refuses-read-only"
            "Read-only attributes in a PUT, which Okta echoes, are ignored."
            "A PUT with id, meta or groups is refused with 400."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.5.1";
        GroupsOfUserWritten "groups-of-user-written"
            "groups of a user is read-only."
            "PUT with `groups: []` takes the user out of all groups."
            Some("Appsmith"), "https://github.com/appsmithorg/appsmith/issues/25972";
        EmailChangeIgnored "email-change-ignored"
            "PUT changes the e-mail address."
            "It is answered 200, and the address stays."
            Some("Sourcegraph"), "https://github.com/sourcegraph/sourcegraph-public-snapshot/issues/48720";
        DisplayNameChangeIgnored "display-name-change-ignored"
            "PUT changes displayName."
            "It is answered 200, and displayName stays."
            Some("Sim"), "https://github.com/simstudioai/sim/pull/7585";
        FirstDisplayNameCrashes "first-display-name-crashes"
            "A PUT may bring a displayName to a user who had none."
            "It is a 500."
            Some("Octopus Deploy"), "https://github.com/OctopusDeploy/Issues/issues/9940";
        ExtensionUnderWrongKey "extension-under-wrong-key"
            "The extension stands under its URN."
            "It is returned under the URN of SCIM 1.0."
            Some("go-scim"), "https://github.com/imulab/go-scim/issues/72";
        ExtensionRefused "extension-refused"
            "The enterprise extension is accepted."
            "It is refused with 400."
            Some("Fleet"), "https://github.com/fleetdm/fleet/pull/44822";
        ManagerDropped "manager-dropped"
            "manager is stored."
            "manager is accepted and dropped."
            None, "https://www.rfc-editor.org/rfc/rfc7643#section-4.3";
        ManagerCrashes "manager-crashes"
            "manager is an object."
            "An object as manager is a 500."
            Some("Scimitar"), "https://github.com/pond/scimitar/issues/48";
        FormattedNameShown "formatted-name-shown"
            "A change of the name parts changes the name that is shown."
            "displayName is name.formatted of the first day, which Okta echoes for ever."
            None, "https://www.rfc-editor.org/rfc/rfc7643#section-4.1.1";
        NonBmpReplaced "non-bmp-replaced"
            "Every Unicode character is stored."
            "An emoji is stored as `?`."
            None, "https://www.rfc-editor.org/rfc/rfc7643#section-2.3.1";
        Latin1Only "latin1-only"
            "Every Unicode character is stored."
            "What Latin-1 lacks, such as `Ł`, is stored as `?`."
            None, "https://www.rfc-editor.org/rfc/rfc7643#section-2.3.1";
        NfcNormalised "nfc-normalised"
            "Values are stored as sent."
            "Decomposed characters are stored composed."
            None, "https://www.rfc-editor.org/rfc/rfc7643#section-2.3.1";
        ValuesTrimmed "values-trimmed"
            "Values are stored as sent."
            "Blanks at the ends are trimmed on write."
            Some("WSO2 Identity Server"), "https://github.com/wso2/product-is/issues/6904";
        NameCutAtApostrophe "name-cut-at-apostrophe"
            "O'Neil is stored as O'Neil."
            "A name ends at its apostrophe: `O`."
            None, "https://www.rfc-editor.org/rfc/rfc7643#section-4.1.1";
        LongValueCrashes "long-value-crashes"
            "Long names are stored, or refused with 400."
            "A value of more than 64 characters is a 500."
            Some("Kimai"), "https://github.com/kimai/kimai/issues/1562";
        SecondaryEmailPromoted "secondary-email-promoted"
            "A second address is not the primary one."
            "It takes the place of the primary one."
            Some("Sim"), "https://github.com/simstudioai/sim/pull/7567";
        ValuesCutAt255 "values-cut-at-255"
            "Long values are stored whole, or refused."
            "A value is cut after 255 characters."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.5.1";
        PutGoesByBodyId "put-goes-by-body-id"
            "A PUT changes the resource that its path names."
            "It changes the one whose id stands in the body."
            None, "https://www.rfc-editor.org/rfc/rfc7643#section-3.1";
        FirstOperationWins "first-operation-wins"
            "The operations of a PATCH apply in their order."
            "Of two on one attribute the first wins."
            Some("SimpleIdServer"), "https://github.com/simpleidserver/SimpleIdServer/issues/644";
    }
    Rename {
        RenameLeavesIndexStale "rename-leaves-index-stale"
            "A look-up finds the new name, and not the old one."
            "It finds the old name, and not the new one."
            Some("SAML Jackson"), "https://www.npmjs.com/package/@boxyhq/saml-jackson";
        RenameEchoedNotStored "rename-echoed-not-stored"
            "A new userName is stored, or refused."
            "The answer shows the new userName, the next GET the old one."
            Some("Rancher"), "https://github.com/rancher/rancher/pull/55220";
        RenameChangesId "rename-changes-id"
            "A renamed user keeps the id."
            "A renamed user has another id, and Okta's link is 404."
            None, "https://www.rfc-editor.org/rfc/rfc7643#section-3.1";
        RenameToTakenName "rename-to-taken-name"
            "A rename to somebody else's name is refused with 409."
            "It succeeds: two users with one name."
            Some("SimpleIdServer"), "https://github.com/simpleidserver/SimpleIdServer/issues/928";
        RenameKeepsEmail "rename-keeps-email"
            "A PUT changes userName and e-mail."
            "When both change, only the userName does."
            Some("Sourcegraph"), "https://github.com/sourcegraph/sourcegraph-public-snapshot/issues/48720";
        RenameRefused "rename-refused"
            "A userName can be changed."
            "A new userName is refused with 400 mutability, and nothing changes."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.12";
        RenameRefusedHalfway "rename-refused-halfway"
            "What is refused changes nothing."
            "A new userName is refused with 400, after name and e-mail were stored."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.5.2";
        LoginTakenFromEmail "login-taken-from-email"
            "userName is userName."
            "userName is set from the e-mail address."
            Some("Harness"), "https://github.com/harness/harness-core/pull/44395";
        UserNameLowerCased "user-name-lower-cased"
            "userName keeps its case."
            "userName is stored in lower case."
            Some("PostHog"), "https://github.com/PostHog/posthog/pull/42253";
    }
    Group {
        GroupsMissing "groups-missing"
            "There is a /Groups endpoint."
            "/Groups is 404."
            Some("Logfire"), "https://github.com/pydantic/logfire/pull/2356";
        GroupLookup501 "group-lookup-501"
            "Groups are found by displayName."
            "A filter on groups is 501."
            Some("SSOReady"), "https://github.com/ssoready/ssoready/pull/232";
        GroupFilterFindsNone "group-filter-finds-none"
            "Groups are found by displayName."
            "A filter on groups finds none of them."
            Some("django-scim2"), "https://pypi.org/project/django-scim2/";
        GroupFilterIgnored "group-filter-ignored"
            "Groups are found by displayName."
            "The filter on groups is ignored."
            Some("okta-developer-docs"), "https://github.com/okta/okta-developer-docs/pull/3506";
        GroupLookupSplitsAtBlank "group-lookup-splits-at-blank"
            "A quoted value may hold blanks."
            "The filter is split at blanks: 400."
            Some("scim-server-php"), "https://github.com/audriga/scim-server-php/issues/1";
        GroupRenameLeavesIndexStale "group-rename-leaves-index-stale"
            "A look-up finds the new name."
            "It finds the old name only."
            Some("SAML Jackson"), "https://www.npmjs.com/package/@boxyhq/saml-jackson";
        GroupRenameWipesMembers "group-rename-wipes-members"
            "What does not speak of members leaves them alone."
            "A rename without members empties the group."
            Some("LangWatch"), "https://github.com/langwatch/langwatch/issues/7131";
        GroupRenameIgnored "group-rename-ignored"
            "A new displayName is stored."
            "It is answered 200, and the name stays."
            Some("SCIM Gateway"), "https://github.com/jelhub/scimgateway/issues/95";
        GroupListShowsFirstName "group-list-shows-first-name"
            "A list shows each group under its current name."
            "It shows the first one, and Okta renames the group back."
            Some("Sentry"), "https://github.com/getsentry/sentry/issues/84838";
        GroupPathLessRenameIgnored "group-path-less-rename-ignored"
            "A path-less replace renames the group."
            "It is answered 200, and the name stays."
            Some("Logfire"), "https://github.com/pydantic/logfire/issues/2355";
        GroupPatchAfterCreateRefused "group-patch-after-create-refused"
            "The name PATCH right after POST succeeds."
            "The first PATCH of a new group is 400, and no member is ever pushed."
            Some("keycloak-scim-server"), "https://github.com/Metatavu/keycloak-scim-server/pull/113";
        GroupIdInPatchRefused "group-id-in-patch-refused"
            "id in a path-less value is ignored."
            "It is refused with 400."
            Some("SCIM Gateway"), "https://github.com/jelhub/scimgateway/issues/113";
        GroupDeleteIgnored "group-delete-ignored"
            "DELETE deletes."
            "DELETE is answered 204, and the group stays."
            Some("Zulip"), "https://github.com/zulip/zulip/pull/34398";
        GroupDelete405 "group-delete-405"
            "Groups can be deleted."
            "DELETE is 405."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.6";
        DeletedGroupStillFound "deleted-group-still-found"
            "A deleted group is found no more."
            "A look-up still finds it, while GET is 404."
            Some("Zulip"), "https://github.com/zulip/zulip/pull/34398";
        GroupCreateDropsMembers "group-create-drops-members"
            "POST stores the members."
            "POST creates the group empty."
            Some("Teleport"), "https://github.com/gravitational/teleport/issues/67372";
        GroupCreateAnswersEmpty "group-create-answers-empty"
            "201 holds the new group with its id."
            "201 has an empty body, so Okta has no id to push members to."
            Some("Appsmith"), "https://github.com/appsmithorg/appsmith/issues/34959";
        GroupCreateOverwritesNamesake "group-create-overwrites-namesake"
            "A POST never changes another group."
            "A POST of a name that exists overwrites that group."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.3";
        NamesakeGroupCreated "namesake-group-created"
            "A second group of one name is refused with 409."
            "A second group of one name is created beside the first."
            Some("gestalt"), "https://github.com/valon-technologies/gestalt/pull/3160";
        GroupSlugConflict "group-slug-conflict"
            "`SRE:Team` and `sre-team` are two names."
            "They have one slug: 409."
            Some("Sentry"), "https://github.com/getsentry/sentry/issues/88623";
        GroupNameCharactersRefused "group-name-characters-refused"
            "A displayName is any text."
            "`.`, `:`, `&`, `/` or `#` in it is refused with 400."
            Some("INDIGO IAM"), "https://github.com/indigo-iam/iam/issues/924";
        GroupNameRewritten "group-name-rewritten"
            "displayName is stored as sent."
            "Special characters become `_`, so that the next look-up misses."
            Some("Harness"), "https://github.com/harness/harness-core/pull/56177";
        TrimmedOnWriteOnly "trimmed-on-write-only"
            "A name is found as it was sent."
            "Blanks at its ends are trimmed on write, and not in a look-up."
            Some("WSO2 Identity Server"), "https://github.com/wso2/product-is/issues/6904";
        GroupExtensionRefused "group-extension-refused"
            "An extension of a group that nobody knows is ignored."
            "It is refused with 400."
            Some("Okta developer documentation"), "https://github.com/okta/okta-developer-docs/pull/800";
    }
    Members {
        AddReplacesMembers "add-replaces-members"
            "`add` extends the members."
            "`add` replaces them."
            Some("agent-bom"), "https://github.com/msaad00/agent-bom/issues/3533";
        MembersFromStaleReplica "members-from-stale-replica"
            "A PATCH changes the members that the group has now."
            "It starts from those before the last PATCH, whose changes are lost."
            Some("Fleet"), "https://github.com/fleetdm/fleet/issues/50724";
        NewUserRefusedAsMember "new-user-refused-as-member"
            "Every user can become a member."
            "One who is newer than the group is not found: 404."
            Some("Sentry"), "https://github.com/getsentry/sentry/issues/122540";
        MemberTypeRequired "member-type-required"
            "A member needs a value only."
            "A member without `type` is ignored, with 200."
            Some("SCIM-SDK"), "https://github.com/Captain-P-Goldfish/SCIM-SDK/issues/419";
        RemoveOneRemovesAll "remove-one-removes-all"
            "`members[value eq …]` removes one member."
            "It removes all."
            Some("SCIMReferenceCode"), "https://github.com/AzureAD/SCIMReferenceCode/issues/10";
        MemberRemovalIgnored "member-removal-ignored"
            "`members[value eq …]` removes one member."
            "It is answered 200 and ignored."
            Some("LiteLLM"), "https://github.com/BerriAI/litellm/pull/34181";
        MembersReplace501 "members-replace-501"
            "`replace` of members is a full push."
            "It is 501."
            Some("scim-for-keycloak"), "https://github.com/Captain-P-Goldfish/scim-for-keycloak/issues/144";
        MembersReplaceIgnored "members-replace-ignored"
            "`replace` of members is a full push."
            "It is answered 200 and ignored."
            Some("SAML Jackson"), "https://www.npmjs.com/package/@boxyhq/saml-jackson";
        PathLessMembersIgnored "path-less-members-ignored"
            "members may stand in a path-less value."
            "They are ignored there."
            Some("keycloak-scim-server"), "https://github.com/Metatavu/keycloak-scim-server/pull/101";
        EmptyMembersReplaceRefused "empty-members-replace-refused"
            "`replace` with `[]` empties the group."
            "It is refused with 400."
            Some("SCIM-SDK"), "https://github.com/Captain-P-Goldfish/SCIM-SDK/issues/757";
        EmptyMembersReplaceIgnored "empty-members-replace-ignored"
            "`replace` with `[]` empties the group."
            "It is answered 200 and ignored."
            Some("SCIM Gateway"), "https://github.com/jelhub/scimgateway/issues/113";
        GroupPutMembersIgnored "group-put-members-ignored"
            "PUT stores the members."
            "PUT stores the name only."
            Some("keycloak-scim-server"), "https://github.com/Metatavu/keycloak-scim-server/issues/111";
        GroupPutCappedAt20 "group-put-capped-at-20"
            "PUT stores all members."
            "PUT stores the first 20."
            Some("Sentry"), "https://github.com/getsentry/sentry/issues/77191";
        MemberBatchCappedAt50 "member-batch-capped-at-50"
            "An `add` stores all its members."
            "An `add` stores its first 50; Okta sends 100."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.5.2.1";
        RepeatedMember409 "repeated-member-409"
            "Adding a member again changes nothing."
            "It is refused with 409."
            Some("WSO2 Identity Server"), "https://github.com/wso2/product-is/issues/8589";
        RepeatedMemberDuplicated "repeated-member-duplicated"
            "Adding a member again changes nothing."
            "The member is there twice."
            Some("Fleet"), "https://github.com/fleetdm/fleet/issues/30086";
        UnknownMember500 "unknown-member-500"
            "An unknown member is refused with 400."
            "It is a 500."
            Some("WSO2 Identity Server"), "https://github.com/wso2/product-is/issues/11248";
        UnknownMemberIgnored "unknown-member-ignored"
            "An unknown member is refused with 400."
            "It is answered 200 and ignored."
            Some("keycloak-scim-server"), "https://github.com/Metatavu/keycloak-scim-server/issues/107";
        PatchNotAtomic "patch-not-atomic"
            "A PATCH applies all operations or none."
            "What came before the failing operation stays."
            Some("SCIMple Identity"), "https://github.com/PennState/SCIMple-Identity/issues/51";
        NullDisplayCrashes "null-display-crashes"
            "`display: null` of a member means unassigned."
            "It is a 500."
            Some("OpenWork"), "https://github.com/different-ai/openwork/pull/4691";
        RepeatedMemberInPut500 "repeated-member-in-put-500"
            "A member may stand twice in a PUT."
            "It is a 500."
            Some("Fleet"), "https://github.com/fleetdm/fleet/issues/31085";
        AbsentMemberRemoval500 "absent-member-removal-500"
            "Removing a member who is not there changes nothing."
            "It is a 500."
            Some("WSO2 Identity Server"), "https://github.com/wso2/product-is/issues/16097";
        InactiveMembersIgnored "inactive-members-ignored"
            "An inactive user can become a member."
            "The addition is answered 200 and ignored."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.5.2.1";
    }
    Error {
        ErrorsAsPlainText "errors-as-plain-text"
            "An error is a SCIM Error object."
            "An error is plain text; Okta shows its parser's complaint instead of the cause."
            Some("keycloak-scim-server"), "https://github.com/Metatavu/keycloak-scim-server/pull/101";
        ErrorsAsHtml500 "errors-as-html-500"
            "An error has a status that says what is wrong."
            "Every error is a 500 with a web page."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.12";
        ErrorsNested "errors-nested"
            "An error is a SCIM Error object."
            "The Error object stands under the key `response`."
            Some("SimpleIdServer"), "https://github.com/simpleidserver/SimpleIdServer/issues/227";
        MalformedFilter500 "malformed-filter-500"
            "A malformed filter is 400."
            "It is a 500."
            Some("SAML Jackson"), "https://www.npmjs.com/package/@boxyhq/saml-jackson";
        UnknownOperationAccepted "unknown-operation-accepted"
            "A PATCH operation that nobody knows is 400."
            "It is answered 200, and nothing happens."
            Some("Pydantic Logfire"), "https://github.com/pydantic/logfire/issues/2355";
        NotFoundAs200Null "not-found-as-200-null"
            "An unknown id is 404."
            "An unknown id is 200 with `null`."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.12";
        NotFoundAs500 "not-found-as-500"
            "An unknown id is 404."
            "An unknown id is 500."
            Some("WSO2 Identity Server"), "https://github.com/wso2/product-is/issues/11248";
        UnknownIdAnswersEmptyUser "unknown-id-answers-empty-user"
            "An unknown id is 404."
            "An unknown id is 200 with a resource that has nothing but this id."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.12";
        ErrorStatusWrong "error-status-wrong"
            "status of an error is its HTTP status."
            "It is always 500."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.12";
        HtmlWith200 "html-with-200"
            "A resource is JSON."
            "GET of a resource is 200 with a web page."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.1";
        EveryThirdWrite500 "every-third-write-500"
            "Writes succeed."
            "Every third write is a 500."
            Some("scim-for-keycloak"), "https://github.com/Captain-P-Goldfish/scim-for-keycloak/issues/107";
        EveryThirdWriteStored500 "every-third-write-stored-500"
            "A 500 leaves nothing behind."
            "Every third write is stored and answered 500."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.12";
        ChangesNotStored "changes-not-stored"
            "What is answered 200 is stored."
            "A change of a user is answered 200 with the new values, and never stored."
            Some("Cogtrix"), "https://github.com/NorthlandPositronics/Cogtrix/issues/432";
        RateLimited "rate-limited"
            "Okta's few requests are served, or refused with 429 and Retry-After in whole seconds."
            "Every fifth request is 429 without Retry-After: Okta waits five minutes."
            Some("Didacta"), "https://github.com/va360labs/didacta-io/pull/54";
        RetryAfterAsDate "retry-after-as-date"
            "Retry-After is a number of seconds."
            "Every fifth request is 429 with a date; Okta reads whole seconds only."
            None, "https://developer.okta.com/docs/concepts/scim/";
        MalformedJson500 "malformed-json-500"
            "A body that is no JSON is 400."
            "It is a 500."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.12";
        StackTraceInDetail "stack-trace-in-detail"
            "detail of an error is a sentence for people."
            "It ends in a stack trace."
            None, "https://developer.okta.com/docs/concepts/scim/faqs/";
        OddMethods500 "odd-methods-500"
            "HEAD and OPTIONS are answered, or refused with 4xx or 501."
            "They are a 500."
            None, "https://www.rfc-editor.org/rfc/rfc9110#section-15.6.2";
        ConditionalRequests500 "conditional-requests-500"
            "If-Match and If-None-Match are honoured or ignored."
            "They are a 500."
            None, "https://www.rfc-editor.org/rfc/rfc9110#section-13.2.1";
    }
    Auth {
        UnauthorizedAsHtml "unauthorized-as-html"
            "A wrong token is 401 with a SCIM Error."
            "401 is a web page."
            Some("Onyx"), "https://github.com/onyx-dot-app/onyx/pull/8925";
        UnauthorizedAsRedirect "unauthorized-as-redirect"
            "A wrong token is 401."
            "It is a redirect to the login page."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-2";
        UnauthorizedAs500 "unauthorized-as-500"
            "A wrong token is 401."
            "It is a 500."
            Some("Keycloak"), "https://github.com/keycloak/keycloak/issues/49973";
        AnyTokenAccepted "any-token-accepted"
            "A wrong token is 401."
            "Any token is accepted."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-2";
        MissingTokenAccepted "missing-token-accepted"
            "A request without a token is 401."
            "It is served."
            Some("ToolJet"), "https://github.com/ToolJet/ToolJet/pull/16230";
        BareTokenAccepted "bare-token-accepted"
            "The token comes as `Bearer <token>`."
            "The bare token, or any scheme before it, is accepted."
            None, "https://www.rfc-editor.org/rfc/rfc6750#section-2.1";
        TenantsNotApart "tenants-not-apart"
            "A token opens the tenant that it was made for, and no other."
            "Any token of any tenant opens the same users."
            Some("vouch"), "https://github.com/vouch-sh/vouch/pull/317";
        TokenEchoedInError "token-echoed-in-error"
            "An error never shows a token."
            "401 quotes the token that was sent."
            None, "https://www.rfc-editor.org/rfc/rfc6750#section-5.3";
        SchemeSpelling500 "scheme-spelling-500"
            "The scheme of the token is read without case."
            "Spelt in another way it is a 500."
            None, "https://www.rfc-editor.org/rfc/rfc9110#section-11.1";
    }
    Media {
        ScimJsonRefused "scim-json-refused"
            "application/scim+json is accepted."
            "It is 415."
            Some("Medplum"), "https://github.com/medplum/medplum/pull/4143";
        PlainJsonRefused "plain-json-refused"
            "application/json is accepted."
            "It is 415."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.1";
        CharsetRefused "charset-refused"
            "`; charset=utf-8` is accepted."
            "It is 415: the header is compared as a whole."
            Some("laravel-scim-server"), "https://github.com/limosa-io/laravel-scim-server/pull/8";
        AcceptRefused "accept-refused"
            "`Accept: application/scim+json` is served."
            "It is 406."
            Some("Okta Help Center"), "https://support.okta.com/help/s/article/scim-provisioning-returning-sync-user-in-external-application-failure";
        JsonLabelledHtml "json-labelled-html"
            "JSON comes as application/scim+json or application/json."
            "It comes as text/html."
            Some("WSO2 SCIM2 extension"), "https://github.com/wso2-extensions/identity-inbound-provisioning-scim2/pull/23";
        ContentEncodingWrong "content-encoding-wrong"
            "Content-Encoding says how the body is encoded."
            "It says gzip, and the body is plain."
            None, "https://www.rfc-editor.org/rfc/rfc9110#section-8.4";
        JsonCutShort "json-cut-short"
            "A body is whole JSON."
            "A resource ends in the middle of its JSON."
            None, "https://www.rfc-editor.org/rfc/rfc8259#section-2";
        ByteOrderMark "byte-order-mark"
            "JSON has no byte order mark."
            "A body starts with one."
            None, "https://www.rfc-editor.org/rfc/rfc8259#section-8.1";
        DuplicateKeys "duplicate-keys"
            "A key stands once in an object."
            "`id` stands twice, with two values."
            None, "https://www.rfc-editor.org/rfc/rfc8259#section-4";
    }
    Transport {
        CreateRedirected "create-redirected"
            "POST is answered, not redirected."
            "POST is redirected to the path with a slash."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-3.3";
        ConnectionClosedAfterCreate "connection-closed-after-create"
            "A create is answered."
            "The user is created, and the connection closed without an answer."
            None, "https://www.rfc-editor.org/rfc/rfc9112#section-9.5";
        CreateAnsweredTooLate "create-answered-too-late"
            "A create is answered within a minute; then Okta closes the connection."
            "The user is created, and the answer takes 70 seconds."
            Some("Okta developer documentation"), "https://github.com/okta/okta-developer-docs/pull/4449";
        BodyCutShort "body-cut-short"
            "Content-Length is the length of the body."
            "The connection closes in the middle of a resource."
            None, "https://www.rfc-editor.org/rfc/rfc9112#section-8";
        BodyAfterNoContent "body-after-no-content"
            "204 has no body."
            "PATCH and DELETE are 204 with a body behind."
            None, "https://www.rfc-editor.org/rfc/rfc9110#section-15.3.5";
        SlowAnswers "slow-answers"
            "An answer takes well under a second."
            "A look-up takes one second and a half."
            Some("WSO2 SCIM2 extension"), "https://github.com/wso2-extensions/identity-inbound-provisioning-scim2/issues/178";
        SlowByMember "slow-by-member"
            "What an answer about a group takes does not grow with its members."
            "It takes 20 ms for each of them."
            Some("Ory Polis"), "https://github.com/ory/polis/pull/4080";
        RootPath500 "root-path-500"
            "The base URL itself is answered."
            "It is a 500."
            Some("Lightdash"), "https://github.com/lightdash/lightdash/issues/15753";
        ChunkedBodyUnread "chunked-body-unread"
            "A body is read to its end, also when it comes in chunks."
            "Without Content-Length it is taken for empty."
            Some("uWSGI"), "https://github.com/unbit/uwsgi/issues/1394";
        AnyPathServed "any-path-served"
            "Another path than the base URL is 404."
            "`/anything/Users` is served like `/Users`."
            None, "https://www.rfc-editor.org/rfc/rfc9110#section-15.5.5";
        SlowByUser "slow-by-user"
            "What a look-up takes does not grow with the number of users."
            "It takes 5 ms for each user that there is."
            Some("WSO2 Identity Server"), "https://github.com/wso2/product-is/issues/5881";
    }
    Discovery {
        DiscoveryAsArrays "discovery-as-arrays"
            "/ResourceTypes and /Schemas are ListResponses."
            "They are bare arrays."
            None, "https://www.rfc-editor.org/rfc/rfc7644#section-4";
        UserSchemaMissing "user-schema-missing"
            "/Schemas has the core User schema."
            "It has extensions and groups alone."
            None, "https://www.rfc-editor.org/rfc/rfc7643#section-8.7.1";
        ExtensionsNotAnnounced "extensions-not-announced"
            "schemaExtensions names what users may carry."
            "It is empty; Okta offers no custom attribute."
            Some("laravel-scim-server"), "https://github.com/limosa-io/laravel-scim-server/issues/30";
        ActiveAnnouncedAsString "active-announced-as-string"
            "/Schemas gives each attribute the type of its values."
            "`active` is announced as a string."
            Some("laravel-scim-server"), "https://github.com/limosa-io/laravel-scim-server/issues/114";
        EntitlementTypesMissing "entitlement-types-missing"
            "/ResourceTypes names the roles and entitlements that Okta may govern."
            "It names users and groups alone."
            Some("Okta developer documentation"), "https://developer.okta.com/docs/guides/scim-with-entitlements/main/";
        EntitlementNameMissing "entitlement-name-missing"
            "A role has a displayName, by which it is picked in Okta."
            "It has none."
            Some("Okta developer documentation"), "https://developer.okta.com/docs/guides/scim-with-entitlements/main/";
        EntitlementCountIgnored "entitlement-count-ignored"
            "Roles come in pages of the size that is asked for."
            "All come at once; Okta's suite wants one with count=1."
            Some("Okta developer documentation"), "https://developer.okta.com/docs/guides/scim-with-entitlements/main/";
        PatchDenied "patch-denied"
            "/ServiceProviderConfig says what the server does."
            "It denies PATCH, which works."
            Some("Thunder"), "https://github.com/thunder-id/thunderid/pull/5110";
    }
}
