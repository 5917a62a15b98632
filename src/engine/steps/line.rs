//! The line of a job of Okta's: what it sends is guarded, sent and judged.

use crate::defect::{self, Phase};
use crate::exchange::{Exchange, Leave};
use crate::okta::drive::{Line, NotSent};
use crate::okta::request::{Call, Intent, Resource};
use crate::scenario::LoseAnswer;
use crate::verdict::Origin;

use super::super::judge::{Imported, Read, Updated};
use super::super::session::{Place, Sent, Session};

/// The most bytes of all documents by which a target describes itself: they are judged together, so all are held.
const MOST_DESCRIBED: usize = 16 * 1024 * 1024;
/// Why they are not.
const DESCRIBES_TOO_MUCH: &str = "the target describes itself in more than 16 MiB";

/// The line of one job: guards, sends, judges.
pub(super) struct JobLine<'a> {
    pub(super) session: &'a Session,
    pub(super) place: &'a Place,
    /// The answer that gets lost, until it is; writes are counted down.
    pub(super) lose: Option<LoseAnswer>,
    pub(super) last: Option<(Intent, Sent)>,
    pub(super) imported: Imported,
    pub(super) documents: Vec<Read>,
    /// Bytes of all documents.
    pub(super) described: usize,
    /// A create that Okta itself reads next: it is judged by what Okta reads then.
    pub(super) unjudged: Option<(Call, Sent)>,
    /// Updates of a group that went well so far: what they have made of it is judged after the last of them.
    pub(super) updates: Vec<Updated>,
    /// What it has made belongs to others after all, so Okta is linked to nothing.
    pub(super) is_anothers: bool,
}

impl Line for JobLine<'_> {
    async fn send(&mut self, call: Call) -> Result<Exchange, NotSent> {
        let lost = self.take_turn(&call);
        if lost.is_some() {
            self.judge_updates().await?;
        }
        self.look_before(&call).await?;
        let sent = match lost {
            Some(leave) => self.session.perform_unread(&call, leave, self.place).await,
            None => self.session.perform(&call, Origin::Okta, self.place).await,
        }?;
        self.last = Some((call.intent.clone(), sent.clone()));
        if let Intent::List { resource, .. } = call.intent {
            let imported = &mut self.imported;
            self.session.note_page(imported, resource, &sent);
        }
        self.judge_before().await?;
        if let Intent::Discover(document) = &call.intent {
            let response = sent.exchange.response();
            let bytes = response.map_or(0, |response| response.body.bytes.len());
            self.described = self.described.saturating_add(bytes);
            if self.described > MOST_DESCRIBED {
                return Err(NotSent::Stopped(DESCRIBES_TOO_MUCH));
            }
            self.documents.push(Read {
                document: document.clone(),
                sent: sent.clone(),
                evidence: call.evidence,
            });
        }
        if matches!(call.intent, Intent::Update { .. } | Intent::Delete { .. }) {
            defect::plant(Phase::Judging);
        }
        if lost.is_none() && self.session.is_read_next(&call, &sent) {
            self.unjudged = Some((call, sent.clone()));
            return Ok(sent.exchange);
        }
        if is_update_of_group(&call.intent) && lost.is_none() {
            let response = sent.exchange.response();
            if response.is_some_and(|response| response.is_success()) {
                let exchange = sent.exchange.clone();
                self.updates.push(Updated {
                    call,
                    sent,
                    shown: None,
                });
                return Ok(exchange);
            }
            self.judge_updates().await?;
        }
        self.session.judge(&call, &sent, self.place).await?;
        if let Some(Leave::After(_)) = lost {
            // Okta's administrator retries minutes later: what the target still does has ended by then.
            let run = &self.session.run;
            run.pause(run.brief()).await;
        }
        if lost.is_some() {
            return Err(NotSent::AnswerLost);
        }
        Ok(sent.exchange)
    }
}

impl JobLine<'_> {
    /// Keeps what a read shows between two updates of a group. Nothing is judged yet; if the group is wrong in the end, it
    /// tells which of them has done it.
    async fn look_before(&mut self, call: &Call) -> Result<(), NotSent> {
        let Some(last) = self.updates.last_mut() else {
            return Ok(());
        };
        let Intent::Update { resource, id, .. } = &call.intent else {
            return Ok(());
        };
        if last.shown.is_none() && is_update_of_group(&call.intent) {
            let shown = match self.session.known(*resource, id) {
                Some(known) => known,
                // Whose it is must be read anyway, before the next write.
                None => {
                    let looked = self
                        .session
                        .look(*resource, id, Origin::Setup, self.place)
                        .await?;
                    looked.0
                }
            };
            last.shown = Some(shown);
        }
        Ok(())
    }

    /// Judges the updates that were waiting for the last of them.
    pub(super) async fn judge_updates(&mut self) -> Result<(), NotSent> {
        let updates = std::mem::take(&mut self.updates);
        self.session.judge_updates(&updates, self.place).await
    }

    /// Judges the create that was waiting for Okta's own read.
    pub(super) async fn judge_before(&mut self) -> Result<(), NotSent> {
        let Some((call, sent)) = self.unjudged.take() else {
            return Ok(());
        };
        let judged = self.session.judge(&call, &sent, self.place).await;
        self.is_anothers |= judged.is_err();
        judged
    }

    /// When Okta goes away from this call, if its answer is the one that gets lost.
    fn take_turn(&mut self, call: &Call) -> Option<Leave> {
        let lose = self
            .lose
            .as_mut()
            .filter(|_| call.request.method.is_write())?;
        lose.write = lose.write.saturating_sub(1);
        let leave = lose.leave;
        self.lose.take_if(|lose| lose.write == 0).map(|_| leave)
    }
}

fn is_update_of_group(intent: &Intent) -> bool {
    matches!(
        intent,
        Intent::Update {
            resource: Resource::Group,
            ..
        }
    )
}
