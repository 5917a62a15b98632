//! A scenario file is read, or its mistakes are shown with the lines that they stand on.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scim_conform::document::{Diagnostics, Look, Source, render};
use scim_conform::scenario::{Context, ScenarioId, read};

fuzz_target!(|bytes: &[u8]| {
    let source = match Source::read("fuzz.yaml", bytes) {
        Ok(source) => source,
        Err(diagnostic) => {
            render(&[diagnostic], Look::default());
            return;
        }
    };
    let mut diagnostics = Diagnostics::new(&source);
    let id = ScenarioId("fuzz/one".to_owned());
    let scenario = read(id, &source, Context { checks: &[] }, &mut diagnostics);
    assert!(scenario.is_some() || diagnostics.has_errors());
    render(&diagnostics.into_sorted(), Look::default());
});
