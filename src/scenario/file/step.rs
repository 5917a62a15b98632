//! One step: what is done, and the modifiers beside it.

use std::time::Duration;

use crate::document::{Diagnostics, Entry, Fields, Kind, Node};
use crate::exchange::Leave;
use crate::okta::App;
use crate::scenario::scope::Subject;
use crate::scenario::{Action, LoseAnswer, OktaAction, Step};

use super::people;
use super::{Reading, app, observe, okta, outside, request};

/// The fields that say what a step does.
pub(super) const ACTIONS: [&str; 7] = [
    "okta", "change", "observe", "request", "seed", "outside", "together",
];

/// Fields beside the action.
const MODIFIERS: [&str; 5] = ["may-refuse", "only", "times", "lose-answer", "linked"];

/// How often a step can be repeated.
pub(super) const MAX_TIMES: u64 = 1_000;

/// The longest that a client waits before it goes away, in milliseconds.
pub(super) const MAX_LEAVE: u64 = 60_000;

/// One step of the list.
pub(super) fn step(
    node: &Node,
    reading: &mut Reading<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Step> {
    let mut fields = Fields::of(node, "step", diagnostics)?;
    let mut found = Vec::new();
    for name in ACTIONS {
        found.extend(fields.entry(name));
    }
    let modifiers = Modifiers::read(&mut fields, reading, diagnostics);
    fields.finish(diagnostics);
    let entry = match found[..] {
        [entry] => entry,
        [] => {
            no_action(node, diagnostics);
            return None;
        }
        [_, second, ..] => {
            let message = "a step does one thing; this is the second";
            let mistake = diagnostics.error(&second.key_span, message);
            mistake.hint("begin a new step with `- `");
            return None;
        }
    };
    let mut action = action(entry, reading, diagnostics)?;
    if let Action::Seed { linked, .. } = &mut action {
        *linked = modifiers.linked.is_some();
    }
    modifiers.check(&action, reading, diagnostics);
    Some(Step {
        action,
        may_refuse: modifiers.may_refuse.is_some(),
        only: modifiers.only.map(|(app, _)| app),
        times: modifiers.times.map_or(1, |(times, _)| times),
        lose_answer: modifiers.lose_answer.map(|(lose, _)| lose),
        line: diagnostics.source().position(node.span.start).0,
    })
}

/// A mapping that names no action.
fn no_action(node: &Node, diagnostics: &mut Diagnostics) {
    let Kind::Mapping(entries) = &node.kind else {
        return;
    };
    // An unknown field is already reported, and probably is the action.
    let known = |entry: &Entry| MODIFIERS.contains(&entry.key.as_str());
    if !entries.iter().all(known) {
        return;
    }
    let mistake = diagnostics.error(&node.span, "the step does nothing");
    mistake.hint(format!("it needs one of: {}", ACTIONS.join(", ")));
}

fn action(
    entry: &Entry,
    reading: &mut Reading<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Action> {
    let value = &entry.value;
    match entry.key.as_str() {
        "okta" => okta::action(value, reading, diagnostics).map(Action::Okta),
        "change" => Some(change(value, reading, diagnostics)),
        "observe" => {
            let all = observe::observe(value, &reading.scope, diagnostics);
            Some(Action::Observe(all))
        }
        "request" => request::request(value, reading, diagnostics).map(Action::Request),
        "outside" => {
            reading
                .outside
                .get_or_insert_with(|| entry.key_span.clone());
            outside::outside(value, &reading.scope, diagnostics).map(Action::Outside)
        }
        "seed" => Some(Action::Seed {
            keys: outside::seeded(value, &reading.scope, diagnostics),
            linked: false,
        }),
        _ => together(value, reading, diagnostics).map(Action::Together),
    }
}

fn change(node: &Node, reading: &Reading<'_>, diagnostics: &mut Diagnostics) -> Action {
    let mut people = super::ByKey::new();
    let mut groups = super::ByKey::new();
    let entries = node.entries("change", diagnostics).unwrap_or_default();
    if matches!(&node.kind, Kind::Mapping(entries) if entries.is_empty()) {
        diagnostics.error(&node.span, "`change` changes nothing");
    }
    for entry in entries {
        let key = entry.key.clone();
        match reading.scope.entry_subject(entry, diagnostics) {
            Some(Subject::Person) => {
                people.insert(key, people::person(&entry.value, diagnostics));
            }
            Some(Subject::Group) => {
                let group = people::group(&entry.value, &reading.scope, diagnostics);
                groups.insert(key, group);
            }
            None => {}
        }
    }
    Action::Change { people, groups }
}

fn together(
    node: &Node,
    reading: &mut Reading<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Step>> {
    let items = node.items("together", diagnostics)?;
    if items.len() < 2 {
        diagnostics.error(&node.span, "`together` wants two steps or more");
    }
    let mut steps = Vec::new();
    for item in items {
        let Some(step) = step(item, reading, diagnostics) else {
            continue;
        };
        if step.times > 1 && matches!(step.action, Action::Okta(_)) {
            let message = "Okta does not start one job several times at once";
            let mistake = diagnostics.error(&item.span, message);
            mistake.hint("`times` goes with `request` here, or beside `together`");
        } else if step.lose_answer.is_some() {
            let message = "no answer gets lost among several at the same time";
            diagnostics.error(&item.span, message);
        } else if matches!(step.action, Action::Okta(_) | Action::Request(_)) {
            steps.push(step);
        } else {
            let message = "only `okta` and `request` can happen at the same time";
            diagnostics.error(&item.span, message);
        }
    }
    Some(steps)
}

/// The modifiers that are there, with their places.
struct Modifiers<'n> {
    may_refuse: Option<&'n Entry>,
    only: Option<(App, &'n Entry)>,
    times: Option<(u32, &'n Entry)>,
    lose_answer: Option<(LoseAnswer, &'n Entry)>,
    linked: Option<&'n Entry>,
}

impl<'n> Modifiers<'n> {
    fn read(fields: &mut Fields<'n>, reading: &Reading<'_>, diagnostics: &mut Diagnostics) -> Self {
        let may_refuse = switch(fields, "may-refuse", diagnostics);
        let lose_answer = fields
            .entry("lose-answer")
            .and_then(|entry| Some((lose_answer(&entry.value, diagnostics)?, entry)));
        let linked = switch(fields, "linked", diagnostics);
        let only = fields
            .entry("only")
            .and_then(|entry| Some((app(&entry.value, "only", diagnostics)?, entry)));
        if let Some((app, entry)) = only
            && !reading.apps.contains(&app)
        {
            let message = format!("the scenario does not run under the app `{app}`");
            let mistake = diagnostics.error(&entry.value.span, message);
            mistake.hint("look at `apps:` at the top");
        }
        let times = fields.entry("times").and_then(|entry| {
            let times = entry.value.whole("times", 1..=MAX_TIMES, diagnostics)?;
            Some((u32::try_from(times).ok()?, entry))
        });
        Self {
            may_refuse,
            only,
            times,
            lose_answer,
            linked,
        }
    }

    /// Reports modifiers that cannot mean anything beside `action`.
    fn check(&self, action: &Action, reading: &Reading<'_>, diagnostics: &mut Diagnostics) {
        let sends = match action {
            Action::Okta(action) => !matches!(action, OktaAction::Suspend(_)),
            Action::Request(_) | Action::Together(_) => true,
            Action::Change { .. }
            | Action::Observe(_)
            | Action::Seed { .. }
            | Action::Outside(_) => false,
        };
        let writes = match action {
            Action::Okta(action) => !matches!(
                action,
                OktaAction::Suspend(_)
                    | OktaAction::TestConnection
                    | OktaAction::SaveIntegration
                    | OktaAction::ImportUsers
                    | OktaAction::ImportGroups
            ),
            _ => false,
        };
        if let Some(entry) = self.may_refuse.filter(|_| !sends) {
            let message = "`may-refuse` beside a step that sends nothing";
            diagnostics.error(&entry.key_span, message);
        }
        if let Some((_, entry)) = self.lose_answer.filter(|_| !writes) {
            let message = "`lose-answer` beside a step that starts no write of Okta";
            diagnostics.error(&entry.key_span, message);
        }
        if let Some((_, entry)) = self.times.filter(|_| !sends) {
            let message = "`times` beside a step that sends nothing";
            diagnostics.error(&entry.key_span, message);
        }
        if let Some(entry) = self
            .linked
            .filter(|_| !matches!(action, Action::Seed { .. }))
        {
            let message = "`linked` beside a step that is no `seed`";
            diagnostics.error(&entry.key_span, message);
        }
        if let Some((_, entry)) = self.only.filter(|_| reading.probe) {
            let mistake = diagnostics.error(&entry.key_span, "`only` in a probe");
            mistake.hint("a probe runs once, not once for each app");
        }
    }
}

/// `lose-answer: true`: of the first write, once the answer has begun to come; or a mapping that says otherwise.
fn lose_answer(node: &Node, diagnostics: &mut Diagnostics) -> Option<LoseAnswer> {
    let mut lose = LoseAnswer {
        write: 1,
        leave: Leave::OnceAnswered,
    };
    if !matches!(node.kind, Kind::Mapping(_)) {
        return node.truth("lose-answer", diagnostics)?.then_some(lose);
    }
    let mut fields = Fields::of(node, "lose-answer", diagnostics)?;
    let write = fields
        .take("write")
        .and_then(|node| node.whole("write", 1..=MAX_TIMES, diagnostics));
    if let Some(write) = write.and_then(|write| u32::try_from(write).ok()) {
        lose.write = write;
    }
    let pause = fields
        .take("after-ms")
        .and_then(|node| node.whole("after-ms", 1..=MAX_LEAVE, diagnostics));
    if let Some(pause) = pause {
        lose.leave = Leave::After(Duration::from_millis(pause));
    }
    fields.finish(diagnostics);
    Some(lose)
}

/// A modifier that is either there as `true` or not there.
fn switch<'n>(
    fields: &mut Fields<'n>,
    name: &'static str,
    diagnostics: &mut Diagnostics,
) -> Option<&'n Entry> {
    let entry = fields.entry(name)?;
    let value = entry.value.truth(name, diagnostics)?;
    value.then_some(entry)
}
