//! A scenario file to a [`Scenario`]: shape first, meaning at the same place.

mod observe;
mod okta;
mod outside;
mod people;
mod request;
mod schema;
mod step;
mod wanted;

use std::sync::Arc;

use indexmap::IndexMap;

use crate::document::{self, Diagnostics, Fields, Node, Source, Span};
use crate::okta::App;

use super::lint;
use super::placeholder::is_key;
use super::scope::{Scope, Subject};
use super::{
    Case, Circumstance, Claim, ImportGroups, Requirement, Risk, Scenario, ScenarioId, Variant,
};

pub use people::{ATTRIBUTES, LIST_ATTRIBUTES};
pub use schema::schema;

/// The most people that a crowd can have.
const MAX_CROWD: u64 = 5_000;

/// The fewest people of a crowd that scales: `crowd-1` to `crowd-10` are always there.
pub const SMALLEST_SCALE: u32 = 10;

/// What a file is read against.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The ids of all checks, which `expect: {check: …}` may name.
    pub checks: &'a [&'a str],
}

/// What the readers of the parts of a file share.
struct Reading<'a> {
    context: Context<'a>,
    scope: Scope,
    apps: Vec<App>,
    probe: bool,
    /// Steps that list all users or groups of the target.
    imports: bool,
    requests: usize,
    /// Where something happens behind Okta's back for the first time.
    outside: Option<Span>,
    /// Where the second tenant is spoken to for the first time.
    other: Option<Span>,
}

/// Reads one scenario.
///
/// What is wrong lands in `diagnostics`. The scenario is `None` when one of the mistakes
/// is an error.
pub fn read(
    id: ScenarioId,
    source: &Arc<Source>,
    context: Context<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Scenario> {
    check_id(&id, diagnostics);
    let root = document::parse(source, diagnostics)?;
    let scenario = scenario(id, &root, context, diagnostics);
    scenario.filter(|_| !diagnostics.has_errors())
}

fn check_id(id: &ScenarioId, diagnostics: &mut Diagnostics) {
    if id.0.split('/').any(|segment| !is_key(segment)) {
        let message = format!("`{id}` cannot be the id of a scenario");
        let mistake = diagnostics.error(&(0..0), message);
        mistake.hint("name files and folders in lower-case letters, digits and `-`");
    }
}

fn scenario(
    id: ScenarioId,
    root: &Node,
    context: Context<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Scenario> {
    let mut fields = Fields::of(root, "scenario", diagnostics)?;
    let title = title(&mut fields, diagnostics);
    let why = fields.text("why", diagnostics).unwrap_or_default();
    let why = why.trim_end().to_owned();
    let tags = words(&mut fields, "tags", diagnostics);
    let circumstances = circumstances(&mut fields, diagnostics);
    let apps = apps(&mut fields, diagnostics);
    let requires = requires(&mut fields, diagnostics);
    let probe = fields.flag("probe", diagnostics);
    let exclusive = fields.flag("exclusive", diagnostics);
    let (crowd, scales) = crowd(fields.take("crowd"), &requires, diagnostics);
    let mut scope = Scope::new(crowd, scales);
    let people = fields.take("people");
    let groups = fields.take("groups");
    people::declare(people, Subject::Person, &mut scope, diagnostics);
    people::declare(groups, Subject::Group, &mut scope, diagnostics);
    let people = people::people(people, diagnostics);
    let groups = people::groups(groups, &scope, diagnostics);
    if let Some(entry) = fields.entry("cases").filter(|_| scales) {
        let message = "a scenario that scales has its sizes for cases";
        let mistake = diagnostics.error(&entry.key_span, message);
        mistake.hint("write a number behind `crowd:`, or leave out `cases:`");
    }
    let import_groups = import_groups(&mut fields, diagnostics);
    let variants = variants(&mut fields, diagnostics);
    let mut cases = cases(fields.take("cases"), &scope, diagnostics);
    if import_groups == ImportGroups::Both {
        cases = ImportGroups::ROWS
            .map(|(id, is_on)| Case {
                id: id.to_owned(),
                facet: None,
                import_groups: Some(is_on),
                people: IndexMap::default(),
                groups: IndexMap::default(),
            })
            .to_vec();
    }
    let mut reading = Reading {
        context,
        scope,
        apps,
        probe,
        imports: false,
        requests: 0,
        outside: None,
        other: None,
    };
    let steps = steps(&mut fields, &mut reading, diagnostics);
    reading.whole(&mut fields, exclusive, diagnostics);
    let about = about(&mut fields, &steps, diagnostics);
    if let Some(span) = reading.outside
        && !requires.contains(&Requirement::Outside)
    {
        let message = "not every target lets something happen behind Okta's back";
        let mistake = diagnostics.error(&span, message);
        mistake.hint("add `requires: [outside]`: elsewhere the scenario is not run");
    }
    if let Some(span) = &reading.other
        && !requires.contains(&Requirement::OtherTarget)
    {
        let mistake = diagnostics.error(span, "not everybody has a second tenant");
        mistake.hint("add `requires: [other-target]`: elsewhere the scenario is not run");
    }
    fields.finish(diagnostics);
    Some(Scenario {
        id,
        title,
        why,
        tags,
        circumstances,
        about,
        apps: reading.apps,
        requires,
        probe,
        exclusive,
        variants,
        import_groups,
        crowd,
        scales,
        people,
        groups,
        cases,
        steps,
    })
}

impl Reading<'_> {
    /// What only the file as a whole shows.
    fn whole(&self, fields: &mut Fields<'_>, exclusive: bool, diagnostics: &mut Diagnostics) {
        let span = fields
            .entry("probe")
            .map_or_else(|| fields.span().clone(), |entry| entry.key_span.clone());
        if self.requests > 0 && !self.probe {
            let message = "a scenario with literal requests is a probe";
            let mistake = diagnostics.error(&span, message);
            mistake.hint("add `probe: true`: it runs once, not once for each app");
        }
        if self.requests == 0 && self.probe {
            let mistake = diagnostics.error(&span, "a probe without a literal request");
            mistake.hint("remove `probe: true`, or add a `request:` step");
        }
        if self.imports && !exclusive {
            let message = "a scenario that imports lists everything at the target";
            let mistake = diagnostics.error(fields.span(), message);
            mistake.hint("add `exclusive: true`: it runs alone and last");
        }
    }
}

fn title(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> String {
    let Some(node) = fields.require("title", diagnostics) else {
        return String::new();
    };
    let title = node.text("title", diagnostics).unwrap_or_default();
    if matches!(&node.kind, document::Kind::String(text) if text.trim().is_empty()) {
        diagnostics.error(&node.span, "the title is empty");
    }
    title.to_owned()
}

fn words(
    fields: &mut Fields<'_>,
    name: &'static str,
    diagnostics: &mut Diagnostics,
) -> Vec<String> {
    let mut found = Vec::new();
    for node in fields.take(name).map_or(&[][..], Node::one_or_many) {
        let Some(word) = node.text(name, diagnostics) else {
            continue;
        };
        if is_key(word) {
            found.push(word.to_owned());
        } else {
            let mistake = diagnostics.error(&node.span, format!("`{word}` cannot be a tag"));
            mistake.hint("use lower-case letters, digits and `-`");
        }
    }
    found
}

/// The names of the apps, aliases included.
const APPS: [(&str, App); 5] = [
    ("custom", App::Custom),
    ("oin", App::Oin),
    ("aiw", App::Custom),
    ("test-app", App::Oin),
    ("template", App::Oin),
];

fn apps(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Vec<App> {
    let Some(node) = fields.take("apps") else {
        return App::ALL.to_vec();
    };
    let named: Vec<App> = node
        .one_or_many()
        .iter()
        .filter_map(|node| app(node, "apps", diagnostics))
        .collect();
    if node.one_or_many().is_empty() {
        diagnostics.error(&node.span, "`apps` names no app");
    }
    // The order of reports, whatever the order in the file.
    App::ALL
        .into_iter()
        .filter(|app| named.contains(app))
        .collect()
}

fn app(node: &Node, what: &str, diagnostics: &mut Diagnostics) -> Option<App> {
    let name = node.text(what, diagnostics)?;
    lint::word("app", name, &APPS, &node.span, diagnostics)
}

fn circumstances(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Vec<Circumstance> {
    let node = fields.take("circumstances");
    let known = Circumstance::ALL.map(|one| (one.as_str(), one));
    let words = node.map_or(&[][..], Node::one_or_many).iter();
    words
        .filter_map(|node| {
            let text = node.text("circumstances", diagnostics)?;
            lint::word("circumstance", text, &known, &node.span, diagnostics)
        })
        .collect()
}

fn variants(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Vec<Variant> {
    let known = Variant::ALL.map(|variant| (variant.as_str(), variant));
    let nodes = fields
        .take("variants")
        .map_or(&[][..], Node::one_or_many)
        .iter();
    let mut all = Vec::new();
    for node in nodes {
        let named = node
            .text("variants", diagnostics)
            .and_then(|name| lint::word("variant", name, &known, &node.span, diagnostics));
        let Some(variant) = named else { continue };
        if let Some(other) = all.iter().find(|other| variant.excludes(**other)) {
            let message = format!("`{variant}` and `{other}` decide the same");
            diagnostics.error(&node.span, message);
        }
        all.push(variant);
    }
    all
}

fn import_groups(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> ImportGroups {
    let has_cases = fields.entry("cases").is_some();
    let Some(node) = fields.take("import-groups") else {
        return ImportGroups::default();
    };
    let named = node.text("import-groups", diagnostics).and_then(|word| {
        let (what, known) = ("state of \"Import Groups\"", &ImportGroups::NAMED);
        lint::word(what, word, known, &node.span, diagnostics)
    });
    if named == Some(ImportGroups::Both) && has_cases {
        let message = "a scenario that runs in both states of \"Import Groups\" has them for cases";
        let mistake = diagnostics.error(&node.span, message);
        mistake.hint("write `on` or `off`, or leave out `cases:`");
    }
    named.unwrap_or_default()
}

/// What an allowed refusal is about; said of a scenario that allows one.
fn about(
    fields: &mut Fields<'_>,
    steps: &[super::Step],
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let node = fields.take("about")?;
    let about = node.text("about", diagnostics)?;
    if !is_key(about) {
        let message = format!("`{about}` cannot be what a refusal is about");
        let mistake = diagnostics.error(&node.span, message);
        mistake.hint("use lower-case letters, digits and `-`");
    }
    if !steps.iter().any(|step| step.may_refuse) {
        let message = "`about` says what an allowed refusal is about, and no step may be refused";
        let mistake = diagnostics.error(&node.span, message);
        mistake.hint("add `may-refuse: true` beside a step, or leave `about` out");
    }
    Some(about.to_owned())
}

fn requires(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Vec<Requirement> {
    let mut found = Vec::new();
    for node in fields.take("requires").map_or(&[][..], Node::one_or_many) {
        let Some(text) = node.text("requires", diagnostics) else {
            continue;
        };
        if text == "outside" {
            found.push(Requirement::Outside);
        } else if text == "other-target" {
            found.push(Requirement::OtherTarget);
        } else if let Some(name) = text.strip_prefix("allow:") {
            let known = Risk::ALL.map(|risk| (risk.as_str(), risk));
            let risk = lint::word("risk", name, &known, &node.span, diagnostics);
            found.extend(risk.map(Requirement::Allowed));
        } else if let Some(name) = text.strip_prefix("variant:") {
            let known = Variant::ALL.map(|variant| (variant.as_str(), variant));
            let variant = lint::word("variant", name, &known, &node.span, diagnostics);
            found.extend(variant.map(Requirement::Variant));
        } else if let Some(name) = text.strip_prefix("claim:") {
            let known = Claim::ALL.map(|claim| (claim.as_str(), claim));
            let claim = lint::word("claim", name, &known, &node.span, diagnostics);
            found.extend(claim.map(Requirement::Claim));
        } else if let Some(name) = text.strip_prefix("without:") {
            let known = Variant::ALL.map(|variant| (variant.as_str(), variant));
            let variant = lint::word("variant", name, &known, &node.span, diagnostics);
            found.extend(variant.map(Requirement::WithoutVariant));
        } else {
            let message = format!("`{text}` cannot be required");
            let mistake = diagnostics.error(&node.span, message);
            mistake.hint(
                "a scenario can require `outside`, `other-target`, `allow:scale`, `claim:entitlements`, \
                 `variant:patch-profile` or `without:patch-profile`",
            );
        }
    }
    found
}

/// The number of people, and whether it is the user who says it.
fn crowd(
    node: Option<&Node>,
    requires: &[Requirement],
    diagnostics: &mut Diagnostics,
) -> (u32, bool) {
    let Some(node) = node else { return (0, false) };
    if matches!(&node.kind, document::Kind::String(text) if text == "scale") {
        if !requires.contains(&Requirement::Allowed(Risk::Scale)) {
            let message = "a crowd of any size is not for every tenant";
            let mistake = diagnostics.error(&node.span, message);
            mistake.hint("add `requires: [\"allow:scale\"]`: it runs only with `--allow scale`");
        }
        return (SMALLEST_SCALE, true);
    }
    let crowd = node.whole("crowd", 1..=MAX_CROWD, diagnostics);
    (
        crowd.and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
        false,
    )
}

fn cases(node: Option<&Node>, scope: &Scope, diagnostics: &mut Diagnostics) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let rows = node.and_then(|node| node.items("cases", diagnostics));
    for row in rows.unwrap_or_default() {
        let Some(mut fields) = Fields::of(row, "case", diagnostics) else {
            continue;
        };
        let id = fields
            .require("id", diagnostics)
            .and_then(|node| Some((node, node.text("id", diagnostics)?)));
        if let Some((node, id)) = id {
            if cases.iter().any(|case| case.id == id) {
                let message = format!("the case `{id}` is there already");
                diagnostics.error(&node.span, message);
            }
            if !is_key(id) {
                let message = format!("`{id}` cannot be the id of a case");
                let mistake = diagnostics.error(&node.span, message);
                mistake.hint("use lower-case letters, digits and `-`");
            }
        }
        let facet = facet(&mut fields, diagnostics);
        let people = fields.take("people");
        let groups = fields.take("groups");
        people::known(people, Subject::Person, scope, diagnostics);
        people::known(groups, Subject::Group, scope, diagnostics);
        let people = people::people(people, diagnostics);
        let groups = people::groups(groups, scope, diagnostics);
        fields.finish(diagnostics);
        cases.push(Case {
            id: id.map(|(_, id)| id.to_owned()).unwrap_or_default(),
            facet,
            import_groups: None,
            people,
            groups,
        });
    }
    cases
}

fn facet(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<String> {
    let node = fields.take("facet")?;
    let facet = node.text("facet", diagnostics)?;
    if !is_key(facet) {
        let mistake = diagnostics.error(&node.span, format!("`{facet}` cannot be a facet"));
        mistake.hint("use lower-case letters, digits and `-`");
    }
    Some(facet.to_owned())
}

fn steps(
    fields: &mut Fields<'_>,
    reading: &mut Reading<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<super::Step> {
    let Some(node) = fields.require("steps", diagnostics) else {
        return Vec::new();
    };
    let Some(items) = node.items("steps", diagnostics) else {
        return Vec::new();
    };
    if items.is_empty() {
        diagnostics.error(&node.span, "a scenario without steps does nothing");
    }
    items
        .iter()
        .filter_map(|item| step::step(item, reading, diagnostics))
        .collect()
}

/// Values by the key of a person or group, in the order of the file.
type ByKey<T> = IndexMap<super::Key, T>;
