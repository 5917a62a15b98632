//! `run --plan`: which scenarios a plan needs, and what its answers mean for the exit code.

use crate::oin::{Claims, Readiness};
use crate::okta::App;

use super::args::RunArgs;
use super::error::CliError;
use super::exit::Exit;
use super::values::{PlanName, ReportForm};

/// The claims of the arguments; none when they follow no plan.
///
/// # Errors
/// [`CliError`], when they contradict each other.
pub(crate) fn claims(args: &RunArgs) -> Result<Option<Claims>, CliError> {
    let Some(PlanName::Oin) = args.plan else {
        if args.report.iter().any(|wish| wish.form == ReportForm::Csv) {
            return Err(CliError::CsvWithoutPlan);
        }
        if let Some(feature) = args.claim.iter().find(|f| f.offered().is_none()) {
            return Err(CliError::FeatureWithoutPlan(*feature));
        }
        return Ok(None);
    };
    if !args.app.is_empty() && !args.app.contains(&App::Oin) {
        return Err(CliError::PlanWithoutApp);
    }
    Ok(Some(Claims::usual(&args.claim, &args.without)?))
}

/// The apps of a run that names none.
pub(crate) fn usual_apps(claims: Option<&Claims>) -> Vec<App> {
    match claims {
        Some(_) => vec![App::Oin],
        None => App::ALL.to_vec(),
    }
}

impl Exit {
    /// What a run exits with that followed a plan. What is claimed and was not decided must not look as if it were:
    /// the vendor is about to put a name to it.
    #[must_use]
    pub fn with_plan(self, readiness: Option<&Readiness>) -> Self {
        match (self, readiness) {
            (Self::Success | Self::Undecided, Some(plan)) if plan.has_failed() => Self::Findings,
            (Self::Success, Some(plan)) if plan.is_undecided() => Self::Undecided,
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{result, scenario};
    use crate::oin::{Precondition, Standing};
    use crate::verdict::Outcome;

    #[test]
    fn a_claim_that_is_not_shown_is_not_green() {
        let claims = Claims::default();
        let all = |outcome: fn(&str) -> Outcome| {
            let ids = Readiness::scenarios(&claims);
            let of = |id: &String| scenario(id, Some(App::Oin), outcome(id));
            let run = result(ids.iter().map(of).collect(), &[]);
            Readiness::of(&run, &[App::Oin], claims.clone(), vec![])
        };
        let passed = all(|_| Outcome::Passed);
        let skipped = all(|id| match id {
            "imports/users" => Outcome::NotRun("too many".into()),
            _ => Outcome::Passed,
        });
        let mut unready = all(|_| Outcome::Passed);
        unready.preconditions.push(Precondition {
            id: "first-user",
            title: "",
            standing: Standing::Failed(vec![]),
            seen: String::new(),
            to_do: "",
        });
        for (before, plan, after) in [
            (Exit::Success, None, Exit::Success),
            (Exit::Success, Some(&passed), Exit::Success),
            (Exit::Success, Some(&skipped), Exit::Undecided),
            (Exit::Findings, Some(&skipped), Exit::Findings),
            (Exit::Success, Some(&unready), Exit::Findings),
            (Exit::Undecided, Some(&unready), Exit::Findings),
            (Exit::Interrupted, Some(&unready), Exit::Interrupted),
        ] {
            assert_eq!(before.with_plan(plan), after, "{before:?}");
        }
    }
}
