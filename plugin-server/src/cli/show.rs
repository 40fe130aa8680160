//! Tables for people, and `config show`.

use std::{borrow::Cow, fmt::Write};

use serde_json::Value;

use super::{Format, print, print_json};
use crate::{exit::Failure, settings::Settings};

/// `config show`.
pub(super) fn config(settings: &Settings, format: Format) -> Result<(), Failure> {
    let (shown, problems) = settings.show();
    match format {
        Format::Json => print_json(&shown)?,
        Format::Table => {
            let value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            let rows = shown.iter().map(|shown| [shown.name.clone(), value(&shown.value), shown.origin.clone()]);
            print(&table(["SETTING", "VALUE", "ORIGIN"], rows))?;
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Failure::Usage(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))),
    }
}

/// `rows` below `heads`, in columns.
pub(super) fn table<const N: usize>(heads: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut lines = vec![heads.map(ToOwned::to_owned)];
    lines.extend(rows.into_iter().map(|row| row.map(|text| cell(&text))));
    let mut widths = [0; N];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    // Of any width: what formats text has a limit.
    let pad = |(cell, width): (&String, &usize)| cell.clone() + &" ".repeat(width - cell.chars().count());
    let line =
        |line: &[String; N]| line.iter().zip(&widths).map(pad).collect::<Vec<_>>().join("  ").trim_end().to_owned();
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// `text` on one line.
pub(super) fn cell(text: &str) -> String {
    text.chars().flat_map(shown).collect()
}

/// A character of a cell; one that would break the table or is not seen is escaped.
fn shown(character: char) -> Vec<char> {
    match character.is_control() || is_unseen(character) {
        true => character.escape_default().collect(),
        false => vec![character],
    }
}

/// `text` of several lines for a terminal: what is not seen, or does something else than being shown, is escaped.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    let is_kept = |character| matches!(character, '\n' | '\t') || shown(character).len() == 1;
    match text.chars().all(is_kept) {
        true => text.into(),
        false => {
            let one = |character| if is_kept(character) { vec![character] } else { shown(character) };
            text.chars().flat_map(one).collect::<String>().into()
        }
    }
}

/// The same JSON as `json`, with such characters as JSON escapes them.
pub(super) fn escaped_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            // Between values, where alone JSON has it.
            '\n' => escaped.push(character),
            _ if character.is_control() || is_unseen(character) => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing into a string does not fail.
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Lines of JSON that come in pieces, which may end in the middle of a character.
#[derive(Debug, Default)]
pub(super) struct Pieces(Vec<u8>);

impl Pieces {
    /// All that is whole of `piece` and what was left of those before, as [`escaped_json`].
    pub(super) fn escaped(&mut self, piece: &[u8]) -> String {
        self.0.extend(piece);
        let whole = self.0.utf8_chunks().next().map_or(0, |chunk| chunk.valid().len());
        // No character has more bytes: what is longer and none is shown as such.
        let whole = if self.0.len() - whole < 4 { whole } else { self.0.len() };
        let text: Vec<u8> = self.0.drain(..whole).collect();
        escaped_json(&String::from_utf8_lossy(&text))
    }
}

/// Whether a character is not seen itself and changes how others are: their direction above all, so that a text looks as another.
fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_turns_text_around_is_escaped_and_other_text_is_not() {
        assert_eq!(escaped("a\u{202e}b\u{9b}c\n\u{2069}\u{e0041}"), "a\\u{202e}b\\u{9b}c\n\\u{2069}\\u{e0041}");
        let plain = "größe, עברית, e\u{301}, 日本\tline\n";
        assert_eq!(escaped(plain), plain);
    }

    #[test]
    fn json_is_the_same_json_when_it_is_escaped() {
        let value = serde_json::json!({ "a\u{202e}": ["\u{9b}\u{7f}\u{e0041}\n", "ß"] });
        let text = escaped_json(&serde_json::to_string_pretty(&value).expect("it is JSON"));
        assert!(
            text.contains("a\\u202e") && text.contains("\\u009b\\u007f\\udb40\\udc41\\n") && text.contains('ß'),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Value>(&text).expect("it is JSON"), value);
    }

    #[test]
    fn pieces_may_end_anywhere() {
        let text = "{\"k\":\"ß\u{202e}日\u{e0041}\"}\n";
        for length in 1..6 {
            let mut pieces = Pieces::default();
            let escaped: String = text.as_bytes().chunks(length).map(|piece| pieces.escaped(piece)).collect();
            assert_eq!(escaped, escaped_json(text));
        }
    }
}
