//! The order of a transcript. It follows from what was sent, never from what arrived first: two runs of the same scenario
//! are recorded in two orders whenever something runs at once.

use std::collections::{HashMap, HashSet};

use crate::exchange::Method;
use crate::verdict::{Origin, Recorded, Row, Script};

use super::aliases::Kind;

/// What Okta or a probe sent, by row, step and job. Requests of one job keep their order.
pub(super) fn sent<'r>(exchanges: &'r [Recorded], script: &Script) -> Vec<&'r Recorded> {
    let own = exchanges
        .iter()
        .filter(|r| matches!(r.origin, Origin::Okta | Origin::Probe));
    let mut steps: HashMap<(Option<&str>, &str), usize> = HashMap::new();
    let mut cases: HashMap<Option<&str>, usize> = HashMap::new();
    let mut found: Vec<(Rank, &Recorded)> = Vec::new();
    for recorded in own {
        let (next_step, next_case) = (steps.len(), cases.len());
        let case = recorded.case.as_deref();
        let step = *steps.entry((case, &recorded.step)).or_insert(next_step);
        let case = *cases.entry(case).or_insert(next_case);
        found.push((Rank::of(recorded, script, case, step), recorded));
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    let sorted: Vec<&Recorded> = found.into_iter().map(|(_, recorded)| recorded).collect();
    without_chance(without_repeats(sorted), script)
}

/// Where a step stands among all.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    row: usize,
    /// For a row that no script knows.
    case: usize,
    number: usize,
    words: String,
    /// For a step without a number, which belongs to no scenario's file.
    step: usize,
}

impl Rank {
    fn of(recorded: &Recorded, script: &Script, case: usize, step: usize) -> Self {
        let number = step_number(&recorded.step);
        let row = script.position(recorded.case.as_deref());
        Self {
            row,
            case: if row < script.rows.len() { 0 } else { case },
            number: number.unwrap_or(usize::MAX),
            words: number.map_or(String::new(), |_| natural(&recorded.step)),
            step,
        }
    }
}

/// `3` of `3 push-profile ada`.
pub(super) fn step_number(step: &str) -> Option<usize> {
    step.split(' ').next()?.parse().ok()
}

/// A text by which `crowd-9` stands before `crowd-10`.
pub(super) fn natural(text: &str) -> String {
    const DIGITS: usize = 12;
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest
            .find(|c: char| c.is_ascii_digit() != first.is_ascii_digit())
            .unwrap_or(rest.len());
        let (part, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if first.is_ascii_digit() {
            out.push_str(&format!("{part:0>DIGITS$}"));
        } else {
            out.push_str(part);
        }
        rest = tail;
    }
    out
}

/// The same without answers that only asked to come again later: how often a busy server does that is chance.
fn without_repeats(sorted: Vec<&Recorded>) -> Vec<&Recorded> {
    let mut out: Vec<&Recorded> = Vec::with_capacity(sorted.len());
    for recorded in sorted {
        let again = out
            .iter()
            .rposition(|r| is_throttled(r) && is_same_request(r, recorded));
        match again {
            Some(at) => {
                out.remove(at);
                out.push(recorded);
            }
            None => out.push(recorded),
        }
    }
    out
}

fn is_throttled(recorded: &Recorded) -> bool {
    recorded.exchange.status() == Some(429)
}

fn is_same_request(a: &Recorded, b: &Recorded) -> bool {
    let place = |r: &Recorded| {
        (
            r.case.clone(),
            r.step.clone(),
            r.job.clone(),
            r.slot.clone(),
        )
    };
    a.exchange.target() == b.exchange.target()
        && a.exchange.method() == b.exchange.method()
        && place(a) == place(b)
        && a.exchange.open().request.body == b.exchange.open().request.body
}

/// The same without what follows an answer that is lost after a time: how far the target had got by then is chance, and
/// so is what Okta finds when it tries again. What comes of it in the end is in the later steps.
fn without_chance<'r>(sorted: Vec<&'r Recorded>, script: &Script) -> Vec<&'r Recorded> {
    let mut lost: HashSet<(Option<&str>, &str)> = HashSet::new();
    let by_chance = |recorded: &Recorded| {
        let row = script.row(recorded.case.as_deref());
        let number = step_number(&recorded.step);
        row.zip(number)
            .is_some_and(|(row, number)| row.by_chance.contains(&number))
    };
    let keep = |recorded: &&'r Recorded| {
        let step = (recorded.case.as_deref(), recorded.step.as_str());
        if lost.contains(&step) {
            return false;
        }
        if by_chance(recorded) && recorded.exchange.status().is_none() {
            lost.insert(step);
        }
        true
    };
    sorted.into_iter().filter(keep).collect()
}

/// The last time each resource was read by id for judging, row by row. A read that was repeated until it settled is one.
pub(super) fn last_states<'r>(exchanges: &'r [Recorded], script: &Script) -> Vec<&'r Recorded> {
    let mut order: HashMap<(Option<&str>, &str), usize> = HashMap::new();
    let mut last: Vec<&Recorded> = Vec::new();
    // Where an answer got lost after a time, what is there in the end is chance as well.
    let is_chance = |recorded: &Recorded| {
        let row = script.row(recorded.case.as_deref());
        row.is_some_and(|row| !row.by_chance.is_empty())
    };
    let reads = exchanges.iter().filter(|r| reads_one_resource(r));
    for recorded in reads.filter(|recorded| !is_chance(recorded)) {
        let resource = (recorded.case.as_deref(), recorded.exchange.target());
        let at = *order.entry(resource).or_insert(last.len());
        match last.get_mut(at) {
            Some(slot) => *slot = recorded,
            None => last.push(recorded),
        }
    }
    last.sort_by_key(|recorded| script.position(recorded.case.as_deref()));
    last
}

fn reads_one_resource(recorded: &Recorded) -> bool {
    let target = recorded.exchange.target();
    recorded.origin == Origin::Observe
        && recorded.exchange.method() == Method::Get
        && !target.contains('?')
        && Kind::of_target(target).is_some()
        && resource_id(target).is_some()
}

/// The path segment after the endpoint.
pub(super) fn resource_id(target: &str) -> Option<&str> {
    let (_, id) = target.trim_start_matches('/').split_once('/')?;
    Some(id).filter(|id| !id.is_empty() && !id.contains('/'))
}

/// Whether the requests of a step were sent at once.
pub(super) fn is_at_once(row: Option<&Row>, step: &str) -> bool {
    row.zip(step_number(step))
        .is_some_and(|(row, number)| row.at_once.contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Body, Exchange, Kept, Request, Response, SendError, Timing};

    fn recorded(case: Option<&str>, step: &str, target: &str, status: Option<u16>) -> Recorded {
        Recorded {
            id: String::new(),
            step: step.to_owned(),
            origin: Origin::Okta,
            job: None,
            slot: None,
            evidence: None,
            case: case.map(str::to_owned),
            exchange: Kept::of(Exchange {
                request: Request {
                    method: Method::Get,
                    target: target.to_owned(),
                    headers: Vec::new(),
                    body: None,
                },
                outcome: match status {
                    Some(status) => Ok(Response {
                        status,
                        headers: Vec::new(),
                        body: Body::read(Default::default(), None),
                    }),
                    None => Err(SendError::AnswerLost { status: None }),
                },
                timing: Timing::default(),
            }),
        }
    }

    fn script() -> Script {
        let row = |case: &str| Row {
            case: Some(case.to_owned()),
            by_chance: [7].into(),
            ..Row::default()
        };
        Script {
            rows: vec![row("late"), row("early")],
        }
    }

    fn order(exchanges: &[Recorded]) -> Vec<String> {
        sent(exchanges, &script())
            .into_iter()
            .map(|r| {
                let case = r.case.clone().unwrap_or_default();
                format!("{case} {} {}", r.step, r.exchange.target())
            })
            .collect()
    }

    #[test]
    fn rows_steps_and_keys_decide_and_never_the_arrival() {
        let mut exchanges = vec![
            recorded(Some("late"), "1 assign crowd-2", "/a", Some(200)),
            recorded(Some("late"), "1 assign crowd-2", "/b", Some(200)),
            recorded(Some("late"), "1 assign crowd-10", "/c", Some(200)),
            recorded(Some("late"), "2 push-group crew", "/d", Some(200)),
            recorded(Some("late"), "10 push-group crew", "/e", Some(200)),
            recorded(Some("early"), "1 assign ada", "/f", Some(200)),
        ];
        let wanted = order(&exchanges);
        assert_eq!(
            wanted,
            [
                "late 1 assign crowd-2 /a",
                "late 1 assign crowd-2 /b",
                "late 1 assign crowd-10 /c",
                "late 2 push-group crew /d",
                "late 10 push-group crew /e",
                "early 1 assign ada /f",
            ]
        );
        exchanges.reverse();
        exchanges.swap(4, 5);
        assert_eq!(order(&exchanges), wanted);
    }

    #[test]
    fn being_asked_to_come_again_is_no_step() {
        let throttled = [
            recorded(None, "1 assign ada", "/a", Some(429)),
            recorded(None, "1 assign ada", "/a", Some(429)),
            recorded(None, "1 assign ada", "/a", Some(200)),
            recorded(None, "1 assign ada", "/b", Some(429)),
        ];
        let statuses: Vec<_> = sent(&throttled, &script())
            .iter()
            .map(|r| r.exchange.status())
            .collect();
        assert_eq!(statuses, [Some(200), Some(429)]);
    }

    #[test]
    fn what_follows_an_answer_that_is_lost_after_a_time_is_chance() {
        let lost = [
            recorded(Some("late"), "7 assign ada", "/a", Some(200)),
            recorded(Some("late"), "7 assign ada", "/b", None),
            recorded(Some("late"), "7 assign ada", "/c", Some(200)),
            recorded(Some("late"), "8 assign ada", "/d", None),
            recorded(Some("late"), "8 assign ada", "/e", Some(200)),
        ];
        assert_eq!(
            order(&lost),
            [
                "late 7 assign ada /a",
                "late 7 assign ada /b",
                "late 8 assign ada /d",
                "late 8 assign ada /e",
            ]
        );
    }
}
