//! Whose a resource at the target is, and whether the run may write to it: the one place where this is decided.
//!
//! A target may hand out anything: the id of another account in the answer to a create or an update, an id that it has
//! used before, a list that shows the wrong names. So an id that stands in an answer is worth nothing by itself. A
//! resource is the run's own when a read of it by its id ([RFC 7644], 3.4.1) shows it under a name that this run has
//! made; it stays so until a read by id shows it under another name, or it is gone.
//!
//! ```text
//!             named                shown as ours             delete sent
//!  Unknown ───────────► Named ───────────────────► Ours ───────────────► Deleting
//!     │                   │                        │  ▲                    │   │
//!     │ shown as another's│     shown as another's │  └── shown as ours ───┘   │ not there
//!     ▼                   ▼                        ▼                            ▼
//!  Foreign ◄──────────────┴────────────────────────┘                          Gone
//! ```
//!
//! [RFC 7644]: https://www.rfc-editor.org/rfc/rfc7644

/// What the run knows of one id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Nothing.
    #[default]
    Unknown,
    /// An answer named it as the run's own; no read has shown it yet. Nothing is written to it.
    Named,
    /// A read by its id has shown it under a name of the run.
    Ours,
    /// It was the run's own, and the run has sent its deletion.
    Deleting,
    /// It was the run's own, and it is deleted.
    Gone,
    /// It belongs to others. That never changes again.
    Foreign,
}

/// What an answer tells of one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sign {
    /// The answer to a create, an update, a look-up or a list gives this id to a name of the run.
    Named,
    /// A read by its id shows it under a name of the run.
    ShownAsOurs,
    /// A read by its id shows it under another name.
    ShownAsAnothers,
    /// A list or a look-up shows it under another name.
    ListedAsAnothers,
    /// A read by its id finds nothing there (404 or 410).
    NotThere,
    /// The run is about to send its deletion.
    DeleteSent,
}

impl Standing {
    /// What is known after a sign.
    #[must_use]
    pub fn after(self, sign: Sign) -> Self {
        match (self, sign) {
            (Self::Foreign, _) => Self::Foreign,
            (_, Sign::ShownAsOurs) => Self::Ours,
            (_, Sign::ShownAsAnothers) => Self::Foreign,
            // A list may lie about what a read has shown; before the next write a read decides.
            (Self::Unknown, Sign::ListedAsAnothers) => Self::Foreign,
            (standing, Sign::ListedAsAnothers) => standing,
            // An id may be given out again once it is gone.
            (Self::Unknown | Self::Gone, Sign::Named) => Self::Named,
            (standing, Sign::Named) => standing,
            (Self::Ours, Sign::DeleteSent) => Self::Deleting,
            (standing, Sign::DeleteSent) => standing,
            (Self::Deleting, Sign::NotThere) => Self::Gone,
            // It may be hidden: some servers answer 404 for a user who is inactive.
            (standing, Sign::NotThere) => standing,
        }
    }

    /// Whether an answer has given it to the run, and nothing has taken it away.
    #[must_use]
    pub fn is_known(self) -> bool {
        matches!(self, Self::Named | Self::Ours | Self::Deleting)
    }
}

/// What a write would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Write {
    /// PUT or PATCH.
    Change,
    /// DELETE.
    Delete,
}

/// What the last read of an id has shown, with no write of the scenario since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LastRead {
    /// A resource under a name of the run.
    Ours,
    /// Nothing there (404 or 410).
    NotThere,
    /// Neither: another name, no name, an answer that cannot be read, or none.
    Unclear,
}

/// Proof that a write to one id harms nobody. Only [`permit`] makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct Permit(());

/// Why a write does not go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The id belongs to others.
    Foreign,
    /// No read has shown that it is the run's own.
    Unproven,
}

/// Whether a write may go out to an id.
///
/// The last read must show that it is the run's own. A change may also go out to what was the run's own and is not there
/// any more: Okta writes to what has disappeared behind its back, too. Where the run has deleted, and nothing is there,
/// nobody can be harmed.
///
/// # Errors
/// Why not.
pub fn permit(standing: Standing, write: Write, last: LastRead) -> Result<Permit, Denied> {
    match (standing, write, last) {
        (Standing::Foreign, ..) => Err(Denied::Foreign),
        (Standing::Ours, _, LastRead::Ours)
        | (Standing::Ours, Write::Change, LastRead::NotThere)
        | (Standing::Deleting | Standing::Gone, _, LastRead::NotThere) => Ok(Permit(())),
        _ => Err(Denied::Unproven),
    }
}

/// Whether a write may go out to an id that the run was never given: a probe asks for what nobody has issued, or uses
/// the credentials of another tenant. Nothing may be there, or the run's own resource. An id that an answer has named,
/// and that no read has shown, has been issued: that nothing is there is one word of the target against another.
///
/// # Errors
/// Why not.
pub fn permit_probe(standing: Standing, last: LastRead) -> Result<Permit, Denied> {
    match (standing, last) {
        (Standing::Foreign, _) => Err(Denied::Foreign),
        (Standing::Named, LastRead::NotThere) | (_, LastRead::Unclear) => Err(Denied::Unproven),
        (_, LastRead::NotThere | LastRead::Ours) => Ok(Permit(())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANDINGS: [Standing; 6] = [
        Standing::Unknown,
        Standing::Named,
        Standing::Ours,
        Standing::Deleting,
        Standing::Gone,
        Standing::Foreign,
    ];
    const SIGNS: [Sign; 6] = [
        Sign::Named,
        Sign::ShownAsOurs,
        Sign::ShownAsAnothers,
        Sign::ListedAsAnothers,
        Sign::NotThere,
        Sign::DeleteSent,
    ];
    const LAST: [LastRead; 3] = [LastRead::Ours, LastRead::NotThere, LastRead::Unclear];

    #[test]
    fn every_transition() {
        use Standing::{Deleting, Foreign, Gone, Named, Ours, Unknown};
        // A row for each standing, a column for each sign.
        let table = [
            [Named, Ours, Foreign, Foreign, Unknown, Unknown],
            [Named, Ours, Foreign, Named, Named, Named],
            [Ours, Ours, Foreign, Ours, Ours, Deleting],
            [Deleting, Ours, Foreign, Deleting, Gone, Deleting],
            [Named, Ours, Foreign, Gone, Gone, Gone],
            [Foreign; 6],
        ];
        for (standing, row) in STANDINGS.into_iter().zip(table) {
            for (sign, after) in SIGNS.into_iter().zip(row) {
                assert_eq!(standing.after(sign), after, "{standing:?} after {sign:?}");
            }
        }
    }

    #[test]
    fn only_a_read_by_id_makes_it_ours() {
        for standing in STANDINGS {
            for sign in SIGNS.into_iter().filter(|sign| *sign != Sign::ShownAsOurs) {
                let after = standing.after(sign);
                assert!(
                    after != Standing::Ours || standing == Standing::Ours,
                    "{standing:?} after {sign:?}"
                );
            }
        }
    }

    #[test]
    fn a_deletion_always_needs_the_proof_or_nothing_there() {
        for standing in STANDINGS {
            for last in LAST {
                let allowed = permit(standing, Write::Delete, last).is_ok();
                let harmless = match last {
                    LastRead::Ours => standing == Standing::Ours,
                    LastRead::NotThere => {
                        matches!(standing, Standing::Deleting | Standing::Gone)
                    }
                    LastRead::Unclear => false,
                };
                assert_eq!(allowed, harmless, "{standing:?} {last:?}");
            }
        }
    }

    #[test]
    fn a_change_needs_that_it_was_proven() {
        for standing in STANDINGS {
            for last in LAST {
                let allowed = permit(standing, Write::Change, last).is_ok();
                let harmless = match last {
                    LastRead::Ours => standing == Standing::Ours,
                    LastRead::NotThere => matches!(
                        standing,
                        Standing::Ours | Standing::Deleting | Standing::Gone
                    ),
                    LastRead::Unclear => false,
                };
                assert_eq!(allowed, harmless, "{standing:?} {last:?}");
                let probes = permit_probe(standing, last).is_ok();
                let harmless = match last {
                    LastRead::Ours => standing != Standing::Foreign,
                    LastRead::NotThere => !matches!(standing, Standing::Foreign | Standing::Named),
                    LastRead::Unclear => false,
                };
                assert_eq!(probes, harmless, "{standing:?} {last:?}");
            }
        }
    }
}
