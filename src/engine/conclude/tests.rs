use super::*;
use crate::check;
use crate::scenario::ScenarioId;
use crate::verdict::{At, Origin, Script};

/// An observation of a check, with nothing special about it.
fn seen(check: &str, facet: &str) -> Observation {
    seen_at("1", check, facet)
}

/// The same at another step.
fn seen_at(step: &str, check: &str, facet: &str) -> Observation {
    Observation {
        check: check::find(check).unwrap(),
        facet: facet.to_owned(),
        row: None,
        general: Vec::new(),
        at: At {
            scenario: "a/b".to_owned(),
            app: Some(App::Oin),
            step: format!("{step} assign ada"),
            exchange: None,
        },
        sent: "GET /".to_owned(),
        sent_by: Origin::Okta,
        shown_by: None,
        wanted: "this".to_owned(),
        got: "that".to_owned(),
        pointer: String::new(),
        evidence: Evidence::Recorded,
        okta_admin_sees: None,
        refusal: false,
        is_of_another_provider: false,
        loses_data: false,
        follows: None,
    }
}

fn in_row(row: &str, observation: Observation) -> Observation {
    Observation {
        row: Some(row.to_owned()),
        ..observation
    }
}

fn or(check: &str, facet: &str, observation: Observation) -> Observation {
    let mut general = observation.general;
    general.push((check::find(check).unwrap(), facet.to_owned()));
    Observation {
        general,
        ..observation
    }
}

fn shown(observations: Vec<Observation>) -> Shown {
    Shown {
        result: ScenarioResult {
            id: ScenarioId("a/b".to_owned()),
            title: String::new(),
            app: Some(App::Oin),
            outcome: Outcome::Passed,
            duration: std::time::Duration::ZERO,
            findings: Vec::new(),
            exchanges: Vec::new(),
            script: Script::default(),
        },
        rows: BTreeSet::new(),
        observations,
        members_seen: false,
        is_cut: false,
    }
}

fn with_rows(rows: &[&str], observations: Vec<Observation>) -> Shown {
    Shown {
        rows: rows.iter().map(|r| (*r).to_owned()).collect(),
        ..shown(observations)
    }
}

fn concluded(shown: Vec<Shown>) -> Conclusion {
    conclude(shown, &[App::Oin], false)
}

/// Findings as `check [facet] level ×occurrences then consequences`.
fn lines(conclusion: &Conclusion) -> Vec<String> {
    let line = |f: &Finding| {
        let then: Vec<&str> = f.consequences.iter().map(|(c, _)| c.as_str()).collect();
        format!(
            "{} [{}] {} ×{} {}",
            f.check.id,
            f.facet,
            f.level,
            f.at.len(),
            then.join(" ")
        )
        .trim_end()
        .to_owned()
    };
    conclusion.findings.iter().map(line).collect()
}

fn all(observations: Vec<Observation>) -> Vec<String> {
    lines(&concluded(vec![shown(observations)]))
}

#[test]
fn the_same_is_said_once() {
    let one = |step| seen_at(step, "state/applied", "title");
    let conclusion = concluded(vec![shown(vec![one("1"), one("2")]), shown(vec![one("3")])]);
    assert_eq!(lines(&conclusion), ["state/applied [title] error ×3"]);
    let finding = &conclusion.findings[0];
    assert_eq!(finding.id, "F1");
    for scenario in &conclusion.scenarios {
        assert_eq!(scenario.outcome, Outcome::Failed);
        assert_eq!(scenario.findings, ["F1"]);
    }
    assert_eq!(conclusion.verdicts[&App::Oin], Verdict::Fails);
}

#[test]
fn the_most_serious_comes_first() {
    let found = all(vec![
        seen("state/lag", ""),
        seen("state/dropped", "title"),
        seen("state/applied", "userName"),
    ]);
    assert_eq!(
        found,
        [
            "state/applied [userName] error ×1",
            "state/dropped [title] warning ×1",
            "state/lag [] note ×1",
        ]
    );
}

#[test]
fn a_consequence_stands_under_its_first_cause() {
    let found = all(vec![
        seen("lookup/finds-user", "after-create"),
        Observation {
            follows: Some(0),
            ..seen("sequence/second-account", "user")
        },
        Observation {
            follows: Some(1),
            ..seen("state/applied", "title")
        },
    ]);
    assert_eq!(
        found,
        ["lookup/finds-user [after-create] error ×1 sequence/second-account state/applied"]
    );
}

#[test]
fn no_place_is_listed_twice_and_consequences_are_counted_apart() {
    let then = Observation {
        follows: Some(0),
        ..seen_at("2", "state/applied", "title")
    };
    let conclusion = concluded(vec![shown(vec![
        seen("lookup/finds-user", "after-create"),
        then.clone(),
        seen("lookup/finds-user", "after-create"),
        seen_at("3", "lookup/finds-user", "after-create"),
        then,
    ])]);
    let steps =
        |places: &[At]| -> Vec<String> { places.iter().map(|at| at.step.clone()).collect() };
    let finding = &conclusion.findings[0];
    assert_eq!(steps(&finding.at), ["1 assign ada", "3 assign ada"]);
    assert_eq!(steps(&finding.consequences_at), ["2 assign ada"]);
}

#[test]
fn a_scenario_fails_through_nothing_but_what_it_showed_itself() {
    // The pages are counted wrongly, which Okta does not mind; that they lose people explains it.
    let lesser = shown(vec![seen("list/items-per-page", "user")]);
    let worse = shown(vec![seen_at(
        "2",
        "list/items-per-page-past-the-end",
        "user",
    )]);
    let guessed = Observation {
        evidence: Evidence::Inferred,
        ..seen("state/applied", "title")
    };
    let known = seen("state/applied", "title");
    let table = [
        ("absorbed", lesser, worse),
        ("merged", shown(vec![guessed]), shown(vec![known])),
    ];
    for (what, lesser, worse) in table {
        let conclusion = concluded(vec![lesser, worse]);
        let outcomes: Vec<_> = conclusion.scenarios.iter().map(|s| &s.outcome).collect();
        assert_eq!(outcomes, [&Outcome::Passed, &Outcome::Failed], "{what}");
        assert_eq!(conclusion.findings.len(), 1, "{what}");
        assert_eq!(
            conclusion.scenarios[0].findings,
            ["F1"],
            "{what}: it is told of"
        );
    }
}

#[test]
fn what_explains_another_finding_absorbs_it() {
    let found = all(vec![
        seen_at("1", "list/past-the-end", ""),
        seen_at("2", "list/complete", "user"),
        seen_at("3", "list/complete", "group"),
    ]);
    assert_eq!(found, ["list/complete [user] error ×2 list/past-the-end"]);
    let alone = all(vec![seen("list/past-the-end", "")]);
    assert_eq!(alone, ["list/past-the-end [] error ×1"]);
}

#[test]
fn a_warning_does_not_absorb_an_error() {
    let guessed = Observation {
        evidence: Evidence::Inferred,
        ..seen("list/complete", "user")
    };
    let found = all(vec![guessed, seen("list/past-the-end", "")]);
    assert_eq!(
        found,
        [
            "list/past-the-end [] error ×1",
            "list/complete [user] warning ×1"
        ]
    );
}

#[test]
fn a_row_is_named_only_when_it_matters() {
    let refused = || seen("sequence/refused", "POST user");
    let rows = ["plus", "dot", "astral"];
    let some = with_rows(&rows, vec![in_row("plus", refused())]);
    assert_eq!(
        lines(&concluded(vec![some.clone()])),
        ["sequence/refused [POST user/plus] error ×1"]
    );
    // Also seen where there is no row.
    let elsewhere = shown(vec![refused()]);
    assert_eq!(
        lines(&concluded(vec![some, elsewhere])),
        ["sequence/refused [POST user] error ×1"]
    );
    // Seen in every row.
    let every = rows.iter().map(|row| in_row(row, refused())).collect();
    assert_eq!(
        lines(&concluded(vec![with_rows(&rows, every)])),
        ["sequence/refused [POST user] error ×1"]
    );
}

#[test]
fn the_most_general_name_that_is_known_wins() {
    let special = |row: &str| {
        let special = in_row(row, seen("lookup/special-characters", ""));
        or(
            "lookup/finds-user",
            "after-create",
            or("lookup/finds-user", "inactive", special),
        )
    };
    let alone = vec![shown(vec![special("plus")])];
    assert_eq!(
        lines(&concluded(alone)),
        ["lookup/special-characters [plus] error ×1"]
    );
    for known in ["inactive", "after-create"] {
        let plain = seen("lookup/finds-user", known);
        assert_eq!(
            all(vec![special("plus"), plain]),
            [format!("lookup/finds-user [{known}] error ×1")]
        );
    }
}

#[test]
fn the_plain_case_tells_the_story() {
    let special = Observation {
        sent: "special".to_owned(),
        okta_admin_sees: Some("sees".to_owned()),
        ..or(
            "lookup/finds-user",
            "after-create",
            seen("lookup/finds-user", "letter-case"),
        )
    };
    let plain = Observation {
        sent: "plain".to_owned(),
        ..seen_at("2", "lookup/finds-user", "after-create")
    };
    let conclusion = concluded(vec![shown(vec![special, plain])]);
    let finding = &conclusion.findings[0];
    assert_eq!(finding.sent, "plain");
    assert_eq!(finding.okta_admin_sees.as_deref(), Some("sees"));
    assert_eq!(finding.at.len(), 2);
}

#[test]
fn members_that_no_group_ever_shows_are_hidden_not_lost() {
    let lost = || Observation {
        got: NO_MEMBERS.to_owned(),
        ..seen("membership/matches", "add")
    };
    let later = Observation {
        follows: Some(0),
        ..seen("sequence/refused", "PATCH group members")
    };
    let never = shown(vec![lost(), later]);
    assert_eq!(
        lines(&concluded(vec![never.clone()])),
        [
            // What is hidden explains nothing.
            "sequence/refused [PATCH group members] error ×1",
            "membership/hidden [] note ×1",
        ]
    );
    let somewhere = Shown {
        members_seen: true,
        ..shown(Vec::new())
    };
    let together = concluded(vec![never.clone(), somewhere.clone()]);
    assert_eq!(together.verdicts[&App::Oin], Verdict::Fails);
    assert_eq!(
        together.scenarios[0].outcome,
        concluded(vec![never.clone()]).scenarios[0].outcome,
        "what the others have seen fails nobody"
    );
    assert_eq!(
        lines(&concluded(vec![never, somewhere])),
        ["membership/matches [add] error ×1 sequence/refused"]
    );
}

#[test]
fn what_only_another_provider_sends_is_worth_a_note() {
    let mut observation = seen("resource/active", "");
    observation.is_of_another_provider = true;
    let (level, kind) = grade(&observation, observation.check, true);
    assert_eq!((level, kind), (Level::Note, Kind::Fault));
    observation.is_of_another_provider = false;
    let (level, _) = grade(&observation, observation.check, false);
    assert_eq!(level, Level::Error);
}

#[test]
fn the_level_says_what_is_known() {
    let table: [(&str, Observation, bool, Level, Kind); 6] = [
        (
            "documented",
            seen("state/applied", "x"),
            false,
            Level::Error,
            Kind::Fault,
        ),
        (
            "inferred",
            Observation {
                evidence: Evidence::Inferred,
                ..seen("state/applied", "x")
            },
            false,
            Level::Warning,
            Kind::Fault,
        ),
        (
            "inferred, but data is lost",
            Observation {
                evidence: Evidence::Inferred,
                loses_data: true,
                ..seen("state/applied", "x")
            },
            false,
            Level::Error,
            Kind::Fault,
        ),
        (
            "an honest refusal",
            Observation {
                refusal: true,
                ..seen("sequence/refused", "PUT user")
            },
            true,
            Level::Warning,
            Kind::Limitation,
        ),
        (
            "a MUST, strictly",
            seen("list/schemas", ""),
            true,
            Level::Error,
            Kind::Fault,
        ),
        (
            "a note, strictly",
            seen("state/lag", ""),
            true,
            Level::Note,
            Kind::Policy,
        ),
    ];
    for (what, observation, strict, level, kind) in table {
        let conclusion = conclude(vec![shown(vec![observation])], &[App::Oin], strict);
        let finding = &conclusion.findings[0];
        assert_eq!((finding.level, finding.kind), (level, kind), "{what}");
        let fails = level == Level::Error;
        assert_eq!(
            conclusion.verdicts[&App::Oin] == Verdict::Fails,
            fails,
            "{what}"
        );
        assert_eq!(
            conclusion.scenarios[0].outcome == Outcome::Failed,
            fails,
            "{what}"
        );
    }
}

#[test]
fn a_probe_counts_for_every_app_but_does_not_make_one_conform() {
    let probe = |observations| {
        let mut shown = shown(observations);
        shown.result.app = None;
        shown
    };
    let verdict = |shown| conclude(shown, &App::ALL, false).verdicts;
    let undecided = verdict(vec![probe(Vec::new())]);
    assert_eq!(undecided[&App::Custom], Verdict::Undecided);
    let failed = verdict(vec![
        probe(vec![seen("error/duplicate", "users")]),
        shown(vec![]),
    ]);
    assert!(failed.values().all(|v| *v == Verdict::Fails));
    let one = verdict(vec![shown(vec![])]);
    assert_eq!(one[&App::Oin], Verdict::Conforms);
    assert_eq!(one[&App::Custom], Verdict::Undecided);
}
