//! What Okta writes into its log and its tasks when something failed, and which checks find the cause.

mod table;

use serde_json::Value;

use crate::verdict::CheckMeta;

pub use table::ALL;

/// A message of Okta's, or a part of one that tells something by itself.
#[derive(Debug, PartialEq)]
pub struct Message {
    /// As an administrator reads it; `...` stands for what differs from case to case.
    pub text: &'static str,
    /// Any one of these marks the message; lower case.
    marks: &'static [&'static str],
    /// What has happened when Okta writes so.
    pub meaning: &'static str,
    /// The checks that find the cause, the likeliest first.
    pub checks: &'static [&'static CheckMeta],
    /// What to run to see whether a server has the problem: scenarios or folders.
    pub run: &'static str,
    /// Where the message is shown in public.
    pub source: &'static str,
}

/// The messages that `text` holds, in the order of [`ALL`]: first what Okta was doing, then what came back.
#[must_use]
pub fn of(text: &str) -> Vec<&'static Message> {
    let text = plain(text);
    ALL.iter()
        .filter(|message| message.marks.iter().any(|mark| text.contains(mark)))
        .collect()
}

/// What a text says, however it was copied: lower case, single blanks, straight quotes, entities undone. An event of
/// the System Log in JSON is all the texts in it.
fn plain(text: &str) -> String {
    let told = match serde_json::from_str::<Value>(text) {
        Ok(event @ (Value::Object(_) | Value::Array(_))) => {
            let mut texts = Vec::new();
            collect(&event, &mut texts);
            texts.join(" ; ")
        }
        _ => text.to_owned(),
    };
    let mut told = told.to_lowercase();
    for (written, meant) in WRITTEN {
        if told.contains(written) {
            told = told.replace(written, meant);
        }
    }
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How web pages, spreadsheets and JSON write what is a plain character.
const WRITTEN: [(&str, &str); 15] = [
    ("&quot;", "\""),
    ("&#34;", "\""),
    ("&#39;", "'"),
    ("&#x27;", "'"),
    ("&apos;", "'"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&nbsp;", " "),
    ("&amp;", "&"),
    ("’", "'"),
    ("‘", "'"),
    ("“", "\""),
    ("”", "\""),
    ("\\n", " "),
    ("\u{a0}", " "),
];

/// More texts than these do not make an event clearer.
const TEXTS: usize = 1000;

fn collect<'v>(value: &'v Value, texts: &mut Vec<&'v str>) {
    if texts.len() >= TEXTS {
        return;
    }
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(elements) => elements.iter().for_each(|e| collect(e, texts)),
        Value::Object(fields) => fields.values().for_each(|v| collect(v, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
