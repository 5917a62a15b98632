//! The options that a repetition of a run needs. Every command that a run prints carries them: without the target it
//! would test the built-in server, and say yes.
//!
//! No secret is among them: the token comes from the environment again, and where an option may hold a secret its value
//! is left open as `…`.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::redact::passwords;
use crate::report::command::quoted;

use super::args::{AuthForm, RunArgs, TargetArgs};
use super::settings::{Limits, RunSettings, TargetChoice};
use super::values::Cleanup;

/// What stands for a value that may be a secret.
const LEFT_OPEN: &str = "…";

/// The options of a run, each as it is typed in a shell.
#[must_use]
pub(crate) fn options(args: &RunArgs, settings: &RunSettings) -> Vec<String> {
    let mut options = Options(Vec::new());
    match &settings.target {
        TargetChoice::Embedded { faults, chaos } => {
            options.flag("--embedded", args.embedded);
            options.each("--fault", faults);
            options.0.extend(chaos.map(|chaos| chaos.to_string()));
        }
        TargetChoice::Remote(_) => {
            options.one("--target", &settings.target.name());
            options.reaching(&args.target);
        }
    }
    if let Some(other) = &settings.beyond.other {
        let url = TargetChoice::Remote(other.clone()).name();
        options.one("--other-target", &url);
    }
    options.judging(args, settings);
    options.0
}

struct Options(Vec<String>);

impl Options {
    fn one(&mut self, name: &str, value: &str) {
        self.0.push(format!("{name} {}", quoted(value)));
    }

    fn each<T: AsRef<str>>(&mut self, name: &str, values: impl IntoIterator<Item = T>) {
        for value in values {
            self.one(name, value.as_ref());
        }
    }

    fn flag(&mut self, name: &str, is_on: bool) {
        if is_on {
            self.0.push(name.to_owned());
        }
    }

    fn path(&mut self, name: &str, path: Option<&Path>) {
        if let Some(path) = path {
            self.one(name, &path.display().to_string());
        }
    }

    fn unusual<T: PartialEq>(
        &mut self,
        name: &str,
        value: T,
        usual: &T,
        text: impl Fn(T) -> String,
    ) {
        if value != *usual {
            let value = text(value);
            self.one(name, &value);
        }
    }

    /// How the target is reached.
    fn reaching(&mut self, args: &TargetArgs) {
        match args.auth {
            AuthForm::Bearer => {}
            AuthForm::Header => self.one("--auth", "header"),
            AuthForm::Basic => self.one("--auth", "basic"),
        }
        for header in &args.header {
            // What it holds may be a secret, its name is none.
            let name = header.expose().split(':').next().unwrap_or_default();
            self.one("--header", &format!("{}: {LEFT_OPEN}", name.trim()));
        }
        self.path("--ca", args.ca.as_deref());
        self.path("--client-cert", args.client_cert.as_deref());
        if let Some(proxy) = &args.proxy {
            // A URL with an `@` names a user and a password.
            let is_open = !proxy.expose().contains('@');
            self.one("--proxy", if is_open { proxy.expose() } else { LEFT_OPEN });
        }
        self.flag("--no-proxy", args.no_proxy);
        self.flag("--insecure", args.insecure);
    }

    /// What decides how a scenario goes, and how it is judged.
    fn judging(&mut self, args: &RunArgs, settings: &RunSettings) {
        let usual = Limits::default();
        self.each(
            "--variant",
            settings.variants.iter().map(|one| one.as_str()),
        );
        let claims = settings.beyond.claims.iter();
        self.each("--claim", claims.map(|one| one.as_str()));
        self.each("--allow", args.allow.iter().map(|one| one.as_str()));
        let sizes: Vec<String> = args.scale.iter().map(u32::to_string).collect();
        if !sizes.is_empty() {
            self.one("--scale", &sizes.join(","));
        }
        self.path("--scenarios", settings.scenarios.as_deref());
        self.each("--seed", settings.seed.map(|seed| seed.to_string()));
        self.each("--hook", &settings.beyond.hook);
        self.each("--email", args.email.as_ref().map(|one| one.fill("{}")));
        for (name, value) in &settings.people.attributes {
            self.one("--user-attribute", &attribute(name, value));
        }
        let limits = &settings.limits;
        self.unusual("--settle", limits.settle, &usual.settle, time);
        self.unusual("--timeout", limits.timeout, &usual.timeout, time);
        let number = |n: u32| n.to_string();
        self.unusual(
            "--concurrency",
            limits.concurrency,
            &usual.concurrency,
            number,
        );
        self.each("--rate", limits.rate.map(|rate| rate.to_string()));
        self.each("--max-users", args.max_users.map(|n| n.to_string()));
        self.each(
            "--max-users-at-once",
            args.max_users_at_once.map(|n| n.to_string()),
        );
        let number = |n: u64| n.to_string();
        let (cap, usual_cap) = (limits.cap_foreign_users, &usual.cap_foreign_users);
        self.unusual("--cap-foreign-users", cap, usual_cap, number);
        match settings.cleanup {
            Cleanup::Delete => {}
            Cleanup::Deactivate => self.one("--cleanup", "deactivate"),
            Cleanup::None => self.one("--cleanup", "none"),
        }
        self.flag("--strict-rfc", settings.strict_rfc);
        self.flag("--tap", settings.tap);
    }
}

/// A constant of all users; one that may be a password keeps its value to itself.
fn attribute(name: &str, value: &Value) -> String {
    let named = Value::Object(Map::from_iter([(name.to_owned(), value.clone())]));
    if !passwords::find(&named).is_empty() {
        return format!("{name}={LEFT_OPEN}");
    }
    match value {
        Value::String(text) => format!("{name}={text}"),
        other => format!("{name}:={other}"),
    }
}

/// A time as an option takes it.
fn time(time: Duration) -> String {
    match time.subsec_millis() {
        0 => format!("{}s", time.as_secs()),
        _ => format!("{}ms", time.as_millis()),
    }
}
