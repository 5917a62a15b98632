//! Ctrl-C and its like, at every moment: nothing waits for a silent target, nothing is left untold.
#![cfg(unix)]

#[path = "support/falling_silent.rs"]
mod falling_silent;
#[path = "support/program.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod program;
#[path = "support/suite_exports.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod suite_exports;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use falling_silent::FallingSilent;
use nix::pty::{OpenptyResult, openpty};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use program::{Serving, TOKEN, command};

/// So long an answer would be waited for if anybody did.
const PATIENT: [&str; 2] = ["--timeout", "10m"];

fn send(child: &Child, signal: Signal) {
    let id = Pid::from_raw(i32::try_from(child.id()).unwrap());
    kill(id, signal).unwrap();
}

fn start(state: &Path, arguments: &[&str]) -> Child {
    command(state, arguments)
        .env("SCIM_CONFORM_TOKEN", TOKEN)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The end of a command: its exit code, and all that it said.
fn ended(child: Child) -> (Option<i32>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    let text = String::from_utf8([stdout, stderr].concat()).unwrap();
    let words: Vec<&str> = text.split_whitespace().collect();
    (status.code(), words.join(" "))
}

fn ledgers(state: &Path) -> usize {
    std::fs::read_dir(state.join("ledgers")).map_or(0, Iterator::count)
}

#[test]
fn a_request_under_way_is_dropped_and_the_clean_up_does_not_wait_for_long() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let state = tempfile::tempdir().unwrap();
        let serving = Serving::start(state.path(), TOKEN, &[]);
        let silent = FallingSilent::before(&serving.url, 40);
        let target = ["--target", &silent.url, "--yes"];
        let child = start(
            state.path(),
            &[&["run", "lifecycle", "users"], &target[..], &PATIENT].concat(),
        );
        silent.wait_until_silent(40);
        send(&child, signal);
        let (code, text) = ended(child);
        assert_eq!(code, Some(130), "{text}");
        // The clean-up tried as often as is tried at once, not every account.
        assert!(silent.seen() < 90, "{}", silent.seen());
        assert!(text.contains("Left behind"), "{text}");
        assert!(text.contains("scim-conform sweep --target"), "{text}");
        assert!(serving.users() > 0 && ledgers(state.path()) == 1);
        sweep(state.path(), &silent, &serving);
    }
}

/// Points the ledger at the server itself, and sweeps.
fn sweep(state: &Path, silent: &FallingSilent, serving: &Serving) {
    for entry in std::fs::read_dir(state.join("ledgers")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace(&silent.url, &serving.url)).unwrap();
    }
    let child = start(state, &["sweep", "--yes", "--target", &serving.url]);
    let (code, text) = ended(child);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!((serving.users(), ledgers(state)), (0, 0), "{text}");
}

#[test]
fn the_second_one_leaves_at_once_and_says_what_to_do() {
    let state = tempfile::tempdir().unwrap();
    let serving = Serving::start(state.path(), TOKEN, &[]);
    let silent = FallingSilent::before(&serving.url, 40);
    let target = ["--target", &silent.url, "--yes"];
    let child = start(
        state.path(),
        &[&["run", "lifecycle", "users"], &target[..], &PATIENT].concat(),
    );
    silent.wait_until_silent(40);
    send(&child, Signal::SIGINT);
    std::thread::sleep(Duration::from_millis(500));
    send(&child, Signal::SIGINT);
    let (code, text) = ended(child);
    assert_eq!(code, Some(130), "{text}");
    let told = format!("scim-conform sweep --target {}", silent.url);
    assert!(text.contains(&told), "{text}");
    assert!(!text.contains("works with"), "nothing is judged: {text}");
    assert!(serving.users() > 0 && ledgers(state.path()) == 1);
    sweep(state.path(), &silent, &serving);
}

#[test]
fn what_is_heard_twice_is_one_interruption() {
    let state = tempfile::tempdir().unwrap();
    let serving = Serving::start(state.path(), TOKEN, &[]);
    let target = ["--target", &serving.url, "--yes", "--rate", "40"];
    let child = start(state.path(), &[&["run", "users"], &target[..]].concat());
    while serving.users() == 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    // A terminal that closes tells the program, and so does its shell.
    send(&child, Signal::SIGHUP);
    std::thread::sleep(Duration::from_millis(20));
    send(&child, Signal::SIGHUP);
    let (code, text) = ended(child);
    assert_eq!(code, Some(130), "{text}");
    assert_eq!((serving.users(), ledgers(state.path())), (0, 0), "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn whoever_is_to_outlive_the_terminal_does() {
    let state = tempfile::tempdir().unwrap();
    let serving = Serving::start(state.path(), TOKEN, &[]);
    let program = env!("CARGO_BIN_EXE_scim-conform");
    let script = format!(
        "trap '' HUP; exec {program} run users/create-minimal --settle 0s --yes --rate 20 --target {}",
        serving.url
    );
    let child = Command::new("sh")
        .args(["-c", &script])
        .env("SCIM_CONFORM_STATE", state.path())
        .env("SCIM_CONFORM_TOKEN", TOKEN)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while serving.users() == 0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    send(&child, Signal::SIGHUP);
    let (code, text) = ended(child);
    assert_eq!(code, Some(0), "{text}");
}

/// Runs a command on a terminal of its own until it asks, interrupts it, and gives its exit code and what it said.
fn interrupted_at_the_question(state: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let OpenptyResult { master, slave } = openpty(None, None).unwrap();
    let mut child = command(state, arguments)
        .env("SCIM_CONFORM_TOKEN", TOKEN)
        .stdin(slave.try_clone().unwrap())
        .stderr(slave)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut talk = BufReader::new(File::from(master));
    let mut text = Vec::new();
    while !text.ends_with(b"[y/N] ") {
        let read = talk.fill_buf().unwrap();
        let first = read.first().copied().unwrap();
        text.push(first);
        talk.consume(1);
    }
    send(&child, Signal::SIGINT);
    let code = child.wait().unwrap().code();
    // A terminal whose other side is closed gives an error at its end.
    let _ = talk.read_to_end(&mut text);
    (code, String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn at_the_question_it_ends_at_once_and_nothing_was_written() {
    let state = tempfile::tempdir().unwrap();
    let serving = Serving::start(state.path(), TOKEN, &["--seed-users", "1"]);
    let (code, text) = interrupted_at_the_question(
        state.path(),
        &["run", "users/create", "--target", &serving.url],
    );
    assert_eq!(code, Some(130), "{text}");
    assert!(text.contains("interrupted, nothing was sent"), "{text}");
    assert_eq!((serving.users(), ledgers(state.path())), (1, 0));

    let suite = state.path().join("suite.json");
    std::fs::write(&suite, suite_exports::spec()).unwrap();
    let (code, text) = interrupted_at_the_question(
        state.path(),
        &[
            "runscope",
            suite.to_str().unwrap(),
            "--target",
            &serving.url,
        ],
    );
    assert_eq!(code, Some(130), "{text}");
    assert_eq!((serving.users(), ledgers(state.path())), (1, 0));

    let kept = ["--cleanup", "none", "--yes", "--target", &serving.url];
    let child = start(
        state.path(),
        &[&["run", "users/create-minimal"], &kept[..]].concat(),
    );
    assert_eq!(ended(child).0, Some(0));
    let there = serving.users();
    let (code, text) =
        interrupted_at_the_question(state.path(), &["sweep", "--target", &serving.url]);
    assert_eq!(code, Some(130), "{text}");
    assert_eq!((serving.users(), ledgers(state.path())), (there, 1));
}

#[test]
fn a_sweep_and_an_exported_test_do_not_wait_for_a_silent_target_either() {
    let state = tempfile::tempdir().unwrap();
    let serving = Serving::start(state.path(), TOKEN, &[]);
    let kept = ["--cleanup", "none", "--yes", "--target", &serving.url];
    let child = start(
        state.path(),
        &[&["run", "users/create-minimal"], &kept[..]].concat(),
    );
    assert_eq!(ended(child).0, Some(0));
    let silent = FallingSilent::before(&serving.url, 0);
    for entry in std::fs::read_dir(state.path().join("ledgers")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace(&serving.url, &silent.url)).unwrap();
    }
    let sweep = ["sweep", "--yes", "--target", &silent.url];
    let child = start(state.path(), &[&sweep[..], &PATIENT].concat());
    silent.wait_until_silent(0);
    send(&child, Signal::SIGINT);
    let (code, text) = ended(child);
    assert_eq!(code, Some(130), "{text}");
    assert!(text.contains("scim-conform sweep --target"), "{text}");
    assert_eq!(ledgers(state.path()), 1, "{text}");

    let suite = state.path().join("suite.json");
    std::fs::write(&suite, suite_exports::spec()).unwrap();
    let silent = FallingSilent::before(&serving.url, 5);
    let suite = ["runscope", suite.to_str().unwrap()];
    let target = ["--pause-scale", "0", "--yes", "--target", &silent.url];
    let child = start(state.path(), &[&suite[..], &target[..], &PATIENT].concat());
    silent.wait_until_silent(5);
    send(&child, Signal::SIGTERM);
    let (code, text) = ended(child);
    assert_eq!(code, Some(130), "{text}");
    assert!(text.contains("interrupted after"), "{text}");
}
