//! Values of options: durations, rates, e-mail patterns, attributes, reports.
//!
//! None of these can hold a secret, so clap may repeat them in its messages. What can (tokens,
//! headers, URLs) is read in [`super::target`].

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;

use crate::oin::Feature;
use crate::okta::App;
use crate::scenario::{Risk, SMALLEST_SCALE};
use crate::suggest;

/// The longest wait that can be asked for.
const LONGEST: Duration = Duration::from_hours(24);

/// Reads `500ms`, `2s`, `1.5s`, `3m`, `1h`, or `0`.
///
/// # Errors
/// A sentence on what to write.
pub fn duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let unit_at = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .ok_or_else(|| format!("the unit is missing; write {text}s or {text}ms"))?;
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err("write a number and ms, s, m or h, such as 500ms or 2s".to_owned()),
    };
    let number: f64 = number
        .parse()
        .map_err(|_| "write a number and ms, s, m or h, such as 500ms or 2s".to_owned())?;
    Duration::try_from_secs_f64(number * seconds)
        .ok()
        .filter(|time| *time <= LONGEST)
        .ok_or_else(|| "the longest wait is 24h".to_owned())
}

/// Reads `64kB`, `256MB`, `1.5GB`, or `0`.
///
/// # Errors
/// A sentence on what to write.
pub fn bytes(text: &str) -> Result<usize, String> {
    const WRITE: &str = "write a number and kB, MB or GB, such as 256MB";
    if text == "0" {
        return Ok(0);
    }
    let unit_at = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .ok_or_else(|| format!("the unit is missing; write {text}MB or {text}kB"))?;
    let (number, unit) = text.split_at(unit_at);
    let bytes = match unit {
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        _ => return Err(WRITE.to_owned()),
    };
    let number: f64 = number.parse().map_err(|_| WRITE)?;
    let bytes = number * bytes;
    // A terabyte is exact as a number of either kind.
    if bytes > 1e12 {
        return Err("the most is 1000GB".to_owned());
    }
    usize::try_from(bytes as u64).map_err(|_| "more than this machine has".to_owned())
}

/// As [`duration`], but not zero.
///
/// # Errors
/// A sentence on what to write.
pub fn some_time(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("must be more than nothing".to_owned()),
        time => Ok(time),
    }
}

/// `NAME=VALUE`, the value of a variable.
///
/// # Errors
/// When there is no name or no `=`.
pub fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.to_owned()))
        }
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

/// A whole number between two bounds, both included.
///
/// # Errors
/// A sentence on what to write.
pub fn within<T: TryFrom<u64>, const LOW: u64, const HIGH: u64>(text: &str) -> Result<T, String> {
    let number = text.parse().ok().filter(|n| (LOW..=HIGH).contains(n));
    number
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| match (LOW, HIGH) {
            (0, u64::MAX) => "write a whole number".to_owned(),
            _ => format!("write a whole number from {LOW} to {HIGH}"),
        })
}

/// Any whole number.
///
/// # Errors
/// A sentence on what to write.
pub fn whole(text: &str) -> Result<u64, String> {
    within::<u64, 0, { u64::MAX }>(text)
}

/// How many times as long: a number from 0 to 100.
///
/// # Errors
/// When it is not.
pub fn scale(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|scale: &f64| (0.0..=100.0).contains(scale))
        .ok_or_else(|| "write a number from 0 to 100, such as 0.5".to_owned())
}

/// Requests a second.
///
/// # Errors
/// A sentence on what to write.
pub fn rate(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|rate: &f64| *rate > 0.0 && rate.is_finite())
        .ok_or_else(|| "write requests per second, more than 0, such as 10 or 0.5".to_owned())
}

/// An app by its name or an alias.
///
/// # Errors
/// The names there are.
pub fn app(text: &str) -> Result<App, String> {
    match text {
        "custom" | "aiw" => Ok(App::Custom),
        "oin" | "test-app" | "template" => Ok(App::Oin),
        _ => Err("the apps are custom (App Integration Wizard) and oin (catalogue)".to_owned()),
    }
}

/// A plan that a run can follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanName {
    /// A submission to the Okta Integration Network: [`crate::oin`].
    Oin,
}

/// A plan by its name.
///
/// # Errors
/// The names there are.
pub fn plan(text: &str) -> Result<PlanName, String> {
    match text {
        "oin" => Ok(PlanName::Oin),
        _ => Err("the plan is oin: Okta's test plan for submissions to its catalogue".to_owned()),
    }
}

/// A feature that an integration can claim, by its name.
///
/// # Errors
/// The names there are.
pub fn feature(text: &str) -> Result<Feature, String> {
    let names = Feature::ALL.map(Feature::as_str);
    Feature::from_name(text).ok_or_else(|| {
        perhaps(text, &names).unwrap_or_else(|| format!("the features are: {}", names.join(", ")))
    })
}

/// A risk by its name.
///
/// # Errors
/// The names there are, and what each allows.
pub fn risk(text: &str) -> Result<Risk, String> {
    let found = Risk::ALL.into_iter().find(|risk| risk.as_str() == text);
    found.ok_or_else(|| {
        perhaps(text, &Risk::ALL.map(Risk::as_str)).unwrap_or_else(|| {
            let all = Risk::ALL.map(|risk| format!("\n  {}: {}", risk.as_str(), risk.stake()));
            format!("what can be allowed:{}", all.concat())
        })
    })
}

/// The question after a slip; nothing when nothing is close, and all there are should be told.
fn perhaps(typed: &str, known: &[&str]) -> Option<String> {
    suggest::question(&suggest::closest(typed, known.iter().copied()))
}

/// The most people of a crowd that scales.
const LARGEST_SCALE: u32 = 100_000;

/// The size of a crowd.
///
/// # Errors
/// The smallest and the largest.
pub fn size(text: &str) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|size| (SMALLEST_SCALE..=LARGEST_SCALE).contains(size))
        .ok_or_else(|| {
            format!("write numbers from {SMALLEST_SCALE} to {LARGEST_SCALE}, such as 1000,10000")
        })
}

/// The form of the lines that tell of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogForm {
    /// For people
    Text,
    /// For programs: one JSON object a line
    Json,
}

/// What to do at the end with what a run made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Cleanup {
    /// Delete it; deactivate users that cannot be deleted
    #[default]
    Delete,
    /// Deactivate users and delete groups
    Deactivate,
    /// Leave everything as it is
    None,
}

/// How a sweep removes users; that it removes none makes no sense.
///
/// # Errors
/// The words there are.
pub fn removal(text: &str) -> Result<Cleanup, String> {
    match text {
        "delete" => Ok(Cleanup::Delete),
        "deactivate" => Ok(Cleanup::Deactivate),
        _ => Err("write delete or deactivate".to_owned()),
    }
}

/// A run id: part of every login and group name, so it must fit into both. By it a run tells its own people from
/// others, whose data it masks; so it must be too long to stand in somebody's name by chance.
///
/// # Errors
/// What it may hold.
pub fn run_id(text: &str) -> Result<String, String> {
    let fits = (6..=20).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if fits {
        Ok(text.to_owned())
    } else {
        Err("write 6 to 20 of a-z and 0-9".to_owned())
    }
}

/// `qa+{}@acme.io`: an address in which `{}` is replaced by something unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailPattern {
    before: String,
    after: String,
}

impl EmailPattern {
    /// The address with `unique` in it.
    #[must_use]
    pub fn fill(&self, unique: &str) -> String {
        format!("{}{unique}{}", self.before, self.after)
    }
}

impl FromStr for EmailPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let problem = "write an address with {} in it once, such as qa+{}@acme.io";
        let (before, after) = text.split_once("{}").ok_or(problem)?;
        let at_signs = text.matches('@').count();
        let odd = |c: char| c.is_whitespace() || c.is_control() || c == '{' || c == '}';
        let whole = !text.starts_with('@') && !text.ends_with('@');
        if at_signs != 1 || !whole || before.contains(odd) || after.contains(odd) {
            return Err(problem.to_owned());
        }
        Ok(Self {
            before: before.to_owned(),
            after: after.to_owned(),
        })
    }
}

/// `name=text` or `name:=JSON`: an attribute that every user gets.
///
/// # Errors
/// A sentence on what to write.
pub fn attribute(text: &str) -> Result<(String, Value), String> {
    let problem = "write name=text, or name:=value for a number, true, false or other JSON";
    let (name, value) = text.split_once('=').ok_or(problem)?;
    let (name, value) = match name.strip_suffix(':') {
        Some(name) => {
            let value = serde_json::from_str(value)
                .map_err(|error| format!("what follows := is not JSON: {error}"))?;
            (name, value)
        }
        None => (name, Value::from(value)),
    };
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err(problem.to_owned());
    }
    Ok((name.to_owned(), value))
}

/// A form in which a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportForm {
    /// [`crate::report::json`].
    Json,
    /// All exchanges, as an HTTP archive.
    Har,
    /// JUnit XML.
    Junit,
    /// The table of a plan, for a spreadsheet.
    Csv,
}

/// Where a report goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportTo {
    /// `-`.
    Stdout,
    /// A file.
    File(PathBuf),
}

/// `json=report.json`, `junit=-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportWish {
    /// The form.
    pub form: ReportForm,
    /// The place.
    pub to: ReportTo,
}

impl FromStr for ReportWish {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let problem =
            "write json=FILE, junit=FILE, har=FILE or csv=FILE; - as FILE is the standard output";
        let (form, to) = text.split_once('=').ok_or(problem)?;
        let form = match form {
            "json" => ReportForm::Json,
            "har" => ReportForm::Har,
            "junit" => ReportForm::Junit,
            "csv" => ReportForm::Csv,
            _ => return Err(problem.to_owned()),
        };
        let to = match to {
            "" => return Err(problem.to_owned()),
            "-" => ReportTo::Stdout,
            path => ReportTo::File(path.into()),
        };
        Ok(Self { form, to })
    }
}

impl fmt::Display for ReportForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Json => "json",
            Self::Har => "har",
            Self::Junit => "junit",
            Self::Csv => "csv",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_units() {
        for (text, expected) in [
            ("0", 0),
            ("64kB", 64_000),
            ("256MB", 256_000_000),
            ("1.5GB", 1_500_000_000),
            ("1000GB", 1_000_000_000_000),
        ] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in [
            "", "5", "MB", "5MiB", "5TB", "-1MB", "1..5MB", "1001GB", "256 MB", "NaNMB",
        ] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_have_units() {
        let good = [
            ("0", 0),
            ("500ms", 500),
            ("2s", 2000),
            ("1.5s", 1500),
            ("3m", 180_000),
            ("1h", 3_600_000),
        ];
        for (text, millis) in good {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "",
            "2",
            "s",
            "-1s",
            "1.2.3s",
            "2 s",
            "2sec",
            "1e9s",
            "25h",
            "99999999999999999999h",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!(
            duration("2"),
            Err("the unit is missing; write 2s or 2ms".into())
        );
        assert!(some_time("0s").is_err());
    }

    #[test]
    fn variables_have_a_name_and_scales_are_small() {
        assert_eq!(assignment("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(assignment("=b").is_err() && assignment("a").is_err());
        assert_eq!(scale("0"), Ok(0.0));
        for text in ["-1", "101", "NaN", "x"] {
            assert!(scale(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rates_are_positive_numbers() {
        assert_eq!(rate("0.5"), Ok(0.5));
        for text in ["0", "-1", "NaN", "inf", "", "ten"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn e_mail_patterns_have_one_place() {
        let pattern: EmailPattern = "qa+{}@acme.io".parse().unwrap();
        assert_eq!(pattern.fill("ada.r7"), "qa+ada.r7@acme.io");
        for text in [
            "",
            "qa@acme.io",
            "{}{}@acme.io",
            "{}",
            "qa {}@acme.io",
            "{}@",
            "@{}",
            "a@{}@b",
        ] {
            assert!(text.parse::<EmailPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn attributes_are_text_or_json() {
        assert_eq!(
            attribute("costCenter=42"),
            Ok(("costCenter".into(), "42".into()))
        );
        assert_eq!(
            attribute("costCenter:=42"),
            Ok(("costCenter".into(), 42.into()))
        );
        assert_eq!(attribute("note=a=b"), Ok(("note".into(), "a=b".into())));
        assert_eq!(attribute("note="), Ok(("note".into(), "".into())));
        for text in ["note", "=x", "a b=x", "n:=oops"] {
            assert!(attribute(text).is_err(), "{text}");
        }
    }

    #[test]
    fn reports_have_a_form_and_a_place() {
        let wish: ReportWish = "junit=out/r=1.xml".parse().unwrap();
        assert_eq!(wish.form, ReportForm::Junit);
        assert_eq!(wish.to, ReportTo::File("out/r=1.xml".into()));
        assert_eq!("json=-".parse::<ReportWish>().unwrap().to, ReportTo::Stdout);
        for text in ["json", "json=", "xml=a", "=a"] {
            assert!(text.parse::<ReportWish>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_read_with_their_aliases() {
        assert_eq!(app("aiw"), Ok(App::Custom));
        assert_eq!(app("template"), Ok(App::Oin));
        assert!(app("okta").is_err());
        assert_eq!(feature("entitlements"), Ok(Feature::Entitlements));
        assert!(feature("x").is_err());
        assert_eq!(removal("deactivate"), Ok(Cleanup::Deactivate));
        assert!(removal("none").is_err());
        assert_eq!(run_id("r7x2k9"), Ok("r7x2k9".into()));
        for text in [
            "",
            "ada",
            "r7x2k",
            "R7X2K9",
            "a-b-c-d",
            "a".repeat(21).as_str(),
        ] {
            assert!(run_id(text).is_err(), "{text}");
        }
    }
}
