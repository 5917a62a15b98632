//! What cannot be written takes nothing from what a run has found: its text and its exit code stay, and a run that is
//! well otherwise is not plainly well.

#[path = "support/program.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod program;

use std::path::Path;

use program::{Done, command};

fn run(state: &Path, arguments: &[&str]) -> Done {
    Done::of(command(state, arguments))
}

const GREEN: [&str; 4] = ["run", "users/create-minimal", "--settle", "0s"];
const RED: [&str; 6] = [
    "run",
    "lifecycle/rehire",
    "--settle",
    "0s",
    "--fault",
    "inactive-hidden-from-lookup",
];

fn verdicts(done: &Done) -> usize {
    done.out.matches("works with Okta").count()
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_at_a_report_keeps_the_verdict_and_the_other_reports() {
    let state = tempfile::tempdir().unwrap();
    let good = state.path().join("good.xml");
    let good = format!("junit={}", good.display());
    let full = ["--report", "json=/dev/full", "--report", &good];
    for (arguments, code) in [(&GREEN[..], 3), (&RED[..], 1)] {
        let done = run(state.path(), &[arguments, &full].concat());
        assert_eq!(done.code, code, "{}", done.all());
        assert_eq!(verdicts(&done), 2, "{}", done.all());
        assert!(
            done.talk.contains("cannot write /dev/full"),
            "{}",
            done.talk
        );
        assert!(done.out.contains("good.xml"), "{}", done.out);
        std::fs::remove_file(state.path().join("good.xml")).unwrap();
    }
}

#[test]
fn snapshots_that_cannot_be_written_keep_the_verdict() {
    let state = tempfile::tempdir().unwrap();
    // A file stands where a folder should.
    let folder = state.path().join("snapshots");
    std::fs::create_dir(&folder).unwrap();
    for name in ["custom", "oin", "probe", "users", "lifecycle"] {
        std::fs::write(folder.join(name), "in the way").unwrap();
    }
    let snapshots = [
        "--snapshots",
        folder.to_str().unwrap(),
        "--update-snapshots",
    ];
    for (arguments, code) in [(&GREEN[..], 3), (&RED[..], 1)] {
        let done = run(state.path(), &[arguments, &snapshots].concat());
        assert_eq!(done.code, code, "{}", done.all());
        assert_eq!(verdicts(&done), 2, "{}", done.all());
        assert!(done.talk.contains("error:"), "{}", done.talk);
        assert!(done.talk.contains("snapshots"), "{}", done.talk);
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_that_nobody_reads_does_not_keep_the_run() {
    let state = tempfile::tempdir().unwrap();
    let pipe = state.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let report = format!("json={}", pipe.display());
    let done = run(state.path(), &[&GREEN[..], &["--report", &report]].concat());
    assert_eq!(done.code, 3, "{}", done.all());
    assert_eq!(verdicts(&done), 2, "{}", done.all());
    assert!(done.talk.contains("nobody reads it"), "{}", done.talk);

    let reading = std::thread::spawn(move || std::fs::read_to_string(pipe).unwrap());
    let done = run(state.path(), &[&GREEN[..], &["--report", &report]].concat());
    assert_eq!(done.code, 0, "{}", done.all());
    let text = reading.join().unwrap();
    serde_json::from_str::<serde_json::Value>(&text).unwrap();
}

#[cfg(unix)]
#[test]
fn a_standard_output_that_is_full_keeps_the_exit_code() {
    let state = tempfile::tempdir().unwrap();
    for (arguments, code) in [(&GREEN[..], 3), (&RED[..], 1)] {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let Ok(full) = full else {
            // Not every system has such a device.
            return;
        };
        let ended = command(state.path(), arguments)
            .stdout(full)
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap();
        let talk = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(code), "{talk}");
        assert!(talk.contains("standard output"), "{talk}");
    }
}

#[cfg(unix)]
#[test]
fn a_token_command_is_not_waited_for_longer_than_it_takes() {
    use program::{Serving, TOKEN};
    let state = tempfile::tempdir().unwrap();
    let serving = Serving::start(state.path(), TOKEN, &[]);
    let file = state.path().join("id");
    // What it starts holds its output open.
    let token = format!("sleep 1000 & echo $! >{}; echo {TOKEN}", file.display());
    let target = ["--target", &serving.url, "--yes", "--token-cmd", &token];
    let done = run(state.path(), &[&GREEN[..], &target].concat());
    assert_eq!(done.code, 0, "{}", done.all());
    let id = std::fs::read_to_string(&file).unwrap();
    let id = nix::unistd::Pid::from_raw(id.trim().parse().unwrap());
    // A process that has ended is there until somebody takes note of it; in a container perhaps nobody does.
    let is_running = || {
        let stat = std::process::Command::new("ps")
            .args(["-o", "stat=", "-p", &id.to_string()])
            .output()
            .unwrap();
        let stat = String::from_utf8(stat.stdout).unwrap();
        !stat.trim().is_empty() && !stat.trim().starts_with('Z')
    };
    while is_running() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[test]
fn a_certificate_that_okta_would_refuse_is_named_beside_the_verdict() {
    use program::TOKEN;
    use std::io::BufRead as _;
    let state = tempfile::tempdir().unwrap();
    let pem = state.path().join("ca.pem");
    let mut serving = command(
        state.path(),
        &[
            "serve",
            "--port",
            "0",
            "--token",
            TOKEN,
            "--tls-self-signed",
            pem.to_str().unwrap(),
        ],
    )
    .stderr(std::process::Stdio::piped())
    .spawn()
    .unwrap();
    let told = std::io::BufReader::new(serving.stderr.take().unwrap()).lines();
    let url = told
        .map_while(Result::ok)
        .find_map(|line| {
            line.trim()
                .starts_with("https://")
                .then(|| line.trim().to_owned())
        })
        .unwrap();
    let json = state.path().join("r.json");
    let report = format!("json={}", json.display());
    let target = ["--target", &url, "--yes", "--report", &report];
    let with = |option: &[&str]| {
        let mut command = command(state.path(), &[&GREEN[..], &target[..], option].concat());
        command.env("SCIM_CONFORM_TOKEN", TOKEN);
        let done = Done::of(command);
        let report = std::fs::read_to_string(&json).unwrap();
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        (done, report["target"]["untrusted"].clone())
    };
    let words = |done: &Done| done.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let (done, untrusted) = with(&["--insecure"]);
    assert_eq!(done.code, 0, "{}", done.all());
    let said = "Okta would refuse the certificate: ";
    assert!(words(&done).contains(said), "{}", done.all());
    assert!(
        words(&done).contains("--insecure let it pass"),
        "{}",
        done.all()
    );
    assert!(untrusted.is_string(), "{untrusted}");
    let (done, untrusted) = with(&["--ca", pem.to_str().unwrap()]);
    assert_eq!(done.code, 0, "{}", done.all());
    assert!(!words(&done).contains(said), "{}", done.all());
    assert!(untrusted.is_null(), "{untrusted}");
    let export = state.path().join("export.json");
    let list = r#"{"steps": [{"step_type": "request", "method": "GET", "url": "{{SCIMBaseURL}}/Users", "headers": {"Authorization": ["{{auth}}"]}}]}"#;
    std::fs::write(&export, list).unwrap();
    let play = [
        "runscope",
        export.to_str().unwrap(),
        "--yes",
        "--target",
        &url,
        "--insecure",
    ];
    let mut play = command(state.path(), &play);
    play.env("SCIM_CONFORM_TOKEN", TOKEN);
    let done = Done::of(play);
    assert_eq!(done.code, 0, "{}", done.all());
    assert!(words(&done).contains(said), "{}", done.all());
    serving.kill().unwrap();
    serving.wait().unwrap();
}

/// Files of this process may grow to so many bytes and no further, as on a disk that is full.
#[cfg(target_os = "linux")]
const ROOM: &str = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_ends_the_run_before_its_next_write() {
    use program::{Serving, TOKEN};
    let state = tempfile::tempdir().unwrap();
    let serving = Serving::start(state.path(), TOKEN, &[]);
    let target = ["run", "--target", &serving.url, "--yes", "users", "rename"];
    let mut run = std::process::Command::new("sh");
    run.args(["-c", ROOM, env!("CARGO_BIN_EXE_scim-conform")])
        .args(target)
        .env_clear()
        .env("SCIM_CONFORM_STATE", state.path())
        .env("SCIM_CONFORM_TOKEN", TOKEN)
        .stdin(std::process::Stdio::null());
    let done = Done::of(run);
    assert_eq!(done.code, 3, "{}", done.all());
    let words = done.all().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("ledger"), "{words}");
    assert!(words.contains("make room"), "{words}");
    assert_eq!(serving.users(), 0, "what it had made, it has removed");
}
