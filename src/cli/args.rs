//! The command line as clap reads it. What a value means is decided in [`super::target`] and
//! [`super::run`].

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use serde_json::Value;

use crate::oin::Feature;
use crate::okta::App;
use crate::scenario::{Risk, Variant};
use crate::secret::Secret;
use crate::server::{DEFAULT_RATE, Family};

use super::record;
use super::values::{self, Cleanup, EmailPattern, LogForm, PlanName, ReportWish};
use super::variants;

const WHAT: &str = "What to run";
const TARGET: &str = "The target";
const NETWORK: &str = "How to reach it";
const MANNERS: &str = "Manners towards the target";
const PEOPLE: &str = "The test users";
const JUDGING: &str = "Judging and snapshots";
const OUTPUT: &str = "Output";
const WHERE: &str = "Where it listens";
const WHO: &str = "Who may call";
const CONTENT: &str = "What it holds";
const WRONG: &str = "What goes wrong";

const TOP_HELP: &str = "\
See what Okta would do:    scim-conform run
See what a fault does:     scim-conform run --fault filter-ignored
Test your server:          scim-conform run --target https://scim.acme.io/v2
The same in CI:            scim-conform run --yes --report junit=scim.xml
Before a submission:       scim-conform run --plan oin --target URL
Understand a finding:      scim-conform explain F1
Record your own Okta:      scim-conform record --target URL
Understand Okta's log:     scim-conform explain \"Multiple users found\"
Play Okta's own suite:     scim-conform runscope SPEC.json
A known-good server:       scim-conform serve

The Okta you can run in CI: replays Okta's SCIM provisioning traffic
against any SCIM 2.0 server and judges the answers.";

const TOP_AFTER: &str = "\
Exit codes:
  0    all is well; there may be warnings, and what is left behind is told
  1    findings at error, or accepted snapshots differ
  2    wrong usage, or a file that does not load
  3    undecided: unreachable, unauthorised, nothing ran, or part of it failed
  130  interrupted; cleaned up, or says what is left";

const RUN_EXAMPLES: &str = "\
Examples:
  scim-conform run
      everything against the built-in reference server
  scim-conform run --fault duplicate-created
      what a server with that fault looks like
  scim-conform run users/create --target https://scim.acme.io/v2
      one scenario against your server, with the token in SCIM_CONFORM_TOKEN;
      says what it will create, and asks before it writes
  scim-conform run rename lifecycle --app oin
      two folders of scenarios, as an app from Okta's catalogue
  scim-conform run --failed
      what failed last time
  scim-conform run --plan oin --claim password --report csv=plan.csv
      how ready your integration is to be submitted to Okta's catalogue
  scim-conform run --yes --report json=report.json --report junit=scim.xml
      in CI, with SCIM_CONFORM_TARGET and SCIM_CONFORM_TOKEN set";

const SERVE_EXAMPLES: &str = "\
Examples:
  scim-conform serve
      a server that does all that Okta needs; says its URL and a new token
  scim-conform serve --port 0 --fault duplicate-created --fault page-cap-50
      one with two faults, on a free port
  scim-conform serve --port 0 --port-file port --token test-token
      for scripts: http://127.0.0.1:$(cat port)/scim/v2 is its URL
  scim-conform serve --seed-users 500 --state users.json --log
      500 users, kept over restarts, and a line for every request
  scim-conform serve --chaos 7 --chaos-rate 20
      every fifth request meets an error, a delay or a broken connection
  scim-conform serve --tls-self-signed ca.pem
      HTTPS; scim-conform run --target https://... --ca ca.pem trusts it
  scim-conform serve --admin-port 0
      with operations behind Okta's back, for tests
  scim-conform serve --list-faults
      every fault, what is right instead, and where it was seen";

const SCENARIOS_EXAMPLES: &str = "\
Examples:
  scim-conform scenarios list rename
      the scenarios in rename/
  scim-conform scenarios show rename/login-and-email --app oin
      the HTTP that it sends, and what a good server answers
  scim-conform scenarios new rename/marriage
      begins my-scenarios/rename/marriage.yaml
  scim-conform scenarios lint my-scenarios
      mistakes in your own files
  scim-conform scenarios schema
      for editors, which complete and check while you write

Okta's published suites are played by scim-conform runscope FILE.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  scim-conform explain F1
      a finding of the last run against a target, with its exchange
  scim-conform explain F1 --report scim.json
      a finding of a JSON report, on whatever machine it was made
  scim-conform explain lookup/finds-user
      a check: why it matters to Okta, and what to do
  scim-conform explain \"Create new user returned empty user\"
      a line of Okta's log: what happened, and which checks find the cause
  pbpaste | scim-conform explain -
      the same for an entry of Okta's System Log, as text or as JSON";

const JUDGE_EXAMPLES: &str = "\
Examples:
  scim-conform judge okta.har
      what went wrong between Okta and your server; people stay hidden
  scim-conform judge okta.har --base https://scim.acme.io/v2 --show-people
      one of several servers in the file, with names and addresses
  scim-conform explain F1
      a finding of the recording, with its exchange";

const RECORD_EXAMPLES: &str = "\
Examples:
  scim-conform record --target https://scim.acme.io/scim/v2
      listens on http://127.0.0.1:8888/scim/v2, passes everything on, and
      writes okta.har; point a tunnel at it, and your Okta test org at that
  scim-conform record --target http://localhost:8080/v2 --listen 127.0.0.1:0 \\
    --out monday.har
      on a free port, into another file
  scim-conform judge okta.har
      what went wrong between Okta and your server
  scim-conform calibrate okta.har
      whether Okta sends what is replayed here

How to point an Okta test org at it: docs/recording.md";

const CALIBRATE_EXAMPLES: &str = "\
Examples:
  scim-conform calibrate okta.har
      whether a real tenant sends what is replayed here, action by action
  scim-conform calibrate okta.har --app oin --unordered
      of a recorder that has sorted keys and parameters
  scim-conform calibrate okta.har --report json=calibration.json
      every difference, for a report to the project";

const SWEEP_EXAMPLES: &str = "\
Examples:
  scim-conform sweep --target https://scim.acme.io/v2
      what runs from this machine left there; asks before it removes
  scim-conform sweep --cleanup deactivate --yes
      for servers that do not delete users; the target is in SCIM_CONFORM_TARGET";

const RUNSCOPE_EXAMPLES: &str = "\
Examples:
  scim-conform runscope Okta-SCIM-20-SPEC-Test.json
      against the target in SCIM_CONFORM_TARGET, or else the built-in server
  scim-conform runscope Okta-SCIM-20-SPEC-Test.json --yes --pause-scale 0
      in CI, without the minute of pauses
  scim-conform runscope Entitlements.json --var EntitlementEndpoint=/Roles
      gives a variable of the test a value
  scim-conform run okta-suite
      what Okta's suites ask of a SCIM server, in scenarios of our own

Okta publishes the files, none comes with this tool: docs/okta-suites.md";

/// What somebody wants to type stands before what can be typed.
const EXAMPLES_FIRST: &str = "{about}\n\n{usage-heading} {usage}{after-help}\n\n{all-args}";

/// The whole command line.
#[derive(Parser)]
#[command(
    name = "scim-conform",
    version,
    about = TOP_HELP,
    after_help = TOP_AFTER,
    max_term_width = 80,
    infer_long_args = false,
    subcommand_required = true,
    arg_required_else_help = true,
    help_template = "{about}\n\n{usage-heading} {usage}\n\n{all-args}{after-help}"
)]
pub(crate) struct Cli {
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,

    /// When to use colours: auto, always, never (NO_COLOR is honoured)
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true,
        help_heading = OUTPUT
    )]
    pub(crate) color: Color,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

/// What to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Act as Okta against a server, and judge its answers
    #[command(after_help = RUN_EXAMPLES, help_template = EXAMPLES_FIRST)]
    Run(Box<RunArgs>),
    /// Run the reference SCIM server, known good, or with faults
    #[command(after_help = SERVE_EXAMPLES, help_template = EXAMPLES_FIRST)]
    Serve(ServeArgs),
    /// List, show and check scenarios
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = SCENARIOS_EXAMPLES,
        help_template = EXAMPLES_FIRST
    )]
    Scenarios(ScenariosCommand),
    /// Judge recorded traffic of a real Okta tenant, without sending anything
    #[command(after_help = JUDGE_EXAMPLES, help_template = EXAMPLES_FIRST)]
    Judge(JudgeArgs),
    /// Record what a real Okta tenant sends, as a proxy in front of your server
    #[command(after_help = RECORD_EXAMPLES, help_template = EXAMPLES_FIRST)]
    Record(RecordArgs),
    /// Compare a recording of a real Okta tenant with what is replayed here
    #[command(after_help = CALIBRATE_EXAMPLES, help_template = EXAMPLES_FIRST)]
    Calibrate(CalibrateArgs),
    /// Explain a finding, a check, or a line of Okta's log
    #[command(after_help = EXPLAIN_EXAMPLES, help_template = EXAMPLES_FIRST)]
    Explain(ExplainArgs),
    /// Run Okta's published test suites, as exported from Runscope
    #[command(after_help = RUNSCOPE_EXAMPLES, help_template = EXAMPLES_FIRST)]
    Runscope(Box<RunscopeArgs>),
    /// Remove what earlier runs left at a target
    #[command(after_help = SWEEP_EXAMPLES, help_template = EXAMPLES_FIRST)]
    Sweep(SweepArgs),
}

/// Arguments of `runscope`.
#[derive(Args)]
pub(crate) struct RunscopeArgs {
    /// The test, as JSON
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Where the target is and how to reach it.
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// Run against the built-in reference server, also in CI
    #[arg(long, conflicts_with = "target", help_heading = TARGET)]
    pub(crate) embedded: bool,

    /// Give the built-in server this fault (repeatable)
    #[arg(long, value_name = "NAME", conflicts_with = "target", help_heading = TARGET)]
    pub(crate) fault: Vec<String>,

    /// The value of a variable of the test (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = values::assignment, help_heading = WHAT)]
    pub(crate) var: Vec<(String, String)>,

    /// Make pauses so many times as long; 0 leaves them out [default: 1, or 0
    /// against the built-in server]
    #[arg(long, value_name = "N", value_parser = values::scale, help_heading = MANNERS)]
    pub(crate) pause_scale: Option<f64>,

    /// Do not ask before writing; for CI
    #[arg(short, long, help_heading = MANNERS)]
    pub(crate) yes: bool,

    /// Also send what changes users and groups that the test did not create: for
    /// tenants that may be thrown away
    #[arg(long, help_heading = MANNERS)]
    pub(crate) change_others: bool,

    /// At the end: delete what was made, deactivate the users, or none
    #[arg(long, value_name = "HOW", default_value = "delete", hide_possible_values = true, help_heading = MANNERS)]
    pub(crate) cleanup: Cleanup,

    /// Write a report: json=FILE or junit=FILE, - for stdout (repeatable)
    #[arg(long, value_name = "FORM=FILE", help_heading = OUTPUT)]
    pub(crate) report: Vec<ReportWish>,
}

/// Arguments of `run`.
#[derive(Args)]
pub(crate) struct RunArgs {
    /// Scenarios by id, folder or pattern: users/create, rename, *email*
    #[arg(value_name = "SELECTION")]
    pub(crate) selection: Vec<String>,

    /// Kinds of Okta app: custom, oin [default: both]
    #[arg(long, value_name = "APP", value_delimiter = ',', value_parser = values::app, help_heading = WHAT)]
    pub(crate) app: Vec<App>,

    /// Only scenarios with this tag (repeatable)
    #[arg(long, value_name = "TAG", help_heading = WHAT)]
    pub(crate) tag: Vec<String>,

    /// Only the scenarios that find most with few requests, to run on every save
    #[arg(long, conflicts_with = "plan", help_heading = WHAT)]
    pub(crate) quick: bool,

    /// Only what failed in the last run against this target
    #[arg(long, help_heading = WHAT)]
    pub(crate) failed: bool,

    /// All that a submission needs, and how it stands: oin (Okta's test plan)
    #[arg(long, value_name = "NAME", value_parser = values::plan, conflicts_with_all = ["selection", "tag", "failed"], help_heading = WHAT)]
    pub(crate) plan: Option<PlanName>,

    /// The target has this, too (repeatable): schema-discovery, entitlements;
    /// with --plan also password, ...
    #[arg(long, value_name = "FEATURE", value_delimiter = ',', value_parser = values::feature, help_heading = WHAT)]
    pub(crate) claim: Vec<Feature>,

    /// With --plan: it does not have this (repeatable): groups, import-users, ...
    #[arg(long, value_name = "FEATURE", requires = "plan", value_delimiter = ',', value_parser = values::feature, help_heading = WHAT)]
    pub(crate) without: Vec<Feature>,

    /// Be an Okta that nobody has shown (repeatable); see scenarios variants
    #[arg(long, value_name = "NAME", value_parser = variants::variant, help_heading = WHAT)]
    pub(crate) variant: Vec<Variant>,

    /// Allow what is not for any tenant: scale, throttling, two-tenants, ... (repeatable)
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = values::risk, help_heading = WHAT)]
    pub(crate) allow: Vec<Risk>,

    /// Numbers of users for scenarios that scale [default: 100,1000]; allows scale
    #[arg(long, value_name = "SIZES", value_delimiter = ',', value_parser = values::size, help_heading = WHAT)]
    pub(crate) scale: Vec<u32>,

    /// A folder of your own scenarios, beside the built-in ones
    #[arg(long, value_name = "DIR", help_heading = WHAT)]
    pub(crate) scenarios: Option<PathBuf>,

    /// Seed of generated names, to repeat a run
    #[arg(long, value_name = "N", value_parser = values::whole, help_heading = WHAT)]
    pub(crate) seed: Option<u64>,

    /// Use this in all names instead of a random text
    #[arg(long, value_name = "ID", value_parser = values::run_id, help_heading = WHAT)]
    pub(crate) run_id: Option<String>,

    /// Where the target is and how to reach it.
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// A second tenant, to see that the two are apart [env: SCIM_CONFORM_OTHER_TARGET]
    #[arg(long, value_name = "URL", help_heading = TARGET)]
    pub(crate) other_target: Option<String>,

    /// Its token; better in the environment [env: SCIM_CONFORM_OTHER_TOKEN]
    #[arg(long, value_name = "TOKEN", value_parser = secret, help_heading = TARGET)]
    pub(crate) other_token: Option<Secret>,

    /// A command that changes users and groups behind Okta's back: JSON in, JSON out
    #[arg(long, value_name = "CMD", help_heading = TARGET)]
    pub(crate) hook: Option<String>,

    /// Run against the built-in reference server, also in CI
    #[arg(long, conflicts_with = "target", help_heading = TARGET)]
    pub(crate) embedded: bool,

    /// Give the built-in server this fault (repeatable)
    #[arg(long, value_name = "NAME", conflicts_with = "target", help_heading = TARGET)]
    pub(crate) fault: Vec<String>,

    /// Disturb the answers of the built-in server by chance, as this seed has it
    #[arg(long, value_name = "SEED", value_parser = values::whole, conflicts_with = "target", help_heading = TARGET)]
    pub(crate) chaos: Option<u64>,

    /// How much --chaos disturbs, in percent of all requests
    #[arg(long, value_name = "PERCENT", requires = "chaos", default_value_t = DEFAULT_RATE, value_parser = values::within::<u8, 1, 100>, help_heading = TARGET)]
    pub(crate) chaos_rate: u8,

    /// Do not ask before writing; for CI
    #[arg(short, long, help_heading = MANNERS)]
    pub(crate) yes: bool,

    /// At the end: delete what was made, deactivate the users, or none
    #[arg(long, value_name = "HOW", default_value = "delete", hide_possible_values = true, help_heading = MANNERS)]
    pub(crate) cleanup: Cleanup,

    /// Create at most this many users in all [default: 3000; none with --scale or --embedded]
    #[arg(long, value_name = "N", value_parser = values::whole, help_heading = MANNERS)]
    pub(crate) max_users: Option<u64>,

    /// Let at most this many of them exist at a time [default: as many as in all]
    #[arg(long, value_name = "N", value_parser = values::whole, help_heading = MANNERS)]
    pub(crate) max_users_at_once: Option<u64>,

    /// Do not list everything when others have more users than this
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = values::whole, help_heading = MANNERS)]
    pub(crate) cap_foreign_users: u64,

    /// Requests at the same time, at most; fewer where the target gets slower
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = values::within::<u32, 1, 64>, help_heading = MANNERS)]
    pub(crate) concurrency: u32,

    /// Requests per second, at most
    #[arg(long, value_name = "N", value_parser = values::rate, help_heading = MANNERS)]
    pub(crate) rate: Option<f64>,

    /// E-mail addresses, such as qa+{}@acme.io, for servers that write to them
    #[arg(long, value_name = "PATTERN", help_heading = PEOPLE)]
    pub(crate) email: Option<EmailPattern>,

    /// An attribute that all users get (repeatable); name:=5 for JSON
    #[arg(long, value_name = "NAME=VALUE", value_parser = values::attribute, help_heading = PEOPLE)]
    pub(crate) user_attribute: Vec<(String, Value)>,

    /// How long a change may take to become visible
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = values::duration, help_heading = JUDGING)]
    pub(crate) settle: Duration,

    /// Judge breaches of an RFC MUST as errors, even without effect on Okta
    #[arg(long, help_heading = JUDGING)]
    pub(crate) strict_rfc: bool,

    /// Compare with your accepted answers in this folder
    #[arg(long, value_name = "DIR", help_heading = JUDGING)]
    pub(crate) snapshots: Option<PathBuf>,

    /// Accept today's answers into that folder
    #[arg(long, requires = "snapshots", help_heading = JUDGING)]
    pub(crate) update_snapshots: bool,

    /// Show all differences from the known-good answers
    #[arg(long, help_heading = JUDGING)]
    pub(crate) diff: bool,

    /// Watch the raw bytes of every answer: sees bodies after 204; slower, no proxy
    #[arg(long, help_heading = JUDGING)]
    pub(crate) tap: bool,

    /// Write a report: json=FILE, junit=FILE, all exchanges as har=FILE, or with
    /// --plan csv=FILE; - for stdout (repeatable)
    #[arg(long, value_name = "FORM=FILE", help_heading = OUTPUT)]
    pub(crate) report: Vec<ReportWish>,

    /// Keep this much of all answers for the reports, and of what comes after it the
    /// beginnings
    #[arg(long, value_name = "SIZE", default_value = "256MB", value_parser = values::bytes, help_heading = OUTPUT)]
    pub(crate) keep: usize,

    /// Only errors and the verdict
    #[arg(short, long, conflicts_with = "verbose", help_heading = OUTPUT)]
    pub(crate) quiet: bool,

    /// Each scenario as it ends, notes in full, all that did not run
    #[arg(short, long, help_heading = OUTPUT)]
    pub(crate) verbose: bool,
}

/// Where the target is and how to reach it.
///
/// What may hold a secret is a [`Secret`] or checked after clap, whose messages repeat values.
#[derive(Args, Clone)]
pub(crate) struct TargetArgs {
    /// SCIM base URL, the part before /Users [env: SCIM_CONFORM_TARGET]
    #[arg(long, value_name = "URL", help_heading = TARGET)]
    pub(crate) target: Option<String>,

    /// Token; better in the environment [env: SCIM_CONFORM_TOKEN]
    #[arg(long, value_name = "TOKEN", value_parser = secret, help_heading = TARGET)]
    pub(crate) token: Option<Secret>,

    /// A command that prints the token
    #[arg(long, value_name = "CMD", conflicts_with = "token", help_heading = TARGET)]
    pub(crate) token_cmd: Option<String>,

    /// How the token is sent: bearer, header (as it is), basic (user:password)
    #[arg(long, value_name = "FORM", default_value = "bearer", hide_possible_values = true, help_heading = TARGET)]
    pub(crate) auth: AuthForm,

    /// A further header of every request (repeatable): 'X-Tenant: acme'
    #[arg(long, value_name = "HEADER", value_parser = secret, help_heading = TARGET)]
    pub(crate) header: Vec<Secret>,

    /// Give up on a request after this time; Okta waits 60s
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = values::some_time, help_heading = NETWORK)]
    pub(crate) timeout: Duration,

    /// Trust the certificates in this PEM file, too
    #[arg(long, value_name = "FILE", help_heading = NETWORK)]
    pub(crate) ca: Option<PathBuf>,

    /// Client certificate and key, in one PEM file
    #[arg(long, value_name = "FILE", help_heading = NETWORK)]
    pub(crate) client_cert: Option<PathBuf>,

    /// Go through this proxy [default: as HTTPS_PROXY says]
    #[arg(long, value_name = "URL", value_parser = secret, conflicts_with = "no_proxy", help_heading = NETWORK)]
    pub(crate) proxy: Option<Secret>,

    /// Go through no proxy, whatever the environment says
    #[arg(long, help_heading = NETWORK)]
    pub(crate) no_proxy: bool,

    /// Accept any certificate; never for a real token
    #[arg(long, help_heading = NETWORK)]
    pub(crate) insecure: bool,
}

/// How the token is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuthForm {
    /// Authorization: Bearer TOKEN
    Bearer,
    /// Authorization: TOKEN, as it is
    Header,
    /// Authorization: Basic, TOKEN is user:password
    Basic,
}

/// Never fails, so that no message of clap can repeat the value.
#[expect(clippy::unnecessary_wraps, reason = "clap takes parsers that can fail")]
fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

/// Arguments of `serve`.
#[derive(Args)]
pub(crate) struct ServeArgs {
    /// Port on the loopback address; 0 picks a free one
    #[arg(long, value_name = "N", default_value_t = 8080, value_parser = values::within::<u16, 0, 65_535>, help_heading = WHERE)]
    pub(crate) port: u16,

    /// Write the port to this file once the server listens; gone when it stops
    #[arg(long, value_name = "FILE", help_heading = WHERE)]
    pub(crate) port_file: Option<PathBuf>,

    /// Offer the admin operations on this port; 0 picks a free one
    #[arg(long, value_name = "N", value_parser = values::within::<u16, 0, 65_535>, help_heading = WHERE)]
    pub(crate) admin_port: Option<u16>,

    /// HTTPS with the certificate (and its chain) in this PEM file
    #[arg(long, value_name = "FILE", requires = "tls_key", help_heading = WHERE)]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The private key of --tls-cert, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert", help_heading = WHERE)]
    pub(crate) tls_key: Option<PathBuf>,

    /// HTTPS with a new certificate, which is written to this file to trust it
    #[arg(long, value_name = "FILE", conflicts_with = "tls_cert", help_heading = WHERE)]
    pub(crate) tls_self_signed: Option<PathBuf>,

    /// Token that callers need [env: SCIM_CONFORM_TOKEN] [default: a new one]
    #[arg(long, value_name = "TOKEN", value_parser = secret, help_heading = WHO)]
    pub(crate) token: Option<Secret>,

    /// Let everybody on this machine in, without a token
    #[arg(long, conflicts_with = "token", help_heading = WHO)]
    pub(crate) open: bool,

    /// Begin with this many generated users, and groups for them
    #[arg(long, value_name = "N", value_parser = values::within::<u32, 1, MOST_SEEDED>, help_heading = CONTENT)]
    pub(crate) seed_users: Option<u32>,

    /// Keep users and groups in this file, loaded at the start if it exists
    #[arg(long, value_name = "FILE", help_heading = CONTENT)]
    pub(crate) state: Option<PathBuf>,

    /// An extension schema, as /Schemas serves one (repeatable)
    #[arg(long, value_name = "FILE", help_heading = CONTENT)]
    pub(crate) extension: Vec<PathBuf>,

    /// The user whom the token belongs to, who answers at /Me
    #[arg(long, value_name = "USERNAME", help_heading = CONTENT)]
    pub(crate) me: Option<String>,

    /// Answer PATCH with 200 and the resource, or with 204
    #[arg(long, value_name = "STATUS", default_value = "200", value_parser = clap::builder::PossibleValuesParser::new(["200", "204"]), hide_possible_values = true, help_heading = CONTENT)]
    pub(crate) patch_response: String,

    /// Have this fault (repeatable)
    #[arg(long, value_name = "NAME", help_heading = WRONG)]
    pub(crate) fault: Vec<String>,

    /// Show every fault that the server can have, or those of one family, and stop
    #[arg(long, value_name = "FAMILY", num_args = 0..=1, value_parser = Family::from_name, help_heading = WRONG)]
    pub(crate) list_faults: Option<Option<Family>>,

    /// Disturb answers by chance: delays, resets, cut bodies, 429, 500, 502, 503;
    /// the same seed disturbs the same requests
    #[arg(long, value_name = "SEED", value_parser = values::whole, help_heading = WRONG)]
    pub(crate) chaos: Option<u64>,

    /// How much --chaos disturbs, in percent of all requests
    #[arg(long, value_name = "PERCENT", requires = "chaos", default_value_t = DEFAULT_RATE, value_parser = values::within::<u8, 1, 100>, help_heading = WRONG)]
    pub(crate) chaos_rate: u8,

    /// A line on stderr for every request, secrets masked; --log=json for programs
    #[arg(
        long,
        value_name = "FORM",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "text",
        hide_possible_values = true,
        help_heading = OUTPUT
    )]
    pub(crate) log: Option<LogForm>,
}

/// Users that `--seed-users` takes at most.
const MOST_SEEDED: u64 = 10_000_000;

/// What to do with scenarios.
#[derive(Subcommand)]
pub(crate) enum ScenariosCommand {
    /// List scenarios
    List(ListArgs),
    /// Show what a scenario does and the HTTP that it sends
    Show(ShowArgs),
    /// Check scenario files, and show every mistake
    Lint(LintArgs),
    /// List what nobody knows of Okta: the names for --variant
    Variants,
    /// Begin a scenario of your own
    New(NewArgs),
    /// Print the JSON Schema of scenario files, for editors
    Schema,
}

/// Arguments of `scenarios new`.
#[derive(Args)]
pub(crate) struct NewArgs {
    /// Its id: a folder and a name, such as rename/marriage
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    /// The folder of your own scenarios
    #[arg(long, value_name = "DIR", default_value = "my-scenarios")]
    pub(crate) scenarios: PathBuf,
}

/// Arguments of `scenarios list`.
#[derive(Args)]
pub(crate) struct ListArgs {
    /// Scenarios by id, folder or pattern
    #[arg(value_name = "SELECTION")]
    pub(crate) selection: Vec<String>,

    /// Only scenarios with this tag (repeatable)
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Vec<String>,

    /// A folder of your own scenarios, beside the built-in ones
    #[arg(long, value_name = "DIR")]
    pub(crate) scenarios: Option<PathBuf>,
}

/// Arguments of `scenarios show`.
#[derive(Args)]
pub(crate) struct ShowArgs {
    /// The scenario's id
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    /// As which kind of Okta app [default: each that the scenario is for]
    #[arg(long, value_name = "APP", value_parser = values::app)]
    pub(crate) app: Option<App>,

    /// Be an Okta that nobody has shown (repeatable); see scenarios variants
    #[arg(long, value_name = "NAME", value_parser = variants::variant)]
    pub(crate) variant: Vec<Variant>,

    /// Show headers, too
    #[arg(long)]
    pub(crate) headers: bool,

    /// Show the requests that only judge, too
    #[arg(long)]
    pub(crate) all: bool,

    /// A folder of your own scenarios, beside the built-in ones
    #[arg(long, value_name = "DIR")]
    pub(crate) scenarios: Option<PathBuf>,
}

/// Arguments of `scenarios lint`.
#[derive(Args)]
pub(crate) struct LintArgs {
    /// A folder of scenarios [default: the built-in ones]
    #[arg(value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

/// Arguments of `explain`.
#[derive(Args)]
pub(crate) struct ExplainArgs {
    /// F1 of the last run, the name of a check, a fault or a scenario, or words
    /// of a message; - reads a copied log entry from the standard input
    #[arg(value_name = "WHAT", required = true, action = ArgAction::Append)]
    pub(crate) what: Vec<String>,

    /// F1 of this JSON report, such as that of a CI job
    #[arg(long, value_name = "FILE", conflicts_with = "embedded")]
    pub(crate) report: Option<PathBuf>,

    /// F1 of the last run against the built-in server
    #[arg(long)]
    pub(crate) embedded: bool,
}

/// Arguments of `judge`.
#[derive(Args)]
pub(crate) struct JudgeArgs {
    /// HTTP archives (HAR) of one recording; - for the standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// SCIM base URL, the part before /Users [default: found in the file]
    #[arg(long, value_name = "URL")]
    pub(crate) base: Option<String>,

    /// Show people's names, addresses and ids; secrets stay hidden
    #[arg(long)]
    pub(crate) show_people: bool,

    /// Judge breaches of an RFC MUST as errors, even without effect on Okta
    #[arg(long)]
    pub(crate) strict_rfc: bool,

    /// Write a report: json=FILE or junit=FILE, - for stdout (repeatable)
    #[arg(long, value_name = "FORM=FILE", help_heading = OUTPUT)]
    pub(crate) report: Vec<ReportWish>,

    /// Only errors and what was seen
    #[arg(short, long, conflicts_with = "verbose", help_heading = OUTPUT)]
    pub(crate) quiet: bool,

    /// Notes in full
    #[arg(short, long, help_heading = OUTPUT)]
    pub(crate) verbose: bool,
}

/// Arguments of `record`.
#[derive(Args)]
pub(crate) struct RecordArgs {
    /// Your server, by its SCIM base URL: the part before /Users
    /// [env: SCIM_CONFORM_TARGET]
    #[arg(long, value_name = "URL", help_heading = TARGET)]
    pub(crate) target: Option<String>,

    /// Pass Host on as it came, in place of the host of --target
    #[arg(long, help_heading = TARGET)]
    pub(crate) keep_host: bool,

    /// Give up on an answer when nothing comes for this time; Okta waits 60s
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = values::some_time, help_heading = NETWORK)]
    pub(crate) timeout: Duration,

    /// Trust the certificates in this PEM file, too
    #[arg(long, value_name = "FILE", help_heading = NETWORK)]
    pub(crate) ca: Option<PathBuf>,

    /// Client certificate and key, in one PEM file
    #[arg(long, value_name = "FILE", help_heading = NETWORK)]
    pub(crate) client_cert: Option<PathBuf>,

    /// Accept any certificate of the server
    #[arg(long, help_heading = NETWORK)]
    pub(crate) insecure: bool,

    /// Address and port; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8888", value_parser = record::address, help_heading = WHERE)]
    pub(crate) listen: SocketAddr,

    /// The recording; one that is there already is added to
    #[arg(long, value_name = "FILE", default_value = "okta.har", help_heading = OUTPUT)]
    pub(crate) out: PathBuf,

    /// Begin that file anew, whatever is in it
    #[arg(long, help_heading = OUTPUT)]
    pub(crate) overwrite: bool,

    /// Write people's names, addresses and ids as they are; secrets stay hidden
    #[arg(long, help_heading = OUTPUT)]
    pub(crate) keep_people: bool,
}

/// Arguments of `calibrate`.
#[derive(Args)]
pub(crate) struct CalibrateArgs {
    /// HTTP archives (HAR) of one recording; - for the standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// SCIM base URL, the part before /Users [default: found in the file]
    #[arg(long, value_name = "URL")]
    pub(crate) base: Option<String>,

    /// The kind of Okta app
    #[arg(long, value_name = "APP", value_enum, default_value_t = RecordedApp::Auto)]
    pub(crate) app: RecordedApp,

    /// Do not compare the order of keys and parameters: the recorder sorted them
    #[arg(long)]
    pub(crate) unordered: bool,

    /// Write the comparison: json=FILE, - for stdout
    #[arg(long, value_name = "FORM=FILE", help_heading = OUTPUT)]
    pub(crate) report: Vec<ReportWish>,
}

/// The kind of app that a recording is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecordedApp {
    /// Found in the file
    Auto,
    /// Made with the App Integration Wizard
    Custom,
    /// From the catalogue, or a template
    Oin,
}

/// Arguments of `sweep`.
#[derive(Args)]
pub(crate) struct SweepArgs {
    /// Where the target is and how to reach it.
    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// Only what this run left (repeatable) [default: what any run left]
    #[arg(long, value_name = "ID", value_parser = values::run_id)]
    pub(crate) run_id: Vec<String>,

    /// How to remove users: delete or deactivate
    #[arg(long, value_name = "HOW", default_value = "delete", value_parser = values::removal)]
    pub(crate) cleanup: Cleanup,

    /// Do not ask before removing; for CI
    #[arg(short, long)]
    pub(crate) yes: bool,
}
