//! `calibrate`: a recording of a real tenant, beside what our Okta would have sent.

mod told;

use std::io::Write as _;

use serde::Serialize;

use crate::okta::App;
use crate::recording;
use crate::recording::calibrate::{self, Calibration, Options};
use crate::redact::characters;

use super::args::{CalibrateArgs, RecordedApp};
use super::error::CliError;
use super::exit::Exit;
use super::judge::{nothing, read_all};
use super::reports;
use super::streams::Streams;
use super::values::{ReportForm, ReportTo};

/// Compares. Exit 0: all of it is sent here, too; 1: some of it is not, or not so.
///
/// # Errors
/// [`CliError`], when a file cannot be read or the report cannot be written.
pub(crate) fn execute(args: &CalibrateArgs, streams: &mut Streams) -> Result<Exit, CliError> {
    reports::check(&args.report)?;
    if let Some(wish) = args
        .report
        .iter()
        .find(|wish| wish.form != ReportForm::Json)
    {
        return Err(CliError::ReportOfCalibration(wish.form.name().to_owned()));
    }
    let entries = read_all(&args.files)?;
    let all = entries.len();
    let elsewhere = match &args.base {
        Some(_) => recording::bases(&entries),
        None => Vec::new(),
    };
    let options = Options {
        base: args.base.clone(),
        app: match args.app {
            RecordedApp::Auto => None,
            RecordedApp::Custom => Some(App::Custom),
            RecordedApp::Oin => Some(App::Oin),
        },
        unordered: args.unordered,
    };
    let Some(calibration) = calibrate::calibrate(entries, &options)? else {
        return nothing(all, args.base.is_some(), &elsewhere, streams);
    };
    let (made, _) = reports::make(&args.report, |_| Ok(json(&calibration)));
    let (written, failure) = reports::write(made, streams);
    let mut text = told::render(&calibration, streams.width);
    for path in &written {
        text.push_str(&format!("\nwrote {}\n", path.display()));
    }
    if args.report.iter().any(|wish| wish.to == ReportTo::Stdout) {
        (streams.person.talk)().write_all(text.as_bytes())?;
    } else {
        streams.print(&text)?;
    }
    let exit = match calibration.others() {
        0 => Exit::Success,
        _ => Exit::Findings,
    };
    match failure {
        Some(error) => Err(error),
        None => Ok(exit),
    }
}

/// The number in `format`.
const FORMAT: u32 = 1;

/// The comparison as indented JSON text.
fn json(calibration: &Calibration) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        format: u32,
        tool: String,
        #[serde(flatten)]
        calibration: &'a Calibration,
    }
    let document = Document {
        format: FORMAT,
        tool: format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")),
        calibration,
    };
    // Serialising to memory fails only on map keys that are not strings; there are none.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    characters::json(text)
}
