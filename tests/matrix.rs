//! The judge on trial: every fault of the reference server against the whole catalogue.

#[path = "support/bench.rs"]
mod bench;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bench::{Bench, Seed};
use scim_conform::server::{Fault, Policy};

fn seed(fault: Fault) -> Seed {
    match fault {
        Fault::LookupMissAnswersStranger | Fault::CreateAnswersStranger => bench::strangers,
        _ => bench::nobody,
    }
}

fn all() -> BTreeMap<Fault, Vec<String>> {
    let bench = Bench::new(&[]);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some(fault) = Fault::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
            let policy = Policy::default().with_fault(*fault);
            let t = std::time::Instant::now();
            eprintln!("start {fault}");
            let ran = bench.run(&policy, seed(*fault));
            eprintln!("end {fault} {:?} {}", t.elapsed(), ran.result.exchanges);
            done.lock()
                .unwrap()
                .insert(*fault, bench::lines(&ran.result));
        }
    };
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    done.into_inner().unwrap()
}

#[test]
fn known_good() {
    let ran = Bench::new(&[]).run(&Policy::default(), bench::nobody);
    assert_eq!(bench::lines(&ran.result), Vec::<String>::new());
}

#[test]
fn matrix() {
    let all = all();
    let mut text = String::new();
    for (fault, ran) in &all {
        text += &format!("{fault}: {}\n", fault.wrong());
        for line in ran {
            text += &format!("  {line}\n");
        }
    }
    insta::assert_snapshot!(text);
}
