//! Which findings are the same root cause under another name.

/// Findings of one check, by facet.
#[derive(Clone, Copy, Debug)]
pub struct Of {
    check: &'static str,
    /// The facet, or the start of it before a `*`; none for any.
    facet: Option<&'static str>,
}

impl Of {
    /// Whether a finding is one of them.
    #[must_use]
    pub fn fits(&self, check: &str, facet: &str) -> bool {
        check == self.check
            && self
                .facet
                .is_none_or(|wanted| match wanted.strip_suffix('*') {
                    Some(start) => facet.starts_with(start),
                    None => facet == wanted,
                })
    }
}

/// The first explains the second on every server.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// A finding.
    pub cause: Of,
    /// What it explains, at the same level or below.
    pub other: Of,
}

const fn any(check: &'static str) -> Of {
    Of { check, facet: None }
}

const fn of(check: &'static str, facet: &'static str) -> Of {
    Of {
        check,
        facet: Some(facet),
    }
}

const fn rule(cause: Of, other: Of) -> Rule {
    Rule { cause, other }
}

/// The rules, in the order in which they are applied.
pub const ABSORBS: &[Rule] = &[
    // Pages that are counted wrongly, or that lose people, are wrong past the end as well.
    rule(
        of("list/readable", "announced-but-absent"),
        any("list/complete"),
    ),
    rule(
        of("list/readable", "announced-but-absent"),
        any("list/total-too-high"),
    ),
    rule(any("list/complete"), any("list/past-the-end")),
    rule(any("list/complete"), any("list/total-results")),
    rule(any("list/total-results"), any("list/past-the-end")),
    rule(any("list/complete"), any("list/repeats")),
    rule(any("list/repeats"), any("list/past-the-end")),
    rule(
        any("list/past-the-end"),
        any("list/items-per-page-past-the-end"),
    ),
    rule(
        any("list/items-per-page-past-the-end"),
        any("list/items-per-page"),
    ),
    // A look-up that hands out strangers finds somebody else, also under a former name.
    rule(
        of("guard/somebody-else", "look-up user"),
        of("lookup/only-exact", "user*"),
    ),
    rule(
        of("guard/somebody-else", "look-up group"),
        of("lookup/only-exact", "group*"),
    ),
    rule(any("lookup/only-exact"), any("lookup/former-name")),
    // Who answers a create with somebody else has made nobody, which shows alone where the answer got lost.
    rule(
        of("guard/somebody-else", "create user"),
        of("lookup/finds-user", "after-create"),
    ),
    // Users and groups go through the same code.
    rule(
        of("lookup/only-exact", "user"),
        of("lookup/only-exact", "group"),
    ),
    rule(of("list/complete", "user"), of("list/complete", "group")),
    rule(of("list/repeats", "user"), of("list/repeats", "group")),
    rule(
        of("list/total-too-high", "user"),
        of("list/total-too-high", "group"),
    ),
    rule(
        of("resource/resource-type", "user"),
        of("resource/resource-type", "group"),
    ),
    rule(
        of("sequence/refused", "list users"),
        of("sequence/refused", "list groups"),
    ),
    rule(of("resource/id", "user"), of("resource/id", "group")),
    rule(
        of("resource/schemas", "user"),
        of("resource/schemas", "group"),
    ),
    // Who cannot store or find one letter beyond ASCII does not do better with other such letters.
    rule(
        of("lookup/special-characters", "non-ascii"),
        of("lookup/special-characters", "astral"),
    ),
    rule(
        of("lookup/special-characters", "non-ascii"),
        of("lookup/special-characters", "case-folding"),
    ),
    rule(
        of("lookup/special-characters", "non-ascii"),
        of("lookup/special-characters", "normalisation"),
    ),
    rule(
        of("lookup/special-characters", "non-ascii"),
        of("lookup/special-characters", "right-to-left"),
    ),
    rule(of("state/text", "non-ascii"), of("state/text", "astral")),
    rule(
        of("state/text", "non-ascii"),
        of("state/text", "case-folding"),
    ),
    rule(
        of("state/text", "non-ascii"),
        of("state/text", "normalisation"),
    ),
    rule(
        of("state/text", "non-ascii"),
        of("state/text", "right-to-left"),
    ),
    // One PATCH removes and adds; whichever operation goes wrong alone goes wrong there.
    rule(
        of("membership/matches", "add"),
        of("membership/matches", "add-and-remove"),
    ),
    rule(
        of("membership/matches", "remove"),
        of("membership/matches", "add-and-remove"),
    ),
    // Groups that a user's PUT decides about are also lost by the PUT that deactivates.
    rule(
        of("membership/matches", "user-push"),
        any("membership/inactive"),
    ),
    // A password that a read returns is returned whatever set it.
    rule(
        of("secret/password-returned", "create"),
        of("secret/password-returned", "sync"),
    ),
    // Whoever takes a wrong token does not look at it.
    rule(
        of("connection/rejects-wrong-token", "wrong-token"),
        any("connection/rejects-wrong-token"),
    ),
    rule(
        of("connection/rejects-wrong-token", "wrong-token"),
        any("connection/bare-token"),
    ),
    rule(of("error/not-found", "users"), any("error/not-found")),
    // A group whose look-up is refused is not found by anybody, and never pushed.
    rule(
        of("sequence/refused", "look-up group"),
        of("lookup/finds-group", "after-create"),
    ),
    rule(
        of("sequence/refused", "look-up group"),
        of("membership/matches", "later"),
    ),
    rule(
        of("create/returns-resource", "group"),
        of("membership/matches", "later"),
    ),
    // A list that cannot be read is not readable, however it is asked for.
    rule(any("list/readable"), of("envelope/json", "empty")),
    // Additions that go wrong one by one go wrong together.
    rule(
        of("membership/matches", "add"),
        of("membership/matches", "parallel-members"),
    ),
    // An unknown id that is answered with something else is that wherever an id has become unknown.
    rule(
        of("error/not-found", "users"),
        of("envelope/json", "no-object"),
    ),
    // A name that is taken is not seen, or not refused rightly, in whichever case and by whichever request.
    rule(
        of("lookup/finds-user", "letter-case"),
        of("error/duplicate", "other-case"),
    ),
    rule(
        of("error/duplicate", "users"),
        of("error/duplicate", "other-case"),
    ),
    rule(
        of("error/duplicate", "users"),
        of("sequence/second-account", "user"),
    ),
    rule(
        of("error/duplicate", "users"),
        of("sequence/name-taken", "user"),
    ),
    rule(
        of("error/duplicate", "users"),
        of("error/client-mistake", "taken-login"),
    ),
    // A login that is never stored is not taken from anybody.
    rule(
        of("state/applied", "userName"),
        of("sequence/name-taken", "user"),
    ),
    // A change that is not stored is not stored in whatever form.
    rule(
        of("state/write-ignored", "patch user"),
        of("state/applied", "deactivation by patch"),
    ),
    rule(
        of("state/write-ignored", "patch user"),
        any("update/meaning"),
    ),
    rule(
        of("state/write-ignored", "patch user"),
        any("tolerance/entra"),
    ),
    rule(
        of("state/write-ignored", "patch user"),
        of("update/unknown-attribute", "patch"),
    ),
    // Who is not found at all is not found by another spelling.
    rule(any("lookup/finds-user"), any("lookup/spelling")),
    rule(
        of("lookup/finds-user", "after-create"),
        of("lookup/finds-user", "inactive"),
    ),
    rule(
        of("lookup/finds-user", "after-create"),
        any("lookup/other-attribute"),
    ),
    rule(
        of("lookup/finds-user", "inactive"),
        of("lookup/other-attribute", "active"),
    ),
    // Rows that cannot be read hold no complete user.
    rule(any("list/key-case"), any("list/first-user")),
    rule(any("list/readable"), any("list/first-user")),
    rule(any("list/current"), any("list/first-user")),
    // A manager as an object is the same to a create and to an update.
    rule(
        of("sequence/server-error", "POST user"),
        of("sequence/server-error", "manager-by-name"),
    ),
    // A database's complaint about a duplicate is the same on create and on rename.
    rule(
        of("error/duplicate", "users"),
        of("sequence/server-error", "PUT user/onto-a-taken-login"),
    ),
    rule(
        of("error/duplicate", "users"),
        of("sequence/server-error", "PATCH user/onto-a-taken-login"),
    ),
    // Without the endpoint there is nothing to list and nothing to find.
    rule(
        of("sequence/refused", "POST user"),
        of("sequence/refused", "list users"),
    ),
    rule(
        of("sequence/refused", "POST group"),
        of("sequence/refused", "list groups"),
    ),
    rule(
        of("sequence/refused", "POST group"),
        of("lookup/nobody", "group"),
    ),
];

/// Whether a finding explains another one of its kind: an attribute the extension that held nothing else, an
/// attribute that goes stale the same one dropped. (check, facet) each.
#[must_use]
pub fn explains(cause: &(&str, String), other: &(&str, String)) -> bool {
    let ((check, facet), (other_check, other_facet)) = (cause, other);
    let (place, form) = split(facet);
    let (other_place, other_form) = split(other_facet);
    let same_check = check == other_check && form == other_form;
    let lost =
        *other_check == "state/dropped" && matches!(*check, "state/applied" | "state/untouched");
    let inside = other_place.ends_with(":User")
        && place
            .strip_prefix(other_place)
            .is_some_and(|rest| rest.starts_with(':'));
    check.starts_with("state/")
        && ((same_check && inside) || (lost && (inside || place == other_place)))
}

/// A facet such as `title by put`: place and form.
fn split(facet: &str) -> (&str, &str) {
    facet.rsplit_once(" by ").unwrap_or((facet, ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    #[test]
    fn rules_name_checks_that_exist() {
        for rule in ABSORBS {
            for of in [rule.cause, rule.other] {
                assert!(check::find(of.check).is_some(), "{}", of.check);
            }
        }
    }

    #[test]
    fn a_facet_ends_at_its_star() {
        assert!(of("a/b", "user*").fits("a/b", "user/injection"));
        assert!(!of("a/b", "user").fits("a/b", "user/injection"));
        assert!(any("a/b").fits("a/b", ""));
        assert!(!any("a/b").fits("a/c", ""));
    }

    #[test]
    fn an_attribute_explains_its_extension_and_a_stale_value_the_dropped_one() {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let inner = format!("{urn}:department");
        let by_put = |at: &str| format!("{at} by put");
        let table = [
            (
                ("state/dropped", inner.clone()),
                ("state/dropped", urn.to_owned()),
                true,
            ),
            (
                ("state/dropped", urn.to_owned()),
                ("state/dropped", inner.clone()),
                false,
            ),
            (
                ("state/untouched", by_put(&inner)),
                ("state/untouched", by_put(urn)),
                true,
            ),
            (
                ("state/untouched", by_put(urn)),
                ("state/dropped", urn.to_owned()),
                true,
            ),
            (
                ("state/untouched", by_put(&inner)),
                ("state/dropped", inner.clone()),
                true,
            ),
            (
                ("state/applied", "title".to_owned()),
                ("state/dropped", "title".to_owned()),
                true,
            ),
            (
                ("state/applied", "title".to_owned()),
                ("state/dropped", "locale".to_owned()),
                false,
            ),
            (
                ("state/dropped", "title".to_owned()),
                ("state/applied", "title".to_owned()),
                false,
            ),
            (
                ("resource/id", "user".to_owned()),
                ("resource/id", "user".to_owned()),
                false,
            ),
        ];
        for (cause, other, wanted) in table {
            assert_eq!(explains(&cause, &other), wanted, "{cause:?} {other:?}");
        }
    }
}
