use super::*;

const USER: Resource = Resource::User;
const GROUP: Resource = Resource::Group;

fn ids(ledger: &Ledger) -> Vec<String> {
    ledger.known().into_iter().map(|(_, id, _)| id).collect()
}

#[test]
fn groups_go_before_users_and_the_newest_first() {
    let ledger = Ledger::of_run("rabc12");
    ledger.named(USER, "1", "a.rabc120000");
    ledger.named(GROUP, "2", "g.rabc120000");
    ledger.named(USER, "3", "b.rabc120000");
    assert_eq!(ids(&ledger), ["2", "3", "1"]);
}

#[test]
fn a_name_is_the_run_s_by_its_id_scenario_and_row() {
    let ledger = Ledger::of_run("rabc12");
    ledger.expect("rabc120100");
    ledger.named(USER, "1", "ada@corp.test");
    let table = [
        ("ada.rabc120100@example.com", Identity::Ours),
        ("ADA.RABC120100@EXAMPLE.COM", Identity::Ours),
        // Whatever became of the rest of it.
        ("??? rabc120100", Identity::Ours),
        // Six letters may stand in anybody's name.
        ("rabc12@corp.test", Identity::Another),
        ("ada.rabc120101@example.com", Identity::Another),
        // What was sent has no run id in it, so anybody may have that name.
        ("ada@corp.test", Identity::Another),
        ("", Identity::Nameless),
    ];
    for (shown, wanted) in table {
        assert_eq!(ledger.identify(USER, "1", Some(shown)), wanted, "{shown}");
    }
    assert_eq!(ledger.identify(USER, "1", None), Identity::Nameless);
    let by_names = Ledger::default().by_whole_names();
    by_names.named(USER, "1", "ada@corp.test");
    let shown = |name| by_names.identify(USER, "1", Some(name));
    assert_eq!(shown("Ada@corp.test"), Identity::Ours);
    assert_eq!(shown("ada@corp.test2"), Identity::Another);
}

#[test]
fn a_create_is_open_until_an_id_is_known_or_nothing_is_there() {
    let ledger = Ledger::of_run("rabc12");
    let open = |name| ledger.is_unresolved(USER, name);
    for name in ["a", "b", "c"] {
        ledger.sending(USER, name).unwrap();
    }
    ledger.sending(USER, "c").unwrap();
    ledger.named(USER, "1", "a");
    ledger.absent(USER, "b");
    ledger.named(USER, "3", "c");
    assert_eq!((open("a"), open("b"), open("c")), (false, false, true));
    // The answer has named somebody else's account: what it has made is elsewhere.
    ledger.shown(USER, "1", Identity::Another);
    assert!(open("a"));
    assert!(ledger.knows_as_foreign(USER, "1"));
    ledger.refused(USER, "a");
    ledger.not_found(USER, "a");
    let unresolved = &ledger.unresolved()[0];
    assert!(unresolved.refused && unresolved.not_found);
    ledger.sending(USER, "a").unwrap();
    let unresolved = &ledger.unresolved()[0];
    assert!(!unresolved.refused && !unresolved.not_found, "sent again");
}

#[test]
fn an_id_seen_before_stays_another_s() {
    let ledger = Ledger::of_run("rabc12");
    ledger.saw(USER, "7");
    ledger.named(USER, "7", "a.rabc120000");
    ledger.shown(USER, "7", Identity::Ours);
    assert!(ledger.knows_as_foreign(USER, "7"));
    assert!(!ledger.knows(USER, "7"));
    ledger.named(USER, "8", "a.rabc120000");
    ledger.saw(USER, "8");
    assert!(ledger.knows(USER, "8"), "a list does not decide");
}

fn file_of_a_killed_run(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("ledgers/run.jsonl");
    let ledger = Ledger::in_file(&path, "rabc12", "https://t.test/v2").unwrap();
    for (resource, name) in [
        (USER, "gone.rabc120000"),
        (USER, "named.rabc120000"),
        (GROUP, "made.rabc120000"),
        (USER, "sent.rabc120000"),
        (USER, "another.rabc120000"),
        (USER, "absent.rabc120000"),
        (USER, "deleting.rabc120000"),
    ] {
        ledger.sending(resource, name).unwrap();
    }
    for (id, name) in [
        ("1", "gone"),
        ("2", "named"),
        ("5", "another"),
        ("7", "deleting"),
    ] {
        ledger.named(USER, id, &format!("{name}.rabc120000"));
    }
    ledger.named(GROUP, "3", "made.rabc120000");
    ledger.shown(GROUP, "3", Identity::Ours);
    ledger.shown(USER, "1", Identity::Ours);
    ledger.deleting(USER, "1");
    ledger.not_there(USER, "1");
    ledger.shown(USER, "7", Identity::Ours);
    ledger.deleting(USER, "7");
    ledger.shown(USER, "5", Identity::Another);
    ledger.absent(USER, "absent.rabc120000");
    path
}

#[test]
fn a_file_tells_what_may_be_left_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let path = file_of_a_killed_run(folder.path());
    let (ledger, told) = Ledger::reopen(&path).unwrap();
    assert_eq!(
        (&*told.run_id, &*told.target),
        ("rabc12", "https://t.test/v2")
    );
    assert_eq!(ids(&ledger), ["3", "7", "2"]);
    // A new process takes nobody's word for it.
    assert_eq!(ledger.standing(GROUP, "3"), Standing::Named);
    assert_eq!(ledger.standing(USER, "7"), Standing::Deleting);
    let unresolved: Vec<_> = ledger.unresolved().into_iter().map(|u| u.name).collect();
    assert_eq!(unresolved, ["another.rabc120000", "sent.rabc120000"]);
    assert_eq!(told.resources, 5);
    assert!(
        Ledger::in_file(&path, "rabc12", "x").is_err(),
        "never overwritten"
    );
    assert!(ledger.is_marked("sent.rabc120000@example.com"));
}

#[test]
fn what_earlier_versions_wrote_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.jsonl");
    let lines = [
        r#"{"run":{"run_id":"rabc12","target":"https://t.test"}}"#,
        r#"{"made":{"resource":"User","id":"1","name":"a"}}"#,
        r#"{"made":{"resource":"User","id":"2","name":"b"}}"#,
        r#"{"removed":{"resource":"User","id":"1"}}"#,
        r#"{"lost":{"resource":"Group","name":"g"}}"#,
    ];
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    let (ledger, told) = Ledger::reopen(&path).unwrap();
    assert_eq!(ids(&ledger), ["2"]);
    assert!(ledger.is_unresolved(GROUP, "g"));
    assert_eq!(told.damaged, [0usize; 0]);
}

#[test]
fn a_damaged_line_costs_that_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = file_of_a_killed_run(folder.path());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend_from_slice(b"{\"made\":{\"name\":\"\xc3\n{}\n\n\"x\"\n");
    let whole = bytes.iter().filter(|b| **b == b'\n').count();
    bytes.extend_from_slice(br#"{"sent":{"resource":"User","name":"late.rabc120000"}}"#);
    bytes.extend_from_slice(b"\n{\"sent\":{\"resou");
    std::fs::write(&path, &bytes).unwrap();
    let (ledger, told) = Ledger::reopen(&path).unwrap();
    assert_eq!(ids(&ledger), ["3", "7", "2"]);
    assert!(ledger.is_unresolved(USER, "late.rabc120000"));
    // The last line was being written when the run ended; nothing was sent for it.
    assert_eq!(told.damaged, [whole - 3, whole - 2, whole]);
    ledger.sending(USER, "next.rabc120000").unwrap();
    drop(ledger);
    let (ledger, _) = Ledger::reopen(&path).unwrap();
    assert!(
        ledger.is_unresolved(USER, "next.rabc120000"),
        "on a line of its own"
    );
}

#[test]
fn a_ledger_in_use_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let ledger = Ledger::in_file(&path, "rabc12", "https://t.test").unwrap();
    assert!(matches!(Ledger::reopen(&path), Err(OpenError::InUse)));
    assert_eq!(
        read_file(&path).unwrap().run_id,
        "rabc12",
        "reading is free"
    );
    drop(ledger);
    assert!(Ledger::reopen(&path).is_ok());
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let ledgers = folder.path().join("state/ledgers");
    std::fs::create_dir_all(&ledgers).unwrap();
    std::fs::set_permissions(&ledgers, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = ledgers.join("run.jsonl");
    let _ledger = Ledger::in_file(&path, "rabc12", "https://t.test").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(
        mode(&ledgers),
        0o700,
        "also where an earlier version made it"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_noted_is_not_sent() {
    let ledger = Ledger::of_run("rabc12");
    ledger.books().file = Some(File::options().append(true).open("/dev/full").unwrap());
    let refused = ledger.sending(USER, "a.rabc120000");
    assert!(refused.unwrap_err().contains("No space left"));
    assert!(!ledger.is_unresolved(USER, "a.rabc120000"));
    assert!(ledger.failure().is_some());
}

#[test]
fn a_secret_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let ledger = Ledger::in_file(&path, "rabc12", "https://t.test/v2").unwrap();
    let secrets = Redactor::new();
    secrets.add_credential(&crate::secret::Secret::new("hunter2/hunter2"));
    ledger.redact_by(&secrets);
    for (id, name) in [("x-hunter2%2Fhunter2", "ada"), ("1", "bob")] {
        ledger.sending(USER, name).unwrap();
        ledger.named(USER, id, name);
    }
    drop(ledger);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    let (ledger, _) = Ledger::reopen(&path).unwrap();
    assert!(
        ledger.is_unresolved(USER, "ada"),
        "it is looked for by its name"
    );
    assert_eq!(ids(&ledger), ["1"]);
}

#[test]
fn a_ledger_of_whole_names_is_one_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let ledger = Ledger::in_file(&path, "rabc12", "https://t.test/v2").unwrap();
    let ledger = ledger.by_whole_names();
    ledger.named(USER, "1", "ada@corp.test");
    drop(ledger);
    let (ledger, told) = Ledger::reopen(&path).unwrap();
    assert_eq!(told.run_id, "rabc12");
    let identity = ledger.identify(USER, "1", Some("ada@corp.test"));
    assert_eq!(identity, Identity::Ours);
}

#[test]
fn a_create_that_was_refused_because_of_another_one_has_made_nothing() {
    let ledger = Ledger::of_run("rabc12");
    ledger.expect("rabc120000");
    let name = "Crew rabc120000";
    let open = || ledger.is_unresolved(GROUP, name);
    // The answer to the first got lost, and the second is refused.
    ledger.sending(GROUP, name).unwrap();
    ledger.sending(GROUP, name).unwrap();
    ledger.taken(GROUP, name);
    assert!(open());
    ledger.named(GROUP, "1", name);
    assert!(!open());
    ledger.shown(GROUP, "1", Identity::Ours);
    ledger.sending(GROUP, name).unwrap();
    assert!(open());
    ledger.taken(GROUP, name);
    assert!(!open(), "the one that is known is the reason");
    ledger.sending(GROUP, "Other").unwrap();
    ledger.taken(GROUP, "Other");
    assert!(
        ledger.is_unresolved(GROUP, "Other"),
        "nothing is known that could be the reason"
    );
}
