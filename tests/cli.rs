//! The command line through the front door: the binary, its streams and its exit codes.

#[path = "support/program.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod program;

use program::{Done, command};
use scim_conform::report::text::width_of;

/// Runs the binary with nothing in its environment but `variables` and a place for state that
/// does not exist.
fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Done {
    let state = tempfile::tempdir().unwrap();
    let mut command = command(&state.path().join("none"), arguments);
    command.envs(variables.iter().copied());
    Done::of(command)
}

const COMMANDS: [&[&str]; 16] = [
    &[],
    &["run"],
    &["serve"],
    &["explain"],
    &["runscope"],
    &["sweep"],
    &["scenarios"],
    &["scenarios", "list"],
    &["scenarios", "show"],
    &["scenarios", "lint"],
    &["scenarios", "variants"],
    &["scenarios", "new"],
    &["scenarios", "schema"],
    &["judge"],
    &["record"],
    &["calibrate"],
];

#[test]
fn help_fits_a_terminal_and_goes_to_stdout() {
    for command in COMMANDS {
        for flag in ["-h", "--help"] {
            let arguments = [command, &[flag]].concat();
            let done = run(&arguments, &[("SCIM_CONFORM_TOKEN", "swordfish")]);
            assert_eq!((done.code, &*done.talk), (0, ""), "{arguments:?}");
            for line in done.out.lines() {
                assert!(width_of(line) <= 80, "{arguments:?}: {line}");
            }
            assert!(!done.out.contains("swordfish"));
            assert!(!done.out.contains('\u{1b}'), "colours in a pipe");
        }
    }
}

#[test]
fn help_starts_with_what_somebody_wants_to_do() {
    let help = run(&["--help"], &[]).out;
    assert!(help.starts_with("See what Okta would do:    scim-conform run\n"));
    for code in ["0 ", "1 ", "2 ", "3 ", "130"] {
        assert!(help.contains(&format!("\n  {code}")), "exit code {code}");
    }
}

#[test]
fn help_of_run_names_every_option_once() {
    insta::assert_snapshot!("run_help", run(&["run", "--help"], &[]).out);
}

#[test]
fn the_version_is_the_package_s() {
    let version = format!("scim-conform {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(run(&["--version"], &[]).out, version);
}

/// Arguments, environment, and what must be told on stderr.
type Wrong<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str);

#[test]
fn wrong_usage_is_told_with_a_hint_and_exits_2() {
    let target = ("SCIM_CONFORM_TARGET", "https://a.test");
    let cases: [Wrong<'_>; 34] = [
        (
            &["run"],
            &[("CI", "true")],
            "error: no target is given, and CI is set\n\
             hint: give --target or SCIM_CONFORM_TARGET; --embedded runs against the built-in server\n",
        ),
        (
            &["run"],
            &[("SCIM_CONFORM_TARGET", "")],
            "error: SCIM_CONFORM_TARGET is set but empty\n\
             hint: give a URL such as https://scim.acme.io/v2, or unset it\n",
        ),
        (
            &["run", "--target", ""],
            &[],
            "error: --target is set but empty\n",
        ),
        (
            &["run"],
            &[target, ("SCIM_CONFORM_TOKEN", "")],
            "error: SCIM_CONFORM_TOKEN is set but empty\n\
             hint: a CI secret that this job may not read is empty; without a token, unset it\n",
        ),
        (
            &["run", "--token", "x"],
            &[],
            "error: --token is for a target, and none is given\n",
        ),
        (
            &["run", "--fault", "x"],
            &[target],
            "error: --fault is for the built-in server",
        ),
        (
            &["run", "--auth", "digest"],
            &[],
            "error: invalid value 'digest' for '--auth <FORM>'",
        ),
        (
            &["run", "--auth", "basic"],
            &[target],
            "error: --auth basic needs a token\n",
        ),
        (
            &["run", "--settle", "2"],
            &[],
            "the unit is missing; write 2s or 2ms",
        ),
        (
            &["run", "--timeout", "0s"],
            &[],
            "must be more than nothing",
        ),
        (
            &["run", "--rate", "0"],
            &[],
            "write requests per second, more than 0",
        ),
        (&["run", "--app", "okta"], &[], "the apps are custom"),
        (
            &["run", "--email", "qa@acme.io"],
            &[],
            "write an address with {} in it once",
        ),
        (
            &["run", "--report", "html=x"],
            &[],
            "write json=FILE, junit=FILE, har=FILE or csv=FILE",
        ),
        (&["run", "--plan", "entra"], &[], "the plan is oin"),
        (
            &["run", "--plan", "oin", "users/create"],
            &[],
            "cannot be used with",
        ),
        (
            &["run", "--plan", "oin", "--app", "custom"],
            &[],
            "error: the plan oin is about an OIN app, and --app leaves it out\n\
             hint: leave out --app, or write --app oin,custom\n",
        ),
        (
            &["run", "--plan", "oin", "--claim", "sso"],
            &[],
            "the features are: create, update, deactivate",
        ),
        (
            &[
                "run",
                "--plan",
                "oin",
                "--claim",
                "groups",
                "--without",
                "update,groups",
            ],
            &[],
            "error: groups is both claimed and left out\n",
        ),
        (
            &["run", "--claim", "groups"],
            &[],
            "error: --claim groups means nothing without a plan\n",
        ),
        (&["run", "--without", "groups"], &[], "--plan <NAME>"),
        (
            &["run", "--report", "csv=plan.csv"],
            &[],
            "error: --report csv is the table of a plan, and there is none\n\
             hint: only run --plan oin has one; write --report json=FILE\n",
        ),
        (
            &["run", "--report", "json=no/such/x"],
            &[],
            "error: there is no folder no/such\n",
        ),
        (&["run", "--update-snapshots"], &[], "--snapshots <DIR>"),
        (
            &["run", "--failed"],
            &[],
            "error: no run against the built-in server is remembered\n",
        ),
        (&["sweep"], &[], "error: no target is given\n"),
        (&["run", "--seed", "x"], &[], ": write a whole number\n"),
        (
            &["run", "--concurrency", "0"],
            &[],
            ": write a whole number from 1 to 64\n",
        ),
        (&["run", "--chaos", "-"], &[], ": write a whole number\n"),
        (
            &["serve", "--port", "65536"],
            &[],
            ": write a whole number from 0 to 65535\n",
        ),
        (
            &["run", "--allow", "throtling"],
            &[],
            ": did you mean throttling?\n",
        ),
        (
            &["run", "--claim", "schema-discover"],
            &[],
            ": did you mean schema-discovery?\n",
        ),
        (
            &["run", "--fault", "nope"],
            &[],
            "error: there is no fault \"nope\"\n",
        ),
        (
            &["scenarios", "lint", "Cargo.toml"],
            &[],
            "error: this is a file; name the folder that it is in\n",
        ),
    ];
    for (arguments, variables, told) in cases {
        let done = run(arguments, variables);
        assert_eq!(done.code, 2, "{arguments:?} {variables:?}: {}", done.talk);
        assert!(
            done.talk.contains(told),
            "{arguments:?}: no {told:?} in {:?}",
            done.talk
        );
        assert_eq!(done.out, "", "{arguments:?}");
    }
}

#[test]
fn no_message_repeats_a_secret() {
    let target = &["--target", "https://a.test"][..];
    let cases: [&[&str]; 6] = [
        &["--header", "X-Key swordfish"],
        &["--header", "Authorization: swordfish"],
        &["--token", "Bearer swordfish"],
        &["--token", "sword fish swordfish"],
        &["--auth", "basic", "--token", "swordfish"],
        &["--proxy", "http://u:swordfish@p", "--ca", "no/such/file"],
    ];
    for case in cases {
        let done = run(&[&["run"], target, case].concat(), &[]);
        assert_eq!(done.code, 2, "{case:?}: {}", done.talk);
        assert!(!done.talk.contains("swordfish"), "{}", done.talk);
        assert!(done.talk.starts_with("error: "), "{}", done.talk);
    }
}

#[cfg(unix)]
#[test]
fn a_token_command_that_fails_is_told() {
    let line = ["run", "--target", "https://a.test", "--token-cmd", "exit 7"];
    let done = run(&line, &[("PATH", "/usr/bin:/bin")]);
    assert_eq!(done.code, 2);
    assert_eq!(
        done.talk,
        "error: the token command failed (exit status: 7)\n\
         hint: run the command of --token-cmd by itself; it must print the token and nothing else\n"
    );
}

#[test]
fn an_unknown_word_is_no_explanation() {
    let done = run(&["explain", "zzqx"], &[]);
    assert_eq!(done.code, 2);
    let (first, hint) = done.talk.split_once('\n').unwrap();
    assert_eq!(first, "error: nothing is known about zzqx");
    assert!(hint.starts_with("hint: try fewer words, or a family of checks: connection, "));
    let done = run(&["explain", "F1"], &[]);
    assert_eq!(done.code, 2);
    assert_eq!(
        done.talk,
        "error: no run is remembered\nhint: start with scim-conform run\n"
    );
}

#[test]
fn a_word_of_the_user_cannot_steer_the_terminal() {
    let done = run(&["explain", "zz\u{1b}[2J\u{202e}qx"], &[]);
    let expected = "error: nothing is known about zz\\u{1b}[2J\\u{202e}qx\n";
    assert!(done.talk.starts_with(expected), "{}", done.talk);
}

#[test]
fn colours_are_used_only_where_they_are_wanted() {
    let line = ["explain", "zzqx"];
    let coloured = run(
        &[&line[..], &["--color", "always"]].concat(),
        &[("NO_COLOR", "1")],
    );
    assert!(coloured.talk.contains("\u{1b}["), "{}", coloured.talk);
    for (arguments, variables) in [
        (&["--color", "never"][..], &[("CLICOLOR_FORCE", "1")][..]),
        (&[], &[]),
        (&[], &[("NO_COLOR", "1")]),
    ] {
        let plain = run(&[&line[..], arguments].concat(), variables);
        assert!(!plain.talk.contains('\u{1b}'), "{}", plain.talk);
    }
    let forced = run(&line, &[("CLICOLOR_FORCE", "1")]);
    assert!(forced.talk.contains("\u{1b}["), "{}", forced.talk);
}
