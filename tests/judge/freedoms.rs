//! What a conforming server may do differently must never be an error.

use std::time::Duration;

use crate::bench::{self, Bench};
use scim_conform::engine::outcome::RunResult;
use scim_conform::server::{Fault, Freedom, Policy};
use scim_conform::verdict::{Level, Outcome, Verdict};

/// Freedoms that no server can take together with another one that stands here: the id is one thing only.
const IDS: [Freedom; 3] = [
    Freedom::NumericIds,
    Freedom::UserNameAsId,
    Freedom::GroupNameAsId,
];

fn no_error(what: &str, result: &RunResult) {
    let errors: Vec<_> = result
        .findings
        .iter()
        .filter(|f| f.level == Level::Error)
        .map(bench::line)
        .collect();
    assert_eq!(errors, Vec::<String>::new(), "{what}");
    assert!(
        result.verdicts.values().all(|v| *v == Verdict::Conforms),
        "{what}"
    );
    let others: Vec<_> = result
        .scenarios
        .iter()
        .filter(|s| s.outcome != Outcome::Passed)
        .map(|s| (&s.id, &s.outcome))
        .collect();
    assert_eq!(others, [], "{what}");
}

#[test]
fn no_freedom_is_an_error() {
    let bench = Bench::new(&[]);
    let mut text = String::new();
    for freedom in Freedom::ALL.iter().copied() {
        let policy = Policy::default().with_freedom(freedom);
        let result = bench.run(&policy, bench::nobody, Duration::ZERO);
        no_error(freedom.name(), &result);
        text += &format!("{freedom}: {}\n", freedom.what());
        for line in bench::lines(&result) {
            text += &format!("  {line}\n");
        }
    }
    insta::with_settings!({snapshot_path => "../snapshots", omit_expression => true}, {
        insta::assert_snapshot!(text);
    });
}

#[test]
fn all_freedoms_together_are_no_error() {
    let bench = Bench::new(&[]);
    let mut text = String::new();
    // Names as ids go together, numbers go alone.
    for left_out in [&IDS[..1], &IDS[1..]] {
        let taken = Freedom::ALL
            .iter()
            .copied()
            .filter(|f| !left_out.contains(f));
        let policy = taken.fold(Policy::default(), Policy::with_freedom);
        let result = bench.run(&policy, bench::nobody, Duration::ZERO);
        let without: Vec<_> = left_out.iter().map(|f| f.name()).collect();
        let what = format!("all but {}", without.join(" and "));
        no_error(&what, &result);
        text += &format!("{what}\n");
        for line in bench::lines(&result) {
            text += &format!("  {line}\n");
        }
    }
    insta::with_settings!({snapshot_path => "../snapshots", omit_expression => true}, {
        insta::assert_snapshot!(text);
    });
}

/// One special request that is refused must not take the others, each an honest refusal or a guess, with it.
#[test]
fn refusals_of_different_things_stay_apart() {
    let faults = [
        Fault::ExternalIdMustBeUnique,
        Fault::EmailMustBeUnique,
        Fault::RolesAsStringsRefused,
        Fault::ReadOnlyInPatchRefused,
        Fault::UnknownAttributeRefused,
    ];
    let freedoms = [
        Freedom::EmptyTextRefused,
        Freedom::PasswordPatchRefused,
        Freedom::OddAddressesRefused,
    ];
    let policy = faults
        .into_iter()
        .fold(Policy::default(), Policy::with_fault);
    let policy = freedoms.into_iter().fold(policy, Policy::with_freedom);
    let result = Bench::new(&[]).run(&policy, bench::nobody, Duration::ZERO);
    let found: Vec<String> = result
        .findings
        .iter()
        .map(|f| format!("{} {} [{}]", f.level, f.check.id, f.facet))
        .collect();
    insta::assert_snapshot!(found.join("\n"), @r"
    error sequence/refused [POST user/conflict]
    warning sequence/refused [PUT user/cleared-value]
    warning sequence/refused [POST user/blanks]
    warning sequence/refused [POST user/brackets]
    warning sequence/refused [POST user/create-user]
    warning sequence/refused [POST user/escapes]
    warning sequence/refused [POST user/import-users]
    warning sequence/refused [POST user/percent]
    warning sequence/refused [POST user/punctuation]
    warning sequence/refused [POST user/push-group]
    warning sequence/refused [POST user/reserved-in-urls]
    warning sequence/refused [POST user/roles]
    warning sequence/refused [POST user/shared-email]
    warning sequence/refused [POST user/update-roles]
    warning sequence/refused [POST user/wildcard]
    warning sequence/refused [PATCH user/password]
    warning update/read-only-attribute [user]
    warning update/unknown-attribute [attribute]
    warning update/unknown-attribute [create]
    warning update/unknown-attribute [extension]
    ");
}
