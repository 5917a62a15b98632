//! Pages below `docs/` that are made from the program, and names in the others that must exist.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use scim_conform::check;
use scim_conform::embedded::SCENARIOS;
use scim_conform::oin::{Claims, Class, Feature, ROWS, Row, SUITES};
use scim_conform::okta::app::{Traits, Verb};
use scim_conform::okta::job::{
    MatchWord, PatchName, PatchOf, PutName, PutOf, Reads, Send, Situation, Template,
};
use scim_conform::okta::{App, Behaviour, Variant, Variants};
use scim_conform::report::explain::{faults, message};
use scim_conform::report::text::wrap;
use scim_conform::server::{Family, Fault};
use scim_conform::verdict::{CheckMeta, Kind, Level};

#[path = "support/generated.rs"]
mod generated;

fn holds(page: &str, marker: &str, wanted: &str) {
    generated::holds(page, marker, wanted, str::to_owned);
}

#[test]
fn the_page_of_checks_is_that_of_the_program() {
    let mut page = String::new();
    let mut family = "";
    for meta in check::ALL {
        let this = meta.id.split('/').next().unwrap();
        if family != this {
            family = this;
            write!(page, "\n## {family}\n").unwrap();
        }
        page.push_str(&check_entry(meta));
    }
    page.push('\n');
    holds("docs/checks.md", "checks", &page);
}

fn check_entry(meta: &CheckMeta) -> String {
    let level = match meta.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    let kind = match meta.kind {
        Kind::Fault => "",
        Kind::Limitation => ", limitation",
        Kind::Unverifiable => ", unverifiable",
        Kind::Policy => ", policy",
    };
    let mut entry = format!(
        "\n### `{}`\n\n**{level}{kind}**: {}.\n",
        meta.id, meta.title
    );
    write!(
        entry,
        "\n- why: {}\n- fix: {}\n",
        plain(meta.why),
        plain(meta.fix)
    )
    .unwrap();
    write!(
        entry,
        "- passes: {}\n- fails: {}\n",
        code(meta.passing),
        code(meta.failing)
    )
    .unwrap();
    writeln!(entry, "- norms: {}", meta.norms.join("; ")).unwrap();
    entry
}

/// What `explain` says of Okta's messages, as a page.
#[test]
fn the_page_of_messages_is_that_of_the_program() {
    let mut page = String::new();
    for message in message::ALL {
        write!(
            page,
            "\n### {}\n\n{}\n",
            plain(message.text),
            plain(message.meaning)
        )
        .unwrap();
        page.push_str("\nCauses, the likeliest first:\n\n");
        for (n, meta) in message.checks.iter().enumerate() {
            let anchor = meta.id.replace('/', "");
            writeln!(
                page,
                "{}. {} ([`{}`](checks.md#{anchor}))",
                n + 1,
                meta.title,
                meta.id
            )
            .unwrap();
        }
        let faults: Vec<String> = message
            .checks
            .iter()
            .filter_map(|meta| {
                faults::that_trip(meta.id)
                    .first()
                    .map(|name| format!("`{name}`"))
            })
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        if !faults.is_empty() {
            writeln!(page, "\nFaults that show it: {}.", faults.join(", ")).unwrap();
        }
        writeln!(
            page,
            "\nTry it: `scim-conform run {} --target URL`. Known from: {}.",
            message.run, message.source
        )
        .unwrap();
    }
    page.push('\n');
    holds("docs/messages.md", "messages", &page);
}

/// The faults that `explain` names for a check are those of the judge's trial.
#[test]
fn the_faults_of_checks_are_those_of_the_trial() {
    let trial = generated::text("tests/snapshots/judge__matrix__what_each_fault_is_seen_as.snap");
    let mut seen: Vec<(String, Vec<&str>)> = Vec::new();
    for line in trial.lines().skip(3) {
        match line.strip_prefix("  ") {
            None => seen.push((
                line.split(':').next().unwrap_or_default().to_owned(),
                Vec::new(),
            )),
            Some(finding) => {
                let check = finding.split(' ').next().unwrap_or_default();
                if let Some((_, checks)) = seen.last_mut()
                    && check::find(check).is_some()
                    && !checks.contains(&check)
                {
                    checks.push(check);
                }
            }
        }
    }
    let wanted: String = seen
        .iter()
        .filter(|(_, checks)| !checks.is_empty())
        .map(|(fault, checks)| format!("{fault}: {}\n", checks.join(" ")))
        .collect();
    let file = "src/report/explain/faults.txt";
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(generated::path(file), &wanted).unwrap();
    }
    assert_eq!(
        generated::text(file),
        wanted,
        "UPDATE_DOCS=1 cargo test --test docs writes it anew"
    );
}

/// An example on one line, as code.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('\n', " ⏎ "))
}

/// Prose in which Markdown sees nothing but prose.
fn plain(text: &str) -> String {
    text.replace('<', "&lt;").replace('*', "\\*")
}

#[test]
fn the_page_of_faults_is_that_of_the_program() {
    let mut page = format!("\n{} faults.\n", Fault::ALL.len());
    let mut family = None;
    for fault in Fault::ALL.iter().copied() {
        if family != Some(fault.family()) {
            family = Some(fault.family());
            write!(
                page,
                "\n## {}\n\n| fault | right | wrong | seen at |\n| --- | --- | --- | --- |\n",
                title(fault.family())
            )
            .unwrap();
        }
        let seen = fault.product().unwrap_or("norm");
        writeln!(
            page,
            "| `{fault}` | {} | {} | [{seen}]({}) |",
            fault.right().replace('|', "\\|"),
            fault.wrong().replace('|', "\\|"),
            fault.url()
        )
        .unwrap();
    }
    page.push('\n');
    holds("docs/faults.md", "faults", &page);
}

/// The page that sorts public reports by what they are about names every fault once, and no other.
#[test]
fn every_fault_has_its_place_among_the_reports() {
    let text = generated::text("docs/failures.md");
    let table: String = text
        .lines()
        .filter(|line| line.starts_with('|'))
        .take_while(|line| !line.starts_with("| report"))
        .collect();
    let mut named: Vec<&str> = table.split('`').skip(1).step_by(2).collect();
    let mut faults: Vec<&str> = Fault::ALL.iter().map(|fault| fault.name()).collect();
    named.sort_unstable();
    faults.sort_unstable();
    assert_eq!(named, faults);
}

fn title(family: Family) -> &'static str {
    match family {
        Family::List => "Lists and paging",
        Family::LookUp => "Look-ups",
        Family::Create => "Creating users",
        Family::Shape => "The shape of answers",
        Family::Lifecycle => "Deactivating and reactivating",
        Family::Profile => "Updating profiles",
        Family::Rename => "Renaming",
        Family::Group => "Groups",
        Family::Members => "Members of groups",
        Family::Error => "Errors",
        Family::Auth => "Authentication",
        Family::Media => "Media types and JSON",
        Family::Transport => "Transport",
        Family::Discovery => "Discovery and entitlements",
    }
}

#[test]
fn the_jobs_of_okta_are_those_of_the_program() {
    let behaviour = Behaviour::embedded().unwrap();
    let traits = |app| behaviour.apps.traits(app);
    let mut page = String::new();
    for job in behaviour.jobs.iter() {
        write!(
            page,
            "\n### {}\n\n`scenarios/okta/{}.yaml`\n\n",
            job.title, job.name
        )
        .unwrap();
        page.push_str("| slot | request | custom | oin |\n| --- | --- | --- | --- |\n");
        let looks_up = job
            .requests
            .iter()
            .any(|request| request.reads == Some(Reads::Match));
        for request in &job.requests {
            let [custom, oin] = App::ALL.map(|app| {
                if sent(request, app, traits(app), Variants::NONE) {
                    return request.evidence.of(app).as_str().to_owned();
                }
                let only = Variant::ALL.into_iter().find(|variant| {
                    let variants = Variants::NONE.with(*variant);
                    sent(request, app, traits(app), variants)
                });
                only.map_or("not sent".to_owned(), |v| format!("under `{v}`"))
            });
            let guard =
                when(request, looks_up).map_or(String::new(), |guard| format!("*{guard}:* "));
            let (slot, request) = (&request.slot, wire(&request.send));
            writeln!(page, "| {slot} | {guard}{request} | {custom} | {oin} |").unwrap();
        }
    }
    page.push('\n');
    holds("docs/what-okta-sends.md", "jobs", &page);
}

#[test]
fn the_variants_are_those_of_the_program() {
    let mut page = String::from(
        "\n| variant | apps | what it means | on the wire | evidence | where from |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for meta in Variant::ALL.map(Variant::meta) {
        let apps: Vec<&str> = meta.apps.iter().map(|app| app.as_str()).collect();
        writeln!(
            page,
            "| `{}` | {} | {} | {} | {} | {} |",
            meta.name,
            apps.join(", "),
            meta.meaning,
            meta.wire,
            meta.evidence,
            meta.source
        )
        .unwrap();
    }
    page.push('\n');
    holds("docs/what-okta-sends.md", "variants", &page);
}

const MATCHES: [MatchWord; 3] = [MatchWord::None, MatchWord::Active, MatchWord::Inactive];

/// Whether an app with these traits can send it at all.
fn sent(request: &Template, app: App, traits: Traits, variants: Variants) -> bool {
    let traits = variants.traits(app, traits);
    let both = [true, false];
    both.into_iter().any(|import_groups| {
        both.into_iter().any(|members_changed| {
            MATCHES.into_iter().any(|matched| {
                request.when.holds(Situation {
                    traits,
                    variants,
                    import_groups,
                    matched,
                    members_changed,
                })
            })
        })
    })
}

/// Its guards in words, when it has some; those that tell the apps apart have columns of their own.
fn when(request: &Template, looks_up: bool) -> Option<&'static str> {
    let holds = |matched, import_groups, members_changed| {
        [Verb::Put, Verb::Patch].into_iter().any(|verb| {
            let traits = Traits {
                state: verb,
                password: verb,
                profile: verb,
                groups: verb,
            };
            request.when.holds(Situation {
                traits,
                variants: request.when.variant().into_iter().collect(),
                import_groups,
                matched,
                members_changed,
            })
        })
    };
    let nobody = |import_groups, changed| holds(MatchWord::None, import_groups, changed);
    match (nobody(true, true), nobody(false, true), nobody(true, false)) {
        (true, false, _) => return Some("if \"Import Groups\" is on"),
        (false, true, _) => return Some("if \"Import Groups\" is off"),
        (true, true, false) => return Some("if members have changed"),
        _ => {}
    }
    match MATCHES.map(|word| holds(word, true, true)) {
        [true, true, true] => None,
        _ if !looks_up => None,
        [true, false, false] => Some("if nobody was found"),
        [false, true, false] => Some("if somebody active was found"),
        [false, true, true] => Some("if somebody was found"),
        [false, false, true] => Some("if somebody inactive was found"),
        other => panic!("there are no words for {other:?}"),
    }
}

/// The request as it stands on the wire.
fn wire(send: &Send) -> String {
    let (line, what) = match send {
        Send::ProbeUsers => ("GET /Users?startIndex=1&count=2", ""),
        Send::ProbeGroups => ("GET /Groups?startIndex=1&count=100", ""),
        Send::LookUpUser => (
            "GET /Users?filter=userName%20eq%20%22…%22&startIndex=1&count=100",
            "",
        ),
        Send::CreateUser => (
            "POST /Users",
            "the mapped attributes, `externalId`, `groups: []`, a password, `active: true`",
        ),
        Send::GetUser => ("GET /Users/{id}", ""),
        Send::LookUpGroup => (
            "GET /Groups?filter=displayName%20eq%20%22…%22&startIndex=1&count=100",
            "",
        ),
        Send::CreateGroup => ("POST /Groups", "the name and all members"),
        Send::GetGroup => ("GET /Groups/{id}", ""),
        Send::DeleteGroup => ("DELETE /Groups/{id}", ""),
        Send::ImportUsers => ("GET /Users?startIndex=1&count=100", "then 101, 201, …"),
        Send::ImportGroups => ("GET /Groups?startIndex=1&count=100", "then 101, 201, …"),
        Send::ResourceTypes => ("GET /ResourceTypes", ""),
        Send::Schemas => ("GET /Schemas", ""),
        Send::ImportEntitlements => (
            "GET /Roles?startIndex=1&count=100",
            "then 101, 201, …, for every resource type that is a role or an entitlement",
        ),
        Send::Put(PutOf::Active { active: true }) => (
            "PUT /Users/{id}",
            "the answer of the GET with `active: true`",
        ),
        Send::Put(PutOf::Active { active: false }) => (
            "PUT /Users/{id}",
            "the answer of the GET with `active: false`",
        ),
        Send::Put(PutOf::Named(PutName::Profile)) => (
            "PUT /Users/{id}",
            "the answer of the GET with the mapped attributes laid over it",
        ),
        Send::Put(PutOf::Named(PutName::Link)) => (
            "PUT /Users/{id}",
            "the same, with `groups: []` and `active: true`",
        ),
        Send::Put(PutOf::Named(PutName::Password)) => (
            "PUT /Users/{id}",
            "the answer of the GET with the new password",
        ),
        Send::Put(PutOf::Named(PutName::GroupName)) => (
            "PUT /Groups/{id}",
            "schemas, id, the name, and the members of the GET with those who were missing",
        ),
        Send::Put(PutOf::Named(PutName::Group)) => (
            "PUT /Groups/{id}",
            "schemas, id, the name and exactly Okta's members",
        ),
        Send::Patch(PatchOf::Active { active: true }) => (
            "PATCH /Users/{id}",
            "`{\"op\":\"replace\",\"value\":{\"active\":true}}`",
        ),
        Send::Patch(PatchOf::Active { active: false }) => (
            "PATCH /Users/{id}",
            "`{\"op\":\"replace\",\"value\":{\"active\":false}}`",
        ),
        Send::Patch(PatchOf::Named(PatchName::Profile)) => (
            "PATCH /Users/{id}",
            "`replace` without a path, all mapped attributes",
        ),
        Send::Patch(PatchOf::Named(PatchName::Password)) => (
            "PATCH /Users/{id}",
            "`{\"op\":\"replace\",\"value\":{\"password\":\"…\"}}`",
        ),
        Send::Patch(PatchOf::Named(PatchName::Name)) => (
            "PATCH /Groups/{id}",
            "`{\"op\":\"replace\",\"value\":{\"id\":\"…\",\"displayName\":\"…\"}}`",
        ),
        Send::Patch(PatchOf::Named(PatchName::Members)) => (
            "PATCH /Groups/{id}",
            "one `remove` a member with `path: members[value eq \"…\"]`, then one `add` with `path: members`; 100 members at most",
        ),
        Send::Patch(PatchOf::Named(PatchName::AllMembers)) => (
            "PATCH /Groups/{id}",
            "`replace` with `path: members` and all members",
        ),
    };
    if what.is_empty() {
        format!("`{line}`")
    } else {
        format!("`{line}`: {what}")
    }
}

/// What to do is told in full under a finding: two lines of 65 columns.
#[test]
fn every_fix_fits_below_a_finding() {
    for meta in check::ALL {
        assert!(wrap(meta.fix, 65).len() <= 2, "{}: {}", meta.id, meta.fix);
    }
}

/// Checks and scenarios that pages name in backticks exist.
#[test]
fn names_of_checks_and_scenarios_exist() {
    let scenarios: BTreeSet<&str> = SCENARIOS
        .iter()
        .map(|(path, _)| path.trim_end_matches(".yaml"))
        .collect();
    let families: BTreeSet<&str> = check::ALL
        .iter()
        .map(|meta| meta.id)
        .chain(scenarios.iter().copied())
        .filter_map(|id| id.split('/').next())
        .collect();
    let mut names = 0;
    for page in [
        "README.md",
        "CONTRIBUTING.md",
        "docs/requirements.md",
        "docs/what-okta-sends.md",
        "docs/oin.md",
    ] {
        let text = generated::text(page);
        for name in text.split('`').skip(1).step_by(2) {
            let Some((family, rest)) = name.split_once('/') else {
                continue;
            };
            let is_name = rest
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if !families.contains(family) || !is_name {
                continue;
            }
            names += 1;
            let known = check::find(name).is_some() || scenarios.contains(name);
            assert!(known || rest.is_empty(), "{page} names {name}");
        }
    }
    assert!(names > 60, "only {names} names were found");
}

/// Every one of the 40 requirements has a row.
#[test]
fn every_requirement_has_a_row() {
    let text = generated::text("docs/requirements.md");
    let rows: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| Q")?.split(' ').next())
        .collect();
    let wanted: Vec<String> = (1..=40).map(|n| format!("{n:02}")).collect();
    let rows: std::collections::BTreeSet<_> = rows.into_iter().collect();
    assert!(wanted.iter().map(String::as_str).eq(rows));
}

#[test]
fn the_features_of_a_submission_are_those_of_the_program() {
    let usual = Claims::default();
    let mut page = "\n| feature | in the OIN Wizard | claimed unless you say otherwise |\n| --- | --- | --- |\n".to_owned();
    for feature in Feature::ALL {
        let claimed = if usual.cover(&[feature]) { "yes" } else { "no" };
        let wizard = feature.in_the_wizard();
        writeln!(page, "| `{feature}` | {wizard} | {claimed} |").unwrap();
    }
    page.push('\n');
    holds("docs/oin.md", "features", &page);
}

#[test]
fn the_rows_of_okta_s_plan_are_those_of_the_program() {
    let mut page = String::new();
    let rows: Vec<&Row> = SUITES.iter().chain(ROWS).collect();
    for rows in rows.chunk_by(|a, b| a.area == b.area) {
        write!(
            page,
            "\n### {}\n\n| case | what | feature | shown by | by hand |\n| --- | --- | --- | --- | --- |\n",
            rows[0].area
        )
        .unwrap();
        for row in rows {
            page.push_str(&plan_entry(row));
        }
    }
    page.push('\n');
    holds("docs/oin.md", "rows", &page);
}

fn plan_entry(row: &Row) -> String {
    let features: Vec<String> = row.features.iter().map(|f| format!("`{f}`")).collect();
    let ids = row.class.scenarios().iter().map(|id| format!("`{id}`"));
    let ids: Vec<String> = ids.collect();
    let shown = match row.class {
        Class::Wire(_) => ids.join(", "),
        Class::NothingSent(_) => format!("{}: Okta sends nothing", ids.join(", ")),
        Class::Fixture(stand_in) => format!("set-up; here {stand_in}"),
        Class::ByHand => "a person".to_owned(),
    };
    format!(
        "| {} | {} | {} | {shown} | {} |\n",
        row.case,
        row.title,
        features.join(", "),
        row.by_hand
    )
}
