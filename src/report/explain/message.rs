//! What Okta writes into its log and its tasks when something failed, and which checks find the cause.

use crate::check::catalogue::{
    connection, create, envelope, error, list, lookup, resource, sequence, state, update,
};
use crate::verdict::CheckMeta;

/// A message of Okta's, or a part of one that tells something by itself.
#[derive(Debug, PartialEq)]
pub struct Message {
    /// As an administrator reads it; `...` stands for what differs from case to case.
    pub text: &'static str,
    /// Any one of these marks the message; lower case.
    marks: &'static [&'static str],
    /// What has happened when Okta writes so.
    pub meaning: &'static str,
    /// The checks that find the cause, the likeliest first.
    pub checks: &'static [&'static CheckMeta],
    /// What to run to see whether a server has the problem: scenarios or folders.
    pub run: &'static str,
    /// Where the message is shown in public.
    pub source: &'static str,
}

/// The messages that `text` holds, in the order of [`ALL`]: first what Okta was doing, then what came back.
#[must_use]
pub fn of(text: &str) -> Vec<&'static Message> {
    let text = plain(text);
    ALL.iter()
        .filter(|message| message.marks.iter().any(|mark| text.contains(mark)))
        .collect()
}

/// Lower case, single blanks and straight apostrophes: logs and web pages differ in them.
fn plain(text: &str) -> String {
    let text = text.to_lowercase().replace('’', "'");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Said of a message that is known from nowhere: the words in which this program tells the failure.
const OWN_WORDS: &str = "scim-conform's own words; no public text was found";

/// Every message that can be explained.
pub static ALL: &[Message] = &[
    Message {
        text: "Error authenticating: ...",
        marks: &["error authenticating"],
        meaning: "The connection test failed: Okta asked for GET /Users?startIndex=1&count=2 and could not use the answer. What follows the colon says why.",
        checks: &[
            &connection::REJECTS_WRONG_TOKEN,
            &connection::ANSWERS,
            &connection::REDIRECTS,
            &list::READABLE,
        ],
        run: "connection",
        source: "Okta: knowledge base, \"Error authenticating: Unauthorized\"",
    },
    Message {
        text: "No results for users returned",
        marks: &["no results for users"],
        meaning: "A list was answered with something that is not a list: an empty body, null, a bare [] or a web page. A ListResponse with totalResults 0 and Resources [] is fine.",
        checks: &[&list::READABLE, &envelope::JSON, &list::RESOURCES],
        run: "connection",
        source: "https://support.okta.com/help/s/article/okta-scim-connector-error-no-results-for-users-returned-when-testing-connection",
    },
    Message {
        text: "Multiple users found by userName. Expected 0 or 1 results but was [...]",
        marks: &["multiple users found", "multiple groups found"],
        meaning: "A look-up by name gave more than one result, and Okta stopped before it wrote anything. Most often the server ignores the filter and answers with everybody; else there really are two accounts of that name.",
        checks: &[&lookup::ONLY_EXACT, &error::DUPLICATE, &sequence::SECOND],
        run: "users/look-up-exact users/duplicate",
        source: "Okta: knowledge base, provisioning to HRMOS fails",
    },
    Message {
        text: "Create new user returned empty user.",
        marks: &["returned empty user"],
        meaning: "POST /Users was answered with success and without a user. The account probably exists now; Okta has no id for it and will never deactivate it.",
        checks: &[&create::RETURNS, &resource::ID],
        run: "users/create",
        source: "Okta: SCIM 2.0 reference, create users",
    },
    Message {
        text: "Error while verifying if user ... exists: ...",
        marks: &["verifying if user"],
        meaning: "The look-up by userName before an assignment failed, so Okta neither created nor linked anybody.",
        checks: &[
            &list::READABLE,
            &list::COUNTERS,
            &lookup::SPECIAL,
            &lookup::NOBODY,
        ],
        run: "users special-characters",
        source: "Okta: knowledge base, provisioning to Forest Admin",
    },
    Message {
        text: "Error while creating user group ...: ...",
        marks: &["creating user group"],
        meaning: "POST /Groups failed when a group was pushed for the first time.",
        checks: &[&sequence::REFUSED, &lookup::FINDS_GROUP, &create::RETURNS],
        run: "groups/push groups/link-by-name",
        source: "Okta: knowledge base, minimum permissions for group push",
    },
    Message {
        text: "Error while creating user ...: ...",
        marks: &["creating user ", "creating a user"],
        meaning: "POST /Users failed, after a look-up had found nobody of that name.",
        checks: &[
            &lookup::FINDS_USER,
            &error::DUPLICATE,
            &create::RETURNS,
            &sequence::REFUSED,
            &create::WITHOUT_EXTERNAL_ID,
        ],
        run: "users",
        source: "Okta: SCIM 2.0 reference, create users",
    },
    Message {
        text: "Error while trying to push profile update for ...: ...",
        marks: &["push profile update"],
        meaning: "GET or PUT of a linked user failed. The PUT is your own GET answer with the mapped attributes laid over it, so read-only and unknown attributes come back to you.",
        checks: &[
            &sequence::REFUSED,
            &update::UNKNOWN_ATTRIBUTE,
            &state::READABLE,
            &sequence::ID_CHANGED,
        ],
        run: "profile rename",
        source: "https://github.com/fleetdm/fleet/issues/53446",
    },
    Message {
        text: "Error while trying to deactivate ...: ...",
        marks: &["trying to deactivate", "automatic deactivation of user"],
        meaning: "The account is still active. Apps from the catalogue send PATCH without a path, {\"op\":\"replace\",\"value\":{\"active\":false}}; custom apps send GET and PUT. Okta never sends DELETE for a user and does not try the other form.",
        checks: &[&sequence::REFUSED, &state::IGNORED, &state::READABLE],
        run: "lifecycle",
        source: OWN_WORDS,
    },
    Message {
        text: "Error while trying to push password update for ...: ...",
        marks: &["push password update"],
        meaning: "A new password was refused. Apps from the catalogue send it by PATCH, custom apps by GET and PUT.",
        checks: &[&sequence::REFUSED, &sequence::SERVER_ERROR],
        run: "security",
        source: OWN_WORDS,
    },
    Message {
        text: "Import of users from app ... failed: ...",
        marks: &["import of users", "import of groups"],
        meaning: "A page of GET /Users or GET /Groups could not be read. Okta adds 100 to startIndex until it has passed totalResults.",
        checks: &[&list::READABLE, &list::COUNTERS, &list::TOTAL],
        run: "imports",
        source: OWN_WORDS,
    },
    Message {
        text: "Unable to update Group Push mapping target App group ...: ...",
        marks: &["group push mapping", "user group membership"],
        meaning: "A push of a group failed; Okta keeps it in error until an administrator retries it. One member that you do not know, or a PATCH for the name that you refuse, is enough.",
        checks: &[
            &sequence::REFUSED,
            &lookup::FINDS_GROUP,
            &sequence::SERVER_ERROR,
            &resource::SCHEMAS,
        ],
        run: "groups",
        source: "Okta: help, troubleshoot Group Push",
    },
    Message {
        text: "No schema's defined in scim user",
        marks: &["no schema's defined", "no schemas defined"],
        meaning: "A user came back without schemas.",
        checks: &[&resource::SCHEMAS],
        run: "users/create",
        source: "https://github.com/grokability/snipe-it/issues/18864",
    },
    Message {
        text: "Invalid JSON: Unrecognized token '...'",
        marks: &["unrecognized token", "invalid json"],
        meaning: "Okta's parser met a body that is not JSON, often the error page of a proxy. The token is the first word of that body; the real cause is hidden behind it.",
        checks: &[&envelope::JSON, &error::BODY, &error::SERVER_ERROR],
        run: "errors connection",
        source: "https://github.com/Metatavu/keycloak-scim-server/issues/100",
    },
    Message {
        text: "Conflict. Errors reported by remote server: ...",
        marks: &["conflict"],
        meaning: "You answered 409. After a create it means that the account exists, but the look-up just before did not find it: an index that a rename left stale, a comparison that minds the case, a special character, or an inactive user who is hidden. Okta does not look up again.",
        checks: &[
            &lookup::FINDS_USER,
            &lookup::SPECIAL,
            &state::READABLE,
            &lookup::FORMER_NAME,
        ],
        run: "lifecycle rename users special-characters",
        source: "https://github.com/better-auth/better-auth/issues/11111",
    },
    Message {
        text: "Unauthorized. Errors reported by remote server: ...",
        marks: &["unauthorized"],
        meaning: "You answered 401. Custom apps put \"Bearer \" in front of the token by themselves; a template app with Header Auth sends what was typed, as it is.",
        checks: &[&connection::REJECTS_WRONG_TOKEN, &error::BODY],
        run: "connection",
        source: "Okta: knowledge base, \"Error authenticating: Unauthorized\"",
    },
    Message {
        text: "Forbidden. Errors reported by remote server: ...",
        marks: &["forbidden"],
        meaning: "You answered 403: the token is known, but may not do this.",
        checks: &[&sequence::REFUSED],
        run: "users groups",
        source: "Okta: knowledge base, minimum permissions for group push",
    },
    Message {
        text: "Bad Request. Errors reported by remote server: ...",
        marks: &["bad request"],
        meaning: "You answered 400. Usual reasons: an attribute that the server does not know, PATCH without a path, the id inside a PATCH value, a placeholder password, roles sent as plain strings.",
        checks: &[
            &sequence::REFUSED,
            &update::UNKNOWN_ATTRIBUTE,
            &create::WITHOUT_EXTERNAL_ID,
        ],
        run: "users profile groups",
        source: "https://github.com/fleetdm/fleet/issues/52600",
    },
    Message {
        text: "Not Found. Errors reported by remote server: ...",
        marks: &["not found. errors reported", ": not found"],
        meaning: "You answered 404 for an id that Okta has as its link. The account was removed, hidden when it became inactive, or got another id. Okta does not create it again.",
        checks: &[&state::READABLE, &sequence::ID_CHANGED, &error::NOT_FOUND],
        run: "lifecycle rename",
        source: "https://github.com/fleetdm/fleet/issues/53446",
    },
    Message {
        text: "Internal Server Error. Errors reported by remote server: ...",
        marks: &[
            "internal server error",
            "bad gateway",
            "service unavailable",
        ],
        meaning: "You, or a proxy in front of you, answered 5xx. Okta does not retry by itself; an administrator has to.",
        checks: &[&sequence::SERVER_ERROR, &error::SERVER_ERROR],
        run: "users groups errors",
        source: "https://devforum.okta.com/t/22746",
    },
    Message {
        text: "... Connect timed out, ... Read timed out",
        marks: &[
            "timed out",
            "timeout",
            "connection refused",
            "connection reset",
        ],
        meaning: "No answer came. Okta reaches you from the internet, from published addresses, and gives up after 60 seconds without data.",
        checks: &[&connection::ANSWERS],
        run: "connection groups/large",
        source: "Okta: SCIM FAQ",
    },
    Message {
        text: "PKIX path building failed",
        marks: &["pkix", "certification path"],
        meaning: "Okta does not trust your certificate: it is self-signed, or the intermediate certificates are not sent along.",
        checks: &[&connection::ANSWERS],
        run: "connection/test-connection",
        source: "https://github.com/1Password/scim-examples",
    },
    Message {
        text: "Errors reported by remote server: ...",
        marks: &["reported by remote server"],
        meaning: "What follows is the detail of your own SCIM error body, word for word. Write there what an administrator can do.",
        checks: &[&error::BODY],
        run: "errors",
        source: "Okta: SCIM FAQ, error messages",
    },
];
