//! What is special about a scenario as a whole, and how it is judged because of it.

/// A circumstance, as the header of a scenario file states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Circumstance {
    /// The rows of its table differ by the characters in names: what goes wrong in some of them is about those.
    Characters,
    /// It sends what only another identity provider sends. Whatever it shows is a note: Okta works.
    AnotherProvider,
}

impl Circumstance {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Characters, Self::AnotherProvider];

    /// The word in a scenario file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Characters => "characters",
            Self::AnotherProvider => "another-provider",
        }
    }
}
