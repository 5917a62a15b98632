//! Whom a list answered with success must hold, and what must be there after a success.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::check;
use crate::check::Seen;
use crate::check::catalogue::{error, membership, state, update};
use crate::check::frame;
use crate::exchange::{Method, Response};
use crate::okta::reading;
use crate::okta::request::Resource;
use crate::okta::selector::Selector;
use crate::scenario::{Expect, Key, LiteralRequest, Shows};
use crate::verdict::CheckMeta;

use super::super::book::Subject;
use super::super::session::{Context, Place, Sent};
use super::{BrokenOff, Running, broken_off};

/// What is got where no value is.
const NOTHING: &str = "nothing";

/// A place that does not hold what it must: where, what was wanted, what is there.
type Wrong = (String, String, &'static str);

impl Running<'_> {
    /// Looks at an answer of success, and at what it has left behind. A refusal that is allowed has neither.
    pub(super) async fn judge_success(
        &self,
        request: &LiteralRequest,
        sent: &Sent,
        place: &Place,
    ) -> Result<(), BrokenOff> {
        let expect = &request.expect;
        let Some(meta) = check::find(&expect.check) else {
            return Ok(());
        };
        let Some(response) = sent.exchange.response() else {
            return Ok(());
        };
        if !response.is_success() || sent.broken {
            return Ok(());
        }
        if let Some((at, wanted, got)) = self.wrong_list(expect, response) {
            let seen = Seen::new(meta, wanted, got).facet(self.facet_of(expect, place));
            let session = &*self.stage.session;
            let keys = expect.finds.iter().flatten();
            let subjects = keys.flat_map(|key| self.subjects_of(key)).collect();
            let context = Context {
                in_any_row: true,
                ..Context::new(place, sent, subjects, request.evidence)
            };
            session.observe(seen.at(at), &context);
            return Ok(());
        }
        for shows in &expect.shows {
            self.must_show(meta, shows, request, sent, place).await?;
        }
        Ok(())
    }

    /// A person or a group, by id and by name.
    fn subjects_of(&self, key: &str) -> Vec<Subject> {
        let resource = self.resource_of(key);
        let id = self.last_id(key).unwrap_or_default();
        let session = &*self.stage.session;
        session.with_book(|book| book.subjects(resource, &id))
    }

    fn resource_of(&self, key: &str) -> Resource {
        if self.org.people.contains_key(key) {
            Resource::User
        } else {
            Resource::Group
        }
    }

    fn wrong_list(&self, expect: &Expect, response: &Response) -> Option<Wrong> {
        let keys = expect.finds.as_ref()?;
        // Whoever has no id is not there through no fault of the look-up.
        let wanted: BTreeSet<String> = keys
            .iter()
            .map(|key| self.last_id(key))
            .collect::<Option<_>>()?;
        let page = reading::page(response).ok()?;
        let found: BTreeSet<String> = page.resources.iter().filter_map(reading::id_of).collect();
        let got = if found == wanted {
            return None;
        } else if found.is_superset(&wanted) {
            "somebody else, too"
        } else if found.is_empty() {
            "nobody"
        } else {
            "somebody else"
        };
        let wanted = match wanted.len() {
            0 => "nobody".to_owned(),
            n => format!("the {n} meant, and nobody else"),
        };
        Some(("/Resources".to_owned(), wanted, got))
    }

    /// Reads one, and compares it with what it must show now.
    async fn must_show(
        &self,
        meta: &'static CheckMeta,
        shows: &Shows,
        request: &LiteralRequest,
        sent: &Sent,
        place: &Place,
    ) -> Result<(), BrokenOff> {
        let session = &*self.stage.session;
        let (Shows::Values { key, .. } | Shows::Members { key, .. }) = shows;
        let Some(id) = self.last_id(key) else {
            return Ok(());
        };
        let resource = self.resource_of(key);
        let now = session
            .get_as(resource, &id, place, request.evidence)
            .await
            .map_err(broken_off)?;
        let Some((read, now)) = now else {
            return Ok(());
        };
        let wrong = match shows {
            Shows::Values { values, .. } => self.wrong_value(values, &now)?,
            Shows::Members { members, .. } => {
                let shown = session.with_book(|b| {
                    let state = b.get(resource, &id).and_then(|a| a.state.as_ref());
                    state.is_some_and(|s| !member_set(s).is_empty())
                });
                self.wrong_members(members, &now, shown)
            }
        };
        session.with_book(|book| {
            if let Some(account) = book.get_mut(resource, &id) {
                account.state = Some(now);
            }
        });
        let Some((at, wanted, got)) = wrong else {
            return Ok(());
        };
        let subjects = self.subjects_of(key);
        let context = Context {
            cause: Some(&sent.exchange.request),
            ..Context::new(place, &read, subjects, request.evidence)
        };
        let facet = self.facet_of(&request.expect, place);
        // The answer was a success, so that it is about what it did, whatever it was asked about.
        let meta = match shows {
            Shows::Members { .. } if meta.id == error::SERVER_ERROR.id => &membership::MATCHES,
            Shows::Values { .. } if meta.id.starts_with("error/") => &update::MEANING,
            _ => meta,
        };
        let mut seen = Seen::new(meta, wanted, got).facet(facet).at(at.clone());
        if got == NOTHING {
            // A server that never keeps this attribute has not misread the request.
            seen = seen.or(&state::DROPPED, at.clone());
            if let Some((urn, _)) = at.rsplit_once(':').filter(|_| at.starts_with("urn:")) {
                seen = seen.or(&state::DROPPED, urn);
            }
        }
        if meta.id == membership::MATCHES.id && request.method == Method::Put {
            seen = seen.or(meta, "put");
        }
        session.observe(seen, &context);
        Ok(())
    }

    fn wrong_value(
        &self,
        values: &[(Selector, Value)],
        now: &Value,
    ) -> Result<Option<Wrong>, BrokenOff> {
        for (at, wanted) in values {
            let wanted = match wanted {
                Value::String(text) => Value::String(self.fill(text)?),
                other => other.clone(),
            };
            let there = at.read(now);
            if !frame::is_same(&wanted, there) {
                let got = if there.is_none_or(Value::is_null) {
                    NOTHING
                } else {
                    "something else"
                };
                let wanted = match wanted {
                    Value::Null => "nothing".to_owned(),
                    other => other.to_string(),
                };
                return Ok(Some((at.to_string(), wanted, got)));
            }
        }
        Ok(None)
    }

    /// `shown`: an earlier answer has shown a member.
    fn wrong_members(&self, members: &[Key], now: &Value, shown: bool) -> Option<Wrong> {
        let wanted: BTreeSet<String> = members.iter().filter_map(|key| self.last_id(key)).collect();
        let there = member_set(now);
        // A group that has never shown anybody may hide its members.
        if there == wanted || there.is_empty() && !shown {
            return None;
        }
        let got = if there.is_empty() {
            "nobody"
        } else if there.is_superset(&wanted) {
            "others, too"
        } else {
            "others"
        };
        Some((
            "members".to_owned(),
            frame::so_many_members(wanted.len()),
            got,
        ))
    }
}

fn member_set(group: &Value) -> BTreeSet<String> {
    frame::members(group)
        .unwrap_or_default()
        .into_iter()
        .collect()
}
