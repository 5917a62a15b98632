//! Every check: what it is about, why it matters to Okta, how to fix it. Text only; the looking is done beside.

pub mod certification;
pub mod connection;
pub mod create;
pub mod discovery;
pub mod envelope;
pub mod error;
pub mod guard;
pub mod list;
pub mod lookup;
pub mod membership;
pub mod resource;
pub mod secret;
pub mod sequence;
pub mod state;
pub mod update;

use crate::verdict::CheckMeta;

/// Every check, by family. Ids are for ever: a check is never renamed, its id never reused.
pub static ALL: &[&CheckMeta] = &[
    &connection::ANSWERS,
    &connection::REJECTS_WRONG_TOKEN,
    &connection::REDIRECTS,
    &connection::THROTTLED,
    &connection::SLOW,
    &connection::GROWTH,
    &connection::BARE_TOKEN,
    &envelope::JSON,
    &envelope::MEDIA_TYPE,
    &envelope::BODY_AFTER_204,
    &envelope::BYTE_ORDER_MARK,
    &envelope::DUPLICATE_KEYS,
    &envelope::ENCODING,
    &envelope::ACCEPTS_JSON,
    &list::READABLE,
    &list::COUNTERS,
    &list::RESOURCES,
    &list::SCHEMAS,
    &list::ITEMS_PER_PAGE,
    &list::ITEMS_PAST_THE_END,
    &list::TOTAL,
    &list::COMPLETE,
    &list::REPEATS,
    &list::CURRENT,
    &list::PAST_THE_END,
    &list::TOTAL_TOO_HIGH,
    &list::KEYS,
    &resource::ID,
    &resource::SCHEMAS,
    &resource::ACTIVE,
    &resource::EMAILS,
    &resource::PRIMARY,
    &resource::TYPE,
    &resource::MEMBERS,
    &resource::LOCATION,
    &secret::PASSWORD,
    &secret::TOKEN,
    &error::BODY,
    &error::NOT_FOUND,
    &error::SERVER_ERROR,
    &error::DUPLICATE,
    &error::CLIENT_MISTAKE,
    &error::STATUS,
    &lookup::FINDS_USER,
    &lookup::FINDS_GROUP,
    &lookup::SPECIAL,
    &lookup::ONLY_EXACT,
    &lookup::FORMER_NAME,
    &lookup::NOBODY,
    &create::RETURNS,
    &create::STATUS,
    &create::WITHOUT_EXTERNAL_ID,
    &create::CLIENT_ID,
    &create::ANSWER,
    &update::UNKNOWN_ATTRIBUTE,
    &update::READ_ONLY,
    &update::ANSWER,
    &state::APPLIED,
    &state::IGNORED,
    &state::UNTOUCHED,
    &state::DROPPED,
    &state::CASE,
    &state::UNICODE,
    &state::REFUSAL,
    &state::READABLE,
    &state::LAG,
    &state::TEXT,
    &state::TRIMMED,
    &membership::MATCHES,
    &membership::HIDDEN,
    &membership::REPEATED,
    &membership::INACTIVE,
    &sequence::REFUSED,
    &sequence::SERVER_ERROR,
    &sequence::SECOND,
    &sequence::ID_CHANGED,
    &sequence::NAME_TAKEN,
    &guard::SOMEBODY_ELSE,
    &guard::TENANTS_APART,
    &certification::SUITE,
    &discovery::PARSES,
    &discovery::USER_SCHEMA,
    &discovery::SCHEMA_EXTENSIONS,
    &discovery::ATTRIBUTE_TYPES,
    &discovery::ENTITLEMENT_TYPES,
    &discovery::ENTITLEMENTS,
    &discovery::COUNTS,
    &discovery::HONEST,
];
