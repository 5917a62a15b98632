//! A scenario whose crowd has the size that the user asks for.

use super::scope::{CROWD, crowd_keys};
use super::{Action, Case, GroupMust, Key, Observe, OktaAction, Outside, Scenario, Shows, Step};

impl Scenario {
    /// The scenario with a crowd of `size`, which is its only row: the size names it.
    #[must_use]
    pub fn sized(&self, size: u32) -> Self {
        let mut sized = self.clone();
        sized.crowd = size;
        sized.cases = vec![Case {
            id: size.to_string(),
            facet: None,
            import_groups: None,
            people: Default::default(),
            groups: Default::default(),
        }];
        for group in sized.groups.values_mut() {
            if let Some(members) = &mut group.members {
                spread(members, size);
            }
        }
        for step in &mut sized.steps {
            spread_step(step, size);
        }
        sized
    }
}

fn spread_step(step: &mut Step, size: u32) {
    match &mut step.action {
        Action::Okta(action) => {
            if let OktaAction::Assign(keys)
            | OktaAction::Unassign(keys)
            | OktaAction::Deactivate(keys)
            | OktaAction::Suspend(keys)
            | OktaAction::Reactivate(keys)
            | OktaAction::PushProfile(keys)
            | OktaAction::SyncPassword(keys) = action
            {
                spread(keys, size);
            }
        }
        Action::Change { groups, .. } => {
            for members in groups.values_mut().filter_map(|g| g.members.as_mut()) {
                spread(members, size);
            }
        }
        Action::Observe(observes) => {
            for observe in observes {
                let Observe::Group { must, .. } = observe else {
                    continue;
                };
                for must in must {
                    if let GroupMust::Members(members) = must {
                        spread(members, size);
                    }
                }
            }
        }
        Action::Request(request) => {
            let expect = &mut request.expect;
            spread(&mut expect.unchanged, size);
            expect.finds.iter_mut().for_each(|keys| spread(keys, size));
            for shows in &mut expect.shows {
                if let Shows::Members { members, .. } = shows {
                    spread(members, size);
                }
            }
        }
        Action::Seed { keys, .. } => spread(keys, size),
        Action::Outside(Outside::AddMembers(_, members) | Outside::RemoveMembers(_, members)) => {
            spread(members, size);
        }
        Action::Outside(_) => {}
        Action::Together(steps) => steps.iter_mut().for_each(|step| spread_step(step, size)),
    }
}

/// Puts everybody of the crowd into the place of its name.
fn spread(keys: &mut Vec<Key>, size: u32) {
    if keys.iter().any(|key| key == CROWD) {
        *keys = std::mem::take(keys)
            .into_iter()
            .flat_map(|key| {
                let (all, one) = if key == CROWD {
                    (size, None)
                } else {
                    (0, Some(key))
                };
                crowd_keys(all).chain(one)
            })
            .collect();
    }
}
