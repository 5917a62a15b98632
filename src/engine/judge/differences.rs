//! From differences between two states to observations.

use serde_json::Value;

use crate::check::Seen;
use crate::check::catalogue::state;
use crate::check::frame::Difference;
use crate::exchange::Method;
use crate::okta::Evidence;
use crate::okta::request::Resource;
use crate::scenario::Circumstance;

use super::super::session::{Context, Session};
use super::{Write, show};

/// A place, as facets name it: what a user has goes without saying.
pub(crate) fn place_name(resource: Resource, at: &str) -> String {
    match resource {
        Resource::User => at.to_owned(),
        Resource::Group => format!("group {at}"),
    }
}

impl Session {
    /// Observes what a write did not do, or did too much. `ignored`: nothing that was to change has changed.
    pub(super) fn report_differences(
        &self,
        resource: Resource,
        differences: &[Difference],
        ignored: bool,
        write: Write<'_>,
        context: &Context<'_>,
    ) {
        let method = write.call.request.method;
        let whole = format!("{} {}", method.as_str().to_lowercase(), resource.word());
        let differences = summed_up(differences);
        for difference in &differences {
            let mut context = Context {
                loses_data: difference.loses_data(),
                ..context.clone()
            };
            if let Difference::NotCleared { .. } = difference {
                // How Okta clears a value is inferred.
                context.evidence = Evidence::Inferred;
            }
            let mut seen = self.seen(resource, difference, method, &whole);
            if ignored && seen.check != &state::IGNORED {
                seen = seen.or(&state::IGNORED, whole.clone());
            }
            if ignored && context.place.facet.is_some() {
                // The row has nothing to do with it either.
                context.in_any_row = true;
            }
            self.observe(seen, &context);
        }
    }

    fn seen(
        &self,
        resource: Resource,
        difference: &Difference,
        method: Method,
        whole: &str,
    ) -> Seen {
        let place = |at: &str| place_name(resource, at);
        match difference {
            Difference::NotApplied { at, wanted, got } => {
                let seen = Seen::new(&state::APPLIED, show(Some(wanted)), show(got.as_ref()));
                let facet = applied_facet(at, wanted, method).unwrap_or_else(|| place(at));
                if self.is_in(Circumstance::Characters) && wanted.is_string() && got.is_some() {
                    // What got lost are the characters that this row is about, in whatever attribute.
                    return Seen {
                        check: &state::TEXT,
                        ..seen
                    }
                    .or(&state::APPLIED, facet)
                    .at(at);
                }
                seen.facet(facet).at(at)
            }
            Difference::Ignored { at, wanted, got } => Seen::new(
                &state::IGNORED,
                show(Some(wanted)),
                format!("{}, as before", show(got.as_ref())),
            )
            .facet(whole)
            .at(at),
            Difference::Dropped { at, wanted, got } => {
                Seen::new(&state::DROPPED, show(Some(wanted)), show(got.as_ref()))
                    .facet(place(at))
                    .at(at)
            }
            Difference::NotCleared { at, got } => {
                Seen::new(&state::APPLIED, "nothing", show(Some(got)))
                    .facet("cleared value")
                    .at(at)
            }
            Difference::Case { at, wanted, got } => {
                Seen::new(&state::CASE, show(Some(wanted)), show(Some(got)))
                    .facet(place(at))
                    .or(&state::APPLIED, place(at))
                    .at(at)
            }
            Difference::Unicode { at, wanted, got } => {
                Seen::new(&state::UNICODE, escaped(wanted), escaped(got)).at(at)
            }
            Difference::Trimmed { at, wanted, got } => {
                Seen::new(&state::TRIMMED, show(Some(wanted)), show(Some(got))).at(at)
            }
            Difference::Untouched { at, was, got } => {
                Seen::new(&state::UNTOUCHED, show(Some(was)), show(got.as_ref()))
                    .facet(format!(
                        "{} by {}",
                        place(at),
                        method.as_str().to_lowercase()
                    ))
                    .at(at)
            }
        }
    }
}

/// A write that has changed a lot that it did not touch has replaced the whole resource.
fn summed_up(differences: &[Difference]) -> Vec<Difference> {
    const A_LOT: usize = 3;
    let untouched = |d: &&Difference| matches!(d, Difference::Untouched { .. });
    if differences.iter().filter(untouched).count() < A_LOT {
        return differences.to_vec();
    }
    let mut kept: Vec<Difference> = differences
        .iter()
        .filter(|d| !untouched(d))
        .cloned()
        .collect();
    if let Some(Difference::Untouched { was, got, .. }) = differences.iter().find(untouched) {
        kept.push(Difference::Untouched {
            at: "everything".to_owned(),
            was: was.clone(),
            got: got.clone(),
        });
    }
    kept
}

/// The state flag has facets of its own: to put somebody out is another thing than to let somebody in.
fn applied_facet(at: &str, wanted: &Value, method: Method) -> Option<String> {
    if at != "active" || method == Method::Post {
        return None;
    }
    Some(active_facet(wanted == &Value::Bool(true), method))
}

/// What it is called when `active` does not become `wanted`.
pub(crate) fn active_facet(wanted: bool, method: Method) -> String {
    let what = if wanted {
        "reactivation"
    } else {
        "deactivation"
    };
    format!("{what} by {}", method.as_str().to_lowercase())
}

/// Non-ASCII as escapes, because both forms look the same.
fn escaped(value: &Value) -> String {
    show(Some(value))
        .chars()
        .map(|c| {
            if c.is_ascii() {
                c.to_string()
            } else {
                format!("\\u{{{:x}}}", c as u32)
            }
        })
        .collect()
}
