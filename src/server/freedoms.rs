//! What a server may do differently without being wrong: each is a false alarm if a judge
//! raises it.

use std::fmt;

/// What is known about one freedom.
#[derive(Debug)]
struct Entry {
    name: &'static str,
    what: &'static str,
    allowed_by: &'static str,
}

impl Freedom {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// What the server does, in one line.
    #[must_use]
    pub fn what(self) -> &'static str {
        self.entry().what
    }

    /// Who allows it: an RFC section, or Okta.
    #[must_use]
    pub fn allowed_by(self) -> &'static str {
        self.entry().allowed_by
    }
}

impl fmt::Display for Freedom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One row a freedom: name, what the server does, who allows it.
macro_rules! freedoms {
    ($($freedom:ident $name:literal $what:literal $allowed_by:literal;)+) => {
        /// One way in which a conforming server may differ from the reference server.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Freedom {
            $(#[doc = $what] $freedom,)+
        }

        impl Freedom {
            /// All freedoms.
            pub const ALL: &[Self] = &[$(Self::$freedom,)+];

            fn entry(self) -> &'static Entry {
                match self {
                    $(Self::$freedom => &Entry {
                        name: $name,
                        what: $what,
                        allowed_by: $allowed_by,
                    },)+
                }
            }
        }
    };
}

freedoms! {
    PatchNoContent "patch-no-content"
        "PATCH is answered 204 without a body." "RFC 7644, 3.5.2";
    PutMerges "put-merges"
        "What a PUT leaves out stays." "RFC 7644, 3.5.1: what is left out may get a default, or be left alone";
    PlainJsonMediaType "plain-json-media-type"
        "Answers are application/json." "RFC 7644, 3.1 lets servers accept it; Okta reads any media type";
    NoLocationHeader "no-location-header"
        "201 has no Location header." "Okta reads the id from the body";
    NoMeta "no-meta"
        "Resources have no meta." "Okta needs none of it";
    RelativeLocation "relative-location"
        "meta.location is relative." "Okta does not follow it";
    NumericErrorStatus "numeric-error-status"
        "status of an error is a number." "Okta's own samples have it";
    DetailOnlyErrors "detail-only-errors"
        "An error has nothing but a detail." "RFC 7644, 3.12: Okta goes by the status code";
    EmptyUnauthorized "empty-unauthorized"
        "401 has no body and no WWW-Authenticate." "Okta goes by the status code";
    HtmlNotFoundForOddIds "html-not-found-for-odd-ids"
        "An id that is no UUID is a 404 web page." "The status code is what counts";
    NumericIds "numeric-ids"
        "Ids are `\"1\"`, `\"2\"` and so on." "RFC 7643, 3.1: an id is any text";
    UserNameAsId "user-name-as-id"
        "The id of a user is the first userName." "RFC 7643, 3.1: an id is any text";
    GroupNameAsId "group-name-as-id"
        "The id of a group is the first displayName." "RFC 7643, 3.1: an id is any text";
    ExtraAttributes "extra-attributes"
        "Resources have attributes that nobody sent, such as name.formatted and photos." "RFC 7643, 3.3";
    OptionalAttributesDropped "optional-attributes-dropped"
        "locale, displayName, the type of e-mails, and groups are not kept." "RFC 7643, 4.1: they are optional";
    NullForAbsent "null-for-absent"
        "What is unassigned is null." "RFC 7643, 2.5: null and absent are one";
    MembersHidden "members-hidden"
        "Answers never show members." "Okta's documentation: members may be null";
    EmptyMembersOmitted "empty-members-omitted"
        "An empty group has no members attribute." "RFC 7643, 2.5";
    GroupDeleteWithBody "group-delete-with-body"
        "DELETE of a group is 200 with `{}`." "Okta accepts every 2xx";
    ConflictWithoutType "conflict-without-type"
        "409 has no scimType." "RFC 7644, 3.12: scimType is optional";
    UnprocessableContent "unprocessable-content"
        "What is refused is 422 instead of 400." "RFC 9110, 15.5.21";
    NewestFirst "newest-first"
        "Lists begin with the newest resource." "RFC 7644, 3.4.2.3: the server orders";
    LookupMissNotFound "lookup-miss-not-found"
        "A look-up without hits is 404 with a SCIM Error." "Okta's documentation takes both";
    NoDiscovery "no-discovery"
        "/ServiceProviderConfig, /ResourceTypes and /Schemas are 404." "Okta does not call them";
    UserGroupsNotKept "user-groups-not-kept"
        "groups of a user is always empty." "RFC 7643, 4.1.2: it is optional";
    EmptyTextRefused "empty-text-refused"
        "A user with an empty text is refused with 400." "RFC 7643, 2.5: only null and the empty array mean unassigned; that Okta sends a text is inferred";
    PasswordPatchRefused "password-patch-refused"
        "A PATCH of the password is refused with 400." "RFC 7643, 5: changing passwords is optional";
    OddAddressesRefused "odd-addresses-refused"
        "An e-mail address with other signs than `.`, `+`, `-`, `_` and `'` is refused with 400." "RFC 7644, 3.12: a refusal that says so and changes nothing";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Freedom;

    #[test]
    fn every_freedom_has_its_own_name() {
        let names: BTreeSet<_> = Freedom::ALL.iter().map(|freedom| freedom.name()).collect();
        assert_eq!(names.len(), Freedom::ALL.len());
        for freedom in Freedom::ALL.iter().copied() {
            assert!(!freedom.what().is_empty() && !freedom.allowed_by().is_empty());
        }
    }
}
