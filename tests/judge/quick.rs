//! What `--quick` still sees, and what it leaves out: docs/performance.md says so.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use scim_conform::cli::selection::QUICK;
use scim_conform::server::{Fault, Policy};
use scim_conform::verdict::Level;

use crate::bench::{self, Bench};

/// Of all faults that are an error in a whole run, so many must be one in a quick run: two of three.
const LEAST: (usize, usize) = (2, 3);

fn errors(bench: &Bench, fault: Fault) -> usize {
    let policy = Policy::default().with_fault(fault);
    let result = bench.run(&policy, bench::nobody, Duration::ZERO);
    let findings = result.findings.iter();
    findings.filter(|f| f.level == Level::Error).count()
}

#[test]
fn a_quick_run_sees_most_faults_with_few_scenarios() {
    let whole = Bench::new(&[]);
    let is_quick = |tags: &[String]| tags.iter().any(|tag| tag == QUICK);
    let chosen: Vec<_> = whole
        .scenarios()
        .iter()
        .filter(|scenario| is_quick(&scenario.tags))
        .map(Arc::clone)
        .collect();
    assert!((20..40).contains(&chosen.len()), "{}", chosen.len());
    let quick = whole.with(chosen);
    let seen: BTreeSet<&str> = Fault::ALL
        .iter()
        .filter(|fault| errors(&quick, **fault) > 0)
        .map(|fault| fault.name())
        .collect();
    let matrix = include_str!("../snapshots/judge__matrix__what_each_fault_is_seen_as.snap");
    let mut fault = "";
    let mut all = BTreeSet::new();
    for line in matrix.lines() {
        if let Some((name, _)) = line.split_once(": ").filter(|_| !line.starts_with(' ')) {
            fault = name;
        }
        if line.contains(" error ") {
            all.insert(fault);
        }
    }
    let left_out: Vec<_> = all.difference(&seen).collect();
    let (seen, all) = (all.intersection(&seen).count(), all.len());
    assert!(
        seen * LEAST.1 >= all * LEAST.0,
        "{seen} of {all}; not {left_out:?}"
    );
}
