//! Why a command could not do its job, with the exit code and what to do next.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::defect::Panic;
use crate::oin::{Contradiction, Feature};
use crate::okta::{LoadError, Variant};
use crate::recording::har::HarError;
use crate::report::defect;
use crate::report::file::WriteError;
use crate::report::junit::JunitError;
use crate::report::text::printable;

use super::ask::AskError;
use super::backend::Refusal;
use super::environment::NotUnicode;
use super::exit::Exit;
use super::last_run::LastRunError;
use super::runscope::FileError;
use super::selection::SelectionError;
use super::target::TargetError;
use super::token_command::TokenCommandError;

/// Everything that can stop a command.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// No target, or one that cannot be.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Nothing to run.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// The last run is not known.
    #[error(transparent)]
    LastRun(#[from] LastRunError),
    /// A report cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A report cannot be made.
    #[error(transparent)]
    Junit(#[from] JunitError),
    /// A variable is not text.
    #[error(transparent)]
    NotUnicode(#[from] NotUnicode),
    /// An exported test that cannot be played.
    #[error(transparent)]
    Runscope(#[from] FileError),
    /// The work was not begun.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Two reports to one place.
    #[error("two reports go to {0}")]
    SamePlace(String),
    /// A feature claimed and left out.
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
    /// The plan is about the other app.
    #[error("the plan oin is about an OIN app, and --app leaves it out")]
    PlanWithoutApp,
    /// A feature that says nothing about what to run, unless a plan asks for it.
    #[error("--claim {0} means nothing without a plan")]
    FeatureWithoutPlan(Feature),
    /// A table that no run without a plan has.
    #[error("--report csv is the table of a plan, and there is none")]
    CsvWithoutPlan,
    /// An archive of what was not sent.
    #[error("--report har is an archive of what a run has sent, and this is none")]
    HarWithoutRun,
    /// A form of report that a comparison does not have.
    #[error("calibrate has no report as {0}")]
    ReportOfCalibration(String),
    /// A fault that shows itself between two tenants only.
    #[error("the fault {0} needs two tenants, and serve has one")]
    FaultOfTwoTenants(&'static str),
    /// Accepting snapshots in CI would make any answer right.
    #[error("--update-snapshots does nothing good in CI")]
    UpdateInCi,
    /// Two variants decide the same thing.
    #[error("--variant {one} and --variant {other} exclude each other")]
    VariantsExclude {
        /// One.
        one: Variant,
        /// The other.
        other: Variant,
    },
    /// A variant would change nothing.
    #[error("--variant {variant} has no effect on these apps")]
    VariantOfOtherApp {
        /// Which.
        variant: Variant,
    },
    /// A word that `explain` does not know.
    #[error("nothing is known about {what}")]
    Unexplained {
        /// The word.
        what: String,
        /// What was perhaps meant.
        hint: Option<String>,
    },
    /// Nothing was pasted.
    #[error("there is nothing to explain")]
    NothingToExplain,
    /// A report is none.
    #[error("{file} is no JSON report of scim-conform: {reason}")]
    NoReport {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Something else than a finding is looked for among findings.
    #[error("{what} is not the id of a finding")]
    NoFindingId {
        /// As given.
        what: String,
    },
    /// A finding that the last run, or the report, does not have.
    #[error("{of} has no finding {id}")]
    NoFinding {
        /// Whose findings they are.
        of: String,
        /// Its id.
        id: String,
        /// Those that it has.
        hint: String,
    },
    /// A recording cannot be read.
    #[error("cannot read {file}: {source}")]
    NoRecording {
        /// The file.
        file: String,
        /// The system's words.
        source: io::Error,
    },
    /// A recording is too large.
    #[error("{file} is larger than {limit} MiB")]
    LargeRecording {
        /// The file.
        file: String,
        /// The bound, in MiB.
        limit: u64,
    },
    /// A recording is no HAR.
    #[error("{file}: {source}")]
    BadRecording {
        /// The file.
        file: String,
        /// What is wrong, and where.
        source: HarError,
    },
    /// This build is broken.
    #[error(transparent)]
    Okta(#[from] LoadError),
    /// A name that no scenario can have.
    #[error("{0:?} cannot be the id of a scenario")]
    ScenarioId(String),
    /// A new scenario cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    NewScenario {
        /// Where.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// Our own output is gone.
    #[error("cannot write to the standard output: {0}")]
    Output(#[from] io::Error),
}

impl CliError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Target(error) => error.hint().map(str::to_owned),
            Self::Selection(error) => Some(error.hint()),
            Self::LastRun(error) => Some(error.hint().to_owned()),
            Self::Refused(Refusal::Usage { hint, .. } | Refusal::World { hint, .. })
            | Self::Unexplained { hint, .. } => hint.clone(),
            Self::Refused(Refusal::Ask(error)) => error.hint().map(str::to_owned),
            Self::Refused(Refusal::Left {
                target,
                can_sweep: true,
            }) => Some(format!("scim-conform sweep --target {target}")),
            Self::NoFinding { hint, .. } => Some(hint.clone()),
            Self::NoReport { .. } => {
                Some("scim-conform run --report json=FILE writes one".to_owned())
            }
            Self::NoFindingId { .. } => {
                Some("with --report or --embedded give F1, or another id that the run has said".to_owned())
            }
            Self::NothingToExplain => {
                Some("give F1, the name of a check, or a line of Okta's log".to_owned())
            }
            Self::VariantsExclude { .. } => {
                Some("they decide the same thing: run once with each".to_owned())
            }
            Self::VariantOfOtherApp { variant } => {
                let apps = variant.meta().apps.iter().map(|app| app.as_str());
                let apps: Vec<&str> = apps.collect();
                Some(format!("it changes what {} apps send", apps.join(" and ")))
            }
            Self::ScenarioId(_) => Some(
                "write a folder and a name in lower-case letters, digits and `-`, such as rename/marriage; \
                 `okta` and `vendors` are taken"
                    .to_owned(),
            ),
            Self::NewScenario { error, .. } if error.kind() == io::ErrorKind::AlreadyExists => {
                Some("what is there is left alone; choose another id".to_owned())
            }
            Self::Runscope(error) => error.hint(),
            Self::SamePlace(_) => Some("give each --report its own file".to_owned()),
            Self::PlanWithoutApp => Some("leave out --app, or write --app oin,custom".to_owned()),
            Self::FeatureWithoutPlan(_) => {
                Some("every run does it where it can; add --plan oin, or leave it out".to_owned())
            }
            Self::ReportOfCalibration(_) => Some("write --report json=FILE".to_owned()),
            Self::HarWithoutRun => Some("write --report json=FILE".to_owned()),
            Self::CsvWithoutPlan => Some("only run --plan oin has one; write --report json=FILE".to_owned()),
            Self::FaultOfTwoTenants(fault) => Some(format!(
                "scim-conform run --fault {fault} --allow two-tenants"
            )),
            Self::UpdateInCi => {
                Some("accept them on your own machine and commit the files".to_owned())
            }
            Self::LargeRecording { .. } => Some(
                "keep only what belongs to the SCIM server, or record less at a time".to_owned(),
            ),
            Self::BadRecording { source, .. } => Some(match source {
                HarError::NoEntries | HarError::Empty => "docs/judging-recordings.md says how to make one".to_owned(),
                HarError::Syntax { .. } | HarError::Truncated { .. } => {
                    "the export was cut off or edited; export it again".to_owned()
                }
            }),
            Self::Okta(_) => Some("this is a defect of this build; please report it".to_owned()),
            Self::NoRecording { .. }
            | Self::Refused(Refusal::Files { .. } | Refusal::Interrupted | Refusal::Left { .. })
            | Self::Write(_)
            | Self::Junit(_)
            | Self::Contradiction(_)
            | Self::NotUnicode(_)
            | Self::NewScenario { .. }
            | Self::Output(_) => None,
        }
    }

    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Refused(
                Refusal::Interrupted | Refusal::Left { .. } | Refusal::Ask(AskError::Interrupted),
            )
            | Self::Target(TargetError::Command(TokenCommandError::Interrupted)) => {
                Exit::Interrupted
            }
            Self::Refused(Refusal::World { .. } | Refusal::Ask(AskError::Declined))
            | Self::Output(_)
            | Self::Junit(_) => Exit::Undecided,
            _ => Exit::Usage,
        }
    }

    /// Tells the error: `error: …` and, where there is something to do, `hint: …`.
    ///
    /// # Errors
    /// Those of `talk`.
    pub fn tell(&self, talk: &mut dyn Write) -> io::Result<()> {
        if let Self::Refused(Refusal::Files { shown, .. }) = self {
            writeln!(talk, "{}", shown.trim_end())?;
        }
        tell(talk, "error", &self.to_string())?;
        match self.hint() {
            Some(hint) => tell(talk, "hint", &hint),
            None => Ok(()),
        }
    }
}

/// Tells what failed of this tool itself, and what to do about it; nothing when nothing did.
///
/// # Errors
/// Those of `talk`.
pub(crate) fn tell_defects(panics: &[Panic], talk: &mut dyn Write) -> io::Result<()> {
    for panic in panics {
        let text = format!("scim-conform itself failed, a defect of ours: {panic}");
        tell(talk, "error", &text)?;
    }
    match panics {
        [] => Ok(()),
        _ => tell(talk, "hint", &defect::what_to_send()),
    }
}

/// One line of talk after a word, made harmless.
///
/// # Errors
/// Those of `talk`.
pub(crate) fn tell(talk: &mut dyn Write, word: &str, text: &str) -> io::Result<()> {
    let style = match word {
        "error" => anstyle::AnsiColor::Red.on_default().bold(),
        "warning" => anstyle::AnsiColor::Yellow.on_default().bold(),
        _ => anstyle::AnsiColor::Cyan.on_default(),
    };
    writeln!(talk, "{style}{word}:{style:#} {}", printable(text))
}
