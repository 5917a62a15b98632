//! Reports on their way: checked before a run, made after it, and written. What fails of one keeps no other back.

use std::path::PathBuf;

use crate::defect::{self, Panic, Phase};
use crate::report::file;

use super::error::CliError;
use super::streams::Streams;
use super::values::{ReportForm, ReportTo, ReportWish};

/// A report that is made, or cannot be.
pub(crate) struct Made<'w> {
    wish: &'w ReportWish,
    text: Result<String, CliError>,
}

/// A form that this tool fails to make.
pub(crate) struct Failed {
    /// Which.
    pub(crate) form: ReportForm,
    /// How.
    pub(crate) panic: Panic,
}

impl ReportForm {
    /// What it is called in a sentence.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON report",
            Self::Har => "HTTP archive",
            Self::Junit => "JUnit report",
            Self::Csv => "table of the plan",
        }
    }

    fn phase(self) -> Phase {
        match self {
            Self::Json => Phase::Json,
            Self::Har => Phase::Har,
            Self::Junit => Phase::Junit,
            Self::Csv => Phase::Csv,
        }
    }
}

/// Finds out whether a report is wished for that only a run has.
///
/// # Errors
/// When it is.
pub(crate) fn without_run(wishes: &[ReportWish]) -> Result<(), CliError> {
    for wish in wishes {
        match wish.form {
            ReportForm::Json | ReportForm::Junit => {}
            ReportForm::Har => return Err(CliError::HarWithoutRun),
            ReportForm::Csv => return Err(CliError::CsvWithoutPlan),
        }
    }
    Ok(())
}

/// Finds out before the run what would else be found out after it.
///
/// # Errors
/// When a report cannot be written where it should.
pub(crate) fn check(wishes: &[ReportWish]) -> Result<(), CliError> {
    let mut places = Vec::new();
    for wish in wishes {
        if places.contains(&&wish.to) {
            let place = match &wish.to {
                ReportTo::Stdout => "the standard output".to_owned(),
                ReportTo::File(path) => path.display().to_string(),
            };
            return Err(CliError::SamePlace(place));
        }
        places.push(&wish.to);
        if let ReportTo::File(path) = &wish.to {
            file::check(path)?;
        }
    }
    Ok(())
}

/// Makes every report that can be made, and says which this tool fails to make.
pub(crate) fn make<'w>(
    wishes: impl IntoIterator<Item = &'w ReportWish>,
    render: impl Fn(ReportForm) -> Result<String, CliError>,
) -> (Vec<Made<'w>>, Vec<Failed>) {
    let (mut made, mut failed) = (Vec::new(), Vec::new());
    for wish in wishes {
        let form = wish.form;
        match defect::caught_now(|| {
            defect::plant(form.phase());
            render(form)
        }) {
            Ok(text) => made.push(Made { wish, text }),
            Err(panic) => failed.push(Failed { form, panic }),
        }
    }
    (made, failed)
}

/// Writes every report that can be written, and gives the first failure.
pub(crate) fn write(
    made: Vec<Made<'_>>,
    streams: &mut Streams,
) -> (Vec<PathBuf>, Option<CliError>) {
    let mut written = Vec::new();
    let mut failure = None;
    for Made { wish, text } in made {
        let done = text.and_then(|text| match &wish.to {
            ReportTo::Stdout => streams.print(&text),
            ReportTo::File(path) => {
                file::write(path, &text)?;
                written.push(path.clone());
                Ok(())
            }
        });
        if let Err(error) = done {
            failure.get_or_insert(error);
        }
    }
    (written, failure)
}
