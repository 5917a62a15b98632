//! "Import Groups", a switch of every app in Okta: whether Okta reads the target's groups, and so believes that it knows
//! them.

use crate::okta::App;

/// In which state of the switch a scenario runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImportGroups {
    /// In the one that was recorded of the app: off for custom apps, on for catalogue apps.
    #[default]
    Recorded,
    /// On: a group is created without a look-up, and what is there already is linked by hand.
    On,
    /// Off: a group is looked up by its name before it is created.
    Off,
    /// Once in each.
    Both,
}

impl ImportGroups {
    /// All of them that a file can name, with their words.
    pub const NAMED: [(&'static str, Self); 3] =
        [("on", Self::On), ("off", Self::Off), ("both", Self::Both)];

    /// The rows of a scenario that runs once in each, and whether the switch is on in them.
    pub(super) const ROWS: [(&'static str, bool); 2] =
        [("import-groups-off", false), ("import-groups-on", true)];

    /// Whether the switch is on.
    #[must_use]
    pub fn is_on(self, app: App) -> bool {
        match self {
            Self::On => true,
            Self::Off => false,
            Self::Recorded | Self::Both => app == App::Oin,
        }
    }
}
