//! Aligns two transcripts and sorts out what of their differences matters.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::difference::{Comparison, Difference, Subject, Tolerance};
use super::transcript::{Answer, Content, Entry, Sent, Transcript};
use super::walk::walk;

/// Compares two transcripts of the same scenario under the same app.
///
/// Exchanges are aligned within their step and case by job and slot; the n-th of a slot meets the
/// n-th of the same slot, unless a run of other requests stands between. Such a run, a branch that
/// only one side took, is one difference.
#[must_use]
pub fn compare(reference: &Transcript, target: &Transcript, tolerance: Tolerance) -> Comparison {
    let mut comparing = Comparing {
        tolerance,
        sent_otherwise: HashSet::new(),
        wrong: HashSet::new(),
        known: HashMap::new(),
        result: Comparison::default(),
    };
    let ours = steps(reference);
    let theirs = steps(target);
    for (step, entries) in &ours {
        let others = theirs.iter().find(|(other, _)| other == step);
        comparing.step(entries, others.map_or(&[], |(_, entries)| entries));
    }
    for (step, entries) in &theirs {
        if !ours.iter().any(|(other, _)| other == step) {
            comparing.step(&[], entries);
        }
    }
    comparing.result
}

/// A step within a case, with its exchanges.
type Step<'t> = ((&'t str, Option<&'t str>), Vec<&'t Entry>);

fn steps(transcript: &Transcript) -> Vec<Step<'_>> {
    let mut out: Vec<Step<'_>> = Vec::new();
    for entry in &transcript.entries {
        let key = (entry.place.step.as_str(), entry.place.case.as_deref());
        match out.last_mut() {
            Some((last, entries)) if *last == key => entries.push(entry),
            _ => out.push((key, vec![entry])),
        }
    }
    out
}

struct Comparing {
    tolerance: Tolerance,
    /// Pairs of values that this run sends where the reference sent others, because it was told
    /// to (other e-mail addresses, say). A target that returns them is right.
    sent_otherwise: HashSet<(String, String)>,
    /// Pairs of values that the target got wrong by itself.
    wrong: HashSet<(String, String)>,
    /// Where in the result a difference is that may come again.
    known: HashMap<(Subject, String, String), usize>,
    result: Comparison,
}

impl Comparing {
    fn step(&mut self, reference: &[&Entry], target: &[&Entry]) {
        let slots = |entries: &[&Entry]| -> Vec<Option<String>> {
            entries.iter().map(|e| e.place.slot.clone()).collect()
        };
        let ops = capture_diff_slices(Algorithm::Myers, &slots(reference), &slots(target));
        for op in ops {
            let ours = reference.get(op.old_range()).unwrap_or_default();
            let theirs = target.get(op.new_range()).unwrap_or_default();
            if matches!(op, DiffOp::Equal { .. }) {
                for (reference, target) in ours.iter().zip(theirs) {
                    self.entries(reference, target);
                }
            } else {
                self.branch(ours, theirs);
            }
        }
    }

    fn branch(&mut self, reference: &[&Entry], target: &[&Entry]) {
        let Some(first) = target.first().or(reference.first()) else {
            return;
        };
        self.result.differences.push(Difference {
            place: first.place.clone(),
            exchange: first.exchange.clone(),
            subject: Subject::NextRequest,
            reference: requests(reference),
            target: requests(target),
            times: 1,
        });
    }

    fn entries(&mut self, reference: &Entry, target: &Entry) {
        self.requests(target, &reference.sent, &target.sent);
        match (&reference.answer, &target.answer) {
            (
                Answer::Response {
                    status,
                    headers,
                    notes,
                    body,
                },
                Answer::Response {
                    status: their_status,
                    headers: their_headers,
                    notes: their_notes,
                    body: their_body,
                },
            ) => {
                if status != their_status {
                    if self.may_answer_either(&target.sent.method, *status, *their_status) {
                        self.result.folded += 1;
                    } else {
                        self.add(
                            target,
                            Subject::Status,
                            status.to_string(),
                            their_status.to_string(),
                        );
                    }
                    // Answers of different kinds have nothing in common to compare.
                    return;
                }
                self.headers(target, headers, their_headers);
                if notes != their_notes {
                    self.add(target, Subject::Oddity, list(notes), list(their_notes));
                }
                self.bodies(target, *status >= 400, body, their_body);
            }
            (reference, theirs) => {
                let (reference, theirs) = (status_of(reference), status_of(theirs));
                if reference != theirs {
                    self.add(target, Subject::Status, reference, theirs);
                }
            }
        }
    }

    /// 200 with the resource and 204 without are equally good answers to a PATCH
    /// (RFC 7644, 3.5.2), and Okta takes both to a DELETE.
    fn may_answer_either(&self, method: &str, reference: u16, target: u16) -> bool {
        self.tolerance == Tolerance::Reference
            && matches!(method, "PATCH" | "DELETE")
            && [200, 204].contains(&reference)
            && [200, 204].contains(&target)
    }

    fn requests(&mut self, at: &Entry, reference: &Sent, target: &Sent) {
        let line = |sent: &Sent| format!("{} {}", sent.method, sent.target);
        if line(reference) != line(target) {
            self.request_differs(at, Subject::RequestLine, line(reference), line(target));
        }
        for (name, value) in &reference.headers {
            let theirs = header(&target.headers, name);
            if theirs != Some(value) {
                let theirs = theirs.map_or("none", |v| v).to_owned();
                let subject = Subject::RequestHeader(name.clone());
                self.request_differs(at, subject, value.clone(), theirs);
            }
        }
        if let (Content::Json(ours), Content::Json(theirs)) = (&reference.body, &target.body) {
            let walked = walk(ours, theirs, Tolerance::Own, false);
            self.result.folded += walked.folded;
            for m in walked.mismatches {
                let (ours, theirs) = (side(m.reference.as_ref()), side(m.target.as_ref()));
                self.request_differs(at, Subject::RequestBody(m.pointer), ours, theirs);
            }
        } else if reference.body != target.body {
            let (ours, theirs) = (sort_of(&reference.body), sort_of(&target.body));
            self.request_differs(at, Subject::RequestBody(String::new()), ours, theirs);
        }
    }

    fn request_differs(&mut self, at: &Entry, subject: Subject, ours: String, theirs: String) {
        match self.tolerance {
            Tolerance::Own => self.add(at, subject, ours, theirs),
            Tolerance::Reference => {
                self.result.folded += 1;
                // Okta's PUT repeats the target's own answer: what the target got wrong before
                // does not become right by being sent back.
                let pair = (ours, theirs);
                let are_texts = pair.0.starts_with('"') && pair.1.starts_with('"');
                if are_texts && !self.wrong.contains(&pair) {
                    self.sent_otherwise.insert(pair);
                }
            }
        }
    }

    fn headers(&mut self, at: &Entry, reference: &[(String, String)], target: &[(String, String)]) {
        for name in ["Content-Type", "Location"] {
            let ours = header(reference, name);
            let theirs = header(target, name);
            if ours == theirs {
                continue;
            }
            if self.tolerance == Tolerance::Reference && is_same_header(name, ours, theirs) {
                self.result.folded += 1;
            } else {
                let text = |value: Option<&String>| value.map_or("none", |v| v).to_owned();
                self.add(
                    at,
                    Subject::Header(name.to_owned()),
                    text(ours),
                    text(theirs),
                );
            }
        }
    }

    fn bodies(&mut self, at: &Entry, is_error: bool, reference: &Content, target: &Content) {
        if let (Content::Json(ours), Content::Json(theirs)) = (reference, target) {
            let walked = walk(ours, theirs, self.tolerance, is_error);
            self.result.folded += walked.folded;
            for m in walked.mismatches {
                let (ours, theirs) = (side(m.reference.as_ref()), side(m.target.as_ref()));
                if self
                    .sent_otherwise
                    .contains(&(ours.clone(), theirs.clone()))
                {
                    self.result.folded += 1;
                } else {
                    self.add(at, Subject::Body(m.pointer), ours, theirs);
                }
            }
        } else if reference != target {
            let (ours, theirs) = (sort_of(reference), sort_of(target));
            self.add(at, Subject::Body(String::new()), ours, theirs);
        }
    }

    /// Lists a difference, or counts it when the same was seen before: a wrong value comes back
    /// with every answer about the same resource.
    fn add(&mut self, at: &Entry, subject: Subject, reference: String, target: String) {
        self.wrong.insert((reference.clone(), target.clone()));
        let (short_reference, short_target) = (shorten(&reference), shorten(&target));
        let next = self.result.differences.len();
        let same = (kernel(&subject), reference, target);
        let index = *self.known.entry(same).or_insert(next);
        if let Some(known) = self.result.differences.get_mut(index) {
            known.times = known.times.saturating_add(1);
            return;
        }
        self.result.differences.push(Difference {
            place: at.place.clone(),
            exchange: at.exchange.clone(),
            subject,
            reference: short_reference,
            target: short_target,
            times: 1,
        });
    }
}

/// The subject without the place of the resource in a list.
fn kernel(subject: &Subject) -> Subject {
    if let Subject::Body(pointer) = subject
        && let Some(rest) = pointer.strip_prefix("/Resources/")
        && let Some((_, inner)) = rest.split_once('/')
    {
        return Subject::Body(format!("/{inner}"));
    }
    subject.clone()
}

fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h String> {
    headers
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// Whether two header values mean the same to Okta, which needs neither of the two headers.
fn is_same_header(name: &str, reference: Option<&String>, target: Option<&String>) -> bool {
    match (name, reference, target) {
        (_, None, Some(_)) => true,
        ("Content-Type", Some(ours), Some(theirs)) => is_json(ours) && is_json(theirs),
        // `Location` may name the server by another host; the resource must be the same.
        (_, Some(ours), Some(theirs)) => ours.rsplit('/').next() == theirs.rsplit('/').next(),
        _ => false,
    }
}

fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    ["application/scim+json", "application/json"]
        .iter()
        .any(|json| json.eq_ignore_ascii_case(essence))
}

fn status_of(answer: &Answer) -> String {
    match answer {
        Answer::Response { status, .. } => status.to_string(),
        Answer::Nothing(why) => format!("no answer ({why})"),
    }
}

fn sort_of(content: &Content) -> String {
    match content {
        Content::Empty => "none".to_owned(),
        Content::Json(_) => "JSON".to_owned(),
        Content::Text(text) => format!("{text:?}"),
    }
}

fn list(notes: &[String]) -> String {
    if notes.is_empty() {
        "nothing odd".to_owned()
    } else {
        notes.join("; ")
    }
}

fn requests(entries: &[&Entry]) -> String {
    let Some(first) = entries.first() else {
        return "none".to_owned();
    };
    let slot = first
        .place
        .slot
        .as_deref()
        .map_or(String::new(), |s| format!("{s}: "));
    let line = shorten(&format!(
        "{slot}{} {}",
        first.sent.method, first.sent.target
    ));
    match entries.len() {
        1 => line,
        n => format!("{line} and {} more", n - 1),
    }
}

fn side(value: Option<&Value>) -> String {
    value.map_or_else(|| "absent".to_owned(), Value::to_string)
}

/// Longer values belong into the diff, not into a line.
fn shorten(text: &str) -> String {
    const LIMIT: usize = 160;
    if text.chars().count() <= LIMIT {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(LIMIT).collect();
    out.push('…');
    out
}
