//! The variants of Okta's behaviour, for people: how to learn them, and which do not go together.

use crate::okta::{App, Variant, Variants};
use crate::report::text::{hang, pad};
use crate::suggest;

use super::error::CliError;

/// Columns of a line that says what a variant is.
const NAMES: usize = 26;

/// `scenarios variants`: what each means, changes on the wire, and is known by.
pub(crate) fn table(width: usize) -> String {
    let mut shown = String::from(
        "What nobody has shown of Okta. Each is off; --variant NAME switches it on.\n",
    );
    for meta in Variant::ALL.map(Variant::meta) {
        let apps = match meta.apps {
            [one] => one.as_str(),
            _ => "both apps",
        };
        shown.push_str(&format!(
            "\n{}  {apps}, {}\n",
            pad(meta.name, NAMES),
            meta.evidence
        ));
        shown.push_str(&hang("  ", meta.meaning, width, usize::MAX));
        shown.push_str(&hang(
            "  wire: ",
            &meta.wire.replace('`', ""),
            width,
            usize::MAX,
        ));
    }
    shown
}

/// A variant by its name.
///
/// # Errors
/// The names there are, and what they mean.
pub(crate) fn variant(text: &str) -> Result<Variant, String> {
    let found = Variant::ALL.into_iter().find(|v| v.as_str() == text);
    found.ok_or_else(|| {
        let names = Variant::ALL.map(Variant::as_str);
        let mut told = match &suggest::closest(text, names)[..] {
            [name, ..] => format!("did you mean {name}? There are:\n"),
            [] => "there are:\n".to_owned(),
        };
        for meta in Variant::ALL.map(Variant::meta) {
            let first = format!("  {}  ", pad(meta.name, NAMES));
            told.push_str(&hang(&first, meta.meaning, 80, usize::MAX));
        }
        told.push_str("scenarios variants says more");
        told
    })
}

/// That no two of them decide the same thing, and that each has something to decide.
///
/// # Errors
/// Two that exclude each other; one that changes nothing for the apps that are chosen.
pub(crate) fn check(variants: &[Variant], apps: &[App]) -> Result<(), CliError> {
    let set: Variants = variants.iter().copied().collect();
    if let Some((one, other)) = set.conflict() {
        return Err(CliError::VariantsExclude { one, other });
    }
    let idle = set
        .iter()
        .find(|variant| !variant.meta().apps.iter().any(|app| apps.contains(app)));
    match idle {
        Some(variant) => Err(CliError::VariantOfOtherApp { variant }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::exit::Exit;

    #[test]
    fn an_unknown_name_is_told_all_there_are() {
        assert_eq!(variant("patch-profile"), Ok(Variant::PatchProfile));
        let told = variant("patch-profil").unwrap_err();
        assert!(told.starts_with("did you mean patch-profile?"), "{told}");
        for known in Variant::ALL {
            assert!(told.contains(known.as_str()), "{told}");
            assert!(table(80).contains(known.as_str()));
        }
        assert!(
            told.lines()
                .chain(table(80).lines())
                .all(|l| l.chars().count() <= 80)
        );
    }

    #[test]
    fn two_that_exclude_each_other_are_wrong_usage() {
        let both = [Variant::Batch256, Variant::Batch1000];
        let error = check(&both, &App::ALL).unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert_eq!(
            error.to_string(),
            "--variant batch-256 and --variant batch-1000 exclude each other"
        );
        assert!(check(&both[..1], &App::ALL).is_ok());
        assert!(check(&[Variant::Batch256, Variant::Batch256], &App::ALL).is_ok());
    }

    #[test]
    fn a_variant_of_another_app_is_wrong_usage() {
        let error = check(&[Variant::PatchProfile], &[App::Custom]).unwrap_err();
        assert_eq!(
            error.hint().as_deref(),
            Some("it changes what oin apps send")
        );
        assert!(check(&[Variant::PatchProfile], &[App::Oin]).is_ok());
    }
}
