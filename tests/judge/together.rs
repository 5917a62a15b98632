//! Faults that come together: each must be seen as its own cause.

use std::time::Duration;

use scim_conform::server::{Fault, Freedom, Policy};
use scim_conform::verdict::Level;

use crate::bench::{self, Bench};

/// The errors of a server with these faults, in the scenarios whose ids begin so.
fn errors(scenarios: &[&str], policy: &Policy) -> Vec<String> {
    let result = Bench::new(scenarios).run(policy, bench::nobody, Duration::ZERO);
    let errors = result.findings.iter().filter(|f| f.level == Level::Error);
    errors
        .map(|f| format!("{} [{}]", f.check.id, f.facet))
        .collect()
}

fn with(faults: &[Fault]) -> Policy {
    let policy = Policy::default();
    faults.iter().copied().fold(policy, Policy::with_fault)
}

#[test]
fn a_refused_change_does_not_hide_behind_a_look_up() {
    let policy = with(&[Fault::GroupFilterFindsNone, Fault::GroupIdInPatchRefused]);
    assert_eq!(
        errors(&["groups/rename"], &policy),
        [
            "lookup/finds-group [after-create]",
            "sequence/refused [PATCH group name]",
        ]
    );
}

/// A group whose members nobody shows cannot be judged; one that shows those of a PATCH has lost the others.
#[test]
fn members_that_are_lost_are_not_taken_for_hidden() {
    let lost = with(&[
        Fault::GroupCreateDropsMembers,
        Fault::GroupPutMembersIgnored,
    ]);
    let all = ["groups/members-of-put-and-patch", "groups/push"];
    assert_eq!(errors(&all, &lost), ["membership/matches [create]"]);
    let hidden = Policy::default().with_freedom(Freedom::MembersHidden);
    assert_eq!(errors(&all, &hidden), [""; 0]);
}

/// Who fails over a name that is taken does not give it away.
#[test]
fn a_taken_name_is_given_away_or_not() {
    let probe = ["rename/patch-onto-a-taken-login"];
    let given = with(&[Fault::RenameToTakenName]);
    assert_eq!(errors(&probe, &given), ["sequence/name-taken [user]"]);
    assert_eq!(errors(&probe, &with(&[Fault::Duplicate500])), [""; 0]);
}
