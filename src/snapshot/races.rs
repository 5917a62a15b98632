//! What was sent at once is compared as a set: who came first is chance, and so is whatever shows it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::exchange::{Exchange, Method};
use crate::verdict::{Recorded, Row};

use super::aliases::Kind;
use super::lists::Opened;
use super::order::{is_at_once, resource_id, step_number};
use super::text::lines_of;
use super::transcript::{Entry, Place};

/// What stands for a membership that others were changing at the same time.
const CHANGING: &str = "<changed at the same time>";

/// Exchanges of one row, without the memberships of which the race decides how much of them an answer shows.
pub(super) fn without_outcome<'a>(
    mut exchanges: Vec<Opened<'a>>,
    row: Option<&Row>,
) -> Vec<Opened<'a>> {
    let mut races: HashMap<Option<usize>, Race> = HashMap::new();
    for (recorded, exchange) in &exchanges {
        if is_at_once(row, &recorded.step) {
            races
                .entry(step_number(&recorded.step))
                .or_default()
                .note(recorded, exchange);
        }
    }
    for (recorded, exchange) in &mut exchanges {
        if is_at_once(row, &recorded.step)
            && let Some(race) = races.get(&step_number(&recorded.step))
        {
            race.hide(exchange);
        }
    }
    exchanges
}

/// The writes of one step whose requests were sent at once.
#[derive(Default)]
struct Race {
    /// Who writes to a group: the words of the step.
    written: HashMap<String, String>,
    /// Groups that more than one of them writes to.
    contended: HashSet<String>,
    groups: bool,
}

impl Race {
    fn note(&mut self, recorded: &Recorded, exchange: &Exchange) {
        let request = &exchange.request;
        let is_group = Kind::of_target(&request.target) == Some(Kind::Group);
        if !request.method.is_write() || !is_group {
            return;
        }
        self.groups = true;
        let id = resource_id(&request.target).filter(|_| request.method != Method::Post);
        let Some(id) = id else { return };
        let before = self.written.insert(id.to_owned(), recorded.step.clone());
        // One job writes several times in turn, but literal requests are each their own.
        if before.is_some_and(|step| recorded.job.is_none() || step != recorded.step) {
            self.contended.insert(id.to_owned());
        }
    }

    fn hide(&self, exchange: &mut Exchange) {
        if !self.groups {
            return;
        }
        let sent = exchange.request.body.as_deref();
        let sent = sent.and_then(|body| serde_json::from_slice::<Value>(body).ok());
        // Okta puts back what it was shown a moment ago.
        if let Some(mut sent) = sent
            && hide_in(&mut sent, &|key, _| key == "groups")
        {
            exchange.request.body = Some(Bytes::from(sent.to_string()));
        }
        if let Ok(response) = &mut exchange.outcome
            && let Ok(json) = &mut response.body.json
        {
            hide_in(Arc::make_mut(json), &|key, id| {
                key == "groups" || key == "members" && self.contended.contains(id)
            });
        }
    }
}

/// Hides lists by their key and the id of the resource that has them; says whether there were any.
fn hide_in(value: &mut Value, hides: &dyn Fn(&str, &str) -> bool) -> bool {
    let mut hidden = false;
    match value {
        Value::Array(items) => {
            for item in items {
                hidden |= hide_in(item, hides);
            }
        }
        Value::Object(object) => {
            let id = object.get("id").and_then(Value::as_str).unwrap_or_default();
            let id = id.to_owned();
            for (key, value) in object.iter_mut() {
                if value.is_array() && hides(key, &id) {
                    *value = CHANGING.into();
                    hidden = true;
                } else {
                    hidden |= hide_in(value, hides);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    hidden
}

/// Brings what one step of a row has sent at once into an order that follows from what was sent and what came back.
/// Requests of one job are no race with each other and keep theirs; several jobs of the same words cannot be told apart.
pub(super) fn sort(entries: &mut [Entry], row: Option<&Row>) {
    for together in entries.chunk_by_mut(|a, b| a.place.step == b.place.step) {
        let step = together.first().map(|entry| entry.place.step.clone());
        if step.is_some_and(|step| is_at_once(row, &step)) && repeats(together) {
            together.sort_by_cached_key(lines_of);
        }
    }
}

/// Whether two of them have the same place.
fn repeats(entries: &[Entry]) -> bool {
    let mut seen: HashSet<&Place> = HashSet::new();
    entries.iter().any(|entry| !seen.insert(&entry.place))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::exchange::{Body, Kept, Request, Response, Timing};
    use crate::snapshot::Transcript;
    use crate::verdict::Origin;

    fn row() -> Row {
        Row {
            at_once: [2].into(),
            ..Row::default()
        }
    }

    fn sends(
        step: &str,
        job: Option<&str>,
        method: Method,
        target: &str,
        answer: &Value,
    ) -> Recorded {
        Recorded {
            id: String::new(),
            step: step.to_owned(),
            origin: Origin::Okta,
            job: job.map(str::to_owned),
            slot: None,
            evidence: None,
            case: None,
            exchange: Kept::of(Exchange {
                request: Request {
                    method,
                    target: target.to_owned(),
                    headers: Vec::new(),
                    body: Some(answer.to_string().into()),
                },
                outcome: Ok(Response {
                    status: 200,
                    headers: Vec::new(),
                    body: Body::read(answer.to_string().into(), None),
                }),
                timing: Timing::default(),
            }),
        }
    }

    /// What is left of requests and answers.
    fn left(recorded: &[Recorded]) -> Vec<(Value, Value)> {
        let opened = recorded.iter().map(|r| (r, r.exchange.open())).collect();
        without_outcome(opened, Some(&row()))
            .iter()
            .map(|(_, exchange)| {
                let sent = exchange.request.body.as_deref().unwrap();
                let sent = serde_json::from_slice(sent).unwrap();
                (sent, exchange.response().unwrap().json().unwrap().clone())
            })
            .collect()
    }

    #[test]
    fn memberships_that_others_change_meanwhile_are_not_compared() {
        let group = |members: &Value| json!({"id": "g", "members": members});
        let user = json!({"id": "u", "groups": [{"value": "g"}], "title": "x"});
        let patch = |step: &str, job, members: &Value| {
            sends(step, job, Method::Patch, "/Groups/g", &group(members))
        };
        let changing = json!(CHANGING);
        let race = [
            patch("2 request PATCH", None, &json!([1])),
            patch("2 request PATCH", None, &json!([1, 2])),
            sends(
                "2 unassign ada",
                Some("unassign"),
                Method::Put,
                "/Users/u",
                &user,
            ),
        ];
        let shown = left(&race);
        assert_eq!(shown[0].1["members"], changing);
        assert_eq!(shown[0].0["members"], json!([1]), "what was sent is known");
        assert_eq!(
            shown[2].0["groups"], changing,
            "Okta puts back what it was shown"
        );
        assert_eq!(
            shown[2].1,
            json!({"id": "u", "groups": CHANGING, "title": "x"})
        );
        // One job after the other, or in turn, there is no race.
        for no_race in [
            [
                patch("2 push-group g", Some("push"), &json!([1])),
                patch("2 push-group g", Some("push"), &json!([2])),
            ],
            [
                patch("1 request PATCH", None, &json!([1])),
                patch("1 request PATCH", None, &json!([2])),
            ],
        ] {
            assert_eq!(left(&no_race)[1].1["members"], json!([2]));
        }
    }

    #[test]
    fn literal_requests_at_once_are_a_set() {
        let text = |statuses: [&str; 3], step: u32| {
            let entry = |status| format!("=== {step} request POST\n> POST /Users\n< {status}");
            let mut entries = Transcript::parse(&statuses.map(entry).join("\n\n"))
                .unwrap()
                .entries;
            sort(&mut entries, Some(&row()));
            Transcript { entries }.render()
        };
        let one = ["201", "409", "409"];
        let other = ["409", "409", "201"];
        assert_eq!(text(one, 2), text(other, 2));
        assert_ne!(text(one, 1), text(other, 1));
    }
}
