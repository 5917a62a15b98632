//! Every report of one run that holds one of everything.

mod fixture;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use scim_conform::engine::event::{Event, Listener};
use scim_conform::engine::outcome::{Broken, RunResult};
use scim_conform::okta::App;
use scim_conform::report::explain::{self, Found};
use scim_conform::report::kept::{self, KeptFinding};
use scim_conform::report::plan::AtEnd;
use scim_conform::report::snapshots::{OwnSnapshots, SnapshotDifference, SnapshotProblem};
use scim_conform::report::text::width_of;
use scim_conform::report::{
    Closing, Extent, SnapshotCounts, SnapshotOutcome, Terminal, TerminalOptions, Verbosity, http,
    json, junit,
};

/// A stream whose text the test can read.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn options(verbosity: Verbosity) -> TerminalOptions {
    TerminalOptions {
        width: 80,
        extent: Extent::Terminal,
        verbosity,
        progress: false,
        at_end: AtEnd::Removed,
    }
}

/// Own snapshots in CI: one scenario differs, one was never accepted, one file is damaged, one is of no scenario.
fn snapshots() -> SnapshotOutcome {
    let one = |scenario: &str, app, why| SnapshotDifference {
        scenario: scenario.to_owned(),
        app: Some(app),
        why,
        file: format!("{app}/{scenario}.snap"),
        problem: None,
        differences: vec![],
    };
    SnapshotOutcome {
        counts: SnapshotCounts {
            same: 30,
            folded: 4,
            changed: 2,
            new: 1,
        },
        own: Some(OwnSnapshots {
            folder: "snaps".to_owned(),
            strict: true,
            differ: vec![
                SnapshotDifference {
                    differences: vec![
                        "2 assign ada | assign/create: /active  true → \"true\"".to_owned(),
                    ],
                    ..one(
                        "rename/login-and-email",
                        App::Custom,
                        SnapshotProblem::Differs,
                    )
                },
                SnapshotDifference {
                    problem: Some("line 10: expected a status code".to_owned()),
                    ..one(
                        "rename/login-and-email",
                        App::Oin,
                        SnapshotProblem::Unreadable,
                    )
                },
                one("group/push", App::Custom, SnapshotProblem::New),
            ],
            stale: vec!["oin/group/gone.snap".to_owned()],
            ..OwnSnapshots::default()
        }),
    }
}

fn closing() -> Closing {
    Closing {
        written: vec!["out/report.json".into()],
        compared: vec![],
        plan: None,
        snapshots: snapshots().own,
        next: vec![(
            "scim-conform explain F1".into(),
            "what to do about it".into(),
        )],
    }
}

/// The result on a terminal, with and without colour codes.
fn terminal(run: &RunResult, verbosity: Verbosity) -> (String, String) {
    let mut out = Vec::new();
    Terminal::new(options(verbosity), Box::new(io::sink()))
        .finish(run, &closing(), &mut out)
        .unwrap();
    let coloured = String::from_utf8(out).unwrap();
    let plain = anstream::adapter::strip_str(&coloured).to_string();
    (coloured, plain)
}

fn assert_fits(text: &str) {
    for line in text.lines() {
        assert!(width_of(line) <= 80, "{} columns: {line}", width_of(line));
        assert_eq!(line.trim_end(), line, "blanks at the end: {line:?}");
    }
}

#[test]
fn the_terminal_shows_everything_calmly() {
    let (_, plain) = terminal(&fixture::run(), Verbosity::Normal);
    assert_fits(&plain);
    insta::assert_snapshot!("terminal", plain);
}

#[test]
fn a_quiet_terminal_shows_errors_and_the_verdict() {
    let (_, plain) = terminal(&fixture::run(), Verbosity::Quiet);
    assert_fits(&plain);
    insta::assert_snapshot!("terminal_quiet", plain);
}

#[test]
fn a_verbose_terminal_folds_nothing() {
    let (_, plain) = terminal(&fixture::run(), Verbosity::Verbose);
    assert_fits(&plain);
    assert!(!plain.contains("1 more\n"), "{plain}");
    assert!(plain.contains("variant/four"), "{plain}");
    assert!(plain.contains("perhaps an ETag"), "{plain}");
}

#[test]
fn a_run_that_broke_off_says_why_and_what_to_do() {
    let (_, plain) = terminal(&fixture::broken(), Verbosity::Normal);
    assert_fits(&plain);
    insta::assert_snapshot!("terminal_broken", plain);
}

#[test]
fn a_server_cannot_paint_the_terminal() {
    let (coloured, _) = terminal(&fixture::run(), Verbosity::Verbose);
    assert!(!coloured.contains('\u{202e}'));
    // The reset after red text is our own; the server's bare red is not there.
    assert!(coloured.contains("\\u{1b}[31m"));
    assert!(!coloured.contains("\u{1b}[31m\n"));
}

#[test]
fn talk_and_result_are_two_streams() {
    let talk = Shared::default();
    let terminal = Terminal::new(options(Verbosity::Verbose), Box::new(talk.clone()));
    let run = fixture::run();
    terminal.on(&Event::Planned(&fixture::plan()));
    terminal.on(&Event::ScenarioFinished(&run.scenarios[0]));
    terminal.on(&Event::Progress { exchanges: 7 });
    terminal.on(&Event::Met(&run.findings[0]));
    terminal.on(&Event::CleaningUp { resources: 3 });
    terminal.on(&Event::Finished(&run));
    let told = anstream::adapter::strip_str(&talk.text()).to_string();
    insta::assert_snapshot!("talk", told);
}

#[test]
fn a_quiet_run_says_nothing_while_it_runs() {
    let talk = Shared::default();
    let terminal = Terminal::new(options(Verbosity::Quiet), Box::new(talk.clone()));
    let run = fixture::run();
    terminal.on(&Event::Planned(&fixture::plan()));
    terminal.on(&Event::ScenarioFinished(&run.scenarios[0]));
    assert_eq!(talk.text(), "");
}

#[test]
fn the_json_report_is_format_2() {
    insta::assert_snapshot!(
        "json",
        json::render(&fixture::run(), Some(&snapshots()), None)
    );
}

#[test]
fn the_json_report_of_a_broken_run_says_so() {
    let mut run = fixture::broken();
    fn parse(run: &RunResult) -> serde_json::Value {
        serde_json::from_str(&json::render(run, None, None)).unwrap()
    }
    let value = parse(&run);
    assert_eq!(value["broken"]["why"], "preflight");
    assert_eq!(value["broken"]["problem"], "GET /Users answered 401");
    assert_eq!(value["verdict"]["oin"], "undecided");
    assert!(value["summary"]["snapshots"].is_null());
    run.broken = Some(Broken::Interrupted);
    assert_eq!(parse(&run)["broken"]["why"], "interrupted");
}

#[test]
fn the_junit_report_tells_failures_from_errors() {
    insta::assert_snapshot!(
        "junit",
        junit::render(&fixture::run(), Some(&snapshots())).unwrap()
    );
    insta::assert_snapshot!(
        "junit_broken",
        junit::render(&fixture::broken(), None).unwrap()
    );
}

#[test]
fn a_finding_can_be_explained_after_its_run() {
    let run = fixture::run();
    let kept = KeptFinding::of(&run.findings[0], &run);
    let page = explain::finding(&kept, Some(&fixture::SAME_ID), 80);
    let plain = anstream::adapter::strip_str(&page).to_string();
    assert_fits(&plain);
    insta::assert_snapshot!("explain_finding", plain);
    let text = serde_json::to_string(&kept).unwrap();
    assert_eq!(serde_json::from_str::<KeptFinding>(&text).unwrap(), kept);
}

#[test]
fn a_check_is_found_by_id_and_by_words() {
    let find = |text| explain::find(text, fixture::CHECKS);
    assert_eq!(
        find("list/total-is-a-number"),
        Found::Check(&fixture::TOTAL)
    );
    assert_eq!(
        find("second account, Okta"),
        Found::Check(&fixture::SAME_ID)
    );
    assert_eq!(
        find("Okta"),
        Found::Several(vec![
            &fixture::SAME_ID,
            &fixture::TOTAL,
            &fixture::TITLE_DROPPED,
            &fixture::ETAG
        ])
    );
    let slip = Found::None {
        suggestions: vec!["meta/etag"],
    };
    assert_eq!(find("meta/etga"), slip);
    assert_eq!(
        find(""),
        Found::None {
            suggestions: vec![]
        }
    );
}

#[test]
fn no_report_shows_a_secret() {
    let run = fixture::run();
    let mut shown = vec![
        terminal(&run, Verbosity::Verbose).0,
        json::render(&run, None, None),
        junit::render(&run, None).unwrap(),
        format!("{run:?}"),
    ];
    for recorded in run.scenarios.iter().flat_map(|s| &s.exchanges) {
        shown.push(http::render(recorded, true));
    }
    for finding in &run.findings {
        shown.push(serde_json::to_string(&KeptFinding::of(finding, &run)).unwrap());
    }
    for text in &shown {
        assert!(!text.contains(fixture::SECRET), "{text}");
    }
    assert!(shown[1].contains("***"));
}

#[test]
fn an_exchange_reads_as_http() {
    let run = fixture::run();
    let shown: String = run.scenarios[0]
        .exchanges
        .iter()
        .map(|recorded| http::render(recorded, true) + "\n")
        .collect();
    insta::assert_snapshot!("http", anstream::adapter::strip_str(&shown).to_string());
}

#[test]
fn a_report_explains_its_findings_on_any_machine() {
    let run = fixture::run();
    let report = json::render(&run, None, None);
    let read = kept::of_report(report.as_bytes()).unwrap();
    let told: Vec<KeptFinding> = run
        .findings
        .iter()
        .map(|finding| KeptFinding::of(finding, &run))
        .collect();
    assert_eq!(read.len(), told.len());
    for (read, told) in read.iter().zip(&told) {
        // What JSON keeps out of a text, such as control characters, is the only difference.
        assert_eq!(
            (&read.id, &read.check, &read.at),
            (&told.id, &told.check, &told.at)
        );
        assert_eq!((read.level, read.sent_by), (told.level, told.sent_by));
        assert_eq!(read.repeat, told.repeat);
        assert_eq!(read.exchange.is_some(), told.exchange.is_some());
    }
    assert!(kept::of_report(b"{}").is_err());
}

#[test]
fn what_the_server_says_itself_is_never_cut_and_a_file_is_told_everything() {
    let mut run = fixture::run();
    let long = "x".repeat(300);
    let okta = "Automatic profile push of user Ada to app Acme failed: ".repeat(4);
    run.findings[0].okta_admin_sees = Some(format!(
        "{okta}Errors reported by remote server: the name {long} is taken"
    ));
    let shown = |extent| {
        let options = TerminalOptions {
            extent,
            ..options(Verbosity::Normal)
        };
        let terminal = Terminal::new(options, Box::new(std::io::sink()));
        let mut out = Vec::new();
        terminal
            .finish(&run, &Closing::default(), &mut out)
            .unwrap();
        let text = String::from_utf8(out).unwrap();
        let plain = anstream::adapter::strip_str(&text).to_string();
        plain.split_whitespace().collect::<String>()
    };
    let (on_terminal, in_file) = (shown(Extent::Terminal), shown(Extent::Whole));
    for text in [&on_terminal, &in_file] {
        assert!(text.contains(&format!("thename{long}istaken")), "{text}");
    }
    assert!(!on_terminal.contains(&okta.split_whitespace().collect::<String>()));
    assert!(in_file.contains(&okta.split_whitespace().collect::<String>()));
    assert!(!in_file.contains("morecharacters"), "{in_file}");
}
