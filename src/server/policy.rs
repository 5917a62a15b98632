//! How this server behaves where servers differ: one value, asked at named decision points.
//!
//! Without faults and freedoms every method gives the known-good answer. What a fault does
//! to a whole request or answer stands in [`super::faults`].

use std::time::Duration;

use http::Method;
use serde_json::{Map, Value};

use super::evaluate::Matching;
use super::faults::{Fault, seldom};
use super::fold;
use super::freedoms::Freedom;
use super::index::Indexed;
use super::request::Query;
use super::resource_type::Kind;
use super::store::{Id, Record, Store};
use crate::scim::{AttributePath, Comparison, Filter, Literal};

/// Most resources in one answer; announced as `filter.maxResults`.
pub(super) const MAX_RESULTS: usize = 1000;

/// How long a lagging look-up does not see a new resource.
const LAG: Duration = Duration::from_millis(300);

/// The behaviour of one server: known good, but for the faults and freedoms that are on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    faults: Vec<Fault>,
    freedoms: Vec<Freedom>,
}

/// The part of a list that an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) offset: usize,
    pub(super) limit: usize,
}

/// When uniqueness is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Create,
    Update,
}

/// What happens to a POST of a userName that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duplicate {
    Refuse,
    CreateAnother,
    Overwrite,
}

/// What happens to a change of the userName.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rename {
    Accept,
    Refuse,
    RefuseHalfway,
}

/// What happens to a member id that names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    Refuse,
    Crash,
    Skip,
}

/// What happens when a member is added again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeated {
    Accept,
    AddAgain,
    Refuse,
}

impl Policy {
    /// The same, with one more fault.
    #[must_use]
    pub fn with_fault(mut self, fault: Fault) -> Self {
        if !self.has(fault) {
            self.faults.push(fault);
        }
        self
    }

    /// The same, with one more freedom.
    #[must_use]
    pub fn with_freedom(mut self, freedom: Freedom) -> Self {
        if !self.takes(freedom) {
            self.freedoms.push(freedom);
        }
        self
    }

    /// The faults that are on.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The freedoms that are on.
    #[must_use]
    pub fn freedoms(&self) -> &[Freedom] {
        &self.freedoms
    }

    /// Whether nothing is switched on.
    #[must_use]
    pub fn is_known_good(&self) -> bool {
        self.faults.is_empty() && self.freedoms.is_empty()
    }

    /// Whether a fault is on.
    #[must_use]
    pub fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    /// Whether a freedom is on.
    #[must_use]
    pub fn takes(&self, freedom: Freedom) -> bool {
        self.freedoms.contains(&freedom)
    }

    /// The name of the tenant that a second customer's token leads to, where the first one's leads to `name`.
    #[must_use]
    pub fn other_tenant(&self, name: &str) -> String {
        if self.has(Fault::TenantsNotApart) {
            name.to_owned()
        } else {
            format!("{name}-other")
        }
    }

    fn has_any(&self, faults: &[Fault]) -> bool {
        faults.iter().any(|fault| self.has(*fault))
    }
}

/// Lists and look-ups.
impl Policy {
    /// Which part of all resources of a kind is answered.
    pub(super) fn window_of(&self, kind: Kind, query: &Query, total: usize) -> Window {
        let governed = matches!(kind, Kind::Role | Kind::Entitlement);
        if governed && self.has(Fault::EntitlementCountIgnored) {
            return Window {
                offset: 0,
                limit: total,
            };
        }
        self.window(query, total)
    }

    /// Which part of `total` hits is answered.
    pub(super) fn window(&self, query: &Query, total: usize) -> Window {
        let start = query.start_index.unwrap_or(1).max(1);
        let first = if self.has(Fault::StartIndexZeroBased) {
            start
        } else if self.has(Fault::PagesOverlap) && start > 1 {
            start.saturating_sub(2)
        } else {
            start.saturating_sub(1)
        };
        let mut offset = usize::try_from(first).unwrap_or(usize::MAX);
        if offset >= total && self.has(Fault::FirstPagePastTheEnd) {
            offset = 0;
        }
        let count = match query.count {
            Some(count) => usize::try_from(count).unwrap_or(0),
            None => MAX_RESULTS,
        };
        Window {
            offset,
            limit: if self.has(Fault::PagingIgnored) {
                total
            } else {
                count.min(self.page_cap())
            },
        }
    }

    fn page_cap(&self) -> usize {
        if self.has(Fault::PageCap20) {
            20
        } else if self.has(Fault::PageCap50) {
            50
        } else {
            MAX_RESULTS
        }
    }

    /// Whether a list without a filter is more than a slice of the store.
    pub(super) fn changes_lists(&self) -> bool {
        self.takes(Freedom::NewestFirst)
            || self.has_any(&[
                Fault::InactiveHidden,
                Fault::DeletedGroupStillFound,
                Fault::UnstableOrder,
                Fault::ListTruncated100,
                Fault::ListTruncated50,
                Fault::LookupLags,
            ])
    }

    /// The order of a list, and what is left of it.
    pub(super) fn arrange<T>(&self, mut records: Vec<T>, query: &Query) -> Vec<T> {
        for (fault, most) in [(Fault::ListTruncated100, 100), (Fault::ListTruncated50, 50)] {
            if self.has(fault) && query.filter.is_none() {
                records.truncate(most);
            }
        }
        if self.takes(Freedom::NewestFirst) {
            records.reverse();
        }
        if self.has(Fault::UnstableOrder) && !records.is_empty() {
            // Each page begins somewhere else, as with a database that was given no order.
            let turn = query.start_index.unwrap_or(1).rem_euclid(7);
            let turn = usize::try_from(turn).unwrap_or(1);
            let turn = turn.checked_rem(records.len()).unwrap_or(0);
            records.rotate_left(turn);
        }
        records
    }

    /// The filter as this server understands it; `None` when it takes no notice.
    pub(super) fn filter(&self, kind: Kind, filter: Filter) -> Option<Filter> {
        match kind {
            Kind::User if self.has(Fault::FilterIgnored) => None,
            Kind::Group if self.has(Fault::GroupFilterIgnored) => None,
            Kind::User if self.has(Fault::LookupByEmail) => {
                Some(with_user_name_as(filter, "emails", Some("value")))
            }
            Kind::User if self.has(Fault::LookupById) => {
                Some(with_user_name_as(filter, "id", None))
            }
            Kind::User if self.has(Fault::FilterCutAtApostrophe) => Some(cut_at_apostrophe(filter)),
            Kind::User => seldom::filter(self, filter),
            _ => Some(filter),
        }
    }

    /// How a filter compares strings.
    pub(super) fn matching(&self) -> Matching {
        if self.has_any(&[Fault::LookupCaseSensitive, Fault::NamesCaseSensitive]) {
            Matching::Exact
        } else if self.has(Fault::FilterMatchesPrefix) {
            Matching::Prefix
        } else if self.has(Fault::DotMatchesAnyCharacter) {
            Matching::DotIsAny
        } else {
            Matching::Caseless
        }
    }

    /// How many resources a filter searches; `None` is all.
    pub(super) fn searched_page(&self) -> Option<usize> {
        self.has(Fault::LookupSeesFirst100).then_some(100)
    }

    /// Whether a hit of an index is a hit, without another look at the record.
    pub(super) fn trusts_indexes(&self) -> bool {
        !self.stale_indexes().is_empty()
    }

    /// Whether a list shows a record.
    pub(super) fn lists(&self, record: &Record, filtered: bool) -> bool {
        let hides_inactive = self.has(Fault::InactiveHidden)
            || filtered
                && self.has_any(&[
                    Fault::InactiveHiddenFromLookup,
                    Fault::RehireCreatesSecondAccount,
                ]);
        let not_found = filtered
            && self.has(Fault::CreatedNeverFound)
            && !record.seeded
            && record.text("userName").is_some();
        let not_found = not_found
            || filtered
                && self.has(Fault::GroupFilterFindsNone)
                && record.text("userName").is_none();
        let local = filtered && self.has(Fault::LocalAccountsHidden) && record.seeded;
        let not_yet = self.has(Fault::LookupLags) && record.born.elapsed() < LAG;
        let deleted = record.ghost && !filtered;
        !(not_found || local || not_yet || deleted || hides_inactive && !record.is_active())
    }

    /// Whether GET by id shows a record.
    pub(super) fn shows(&self, record: &Record) -> bool {
        !record.ghost && (record.is_active() || !self.has(Fault::InactiveHidden))
    }
}

/// Creating and changing.
impl Policy {
    /// The id of a new resource.
    pub(super) fn new_id(&self, kind: Kind, store: &Store, attributes: &Map<String, Value>) -> Id {
        let text = |name: &str| attributes.get(name).and_then(Value::as_str);
        let name = match kind {
            Kind::User if self.takes(Freedom::UserNameAsId) => text("userName"),
            Kind::Group if self.takes(Freedom::GroupNameAsId) => text("displayName"),
            _ => None,
        };
        if let Some(name) = name.filter(|name| store.of(kind).get(name).is_none()) {
            return name.into();
        }
        if self.has(Fault::IdAsNumber) || self.takes(Freedom::NumericIds) {
            let taken = |id: &u64| store.member(&id.to_string()).is_some();
            let first = [Kind::User, Kind::Group]
                .map(|kind| store.of(kind).len())
                .into_iter()
                .fold(1, usize::saturating_add);
            let mut id = u64::try_from(first).unwrap_or(1);
            while taken(&id) {
                id = id.saturating_add(1);
            }
            return id.to_string().into();
        }
        uuid::Uuid::new_v4().to_string().into()
    }

    /// What a POST of a taken userName does.
    pub(super) fn on_duplicate_user(&self, store: &Store, owner: &str) -> Duplicate {
        let inactive = |id| store.of(Kind::User).get(id).is_some_and(|r| !r.is_active());
        if self.has(Fault::DuplicateCreated)
            || self.has(Fault::RehireCreatesSecondAccount) && inactive(owner)
        {
            Duplicate::CreateAnother
        } else if self.has(Fault::DuplicateOverwrites) {
            Duplicate::Overwrite
        } else {
            Duplicate::Refuse
        }
    }

    /// Whether a refused POST costs the owner of the name something.
    pub(super) fn refused_create_strips_owner(&self) -> bool {
        self.has(Fault::DuplicateRefusedStripsOwner)
    }

    /// Whether nobody may have the externalId of another.
    pub(super) fn unique_external_ids(&self) -> bool {
        self.has(Fault::ExternalIdMustBeUnique)
    }

    /// Whether names that differ in an accent are the same.
    pub(super) fn ignores_accents(&self) -> bool {
        self.has(Fault::AccentsIgnored)
    }

    /// Whether e-mail addresses must be unique, too.
    pub(super) fn unique_emails(&self) -> bool {
        self.has(Fault::EmailMustBeUnique)
    }

    /// Whether the user `owner` stands in the way of `name`.
    pub(super) fn collides(&self, store: &Store, owner: &str, name: &str, moment: Moment) -> bool {
        if moment == Moment::Update && self.has(Fault::RenameToTakenName) {
            return false;
        }
        let Some(owner) = store.of(Kind::User).get(owner) else {
            return false;
        };
        let with_case = self.has(Fault::NamesCaseSensitive)
            || moment == Moment::Create && self.has(Fault::UniquenessCaseSensitive);
        !with_case || owner.text("userName").as_deref() == Some(name)
    }

    /// What becomes of a change of the userName.
    pub(super) fn on_rename(&self) -> Rename {
        if self.has(Fault::RenameRefused) {
            Rename::Refuse
        } else if self.has(Fault::RenameRefusedHalfway) {
            Rename::RefuseHalfway
        } else {
            Rename::Accept
        }
    }

    /// Whether a POST decides the id.
    pub(super) fn takes_ids_from_clients(&self) -> bool {
        self.has(Fault::ClientChosenId)
    }

    /// Attributes that a change silently leaves as they were.
    pub(super) fn frozen(
        &self,
        kind: Kind,
        method: &Method,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
    ) -> Vec<&'static str> {
        let put = *method == Method::PUT;
        let activates = new.get("active") == Some(&Value::Bool(true));
        let renamed = old.get("userName") != new.get("userName");
        let table = [
            (
                Kind::User,
                Fault::DeactivationPatchIgnored,
                !put && !activates,
                "active",
            ),
            (
                Kind::User,
                Fault::DeactivationPutIgnored,
                put && !activates,
                "active",
            ),
            (Kind::User, Fault::ReactivationIgnored, activates, "active"),
            (Kind::User, Fault::EmailChangeIgnored, put, "emails"),
            (Kind::User, Fault::RenameKeepsEmail, renamed, "emails"),
            (
                Kind::User,
                Fault::DisplayNameChangeIgnored,
                put,
                "displayName",
            ),
            (Kind::User, Fault::RenameEchoedNotStored, true, "userName"),
            (Kind::Group, Fault::GroupRenameIgnored, true, "displayName"),
        ];
        table
            .into_iter()
            .filter(|(of, fault, when, _)| *of == kind && *when && self.has(*fault))
            .map(|(_, _, _, name)| name)
            .collect()
    }

    /// Indexes that do not follow a change.
    pub(super) fn stale_indexes(&self) -> &'static [Indexed] {
        if self.has(Fault::RenameLeavesIndexStale) {
            &[Indexed::UserName]
        } else if self.has(Fault::GroupRenameLeavesIndexStale) {
            &[Indexed::DisplayName]
        } else {
            &[]
        }
    }

    /// Whether this change gives the user another id.
    pub(super) fn renews_id(&self, old: &Map<String, Value>, new: &Map<String, Value>) -> bool {
        let name =
            |of: &Map<String, Value>| of.get("userName").and_then(Value::as_str).map(fold::key);
        let inactive = Some(&Value::Bool(false));
        let woken = old.get("active") == inactive && new.get("active") != inactive;
        self.has(Fault::RenameChangesId) && name(old) != name(new)
            || self.has(Fault::ReactivationGivesNewId) && woken
    }

    /// Whether a PUT keeps what it does not name.
    pub(super) fn put_merges(&self) -> bool {
        self.takes(Freedom::PutMerges)
    }

    /// Whether the value of a path-less operation is taken for the whole resource.
    pub(super) fn value_is_whole_resource(&self) -> bool {
        self.has(Fault::PathLessPatchReplacesAll)
    }

    /// Whether `groups` of a user shows anything.
    pub(super) fn keeps_groups_of_users(&self) -> bool {
        !self.takes(Freedom::UserGroupsNotKept)
    }

    /// Whether `groups` of a user can be written.
    pub(super) fn reads_groups_of_users(&self) -> bool {
        self.has(Fault::GroupsOfUserWritten)
    }

    /// Whether the operations before a failing one stay applied.
    pub(super) fn keeps_what_was_applied(&self) -> bool {
        self.has(Fault::PatchNotAtomic)
    }

    /// Whether a change is answered, but not stored.
    pub(super) fn loses_changes(&self) -> bool {
        self.has(Fault::ChangesNotStored)
    }

    /// Whether a change is answered with the state before it.
    pub(super) fn answers_state_before(&self) -> bool {
        self.has(Fault::AnswersStateBefore)
    }

    /// Whether a change that changes nothing is refused.
    pub(super) fn refuses_no_change(&self) -> bool {
        self.has(Fault::NoChangeRefused)
    }

    /// Whether GET shows the password.
    pub(super) fn shows_passwords(&self) -> bool {
        self.has(Fault::PasswordReturned)
    }

    /// Whether the last administrator stays active.
    pub(super) fn keeps_last_administrator(&self) -> bool {
        !self.has(Fault::LastAdministratorDeactivated)
    }

    /// Whether a deactivation reaches accounts that SCIM has not made.
    pub(super) fn deactivation_reaches_local_accounts(&self) -> bool {
        self.has(Fault::DeactivationReachesLocalAccounts)
    }

    /// Whether deactivation ends memberships.
    pub(super) fn deactivation_leaves_groups(&self) -> bool {
        self.has(Fault::DeactivationDropsMemberships)
    }
}

/// Groups and their members.
impl Policy {
    /// Whether a second group of one name is refused.
    pub(super) fn refuses_namesake_groups(&self) -> bool {
        !self.has(Fault::NamesakeGroupCreated)
    }

    /// Whether a second group of one name overwrites the first.
    pub(super) fn overwrites_namesake_groups(&self) -> bool {
        self.has(Fault::GroupCreateOverwritesNamesake)
    }

    /// Whether a change that does not speak of members empties the group.
    pub(super) fn absent_members_are_none(&self) -> bool {
        self.has(Fault::GroupRenameWipesMembers)
    }

    /// Whether a PATCH starts from the members before the last one.
    pub(super) fn reads_stale_members(&self) -> bool {
        self.has(Fault::MembersFromStaleReplica)
    }

    /// Whether the first name of a group is kept for lists.
    pub(super) fn lists_first_names(&self) -> bool {
        self.has(Fault::GroupListShowsFirstName)
    }

    /// What happens to a member that does not exist.
    pub(super) fn on_unknown_member(&self) -> Unknown {
        if self.has(Fault::UnknownMember500) {
            Unknown::Crash
        } else if self.has(Fault::UnknownMemberIgnored) {
            Unknown::Skip
        } else {
            Unknown::Refuse
        }
    }

    /// Whether an inactive user is passed over as a member.
    pub(super) fn ignores_inactive_members(&self) -> bool {
        self.has(Fault::InactiveMembersIgnored)
    }

    /// What happens to a member that is there already.
    pub(super) fn on_repeated_member(&self) -> Repeated {
        if self.has(Fault::RepeatedMember409) {
            Repeated::Refuse
        } else if self.has(Fault::RepeatedMemberDuplicated) {
            Repeated::AddAgain
        } else {
            Repeated::Accept
        }
    }

    /// Whether a deleted resource of this kind stays in the indexes.
    pub(super) fn leaves_ghosts(&self, kind: Kind) -> bool {
        kind == Kind::Group && self.has(Fault::DeletedGroupStillFound)
    }
}

/// The filter with another attribute in the place of `userName`.
fn with_user_name_as(filter: Filter, name: &str, sub: Option<&str>) -> Filter {
    match filter {
        Filter::Compare(path, operator, literal) if path.is("userName") => Filter::Compare(
            AttributePath {
                urn: None,
                name: name.to_owned(),
                sub: sub.map(str::to_owned),
            },
            operator,
            literal,
        ),
        other => other,
    }
}

/// `eq "o'neil"` as `sw "o"`.
fn cut_at_apostrophe(filter: Filter) -> Filter {
    match filter {
        Filter::Compare(path, Comparison::Eq, Literal::Text(text)) => match text.split_once('\'') {
            Some((start, _)) => {
                Filter::Compare(path, Comparison::Sw, Literal::Text(start.to_owned()))
            }
            None => Filter::Compare(path, Comparison::Eq, Literal::Text(text)),
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(
        policy: &Policy,
        start_index: i64,
        count: Option<i64>,
        total: usize,
    ) -> (usize, usize) {
        let query = Query {
            start_index: Some(start_index),
            count,
            ..Query::default()
        };
        let window = policy.window(&query, total);
        (window.offset, window.limit)
    }

    #[test]
    fn pages_are_one_based_and_bounded() {
        let good = Policy::default();
        assert_eq!(window(&good, 1, Some(100), 500), (0, 100));
        assert_eq!(window(&good, 101, Some(100), 500), (100, 100));
        assert_eq!(window(&good, 0, Some(2), 5), (0, 2));
        assert_eq!(window(&good, -7, Some(-1), 5), (0, 0));
        assert_eq!(window(&good, 1, None, 5000), (0, MAX_RESULTS));
        assert_eq!(window(&good, i64::MAX, Some(i64::MAX), 5).1, MAX_RESULTS);
    }

    #[test]
    fn faulty_pages_are_wrong_in_their_own_way() {
        let with = |fault| Policy::default().with_fault(fault);
        let table = [
            (Fault::PageCap50, 51, (50, 50)),
            (Fault::PageCap20, 1, (0, 20)),
            (Fault::StartIndexZeroBased, 1, (1, 100)),
            (Fault::PagesOverlap, 101, (99, 100)),
            (Fault::PagesOverlap, 1, (0, 100)),
            (Fault::FirstPagePastTheEnd, 501, (0, 100)),
            (Fault::PagingIgnored, 1, (0, 500)),
        ];
        for (fault, start, expected) in table {
            assert_eq!(
                window(&with(fault), start, Some(100), 500),
                expected,
                "{fault}"
            );
        }
    }
}
