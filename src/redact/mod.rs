//! What must not leave the program: secrets, the data of other people, characters that steer.
//!
//! Whatever goes to a terminal, a report, a snapshot, a file that is kept or an error message, and may hold what a
//! target has said, goes through here first. A [`Redactor`] knows the secrets of a run and finds them in every form in
//! which a server may repeat them; [`passwords`] finds those that are told by their place alone; [`Strangers`] and
//! [`People`] hide whose data it is, and [`Aliases`] stand for it where it must still be told apart; [`characters`] makes harmless what is left. Bare data goes in and comes out: what
//! an exchange or a report is made of, their own modules know.

mod aliases;
pub mod characters;
mod credentials;
mod foreign;
mod json;
mod needles;
pub mod passwords;
mod people;
mod prose;
mod query;
mod resources;
mod secrets;
mod spelling;
mod unparsed;

#[cfg(test)]
mod tests;

pub use self::aliases::Aliases;
pub use self::credentials::{is_credential_field, starred};
pub use self::foreign::{ForeignNames, Ownership, is_nobodys};
pub use self::people::{People, without_literals};
pub use self::prose::prose;
pub use self::query::without_secret_values;
pub use self::resources::Strangers;
pub use self::secrets::{Held, Kind, Redactor, SHORTEST};
pub use self::unparsed::broken_json;
