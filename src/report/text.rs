//! Text for people: foreign text made harmless, lines broken by display width, numbers in words.

use std::time::Duration;

use console::measure_text_width;
use unicode_segmentation::UnicodeSegmentation;

pub use crate::redact::characters::printable;

/// A line that would leave fewer columns than this for the start of a long word begins the
/// word on the next line.
const WORTH_FILLING: usize = 12;

/// The columns that `text` takes on a terminal; colour codes take none.
#[must_use]
pub fn width_of(text: &str) -> usize {
    measure_text_width(text)
}

/// `text` with blanks after it, up to `width` columns.
#[must_use]
pub fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(width_of(text));
    format!("{text}{}", " ".repeat(missing))
}

/// `text` broken into lines of at most `width` columns: at blanks where there are some, within
/// a word (never within a grapheme cluster) where there are none.
///
/// Blanks inside a line are kept, because they may be what a finding is about. A cluster wider
/// than `width` stands alone on its line.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Lines::new(width);
    for chunk in text.split_inclusive(' ') {
        let word = chunk.trim_end_matches(' ');
        let columns = width_of(word);
        if lines.used + columns > width {
            let left = width.saturating_sub(lines.used);
            if columns <= width || left < WORTH_FILLING {
                lines.end();
            }
        }
        if columns <= width {
            lines.push(chunk, width_of(chunk));
        } else {
            for cluster in chunk.graphemes(true) {
                let columns = width_of(cluster);
                if lines.used + columns > width && cluster != " " {
                    lines.end();
                }
                lines.push(cluster, columns);
            }
        }
    }
    lines.finish()
}

/// Lines in the making.
struct Lines {
    done: Vec<String>,
    line: String,
    used: usize,
    width: usize,
}

impl Lines {
    fn new(width: usize) -> Self {
        Self {
            done: Vec::new(),
            line: String::new(),
            used: 0,
            width,
        }
    }

    fn push(&mut self, text: &str, columns: usize) {
        self.line.push_str(text);
        self.used += columns;
    }

    /// Ends the line, unless it is empty.
    fn end(&mut self) {
        if self.used > 0 {
            let line = std::mem::take(&mut self.line);
            self.done.push(line.trim_end_matches(' ').to_owned());
            self.used = 0;
        }
    }

    fn finish(mut self) -> Vec<String> {
        // Blanks at the very end of a text count: `"ada "` differs from `"ada"`.
        if self.used > self.width {
            self.line.truncate(self.line.trim_end_matches(' ').len());
        }
        self.done.push(self.line);
        self.done
    }
}

/// `first` and then `text`, wrapped, with every further line indented by the width of `first`.
/// Of more than `most` lines, the rest is counted instead of shown. `text` must be
/// [`printable`].
#[must_use]
pub fn hang(first: &str, text: &str, width: usize, most: usize) -> String {
    let indent = width_of(first);
    let room = width.saturating_sub(indent).max(10);
    let mut lines = wrap(text, room);
    let most = most.max(1);
    if lines.len() > most {
        lines.truncate(most);
        let total = text.chars().count();
        let reserved = width_of(&more_characters(total)) + 1;
        let last = lines.pop().unwrap_or_default();
        let last = clip(&last, room.saturating_sub(reserved));
        let shown: usize = lines.iter().chain([&last]).map(|l| l.chars().count()).sum();
        lines.push(format!("{last} {}", more_characters(total - shown)));
    }
    let mut shown = String::from(first);
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            shown.push_str(&" ".repeat(indent));
        }
        shown.push_str(line);
        shown.push('\n');
    }
    shown
}

fn more_characters(number: usize) -> String {
    format!("… {} more characters", grouped(number as u64))
}

/// The start of `text` that fits into `width` columns, cut between grapheme clusters.
#[must_use]
pub fn clip(text: &str, width: usize) -> String {
    let mut used = 0;
    text.graphemes(true)
        .take_while(|cluster| {
            used += width_of(cluster);
            used <= width
        })
        .collect()
}

/// `1 user`, `2 users`: `count` and the noun with an `s` unless it is one.
#[must_use]
pub fn count(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", grouped(count))
}

/// `1,204`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// `38 ms`, `1.4 s`, `2 min 05 s`.
#[must_use]
pub fn duration(time: Duration) -> String {
    let millis = time.as_millis();
    if millis < 1000 {
        return format!("{millis} ms");
    }
    // Rounded to tenths first, so that 59.97 s does not become `60.0 s`.
    let tenths = (millis + 50) / 100;
    if tenths < 600 {
        return format!("{}.{} s", tenths / 10, tenths % 10);
    }
    let seconds = (millis + 500) / 1000;
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}

/// `a`, `a and b`, `a, b and 3 more`: at most `most` of `names`.
#[must_use]
pub fn list(names: &[String], most: usize) -> String {
    let shown = if names.len() > most {
        most.max(1)
    } else {
        names.len()
    };
    let (head, rest) = names.split_at(shown);
    if !rest.is_empty() {
        return format!("{} and {} more", head.join(", "), rest.len());
    }
    match head {
        [] => String::new(),
        [one] => one.clone(),
        [front @ .., last] => format!("{} and {last}", front.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_by_display_width_and_keep_clusters_whole() {
        let cases: [(&str, usize, &[&str]); 8] = [
            ("one two three", 9, &["one two", "three"]),
            ("日本語日本語", 6, &["日本語", "日本語"]),
            ("日本語", 5, &["日本", "語"]),
            (
                "e\u{301}e\u{301}e\u{301}",
                2,
                &["e\u{301}e\u{301}", "e\u{301}"],
            ),
            ("a  b", 10, &["a  b"]),
            ("", 10, &[""]),
            ("tail ", 10, &["tail "]),
            ("语", 1, &["语"]),
        ];
        for (text, width, lines) in cases {
            assert_eq!(wrap(text, width), lines, "{text:?} at {width}");
        }
    }

    #[test]
    fn no_line_is_too_wide_and_no_character_is_lost() {
        let words = [
            "ada",
            "日本語テスト",
            "👩‍👩‍👧‍👦",
            "O’Neil-Łukasz",
            "שלום",
            &"x".repeat(57),
        ];
        let text = words.repeat(7).join(" ");
        for width in 2..90 {
            let lines = wrap(&text, width);
            assert!(lines.iter().all(|line| width_of(line) <= width), "{width}");
            let squeezed: String = lines.concat().split(' ').collect();
            assert_eq!(squeezed, text.split(' ').collect::<String>(), "{width}");
        }
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let shown = hang("got  ", &"word ".repeat(40), 40, 2);
        insta::assert_snapshot!(shown, @r"
        got  word word word word word word word
             word word wor … 153 more characters
        ");
    }

    #[test]
    fn numbers_read_like_english() {
        assert_eq!(count(1, "user"), "1 user");
        assert_eq!(count(0, "user"), "0 users");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(123), "123");
        assert_eq!(duration(Duration::from_millis(38)), "38 ms");
        assert_eq!(duration(Duration::from_millis(1440)), "1.4 s");
        assert_eq!(duration(Duration::from_millis(59_970)), "1 min 00 s");
        assert_eq!(duration(Duration::from_secs(125)), "2 min 05 s");
    }

    #[test]
    fn long_lists_are_folded() {
        let names: Vec<String> = ["a", "b", "c", "d"].map(String::from).into();
        assert_eq!(list(&names, 4), "a, b, c and d");
        assert_eq!(list(&names, 2), "a, b and 2 more");
        assert_eq!(list(&names[..1], 2), "a");
        assert_eq!(list(&[], 2), "");
    }
}
