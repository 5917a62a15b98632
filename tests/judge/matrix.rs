//! The judge on trial: every fault of the reference server against the whole catalogue.
//!
//! The snapshot is reviewed line by line: each fault must be seen as what it is, and said once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use crate::bench::{self, Bench, Seed};
use scim_conform::check;
use scim_conform::engine::outcome::RunResult;
use scim_conform::server::{Family, Fault, Freedom, Policy, Tenant};
use scim_conform::verdict::{Level, Verdict};
use serde_json::json;

/// Faults that are not seen at error, and why that is right.
const BELOW_ERROR: &[(Fault, &str)] = &[
    (
        Fault::EmptyListWithoutResources,
        "the RFC allows it, only an article of Okta's asks for the key",
    ),
    (
        Fault::TotalTooHigh,
        "Okta asks for one page too many, and loses nobody",
    ),
    (
        Fault::LowerCaseResources,
        "Okta reads keys in lower case, too",
    ),
    (
        Fault::ListSchemaWrong,
        "Okta does not look at the schemas of a list",
    ),
    (
        Fault::BackslashCrashesFilter,
        "that Okta escapes a backslash is inferred",
    ),
    (
        Fault::EscapedQuoteMissed,
        "that Okta escapes a quote is inferred",
    ),
    (
        Fault::LookupLags,
        "it is visible within the time that a run waits",
    ),
    (
        Fault::EmailMustBeUnique,
        "an honest refusal where the scenario allows one",
    ),
    (
        Fault::UnknownAttributeRefused,
        "Okta sends what an admin maps, not an attribute of nobody's",
    ),
    (
        Fault::RolesAsStringsRefused,
        "RFC 7643 makes roles objects; Okta's template is in the wrong",
    ),
    (Fault::CreateAnswers200, "Okta takes any 2xx"),
    (
        Fault::UniquenessCaseSensitive,
        "Okta looks a login up, without case, before it creates one",
    ),
    (Fault::ExternalIdDropped, "it is optional"),
    (Fault::ResourceTypeWrong, "Okta does not read it"),
    (Fault::LocationOfAnotherHost, "Okta does not follow it"),
    (
        Fault::ReadOnlyInPatchRefused,
        "implementers report it, no trace shows it",
    ),
    (
        Fault::DeactivationDropsMemberships,
        "RFC 7644 does not forbid it, and Okta's groups are pushed again by hand",
    ),
    (Fault::AnswersStateBefore, "Okta believes in any 2xx"),
    (Fault::ManagerDropped, "it is optional"),
    (Fault::NfcNormalised, "it looks the same, and is found"),
    (Fault::ValuesTrimmed, "nobody misses the blanks"),
    (
        Fault::RenameRefused,
        "an honest refusal where the scenario allows one",
    ),
    (
        Fault::NamesakeGroupCreated,
        "RFC 7643, 4.2 leaves it open, and the admin can link the group by hand",
    ),
    (
        Fault::UnknownMember500,
        "Okta sends one only after somebody has deleted the account behind its back",
    ),
    (
        Fault::UnknownMemberIgnored,
        "Okta sends one only after somebody has deleted the account behind its back",
    ),
    (
        Fault::MalformedFilter500,
        "Okta's own filters are well-formed",
    ),
    (
        Fault::UnknownOperationAccepted,
        "Okta sends no operation but those of the RFC",
    ),
    (Fault::ErrorsAsPlainText, "the status is what counts"),
    (Fault::ErrorsNested, "the status is what counts"),
    (
        Fault::ErrorStatusWrong,
        "the status of the answer is what counts",
    ),
    (Fault::RateLimited, "Okta waits and goes on"),
    (Fault::RetryAfterAsDate, "Okta waits and goes on"),
    (Fault::UnauthorizedAsHtml, "the status is what counts"),
    (Fault::BareTokenAccepted, "Okta sends the scheme"),
    (
        Fault::JsonLabelledHtml,
        "Okta is not known to read the media type",
    ),
    (Fault::ByteOrderMark, "Okta's parser is not known to mind"),
    (Fault::DuplicateKeys, "Okta's parser takes the last one"),
    (Fault::BodyAfterNoContent, "Okta is not known to mind"),
    (
        Fault::SlowAnswers,
        "Okta waits a minute; only its certification suite is in a hurry",
    ),
    (
        Fault::FilterWordsCaseSensitive,
        "Okta writes its filters as the RFC does",
    ),
    (
        Fault::OtherFiltersIgnored,
        "Okta looks people up by userName unless an admin says otherwise",
    ),
    (
        Fault::ActiveFilterFromOtherColumn,
        "Okta does not filter by state",
    ),
    (Fault::ListNeedsParameters, "Okta always sends both"),
    (Fault::PagingCorners500, "Okta counts from 1"),
    (
        Fault::EmailsRequired,
        "Okta sends the address unless an admin unmaps it",
    ),
    (Fault::ForwardedHostReflected, "Okta does not follow it"),
    (
        Fault::AttributeSelectionIgnored,
        "Okta asks for whole resources",
    ),
    (Fault::TextForBooleanIgnored, "Okta sends truth values"),
    (
        Fault::PatchWithPathIgnored,
        "Okta changes users without a path",
    ),
    (Fault::SecondaryEmailPromoted, "Okta sends one address"),
    (
        Fault::AnyPathServed,
        "nobody is harmed but the admin who mistypes",
    ),
    (
        Fault::FirstOperationWins,
        "Okta changes a value once in a request",
    ),
    (
        Fault::GroupExtensionRefused,
        "only older apps of Okta send it",
    ),
    (Fault::RepeatedMemberInPut500, "Okta sends a member once"),
    (
        Fault::AbsentMemberRemoval500,
        "Okta sends it only when an answer was lost",
    ),
    (
        Fault::InactiveMembersIgnored,
        "that Okta pushes inactive people is reported, not shown",
    ),
    (Fault::MalformedJson500, "Okta sends JSON"),
    (Fault::StackTraceInDetail, "the status is what counts"),
    (Fault::OddMethods500, "Okta sends neither"),
    (Fault::ConditionalRequests500, "Okta sends no conditions"),
    (Fault::SchemeSpelling500, "Okta writes it as everybody does"),
    (Fault::RootPath500, "Okta does not ask for it"),
    (
        Fault::ChunkedBodyUnread,
        "Okta sends every body with its length",
    ),
    (
        Fault::SlowByUser,
        "Okta waits a minute, which is enough for thousands",
    ),
    (
        Fault::SlowByMember,
        "Okta waits a minute, which is enough for a group of 3,000",
    ),
    (
        Fault::ActiveAnnouncedAsString,
        "Okta knows the type of active",
    ),
    (Fault::PatchDenied, "Okta does not read it"),
];

/// Faults that are more than one finding at error, how many, and why.
const SEVERAL: &[(Fault, usize, &str)] = &[
    (
        Fault::ReactivationIgnored,
        2,
        "the two kinds of app reactivate by different requests",
    ),
    (
        Fault::PathLessPatchReplacesAll,
        2,
        "the active that got lost is missing in every later answer, too",
    ),
    (
        Fault::ExtensionRefused,
        2,
        "with a create and with an update",
    ),
    (
        Fault::UserPutDropsFamilyName,
        2,
        "it is lost from the profile that is pushed, and from the one that is put back to deactivate",
    ),
    (
        Fault::GroupNameRewritten,
        3,
        "a rewritten name is the name of another group, which is found, or refused a second time",
    ),
    (
        Fault::MemberTypeRequired,
        3,
        "members are sent by POST, by PUT and by PATCH",
    ),
    (
        Fault::AtSignRefused,
        2,
        "an account that was made in the product can be found, and not updated",
    ),
    (
        Fault::ApostropheDropped,
        2,
        "that a renamed group is not found is not known to be about its new name",
    ),
    (
        Fault::GroupNameCharactersRefused,
        2,
        "with a create and with a rename",
    ),
    (
        Fault::UnknownIdAnswersEmptyUser,
        2,
        "what is answered for somebody deleted has no active, either",
    ),
    (
        Fault::ErrorsAsHtml500,
        4,
        "401, 404 and 409 are asked for by one row each of Okta's suite, and a group whose name exists by Okta",
    ),
    (
        Fault::NoChangeRefused,
        2,
        "members who are in a group are added once more with every push of a catalogue app",
    ),
    (
        Fault::GroupPatchAfterCreateRefused,
        2,
        "the first PATCH of a new group adds its members, that of one that was found tells its name",
    ),
    (
        Fault::RepeatedMemberDuplicated,
        3,
        "who stands in a group twice is still there once after a removal, whatever form it has",
    ),
    (
        Fault::GroupIdInPatchRefused,
        2,
        "the name is sent with the id, and so is one form of \"Push now\"",
    ),
    (
        Fault::NewUserRefusedAsMember,
        2,
        "the two kinds of app add members by different requests",
    ),
    (
        Fault::EveryThirdWrite500,
        9,
        "each kind of write fails in its turn",
    ),
    (
        Fault::EveryThirdWriteStored500,
        14,
        "each kind of write fails in its turn",
    ),
    (
        Fault::ChangesNotStored,
        2,
        "PUT and PATCH of users are ignored alike",
    ),
];

/// Checks that a fault does not trip, and where they are seen.
const ELSEWHERE: &[(&str, &str)] = &[(
    "membership/hidden",
    "hiding members is a freedom: see the freedoms",
)];

/// The checks that have to do with a family of faults.
fn belongs(family: Family, check: &str) -> bool {
    let about: &[&str] = match family {
        Family::List => &["list/", "sequence/refused", "sequence/server-error"],
        Family::LookUp => &[
            "lookup/",
            "guard/",
            "list/repeats",
            "state/readable",
            "state/lag",
        ],
        Family::Create => &[
            "create/",
            "guard/",
            "error/duplicate",
            "state/refusal-changed",
            "resource/id",
            "sequence/",
            "update/",
            "state/dropped",
        ],
        Family::Shape => &["resource/", "secret/", "state/applied", "list/current"],
        Family::Lifecycle => &[
            "state/",
            "sequence/",
            "lookup/finds-user",
            "membership/",
            "update/",
            "resource/active",
            "tolerance/",
            "guard/",
        ],
        Family::Profile => &["state/", "sequence/", "membership/matches", "update/"],
        Family::Rename => &["lookup/", "state/", "sequence/"],
        Family::Group => &[
            "sequence/",
            "lookup/",
            "state/",
            "membership/",
            "list/current",
            "create/",
            "update/",
        ],
        Family::Members => &[
            "membership/",
            "sequence/refused",
            "state/refusal-changed",
            "error/",
            "update/",
        ],
        Family::Error => &[
            "error/",
            "envelope/",
            "sequence/",
            "state/",
            "connection/throttled",
        ],
        Family::Auth => &[
            "connection/",
            "secret/token-returned",
            "error/body",
            "guard/",
        ],
        Family::Media => &["envelope/", "sequence/refused"],
        Family::Transport => &[
            "connection/",
            "envelope/body-after-204",
            "certification/wrong-base-url",
        ],
        Family::Discovery => &["discovery/"],
    };
    about.iter().any(|start| check.starts_with(start))
}

pub(crate) fn strangers(tenant: &Tenant) {
    let name = "stranger@elsewhere.test";
    tenant
        .seed_user(&json!({
            "userName": name,
            "name": {"givenName": "Sam", "familyName": "Stranger"},
            "emails": [{"primary": true, "value": name, "type": "work"}],
        }))
        .unwrap();
    tenant
        .seed_group(&json!({"displayName": "Strangers"}))
        .unwrap();
}

fn entitlements(tenant: &Tenant) {
    for name in ["admin", "editor"] {
        tenant.seed_role(&json!({"displayName": name})).unwrap();
    }
    let licence = json!({"displayName": "Gold", "type": "Entitlement"});
    tenant.seed_entitlement(&licence).unwrap();
}

fn incomplete_user(tenant: &Tenant) {
    tenant
        .seed_user(&json!({"userName": "system@elsewhere.test", "active": true}))
        .unwrap();
}

/// Who must have been there before, so that the fault shows.
pub(crate) fn seed(fault: Fault) -> Seed {
    match fault {
        Fault::EntitlementNameMissing | Fault::EntitlementCountIgnored => entitlements,
        Fault::LookupMissAnswersStranger | Fault::CreateAnswersStranger => strangers,
        Fault::ListCrashesOnIncompleteUser => incomplete_user,
        _ => bench::nobody,
    }
}

/// A server with the fault, and with the freedom that brings Okta to send what it fails on.
pub(crate) fn policy(fault: Fault) -> Policy {
    let policy = Policy::default().with_fault(fault);
    match fault {
        // Okta puts back the nulls of the answer.
        Fault::NullCrashes => policy.with_freedom(Freedom::NullForAbsent),
        // Okta puts back the empty groups of the answer.
        Fault::GroupsOfUserWritten => policy.with_freedom(Freedom::UserGroupsNotKept),
        _ => policy,
    }
}

pub(crate) fn settle(fault: Fault) -> Duration {
    match fault {
        Fault::LookupLags => Duration::from_secs(2),
        _ => Duration::ZERO,
    }
}

/// What a fault has shown.
struct Row {
    lines: Vec<String>,
    /// Check and level of each finding.
    findings: Vec<(&'static str, Level)>,
    /// Everything that was tripped, consequences included.
    tripped: BTreeSet<String>,
    conforms: bool,
}

impl Row {
    fn of(result: &RunResult) -> Self {
        let consequences = result.findings.iter().flat_map(|f| &f.consequences);
        let tripped = consequences.map(|(check, _)| check.clone());
        let findings = result.findings.iter().map(|f| (f.check.id, f.level));
        Self {
            lines: bench::lines(result),
            tripped: tripped
                .chain(findings.clone().map(|(check, _)| check.to_owned()))
                .collect(),
            findings: findings.collect(),
            conforms: result.verdicts.values().all(|v| *v == Verdict::Conforms),
        }
    }

    fn errors(&self) -> usize {
        self.findings
            .iter()
            .filter(|(_, level)| *level == Level::Error)
            .count()
    }
}

/// Every fault against the whole catalogue, once for all tests.
static MATRIX: LazyLock<BTreeMap<Fault, Row>> = LazyLock::new(|| {
    let bench = Bench::new(&[]);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some(fault) = Fault::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = bench.run(&policy(*fault), seed(*fault), settle(*fault));
            done.lock().unwrap().insert(*fault, Row::of(&result));
        }
    };
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    done.into_inner().unwrap()
});

#[test]
fn the_known_good_server_has_no_finding_at_all() {
    for seed in [bench::nobody as Seed, strangers, entitlements] {
        let result = Bench::new(&[]).run(&Policy::default(), seed, Duration::ZERO);
        let row = Row::of(&result);
        assert_eq!(row.lines, Vec::<String>::new());
        assert_eq!(result.count("passed"), result.scenarios.len());
        assert!(row.conforms);
    }
}

#[test]
fn what_each_fault_is_seen_as() {
    let mut text = String::new();
    for (fault, row) in &*MATRIX {
        text += &format!("{fault}: {}\n", fault.wrong());
        for line in &row.lines {
            text += &format!("  {line}\n");
        }
    }
    insta::with_settings!({snapshot_path => "../snapshots", omit_expression => true}, {
        insta::assert_snapshot!(text);
    });
}

#[test]
fn every_fault_is_an_error_or_has_a_reason_not_to_be() {
    let mut wrong = Vec::new();
    for (fault, row) in &*MATRIX {
        let below = BELOW_ERROR.iter().any(|(known, _)| known == fault);
        let several = SEVERAL.iter().find(|(known, ..)| known == fault);
        let wanted = if below {
            0
        } else {
            several.map_or(1, |(_, n, _)| *n)
        };
        if row.errors() != wanted {
            wrong.push(format!(
                "{fault}: {} errors, not {wanted}: {:#?}",
                row.errors(),
                row.lines
            ));
        }
        if row.findings.is_empty() {
            wrong.push(format!("{fault} is not seen"));
        }
        if row.conforms != below {
            wrong.push(format!("{fault}: the verdict does not follow the errors"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_fault_is_seen_as_what_it_is() {
    let mut wrong = Vec::new();
    for (fault, row) in &*MATRIX {
        let seen = row
            .findings
            .iter()
            .any(|(check, _)| belongs(fault.family(), check));
        if !seen {
            wrong.push(format!("{fault} of {:?}: {:#?}", fault.family(), row.lines));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_check_is_tripped_by_a_fault() {
    let tripped: BTreeSet<&str> = MATRIX
        .values()
        .flat_map(|row| row.tripped.iter().map(String::as_str))
        .collect();
    let never: Vec<&str> = check::ALL
        .iter()
        .map(|check| check.id)
        .filter(|id| !tripped.contains(id))
        .collect();
    let elsewhere: Vec<&str> = ELSEWHERE.iter().map(|(id, _)| *id).collect();
    assert_eq!(never, elsewhere);
}
