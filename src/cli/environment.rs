//! The environment variables that the command line reads, taken once and passed on, so that a
//! test can give its own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// The base URL of the target.
pub const TARGET: &str = "SCIM_CONFORM_TARGET";
/// The token for the target.
pub const TOKEN: &str = "SCIM_CONFORM_TOKEN";
/// The base URL of the second tenant.
pub const OTHER_TARGET: &str = "SCIM_CONFORM_OTHER_TARGET";
/// The token for the second tenant.
pub const OTHER_TOKEN: &str = "SCIM_CONFORM_OTHER_TOKEN";
/// The folder where the last run is kept.
pub const STATE: &str = "SCIM_CONFORM_STATE";

/// Every variable read by this program.
const NAMES: [&str; 10] = [
    TARGET,
    TOKEN,
    OTHER_TARGET,
    OTHER_TOKEN,
    STATE,
    "CI",
    "XDG_STATE_HOME",
    "HOME",
    "LOCALAPPDATA",
    "USERPROFILE",
];

/// A variable holds bytes that are not Unicode text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not valid Unicode text")]
pub struct NotUnicode(pub &'static str);

/// The variables that this program reads, and no others.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<&'static str, OsString>);

impl Environment {
    /// Those of the process.
    #[must_use]
    pub fn of_process() -> Self {
        let set = |name| Some((name, std::env::var_os(name)?));
        Self(NAMES.into_iter().filter_map(set).collect())
    }

    /// These and no others.
    #[must_use]
    pub fn of(variables: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        let pairs = variables.into_iter();
        Self(pairs.map(|(name, value)| (name, value.into())).collect())
    }

    /// The text of a variable; an empty text when it is set but empty.
    ///
    /// # Errors
    /// [`NotUnicode`].
    pub fn text(&self, name: &'static str) -> Result<Option<String>, NotUnicode> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        let text = value.to_str().ok_or(NotUnicode(name))?;
        Ok(Some(text.to_owned()))
    }

    /// The path in a variable that is set and not empty.
    #[must_use]
    pub fn path(&self, name: &'static str) -> Option<PathBuf> {
        let value = self.0.get(name).filter(|value| !value.is_empty())?;
        Some(PathBuf::from(value))
    }

    /// Whether this is a CI job: `CI` is set, and neither empty, `0` nor `false`.
    #[must_use]
    pub fn is_ci(&self) -> bool {
        self.0
            .get("CI")
            .is_some_and(|value| !(value.is_empty() || value == "0" || value == "false"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ci_is_recognised_by_its_value() {
        let cases = [
            ("true", true),
            ("1", true),
            ("false", false),
            ("0", false),
            ("", false),
        ];
        for (value, ci) in cases {
            assert_eq!(Environment::of([("CI", value)]).is_ci(), ci, "{value:?}");
        }
        assert!(!Environment::default().is_ci());
    }
}
