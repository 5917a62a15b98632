//! The words in which a recording is told.

use serde_json::Value;

use crate::okta::Behaviour;
use crate::okta::job::MatchWord;

use super::jobs::Place;
use super::recognise::Act;
use super::traffic::Captured;
use super::veil::Veil;

/// The text that Okta shows to its administrator when a request of a job fails with `error`.
#[must_use]
pub(super) fn admin_sees(
    behaviour: &Behaviour,
    place: Place,
    error: &str,
    act: Option<&Act>,
    veil: &Veil,
) -> String {
    let Ok(job) = behaviour.jobs.get(place.job) else {
        return String::new();
    };
    let template = job
        .requests
        .iter()
        .find(|request| request.slot == place.slot);
    let text = template
        .and_then(|request| request.fails.as_ref())
        .unwrap_or(&job.fails);
    fill(text, error, act, veil)
}

/// The text when a look-up finds `number` resources.
#[must_use]
pub(super) fn many(
    behaviour: &Behaviour,
    place: Place,
    number: u64,
    act: Option<&Act>,
    veil: &Veil,
) -> String {
    let job = behaviour.jobs.get(place.job).ok();
    let text = job.and_then(|job| job.stops.get(&MatchWord::Many));
    text.map_or(String::new(), |text| {
        fill(&text.replace("{n}", &number.to_string()), "", act, veil)
    })
}

fn fill(text: &str, error: &str, act: Option<&Act>, veil: &Veil) -> String {
    let (name, body) = match act {
        Some(Act::LookUp { name, .. }) => (Some(name.as_str()), None),
        Some(Act::Create { name, body, .. }) => (name.as_deref(), body.as_ref()),
        Some(Act::Put { body, .. }) => (None, body.as_ref()),
        _ => (None, None),
    };
    let at = |pointer: &str| {
        body.and_then(|body| body.pointer(pointer))
            .and_then(Value::as_str)
    };
    let login = name.or_else(|| at("/userName"));
    let group = name.or_else(|| at("/displayName"));
    let full = [at("/name/givenName"), at("/name/familyName")];
    let full: Vec<&str> = full.into_iter().flatten().collect();
    let or_word = |value: Option<&str>, word: &str| match value {
        Some(value) if !value.is_empty() => veil.personal(value, word),
        _ => format!("<{word}>"),
    };
    text.replace("{app}", "<your app>")
        .replace("{name}", &or_word(Some(&full.join(" ")), "name"))
        .replace("{login}", &or_word(login, "login"))
        .replace("{group}", &or_word(group, "group"))
        .replace("{error}", &veil.text(error))
}

/// Where in the recording something stands: `entry 17 at 2026-03-01T12:00:03Z, assign find`.
#[must_use]
pub(super) fn step(one: Option<&Captured>, place: Place) -> String {
    let Some(one) = one else {
        return String::new();
    };
    let at = one.at.map(|at| format!(" at {at:.0}")).unwrap_or_default();
    format!("entry {}{at}, {} {}", one.number, place.job, place.slot)
}
